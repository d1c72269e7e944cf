/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void
each_pair (struct world *w, const struct run *run,
	   void (*what) (struct world *, int, int))
{
  for (int a = 0; a < NODES; a++)
    for (int b = 0; b < a; b++)
      if (!run->unreachable || a - b == 1)
	what (w, a, b);
}

struct world *
run_new (uint64_t seed, const struct run *run)
{
  struct rights_config config;
  struct world *w = calloc (1, sizeof *w);
  rights_config_default (&config);
  /* Small windows, so that they fill.  */
  config.window_messages = 4;
  config.window_bytes = 20000;
  world_init (w, seed, &config);
  w->unreachable = run->unreachable;
  each_pair (w, run, world_link);
  for (int a = 0; a < NODES; a++)
    for (int b = 0; b < NODES; b++)
      if (a != b && w->nodes[a].session[b]
	  && !task_root (w, a, (int) world_random (w, TASKS), b))
	FAIL (w, "no root");
  w->faults = run->faults || run->hostile;
  if (run->hostile)
    w->hostile = (int) (seed % NODES);
  w->fail_at = run->fail_at;
  w->allocs = 0;
  return w;
}

static void
disturb (struct world *w, const struct run *run)
{
  int a = (int) world_random (w, NODES), b = (int) world_random (w, NODES);
  if (run->fail_every && world_random (w, run->fail_every) == 0)
    w->fail_at = w->allocs + 1 + (long) world_random (w, 60);
  if (a == b)
    return;
  if (run->faults && world_random (w, 200) == 0)
    world_cut (w, a, b);
  if (w->faults && world_random (w, 25) == 0)
    world_link (w, a, b);
}

const char *
run_life (struct world *w, const struct run *run)
{
  for (int i = 0; i < run->operations && !w->failed; i++)
    {
      if (world_random (w, 4) == 0)
	world_user (w);
      else
	world_step (w);
      disturb (w, run);
    }
  w->fail_at = 0;
  if (run->hostile)
    {
      each_pair (w, run, world_cut);
      while (world_step (w))
	;
      each_pair (w, run, world_cut);
    }
  if (!w->failed)
    world_drop_all (w);
  w->hostile = -1;
  if (!w->failed)
    world_check_empty (w);
  return w->failed;
}

const char *
run_end (struct world *w)
{
  if (!w->failed)
    world_done (w);
  const char *failed = w->failed;
  free (w);
  return failed;
}

void
run_seeds (const struct run *run, uint64_t from, uint64_t to)
{
  uint64_t delivered = 0, steps = 0, refused = 0;
  for (uint64_t seed = from; seed < to; seed++)
    {
      struct world *w = run_new (seed, run);
      run_life (w, run);
      delivered += w->delivered;
      steps += w->steps;
      refused += w->refused;
      const char *failed = run_end (w);
      if (failed)
	{
	  print_message ("# seed %llu: %s\n", (unsigned long long) seed, failed);
	  fail ();
	}
    }
  print_message ("# %llu lives, %llu steps, %llu messages delivered, %llu frames "
		 "refused\n", (unsigned long long) (to - from),
		 (unsigned long long) steps, (unsigned long long) delivered,
		 (unsigned long long) refused);
  assert_true (delivered > to - from);
  assert_true (!run->hostile || refused > to - from);
}
