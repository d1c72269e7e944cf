/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The invariants that are looked at when the world rests (R1 and R2 are looked at in
   tasks.c, at every message).  */
#include "sim/world/internal.h"
#include "sim/kernel/check.h"

typedef void visitor (struct world *, struct task *, mk_name, uint32_t type, uid, void *);

/* Every name of every task that is of ONLY, or of any port (0).  */
static void
each_name (struct world *w, uid only, visitor *visit, void *arg)
{
  for (unsigned n = 0; n < w->options.nodes; n++)
    for (unsigned i = 0; i <= WORLD_TASKS_MAX; i++)
      {
	struct task *t = i == WORLD_TASKS_MAX ? &w->node[n].root : &w->node[n].task[i];
	for (mk_name name = 1; t->used && name < WORLD_NAMES_MAX; name++)
	  {
	    uint32_t type;
	    if (t->names[name] != 0 && (only == 0 || t->names[name] == only)
		&& mk_type (t->mk, name, &type) == MK_SUCCESS)
	      visit (w, t, name, type, t->names[name], arg);
	  }
      }
}

struct search
{
  uint32_t type;
  bool found;
  unsigned receivers;
};

static void
search_visit (struct world *w, struct task *t, mk_name name, uint32_t type, uid u, void *arg)
{
  struct search *s = arg;
  s->found |= (type & s->type) != 0;
}

static bool
anyone_has (struct world *w, uid u, uint32_t type)
{
  struct search s = { .type = type };
  each_name (w, u, search_visit, &s);
  return s.found;
}

static void
receiver_visit (struct world *w, struct task *t, mk_name name, uint32_t type, uid u, void *arg)
{
  struct search *s = arg;
  s->receivers += (type & MK_TYPE_RECEIVE) != 0;
}

unsigned
check_receivers (struct world *w, uid u)
{
  struct search s = { 0 };
  each_name (w, u, receiver_visit, &s);
  return s.receivers;
}

static bool
concerns (const struct sent *s, uid u)
{
  if (s->destination == u && s->sequence != 0)
    return true;
  for (unsigned k = 0; k < s->rights; k++)
    if (s->right[k].uid == u && !s->right[k].null && !s->right[k].once && !s->right[k].receive)
      return true;
  return false;
}

static bool
on_its_way (struct world *w, uid u)
{
  for (size_t i = 0; i < w->sents; i++)
    {
      struct sent *s = &w->sent[i];
      /* A queue that no task receives from is in a message itself: it may be one that
	 was destroyed with all that it held, as a ring of receive rights is.  */
      if (!s->received && !s->lost && concerns (s, u) && !w->port[s->destination].destroyed
	  && anyone_has (w, s->destination, MK_TYPE_RECEIVE))
	return true;
    }
  return false;
}

void
check_no_senders (struct world *w, struct task *t, mk_name name, uid u, uint32_t count)
{
  struct port_record *port = &w->port[u];
  struct mk_receive_status status;
  bool expected = port->requested;
  port->requested = false;
  world_trace (w, "node %u: no senders of port %u, count %u", t->node, u, count);
  /* A move sets the make-send count back, so counts from before and after cannot be
     told apart; a notification may have been in the queue since then.  */
  if (!expected || world_tainted (w, u) || port->moves != 0 || w->faults
      || mk_get_receive_status (t->mk, name, &status) != MK_SUCCESS)
    return;
  if (status.mscount != count)
    return;				/* rights were made since: stale, as locally */
  if (anyone_has (w, u, MK_TYPE_SEND))
    world_violate (w, "R3", "no-senders of port %u, but a task has a send right", u);
  else if (on_its_way (w, u))
    world_violate (w, "R3", "no-senders of port %u, but a right or message is on its way", u);
}

/* A request that its port goes to another one lives as long as both.  */
static void
check_return (struct world *w, uid u)
{
  uid to = w->port[u].back_to;
  if (to == 0 || w->faults || world_tainted (w, u) || world_tainted (w, to)
      || !anyone_has (w, to, MK_TYPE_RECEIVE))
    return;
  /* One that was in a message itself may have been part of a ring, which dies unheard.  */
  if (!anyone_has (w, u, MK_TYPE_RECEIVE) && w->port[to].moves == w->port[u].back_moves)
    world_violate (w, "R1", "port %u died, and did not go to port %u", u, to);
}

static void
return_visit (struct world *w, struct task *t, mk_name name, uint32_t type, uid u, void *arg)
{
  struct mk_receive_status status;
  uid to = w->port[u].back_to;
  if (to == 0 || w->faults || world_tainted (w, u) || world_tainted (w, to)
      || !(type & MK_TYPE_RECEIVE) || !anyone_has (w, to, MK_TYPE_RECEIVE))
    return;
  mk_get_receive_status (t->mk, name, &status);
  if (!status.pdrequest)
    world_violate (w, "R1", "task %u: port %u has lost its request to go to port %u", t->number, u, to);
}

