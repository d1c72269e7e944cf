/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tasks' requests for notifications, and receive rights that come back by one.

   A port whose receive right is destroyed goes, if that was requested, to another port in a
   notification.  The world remembers where to, so whoever gets it knows what it is: at any
   time a port waits for one other at most.  */
#include "sim/world/tasks.h"

void
tasks_request (struct world *w, struct task *t)
{
  mk_name name = tasks_some_name (w, t, MK_TYPE_RECEIVE | MK_TYPE_SEND), previous = MK_NULL;
  if (name == MK_NULL)
    return;
  struct port_record *port = &w->port[t->names[name]];
  if (tasks_type (t, name) & MK_TYPE_RECEIVE)
    {
      struct mk_receive_status status;
      mk_get_receive_status (t->mk, name, &status);
      if (mk_request_notification (t->mk, name, MK_NOTIFY_NO_SENDERS, status.mscount + 1, name,
				   MK_MAKE_SEND_ONCE, &previous) == MK_SUCCESS)
	{
	  port->requested = true;
	  port->moves_requested = port->moves;
	}
    }
  else
    {
      mk_name notify = tasks_some_name (w, t, MK_TYPE_RECEIVE);
      if (notify != MK_NULL)
	mk_request_notification (t->mk, name, MK_NOTIFY_DEAD_NAME, 0, notify, MK_MAKE_SEND_ONCE,
				 &previous);
    }
  if (previous != MK_NULL)
    mk_deallocate (t->mk, previous);
}

/* --- Receive rights that come back --------------------------------------------------- */

static void
forget_return (struct world *w, uid u)
{
  w->port[w->port[u].back_to].back_of = 0;
  w->port[u].back_to = 0;
}

void
tasks_cancel_return (struct world *w, struct task *t, mk_name name)
{
  mk_name previous = MK_NULL;
  uid u = t->names[name];
  if (mk_request_notification (t->mk, name, MK_NOTIFY_PORT_DESTROYED, 0, MK_NULL, MK_NONE, &previous)
      != MK_SUCCESS)
    return;
  if (w->port[u].back_to != 0)
    world_trace (w, "task %u does not want port %u to go to port %u any more", t->number, u,
		 w->port[u].back_to);
  if (w->port[u].back_to != 0)
    forget_return (w, u);
  if (previous != MK_NULL && previous != MK_DEAD)
    mk_deallocate (t->mk, previous);
}

/* The port TO, by a right that T makes of it or uses up, is to get the port U.  */
static void
request_return (struct world *w, struct task *t, mk_name name, mk_name notify)
{
  uid u = t->names[name], to = t->names[notify];
  enum mk_disposition how = tasks_type (t, notify) & MK_TYPE_RECEIVE ? MK_MAKE_SEND_ONCE
    : MK_MOVE_SEND_ONCE;
  mk_name previous = MK_NULL;
  /* A ring of the two would die, and nobody be told.  */
  if (u == to || w->port[to].back_of != 0 || w->port[to].back_to == u)
    return;
  if (mk_request_notification (t->mk, name, MK_NOTIFY_PORT_DESTROYED, 0, notify, how, &previous)
      != MK_SUCCESS)
    return;
  world_trace (w, "node %u: task %u wants port %u to go to port %u when it is destroyed", t->node,
	       t->number, u, to);
  if (previous != MK_NULL && previous != MK_DEAD)
    world_violate (w, "R1", "port %u had a port-destroyed request that nobody made", u);
  w->port[u].back_to = to;
  w->port[u].back_moves = w->port[to].moves;
  w->port[to].back_of = u;
  if (world_tainted (w, to))
    world_taint (w, u);
}

/* A receive right of T's that goes to another port, or MK_NULL.  */
static mk_name
wanted_back (struct world *w, struct task *t)
{
  mk_name start = world_roll (w, WORLD_NAMES_MAX);
  for (mk_name i = 0; i < WORLD_NAMES_MAX; i++)
    {
      mk_name name = (start + i) % WORLD_NAMES_MAX;
      if (w->port[t->names[name]].back_to != 0 && (tasks_type (t, name) & MK_TYPE_RECEIVE))
	return name;
    }
  return MK_NULL;
}

static void
let_go (struct world *w, struct task *t, mk_name name)
{
  world_trace (w, "task %u destroys port %u, which goes to port %u", t->number, t->names[name],
	       w->port[t->names[name]].back_to);
  w->port[t->names[name]].destroyed = true;
  mk_destroy_name (t->mk, name);
}

void
tasks_want_back (struct world *w, struct task *t)
{
  unsigned what = world_roll (w, 6);
  mk_name name = what < 3 ? wanted_back (w, t) : tasks_some_name (w, t, MK_TYPE_RECEIVE);
  mk_name notify = tasks_some_name (w, t, world_roll (w, 2) ? MK_TYPE_SEND_ONCE : MK_TYPE_RECEIVE);
  if (name == MK_NULL || tasks_is_root (w, t, name))
    return;
  uid u = t->names[name];
  if (what < 2)
    let_go (w, t, name);
  else if (w->port[u].back_to != 0)
    tasks_cancel_return (w, t, name);
  else if (notify != MK_NULL && world_tainted (w, u) == world_tainted (w, t->names[notify]))
    request_return (w, t, name, notify);
  tasks_forget (t);
}

/* U was destroyed.  So was the message that carried it, if one did: with its queue, or because
   it closed a ring of receive rights.  And one to U itself that carries a receive right may
   have closed the ring.  */
static void
lose_messages (struct world *w, uid u)
{
  for (size_t i = 0; i < w->sents; i++)
    for (unsigned k = 0; k < w->sent[i].rights; k++)
      {
	struct sent *s = &w->sent[i];
	if (s->received || !s->right[k].receive)
	  continue;
	s->lost |= s->right[k].uid == u;
	s->doubtful |= s->destination == u;
      }
}

void
tasks_came_back (struct world *w, struct task *t, uid to, const struct mk_message *m)
{
  uid u = w->port[to].back_of;
  mk_name name = m->rights == 1 ? m->right[0].name : MK_NULL;
  if (u == 0 || m->rights != 1 || m->right[0].disposition != MK_MOVE_RECEIVE)
    {
      world_violate (w, "R1", "a port came back to port %u, which waited for none", to);
      return;
    }
  world_trace (w, "node %u: task %u has port %u back, at port %u", t->node, t->number, u, to);
  forget_return (w, u);
  if (name == MK_NULL || name == MK_DEAD)
    {
      /* On its way it was lost with a node.  */
      if (!w->faults && !world_tainted (w, u))
	world_violate (w, "R1", "port %u came back dead", u);
      return;
    }
  if (world_tainted (w, u))
    hostile_named (w, t, name);
  /* Its make-send count has been set back, as by a move.  */
  w->port[u].moves++;
  w->port[u].destroyed = false;
  lose_messages (w, u);
  tasks_learn (w, t, name, u, false);
  if (name >= WORLD_NAMES_MAX)
    return;
  w->port[u].node = t->node;
  if (check_receivers (w, u) != 1 && !world_tainted (w, u))
    world_violate (w, "R2", "port %u came back from its death, and now %u tasks receive from it", u,
		   check_receivers (w, u));
}
