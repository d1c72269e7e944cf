/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a world that has come to rest must still be able to do, whatever happened before.
   First every right that looks alive is used: what is sent by it must arrive.  Then every
   send right is dropped, while the receivers live on: nothing may be left of it on any
   node, and who wanted to know that its last sender is gone must have been told.  */
#include "sim/world/internal.h"

enum
{
  PROBES_MAX = 8192,
  BURST = 12,			/* more than any window, and than most queue limits */

};

struct probes
{
  size_t tag[PROBES_MAX];
  unsigned count;
};

typedef void visitor (struct world *, struct task *, mk_name, uint32_t type, struct probes *);

static void
each_name (struct world *w, visitor *visit, struct probes *p)
{
  for (unsigned n = 0; n < w->options.nodes; n++)
    for (unsigned i = 0; i <= WORLD_TASKS_MAX; i++)
      {
	struct task *t = i == WORLD_TASKS_MAX ? &w->node[n].root : &w->node[n].task[i];
	uint32_t type;
	for (mk_name name = 1; t->used && name < WORLD_NAMES_MAX; name++)
	  if (t->names[name] != 0 && mk_type (t->mk, name, &type) == MK_SUCCESS)
	    visit (w, t, name, type, p);
      }
}

static void
note_receiver (struct world *w, struct task *t, mk_name name, uint32_t type, struct probes *p)
{
  w->port[t->names[name]].received |= (type & MK_TYPE_RECEIVE) != 0;
}

/* Which ports a task receives from, now.  */
static void
note_receivers (struct world *w)
{
  for (size_t u = 0; u < w->ports; u++)
    w->port[u].received = false;
  each_name (w, note_receiver, NULL);
}

static void
probe (struct world *w, struct task *t, mk_name name, enum mk_disposition how, struct probes *p)
{
  struct mk_message m = { .remote = { name, how } };
  if (world_tainted (w, t->names[name]) || !w->port[t->names[name]].received
      || p->count == PROBES_MAX)
    return;
  /* A full queue refuses the rest of a burst.  */
  if (tasks_send (w, t, &m))
    p->tag[p->count++] = w->sents - 1;
}

static void
probe_send (struct world *w, struct task *t, mk_name name, uint32_t type, struct probes *p)
{
  if (type & MK_TYPE_SEND)
    probe (w, t, name, MK_COPY_SEND, p);
}

static void
probe_once (struct world *w, struct task *t, mk_name name, uint32_t type, struct probes *p)
{
  if (type & MK_TYPE_SEND_ONCE)
    probe (w, t, name, MK_MOVE_SEND_ONCE, p);
}

static void
check_probes (struct world *w, const struct probes *p)
{
  note_receivers (w);
  for (unsigned i = 0; i < p->count && !world_failed (w); i++)
    {
      const struct sent *s = &w->sent[p->tag[i]];
      if (!s->received && w->port[s->destination].received)
	world_violate (w, "R1", "the faults are over, but message %zu of task %u to the live port %u "
		       "never comes", p->tag[i], s->task, s->destination);
    }
}

static void
use_rights (struct world *w)
{
  struct probes p = { .count = 0 };
  note_receivers (w);
  if (world_turn (w, TURN_TASK))
    each_name (w, probe_once, &p);
  world_rest (w);
  check_probes (w, &p);
  p = (struct probes) { .count = 0 };
  if (world_turn (w, TURN_DO))
    for (unsigned i = 0; i < BURST; i++)
      each_name (w, probe_send, &p);
  world_rest (w);
  check_probes (w, &p);
}

static void
drop_name (struct world *w, struct task *t, mk_name name, uint32_t type, struct probes *p)
{
  mk_name previous = MK_NULL;
  uint32_t refs;
  if (type & MK_TYPE_RECEIVE)
    {
      if (!w->port[t->names[name]].requested
	  && mk_request_notification (t->mk, name, MK_NOTIFY_NO_SENDERS, 0, MK_NULL, MK_NONE,
				      &previous) == MK_SUCCESS && previous != MK_NULL)
	mk_deallocate (t->mk, previous);
      if (mk_get_refs (t->mk, name, MK_SEND, &refs) == MK_SUCCESS && refs > 0)
	mk_mod_refs (t->mk, name, MK_SEND, -(int32_t) refs);
    }
  else if (type & (MK_TYPE_SEND | MK_TYPE_SEND_ONCE | MK_TYPE_DEAD_NAME))
    mk_destroy_name (t->mk, name);
}

/* Requests that a move carried along hold rights of their own, and may wait for ever
   (ARCHITECTURE.md, R3).  */
static void
cancel_request (struct world *w, struct task *t, mk_name name, uint32_t type, struct probes *p)
{
  mk_name previous = MK_NULL;
  /* So may one for the death of a name that has become a receive right since.  */
  if (mk_request_notification (t->mk, name, MK_NOTIFY_DEAD_NAME, 0, MK_NULL, MK_NONE, &previous)
      == MK_SUCCESS && previous != MK_NULL)
    mk_deallocate (t->mk, previous);
  previous = MK_NULL;
  if (type & MK_TYPE_RECEIVE)
    tasks_cancel_return (w, t, name);
  if (!(type & MK_TYPE_RECEIVE)
      || mk_request_notification (t->mk, name, MK_NOTIFY_NO_SENDERS, 0, MK_NULL, MK_NONE, &previous)
	 != MK_SUCCESS)
    return;
  w->port[t->names[name]].requested = false;
  if (previous != MK_NULL)
    mk_deallocate (t->mk, previous);
}

static void
drop_senders (struct world *w)
{
  each_name (w, drop_name, NULL);
  for (unsigned n = 0; n < w->options.nodes; n++)
    for (unsigned i = 0; i <= WORLD_TASKS_MAX; i++)
      {
	struct task *t = i == WORLD_TASKS_MAX ? &w->node[n].root : &w->node[n].task[i];
	if (t->used)
	  tasks_forget (t);
      }
  world_rest (w);
  if (world_failed (w))
    return;
  check_at_rest (w);
  if (world_failed (w))
    return;
  each_name (w, cancel_request, NULL);
  world_rest (w);
  if (!world_failed (w))
    check_all_gone (w);
}

void
world_converge (struct world *w)
{
  use_rights (w);
  if (!world_failed (w))
    drop_senders (w);
}
