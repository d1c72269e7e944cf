/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tasks of a world: they do every operation on rights, at random.  */
#include "sim/world/tasks.h"

#include <stdlib.h>

uid
tasks_new_uid (struct world *w, unsigned node)
{
  if (w->ports == w->ports_room)
    {
      w->ports_room = w->ports_room * 2 + 64;
      w->port = realloc (w->port, w->ports_room * sizeof *w->port);
      dr_assert (w->port != NULL);
    }
  if (w->ports == 0)
    w->port[w->ports++] = (struct port_record) { 0 };	/* uid 0 is none */
  w->port[w->ports] = (struct port_record) { .node = node, .tainted = world_hostile (w, node) };
  return (uid) w->ports++;
}

uint32_t
tasks_type (struct task *t, mk_name name)
{
  uint32_t type = 0;
  if (mk_type (t->mk, name, &type) != MK_SUCCESS)
    return 0;
  return type & ~(uint32_t) MK_TYPE_DNREQUEST;
}

void
tasks_forget (struct task *t)
{
  for (mk_name name = 1; name < WORLD_NAMES_MAX; name++)
    if (t->names[name] != 0 && tasks_type (t, name) == 0)
      t->names[name] = 0;
}

void
tasks_learn (struct world *w, struct task *t, mk_name name, uid u, bool once)
{
  if (name >= WORLD_NAMES_MAX)
    {
      /* More than the books of one task hold: it throws the right away at once.  */
      if (tasks_type (t, name) & MK_TYPE_RECEIVE)
	w->port[u].destroyed = true;
      mk_destroy_name (t->mk, name);
      return;
    }
  if (world_hostile (w, t->node))
    world_taint (w, u);
  if (t->names[name] != 0 && t->names[name] != u && world_tainted (w, u))
    {
      hostile_named (w, t, name);
      return;
    }
  if (t->names[name] != 0 && t->names[name] != u)
    world_violate (w, "R2", "task %u: name %u denotes port %u, and now also %u", t->number,
		   name, t->names[name], u);
  t->names[name] = u;
  if (once)
    return;
  for (mk_name other = 1; other < WORLD_NAMES_MAX && !world_tainted (w, u); other++)
    if (other != name && t->names[other] == u
	&& (tasks_type (t, other) & (MK_TYPE_SEND | MK_TYPE_RECEIVE)))
      world_violate (w, "R2", "task %u: port %u has the names %u and %u", t->number, u, other,
		     name);
}

void
tasks_start (struct world *w, unsigned node, struct task *t)
{
  struct world_node *n = &w->node[node];
  *t = (struct task) { .used = true, .number = ++w->tasks, .node = node,
		       .mk = mk_task_create (node_kernel (n->node)) };
  world_trace (w, "node %u: task %u starts", node, t->number);
  mk_name name;
  if (t != &n->root
      && mk_extract_right (n->root.mk, n->root_name, MK_MAKE_SEND, t->mk, &name) == MK_SUCCESS)
    tasks_learn (w, t, name, n->root_uid, false);
}

void
tasks_end (struct world *w, struct task *t)
{
  world_trace (w, "node %u: task %u ends", t->node, t->number);
  for (mk_name name = 1; name < WORLD_NAMES_MAX; name++)
    if (t->names[name] != 0 && (tasks_type (t, name) & MK_TYPE_RECEIVE))
      w->port[t->names[name]].destroyed = true;
  mk_task_terminate (t->mk);
  t->used = false;
}

bool
tasks_is_root (struct world *w, struct task *t, mk_name name)
{
  struct world_node *n = &w->node[t->node];
  return t == &n->root && (name == n->root_name || (n->public_uid != 0 && name == n->public_name));
}

mk_name
tasks_some_name (struct world *w, struct task *t, uint32_t types)
{
  mk_name start = 1 + world_roll (w, WORLD_NAMES_MAX - 1);
  for (mk_name i = 0; i < WORLD_NAMES_MAX - 1; i++)
    {
      mk_name name = 1 + (start + i) % (WORLD_NAMES_MAX - 1);
      if (t->names[name] != 0 && (tasks_type (t, name) & types))
	return name;
    }
  return MK_NULL;
}