static void
rest_visit (struct world *w, struct task *t, mk_name name, uint32_t type, uid u, void *arg)
{
  if (world_tainted (w, u))
    return;
  bool alive = anyone_has (w, u, MK_TYPE_RECEIVE);
  if (!alive && (type & (MK_TYPE_SEND | MK_TYPE_SEND_ONCE)))
    world_violate (w, "R5", "task %u: name %u still looks alive, but port %u is dead", t->number,
		   name, u);
  if (alive && !w->faults && (type & MK_TYPE_DEAD_NAME))
    world_violate (w, "R1", "task %u: name %u is dead, but port %u lives", t->number, name, u);
  if ((type & MK_TYPE_RECEIVE) && !(type & MK_TYPE_SEND) && w->port[u].requested
      && !anyone_has (w, u, MK_TYPE_SEND))
    {
      struct mk_receive_status status;
      mk_get_receive_status (t->mk, name, &status);
      /* The request was for makes after it: without one, silence is right.  A send-once
	 right from before a move keeps the way to the new home open, and a way counts as a
	 sender (ARCHITECTURE.md, R3).  */
      if (status.mscount > 0 && w->port[u].moves == w->port[u].moves_requested && status.nsrequest
	  && status.srights
	  && (w->port[u].moves == 0
	      || (w->port[u].back_of == 0 && !anyone_has (w, u, MK_TYPE_SEND_ONCE))))
	world_violate (w, "R3", "port %u (node %u, task %u, name %u) has no sender anywhere, and nobody "
		       "was told", u, t->node, t->number, name);
    }
}

struct dump
{
  struct world *world;
  unsigned node;
};

static void
dump_queue (void *ctx, const struct rights_queue_status *q)
{
  struct dump *d = ctx;
  world_trace (d->world, "node %u: queue (%u, %llu, %llu) place %d%s name %u proxy %u home %u: "
	       "%u holders hold %llu, received %llu, %u waiting, %u in window, %u pins", d->node,
	       q->origin.bytes[0] - 1, (unsigned long long) q->epoch,
	       (unsigned long long) q->serial, q->place, q->once ? " once" : "", q->name, q->proxy,
	       q->home.bytes[0] - 1, q->holders, (unsigned long long) q->holds,
	       (unsigned long long) q->received, q->waiting, q->in_window, q->pins);
}

void
check_dump (struct world *w)
{
  for (unsigned n = 0; n < w->options.nodes && w->options.trace != NULL; n++)
    {
      struct dump d = { w, n };
      rights_each_queue (node_engine (w->node[n].node), dump_queue, &d);
      mk_name names[256];
      size_t count = mk_names (node_task (w->node[n].node), names, 256);
      for (size_t i = 0; i < count && i < 256; i++)
	{
	  struct mk_receive_status s;
	  if (mk_get_receive_status (node_task (w->node[n].node), names[i], &s) == MK_SUCCESS)
	    world_trace (w, "node %u: netmsg: name %u: made %u, %u queued, senders %d, armed %d", n,
			 names[i], s.mscount, s.msgcount, s.srights, s.nsrequest);
	}
      for (unsigned i = 0; i <= WORLD_TASKS_MAX; i++)
	{
	  struct task *t = i == WORLD_TASKS_MAX ? &w->node[n].root : &w->node[n].task[i];
	  for (mk_name name = 1; t->used && name < WORLD_NAMES_MAX; name++)
	    {
	      uint32_t type;
	      struct mk_receive_status s = { 0 };
	      if (mk_type (t->mk, name, &type) != MK_SUCCESS)
		continue;
	      mk_get_receive_status (t->mk, name, &s);
	      world_trace (w, "node %u: task %u: name %u denotes port %u, type %x, %u queued", n,
			   t->number, name, t->names[name], type >> 16, s.msgcount);
	    }
	}
    }
}

void
check_at_rest (struct world *w)
{
  each_name (w, 0, rest_visit, NULL);
  each_name (w, 0, return_visit, NULL);
  for (size_t u = 1; u < w->ports; u++)
    check_return (w, (uid) u);
  check_hostile (w);
  for (size_t u = 1; u < w->ports && !w->faults; u++)
    if (w->port[u].said_dead && !world_tainted (w, (uid) u) && anyone_has (w, (uid) u, MK_TYPE_RECEIVE))
      world_violate (w, "R1", "a task got a dead right for the live port %zu", u);
  for (size_t i = 0; i < w->sents && !w->faults; i++)
    if (!w->sent[i].received && !w->sent[i].lost && !w->sent[i].doubtful && w->sent[i].sequence != 0
	&& !world_tainted (w, w->sent[i].destination)
	&& anyone_has (w, w->sent[i].destination, MK_TYPE_RECEIVE))
      world_violate (w, "R1", "message %zu to the live port %u never came", i,
		     w->sent[i].destination);
  for (unsigned n = 0; n < w->options.nodes; n++)
    {
      const char *books = mk_check (node_kernel (w->node[n].node));
      if (books != NULL)
	world_violate (w, "model", "node %u: %s", n, books);
      memory_check (w, n);
    }
}

void
check_all_gone (struct world *w)
{
  for (unsigned n = 0; n < w->options.nodes; n++)
    {
      struct rights_counts c;
      rights_count (node_engine (w->node[n].node), &c);
      if (c.queues + c.proxies + c.locals + c.exports + c.imports + c.tombstones + c.handoffs
	  + c.claims + c.grants + c.pins + c.messages + c.deliveries + c.message_bytes != 0)
	world_violate (w, "R4", "node %u keeps: %llu queues %llu proxies %llu locals %llu exports "
		       "%llu imports %llu tombstones %llu handoffs %llu claims %llu grants %llu pins "
		       "%llu messages", n, (unsigned long long) c.queues,
		       (unsigned long long) c.proxies, (unsigned long long) c.locals,
		       (unsigned long long) c.exports, (unsigned long long) c.imports,
		       (unsigned long long) c.tombstones, (unsigned long long) c.handoffs,
		       (unsigned long long) c.claims, (unsigned long long) c.grants,
		       (unsigned long long) c.pins, (unsigned long long) c.messages);
      mk_name names[4];
      size_t left = mk_names (node_task (w->node[n].node), names, 4);
      if (left != 1)
	world_violate (w, "R4", "node %u: netmsg keeps %zu rights", n, left - 1);
      memory_check (w, n);
    }
}
