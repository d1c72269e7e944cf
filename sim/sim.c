/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sim: runs seeded worlds and says which invariant broke, with the shortest run it
   can find that still breaks it.  The same seed does the same on every machine.  */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/world/world.h"

enum { STEPS_DEFAULT = 400, SHRINK_RUNS_MAX = 400 };

static const char usage[] =
  "Usage: sim [--seed S] [--worlds N] [--nodes K] [--steps N] [--faults LIST] [--trace]\n"
  "Runs N worlds (default 1000) with the seeds S, S+1, ... (default 1) and checks the\n"
  "invariants R1 to R6 in each, and R7 in those with a hostile node.\n\n"
  "  --nodes K      nodes in a world, 1 to 4 (default: 2 or 3, by the seed)\n"
  "  --steps N      steps under faults (default: 400 to 3200, by the seed)\n"
  "  --faults LIST  of cuts,crashes,memory,slow,hostile,moves,wide,link,sparse or none (default:\n"
  "                 by the seed):\n"
  "                   cuts     sessions end, connections fail, pairs are cut off\n"
  "                   crashes  a node loses everything and starts again\n"
  "                   memory   allocations of the engines fail\n"
  "                   slow     tasks do not receive, nodes do not deliver, for a while\n"
  "                   hostile  the last node breaks the protocol\n"
  "                   moves    receive rights travel\n"
  "                   wide     port sets, renamed names, queue limits, ...\n"
  "                   link     real encrypted links over datagrams that are lost,\n"
  "                            repeated, spoilt and late\n"
  "                   sparse   nodes ask only the next one for its root\n"
  "  --trace        print every event (best with --worlds 1)\n"
  "  --frames DIR   keep what node 0 sent node 1, for the corpus of the rights fuzzer\n"
  "Exit status: 0 all held, 1 one was violated, 2 wrong usage.\n";

struct settings
{
  uint64_t seed, worlds;
  unsigned nodes, steps;
  const char *faults, *frames;
  bool trace;
};

/* What a world may have, and the bits of the seed that all must be set for it.  */
static const struct feature
{
  const char *name;
  size_t at;
  uint32_t bits;
} features[] = {
  { "cuts", offsetof (struct world_options, cuts), 12 },
  { "crashes", offsetof (struct world_options, crashes), 48 },
  { "memory", offsetof (struct world_options, memory), 192 },
  { "moves", offsetof (struct world_options, moves), 2 },
  { "slow", offsetof (struct world_options, slow), 3 << 10 },
  { "wide", offsetof (struct world_options, wide), 1 << 12 },
  { "hostile", offsetof (struct world_options, hostile), 7 << 13 },
  { "link", offsetof (struct world_options, link), 15 << 16 },
  { "sparse", offsetof (struct world_options, sparse), 3 << 20 },
};
enum { FEATURES = sizeof features / sizeof *features };

static bool *
feature (struct world_options *o, const struct feature *f)
{
  return (bool *) ((char *) o + f->at);
}

static struct world_options
options_for (const struct settings *settings, uint64_t seed)
{
  struct world_options o = { .seed = seed, .steps = settings->steps, .sealed = true };
  uint64_t bits = seed * 0x9e3779b97f4a7c15u >> 40;
  if (o.steps == 0)
    o.steps = STEPS_DEFAULT << (bits >> 8 & 3);
  o.nodes = settings->nodes != 0 ? settings->nodes : 2 + (bits & 1);
  for (size_t i = 0; i < FEATURES; i++)
    {
      const struct feature *f = &features[i];
      *feature (&o, f) = settings->faults != NULL ? strstr (settings->faults, f->name) != NULL
	: (bits & f->bits) == f->bits;
    }
  return o;
}

static void
print_replay (const struct world_options *o)
{
  struct world_options copy = *o;
  const char *comma = "";
  printf ("replay: ./drove sim --seed %llu --worlds 1 --nodes %u --steps %u --faults ",
	  (unsigned long long) o->seed, o->nodes, o->steps);
  for (size_t i = 0; i < FEATURES; i++)
    if (*feature (&copy, &features[i]))
      {
	printf ("%s%s", comma, features[i].name);
	comma = ",";
      }
  printf ("%s --trace\n", *comma ? "" : "none");
}

/* Tries O with a change; keeps it if the same invariant still breaks.  */
static bool
keep_if_broken (struct world_options *o, struct world_options tried, struct world_result *found,
		unsigned *runs)
{
  struct world_result result;
  if (++*runs > SHRINK_RUNS_MAX || world_run (&tried, &result)
      || strcmp (result.violated, found->violated) != 0)
    return false;
  *o = tried;
  *found = result;
  return true;
}

static void
shrink (struct world_options *o, struct world_result *found)
{
  unsigned runs = 0;
  struct world_options tried;
  for (size_t i = 0; i < FEATURES; i++)
    {
      tried = *o;
      if (*feature (&tried, &features[i]))
	{
	  *feature (&tried, &features[i]) = false;
	  keep_if_broken (o, tried, found, &runs);
	}
    }
  for (unsigned cut = o->steps / 2; cut >= 1; cut /= 2)
    {
      tried = *o;
      while (tried.steps > cut)
	{
	  tried.steps -= cut;
	  if (!keep_if_broken (o, tried, found, &runs))
	    break;
	  tried = *o;
	}
    }
  /* Other seeds may break the same thing sooner.  */
  for (uint64_t seed = o->seed + 1; seed < o->seed + 100 && runs < SHRINK_RUNS_MAX; seed++)
    {
      tried = *o;
      tried.seed = seed;
      tried.steps = o->steps / 2;
      if (tried.steps > 0 && keep_if_broken (o, tried, found, &runs))
	seed = o->seed;
    }
}

