/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/trace/harness.h"

static struct memory memory;
static struct trace_defs *defs;
static struct message m;
static struct trace_args args;

static const char list[] =
  "struct pair 16 (a: i64, b: u32)\n"
  "t 1 all 0 1 101 (n: i32, text: char[], right: port, pairs: {pair}[], s: string, fixed: i32[2], x: any)"
  " (data: data[], rights: port[], d: i16)\n"
  "t 1 plain 1 2 102\n"
  "t 1 nothing 2 3 103 () ()\n";

static void
all_of_it (void)
{
  int64_t pairs[4] = { 1, 2, 3, 4 };
  message_start (&m, 1);
  message_i32 (&m, -5);
  message_chars (&m, "hello", 5);
  message_right (&m, 19, 77);
  message_item (&m, 11, 64, 4, pairs, sizeof pairs);
  message_string (&m, "str", 16);
  message_item (&m, 2, 32, 2, pairs, 8);
  message_i64 (&m, 9);
}

static void
by_the_layout (void **state)
{
  const struct trace_routine *r = trace_defs_request (defs, 1);
  int64_t number;
  size_t bytes;
  all_of_it ();
  trace_decode (message_view (&m), r, false, &args);
  assert_false (args.by_type);
  assert_false (args.truncated);
  assert_false (args.has_result);
  assert_int_equal (args.count, 7);
  assert_true (trace_arg_number (trace_arg_find (&args, "n"), &number));
  assert_int_equal (number, -5);
  assert_memory_equal (trace_arg_text (trace_arg_find (&args, "text"), &bytes), "hello", 5);
  assert_int_equal (bytes, 5);
  assert_int_equal (trace_arg_right (trace_arg_find (&args, "right")), 77);
  assert_int_equal (args.args[3].number, 2);
  assert_string_equal (args.args[3].shape->name, "pair");
  trace_arg_text (trace_arg_find (&args, "s"), &bytes);
  assert_int_equal (bytes, 3);
  assert_int_equal (args.args[6].kind, TRACE_SIGNED);
  assert_string_equal (args.args[6].name, "x");

  /* What they are not.  */
  assert_null (trace_arg_find (&args, "none"));
  assert_false (trace_arg_number (NULL, &number));
  assert_false (trace_arg_number (&args.args[1], &number));
  assert_int_equal (trace_arg_right (&args.args[0]), TRACE_KEY_NULL);
  assert_int_equal (trace_arg_right (NULL), TRACE_KEY_NULL);
  assert_null (trace_arg_text (&args.args[0], &bytes));
  assert_null (trace_arg_text (NULL, &bytes));
}

static void
a_reply (void **state)
{
  const struct trace_routine *r = trace_defs_reply (defs, 101);
  message_start (&m, 101);
  message_i32 (&m, 0);
  message_far (&m, 9, 8, 100, "0123456789", 10);
  message_far (&m, 17, 32, 3, NULL, 0);
  m.rights[m.rights_count++] = 5;
  m.rights[m.rights_count++] = 6;	/* the third is not at hand */
  message_item (&m, 1, 16, 1, &(int16_t) { -2 }, 2);
  trace_decode (message_view (&m), r, true, &args);
  assert_false (args.by_type);
  assert_true (args.has_result);
  assert_int_equal (args.result, 0);
  assert_int_equal (args.count, 3);
  assert_true (args.args[0].out_of_line);
  assert_int_equal (args.args[0].bytes, 100);
  assert_int_equal (args.args[0].data_bytes, 10);
  assert_int_equal (args.args[1].number, 3);
  assert_int_equal (args.args[1].rights_count, 2);
  int64_t number;
  assert_true (trace_arg_number (&args.args[2], &number));
  assert_int_equal (number, -2);

  /* An error is alone; alone without an error it is wrong.  */
  for (int error = 0; error < 2; error++)
    {
      message_start (&m, 101);
      message_i32 (&m, error ? 5 : 0);
      trace_decode (message_view (&m), r, true, &args);
      assert_true (args.has_result);
      assert_int_equal (args.result, error ? 5 : 0);
      assert_int_equal (args.by_type, !error);
      assert_int_equal (args.count, 0);
    }
}

