/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/links.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum
{
  REST_US = 12000000,		/* of time passing without anything else, and it rests */
  WAIT_US = 300000,		/* ... at a time; with links, whose sessions end early: */
  LINK_WAIT_US = 100000,
  REST_STEPS = 200000,
  STEP_US = 500,
  SLOW_US_MAX = 100000,
  MEMORY_EVERY = 64,		/* steps */
};

uint32_t
world_roll (struct world *w, uint32_t n)
{
  /* splitmix64 */
  uint64_t z = w->random += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (uint32_t) ((z ^ z >> 31) % n);
}

bool
world_failed (const struct world *w)
{
  return w->result->violated[0] != '\0';
}

void
world_trace (struct world *w, const char *format, ...)
{
  if (w->options.trace == NULL)
    return;
  va_list ap;
  va_start (ap, format);
  fprintf (w->options.trace, "%8llu ", (unsigned long long) w->result->steps);
  vfprintf (w->options.trace, format, ap);
  fputc ('\n', w->options.trace);
  va_end (ap);
}

void
world_violate (struct world *w, const char *invariant, const char *format, ...)
{
  if (world_failed (w))
    return;
  va_list ap;
  va_start (ap, format);
  snprintf (w->result->violated, sizeof w->result->violated, "%s", invariant);
  vsnprintf (w->result->what, sizeof w->result->what, format, ap);
  va_end (ap);
  world_trace (w, "VIOLATED %s: %s", invariant, w->result->what);
}

/* --- What the nodes ask -------------------------------------------------------- */

static unsigned
index_of (struct world *w, struct node *node)
{
  for (unsigned n = 0; n < w->options.nodes; n++)
    if (w->node[n].node == node)
      return n;
  dr_assert (false);
  return 0;
}

static void
on_send (void *ctx, struct node *node, uint64_t session, uint64_t stream, struct dr_buf *buf,
	 bool lazy)
{
  struct world *w = ctx;
  unsigned i = index_of (w, node);
  if (world_hostile (w, i))
    {
      struct dr_buf *more = hostile_frame (w, session, &stream, &buf);
      if (more != NULL)
	network_send (w, i, session, stream, more, false);
    }
  if (buf != NULL)
    network_send (w, i, session, stream, buf, lazy);
}

static void
on_connect (void *ctx, struct node *node, const struct rights_key *key)
{
  struct world *w = ctx;
  w->connect[index_of (w, node)][key->bytes[0] - 1] = true;
}

static mk_name
on_root (void *ctx, struct node *node, uint64_t session)
{
  struct world *w = ctx;
  unsigned i = index_of (w, node);
  struct world_node *n = &w->node[i];
  uint64_t hostile;
  mk_name name, own = n->root_name;
  /* The hostile node gets a port of its own, so that not all is tainted at once.  */
  if (n->public_uid != 0 && network_session_between (w, i, w->options.nodes - 1, &hostile)
      && hostile == session)
    {
      own = n->public_name;
      world_taint (w, n->public_uid);
    }
  if (mk_extract_right (n->root.mk, own, MK_MAKE_SEND, node_task (node), &name) != MK_SUCCESS)
    return MK_NULL;
  return name;
}

static void
on_root_came (void *ctx, struct node *node, mk_name name)
{
  struct world *w = ctx;
  struct world_node *n = &w->node[index_of (w, node)];
  n->root_asked = false;
  if (name == MK_NULL)
    {
      if (!w->faults && !w->options.memory && !world_hostile (w, n->root_peer)
	  && !world_hostile (w, (unsigned) (n - w->node)))
	world_violate (w, "R1", "a root was refused");
      return;
    }
  struct task *t = &n->task[0];
  if (!t->used || n->root_epoch != w->node[n->root_peer].epoch)
    {
      mk_deallocate (node_task (node), name);
      return;
    }
  mk_name given;
  if (mk_extract_right (node_task (node), name, MK_MOVE_SEND, t->mk, &given) == MK_SUCCESS
      && given != MK_DEAD)
    {
      if (world_hostile (w, n->root_peer))
	hostile_named (w, t, given);
      tasks_learn (w, t, given, n->root_expected, false);
    }
}

