/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/trace/harness.h"

static struct memory memory;
static struct trace_defs *defs;

static const struct trace_routine *
routine (int32_t id)
{
  return trace_defs_request (defs, id);
}

static void
is (struct trace_summary *s, bool json, const char *expected)
{
  static char buffer[1 << 18];
  struct trace_text t = trace_text (buffer, sizeof buffer - 1);
  for (uint32_t line = 0; trace_summary_line (s, line, json, &t); line++)
    trace_put_char (&t, '\n');
  assert_false (t.cut);
  *t.at = 0;
  assert_string_equal (buffer, expected);
}

static void
in_order_of_time (void **state)
{
  struct trace_summary *s = trace_summary_new (&memory.alloc, defs);
  trace_summary_call (s, routine (1), 1, 5, false);
  trace_summary_call (s, routine (2), 2, 1500000, true);
  trace_summary_call (s, routine (2), 2, 500000, false);
  trace_summary_unanswered (s, routine (2), 2);
  trace_summary_oneway (s, routine (3), 3);
  trace_summary_oneway (s, NULL, 888);
  trace_summary_oneway (s, NULL, 888);
  is (s, true,
      "{\"summary\":\"io_write\",\"subsystem\":\"io\",\"id\":2,\"calls\":2,\"errors\":1,\"oneway\":0,\"unanswered\":1,\"seconds\":2.000000}\n"
      "{\"summary\":\"io_read\",\"subsystem\":\"io\",\"id\":1,\"calls\":1,\"errors\":0,\"oneway\":0,\"unanswered\":0,\"seconds\":0.000005}\n"
      "{\"summary\":\"id 888\",\"id\":888,\"calls\":0,\"errors\":0,\"oneway\":2,\"unanswered\":0,\"seconds\":0.000000}\n"
      "{\"summary\":\"io_note\",\"subsystem\":\"io\",\"id\":3,\"calls\":0,\"errors\":0,\"oneway\":1,\"unanswered\":0,\"seconds\":0.000000}\n");
  is (s, false,
      "% time      seconds usecs/call     calls   errors   oneway no reply rpc\n"
      "------ ------------ ---------- --------- -------- -------- -------- ----------------\n"
      "100.00     2.000000    1000000         2        1        0        1 io_write\n"
      "  0.00     0.000005          5         1        0        0        0 io_read\n"
      "  0.00     0.000000          0         0        0        2        0 id 888\n"
      "  0.00     0.000000          0         0        0        1        0 io_note\n"
      "------ ------------ ---------- --------- -------- -------- -------- ----------------\n"
      "100.00     2.000005     666668         3        1        3        1 total\n");
  trace_summary_free (s);
}

static void
nothing (void **state)
{
  struct trace_summary *s = trace_summary_new (&memory.alloc, defs);
  is (s, true, "");
  is (s, false,
      "% time      seconds usecs/call     calls   errors   oneway no reply rpc\n"
      "------ ------------ ---------- --------- -------- -------- -------- ----------------\n"
      "------ ------------ ---------- --------- -------- -------- -------- ----------------\n"
      "  0.00     0.000000          0         0        0        0        0 total\n");
  trace_summary_free (s);
}

static void
more_ids_than_have_a_row (void **state)
{
  char buffer[256];
  struct trace_summary *s = trace_summary_new (&memory.alloc, defs);
  for (int32_t id = 0; id < 2000; id++)
    trace_summary_oneway (s, NULL, 10000 + id);
  struct trace_text t = trace_text (buffer, sizeof buffer - 1);
  assert_true (trace_summary_line (s, 0, true, &t));
  *t.at = 0;
  assert_string_equal (buffer, "{\"summary\":\"(further ids)\",\"calls\":0,\"errors\":0,\"oneway\":976,"
		       "\"unanswered\":0,\"seconds\":0.000000}");
  trace_summary_free (s);
}

static void
every_allocation_fails (void **state)
{
  for (size_t fail_at = 1; fail_at <= 3; fail_at++)
    {
      struct memory m;
      memory_start (&m);
      m.fail_at = fail_at;
      assert_null (trace_summary_new (&m.alloc, defs));
      assert_int_equal (m.in_use, 0);
    }
}

static int
start (void **state)
{
  memory_start (&memory);
  defs = defs_of (&memory, "io 1 io_read 0 1 101\nio 1 io_write 1 2 102\nio 1 io_note 2 3 0\n");
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
    cmocka_unit_test (in_order_of_time), cmocka_unit_test (nothing),
    cmocka_unit_test (more_ids_than_have_a_row), cmocka_unit_test (every_allocation_fails),
  };
  return cmocka_run_group_tests_name ("trace/summary", tests, start, stop);
}
