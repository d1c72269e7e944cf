/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text and names of return codes.  */
#include "core/trace/errors.h"
#include "tests/core/trace/harness.h"

static char buffer[256];

#define WRITES(expected, call)						\
  do									\
    {									\
      struct trace_text text = trace_text (buffer, sizeof buffer), *t = &text; \
      call;								\
      *text.at = 0;							\
      assert_string_equal (buffer, expected);				\
      assert_false (text.cut);						\
    }									\
  while (0)

static void
numbers (void **state)
{
  WRITES ("0", trace_put_unsigned (t, 0));
  WRITES ("18446744073709551615", trace_put_unsigned (t, UINT64_MAX));
  WRITES ("-9223372036854775808", trace_put_signed (t, INT64_MIN));
  WRITES ("-1", trace_put_signed (t, -1));
  WRITES ("0", trace_put_hex (t, 0));
  WRITES ("0xdeadbeef", trace_put_hex (t, 0xdeadbeef));
  WRITES ("0644", trace_put_octal (t, 0644));
  WRITES ("0", trace_put_octal (t, 0));
  WRITES ("0.000001", trace_put_time (t, 1));
  WRITES ("12.345678", trace_put_time (t, 12345678));
}

#define BYTES(s) (const uint8_t *) s, sizeof s - 1

static void
quoted (void **state)
{
  WRITES ("\"\"", trace_put_quoted (t, NULL, 0));
  WRITES ("\"a\\\"b\\\\\\n\\t\\r\\b\\f\\000\\177\\3777\"", trace_put_quoted (t, BYTES ("a\"b\\\n\t\r\b\f\0\177\3777")));
}

static void
json (void **state)
{
  WRITES ("\"\"", trace_put_json (t, NULL, 0));
  WRITES ("\"a\\\"\\\\\\n\\u0000\\u001f\\u007f\"", trace_put_json (t, BYTES ("a\"\\\n\0\x1f\x7f")));
  WRITES ("\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", trace_put_json (t, BYTES ("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")));
#define BAD "\xef\xbf\xbd"
  /* Alone, cut off, overlong, a surrogate, beyond the last character.  */
  WRITES ("\"" BAD "x\"", trace_put_json (t, BYTES ("\x80x")));
  WRITES ("\"" BAD BAD "\"", trace_put_json (t, BYTES ("\xe2\x82")));
  WRITES ("\"" BAD BAD "\"", trace_put_json (t, BYTES ("\xc0\xaf")));
  WRITES ("\"" BAD BAD BAD "\"", trace_put_json (t, BYTES ("\xe0\x80\xaf")));
  WRITES ("\"" BAD BAD BAD "\"", trace_put_json (t, BYTES ("\xed\xa0\x80")));
  WRITES ("\"" BAD BAD BAD BAD "\"", trace_put_json (t, BYTES ("\xf4\x90\x80\x80")));
  WRITES ("\"" BAD "\"", trace_put_json (t, BYTES ("\xff")));
}

static void
nothing_behind_the_end (void **state)
{
  for (size_t room = 0; room < 12; room++)
    {
      char *small = malloc (room + 1);
      struct trace_text t = trace_text (small, room);
      small[room] = '!';
      trace_put (&t, "abc");
      trace_put_unsigned (&t, 12345);
      trace_put_quoted (&t, (const uint8_t *) "\n\x01", 2);
      assert_int_equal (t.cut, true);
      assert_true (trace_text_bytes (&t) <= room);
      assert_int_equal (small[room], '!');
      free (small);
    }
}

static void
return_codes (void **state)
{
  static const struct { int32_t code; const char *name; } codes[] = {
    { 0, "KERN_SUCCESS" }, { 1, "KERN_INVALID_ADDRESS" }, { 10, "KERN_MEMORY_ERROR" },
    { 11, NULL }, { 15, "KERN_INVALID_NAME" }, { 24, "KERN_WRITE_PROTECTION_FAILURE" },
    { 25, NULL }, { 28, "KERN_INTERRUPTED" }, { 29, NULL },
    { 0x10000003, "MACH_SEND_INVALID_DEST" }, { 0x10000010, "MACH_SEND_INVALID_HEADER" },
    { 0x10000000, NULL }, { 0x10000011, NULL }, { 0x10004003, "MACH_RCV_TIMED_OUT" },
    { 0x1000400c, "MACH_RCV_BODY_ERROR" }, { 0x1000400d, NULL },
    { -300, "MIG_TYPE_ERROR" }, { -303, "MIG_BAD_ID" }, { -309, "MIG_DESTROY_REQUEST" },
    { -310, NULL }, { -299, NULL }, { -1, NULL }, { INT32_MIN, NULL }, { INT32_MAX, NULL },
    { 2499, NULL }, { 2500, "D_IO_ERROR" }, { 2509, "D_READ_ONLY" }, { 2510, NULL },
    { 0x40000000, NULL }, { 0x40000001, "EPERM" }, { 0x40000016, "EINVAL" },
    { 0x40000023, "EAGAIN" }, { 0x4000002d, "EOPNOTSUPP" }, { 0x40000042, "ENOTEMPTY" },
    { 0x4000004e, "ENOSYS" }, { 0x40000053, "ELIBEXEC" }, { 0x40000054, NULL },
    { 0x40000065, "EDIED" }, { 0x40000077, "ECANCELED" }, { 0x40000079, "ENOTRECOVERABLE" },
    { 0x4000007a, NULL }, { 0x40003fff, NULL }, { 0x40004001, NULL },
  };
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    {
      const char *name = trace_error_name (codes[i].code);
      if (codes[i].name ? !name || strcmp (name, codes[i].name) : name != NULL)
	fail_msg ("%#x is %s", codes[i].code, name ? name : "nothing");
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (numbers), cmocka_unit_test (quoted), cmocka_unit_test (json),
    cmocka_unit_test (nothing_behind_the_end), cmocka_unit_test (return_codes),
  };
  return cmocka_run_group_tests_name ("trace/text", tests, NULL, NULL);
}
