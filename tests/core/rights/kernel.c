/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model kernel: ports and what tasks do with them.  */
#include "kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t
world_random (struct world *w, uint64_t below)
{
  uint64_t z = (w->random += UINT64_C (0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C (0x94d049bb133111eb);
  z ^= z >> 31;
  return below ? z % below : z;
}

struct port *
port_new (struct world *w, int node, int receiver)
{
  if (w->ports_count == PORTS_MAX)
    {
      fprintf (stderr, "model: too many ports\n");
      abort ();
    }
  struct port *p = &w->ports[w->ports_count++];
  memset (p, 0, sizeof *p);
  p->live = true;
  p->node = node;
  p->receiver = receiver;
  p->ghost = -1;
  p->limit = QLIMIT;
  return p;
}

static struct kmsg *
notification (uint8_t kind, uint32_t mscount)
{
  struct kmsg *m = calloc (1, sizeof *m);
  m->kind = kind;
  m->used = WIRE_SEND_ONCE;
  m->mscount = mscount;
  m->ghost = -1;
  return m;
}

void
port_enqueue (struct world *w, struct port *p, struct kmsg *m)
{
  struct kmsg **at = &p->first;
  if (!p->live)
    {
      kmsg_destroy (w, m);
      return;
    }
  while (*at)
    at = &(*at)->next;
  *at = m;
  m->next = NULL;
  p->queued++;
}

struct kmsg *
port_dequeue (struct port *p)
{
  struct kmsg *m = p->first;
  if (m)
    {
      p->first = m->next;
      p->queued--;
    }
  return m;
}

/* A send-once right is used for a notification.  */
static void
notify (struct world *w, struct port *to, struct kmsg *m)
{
  to->onces--;
  port_enqueue (w, to, m);
}

void
right_make (struct kright *k, struct port *p, uint8_t disposition)
{
  memset (k, 0, sizeof *k);
  k->disposition = disposition;
  k->ghost = p ? p->ghost : -1;
  if (!p)
    return;
  if (!p->live)
    {
      k->dead = true;
      return;
    }
  k->port = p;
  if (disposition == WIRE_SEND)
    p->sends++;
  else if (disposition == WIRE_SEND_ONCE)
    p->onces++;
}

void
port_check_senders (struct world *w, struct port *p, uint32_t sync)
{
  if (p->live && p->no_senders && p->sends == 0 && sync <= p->mscount)
    {
      struct port *to = p->no_senders;
      p->no_senders = NULL;
      struct kmsg *m = notification (NO_SENDERS, p->mscount);
      m->about = p;
      if (to != p)
	{
	  m->ghost = p->ghost;
	  m->seq = w->ghosts[p->ghost].makes;
	}
      notify (w, to, m);
    }
}

void
port_kill (struct world *w, struct port *p)
{
  struct kmsg *m;
  if (!p->live)
    return;
  p->live = false;
  if (p->no_senders)
    {
      p->no_senders->onces--;
      port_enqueue (w, p->no_senders, notification (SEND_ONCE_GONE, 0));
      p->no_senders = NULL;
    }
  if (p->port_destroyed)
    {
      p->port_destroyed->onces--;
      port_enqueue (w, p->port_destroyed, notification (SEND_ONCE_GONE, 0));
      p->port_destroyed = NULL;
    }
  daemon_port_died (w, p);
  while ((m = port_dequeue (p)))
    kmsg_destroy (w, m);
}

void
right_drop (struct world *w, struct kright *k)
{
  struct port *p = k->port;
  k->port = NULL;
  if (!p || !p->live)
    return;
  switch (k->disposition)
    {
    case WIRE_SEND:
      p->sends--;
      if (p->sends == 0)
	port_check_senders (w, p, 0);
      break;
    case WIRE_SEND_ONCE:
      p->onces--;
      port_enqueue (w, p, notification (SEND_ONCE_GONE, 0));
      break;
    case WIRE_RECEIVE:
      if (k->ghost >= 0)
	w->ghosts[k->ghost].destroyed = true;
      port_kill (w, p);
      break;
    }
}

void
kmsg_destroy (struct world *w, struct kmsg *m)
{
  for (int i = 0; i < m->count; i++)
    right_drop (w, &m->rights[i]);
  right_drop (w, &m->reply);
  free (m);
}

bool
port_full (const struct port *p)
{
  return p->queued >= (int) p->limit;
}

/* --- Tasks ------------------------------------------------------------------- */

static struct holding *
holding_find (struct world *w, int node, int task, struct port *p,
	      uint8_t disposition)
{
  struct node *n = &w->nodes[node];
  for (int i = 0; i < n->held_count[task]; i++)
    if (n->held[task][i].port == p && n->held[task][i].disposition == disposition)
      return &n->held[task][i];
  return NULL;
}

bool
task_has (struct world *w, int node, int task, struct port *p, uint8_t disposition)
{
  return holding_find (w, node, task, p, disposition) != NULL;
}

void
task_hold (struct world *w, int node, int task, struct port *p, uint8_t disposition)
{
  struct node *n = &w->nodes[node];
  if (n->held_count[task] == HOLDINGS_MAX)
    {
      fprintf (stderr, "model: too many holdings\n");
      abort ();
    }
  n->held[task][n->held_count[task]++] = (struct holding) { p, disposition, p->ghost };
  if (disposition == WIRE_RECEIVE)
    p->receiver = task;
}

static void
unhold (struct world *w, int node, int task, struct port *p, uint8_t disposition)
{
  struct node *n = &w->nodes[node];
  struct holding *h = holding_find (w, node, task, p, disposition);
  if (!h)
    abort ();
  *h = n->held[task][--n->held_count[task]];
}

struct port *
task_allocate (struct world *w, int node, int task)
{
  struct port *p = port_new (w, node, task);
  if (w->ghosts_count == GHOSTS_MAX)
    abort ();
  p->ghost = w->ghosts_count++;
  w->ghosts[p->ghost].used = true;
  task_hold (w, node, task, p, WIRE_RECEIVE);
  return p;
}

void
task_make_send (struct world *w, int node, int task, struct port *p)
{
  struct kright k;
  p->mscount++;
  if (p->ghost >= 0)
    w->ghosts[p->ghost].makes++;
  right_make (&k, p, WIRE_SEND);
  task_hold (w, node, task, p, WIRE_SEND);
}

void
task_drop (struct world *w, int node, int task, struct port *p, uint8_t disposition)
{
  struct kright k = { p, false, disposition, p->ghost };
  unhold (w, node, task, p, disposition);
  right_drop (w, &k);
}

struct kmsg *
kmsg_new (struct world *w, int node, int task)
{
  struct kmsg *m = calloc (1, sizeof *m);
  m->sender = node * TASKS + task;
  m->used = WIRE_SEND;
  m->reply.ghost = -1;
  return m;
}

void
kmsg_add (struct kmsg *m, struct world *w, int node, int task, struct port *p,
	  uint8_t how)
{
  struct kright *k = &m->rights[m->count++];
  switch (how)
    {
    case COPY_SEND:
      right_make (k, p, WIRE_SEND);
      break;
    case MAKE_SEND:
      p->mscount++;
      if (p->ghost >= 0)
	w->ghosts[p->ghost].makes++;
      right_make (k, p, WIRE_SEND);
      break;
    case MAKE_SEND_ONCE:
      right_make (k, p, WIRE_SEND_ONCE);
      break;
    case MOVE_SEND:
      right_make (k, p, WIRE_SEND);
      if (p->live)
	p->sends--;
      unhold (w, node, task, p, WIRE_SEND);
      break;
    case MOVE_SEND_ONCE:
      right_make (k, p, WIRE_SEND_ONCE);
      if (p->live)
	p->onces--;
      unhold (w, node, task, p, WIRE_SEND_ONCE);
      break;
    case MOVE_RECEIVE:
      memset (k, 0, sizeof *k);
      k->disposition = WIRE_RECEIVE;
      k->ghost = p->ghost;
      k->port = p;
      w->ghosts[p->ghost].moved = true;
      p->receiver = NOWHERE;
      p->mscount = 0;
      unhold (w, node, task, p, WIRE_RECEIVE);
      break;
    default:
      k->disposition = WIRE_SEND;
      k->ghost = -1;
      k->dead = how == 1;
      break;
    }
}

/* M is gone afterwards, also on failure (a full queue or a dead port).  */
bool
task_send (struct world *w, int node, int task, struct port *dest, struct kmsg *m)
{
  bool once = m->used == WIRE_SEND_ONCE;
  if (!dest->live || (!once && port_full (dest)))
    {
      kmsg_destroy (w, m);
      return false;
    }
  m->ghost = dest->ghost;
  m->seq = ++w->seq[m->sender];
  w->ghosts[m->ghost].sent++;
  m->by_once = once;
  if (once)
    {
      unhold (w, node, task, dest, WIRE_SEND_ONCE);
      dest->onces--;
    }
  port_enqueue (w, dest, m);
  return true;
}

/* A right reaches a task: equal queues, equal ports.  */
static void
check_right (struct world *w, struct kright *k, int node)
{
  struct port *p = k->port;
  if (!p || k->ghost < 0)
    return;
  struct ghost *g = &w->ghosts[k->ghost];
  if (k->disposition == WIRE_SEND_ONCE)
    {
      if (p->ghost < 0)
	p->ghost = k->ghost;
      return;
    }
  if (p->ghost < 0)
    p->ghost = k->ghost;
  if (p->ghost != k->ghost)
    FAIL (w, "a right names another queue");
  if (k->disposition == WIRE_SEND && g->fired && g->makes == g->fired_makes && p->live)
    FAIL (w, "a send right arrived after no-senders");
  for (int i = 0; i < w->ports_count; i++)
    {
      struct port *q = &w->ports[i];
      if (q != p && q->live && q->node == node && q->ghost == k->ghost
	  && q->sends + (q->receiver >= 0) > 0 && !w->faults)
	{
	  bool once_only = q->sends == 0 && q->receiver < 0;
	  if (!once_only)
	    FAIL (w, "two names for one queue");
	}
    }
}

static bool
live_senders (struct world *w, int ghost)
{
  for (int n = 0; n < NODES; n++)
    for (int t = 0; t < TASKS; t++)
      for (int i = 0; i < w->nodes[n].held_count[t]; i++)
	{
	  struct holding *h = &w->nodes[n].held[t][i];
	  if (h->disposition == WIRE_SEND && h->port->live && h->port->ghost == ghost)
	    return true;
	}
  return false;
}

static void
accept (struct world *w, int node, int task, struct kright *k)
{
  if (k->port && !k->port->live)
    {
      k->port = NULL;
      k->dead = true;
    }
  check_right (w, k, node);
  if (k->port)
    task_hold (w, node, task, k->port, k->disposition);
}

struct kmsg *
task_receive (struct world *w, int node, int task, struct port *p)
{
  struct kmsg *m = port_dequeue (p);
  if (!m)
    return NULL;
  if (m->kind == NO_SENDERS)
    {
      if (m->ghost < 0)
	return m;
      struct ghost *g = &w->ghosts[m->ghost];
      if (g->makes == m->seq && live_senders (w, m->ghost) && !w->faults)
	FAIL (w, "no-senders while there are senders");
      g->fired = true;
      g->fired_makes = m->seq;
      return m;
    }
  if (m->kind != PLAIN)
    return m;
  if (m->ghost != p->ghost)
    FAIL (w, "a message reached another queue");
  struct ghost *g = &w->ghosts[p->ghost];
  /* Messages by a send-once right take their own way.  */
  if (!m->by_once && m->seq <= g->last_seq[m->sender])
    {
      fprintf (stderr, "queue %d at node %d: task %d: %llu after %llu\n", p->ghost, node,
	       m->sender, (unsigned long long) m->seq,
	       (unsigned long long) g->last_seq[m->sender]);
      FAIL (w, "out of order, or twice");
    }
  if (!m->by_once)
    g->last_seq[m->sender] = m->seq;
  g->received++;
  for (int i = 0; i < m->count; i++)
    accept (w, node, task, &m->rights[i]);
  if (m->reply.port || m->reply.dead)
    accept (w, node, task, &m->reply);
  return m;
}

void
task_request_no_senders (struct world *w, int node, struct port *p,
			 struct port *notify_port)
{
  struct kright k;
  if (p->no_senders)
    return;
  right_make (&k, notify_port, WIRE_SEND_ONCE);
  p->no_senders = notify_port;
  w->ghosts[p->ghost].wants = true;
  port_check_senders (w, p, 1);
}