static void
on_wrong (void *ctx, struct node *node, const char *what)
{
  world_violate (ctx, "driver", "node %u: %s", index_of (ctx, node), what);
}

static void
on_trace (void *ctx, struct node *node, const char *format, ...)
{
  struct world *w = ctx;
  if (w->options.trace == NULL)
    return;
  char text[200];
  va_list ap;
  va_start (ap, format);
  vsnprintf (text, sizeof text, format, ap);
  va_end (ap);
  world_trace (w, "node %u: netmsg: %s", index_of (w, node), text);
}

/* --- Nodes ------------------------------------------------------------------------ */

/* No cipher, but nothing in this world would break one.  */
static uint64_t
seal (void *ctx, uint64_t serial)
{
  uint64_t z = *(uint64_t *) ctx + serial * 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  return (z ^ z >> 27) * 0x94d049bb133111ebu;
}

void
world_boot (struct world *w, unsigned i)
{
  struct world_node *n = &w->node[i];
  uint64_t epoch = n->epoch + 1;
  struct node_world asks = { w, on_send, on_connect, on_root, on_root_came, on_wrong, on_trace };
  struct rights_config config;
  rights_config_default (&config);
  config.key.bytes[0] = (uint8_t) (i + 1);
  config.epoch = epoch;
  config.window_messages = 1 + world_roll (w, WORLD_WINDOW_MAX);
  if (w->options.sealed)
    {
      config.seal = seal;
      config.seal_ctx = &w->seal[i];
      w->seal[i] = (uint64_t) world_roll (w, UINT32_MAX) << 32 | world_roll (w, UINT32_MAX);
    }
  unsigned failures = w->allocation_failures;
  w->allocation_failures = 0;
  *n = (struct world_node) { .epoch = epoch };
  memory_open (w, i);
  n->node = node_create (&asks, &config, &w->account[i].engine.alloc);
  if (w->options.far)
    node_use_regions (n->node);
  if (w->options.link)
    links_boot (w, i);
  w->allocation_failures = failures;
  tasks_start (w, i, &n->root);
  mk_allocate (n->root.mk, MK_RECEIVE, &n->root_name);
  n->root_uid = tasks_new_uid (w, i);
  n->root.names[n->root_name] = n->root_uid;
  if (w->options.hostile && !world_hostile (w, i))
    {
      mk_allocate (n->root.mk, MK_RECEIVE, &n->public_name);
      n->public_uid = tasks_new_uid (w, i);
      n->root.names[n->public_name] = n->public_uid;
    }
}

void
world_crash (struct world *w, unsigned i)
{
  world_trace (w, "node %u crashes", i);
  w->faults |= !world_hostile (w, i);
  struct world_node *n = &w->node[i];
  for (unsigned k = 0; k <= WORLD_TASKS_MAX; k++)
    {
      struct task *t = k == WORLD_TASKS_MAX ? &n->root : &n->task[k];
      uint32_t type;
      for (mk_name name = 1; t->used && name < WORLD_NAMES_MAX; name++)
	if (t->names[name] != 0 && mk_type (t->mk, name, &type) == MK_SUCCESS
	    && (type & MK_TYPE_RECEIVE))
	  w->port[t->names[name]].destroyed = true;
    }
  for (size_t s = 0; s < WORLD_SESSIONS_MAX; s++)
    for (unsigned end = 0; end < 2; end++)
      if (w->session[s].used && w->session[s].node[end] == i)
	{
	  if (w->session[s].up)
	    network_down (w, &w->session[s]);
	  w->session[s].known[end] = false;
	}
  for (unsigned k = 0; k < w->options.nodes; k++)
    w->connect[i][k] = false;
  w->result->events += node_events (n->node);
  node_destroy (n->node);
  if (w->links != NULL)
    links_crash (w, i);
  memory_closed (w, i);
  world_boot (w, i);
}

