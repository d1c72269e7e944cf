/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Seeded worlds under the sanitizers.  Between them they must have come across all that a
   world may have: a run that tries nothing proves nothing.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/pages/settings.h"

enum { WORLDS = 3000 };

static void
seeded_worlds_keep_p1_to_p7 (void **state)
{
  uint64_t accesses = 0, messages = 0;
  unsigned deaths = 0, silences = 0, holds = 0, memory = 0, ahead = 0;
  for (uint64_t seed = 1; seed <= WORLDS; seed++)
    {
      struct options o = options_of (seed, 0, 0);
      struct result r;
      if (!world_run (&o, &r))
	fail_msg ("seed %llu violates %s: %s", (unsigned long long) seed, r.violated, r.what);
      accesses += r.accesses;
      messages += r.messages;
      deaths += o.deaths;
      silences += o.silence;
      holds += o.hold_us != 0;
      memory += o.memory_fails != 0;
      ahead += o.ahead > 1;
    }
  print_message ("%d worlds, %llu accesses, %llu messages\n", WORLDS,
		 (unsigned long long) accesses, (unsigned long long) messages);
  assert_true (accesses > 50 * WORLDS);
  assert_true (deaths && silences && holds && memory && ahead);
}

static void
a_seed_replays_exactly (void **state)
{
  for (uint64_t seed = 1; seed < 40; seed++)
    {
      struct options o = options_of (seed, 0, 0);
      struct result a, b;
      world_run (&o, &a);
      world_run (&o, &b);
      assert_int_equal (a.steps, b.steps);
      assert_int_equal (a.messages, b.messages);
      assert_int_equal (a.accesses, b.accesses);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (seeded_worlds_keep_p1_to_p7),
    cmocka_unit_test (a_seed_replays_exactly),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
