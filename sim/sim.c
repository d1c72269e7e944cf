/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sim: runs seeded worlds and says which invariant broke, with the shortest run it
   can find that still breaks it.  The same seed does the same on every machine.  */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/status.h"
#include "sim/excerpt.h"
#include "sim/shrink.h"
#include "sim/world/turns.h"

enum { STEPS_DEFAULT = 400 };

static const char usage[] =
  "Usage: sim [--seed S] [--worlds N] [--nodes K] [--steps N] [--faults LIST] [--trace]\n"
  "Runs N worlds (default 1000) with the seeds S, S+1, ... (default 1) and checks the\n"
  "invariants R1 to R6 in each, and R7 in those with a hostile node.\n\n"
  "  --nodes K      nodes in a world, 1 to 4 (default: 2 or 3, by the seed)\n"
  "  --steps N      steps under faults (default: 400 to 3200, by the seed)\n"
  "  --faults LIST  of cuts,crashes,memory,slow,hostile,moves,wide,link,sparse,far,\n"
  "                 returns or none (default: by the seed):\n"
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
  "                   far      data goes out of line\n"
  "                   returns  receive rights are wanted back when they are destroyed\n"
  "  --trace        print every event (best with --worlds 1)\n"
  "  --dump         and, when an invariant breaks, what every engine knows\n"
  "  --keep LIST    of the one world only these parts of its steps; what sim prints as the\n"
  "                 shortest that it found\n"
  "  --frames DIR   keep what node 0 sent node 1, for the corpus of the rights fuzzer\n"
  "Exit status: 0 all held, 1 one was violated, 2 wrong usage.\n";

struct settings
{
  uint64_t seed, worlds;
  unsigned nodes, steps;
  const char *faults, *frames, *keep;
  bool trace, dump;
};

/* The bits of the seed must all be set for a feature.  */
const struct feature features[] = {
  { "cuts", offsetof (struct world_options, cuts), 12 },
  { "crashes", offsetof (struct world_options, crashes), 48 },
  { "memory", offsetof (struct world_options, memory), 192 },
  { "moves", offsetof (struct world_options, moves), 2 },
  { "slow", offsetof (struct world_options, slow), 3 << 10 },
  { "wide", offsetof (struct world_options, wide), 1 << 12 },
  { "hostile", offsetof (struct world_options, hostile), 7 << 13 },
  { "link", offsetof (struct world_options, link), 15 << 16 },
  { "sparse", offsetof (struct world_options, sparse), 3 << 20 },
  { "far", offsetof (struct world_options, far), 1 << 22 },
  { "returns", offsetof (struct world_options, returns), 1 << 23 },
};
const unsigned features_count = sizeof features / sizeof *features;

bool *
feature_of (struct world_options *o, const struct feature *f)
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
  for (size_t i = 0; i < features_count; i++)
    {
      const struct feature *f = &features[i];
      *feature_of (&o, f) = settings->faults != NULL ? strstr (settings->faults, f->name) != NULL
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
  for (size_t i = 0; i < features_count; i++)
    if (*feature_of (&copy, &features[i]))
      {
	printf ("%s%s", comma, features[i].name);
	comma = ",";
      }
  if (*comma == '\0')
    printf ("none");
  if (o->turns != NULL)
    {
      char *text = turns_text (o->turns);
      printf (" --keep %s", *text ? text : "none");
      free (text);
    }
  printf (" --trace\n");
}

