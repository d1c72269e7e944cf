/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/trace/harness.h"

static struct memory memory;

static void
one_line_says_it_all (void **state)
{
  struct trace_defs *defs = defs_of (&memory,
    "# a comment\n"
    "\n"
    "  \t\n"
    "struct pair 16 (first: i64, second: u32)\r\n"
    "io 21000 io_read 1 21001 21101 (offset: i64, amount: u64) (data: char[])\n"
    "io 21000 io_stat 13 21013 21113 () (info: {pair}, spare: { pair } [ 3 ])\n"
    "io 21000 io_reauthenticate 14 21014 0 (rendezvous: port)\n"
    "gnumach 4200 gsync_wait 4 4204 4304");
  const struct trace_routine *r = trace_defs_request (defs, 21001);
  assert_string_equal (r->subsystem, "io");
  assert_string_equal (r->name, "io_read");
  assert_int_equal (r->reply_id, 21101);
  assert_true (r->layout);
  assert_int_equal (r->in_count, 2);
  assert_string_equal (r->in[0].name, "offset");
  assert_int_equal (r->in[0].kind, TRACE_SIGNED);
  assert_int_equal (r->in[0].element_bytes, 8);
  assert_int_equal (r->in[1].kind, TRACE_UNSIGNED);
  assert_int_equal (r->out_count, 1);
  assert_true (r->out[0].variable);
  assert_ptr_equal (trace_defs_reply (defs, 21101), r);
  assert_null (trace_defs_request (defs, 21101));
  assert_null (trace_defs_reply (defs, 21001));

  r = trace_defs_request (defs, 21013);
  assert_int_equal (r->in_count, 0);
  assert_int_equal (r->out[0].shape->bytes, 16);
  assert_int_equal (r->out[0].shape->fields[1].offset, 8);
  assert_int_equal (r->out[1].count, 3);
  assert_true (r->out[1].array);

  r = trace_defs_request (defs, 21014);
  assert_int_equal (r->reply_id, 0);
  assert_null (trace_defs_reply (defs, 0));

  r = trace_defs_request (defs, 4204);
  assert_false (r->layout);
  assert_int_equal (trace_defs_count (defs), 4);
  assert_ptr_equal (trace_defs_at (defs, 3), r);
  assert_int_equal (r->index, 3);
  trace_defs_free (defs);
}

static void
every_kind (void **state)
{
  static const struct { const char *word; int kind, bytes; } kinds[] = {
    { "i8", TRACE_SIGNED, 1 }, { "i16", TRACE_SIGNED, 2 }, { "i32", TRACE_SIGNED, 4 },
    { "u64", TRACE_UNSIGNED, 8 }, { "x16", TRACE_HEX, 2 }, { "o32", TRACE_OCTAL, 4 },
    { "bool", TRACE_BOOL, 4 }, { "error", TRACE_ERROR, 4 }, { "prot", TRACE_PROT, 4 },
    { "real", TRACE_REAL, 8 }, { "char", TRACE_CHAR, 1 }, { "string", TRACE_STRING, 1 },
    { "data", TRACE_DATA, 1 }, { "port", TRACE_PORT, 0 }, { "name", TRACE_PORT_NAME, 4 },
    { "any", TRACE_ANY, 0 },
  };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    {
      char text[128];
      snprintf (text, sizeof text, "s 1 r 0 1 0 (a: %s, b: %s [5], c:%s[])", kinds[i].word,
		kinds[i].word, kinds[i].word);
      struct trace_defs *defs = defs_of (&memory, text);
      const struct trace_field *f = trace_defs_request (defs, 1)->in;
      for (int j = 0; j < 3; j++)
	{
	  assert_int_equal (f[j].kind, kinds[i].kind);
	  assert_int_equal (f[j].element_bytes, kinds[i].bytes);
	  assert_int_equal (f[j].array, j > 0);
	  assert_int_equal (f[j].variable, j == 2);
	  assert_int_equal (f[j].count, j == 0 ? 1 : j == 1 ? 5 : 0);
	}
      trace_defs_free (defs);
    }
}

