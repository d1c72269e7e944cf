/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tasks of the model do, at random.  */
#include <stdio.h>
#include <stdlib.h>

#include "kernel.h"

struct place { int node, task; struct node *n; };

static struct place
somebody (struct world *w)
{
  int node = (int) world_random (w, NODES), task = (int) world_random (w, TASKS);
  return (struct place) { node, task, &w->nodes[node] };
}

static struct port *
pick (struct world *w, struct place at, uint8_t disposition)
{
  int count = at.n->held_count[at.task];
  if (count == 0)
    return NULL;
  int start = (int) world_random (w, (uint64_t) count);
  for (int i = 0; i < count; i++)
    {
      struct holding *h = &at.n->held[at.task][(start + i) % count];
      if (h->disposition == disposition)
	return h->port;
    }
  return NULL;
}

/* A receive right goes only to queues of lower number: two queues whose receive
   rights wait in each other are garbage, on one node as on two.  */
static bool
may_move (struct port *p, struct port *dest, struct kmsg *m)
{
  for (int i = 0; i < m->count; i++)
    if (m->rights[i].port == p && m->rights[i].disposition == WIRE_RECEIVE)
      return false;
  return p != dest && p->live && p->ghost > dest->ghost;
}

static void
add_something (struct world *w, struct place at, struct port *dest, struct kmsg *m)
{
  static const uint8_t hows[] = { COPY_SEND, COPY_SEND, COPY_SEND, MOVE_SEND,
    MAKE_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE, MOVE_RECEIVE, 0, 1 };
  uint8_t how = hows[world_random (w, sizeof hows)];
  struct port *p = NULL;
  switch (how)
    {
    case COPY_SEND: case MOVE_SEND:
      p = pick (w, at, WIRE_SEND);
      break;
    case MAKE_SEND: case MAKE_SEND_ONCE: case MOVE_RECEIVE:
      p = pick (w, at, WIRE_RECEIVE);
      break;
    case MOVE_SEND_ONCE:
      p = pick (w, at, WIRE_SEND_ONCE);
      break;
    }
  if (how >= MOVE_RECEIVE && !p)
    return;
  if (how == MOVE_RECEIVE && (p == at.n->root || !may_move (p, dest, m)))
    return;
  if ((how == MOVE_SEND_ONCE || how == MOVE_SEND) && p == dest)
    return;
  if (how == MOVE_SEND && p->ghost < NODES)
    how = COPY_SEND;
  kmsg_add (m, w, at.node, at.task, p, how);
}

static void
send_something (struct world *w, struct place at)
{
  bool once = world_random (w, 5) == 0;
  struct port *dest = pick (w, at, once ? WIRE_SEND_ONCE : WIRE_SEND);
  /* Rather to another node.  */
  for (int i = 0; i < 6 && dest && (dest->receiver != DAEMON || !dest->live); i++)
    dest = pick (w, at, once ? WIRE_SEND_ONCE : WIRE_SEND);
  if (!dest || !dest->live || (!once && port_full (dest)))
    return;
  struct kmsg *m = kmsg_new (w, at.node, at.task);
  m->used = once ? WIRE_SEND_ONCE : WIRE_SEND;
  for (uint64_t n = world_random (w, RIGHTS_PER_MESSAGE + 1); n; n--)
    add_something (w, at, dest, m);
  if (world_random (w, 3) == 0)
    m->region = 1 + (uint32_t) world_random (w, 5000);
  task_send (w, at.node, at.task, dest, m);
}

static bool
receive_something (struct world *w, struct place at)
{
  struct port *p = pick (w, at, WIRE_RECEIVE);
  for (int i = 0; i < 6 && p && !p->first; i++)
    p = pick (w, at, WIRE_RECEIVE);
  struct kmsg *m = p ? task_receive (w, at.node, at.task, p) : NULL;
  free (m);
  return m != NULL;
}

static void
drop_something (struct world *w, struct place at)
{
  uint64_t what = world_random (w, 12);
  uint8_t disposition = what == 0 ? WIRE_RECEIVE : what < 3 ? WIRE_SEND_ONCE : WIRE_SEND;
  struct port *p = pick (w, at, disposition);
  /* The roots are what keeps the nodes together.  */
  if (p && !(disposition != WIRE_SEND_ONCE && p->ghost < NODES))
    task_drop (w, at.node, at.task, p, disposition);
}

static void
ask_no_senders (struct world *w, struct place at)
{
  struct port *p = pick (w, at, WIRE_RECEIVE), *to = pick (w, at, WIRE_RECEIVE);
  if (p && to && p != to && p->live && to->live && p != at.n->root
      && p->ghost > to->ghost)
    task_request_no_senders (w, at.node, p, to);
}

