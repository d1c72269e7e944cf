/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explore: every interleaving of small worlds.  At each state everything that can happen
   next is tried: the next operation of each task, a frame of each stream, a message of
   each proxy, each delivery, a session's end seen by either end.  A state that was seen
   before (by a 64-bit hash of all that decides its future) is not entered again.  Where
   nothing can happen, time passes; where even that changes nothing the world rests, and
   every invariant is checked, then all tasks end and nothing may be left.  */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/explore/arena.h"
#include "sim/explore/scripts.h"

enum { DEPTH_MAX = 400, REST_WAITS = 12 };
#define WAIT_US 3000000u

/* The world and all it points to; itself in the arena.  */
struct small
{
  struct world world;
  struct world_result result;
  uid ports[PORTS];
  unsigned done[ACTORS_MAX];		/* operations of each actor */
  unsigned waits;			/* times that time passed, in a row */
};

struct level
{
  void *copy;
  size_t room;
  size_t next;				/* choice */
};

struct explorer
{
  const struct script *script;
  struct small *small;
  uint64_t *seen;			/* open addressing; 0: free */
  size_t seen_room, states, transitions, rests;
  size_t states_max;
  unsigned depth;
  struct level level[DEPTH_MAX];
  size_t path[DEPTH_MAX];
  bool trace;
};

/* --- Hashing ------------------------------------------------------------------- */

static uint64_t hash;

static inline uint64_t
mix (uint64_t h, uint64_t word)
{
  h = (h ^ word) * 0x9e3779b97f4a7c15u;
  h ^= h >> 29;
  h *= 0xbf58476d1ce4e5b9u;
  return h ^ h >> 32;
}

static void
absorb (void *ctx, const void *data, size_t bytes)
{
  const unsigned char *p = data;
  uint64_t word, h = hash;
  for (; bytes >= sizeof word; p += sizeof word, bytes -= sizeof word)
    {
      memcpy (&word, p, sizeof word);
      h = mix (h, word);
    }
  if (bytes > 0)
    {
      word = 0;
      memcpy (&word, p, bytes);
      h = mix (h, word);
    }
  hash = h;
}

static uint64_t
state_hash (struct small *s)
{
  hash = 0x2545f4914f6cdd1du;
  absorb (NULL, s->done, sizeof s->done);
  absorb (NULL, &s->waits, sizeof s->waits);
  for (unsigned i = 0; i < s->world.options.nodes; i++)
    node_digest (s->world.node[i].node, absorb, NULL);
  network_digest (&s->world, absorb, NULL);
  world_digest (&s->world, absorb, NULL);
  return hash == 0 ? 1 : hash;
}

/* True if it was not there yet.  */
static bool
remember (struct explorer *x, uint64_t h)
{
  if (x->states * 10 >= x->seen_room * 7)
    {
      size_t old_room = x->seen_room;
      uint64_t *old = x->seen;
      x->seen_room = old_room == 0 ? 1 << 16 : old_room * 2;
      x->seen = outside_alloc (x->seen_room * sizeof *x->seen);
      memset (x->seen, 0, x->seen_room * sizeof *x->seen);
      for (size_t i = 0; i < old_room; i++)
	if (old[i] != 0)
	  {
	    size_t at = old[i] & (x->seen_room - 1);
	    while (x->seen[at] != 0)
	      at = (at + 1) & (x->seen_room - 1);
	    x->seen[at] = old[i];
	  }
      outside_free (old);
    }
  size_t at = h & (x->seen_room - 1);
  for (; x->seen[at] != 0; at = (at + 1) & (x->seen_room - 1))
    if (x->seen[at] == h)
      return false;
  x->seen[at] = h;
  x->states++;
  return true;
}

/* --- Choices ------------------------------------------------------------------- */

static size_t
choices (struct small *s)
{
  size_t n = ACTORS_MAX + network_choices (&s->world) + 1;
  for (unsigned i = 0; i < s->world.options.nodes; i++)
    n += node_choices (s->world.node[i].node);
  return n;
}

static bool
pass_time (struct small *s)
{
  if (s->waits == REST_WAITS)
    return false;
  s->waits++;
  world_pass_time (&s->world, WAIT_US);
  return true;
}

/* Does choice I; the last one, for when nothing else could be done, is time.  False: it
   cannot be done now, and nothing was changed.  */
