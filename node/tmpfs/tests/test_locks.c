/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory.h"

#include "locks.h"

static const char alice, bob;
static struct record_locks locks;

static int finish(void **state)
{
	locks_set(&locks, &alice, LOCK_NONE, 0, LOCK_TO_THE_END);
	locks_set(&locks, &bob, LOCK_NONE, 0, LOCK_TO_THE_END);
	assert_true(locks_are_unused(&locks));
	assert_int_equal(locks.held_count, 0);
	return 0;
}

static void readers_share(void **state)
{
	locks_set(&locks, &alice, LOCK_READ, 0, 10);
	assert_null(locks_conflict(&locks, &bob, LOCK_READ, 0, 10));
	assert_non_null(locks_conflict(&locks, &bob, LOCK_WRITE, 9, 10));
	assert_null(locks_conflict(&locks, &bob, LOCK_WRITE, 10, 11));
	assert_null(locks_conflict(&locks, &alice, LOCK_WRITE, 0, 10));
}

static void a_lock_falls_in_two(void **state)
{
	locks_set(&locks, &alice, LOCK_WRITE, 0, LOCK_TO_THE_END);
	locks_set(&locks, &alice, LOCK_NONE, 10, 20);
	assert_non_null(locks_conflict(&locks, &bob, LOCK_READ, 9, 10));
	assert_null(locks_conflict(&locks, &bob, LOCK_WRITE, 10, 20));
	assert_non_null(locks_conflict(&locks, &bob, LOCK_READ, 20, 21));
	locks_set(&locks, &alice, LOCK_READ, 5, 25);
	assert_null(locks_conflict(&locks, &bob, LOCK_READ, 5, 25));
	assert_non_null(locks_conflict(&locks, &bob, LOCK_READ, 4, 5));
	assert_non_null(locks_conflict(&locks, &bob, LOCK_READ, 25, 26));
}

static void waiting_in_order(void **state)
{
	locks_set(&locks, &alice, LOCK_WRITE, 0, 10);
	locks_wait(&locks, &bob, LOCK_WRITE, 0, 5, (void *)&alice);
	locks_wait(&locks, &bob, LOCK_READ, 7, 8, (void *)&bob);
	assert_null(locks_next_granted(&locks));
	locks_set(&locks, &alice, LOCK_NONE, 6, 10);
	struct lock_wait *granted = locks_next_granted(&locks);
	assert_ptr_equal(granted->reply, &bob);
	free(granted);
	assert_null(locks_next_granted(&locks));
	granted = locks_next_of(&locks, &bob);
	assert_ptr_equal(granted->reply, &alice);
	free(granted);
	assert_null(locks_next_of(&locks, &bob));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(readers_share, finish),
		cmocka_unit_test_teardown(a_lock_falls_in_two, finish),
		cmocka_unit_test_teardown(waiting_in_order, finish),
	};
	return cmocka_run_group_tests_name("tmpfs locks", tests, NULL, NULL);
}