static uint64_t
mixed (uint64_t h, uint64_t word)
{
  h = (h ^ word) * 0x9e3779b97f4a7c15u;
  h ^= h >> 29;
  h *= 0xbf58476d1ce4e5b9u;
  return h ^ h >> 32;
}

/* Tags are given out in the order of sending, which decides nothing: so messages are
   summed up by what they are.  */
void
world_digest (struct world *w, void (*absorb) (void *, const void *, size_t), void *ctx)
{
  uint64_t sum = w->faults;
  for (size_t i = 0; i < w->sents; i++)
    {
      const struct sent *s = &w->sent[i];
      sum += mixed (mixed ((uint64_t) s->task << 32 | s->destination, s->sequence), s->received);
    }
  for (size_t i = 0; i < w->flows; i++)
    {
      const struct flow *f = &w->flow[i];
      sum += mixed (mixed ((uint64_t) f->task << 32 | f->destination, f->sent), f->received);
    }
  for (size_t u = 0; u < w->ports; u++)
    {
      const struct port_record *p = &w->port[u];
      uint32_t flags = p->destroyed | p->said_dead << 1 | p->requested << 2;
      sum += mixed (mixed (mixed (u, flags), (uint64_t) p->moves << 32 | p->moves_requested), p->back_to);
    }
  absorb (ctx, &sum, sizeof sum);
}

static void
end_session (struct world *w, unsigned a)
{
  if (w->links != NULL)
    {
      links_cut (w, a);
      return;
    }
  for (size_t i = 0; i < WORLD_SESSIONS_MAX; i++)
    if (w->session[i].used && w->session[i].up && w->session[i].node[0] == a)
      {
	network_down (w, &w->session[i]);
	break;
      }
}

static void
fault (struct world *w)
{
  /* A replayed step of which nothing is left has no faults.  */
  if (!world_turn (w, TURN_FAULT))
    return;
  unsigned a = world_roll (w, w->options.nodes), b = world_roll (w, w->options.nodes);
  if (w->options.crashes && world_turn (w, TURN_CRASH) && world_roll (w, 1500) == 0)
    world_crash (w, a);
  if (w->options.cuts && world_turn (w, TURN_END) && world_roll (w, 300) == 0)
    end_session (w, a);
  if (w->options.cuts && world_turn (w, TURN_CUT) && world_roll (w, 200) == 0)
    w->cut[a][b] = w->cut[b][a] = !w->cut[a][b];
  if (w->options.memory && world_turn (w, TURN_MEMORY) && world_roll (w, 100) == 0)
    w->allocation_failures = world_roll (w, 3) == 0 ? world_roll (w, 300) : 0;
  if (w->options.hostile && world_turn (w, TURN_HOSTILE))
    hostile_step (w);
  if (w->options.slow && world_turn (w, TURN_SLOW) && world_roll (w, 100) == 0)
    w->node[a].slow_until = w->now + world_roll (w, SLOW_US_MAX);
  if (w->options.slow && world_turn (w, TURN_DEAF) && world_roll (w, 40) == 0)
    {
      unsigned t = world_roll (w, WORLD_TASKS_MAX + 1);
      (t == WORLD_TASKS_MAX ? &w->node[b].root : &w->node[b].task[t])->deaf_until
	= w->now + world_roll (w, SLOW_US_MAX);
    }
}

static bool
nodes_step (struct world *w)
{
  unsigned i = world_roll (w, w->options.nodes);
  struct node *node = w->node[i].node;
  if (w->now < w->node[i].slow_until && !w->calm)
    return false;
  size_t choices = node_choices (node), start = world_roll (w, (uint32_t) choices);
  for (size_t k = 0; k < choices; k++)
    if (node_choose (node, (start + k) % node_choices (node), w->now))
      return true;
  return false;
}

void
world_pass_time (struct world *w, uint64_t us)
{
  w->now += us;
  for (unsigned i = 0; i < w->options.nodes; i++)
    if (rights_deadline (node_engine (w->node[i].node)) <= w->now)
      {
	rights_tick (node_engine (w->node[i].node), w->now);
	w->result->events++;
	node_run (w->node[i].node, w->now);
      }
  if (w->links != NULL)
    links_tick (w);
}

