/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/trace/harness.h"

static struct memory memory;
static const struct trace_routine with_reply = { .name = "r", .id = 10, .reply_id = 500 };

static struct trace_call *
begin (struct trace_match *match, trace_key reply, int32_t id, const struct trace_routine *routine)
{
  struct trace_call call = { .reply = reply, .id = id, .routine = routine, .task = 3, .time_us = 9 };
  struct trace_call *out;
  assert_int_equal (trace_match_begin (match, &call, &out), DR_OK);
  return out;
}

static void
found_by_the_reply_right (void **state)
{
  struct trace_match *match = trace_match_new (&memory.alloc, 100);
  struct trace_call *a = begin (match, 1, 10, &with_reply), *b = begin (match, 2, 20, NULL);
  assert_int_equal (a->serial, 1);
  assert_int_equal (b->serial, 2);
  assert_int_equal (a->task, 3);
  assert_ptr_equal (trace_match_find (match, 1, 500, false), a);
  assert_ptr_equal (trace_match_find (match, 2, 120, true), b);
  assert_null (trace_match_find (match, 3, 500, false));
  /* The only one, whatever comes; but not when it is somebody's request.  */
  assert_ptr_equal (trace_match_find (match, 1, 110, false), a);
  assert_null (trace_match_find (match, 1, 110, true));
  trace_match_end (match, a);
  assert_null (trace_match_find (match, 1, 500, false));
  assert_int_equal (trace_match_count (match), 1);
  trace_match_free (match);
}

static void
several_for_one_right (void **state)
{
  struct trace_match *match = trace_match_new (&memory.alloc, 100);
  struct trace_call *first = begin (match, 7, 1, NULL), *other = begin (match, 7, 2, NULL);
  struct trace_call *again = begin (match, 7, 1, NULL);
  assert_ptr_equal (trace_match_find (match, 7, 102, false), other);
  assert_ptr_equal (trace_match_find (match, 7, 101, false), first);
  assert_null (trace_match_find (match, 7, 103, false));
  assert_ptr_equal (trace_match_oldest_for (match, 7), first);
  assert_ptr_equal (trace_match_oldest (match), first);
  assert_ptr_equal (trace_match_newer (first), other);
  trace_match_end (match, first);
  assert_ptr_equal (trace_match_find (match, 7, 101, false), again);
  trace_match_end (match, again);
  assert_ptr_equal (trace_match_oldest (match), other);
  assert_null (trace_match_newer (other));
  trace_match_end (match, other);
  assert_null (trace_match_oldest (match));
  assert_null (trace_match_oldest_for (match, 7));
  trace_match_free (match);
}

static void
limits (void **state)
{
  struct trace_match *match = trace_match_new (&memory.alloc, 2);
  struct trace_call call = { .reply = 1 }, *out;
  begin (match, 1, 1, NULL);
  begin (match, 1, 1, NULL);
  assert_int_equal (trace_match_begin (match, &call, &out), DR_LIMIT);
  call.reply = TRACE_KEY_NULL;
  assert_int_equal (trace_match_begin (match, &call, &out), DR_INVALID);
  call.reply = TRACE_KEY_DEAD;
  assert_int_equal (trace_match_begin (match, &call, &out), DR_INVALID);
  trace_match_free (match);
}

static void
held_text (void **state)
{
  struct trace_match *match = trace_match_new (&memory.alloc, 2);
  struct trace_call *call = begin (match, 1, 1, NULL);
  assert_int_equal (trace_match_hold (match, call, TRACE_HELD_LINE, "one", 3), DR_OK);
  assert_int_equal (trace_match_hold (match, call, TRACE_HELD_PATH, "path", 4), DR_OK);
  assert_int_equal (trace_match_hold (match, call, TRACE_HELD_LINE, "other", 5), DR_OK);
  assert_memory_equal (call->held[TRACE_HELD_LINE].text, "other", 5);
  assert_memory_equal (call->held[TRACE_HELD_PATH].text, "path", 4);
  assert_int_equal (trace_match_hold (match, call, TRACE_HELD_LINE, "", 0), DR_OK);
  assert_null (call->held[TRACE_HELD_LINE].text);
  trace_match_end (match, call);
  /* The place is used again, without what was there.  */
  call = begin (match, 1, 1, NULL);
  assert_null (call->held[TRACE_HELD_PATH].text);
  trace_match_hold (match, call, TRACE_HELD_PATH, "left", 4);
  trace_match_free (match);
}

static void
many (void **state)
{
  enum { KEYS = 500 };
  static struct trace_call *calls[KEYS][8];
  static int count[KEYS];
  struct trace_match *match = trace_match_new (&memory.alloc, TRACE_CALLS_MAX);
  uint32_t alive = 0;
  memset (count, 0, sizeof count);
  srand (3);
  for (int step = 0; step < 100000; step++)
    {
      int key = rand () % KEYS;
      if (count[key] < 8 && rand () % 2)
	{
	  calls[key][count[key]++] = begin (match, (trace_key) key + 1, 5, NULL);
	  alive++;
	}
      else if (count[key])
	{
	  struct trace_call *found = trace_match_find (match, (trace_key) key + 1, 105, false);
	  assert_ptr_equal (found, calls[key][0]);
	  trace_match_end (match, found);
	  memmove (calls[key], calls[key] + 1, 7 * sizeof *calls[key]);
	  count[key]--;
	  alive--;
	}
      assert_int_equal (trace_match_count (match), alive);
    }
  uint64_t last = 0;
  for (struct trace_call *c = trace_match_oldest (match); c; c = trace_match_newer (c), alive--)
    {
      assert_true (c->serial > last);
      last = c->serial;
    }
  assert_int_equal (alive, 0);
  trace_match_free (match);
}

static void
every_allocation_fails (void **state)
{
  for (size_t fail_at = 1;; fail_at++)
    {
      struct memory m;
      memory_start (&m);
      m.fail_at = fail_at;
      struct trace_match *match = trace_match_new (&m.alloc, 1000);
      uint32_t begun = 0;
      for (trace_key key = 1; match && key < 300; key++)
	{
	  struct trace_call call = { .reply = key }, *out;
	  enum dr_status status = trace_match_begin (match, &call, &out);
	  assert_true (status == DR_OK || status == DR_NO_MEMORY);
	  begun += status == DR_OK;
	  assert_int_equal (trace_match_count (match), begun);
	  if (status == DR_OK)
	    status = trace_match_hold (match, out, TRACE_HELD_LINE, "x", 1);
	}
      trace_match_free (match);
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
stop (void **state)
{
  return memory.in_use != 0;
}

int
main (void)
{
#define TEST(f) cmocka_unit_test_setup_teardown (f, start, stop)
  const struct CMUnitTest tests[] = {
    TEST (found_by_the_reply_right), TEST (several_for_one_right), TEST (limits),
    TEST (held_text), TEST (many), TEST (every_allocation_fails),
  };
  return cmocka_run_group_tests_name ("trace/match", tests, NULL, NULL);
}
