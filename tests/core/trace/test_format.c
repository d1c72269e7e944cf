/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as text and as JSON.  */
#include "tests/core/trace/harness.h"

static struct memory memory;
static struct trace_defs *defs;
static struct trace_names *names;
static struct message m;
static struct trace_args args;
static char buffer[4096];

static const char list[] =
  "struct time 16 (s: i64, us: i32)\n"
  "struct big 64 (name: char[10], raw: data[2], mode: o32, times: {time}[2], when: {time})\n"
  "t 1 numbers 0 1 0 (a: i8, b: u8, c: x8, d: i16, e: i32, f: u32, g: x32, h: o32, i: i64, j: u64, k: x64)\n"
  "t 1 words 1 2 0 (yes: bool, no: bool, odd: bool, bad: error, fine: error, p: prot, q: prot, n: name)\n"
  "t 1 texts 2 3 0 (a: char[], b: string, c: data[], d: char)\n"
  "t 1 lists 3 4 0 (a: i32[], b: i32[2], c: {time}[], d: i32[])\n"
  "t 1 rights 4 5 0 (a: port, b: port, c: port, d: port, e: port[], f: port, g: port)\n"
  "t 1 shape 5 6 0 (s: {big})\n"
  "t 1 reals 6 7 0 (r: real)\n";

static void
is (int32_t id, bool json, size_t string_bytes, uint32_t elements, const char *expected)
{
  const struct trace_style style = { json, string_bytes, elements };
  struct trace_text t = trace_text (buffer, sizeof buffer - 1);
  trace_decode (message_view (&m), trace_defs_request (defs, id), false, &args);
  assert_false (args.by_type);
  trace_format_args (&t, &args, names, &style);
  *t.at = 0;
  assert_string_equal (buffer, expected);
  if (json)
    json_is_valid (buffer, trace_text_bytes (&t));
}

static void
numbers (void **state)
{
  uint8_t ff[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };
  message_start (&m, 1);
  for (int i = 0; i < 3; i++)
    message_item (&m, 9, 8, 1, ff, 1);
  message_item (&m, 1, 16, 1, ff, 2);
  for (int i = 0; i < 4; i++)
    message_item (&m, 2, 32, 1, ff, 4);
  for (int i = 0; i < 3; i++)
    message_item (&m, 11, 64, 1, ff, 8);
  is (1, false, 0, 0, "a: -1, b: 255, c: 0xff, d: -1, e: -1, f: 4294967295, g: 0xffffffff, h: 037777777777,"
      " i: -1, j: 18446744073709551615, k: 0xffffffffffffffff");
  is (1, true, 0, 0, "{\"a\":-1,\"b\":255,\"c\":255,\"d\":-1,\"e\":-1,\"f\":4294967295,\"g\":4294967295,"
      "\"h\":4294967295,\"i\":-1,\"j\":18446744073709551615,\"k\":18446744073709551615}");
}

static void
words (void **state)
{
  static const int32_t values[] = { 1, 0, 7, 0x40000002, 0, 5, 64, 33 };
  message_start (&m, 2);
  for (int i = 0; i < 8; i++)
    message_item (&m, i < 3 ? 0 : i < 7 ? 2 : 15, 32, 1, &values[i], 4);
  is (2, false, 0, 0, "yes: true, no: false, odd: 7, bad: ENOENT (0x40000002), fine: 0, p: r-x, q: 0x40, n: 33");
  is (2, true, 0, 0, "{\"yes\":true,\"no\":false,\"odd\":7,\"bad\":{\"code\":1073741826,\"name\":\"ENOENT\"},"
      "\"fine\":{\"code\":0,\"name\":\"KERN_SUCCESS\"},\"p\":\"r-x\",\"q\":\"0x40\",\"n\":33}");
}

static void
texts (void **state)
{
  message_start (&m, 3);
  message_chars (&m, "12345678", 8);
  message_string (&m, "12345678", 16);
  message_far (&m, 9, 8, 1000, "abc\0defg", 8);
  message_chars (&m, "x", 1);
  is (3, false, 8, 0, "a: \"12345678\", b: \"12345678\", c: \"abc\\000defg\"..., 1000 bytes out of line, d: \"x\"");
  is (3, false, 4, 0, "a: \"1234\"..., 8 bytes, b: \"1234\"..., c: \"abc\\000\"..., 1000 bytes out of line, d: \"x\"");
  is (3, true, 4, 0, "{\"a\":{\"text\":\"1234\",\"bytes\":8},\"b\":{\"text\":\"1234\",\"bytes\":8},"
      "\"c\":{\"text\":\"abc\\u0000\",\"bytes\":1000,\"out_of_line\":true},\"d\":\"x\"}");
  is (3, false, 0, 0, "a: \"\"..., 8 bytes, b: \"\"..., c: \"\"..., 1000 bytes out of line, d: \"\"..., 1 bytes");

  /* Not at hand; and a string without an end.  */
  message_start (&m, 3);
  message_far (&m, 8, 8, 70, NULL, 0);
  message_item (&m, 12, 8, 4, "abcd", 4);
  message_item (&m, 9, 8, 0, NULL, 0);
  message_chars (&m, "\n", 1);
  is (3, false, 80, 0, "a: 70 bytes out of line, b: \"abcd\", c: \"\", d: \"\\n\"");
  is (3, true, 80, 0, "{\"a\":{\"bytes\":70,\"out_of_line\":true},\"b\":\"abcd\",\"c\":\"\",\"d\":\"\\n\"}");
}