static void
later_lists_win (void **state)
{
  struct trace_defs *defs = defs_of (&memory, "struct s 4 (a: i32)\na 1 old 0 1 101 (x: {s}) ()\n");
  struct trace_list_error error;
  const struct trace_routine *old = trace_defs_request (defs, 1);
  const char *text = "b 1 new 0 1 201 (x: {s}) (y: i32)\nb 1 more 1 2 0 (x: i32)";
  assert_int_equal (trace_defs_parse (defs, text, strlen (text), &error), DR_OK);
  assert_string_equal (trace_defs_request (defs, 1)->name, "new");
  assert_string_equal (trace_defs_reply (defs, 201)->name, "new");
  assert_string_equal (trace_defs_reply (defs, 101)->name, "old");
  assert_string_equal (old->name, "old");
  assert_string_equal (trace_defs_request (defs, 2)->name, "more");
  /* Structures alone, and nothing at all.  */
  assert_int_equal (trace_defs_parse (defs, "struct t 1 (a: u8)", 18, &error), DR_OK);
  assert_int_equal (trace_defs_parse (defs, "# no\n", 5, &error), DR_OK);
  assert_int_equal (trace_defs_parse (defs, NULL, 0, &error), DR_OK);
  assert_int_equal (trace_defs_parse (defs, "c 5 r 0 5 0 (a: {t}[])", 22, &error), DR_OK);
  assert_int_equal (trace_defs_count (defs), 4);
  trace_defs_free (defs);
}

static void
structures_as_c_lays_them_out (void **state)
{
  struct trace_defs *defs = defs_of (&memory,
    "struct time 16 (seconds: i64, us: i32)\n"
    "struct s 56 (a: u8, b: x16[2], when: {time}[2], c: char[9])\n"
    "x 1 r 0 1 0 (s: {s}[])");
  const struct trace_struct *s = trace_defs_request (defs, 1)->in[0].shape;
  assert_int_equal (s->align, 8);
  assert_int_equal (s->fields[1].offset, 2);
  assert_int_equal (s->fields[2].offset, 8);
  assert_int_equal (s->fields[3].offset, 40);
  trace_defs_free (defs);
}

static void
mistakes_are_named (void **state)
{
  static const struct { const char *text; unsigned line; const char *what; } wrong[] = {
    { "io", 1, "not a number: the subsystem's first id" },
    { "io x", 1, "not a number: the subsystem's first id" },
    { "io 1 r 0 1", 1, "not a number: the reply's id" },
    { "io 1 r 0 1 2x", 1, "not a number: the reply's id" },
    { "io 99999999999 r 0 1 2", 1, "too large: the subsystem's first id" },
    { "\n\nio 1 r 5 7 0", 3,
      "the request's id is not the subsystem's first id and the number of r" },
    { "io 1 ? 0 1 0", 1, "cannot read this as a routine's name" },
    { "io 1", 1, "the line ends before a routine's name" },
    { "io(1 a 0 1 0", 1, "cannot read this as a subsystem's name" },
    { "io 1 r 0 1 2 (a: i32)", 1, "no ( where the arguments should start" },
    { "io 1 r 0 1 0 (a: i32) ()", 1, "something behind the end of the line" },
    { "io 1 r 0 1 0 (a i32)", 1, "no : behind a name" },
    { "io 1 r 0 1 0 (a: i32", 1, "no ) behind the arguments" },
    { "io 1 r 0 1 0 (a: i32,)", 1, "cannot read this as a name" },
    { "io 1 r 0 1 0 (a: i33)", 1, "no such kind: i33" },
    { "io 1 r 0 1 0 (a: )", 1, "cannot read this as a kind" },
    { "io 1 r 0 1 0 (a: i32[0])", 1, "an array of no elements" },
    { "io 1 r 0 1 0 (a: i32[5)", 1, "no ] behind a number of elements" },
    { "io 1 r 0 1 0 (a: i32[99999999])", 1, "too large: a number of elements" },
    { "io 1 r 0 1 0 (a: {s)", 1, "no } behind a structure's name" },
    { "io 1 r 0 1 0 (a: {s})\nstruct s 4 (a: i32)", 1, "no structure of this name above: s" },
    { "struct s 8 (a: i32)", 1, "the members do not add up to the size of s" },
    { "struct s 0 ()", 1, "the members do not add up to the size of s" },
    { "struct s 8 (a: i32[])", 1, "a structure cannot have this member: a" },
    { "struct s 8 (a: string)", 1, "a structure cannot have this member: a" },
    { "struct s 8 (a: port)", 1, "a structure cannot have this member: a" },
    { "struct s 65536 (a: i64[65536])", 1, "too large a structure" },
    { "a 1 r 0 1 0\nb 1 q 0 1 0", 2, "id of two routines in this list: q" },
    { "a 1 a2345678901234567890123456789012345678901234567890123456789012345 0 1 0", 1,
      "too long: a routine's name" },
  };
  struct trace_defs *defs = defs_of (&memory, "k 7 kept 0 7 107 (a: i32) ()");
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    {
      struct trace_list_error error;
      size_t in_use = memory.in_use;
      enum dr_status status = trace_defs_parse (defs, wrong[i].text, strlen (wrong[i].text), &error);
      if (status != DR_INVALID || error.line != wrong[i].line || strcmp (error.what, wrong[i].what))
	fail_msg ("%s: %d, %u: %s", wrong[i].text, status, error.line, error.what);
      assert_int_equal (memory.in_use, in_use);
      assert_int_equal (trace_defs_count (defs), 1);
      assert_null (trace_defs_request (defs, 1));
    }
  assert_string_equal (trace_defs_request (defs, 7)->name, "kept");
  trace_defs_free (defs);
}

