/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/trace/harness.h"

static struct memory memory;

static bool
is (struct trace_names *names, trace_key key, enum trace_thing thing, const char *expected)
{
  const char *text;
  size_t bytes;
  if (trace_names_get (names, key, &text, &bytes) != thing)
    return false;
  return expected ? text && bytes == strlen (expected) && !memcmp (text, expected, bytes) : !text;
}

static void
numbers_are_not_used_again (void **state)
{
  struct trace_names *names = trace_names_new (&memory.alloc, 100);
  assert_int_equal (trace_names_number (names, 500), 1);
  assert_int_equal (trace_names_number (names, 600), 2);
  assert_int_equal (trace_names_number (names, 500), 1);
  trace_names_died (names, 500);
  trace_names_died (names, 500);
  assert_int_equal (trace_names_number (names, 500), 3);
  assert_int_equal (trace_names_number (names, TRACE_KEY_NULL), 0);
  assert_int_equal (trace_names_number (names, TRACE_KEY_DEAD), 0);
  trace_names_died (names, TRACE_KEY_NULL);
  trace_names_died (names, TRACE_KEY_DEAD);
  assert_int_equal (trace_names_count (names), 2);
  trace_names_free (names);
}

static void
things (void **state)
{
  struct trace_names *names = trace_names_new (&memory.alloc, 100);
  assert_true (is (names, 5, TRACE_THING_PORT, NULL));
  trace_names_set (names, 5, TRACE_THING_FILE, "/etc/motd", 9, false);
  trace_names_set (names, 5, TRACE_THING_FILE, "/other", 6, false);
  assert_true (is (names, 5, TRACE_THING_FILE, "/etc/motd"));
  trace_names_set (names, 5, TRACE_THING_DEVICE, NULL, 0, true);
  assert_true (is (names, 5, TRACE_THING_DEVICE, NULL));
  trace_names_set (names, TRACE_KEY_DEAD, TRACE_THING_FILE, "x", 1, true);
  trace_names_set (names, TRACE_KEY_NULL, TRACE_THING_FILE, "x", 1, true);
  assert_true (is (names, TRACE_KEY_DEAD, TRACE_THING_PORT, NULL));
  trace_names_died (names, 5);
  assert_true (is (names, 5, TRACE_THING_PORT, NULL));

  char path[3000];
  const char *text;
  size_t bytes;
  memset (path, 'p', sizeof path);
  path[sizeof path - 1] = 'e';
  trace_names_set (names, 6, TRACE_THING_FILE, path, sizeof path, false);
  trace_names_get (names, 6, &text, &bytes);
  assert_int_equal (bytes, TRACE_PATH_BYTES_MAX);
  assert_memory_equal (text, "...p", 4);
  assert_int_equal (text[bytes - 1], 'e');
  trace_names_free (names);
}

static void
up_to_the_limit (void **state)
{
  struct trace_names *names = trace_names_new (&memory.alloc, 3);
  for (trace_key key = 1; key <= 3; key++)
    assert_int_equal (trace_names_number (names, key), key);
  assert_int_equal (trace_names_number (names, 4), 0);
  trace_names_set (names, 4, TRACE_THING_FILE, "x", 1, true);
  assert_true (is (names, 4, TRACE_THING_PORT, NULL));
  trace_names_died (names, 2);
  assert_int_equal (trace_names_number (names, 4), 4);
  trace_names_free (names);
}

/* Many come and go; what is there is what should be.  */
static void
come_and_go (void **state)
{
  enum { KEYS = 3000 };
  static uint32_t number[KEYS];
  struct trace_names *names = trace_names_new (&memory.alloc, KEYS);
  uint32_t last = 0, alive = 0;
  memset (number, 0, sizeof number);
  srand (7);
  for (int step = 0; step < 200000; step++)
    {
      uint32_t i = (uint32_t) rand () % (step < 100000 ? KEYS : KEYS / 10);
      trace_key key = (trace_key) (i + 1) << 20;
      if (rand () % 3 && number[i])
	{
	  trace_names_died (names, key);
	  number[i] = 0;
	  alive--;
	}
      else
	{
	  uint32_t got = trace_names_number (names, key);
	  assert_int_equal (got, number[i] ? number[i] : last + 1);
	  if (!number[i])
	    {
	      number[i] = ++last;
	      alive++;
	    }
	}
      assert_int_equal (trace_names_count (names), alive);
    }
  for (uint32_t i = 0; i < KEYS; i++)
    if (number[i])
      assert_int_equal (trace_names_number (names, (trace_key) (i + 1) << 20), number[i]);
  trace_names_free (names);
}

static void
every_allocation_fails (void **state)
{
  for (size_t fail_at = 1;; fail_at++)
    {
      struct memory m;
      memory_start (&m);
      m.fail_at = fail_at;
      struct trace_names *names = trace_names_new (&m.alloc, 1000);
      for (trace_key key = 1; names && key < 100; key++)
	{
	  size_t before = m.allocations;
	  uint32_t number = trace_names_number (names, key);
	  assert_true (number || m.allocations > before);
	  trace_names_set (names, key, TRACE_THING_FILE, "text", 4, false);
	}
      if (names)
	assert_true (trace_names_count (names) >= 98);
      trace_names_free (names);
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
    TEST (numbers_are_not_used_again), TEST (things), TEST (up_to_the_limit),
    TEST (come_and_go), TEST (every_allocation_fails),
  };
  return cmocka_run_group_tests_name ("trace/names", tests, NULL, NULL);
}