void
world_user (struct world *w)
{
  struct place at = somebody (w);
  struct port *p;
  switch (world_random (w, 16))
    {
    case 0:
      if (at.n->held_count[at.task] < HOLDINGS_MAX / 4)
	{
	  p = task_allocate (w, at.node, at.task);
	  if (world_random (w, 2))
	    task_make_send (w, at.node, at.task, p);
	}
      break;
    case 1:
      p = pick (w, at, WIRE_RECEIVE);
      if (p && p->live)
	task_make_send (w, at.node, at.task, p);
      break;
    case 2: case 3: case 4: case 5: case 6: case 7: case 8:
      if (at.n->held_count[at.task] < HOLDINGS_MAX / 2)
	send_something (w, at);
      break;
    case 9: case 10: case 11: case 12:
      if (at.n->held_count[at.task] < HOLDINGS_MAX - 2 * RIGHTS_PER_MESSAGE)
	receive_something (w, at);
      break;
    case 13: case 14:
      drop_something (w, at);
      break;
    default:
      ask_no_senders (w, at);
    }
}

/* Rooms for what comes out is made by dropping copies.  */
static void
thin_out (struct world *w, struct place at)
{
  while (at.n->held_count[at.task] > HOLDINGS_MAX - 2 * RIGHTS_PER_MESSAGE)
    {
      struct port *p = pick (w, at, WIRE_SEND);
      if (!p)
	break;
      task_drop (w, at.node, at.task, p, WIRE_SEND);
    }
}

bool
world_receive_all (struct world *w)
{
  bool any = false;
  for (int node = 0; node < NODES; node++)
    for (int task = 0; task < TASKS; task++)
      {
	struct place at = { node, task, &w->nodes[node] };
	for (int i = 0; i < at.n->held_count[task]; i++)
	  {
	    struct holding h = at.n->held[task][i];
	    struct kmsg *m;
	    if (h.disposition != WIRE_RECEIVE)
	      continue;
	    while (thin_out (w, at), (m = task_receive (w, node, task, h.port)))
	      {
		free (m);
		any = true;
	      }
	  }
      }
  return any;
}

static void
drop_kind (struct world *w, uint8_t disposition)
{
  for (int node = 0; node < NODES; node++)
    for (int task = 0; task < TASKS; task++)
      {
	struct place at = { node, task, &w->nodes[node] };
	struct port *p;
	while ((p = pick (w, at, disposition)))
	  task_drop (w, node, task, p, disposition);
      }
}

static void
drain (struct world *w)
{
  do
    world_settle (w);
  while (!w->failed && world_receive_all (w));
}

static void
check_no_senders (struct world *w)
{
  for (int i = 0; i < w->ports_count; i++)
    {
      struct port *p = &w->ports[i];
      if (p->live && p->receiver >= 0 && p->no_senders && p->mscount > 0
	  && !w->ghosts[p->ghost].once_bound)
	{
	  fprintf (stderr, "queue %d: sends %d mscount %u\n", p->ghost, p->sends,
		   p->mscount);
	  FAIL (w, "no-senders was not reported");
	}
    }
}

void
world_drop_all (struct world *w)
{
  drain (w);
  if (!w->failed)
    world_check_delivered (w);
  drop_kind (w, WIRE_SEND);
  drain (w);
  drop_kind (w, WIRE_SEND_ONCE);
  drop_kind (w, WIRE_SEND);
  drain (w);
  drop_kind (w, WIRE_SEND);
  drop_kind (w, WIRE_SEND_ONCE);
  world_settle (w);
  check_no_senders (w);
  drop_kind (w, WIRE_RECEIVE);
  drain (w);
  drop_kind (w, WIRE_SEND);
  drop_kind (w, WIRE_SEND_ONCE);
  world_settle (w);
}

struct port *
task_root (struct world *w, int node, int task, int of)
{
  struct node *n = &w->nodes[node];
  uint64_t request;
  n->root_answered = false;
  if (rights_get_root (n->rights, w->now, n->session[of], &request))
    return NULL;
  world_settle (w);
  struct holding *h = &n->held[0][n->held_count[0] - 1];
  struct port *p = n->root_answered && n->held_count[0]
		   && h->disposition == WIRE_SEND ? h->port : NULL;
  if (p && task != 0)
    {
      n->held_count[0]--;
      task_hold (w, node, task, p, WIRE_SEND);
    }
  return p;
}