static void
bounds (void **state)
{
  struct trace_list_error error;
  struct trace_defs *defs = trace_defs_new (&memory.alloc);
  size_t room = TRACE_LIST_BYTES_MAX + 2;
  char *text = malloc (room);
  memset (text, '\n', room);
  assert_int_equal (trace_defs_parse (defs, text, room, &error), DR_LIMIT);
  assert_int_equal (error.line, 0);
  assert_int_equal (trace_defs_parse (defs, "a 1\0", 4, &error), DR_INVALID);
  assert_string_equal (error.what, "a zero byte: this is no text");

  memset (text, 'a', TRACE_LIST_LINE_BYTES_MAX + 1);
  assert_int_equal (trace_defs_parse (defs, text, TRACE_LIST_LINE_BYTES_MAX + 1, &error), DR_INVALID);
  assert_string_equal (error.what, "too long a line");

  size_t at = (size_t) sprintf (text, "a 1 r 0 1 0 (");
  for (int i = 0; i < 65; i++)
    at += (size_t) sprintf (text + at, "%sa%d: i8", i ? ", " : "", i);
  sprintf (text + at, ")");
  assert_int_equal (trace_defs_parse (defs, text, strlen (text), &error), DR_INVALID);
  assert_string_equal (error.what, "too many arguments or members");

  at = (size_t) sprintf (text, "struct s0 1 (a: i8)\n");
  for (int i = 1; i <= 8; i++)
    at += (size_t) sprintf (text + at, "struct s%d 1 (a: {s%d})\n", i, i - 1);
  assert_int_equal (trace_defs_parse (defs, text, at, &error), DR_INVALID);
  assert_string_equal (error.what, "too many structures inside one another: s8");

  at = 0;
  for (int i = 0; i < 16385; i++)
    at += (size_t) sprintf (text + at, "s 0 r%d %d %d 0\n", i, i, i);
  assert_int_equal (trace_defs_parse (defs, text, at, &error), DR_INVALID);
  assert_string_equal (error.what, "too many routines");
  assert_int_equal (error.line, 16385);
  at = (size_t) (strrchr (text, 'r') - text) - 4;
  assert_int_equal (trace_defs_parse (defs, text, at, &error), DR_OK);
  assert_int_equal (trace_defs_parse (defs, "s 20000 more 0 20000 0", 22, &error), DR_LIMIT);
  assert_int_equal (trace_defs_count (defs), 16384);
  assert_string_equal (trace_defs_request (defs, 16383)->name, "r16383");
  free (text);
  trace_defs_free (defs);
}

static void
every_allocation_fails (void **state)
{
  const char *first = "struct s 4 (a: i32)\na 1 r 0 1 101 (x: {s}) ()";
  const char *second = "a 1 again 0 1 101 (x: {s}) ()\nb 9 q 0 9 0 (x: i8)";
  struct trace_list_error error;
  for (size_t fail_at = 1;; fail_at++)
    {
      struct memory m;
      memory_start (&m);
      m.fail_at = fail_at;
      struct trace_defs *defs = trace_defs_new (&m.alloc);
      if (!defs)
	continue;
      enum dr_status status = trace_defs_parse (defs, first, strlen (first), &error);
      if (status)
	{
	  assert_int_equal (status, DR_NO_MEMORY);
	  assert_null (trace_defs_request (defs, 1));
	}
      else
	{
	  status = trace_defs_parse (defs, second, strlen (second), &error);
	  assert_true (status == DR_OK || status == DR_NO_MEMORY);
	  assert_string_equal (trace_defs_request (defs, 1)->name, status ? "r" : "again");
	  assert_int_equal (trace_defs_count (defs), status ? 1 : 3);
	}
      trace_defs_free (defs);
      assert_int_equal (m.in_use, 0);
      if (m.allocations < fail_at)
	break;
    }
}

static int
start (void **state)
{
  memory_start (&memory);
  return 0;
}

static int
nothing_is_left (void **state)
{
  return memory.in_use != 0;
}

int
main (void)
{
#define TEST(f) cmocka_unit_test_setup_teardown (f, start, nothing_is_left)
  const struct CMUnitTest tests[] = {
    TEST (one_line_says_it_all), TEST (every_kind), TEST (later_lists_win),
    TEST (structures_as_c_lays_them_out), TEST (mistakes_are_named), TEST (bounds),
    TEST (every_allocation_fails),
  };
  return cmocka_run_group_tests_name ("trace/defs", tests, NULL, NULL);
}