static void
check_memory (struct world *w)
{
  for (unsigned i = 0; i < w->options.nodes; i++)
    memory_check (w, i);
}

/* Until nothing moves any more, whatever time passes.  */
void
world_rest (struct world *w)
{
  uint64_t still = 0, wait = w->links != NULL ? LINK_WAIT_US : WAIT_US;
  for (unsigned step = 0; still < REST_US && !world_failed (w); step++)
    {
      if (step > REST_STEPS)
	{
	  world_violate (w, "R5", "the world does not come to rest");
	  return;
	}
      if (w->result->steps++ % MEMORY_EVERY == 0)
	check_memory (w);
      bool moved = network_step (w);
      for (unsigned i = 0; i < 4; i++)
	moved |= nodes_step (w);
      if (!moved || step % 16 == 0)
	moved |= tasks_drain (w);
      still = moved ? 0 : still + wait;
      world_pass_time (w, moved ? STEP_US : wait);
    }
}

/* Nothing of the step is left in a world that is replayed in parts.  */
static bool
left_out (const struct world *w)
{
  const struct turns *t = w->options.turns;
  return t != NULL && t->replay && t->keep[w->step] == 0;
}

static void
live (struct world *w)
{
  for (w->step = 0; w->step < w->options.steps && !world_failed (w); w->step++)
    {
      if (w->result->steps++ % MEMORY_EVERY == 0)
	check_memory (w);
      if (left_out (w))
	continue;
      if (world_turn (w, TURN_DO))
	switch (world_roll (w, 3))
	  {
	  case 0: tasks_step (w); break;
	  case 1: network_step (w); break;
	  default: nodes_step (w);
	  }
      fault (w);
      if (world_turn (w, TURN_TIME))
	world_pass_time (w, world_roll (w, 2 * STEP_US));
    }
  if (!world_failed (w))
    world_turns_end (w);
}

void
world_end_tasks (struct world *w)
{
  for (unsigned n = 0; n < w->options.nodes; n++)
    for (unsigned i = 0; i <= WORLD_TASKS_MAX; i++)
      {
	struct task *t = i == WORLD_TASKS_MAX ? &w->node[n].root : &w->node[n].task[i];
	if (t->used)
	  tasks_end (w, t);
      }
}

bool
world_run (const struct world_options *options, struct world_result *result)
{
  struct world *w = calloc (1, sizeof *w);
  dr_assert (w != NULL && options->nodes >= 1 && options->nodes <= WORLD_NODES_MAX);
  *result = (struct world_result) { 0 };
  w->options = *options;
  w->result = result;
  w->random = options->seed;
  w->now = 1;
  hostile_open (w);
  for (unsigned i = 0; i < options->nodes; i++)
    world_boot (w, i);
  live (w);
  w->calm = true;
  w->allocation_failures = 0;
  if (options->hostile)
    world_crash (w, options->nodes - 1);
  memset (w->cut, 0, sizeof w->cut);
  world_rest (w);
  if (!world_failed (w))
    check_at_rest (w);
  if (!world_failed (w))
    world_converge (w);
  if (!world_failed (w))
    {
      world_end_tasks (w);
      world_rest (w);
      if (!world_failed (w))
	check_all_gone (w);
    }
  for (unsigned i = 0; i < options->nodes; i++)
    result->events += node_events (w->node[i].node);
  bool held = !world_failed (w);
  if (!held && options->dump)
    check_dump (w);
  /* A world that failed may be in any state: leave its memory alone.  */
  if (held)
    {
      network_free (w);
      for (unsigned i = 0; i < options->nodes; i++)
	{
	  node_destroy (w->node[i].node);
	  if (w->links != NULL)
	    links_crash (w, i);
	  memory_closed (w, i);
	}
      links_free (w);
      held = !world_failed (w);
      free (w->hostile);
      free (w->port);
      free (w->sent);
      free (w->flow);
      free (w);
    }
  return held;
}
