/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the tasks of a world, with random rights.  */
#include "sim/world/tasks.h"

#include <stdlib.h>
#include <string.h>

struct flow *
tasks_flow (struct world *w, uint32_t task, uid destination)
{
  /* Who spoke last speaks next.  */
  for (size_t i = w->flows; i-- > 0;)
    if (w->flow[i].task == task && w->flow[i].destination == destination)
      return &w->flow[i];
  if (w->flows == w->flows_room)
    {
      w->flows_room = w->flows_room * 2 + 64;
      w->flow = realloc (w->flow, w->flows_room * sizeof *w->flow);
      dr_assert (w->flow != NULL);
    }
  w->flow[w->flows] = (struct flow) { task, destination, 0, 0 };
  return &w->flow[w->flows++];
}

static uint64_t
new_tag (struct world *w)
{
  if (w->sents == w->sents_room)
    {
      w->sents_room = w->sents_room * 2 + 256;
      w->sent = realloc (w->sent, w->sents_room * sizeof *w->sent);
      dr_assert (w->sent != NULL);
    }
  memset (&w->sent[w->sents], 0, sizeof *w->sent);
  return w->sents++;
}

/* A way to send the right that NAME has, at random among the valid ones.  */
static enum mk_disposition
some_disposition (struct world *w, struct task *t, mk_name name, bool may_move)
{
  uint32_t type = tasks_type (t, name);
  bool root = tasks_is_root (w, t, name);
  for (unsigned tries = 0; tries < 20; tries++)
    switch (world_roll (w, 6))
      {
      case 0: if (type & MK_TYPE_SEND) return MK_COPY_SEND; break;
      case 1: if ((type & MK_TYPE_SEND) && may_move) return MK_MOVE_SEND; break;
      case 2: if (type & MK_TYPE_RECEIVE) return MK_MAKE_SEND; break;
      case 3: if (type & MK_TYPE_RECEIVE) return MK_MAKE_SEND_ONCE; break;
      case 4: if ((type & MK_TYPE_SEND_ONCE) && may_move) return MK_MOVE_SEND_ONCE; break;
      case 5:
	if ((type & MK_TYPE_RECEIVE) && may_move && !root && w->options.moves
	    && world_roll (w, 3) == 0)
	  return MK_MOVE_RECEIVE;
	break;
      }
  return MK_NONE;
}

static struct mk_message_right
some_right (struct world *w, struct task *t, const mk_name *used, unsigned count)
{
  struct mk_message_right right = { MK_NULL, MK_COPY_SEND };
  mk_name name = tasks_some_name (w, t, MK_TYPE_SEND | MK_TYPE_RECEIVE | MK_TYPE_SEND_ONCE);
  for (unsigned i = 0; i < count; i++)
    if (used[i] == name)
      name = MK_NULL;			/* one right a name and message: simple to follow */
  if (name == MK_NULL || world_roll (w, 10) == 0)
    return right;
  enum mk_disposition d = some_disposition (w, t, name, true);
  return d == MK_NONE ? right : (struct mk_message_right) { name, d };
}

static struct sent_right
record_of (struct task *t, struct mk_message_right right)
{
  if (right.name == MK_NULL)
    return (struct sent_right) { .null = true, .array = right.array };
  return (struct sent_right) {
    .array = right.array,
    .uid = t->names[right.name],
    .once = right.disposition == MK_MAKE_SEND_ONCE || right.disposition == MK_MOVE_SEND_ONCE,
    .receive = right.disposition == MK_MOVE_RECEIVE,
  };
}

bool
tasks_send (struct world *w, struct task *t, struct mk_message *m)
{
  bool once = m->remote.disposition == MK_MOVE_SEND_ONCE;
  uid u = t->names[m->remote.name];
  uint64_t tag = new_tag (w);
  struct sent record = { .task = t->number, .destination = u, .rights = (unsigned) m->rights,
			 .reply = record_of (t, m->local) };
  for (unsigned i = 0; i < record.rights; i++)
    record.right[i] = record_of (t, m->right[i]);
  m->id = 500;
  m->bytes = sizeof tag;
  memcpy (m->data, &tag, sizeof tag);
  struct flow *flow = tasks_flow (w, t->number, u);
  if (mk_send (t->mk, m) != MK_SUCCESS)
    {
      w->sents--;
      return false;
    }
  if (!once)
    record.sequence = ++flow->sent;
  for (unsigned i = 0; i < record.rights; i++)
    if (record.right[i].receive)
      {
	w->port[record.right[i].uid].moves++;
	w->port_moves++;
      }
  w->sent[tag] = record;
  hostile_sent (w, &record);
  world_trace (w, "node %u: task %u sent message %llu to port %u%s", t->node, t->number,
	       (unsigned long long) tag, u, once ? ", once" : "");
  for (unsigned i = 0; i <= record.rights; i++)
    {
      struct sent_right r = i < record.rights ? record.right[i] : record.reply;
      if (!r.null)
	world_trace (w, "  with a %s right to port %u%s", r.receive ? "receive"
		     : r.once ? "send-once" : "send", r.uid, i < record.rights ? "" : ", to reply");
    }
  tasks_forget (t);
  return true;
}

/* Some of the rights go out of line: neighbours that are sent alike in one array.  */
static void
use_arrays (struct world *w, struct mk_message *m)
{
  uint8_t arrays = 0;
  for (size_t i = 0; i < m->rights; i++)
    if (world_roll (w, 3) == 0)
      m->right[i].array = i > 0 && m->right[i - 1].array != 0
	&& m->right[i - 1].disposition == m->right[i].disposition ? arrays : ++arrays;
}

void
tasks_send_something (struct world *w, struct task *t)
{
  mk_name to = tasks_some_name (w, t, MK_TYPE_SEND | MK_TYPE_SEND_ONCE);
  if (to == MK_NULL)
    return;
  bool once = tasks_type (t, to) & MK_TYPE_SEND_ONCE;
  struct mk_message m = { .remote = { to, once ? MK_MOVE_SEND_ONCE : MK_COPY_SEND } };
  mk_name used[WORLD_RIGHTS_MAX + 2] = { to };
  unsigned count = 1;
  m.rights = world_roll (w, WORLD_RIGHTS_MAX + 1);
  /* Honest tasks are careful with what they tell whom, or soon all were tainted.  */
  bool careful = world_tainted (w, t->names[to]) && !world_hostile (w, t->node)
    && world_roll (w, 8) != 0;
  for (unsigned i = 0; i < m.rights; i++)
    {
      m.right[i] = world_turn (w, TURN_RIGHT + i) ? some_right (w, t, used, count)
	: (struct mk_message_right) { MK_NULL, MK_COPY_SEND };
      if (careful && !world_tainted (w, t->names[m.right[i].name]))
	m.right[i] = (struct mk_message_right) { MK_NULL, MK_COPY_SEND };
      used[count++] = m.right[i].name;
    }
  if (w->options.wide && world_turn (w, TURN_ARRAY))
    use_arrays (w, &m);
  if (!world_turn (w, TURN_REPLY))
    {
      tasks_send (w, t, &m);
      return;
    }
  mk_name reply = tasks_some_name (w, t, MK_TYPE_RECEIVE);
  for (unsigned i = 0; i < count; i++)
    if (used[i] == reply)
      reply = MK_NULL;
  if (careful && !world_tainted (w, t->names[reply]))
    reply = MK_NULL;
  if (reply != MK_NULL && world_roll (w, 2))
    m.local = (struct mk_message_right) { reply, MK_MAKE_SEND_ONCE };
  tasks_send (w, t, &m);
}
