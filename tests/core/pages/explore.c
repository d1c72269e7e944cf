/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All interleavings of small worlds of the real engine, states counted.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/pages/settings.h"

enum { STATES_MAX = 2000000 };

static void
all_of (unsigned kernels, unsigned pages, unsigned accesses, const char *allowed,
	uint64_t hold_us, unsigned ahead, uint64_t states_least)
{
  struct options o = small_world (kernels, pages);
  struct budget budget = budget_of (allowed);
  struct explored e;
  o.hold_us = hold_us;
  o.ahead = ahead;
  explore (&o, &budget, accesses, STATES_MAX, &e);
  print_message ("%u kernels, %u pages, %u accesses each, allowed once: %s, hold %llu, ahead %u: "
		 "%llu states, %llu transitions, %llu ends\n", kernels, pages, accesses,
		 *allowed ? allowed : "nothing", (unsigned long long) hold_us, ahead,
		 (unsigned long long) e.states, (unsigned long long) e.transitions,
		 (unsigned long long) e.ends);
  if (e.result.violated[0])
    fail_msg ("violates %s: %s", e.result.violated, e.result.what);
  assert_true (e.complete);
  assert_true (e.states >= states_least);
  assert_true (e.ends > 0);
}

static void two_kernels_evicting (void **state) { all_of (2, 1, 1, "evict,time", 0, 1, 15000); }
static void two_kernels_two_pages (void **state) { all_of (2, 2, 1, "evict,time", 0, 1, 30000); }
static void two_kernels_and_a_call (void **state) { all_of (2, 1, 1, "call,time", 0, 1, 50000); }
static void two_kernels_one_dies (void **state) { all_of (2, 1, 2, "die", 0, 1, 100000); }
static void two_kernels_one_silent (void **state) { all_of (2, 1, 1, "silent,time", 0, 1, 5000); }
static void two_kernels_one_leaves (void **state) { all_of (2, 1, 1, "leave,evict", 0, 1, 20000); }
static void two_kernels_a_store_that_fails (void **state) { all_of (2, 1, 1, "fail,evict", 0, 1, 5000); }
static void two_kernels_with_a_hold (void **state) { all_of (2, 1, 2, "time", 100, 1, 10000); }
/* Who goes from page to page gets the third along with the second.  */
static void two_kernels_reading_ahead (void **state) { all_of (2, 3, 2, "", 0, 2, 800000); }
static void three_kernels (void **state) { all_of (3, 1, 1, "", 0, 1, 300000); }

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (two_kernels_evicting),
    cmocka_unit_test (two_kernels_two_pages),
    cmocka_unit_test (two_kernels_and_a_call),
    cmocka_unit_test (two_kernels_one_dies),
    cmocka_unit_test (two_kernels_one_silent),
    cmocka_unit_test (two_kernels_one_leaves),
    cmocka_unit_test (two_kernels_a_store_that_fails),
    cmocka_unit_test (two_kernels_with_a_hold),
    cmocka_unit_test (two_kernels_reading_ahead),
    cmocka_unit_test (three_kernels),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