/* What is left of a world that broke, and how it breaks.  */
static void
tell_failure (struct world_options o, struct world_result result, bool traced)
{
  unsigned steps = 0, turns;
  printf ("seed %llu violates %s: %s\n", (unsigned long long) o.seed, result.violated, result.what);
  if (traced)
    {
      print_replay (&o);
      return;
    }
  o.dump = false;
  shrink (&o, &result);
  if (o.turns == NULL)
    printf ("shortest found: %s: %s\n", result.violated, result.what);
  else
    {
      turns = turns_kept (o.turns, &steps);
      printf ("shortest found: %s: %s: %u parts of %u steps; its trace:\n", result.violated, result.what,
	      turns, steps);
    }
  o.trace = tmpfile ();
  dr_assert (o.trace != NULL);
  setvbuf (o.trace, NULL, _IOLBF, 0);
  run_apart (&o, &result);
  excerpt (o.trace, stdout);
  print_replay (&o);
  turns_free (o.turns);
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
    { "frames", required_argument, NULL, 'F' },
    { "dump", no_argument, NULL, 'd' }, { "keep", required_argument, NULL, 'k' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
  };
  uint64_t n;
  for (int c; (c = getopt_long (argc, argv, "", longs, NULL)) != -1;)
    switch (c)
      {
      case 'h': fputs (usage, stdout); exit (0);
      case 't': s->trace = true; break;
      case 'd': s->dump = true; break;
      case 'k': s->keep = optarg; break;
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

/* Shared with the process that runs the worlds: an engine may end it.  */
struct progress
{
  uint64_t world;			/* the one that runs */
  uint64_t steps, events, messages, links, hostile, frames;
  unsigned memory;
  double took;
  bool failed, ended;
  struct world_result result;		/* of the one that failed */
};

static void
count (struct progress *p, const struct world_options *o, const struct world_result *result)
{
  p->steps += result->steps;
  p->events += result->events;
  p->messages += result->messages;
  p->links += o->link;
  p->hostile += o->hostile;
  p->frames += result->hostile_frames;
  p->memory = result->memory_percent > p->memory ? result->memory_percent : p->memory;
}

/* NOTED: a world whose turns were noted before, to be replayed in parts; or NULL.  */
static void
run_worlds (const struct settings *s, struct turns *noted, struct progress *p)
{
  double start = seconds (), last = start;
  for (uint64_t i = 0; i < s->worlds && !p->failed; i++)
    {
      struct world_options o = options_for (s, s->seed + i);
      struct world_result result;
      p->world = i;
      o.turns = noted;
      o.trace = s->trace ? stdout : NULL;
      o.dump = s->dump;
      o.frames = s->frames != NULL ? open_frames (s->frames, o.seed) : NULL;
      bool held = world_run (&o, &result);
      if (o.frames != NULL)
	fclose (o.frames);
      count (p, &o, &result);
      p->failed = !held;
      p->result = result;
      if (seconds () - last > 2)
	{
	  last = seconds ();
	  fprintf (stderr, "sim: %llu of %llu worlds, all invariants hold\n",
		   (unsigned long long) i + 1, (unsigned long long) s->worlds);
	}
    }
  p->took = seconds () - start;
  p->ended = true;
}

static void
run_worlds_apart (const struct settings *s, struct turns *noted, struct progress *p)
{
  int status;
  pid_t child;
  fflush (NULL);
  child = fork ();
  if (child == 0)
    {
      run_worlds (s, noted, p);
      fflush (NULL);
      _exit (0);
    }
  dr_assert (child > 0 && waitpid (child, &status, 0) == child);
  if (p->ended)
    return;
  p->failed = true;
  snprintf (p->result.violated, sizeof p->result.violated, "crash");
  snprintf (p->result.what, sizeof p->result.what, WIFSIGNALED (status) ? "ended by signal %d"
	    : "ended with status %d", WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status));
}

/* The turns that --keep names, of the one world.  */
static struct turns *
turns_to_keep (const struct settings *s)
{
  if (s->keep == NULL)
    return NULL;
  struct world_options o = options_for (s, s->seed);
  struct turns *t = record_turns (&o);
  if (s->worlds == 1 && turns_parse (t, strcmp (s->keep, "none") == 0 ? "" : s->keep))
    return t;
  fputs ("sim: --keep wants one world and a list as sim prints it\n", stderr);
  exit (2);
}

int
main (int argc, char **argv)
{
  struct settings s = { .seed = 1, .worlds = 1000 };
  parse (argc, argv, &s);
  /* A trace is worth most when the engine ends the process.  */
  setvbuf (stdout, NULL, _IOLBF, 0);
#ifdef SIM_BENCH
  /* Long worlds without faults: mostly engine, little beginning and end.  */
  s = (struct settings) { .seed = 1, .worlds = 100, .steps = 20000, .faults = "none", .nodes = 3 };
#endif
  struct progress *p = mmap (NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  dr_assert (p != MAP_FAILED);
  struct turns *noted = turns_to_keep (&s);
  (s.trace ? run_worlds : run_worlds_apart) (&s, noted, p);
  if (p->failed)
    {
      struct world_options o = options_for (&s, s.seed + p->world);
      o.turns = noted;
      tell_failure (o, p->result, s.trace);
      return 1;
    }
#ifdef SIM_BENCH
  printf ("bench sim_steps %.0f events/s\n", (double) p->events / p->took);
#endif
  printf ("sim: %llu worlds (%llu by real links, %llu with a hostile node and its %llu bad frames), "
	  "%llu steps, %llu engine events, %llu messages received, memory up to %u %% of its bound; "
	  "R1-R%c held (%.0f events/s)\n", (unsigned long long) s.worlds, (unsigned long long) p->links,
	  (unsigned long long) p->hostile, (unsigned long long) p->frames, (unsigned long long) p->steps,
	  (unsigned long long) p->events, (unsigned long long) p->messages, p->memory,
	  p->hostile > 0 ? '7' : '6', (double) p->events / (p->took > 0 ? p->took : 1));
  return 0;
}