static bool
number (const char *text, uint64_t *out)
{
  char *end;
  errno = 0;
  *out = strtoull (text, &end, 0);
  return errno == 0 && *end == '\0' && *text != '\0' && *text != '-';
}

static void
parse (int argc, char **argv, struct settings *s)
{
  static const struct option longs[] = {
    { "seed", required_argument, NULL, 's' }, { "worlds", required_argument, NULL, 'w' },
    { "nodes", required_argument, NULL, 'n' }, { "steps", required_argument, NULL, 'S' },
    { "faults", required_argument, NULL, 'f' }, { "trace", no_argument, NULL, 't' },
    { "frames", required_argument, NULL, 'F' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
  };
  uint64_t n;
  for (int c; (c = getopt_long (argc, argv, "", longs, NULL)) != -1;)
    switch (c)
      {
      case 'h': fputs (usage, stdout); exit (0);
      case 't': s->trace = true; break;
      case 'f': s->faults = optarg; break;
      case 'F': s->frames = optarg; break;
      case '?': exit (2);
      default:
	if (!number (optarg, &n) || (c == 'n' && (n < 1 || n > WORLD_NODES_MAX))
	    || (c == 'S' && n > 10000000))
	  {
	    fprintf (stderr, "sim: '%s' is not a number that makes sense here; see --help\n", optarg);
	    exit (2);
	  }
	if (c == 's') s->seed = n;
	if (c == 'w') s->worlds = n;
	if (c == 'n') s->nodes = (unsigned) n;
	if (c == 'S') s->steps = (unsigned) n;
      }
  if (optind < argc)
    {
      fprintf (stderr, "sim: what is '%s'? see --help\n", argv[optind]);
      exit (2);
    }
}

static FILE *
open_frames (const char *directory, uint64_t seed)
{
  char path[512];
  snprintf (path, sizeof path, "%s/%llu", directory, (unsigned long long) seed);
  FILE *file = fopen (path, "w");
  if (file == NULL)
    {
      fprintf (stderr, "sim: cannot write %s: %s\n", path, strerror (errno));
      exit (1);
    }
  return file;
}

static double
seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int
main (int argc, char **argv)
{
  struct settings s = { .seed = 1, .worlds = 1000 };
  parse (argc, argv, &s);
#ifdef SIM_BENCH
  /* Long worlds without faults: mostly engine, little beginning and end.  */
  s = (struct settings) { .seed = 1, .worlds = 100, .steps = 20000, .faults = "none", .nodes = 3 };
#endif
  uint64_t steps = 0, events = 0, messages = 0, links = 0, hostile = 0, frames = 0;
  unsigned memory = 0;
  double start = seconds (), last = start;
  for (uint64_t i = 0; i < s.worlds; i++)
    {
      struct world_options o = options_for (&s, s.seed + i);
      struct world_result result;
      o.trace = s.trace ? stdout : NULL;
      o.frames = s.frames != NULL ? open_frames (s.frames, o.seed) : NULL;
      bool held = world_run (&o, &result);
      if (o.frames != NULL)
	fclose (o.frames);
      o.frames = NULL;
      steps += result.steps;
      events += result.events;
      messages += result.messages;
      links += o.link;
      hostile += o.hostile;
      frames += result.hostile_frames;
      memory = result.memory_percent > memory ? result.memory_percent : memory;
      if (!held)
	{
	  printf ("seed %llu violates %s: %s\n", (unsigned long long) o.seed, result.violated,
		  result.what);
	  if (!s.trace)
	    {
	      shrink (&o, &result);
	      printf ("shortest found: %s: %s\n", result.violated, result.what);
	    }
	  print_replay (&o);
	  return 1;
	}
      if (seconds () - last > 2)
	{
	  last = seconds ();
	  fprintf (stderr, "sim: %llu of %llu worlds, all invariants hold\n",
		   (unsigned long long) i + 1, (unsigned long long) s.worlds);
	}
    }
  double took = seconds () - start;
#ifdef SIM_BENCH
  printf ("bench sim_steps %.0f events/s\n", (double) events / took);
#endif
  printf ("sim: %llu worlds (%llu by real links, %llu with a hostile node and its %llu bad frames), "
	  "%llu steps, %llu engine events, %llu messages received, memory up to %u %% of its bound; "
	  "R1-R%c held (%.0f events/s)\n", (unsigned long long) s.worlds, (unsigned long long) links,
	  (unsigned long long) hostile, (unsigned long long) frames, (unsigned long long) steps,
	  (unsigned long long) events, (unsigned long long) messages, memory, hostile > 0 ? '7' : '6',
	  (double) events / (took > 0 ? took : 1));
  return 0;
}