static void
lists (void **state)
{
  int32_t many[6] = { 1, 2, 3, 4, 5, 6 };
  int64_t times[4] = { 10, 20, 30, 40 };
  message_start (&m, 4);
  message_item (&m, 2, 32, 6, many, 24);
  message_item (&m, 2, 32, 2, many, 8);
  message_item (&m, 11, 64, 4, times, 32);
  message_far (&m, 2, 32, 1000, many, 10);
  is (4, false, 0, 4, "a: [1, 2, 3, 4, ... 2 more], b: [1, 2], c: [{s: 10, us: 20}, {s: 30, us: 40}],"
      " d: [1, 2, ... 998 more]");
  is (4, true, 0, 4, "{\"a\":[1,2,3,4,{\"more\":2}],\"b\":[1,2],\"c\":[{\"s\":10,\"us\":20},{\"s\":30,\"us\":40}],"
      "\"d\":[1,2,{\"more\":998}]}");
  is (4, false, 0, 0, "a: [... 6 elements], b: [... 2 elements], c: [... 2 elements], d: [... 1000 elements]");
  message_start (&m, 4);
  message_item (&m, 2, 32, 0, NULL, 0);
  message_item (&m, 2, 32, 2, many, 8);
  message_item (&m, 11, 64, 0, NULL, 0);
  message_far (&m, 2, 32, 1, NULL, 0);
  is (4, false, 0, 9, "a: [], b: [1, 2], c: [], d: [... 1 elements]");
}

static void
rights (void **state)
{
  trace_names_set (names, 10, TRACE_THING_FILE, "/a \"b\"", 6, true);
  trace_names_set (names, 11, TRACE_THING_TASK, "7", 1, true);
  trace_names_set (names, 12, TRACE_THING_OTHER, "proc server", 11, true);
  message_start (&m, 5);
  message_right (&m, 17, 10);
  message_right (&m, 19, TRACE_KEY_NULL);
  message_right (&m, 17, TRACE_KEY_DEAD);
  message_right (&m, 16, 99);
  message_far (&m, 17, 32, 5, NULL, 0);
  m.rights[m.rights_count++] = 11;
  m.rights[m.rights_count++] = 12;
  m.rights[m.rights_count++] = 99;
  m.rights[m.rights_count++] = 10;
  m.rights[m.rights_count++] = 0;
  message_right (&m, 21, 98);
  message_right (&m, 17, 97);
  m.rights_count--;		/* the last one is not at hand */
  uint32_t first = trace_names_number (names, 10);
  assert_int_equal (first, 1);
  is (5, false, 0, 3, "a: file \"/a \\\"b\\\"\", b: null, c: dead, d: receive port 4,"
      " e: [task 7, proc server, port 4, ... 2 more], f: send-once port 5, g: [... 1 elements]");
  is (5, true, 0, 2, "{\"a\":{\"port\":1,\"is\":\"file\",\"name\":\"/a \\\"b\\\"\"},\"b\":null,\"c\":\"dead\","
      "\"d\":{\"port\":4,\"right\":\"receive\"},"
      "\"e\":[{\"port\":2,\"is\":\"task\",\"name\":\"7\"},{\"port\":3,\"is\":\"proc server\"},{\"more\":3}],"
      "\"f\":{\"port\":5,\"right\":\"send-once\"},\"g\":[{\"more\":1}]}");
}

