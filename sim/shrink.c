/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/shrink.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/status.h"
#include "sim/world/turns.h"

enum
{
  COARSE_RUNS_MAX = 1500,	/* features, steps and seeds */
  RUNS_MAX = 20000,		/* with the turns */
  SECONDS_MAX = 60,
  WORLD_SECONDS_MAX = 20,	/* one world that takes longer hangs */
  OTHER_SEEDS = 60,
};

struct shrinking
{
  struct world_options *o;
  struct world_result *found;
  unsigned runs, runs_max;
  time_t began, told;
};

bool
run_apart (const struct world_options *o, struct world_result *result)
{
  struct shared { struct world_result result; bool held, ended; } *shared
    = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  dr_assert (shared != MAP_FAILED);
  fflush (NULL);
  pid_t child = fork ();
  dr_assert (child >= 0);
  if (child == 0)
    {
      /* What it complains of has been read when it failed for the first time.  */
      if (o->trace == NULL && freopen ("/dev/null", "w", stderr) == NULL)
	_exit (3);
      alarm (WORLD_SECONDS_MAX);
      shared->held = world_run (o, &shared->result);
      shared->ended = true;
      fflush (NULL);
      _exit (0);
    }
  int status;
  dr_assert (waitpid (child, &status, 0) == child);
  *result = shared->result;
  bool held = shared->held;
  if (!shared->ended)
    {
      snprintf (result->violated, sizeof result->violated, "crash");
      snprintf (result->what, sizeof result->what, WIFSIGNALED (status) ? "ended by signal %d"
		: "ended with status %d", WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status));
    }
  munmap (shared, sizeof *shared);
  return held;
}

/* The notes are in memory that is shared with the process of the world: if it ends in the
   middle, what came before is known.  */