static bool
choose (const struct script *script, struct small *s, size_t i)
{
  if (i < ACTORS_MAX)
    {
      if (s->done[i] == OPERATIONS_MAX || script->actor[i][s->done[i]].verb == END
	  || !script_step (&s->world, script, (unsigned) i, s->done[i], s->ports))
	return false;
      s->done[i]++;
      return true;
    }
  i -= ACTORS_MAX;
  size_t frames = network_choices (&s->world);
  if (i < frames)
    return network_choose (&s->world, i);
  i -= frames;
  for (unsigned k = 0; k < s->world.options.nodes; k++)
    {
      struct node *node = s->world.node[k].node;
      size_t n = node_choices (node);
      uint64_t events = node_events (node);
      if (i < n)
	/* A delivery that begins to wait is no progress to the world, but another state.  */
	return node_choose (node, i, s->world.now) || node_events (node) != events;
      i -= n;
    }
  return false;
}

/* --- Worlds -------------------------------------------------------------------- */

static void
meet (struct small *s)
{
  struct world *w = &s->world;
  for (unsigned a = 0; a < w->options.nodes; a++)
    for (unsigned b = a + 1; b < w->options.nodes; b++)
      network_open (w, a, b);
  world_rest (w);
  /* Every root task learns the other roots.  */
  for (unsigned a = 0; a < w->options.nodes; a++)
    for (unsigned b = 0; b < w->options.nodes; b++)
      if (a != b)
	{
	  uint64_t session, number;
	  struct world_node *n = &w->node[a];
	  dr_assert (network_session_between (w, a, b, &session));
	  dr_assert (rights_get_root (node_engine (n->node), w->now, session, &number) == DR_OK);
	  n->root_asked = true;
	  n->root_peer = b;
	  n->root_epoch = w->node[b].epoch;
	  n->root_expected = w->node[b].root_uid;
	  n->task[0] = n->root;		/* the answer is given to the first task */
	  node_run (n->node, w->now);
	  while (n->root_asked)
	    {
	      dr_assert (network_choices (w) > 0);
	      network_choose (w, 0);
	    }
	  memcpy (n->root.names, n->task[0].names, sizeof n->root.names);
	  n->task[0].used = false;
	}
  world_rest (w);
}

static struct small *
make_world (const struct script *script, bool trace)
{
  arena_reset ();
  struct small *s = calloc (1, sizeof *s);
  struct world *w = &s->world;
  w->options = (struct world_options) { .seed = 1, .nodes = script->nodes, .moves = true };
  w->result = &s->result;
  w->random = 1;
  w->now = 1;
  for (unsigned i = 0; i < script->nodes; i++)
    world_boot (w, i);
  w->calm = true;
  meet (s);
  for (unsigned p = 0; p < PORTS; p++)
    {
      struct task *t = &w->node[p].root;
      mk_name name;
      mk_allocate (t->mk, MK_RECEIVE, &name);
      t->names[name] = s->ports[p] = tasks_new_uid (w, p);
    }
  w->options.trace = trace ? stdout : NULL;
  return s;
}

/* --- The search ---------------------------------------------------------------- */

static void
save (struct level *l)
{
  size_t bytes = arena_used ();
  if (bytes > l->room)
    {
      l->room = bytes + bytes / 4;
      l->copy = outside_realloc (l->copy, l->room);
    }
  arena_save (l->copy);
}

static void
check_rest (struct explorer *x)
{
  struct small *s = x->small;
  x->rests++;
  check_at_rest (&s->world);
  if (!world_failed (&s->world))
    world_converge (&s->world);
  if (world_failed (&s->world))
    return;
  world_end_tasks (&s->world);
  world_rest (&s->world);
  if (!world_failed (&s->world))
    check_all_gone (&s->world);
}

static bool
failed (struct explorer *x)
{
  return x->small->result.violated[0] != '\0';
}

static void
enter (struct explorer *x)
{
  dr_assert (x->depth + 1 < DEPTH_MAX);
  struct level *l = &x->level[++x->depth];
  save (l);
  l->next = 0;
}

/* Returns true if a violation was found; x->path[1 .. depth] leads to it.  */
static bool
search (struct explorer *x, unsigned *deepest)
{
  x->depth = 0;
  x->small = make_world (x->script, false);
  remember (x, state_hash (x->small));
  enter (x);
  bool progressed[DEPTH_MAX] = { false }, changed = false;
  while (x->depth > 0 && x->states < x->states_max)
    {
      struct level *l = &x->level[x->depth];
      /* Most time goes here: not after a choice that could not be made.  */
      if (changed)
	arena_restore (l->copy);
      changed = true;
      size_t n = choices (x->small);
      bool moved = false;
      if (l->next < n)
	{
	  size_t choice = l->next++;
	  x->path[x->depth] = choice;
	  moved = choose (x->script, x->small, choice);
	  if (moved)
	    x->small->waits = 0;
	}
      else if (!progressed[x->depth] && l->next == n)
	{
	  l->next++;
	  x->path[x->depth] = n;
	  moved = pass_time (x->small);
	  if (!moved)
	    {
	      check_rest (x);
	      if (failed (x))
		return true;
	    }
	}
      else
	{
	  x->depth--;
	  continue;
	}
      if (!moved)
	{
	  changed = l->next > n;
	  continue;
	}
      progressed[x->depth] = true;
      x->transitions++;
      tasks_drain (&x->small->world);
      if (failed (x))
	return true;
      if (remember (x, state_hash (x->small)))
	{
	  enter (x);
	  progressed[x->depth] = changed = false;
	  if (x->depth > *deepest)
	    *deepest = x->depth;
	}
    }
  return false;
}

