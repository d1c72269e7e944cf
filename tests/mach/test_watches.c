/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that are to be watched from some time on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mach/watches.h"

static struct watches *
make (void)
{
	return calloc (1, sizeof (struct watches));
}

static void
drop (struct watches *watches)
{
	map_free (&watches->latest);
	free (watches);
}

static void
a_name_comes_when_its_time_has_come (void **state)
{
	struct watches *watches = make ();

	assert_true (watches_deadline (watches) == UINT64_MAX);
	assert_true (watches_add (watches, 7, 1000));
	assert_true (watches_add (watches, 8, 2000));
	assert_true (watches_deadline (watches) == 1000 + WATCH_AFTER_US);
	assert_int_equal (watches_due (watches, 1000 + WATCH_AFTER_US - 1), 0);
	assert_int_equal (watches_due (watches, 1000 + WATCH_AFTER_US), 7);
	assert_int_equal (watches_due (watches, 1000 + WATCH_AFTER_US), 0);
	assert_int_equal (watches_due (watches, 9000000), 8);
	assert_true (watches_deadline (watches) == UINT64_MAX);
	drop (watches);
}

/* The name was dropped and is another right's: what counts is how old that one is. */
static void
a_name_used_again_is_young_again (void **state)
{
	struct watches *watches = make ();

	watches_add (watches, 7, 0);
	watches_add (watches, 7, WATCH_AFTER_US - 1);
	assert_int_equal (watches_due (watches, WATCH_AFTER_US), 0);
	assert_int_equal (watches_due (watches, 2 * WATCH_AFTER_US - 1), 7);
	assert_int_equal (watches_due (watches, 9000000), 0);
	drop (watches);
}

static void
there_is_a_bound (void **state)
{
	struct watches *watches = make ();

	for (unsigned turn = 0; turn < 3; turn++)
	{
		uint64_t now = turn * 2 * WATCH_AFTER_US;

		for (unsigned i = 1; i <= WATCHES_MAX; i++)
			assert_true (watches_add (watches, i, now));
		assert_false (watches_add (watches, WATCHES_MAX + 1, now));
		for (unsigned i = 1; i <= WATCHES_MAX; i++)
			assert_int_equal (watches_due (watches, now + WATCH_AFTER_US), i);
		assert_int_equal (watches_due (watches, now + WATCH_AFTER_US), 0);
	}
	assert_int_equal (watches->latest.used, 0);
	drop (watches);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (a_name_comes_when_its_time_has_come),
		cmocka_unit_test (a_name_used_again_is_young_again),
		cmocka_unit_test (there_is_a_bound),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