/* --- Other operations ----------------------------------------------------------- */

static void
drop (struct world *w, struct task *t)
{
  mk_name name = tasks_some_name (w, t, ~0u);
  bool root = tasks_is_root (w, t, name);
  if (name == MK_NULL)
    return;
  uint32_t type = tasks_type (t, name);
  if ((type & MK_TYPE_RECEIVE) && !root && world_roll (w, 4) == 0)
    {
      world_trace (w, "task %u destroys port %u", t->number, t->names[name]);
      w->port[t->names[name]].destroyed = true;
      /* Of a port that goes elsewhere a send right of the same name would stay as a dead name,
	 and be counted for ever: so the whole name goes.  */
      if (w->port[t->names[name]].back_to != 0)
	mk_destroy_name (t->mk, name);
      else
	mk_mod_refs (t->mk, name, MK_RECEIVE, -1);
    }
  else
    mk_deallocate (t->mk, name);
  tasks_forget (t);
}

static void
ask_root (struct world *w, struct task *t)
{
  struct world_node *n = &w->node[t->node];
  unsigned peer = w->options.sparse ? (t->node + 1) % w->options.nodes
    : world_roll (w, w->options.nodes);
  uint64_t session, number;
  if (peer == t->node || n->root_asked)
    return;
  if (!network_session_between (w, t->node, peer, &session))
    {
      w->connect[t->node][peer] = true;
      return;
    }
  if (rights_get_root (node_engine (n->node), w->now, session, &number) != DR_OK)
    return;
  n->root_asked = true;
  n->root_peer = peer;
  n->root_epoch = w->node[peer].epoch;
  n->root_expected = world_hostile (w, t->node) ? w->node[peer].public_uid : w->node[peer].root_uid;
  node_run (n->node, w->now);
}

/* The name is another one from now on.  */
static void
rename_right (struct world *w, struct task *t)
{
  mk_name name = tasks_some_name (w, t, ~0u), to = 1 + world_roll (w, WORLD_NAMES_MAX - 1);
  if (name == MK_NULL || tasks_is_root (w, t, name) || mk_rename (t->mk, name, to) != MK_SUCCESS)
    return;
  t->names[to] = t->names[name];
  t->names[name] = 0;
}

/* A right goes to another task of the same node, without a message.  */
static void
give_locally (struct world *w, struct task *t)
{
  struct world_node *n = &w->node[t->node];
  struct task *to = &n->task[world_roll (w, WORLD_TASKS_MAX)];
  mk_name name = tasks_some_name (w, t, MK_TYPE_SEND | MK_TYPE_RECEIVE), given;
  if (name == MK_NULL || !to->used || to == t)
    return;
  uid u = t->names[name];
  enum mk_disposition how = tasks_type (t, name) & MK_TYPE_SEND ? MK_COPY_SEND : MK_MAKE_SEND;
  if (mk_extract_right (t->mk, name, how, to->mk, &given) == MK_SUCCESS && given != MK_DEAD)
    tasks_learn (w, to, given, u, false);
}

/* In and out of the task's port set.  */
static void
use_set (struct world *w, struct task *t)
{
  mk_name name = tasks_some_name (w, t, MK_TYPE_RECEIVE);
  if (t->set == MK_NULL && mk_allocate (t->mk, MK_PORT_SET, &t->set) != MK_SUCCESS)
    return;
  if (name != MK_NULL)
    mk_move_member (t->mk, name, world_roll (w, 3) == 0 ? MK_NULL : t->set);
}

/* What tasks do more rarely.  */
static void
wide_step (struct world *w, struct task *t)
{
  mk_name name = tasks_some_name (w, t, MK_TYPE_SEND | MK_TYPE_RECEIVE), previous = MK_NULL;
  if (name == MK_NULL)
    return;
  switch (world_roll (w, 7))
    {
    case 0: mk_mod_refs (t->mk, name, MK_SEND, 1 + (int32_t) world_roll (w, 3)); break;
    case 1: rename_right (w, t); break;
    case 2: give_locally (w, t); break;
    case 3: use_set (w, t); break;
    case 4: mk_set_qlimit (t->mk, name, 1 + world_roll (w, MK_QLIMIT_MAX)); break;
    case 5:
      mk_request_notification (t->mk, name, MK_NOTIFY_DEAD_NAME, 0, MK_NULL, MK_NONE, &previous);
      if (previous != MK_NULL)
	mk_deallocate (t->mk, previous);
      break;
    default:
      if (!(tasks_type (t, name) & MK_TYPE_RECEIVE))
	{
	  world_trace (w, "task %u destroys its name %u", t->number, name);
	  mk_destroy_name (t->mk, name);
	  tasks_forget (t);
	}
    }
}