/* Goes the way again and tells every event.  */
static void
replay (struct explorer *x)
{
  unsigned depth = x->depth;
  x->small = make_world (x->script, true);
  for (unsigned i = 1; i <= depth && !failed (x); i++)
    {
      size_t n = choices (x->small);
      if (x->path[i] < n)
	{
	  choose (x->script, x->small, x->path[i]);
	  x->small->waits = 0;
	}
      else if (!pass_time (x->small))
	check_rest (x);
      tasks_drain (&x->small->world);
    }
  check_dump (&x->small->world);
}

static double
seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static const char usage[] =
  "Usage: explore [--states N] [--only TEXT] [--trace] [--list]\n"
  "Visits the interleavings of small worlds of the real rights engine.\n\n"
  "  --states N   at most N states in all (default 14000000); each world gets its share\n"
  "  --only TEXT  only worlds whose name contains TEXT\n"
  "  --trace      print the events that lead to a violation\n"
  "  --list       name the worlds\n"
  "Exit status: 0 all held, 1 one was violated, 2 wrong usage.\n";

int
main (int argc, char **argv)
{
  static const struct option longs[] = {
    { "states", required_argument, NULL, 's' }, { "only", required_argument, NULL, 'o' },
    { "trace", no_argument, NULL, 't' }, { "list", no_argument, NULL, 'l' },
    { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
  };
  size_t budget = 14000000, worlds = 0, states = 0;
  const char *only = "";
  bool trace = false;
  for (int c; (c = getopt_long (argc, argv, "", longs, NULL)) != -1;)
    switch (c)
      {
      case 's': budget = strtoull (optarg, NULL, 0); break;
      case 'o': only = optarg; break;
      case 't': trace = true; break;
      case 'h': fputs (usage, stdout); return 0;
      case 'l':
	for (unsigned i = 0; i < scripts_count; i++)
	  puts (scripts[i].name);
	return 0;
      default: fputs (usage, stderr); return 2;
      }
  if (budget < 1000 || optind < argc)
    {
      fputs ("explore: at least 1000 states, and no operands; see --help\n", stderr);
      return 2;
    }
  arena_open ();
  double start = seconds ();
  unsigned left = 0, deepest_of_all = 0, complete = 0;
  for (unsigned i = 0; i < scripts_count; i++)
    left += strstr (scripts[i].name, only) != NULL;
  for (unsigned i = 0; i < scripts_count; i++)
    {
      if (strstr (scripts[i].name, only) == NULL)
	continue;
      struct explorer x = { .script = &scripts[i] };
      unsigned deepest = 0;
      double began = seconds ();
      /* What a small world leaves over goes to the others.  */
      x.states_max = (budget - states) / left--;
      bool violated = search (&x, &deepest);
      bool whole = x.states < x.states_max;
      printf ("%-58s %9zu states %10zu steps %8zu rests depth %3u %6.1f s%s\n", x.script->name,
	      x.states, x.transitions, x.rests, deepest, seconds () - began,
	      whole ? "" : ", not all");
      fflush (stdout);
      if (violated)
	{
	  printf ("violates %s: %s\n", x.small->result.violated, x.small->result.what);
	  if (trace)
	    replay (&x);
	  else
	    printf ("replay: ./drove explore --only '%s' --trace\n", x.script->name);
	  return 1;
	}
      states += x.states;
      worlds++;
      complete += whole;
      deepest_of_all = deepest > deepest_of_all ? deepest : deepest_of_all;
      for (unsigned k = 0; k < DEPTH_MAX; k++)
	outside_free (x.level[k].copy);
      outside_free (x.seen);
    }
  printf ("explore: %zu worlds (%u complete), %zu states, depth %u, %.1f s: R1-R6 held\n", worlds,
	  complete, states, deepest_of_all, seconds () - start);
  return worlds == 0 ? 2 : 0;
}
