/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sim-pages: runs seeded worlds around core/pages and says which invariant broke, with
   the shortest run it can find that still breaks it.  */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "sim/excerpt.h"
#include "sim/pages/model.h"
#include "sim/pages/settings.h"

static const char usage[] =
  "Usage: sim-pages [--seed S] [--worlds N] [--kernels K] [--steps N] [--trace]\n"
  "       sim-pages --explore [--kernels K] [--pages P] [--accesses A]\n"
  "                 [--ahead N] [--allow LIST]\n"
  "Runs N worlds (default 1000) with the seeds S, S+1, ... (default 1) and checks the\n"
  "invariants P1 to P7 in each; or tries everything that can happen in a small world.\n\n"
  "  --kernels K    kernels, 1 to 4 (default: by the seed; exploring: 2)\n"
  "  --steps N      steps before the world heals (default: by the seed)\n"
  "  --trace        print every event (best with --worlds 1)\n"
  "  --keep LIST    of the one world only these steps; what sim-pages prints as the shortest\n"
  "                 that it found\n"
  "  --pages P      exploring: pages, 1 to 3 (default 1)\n"
  "  --accesses A   exploring: reads and writes of each kernel (default 2)\n"
  "  --ahead N      exploring: pages read at once for one that is asked for (default 1)\n"
  "  --allow LIST   exploring: what may happen once: of evict,time,call,die,silent,leave,\n"
  "                 fail (default evict,time)\n"
  "  --states N     exploring: stop after N states (default 2000000)\n"
  "Exit status: 0 all held, 1 one was violated, 2 wrong usage.\n";

struct settings
{
  uint64_t seed, worlds, states;
  unsigned kernels, steps, pages, accesses, ahead;
  const char *allow, *keep;
  bool trace, explore;
};

static bool
number (const char *text, uint64_t *out)
{
  char *end;
  errno = 0;
  *out = strtoull (text, &end, 0);
  return errno == 0 && *end == '\0' && *text != '\0' && *text != '-';
}

static void
set (struct settings *s, int c, const char *text)
{
  uint64_t n;
  if (!number (text, &n) || (c == 'k' && (n < 1 || n > KERNELS_MAX)) || (c == 'S' && n > 1000000)
      || (c == 'p' && (n < 1 || n > 3)) || (c == 'd' && (n < 1 || n > PAGES_AHEAD_MAX)))
    {
      fprintf (stderr, "sim-pages: '%s' is not a number that makes sense here; see --help\n",
	       text);
      exit (2);
    }
  if (c == 's') s->seed = n;
  if (c == 'w') s->worlds = n;
  if (c == 'k') s->kernels = (unsigned) n;
  if (c == 'S') s->steps = (unsigned) n;
  if (c == 'p') s->pages = (unsigned) n;
  if (c == 'n') s->states = n;
  if (c == 'a') s->accesses = (unsigned) n;
  if (c == 'd') s->ahead = (unsigned) n;
}

static void
parse (int argc, char **argv, struct settings *s)
{
  static const struct option longs[] = {
    { "seed", required_argument, NULL, 's' }, { "worlds", required_argument, NULL, 'w' },
    { "kernels", required_argument, NULL, 'k' }, { "steps", required_argument, NULL, 'S' },
    { "pages", required_argument, NULL, 'p' }, { "states", required_argument, NULL, 'n' },
    { "keep", required_argument, NULL, 'K' },
    { "accesses", required_argument, NULL, 'a' }, { "ahead", required_argument, NULL, 'd' }, { "allow", required_argument, NULL, 'A' },
    { "trace", no_argument, NULL, 't' }, { "explore", no_argument, NULL, 'e' },
    { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
  };
  for (int c; (c = getopt_long (argc, argv, "", longs, NULL)) != -1;)
    switch (c)
      {
      case 'h': fputs (usage, stdout); exit (0);
      case 't': s->trace = true; break;
      case 'e': s->explore = true; break;
      case 'A': s->allow = optarg; break;
      case 'K': s->keep = optarg; break;
      case '?': exit (2);
      default: set (s, c, optarg);
      }
  if (optind < argc)
    {
      fprintf (stderr, "sim-pages: what is '%s'? see --help\n", argv[optind]);
      exit (2);
    }
}

static void
tell_failure (struct options o, struct result result, bool traced)
{
  printf ("seed %llu violates %s: %s\n", (unsigned long long) o.seed, result.violated, result.what);
  if (!traced)
    {
      shrink (&o, &result);
      printf ("shortest found: %s: %s: %u of %u steps; its trace:\n", result.violated, result.what,
	      noted_kept (o.noted), o.steps);
      o.trace = tmpfile ();
      dr_assert (o.trace);
      world_run (&o, &result);
      excerpt (o.trace, stdout);
    }
  printf ("replay: ./drove sim-pages --seed %llu --worlds 1 --kernels %u --steps %u",
	  (unsigned long long) o.seed, o.kernels, o.steps);
  if (o.noted)
    {
      printf (" --keep ");
      noted_print (o.noted, stdout);
    }
  printf (" --trace\n");
}

/* The steps that --keep names, of the one world.  */
static struct noted *
steps_to_keep (const struct settings *s)
{
  if (!s->keep)
    return NULL;
  struct options o = options_of (s->seed, s->kernels, s->steps);
  struct noted *noted = note_steps (&o);
  if (s->worlds == 1 && noted_keep (noted, s->keep))
    return noted;
  fputs ("sim-pages: --keep wants one world and a list as sim-pages prints it\n", stderr);
  exit (2);
}

static int
run_worlds (const struct settings *s)
{
  uint64_t steps = 0, events = 0, messages = 0, accesses = 0;
  struct noted *noted = steps_to_keep (s);
  for (uint64_t i = 0; i < s->worlds; i++)
    {
      struct options o = options_of (s->seed + i, s->kernels, s->steps);
      struct result result;
      o.noted = noted;
      o.trace = s->trace ? stdout : NULL;
      bool held = world_run (&o, &result);
      steps += result.steps;
      events += result.events;
      messages += result.messages;
      accesses += result.accesses;
      if (held)
	continue;
      tell_failure (o, result, s->trace);
      return 1;
    }
  noted_free (noted);
  printf ("sim-pages: %llu worlds, %llu steps, %llu engine events, %llu messages, "
	  "%llu accesses; P1-P7 held\n", (unsigned long long) s->worlds,
	  (unsigned long long) steps, (unsigned long long) events,
	  (unsigned long long) messages, (unsigned long long) accesses);
  return 0;
}

static int
run_explorer (const struct settings *s)
{
  struct explored e;
  struct options o = small_world (s->kernels ? s->kernels : 2, s->pages);
  struct budget budget = budget_of (s->allow);
  o.trace = s->trace ? stdout : NULL;
  o.ahead = s->ahead;
  explore (&o, &budget, s->accesses, s->states, &e);
  printf ("sim-pages: %llu states, %llu transitions, %llu ends%s\n",
	  (unsigned long long) e.states, (unsigned long long) e.transitions,
	  (unsigned long long) e.ends, e.complete ? "; complete" : "; stopped by the limit");
  if (!e.result.violated[0])
    return 0;
  printf ("violates %s: %s\n", e.result.violated, e.result.what);
  return 1;
}

int
main (int argc, char **argv)
{
  struct settings s = { .seed = 1, .worlds = 1000, .pages = 1, .accesses = 2, .ahead = 1, .allow = "evict,time",
			.states = 2000000 };
  parse (argc, argv, &s);
  return s.explore ? run_explorer (&s) : run_worlds (&s);
}