static void
what_does_not_match_goes_by_type (void **state)
{
  const struct trace_routine *r = trace_defs_request (defs, 1);
  static const struct { unsigned name, bits; uint32_t number; size_t bytes; } firsts[] = {
    { 2, 32, 2, 8 }, { 11, 64, 1, 8 }, { 8, 8, 4, 4 }, { 12, 8, 4, 4 }, { 2, 32, 0, 0 },
    { 17, 64, 1, 8 },
  };
  for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++)
    {
      all_of_it ();
      size_t rest = m.bytes - 16;
      uint8_t copy[512];
      memcpy (copy, m.body + 16, rest);
      m.bytes = 0;
      message_item (&m, firsts[i].name, firsts[i].bits, firsts[i].number, "12345678", firsts[i].bytes);
      memcpy (m.body + m.bytes, copy, rest);
      m.bytes += rest;
      trace_decode (message_view (&m), r, false, &args);
      assert_true (args.by_type);
      assert_int_equal (args.count, 7);
      assert_null (args.args[0].name);
    }
  /* Too few, too many, and not even a layout.  */
  message_start (&m, 1);
  message_i32 (&m, 1);
  trace_decode (message_view (&m), r, false, &args);
  assert_true (args.by_type);
  all_of_it ();
  message_i32 (&m, 1);
  trace_decode (message_view (&m), r, false, &args);
  assert_true (args.by_type);
  assert_int_equal (args.count, 8);
  trace_decode (message_view (&m), trace_defs_request (defs, 2), false, &args);
  assert_true (args.by_type);
  trace_decode (message_view (&m), NULL, false, &args);
  assert_true (args.by_type);
  message_start (&m, 3);
  trace_decode (message_view (&m), trace_defs_request (defs, 3), false, &args);
  assert_false (args.by_type);
}

static void
every_type (void **state)
{
  static const struct { unsigned name, bits; uint32_t number; size_t bytes; int kind, element; } types[] = {
    { 0, 32, 1, 4, TRACE_DATA, 1 }, { 0, 1, 13, 2, TRACE_DATA, 1 }, { 1, 16, 1, 2, TRACE_SIGNED, 2 },
    { 2, 32, 1, 4, TRACE_SIGNED, 4 }, { 2, 24, 1, 3, TRACE_DATA, 1 }, { 8, 8, 3, 3, TRACE_CHAR, 1 },
    { 8, 16, 3, 6, TRACE_DATA, 1 }, { 9, 8, 3, 3, TRACE_DATA, 1 }, { 10, 64, 1, 8, TRACE_REAL, 8 },
    { 10, 80, 1, 10, TRACE_DATA, 1 }, { 11, 64, 1, 8, TRACE_SIGNED, 8 }, { 12, 8, 4, 4, TRACE_STRING, 1 },
    { 12, 32, 1, 4, TRACE_STRING, 1 }, { 12, 1, 4, 1, TRACE_DATA, 1 }, { 15, 32, 1, 4, TRACE_PORT_NAME, 4 },
    { 15, 64, 1, 8, TRACE_DATA, 1 }, { 23, 64, 1, 8, TRACE_DATA, 1 }, { 2, 0, 9, 0, TRACE_DATA, 1 },
  };
  message_start (&m, 9);
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    message_item (&m, types[i].name, types[i].bits, types[i].number, "0123456789", types[i].bytes);
  trace_decode (message_view (&m), NULL, false, &args);
  assert_int_equal (args.count, sizeof types / sizeof *types);
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    {
      assert_int_equal (args.args[i].kind, types[i].kind);
      assert_int_equal (args.args[i].element_bytes, types[i].element);
      assert_int_equal (args.args[i].bytes, types[i].bytes);
    }
}

static void
cut_anywhere (void **state)
{
  all_of_it ();
  size_t whole = m.bytes;
  for (size_t bytes = 0; bytes <= whole; bytes++)
    for (int how = 0; how < 3; how++)
      {
	/* In memory of its own, so that a read too far is seen.  */
	uint8_t *copy = malloc (bytes + !bytes);
	memcpy (copy, m.body, bytes);
	struct trace_view view = *message_view (&m);
	view.body = copy;
	view.body_bytes = bytes;
	trace_decode (&view, how ? trace_defs_request (defs, 1) : NULL, how == 2, &args);
	if (how < 2)
	  assert_int_equal (args.by_type, !how || bytes < whole);
	free (copy);
      }
}

static void
more_than_there_is_room_for (void **state)
{
  message_start (&m, 9);
  for (int i = 0; i < 200; i++)
    message_i32 (&m, i);
  trace_decode (message_view (&m), NULL, false, &args);
  assert_int_equal (args.count, TRACE_ARGS_MAX);
  assert_true (args.truncated);
  trace_decode (message_view (&m), trace_defs_request (defs, 1), false, &args);
  assert_true (args.by_type);
}

static int
start (void **state)
{
  memory_start (&memory);
  defs = defs_of (&memory, list);
  return 0;
}

static int
stop (void **state)
{
  trace_defs_free (defs);
  return memory.in_use != 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (by_the_layout), cmocka_unit_test (a_reply),
    cmocka_unit_test (what_does_not_match_goes_by_type), cmocka_unit_test (every_type),
    cmocka_unit_test (cut_anywhere), cmocka_unit_test (more_than_there_is_room_for),
  };
  return cmocka_run_group_tests_name ("trace/decode", tests, start, stop);
}
