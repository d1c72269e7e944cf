/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes to the tasks of a world, and that it is what must come.  */
#include "sim/world/tasks.h"

#include <string.h>

static void
check_right (struct world *w, struct task *t, const struct sent_right *expected,
	     struct mk_message_right got)
{
  if (expected->null)
    {
      if (got.name != MK_NULL)
	world_violate (w, "R1", "task %u got a right where none was sent", t->number);
      return;
    }
  struct port_record *port = &w->port[expected->uid];
  if (port->tainted && (got.name == MK_DEAD || got.name == MK_NULL))
    return;
  if (port->tainted)
    hostile_named (w, t, got.name);
  if (got.name == MK_DEAD || got.name == MK_NULL)
    {
      if (got.name == MK_NULL)
	world_violate (w, "R1", "task %u got null for port %u", t->number, expected->uid);
      /* Whether it is true is seen at rest: a receive right may have died inside a
	 message that went down with its queue.  */
      world_trace (w, "task %u got a dead right for port %u", t->number, expected->uid);
      port->said_dead = true;
      return;
    }
  tasks_learn (w, t, got.name, expected->uid, expected->once);
  if (expected->receive && got.name < WORLD_NAMES_MAX)
    {
      if (!(tasks_type (t, got.name) & MK_TYPE_RECEIVE) && !port->tainted)
	world_violate (w, "R1", "task %u got no receive right for port %u", t->number,
		       expected->uid);
      port->node = t->node;
    }
}

/* Is there one between the last that came of the same flow and S that was not destroyed?  */
static bool
missing (struct world *w, const struct sent *s, uint32_t last)
{
  uint32_t gone = 0;
  if (s->sequence == last + 1)
    return false;
  for (size_t i = 0; i < w->sents; i++)
    {
      const struct sent *other = &w->sent[i];
      gone += other->task == s->task && other->destination == s->destination && other->sequence > last
	&& other->sequence < s->sequence && (other->lost || (other->doubtful && !other->received));
    }
  return s->sequence != last + 1 + gone;
}

static void
check_message (struct world *w, struct task *t, mk_name name, uid u,
	       const struct mk_message *m)
{
  uint64_t tag;
  memcpy (&tag, m->data, sizeof tag);
  if (world_tainted (w, u)
      && (m->bytes != sizeof tag || tag >= w->sents || w->sent[tag].received
	  || w->sent[tag].destination != u || w->sent[tag].rights != m->rights))
    {
      hostile_message (w, t, m);
      return;
    }
  if (m->bytes != sizeof tag || tag >= w->sents)
    {
      world_violate (w, "R1", "task %u got a message that nobody sent", t->number);
      return;
    }
  struct sent *s = &w->sent[tag];
  world_trace (w, "node %u: task %u received message %llu at port %u", t->node, t->number,
	       (unsigned long long) tag, u);
  if (s->received)
    world_violate (w, "R1", "message %llu was received twice", (unsigned long long) tag);
  if (s->lost)
    world_violate (w, "R1", "message %llu came, and what it carries came back as if it were destroyed",
		   (unsigned long long) tag);
  s->received = true;
  w->result->messages++;
  if (s->destination != u)
    world_violate (w, "R1", "message %llu for port %u came to port %u",
		   (unsigned long long) tag, s->destination, u);
  if (s->sequence != 0 && !world_tainted (w, u))
    {
      struct flow *flow = tasks_flow (w, s->task, u);
      if (s->sequence <= flow->received)
	world_violate (w, "R1", "port %u: message %u of task %u after message %u", u, s->sequence,
		       s->task, flow->received);
      else if (missing (w, s, flow->received) && !w->faults)
	world_violate (w, "R1", "port %u: message %u of task %u never came", u,
		       flow->received + 1, s->task);
      flow->received = s->sequence;
    }
  if (m->rights != s->rights)
    {
      world_violate (w, "R1", "message %llu lost rights", (unsigned long long) tag);
      return;
    }
  for (unsigned i = 0; i < s->rights; i++)
    {
      if (m->right[i].array != s->right[i].array && !world_tainted (w, u))
	world_violate (w, "R1", "message %llu: a right came out of line, or no more",
		       (unsigned long long) tag);
      check_right (w, t, &s->right[i], m->right[i]);
    }
  check_right (w, t, &s->reply, m->remote);
}

bool
tasks_receive (struct world *w, struct task *t, mk_name name)
{
  struct mk_message m;
  enum mk_result result = mk_receive (t->mk, name, &m);
  if (result == MK_RCV_IN_SET)
    result = mk_receive (t->mk, t->set, &m);
  if (result != MK_SUCCESS)
    return false;
  uid u = t->names[m.local.name];
  /* By its size: one that followed a moved port arrives by a send right.  */
  bool kernel = m.bytes != sizeof (uint64_t);
  if (kernel && world_tainted (w, u))
    hostile_message (w, t, &m);
  else if (kernel && m.id == MK_NOTIFY_NO_SENDERS)
    {
      uint32_t count;
      memcpy (&count, m.data, sizeof count);
      check_no_senders (w, t, m.local.name, u, count);
    }
  else if (kernel && m.id == MK_NOTIFY_DEAD_NAME)
    {
      mk_name dead;
      memcpy (&dead, m.data, sizeof dead);
      mk_deallocate (t->mk, dead);
    }
  else if (kernel && m.id == MK_NOTIFY_PORT_DESTROYED)
    tasks_came_back (w, t, u, &m);
  else if (!kernel)
    check_message (w, t, name, u, &m);
  tasks_forget (t);
  return true;
}