static void
structures (void **state)
{
  uint8_t s[64] = "name";
  s[10] = 1;
  s[11] = 'x';
  *(uint32_t *) (s + 12) = 0755;
  *(int64_t *) (s + 16) = -1;
  *(int32_t *) (s + 24) = 5;
  *(int64_t *) (s + 48) = 77;
  message_start (&m, 6);
  message_item (&m, 11, 64, 8, s, 64);
  is (6, false, 80, 9, "s: {name: \"name\", raw: \"\\001x\", mode: 0755, times: [{s: -1, us: 5}, {s: 0, us: 0}],"
      " when: {s: 77, us: 0}}");
  is (6, true, 80, 9, "{\"s\":{\"name\":\"name\",\"raw\":\"\\u0001x\",\"mode\":493,"
      "\"times\":[{\"s\":-1,\"us\":5},{\"s\":0,\"us\":0}],\"when\":{\"s\":77,\"us\":0}}}");
  memset (s, 'n', 10);
  message_start (&m, 6);
  message_item (&m, 8, 8, 64, s, 64);
  is (6, false, 4, 0, "s: {name: \"nnnn\"..., 10 bytes, raw: \"\\001x\", mode: 0755, times: [... 2 elements],"
      " when: {s: 77, us: 0}}");
}

static void
without_a_layout (void **state)
{
  struct trace_text t = trace_text (buffer, sizeof buffer - 1);
  struct trace_style style = { false, 80, 9 };
  message_start (&m, 1);
  message_i32 (&m, -1);
  message_item (&m, 10, 64, 1, &(uint64_t) { 0x3ff0000000000000 }, 8);
  message_chars (&m, "hi", 2);
  m.bytes -= 1;			/* the last item's padding may be missing */
  trace_decode (message_view (&m), NULL, false, &args);
  trace_format_args (&t, &args, names, &style);
  *t.at = 0;
  assert_string_equal (buffer, "-1, 0x3ff0000000000000, \"hi\"");
  m.bytes -= 6;
  t = trace_text (buffer, sizeof buffer - 1);
  trace_decode (message_view (&m), NULL, false, &args);
  trace_format_args (&t, &args, names, &style);
  *t.at = 0;
  assert_string_equal (buffer, "-1, 0x3ff0000000000000, ...");
  style.json = true;
  t = trace_text (buffer, sizeof buffer - 1);
  trace_format_args (&t, &args, names, &style);
  *t.at = 0;
  assert_string_equal (buffer, "[-1,4607182418800017408]");
}

static void
results (void **state)
{
  static const struct { int32_t code; const char *text, *json; } codes[] = {
    { 0, "0", "{\"code\":0,\"name\":\"KERN_SUCCESS\"}" },
    { 4, "KERN_INVALID_ARGUMENT (4)", "{\"code\":4,\"name\":\"KERN_INVALID_ARGUMENT\"}" },
    { -303, "MIG_BAD_ID (-303)", "{\"code\":-303,\"name\":\"MIG_BAD_ID\"}" },
    { 0x10000003, "MACH_SEND_INVALID_DEST (0x10000003)", "{\"code\":268435459,\"name\":\"MACH_SEND_INVALID_DEST\"}" },
    { 12345, "12345", "{\"code\":12345}" }, { 0x7fffffff, "0x7fffffff", "{\"code\":2147483647}" },
    { INT32_MIN, "-2147483648", "{\"code\":-2147483648}" },
  };
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    for (int json = 0; json < 2; json++)
      {
	struct trace_text t = trace_text (buffer, sizeof buffer - 1);
	trace_format_result (&t, codes[i].code, &(struct trace_style) { .json = json });
	*t.at = 0;
	assert_string_equal (buffer, json ? codes[i].json : codes[i].text);
      }
}

/* However little room there is, nothing is written behind it.  */
static void
no_room (void **state)
{
  const struct trace_style styles[] = { { false, 80, 9 }, { true, 80, 9 } };
  uint8_t s[64] = { 0 };
  message_start (&m, 6);
  message_item (&m, 8, 8, 64, s, 64);
  trace_decode (message_view (&m), trace_defs_request (defs, 6), false, &args);
  for (int i = 0; i < 2; i++)
    for (size_t room = 0; room < 150; room++)
      {
	char *small = malloc (room + 1);
	struct trace_text t = trace_text (small, room);
	trace_format_args (&t, &args, names, &styles[i]);
	assert_true (trace_text_bytes (&t) <= room);
	free (small);
      }
}

static int
start (void **state)
{
  memory_start (&memory);
  defs = defs_of (&memory, list);
  names = trace_names_new (&memory.alloc, 100);
  return 0;
}

static int
stop (void **state)
{
  trace_names_free (names);
  trace_defs_free (defs);
  return memory.in_use != 0;
}

int
main (void)
{
#define TEST(f) cmocka_unit_test_setup_teardown (f, start, stop)
  const struct CMUnitTest tests[] = {
    TEST (numbers), TEST (words), TEST (texts), TEST (lists), TEST (rights), TEST (structures),
    TEST (without_a_layout), TEST (results), TEST (no_room),
  };
  return cmocka_run_group_tests_name ("trace/format", tests, NULL, NULL);
}