struct turns *
record_turns (const struct world_options *options)
{
  struct world_options o = *options;
  struct world_result ignored;
  size_t words = turns_words (o.steps);
  uint64_t *shared = mmap (NULL, words * sizeof *shared, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  dr_assert (shared != MAP_FAILED);
  struct turns *t = turns_new (o.steps), noted = *t;
  noted.random = shared;
  o.turns = &noted;
  o.trace = NULL;
  fflush (NULL);
  pid_t child = fork ();
  dr_assert (child >= 0);
  if (child == 0)
    {
      if (freopen ("/dev/null", "w", stderr) == NULL)
	_exit (3);
      alarm (WORLD_SECONDS_MAX);
      world_run (&o, &ignored);
      _exit (0);
    }
  dr_assert (waitpid (child, NULL, 0) == child);
  memcpy (t->random, shared, words * sizeof *shared);
  t->replay = true;
  munmap (shared, words * sizeof *shared);
  return t;
}

static bool
out_of_time (struct shrinking *s)
{
  time_t now = time (NULL);
  if (now - s->told >= 2)
    {
      s->told = now;
      unsigned steps = 0, turns = s->o->turns != NULL ? turns_kept (s->o->turns, &steps) : 0;
      if (turns > 0)
	fprintf (stderr, "sim: shrinking: %u turns of %u steps are left, %u worlds tried\n", turns, steps,
		 s->runs);
      else
	fprintf (stderr, "sim: shrinking: %u steps are left, %u worlds tried\n", s->o->steps, s->runs);
    }
  return s->runs >= s->runs_max || now - s->began >= SECONDS_MAX;
}

/* The same invariant breaks in TRIED.  */
static bool
still_broken (struct shrinking *s, const struct world_options *tried)
{
  struct world_result result;
  if (out_of_time (s))
    return false;
  s->runs++;
  if (run_apart (tried, &result) || strcmp (result.violated, s->found->violated) != 0)
    return false;
  *s->found = result;
  return true;
}

static bool
keep_if_broken (struct shrinking *s, struct world_options tried)
{
  if (!still_broken (s, &tried))
    return false;
  *s->o = tried;
  return true;
}

static void
coarsely (struct shrinking *s)
{
  struct world_options *o = s->o, tried;
  for (size_t i = 0; i < features_count; i++)
    {
      tried = *o;
      if (*feature_of (&tried, &features[i]))
	{
	  *feature_of (&tried, &features[i]) = false;
	  keep_if_broken (s, tried);
	}
    }
  for (unsigned cut = o->steps / 2; cut >= 1; cut /= 2)
    for (tried = *o; tried.steps > cut;)
      {
	tried.steps -= cut;
	if (!keep_if_broken (s, tried))
	  break;
      }
  /* Other seeds may break the same thing with less, or sooner.  */
  for (size_t i = 0; i < features_count; i++)
    for (uint64_t seed = o->seed + 1, last = o->seed + OTHER_SEEDS; seed < last; seed++)
      {
	tried = *o;
	tried.seed = seed;
	if (!*feature_of (&tried, &features[i]))
	  break;
	*feature_of (&tried, &features[i]) = false;
	if (keep_if_broken (s, tried))
	  break;
      }
  for (uint64_t seed = o->seed + 1, last = o->seed + OTHER_SEEDS; seed < last; seed++)
    {
      tried = *o;
      tried.seed = seed;
      tried.steps = o->steps / 2;
      if (tried.steps > 0 && keep_if_broken (s, tried))
	last = seed + OTHER_SEEDS;
    }
}

/* --- Turns ---------------------------------------------------------------------- */

/* All that were reached, in order: step * TURNS + kind.  */
static unsigned
list_turns (const struct turns *t, uint32_t *list)
{
  unsigned n = 0;
  for (uint32_t i = 0; i < (t->steps + 1) * TURNS; i++)
    if (t->random[i] != 0 && i % TURNS != TURN_FAULT)
      list[n++] = i;
  return n;
}

static void
mark (struct turns *t, const uint32_t *list, unsigned from, unsigned to, bool keep)
{
  for (unsigned i = from; i < to; i++)
    if (keep)
      t->keep[list[i] / TURNS] |= 1u << list[i] % TURNS;
    else
      t->keep[list[i] / TURNS] &= ~(1u << list[i] % TURNS);
}

/* Leaves out COUNT turns at a time, all over the list.  True: some could be spared.  */
static bool
leave_out (struct shrinking *s, uint32_t *list, unsigned *n, unsigned count)
{
  struct turns *t = s->o->turns;
  bool spared = false;
  /* From the end: what comes later rests on what came before.  */
  for (unsigned to = *n; to > 0;)
    {
      unsigned from = to > count ? to - count : 0;
      mark (t, list, from, to, false);
      if (still_broken (s, s->o))
	{
	  memmove (list + from, list + to, (*n - to) * sizeof *list);
	  *n -= to - from;
	  spared = true;
	}
      else
	mark (t, list, from, to, true);
      to = from;
    }
  return spared;
}

static void
by_turns (struct shrinking *s)
{
  struct turns *t = record_turns (s->o);
  uint32_t *list = calloc (turns_words (t->steps), sizeof *list);
  unsigned n = list_turns (t, list), count = n;
  dr_assert (list != NULL);
  mark (t, list, 0, n, true);
  s->o->turns = t;
  /* Replayed whole it is the same world, or there is something wrong with us.  */
  if (!still_broken (s, s->o))
    {
      s->o->turns = NULL;
      turns_free (t);
      free (list);
      return;
    }
  while (count > 1)
    leave_out (s, list, &n, count = (count + 1) / 2);
  while (n > 0 && leave_out (s, list, &n, 1) && !out_of_time (s))
    ;
  free (list);
}

void
shrink (struct world_options *o, struct world_result *found)
{
  struct shrinking s = { .o = o, .found = found, .runs_max = COARSE_RUNS_MAX, .began = time (NULL),
			 .told = time (NULL) };
  if (o->turns == NULL)
    coarsely (&s);
  s.runs_max = RUNS_MAX;
  if (o->turns == NULL)
    by_turns (&s);
}
