/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random lives of three nodes.  In each: messages exactly once and in order, one
   name per queue, no-senders when and only when there are none, and in the end
   nothing left anywhere.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "run.h"

static void
short_lives (void **state)
{
  run_seeds (&(struct run) { .operations = 400 }, 1, 1500);
}

/* Lives that once showed a fault: a proxy that was created for a message which was
   destroyed before it was delivered; a queue that came to a node by way of two others,
   both of which still had messages of its tasks.  */
static void
lives_that_failed (void **state)
{
  run_seeds (&(struct run) { .operations = 2000 }, 6165, 6180);
  run_seeds (&(struct run) { .operations = 8000 }, 20020, 20030);
}

static void
long_lives (void **state)
{
  run_seeds (&(struct run) { .operations = 6000 }, 1, 60);
}

static void
relays (void **state)
{
  run_seeds (&(struct run) { .operations = 1500, .unreachable = true }, 1, 150);
}

static void
cut_links (void **state)
{
  run_seeds (&(struct run) { .operations = 1500, .faults = true }, 1, 200);
}

static void
want_of_memory (void **state)
{
  run_seeds (&(struct run) { .operations = 1500, .fail_every = 30 }, 1, 150);
}

static void
want_of_memory_and_cut_links (void **state)
{
  run_seeds (&(struct run) { .operations = 1500, .fail_every = 30, .faults = true },
	     500, 650);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (short_lives),
    cmocka_unit_test (lives_that_failed),
    cmocka_unit_test (long_lives),
    cmocka_unit_test (relays),
    cmocka_unit_test (cut_links),
    cmocka_unit_test (want_of_memory),
    cmocka_unit_test (want_of_memory_and_cut_links),
  };
  return cmocka_run_group_tests_name ("rights: random", tests, NULL, NULL);
}
