/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every allocation fails in turn: the result is the same, later.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "run.h"

static void
each_allocation_fails (void **state)
{
  for (uint64_t seed = 3; seed < 7; seed++)
    {
      struct run run = { .operations = 500 };
      struct world *w = run_new (seed, &run);
      long before = w->allocs;
      w->fail_at = 1 << 30;	/* counts them */
      for (int i = 0; i < run.operations; i++)
	if (world_random (w, 4) == 0)
	  world_user (w);
	else
	  world_step (w);
      long all = w->allocs - before;
      w->fail_at = 0;
      run_life (w, &(struct run) { .operations = 0 });
      assert_null (run_end (w));
      assert_true (all > 50);
      for (long n = 1; n <= all; n++)
	{
	  run.fail_at = n;
	  w = run_new (seed, &run);
	  run_life (w, &run);
	  const char *failed = run_end (w);
	  if (failed)
	    fail_msg ("seed %llu, allocation %ld: %s", (unsigned long long) seed, n,
		      failed);
	}
      print_message ("# seed %llu: %ld allocations\n", (unsigned long long) seed, all);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (each_allocation_fails) };
  return cmocka_run_group_tests_name ("rights: want of memory", tests, NULL, NULL);
}