static struct task *
some_task (struct world *w)
{
  for (unsigned tries = 0; tries < 20; tries++)
    {
      struct world_node *n = &w->node[world_roll (w, w->options.nodes)];
      unsigned i = world_roll (w, WORLD_TASKS_MAX + 1);
      /* What a hostile node's tasks do is what it knows to speak of.  */
      if (w->options.hostile && world_roll (w, 3) == 0)
	n = &w->node[w->options.nodes - 1];
      struct task *t = i == WORLD_TASKS_MAX ? &n->root : &n->task[i];
      if (!t->used && t != &n->root)
	tasks_start (w, (unsigned) (n - w->node), t);
      if (t->used)
	return t;
    }
  return NULL;
}

static bool
crowded (struct task *t)
{
  mk_name names[WORLD_NAMES_MAX];
  return mk_names (t->mk, names, WORLD_NAMES_MAX) > WORLD_NAMES_MAX - 12;
}

void
tasks_step (struct world *w)
{
  struct task *t = some_task (w);
  if (t == NULL)
    return;
  bool root = t == &w->node[t->node].root;
  if (w->options.wide && world_roll (w, 6) == 0 && world_turn (w, TURN_WIDE))
    wide_step (w, t);
  if (w->options.returns && world_roll (w, 8) == 0 && world_turn (w, TURN_RETURN))
    tasks_want_back (w, t);
  if (!world_turn (w, TURN_TASK))
    return;
  if ((crowded (t) || world_roll (w, 400) == 0) && !root)
    {
      tasks_end (w, t);
      return;
    }
  while (root && crowded (t))
    {
      mk_name name = tasks_some_name (w, t, ~0u);
      if (tasks_is_root (w, t, name))
	break;
      if (tasks_type (t, name) & MK_TYPE_RECEIVE)
	w->port[t->names[name]].destroyed = true;
      mk_destroy_name (t->mk, name);
      tasks_forget (t);
    }
  mk_name name;
  switch (world_roll (w, 12))
    {
    case 0:
      if (mk_allocate (t->mk, MK_RECEIVE, &name) == MK_SUCCESS && name < WORLD_NAMES_MAX)
	t->names[name] = tasks_new_uid (w, t->node);
      break;
    case 1:
      name = tasks_some_name (w, t, MK_TYPE_RECEIVE);
      if (name != MK_NULL)
	mk_insert_right (t->mk, name, t->mk, name, MK_MAKE_SEND);
      break;
    case 2: drop (w, t); break;
    case 3: tasks_request (w, t); break;
    case 4: ask_root (w, t); break;
    case 5: case 6: case 7: case 8:
      name = tasks_some_name (w, t, MK_TYPE_RECEIVE);
      if (name != MK_NULL && w->now >= t->deaf_until)
	tasks_receive (w, t, name);
      break;
    default: tasks_send_something (w, t);
    }
}

bool
tasks_drain (struct world *w)
{
  bool any = false;
  for (unsigned n = 0; n < w->options.nodes; n++)
    for (unsigned i = 0; i <= WORLD_TASKS_MAX; i++)
      {
	struct task *t = i == WORLD_TASKS_MAX ? &w->node[n].root : &w->node[n].task[i];
	if (!t->used)
	  continue;
	if (t != &w->node[n].root && crowded (t))
	  {
	    tasks_end (w, t);
	    any = true;
	    continue;
	  }
	for (mk_name name = 1; name < WORLD_NAMES_MAX && !world_failed (w); name++)
	  while (t->names[name] != 0 && (tasks_type (t, name) & MK_TYPE_RECEIVE)
		 && tasks_receive (w, t, name))
	    any = true;
      }
  return any;
}
