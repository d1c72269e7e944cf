/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/trace/harness.h"

static struct memory memory;
static struct trace_defs *defs;
static struct trace_filter *filter;

static const char list[] =
  "io 1 io_read 0 1 101\nio 1 io_write 1 2 102\nio 1 io_reauthenticate 2 3 0\n"
  "fs 11 dir_lookup 0 11 111\nfs 11 dir_readdir 1 12 112\nmach_port 21 mach_port_names 0 21 121\n";

static const int32_t ids[] = { 1, 2, 3, 11, 12, 21, 999 };

/* SHOWN: one character for each of IDS.  */
static void
shows (const char *shown)
{
  char got[sizeof ids / sizeof *ids + 1];
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
    got[i] = trace_filter_shows (filter, trace_defs_request (defs, ids[i]), ids[i]) ? '+' : '-';
  got[sizeof got - 1] = 0;
  assert_string_equal (got, shown);
}

static void
add (const char *expression)
{
  char error[128];
  if (trace_filter_add (filter, expression, error, sizeof error))
    fail_msg ("%s", error);
}

static void
expressions (void **state)
{
  static const struct { const char *expressions[4]; const char *shown; } cases[] = {
    { { NULL }, "+++++++" },
    { { "io" }, "+++----" },
    { { "io_read,dir_lookup" }, "+--+---" },
    { { "!io" }, "---++++" },
    { { "!mach_port,dir_*" }, "+++---+" },
    { { "io", "!io_write" }, "+-+----" },
    { { "!io", "io_read" }, "+--++++" },
    { { "oneway" }, "--+----" },
    { { "!oneway" }, "++-++++" },
    { { "all" }, "+++++++" },
    { { "!all" }, "-------" },
    { { "none" }, "-------" },
    { { "none", "fs" }, "---++--" },
    { { "!none" }, "+++++++" },
    { { "unknown" }, "------+" },
    { { "!unknown" }, "++++++-" },
    { { "999,2" }, "-+----+" },
    { { "all", "!999" }, "++++++-" },
    { { "unknown", "!999", "999" }, "------+" },
    { { "!999", "all" }, "+++++++" },
    { { "dir_?ookup" }, "---+---" },
    { { "*a*" }, "+-+-++-" },
    { { "*r" }, "----+--" },
    { { "io_*e" }, "-++----" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      filter = trace_filter_new (&memory.alloc, defs);
      for (int j = 0; cases[i].expressions[j]; j++)
	add (cases[i].expressions[j]);
      shows (cases[i].shown);
      trace_filter_free (filter);
    }
}

static void
mistakes_change_nothing (void **state)
{
  static const struct { const char *expression, *error; } wrong[] = {
    { "", "a name is missing" }, { "!", "a name is missing" }, { "io,", "a name is missing" },
    { "io,,fs", "a name is missing" }, { "io_raed", "no routine or subsystem is called \"io_raed\"" },
    { "io, fs", "no routine or subsystem is called \" fs\"" },
    { "x*", "no routine or subsystem is called \"x*\"" },
    { "99999999999999", "no routine or subsystem is called \"99999999999999\"" },
    { "!!io", "no routine or subsystem is called \"!io\"" },
  };
  char error[128];
  filter = trace_filter_new (&memory.alloc, defs);
  add ("fs");
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    {
      assert_int_equal (trace_filter_add (filter, wrong[i].expression, error, sizeof error), DR_INVALID);
      assert_string_equal (error, wrong[i].error);
      shows ("---++--");
    }
  assert_int_equal (trace_filter_add (filter, "io_raed", error, 5), DR_INVALID);
  assert_string_equal (error, "no r");

  char *long_one = malloc (5000);
  memset (long_one, 'a', 4999);
  long_one[4999] = 0;
  assert_int_equal (trace_filter_add (filter, long_one, error, sizeof error), DR_INVALID);
  assert_string_equal (error, "too long an expression");
  free (long_one);

  for (int i = 0; i < 256; i++)
    {
      char number[16];
      snprintf (number, sizeof number, "%d", 5000 + i);
      add (number);
    }
  assert_int_equal (trace_filter_add (filter, "io,6000", error, sizeof error), DR_INVALID);
  assert_string_equal (error, "too many numbers that are in no list");
  shows ("---++--");
  trace_filter_free (filter);
}

static void
every_allocation_fails (void **state)
{
  for (size_t fail_at = 1; fail_at <= 2; fail_at++)
    {
      struct memory m;
      memory_start (&m);
      m.fail_at = fail_at;
      assert_null (trace_filter_new (&m.alloc, defs));
      assert_int_equal (m.in_use, 0);
    }
  trace_filter_free (NULL);
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
    cmocka_unit_test (expressions), cmocka_unit_test (mistakes_change_nothing),
    cmocka_unit_test (every_allocation_fails),
  };
  return cmocka_run_group_tests_name ("trace/filter", tests, start, stop);
}
