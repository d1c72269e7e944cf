/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tasks of a world: they do every operation on rights, at random, and check
   what comes to them.  */
#include "sim/world/internal.h"

#include <stdlib.h>
#include <string.h>

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

static uint32_t
type_of (struct task *t, mk_name name)
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
    if (t->names[name] != 0 && type_of (t, name) == 0)
      t->names[name] = 0;
}

void
tasks_learn (struct world *w, struct task *t, mk_name name, uid u, bool once)
{
  if (name >= WORLD_NAMES_MAX)
    {
      /* More than the books of one task hold: it throws the right away at once.  */
      if (type_of (t, name) & MK_TYPE_RECEIVE)
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
	&& (type_of (t, other) & (MK_TYPE_SEND | MK_TYPE_RECEIVE)))
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
    if (t->names[name] != 0 && (type_of (t, name) & MK_TYPE_RECEIVE))
      w->port[t->names[name]].destroyed = true;
  mk_task_terminate (t->mk);
  t->used = false;
}

static struct flow *
flow_of (struct world *w, uint32_t task, uid destination)
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

/* --- Receiving ---------------------------------------------------------------- */

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
      if (!(type_of (t, got.name) & MK_TYPE_RECEIVE) && !port->tainted)
	world_violate (w, "R1", "task %u got no receive right for port %u", t->number,
		       expected->uid);
      port->node = t->node;
    }
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
  s->received = true;
  w->result->messages++;
  if (s->destination != u)
    world_violate (w, "R1", "message %llu for port %u came to port %u",
		   (unsigned long long) tag, s->destination, u);
  if (s->sequence != 0 && !world_tainted (w, u))
    {
      struct flow *flow = flow_of (w, s->task, u);
      if (s->sequence <= flow->received)
	world_violate (w, "R1", "port %u: message %u of task %u after message %u", u, s->sequence,
		       s->task, flow->received);
      else if (s->sequence != flow->received + 1 && !w->faults)
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

static bool
receive (struct world *w, struct task *t, mk_name name)
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
  else if (!kernel)
    check_message (w, t, name, u, &m);
  tasks_forget (t);
  return true;
}

static bool
is_root (struct world *w, struct task *t, mk_name name)
{
  struct world_node *n = &w->node[t->node];
  return t == &n->root && (name == n->root_name || (n->public_uid != 0 && name == n->public_name));
}

/* --- Sending ------------------------------------------------------------------ */

static mk_name
some_name (struct world *w, struct task *t, uint32_t types)
{
  mk_name start = 1 + world_roll (w, WORLD_NAMES_MAX - 1);
  for (mk_name i = 0; i < WORLD_NAMES_MAX - 1; i++)
    {
      mk_name name = 1 + (start + i) % (WORLD_NAMES_MAX - 1);
      if (t->names[name] != 0 && (type_of (t, name) & types))
	return name;
    }
  return MK_NULL;
}

/* A way to send the right that NAME has, at random among the valid ones.  */
static enum mk_disposition
some_disposition (struct world *w, struct task *t, mk_name name, bool may_move)
{
  uint32_t type = type_of (t, name);
  bool root = is_root (w, t, name);
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
  mk_name name = some_name (w, t, MK_TYPE_SEND | MK_TYPE_RECEIVE | MK_TYPE_SEND_ONCE);
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
  struct flow *flow = flow_of (w, t->number, u);
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

static void
send (struct world *w, struct task *t)
{
  mk_name to = some_name (w, t, MK_TYPE_SEND | MK_TYPE_SEND_ONCE);
  if (to == MK_NULL)
    return;
  bool once = type_of (t, to) & MK_TYPE_SEND_ONCE;
  struct mk_message m = { .remote = { to, once ? MK_MOVE_SEND_ONCE : MK_COPY_SEND } };
  mk_name used[WORLD_RIGHTS_MAX + 2] = { to };
  unsigned count = 1;
  m.rights = world_roll (w, WORLD_RIGHTS_MAX + 1);
  /* Honest tasks are careful with what they tell whom, or soon all were tainted.  */
  bool careful = world_tainted (w, t->names[to]) && !world_hostile (w, t->node)
    && world_roll (w, 8) != 0;
  for (unsigned i = 0; i < m.rights; i++)
    {
      m.right[i] = some_right (w, t, used, count);
      if (careful && !world_tainted (w, t->names[m.right[i].name]))
	m.right[i] = (struct mk_message_right) { MK_NULL, MK_COPY_SEND };
      used[count++] = m.right[i].name;
    }
  if (w->options.wide)
    use_arrays (w, &m);
  mk_name reply = some_name (w, t, MK_TYPE_RECEIVE);
  for (unsigned i = 0; i < count; i++)
    if (used[i] == reply)
      reply = MK_NULL;
  if (careful && !world_tainted (w, t->names[reply]))
    reply = MK_NULL;
  if (reply != MK_NULL && world_roll (w, 2))
    m.local = (struct mk_message_right) { reply, MK_MAKE_SEND_ONCE };
  tasks_send (w, t, &m);
}

/* --- Other operations ----------------------------------------------------------- */

static void
drop (struct world *w, struct task *t)
{
  mk_name name = some_name (w, t, ~0u);
  bool root = is_root (w, t, name);
  if (name == MK_NULL)
    return;
  uint32_t type = type_of (t, name);
  if ((type & MK_TYPE_RECEIVE) && !root && world_roll (w, 4) == 0)
    {
      world_trace (w, "task %u destroys port %u", t->number, t->names[name]);
      w->port[t->names[name]].destroyed = true;
      mk_mod_refs (t->mk, name, MK_RECEIVE, -1);
    }
  else
    mk_deallocate (t->mk, name);
  tasks_forget (t);
}

static void
request (struct world *w, struct task *t)
{
  mk_name name = some_name (w, t, MK_TYPE_RECEIVE | MK_TYPE_SEND), previous = MK_NULL;
  if (name == MK_NULL)
    return;
  struct port_record *port = &w->port[t->names[name]];
  if (type_of (t, name) & MK_TYPE_RECEIVE)
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
      mk_name notify = some_name (w, t, MK_TYPE_RECEIVE);
      if (notify != MK_NULL)
	mk_request_notification (t->mk, name, MK_NOTIFY_DEAD_NAME, 0, notify, MK_MAKE_SEND_ONCE,
				 &previous);
    }
  if (previous != MK_NULL)
    mk_deallocate (t->mk, previous);
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
  mk_name name = some_name (w, t, ~0u), to = 1 + world_roll (w, WORLD_NAMES_MAX - 1);
  if (name == MK_NULL || is_root (w, t, name) || mk_rename (t->mk, name, to) != MK_SUCCESS)
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
  mk_name name = some_name (w, t, MK_TYPE_SEND | MK_TYPE_RECEIVE), given;
  if (name == MK_NULL || !to->used || to == t)
    return;
  uid u = t->names[name];
  enum mk_disposition how = type_of (t, name) & MK_TYPE_SEND ? MK_COPY_SEND : MK_MAKE_SEND;
  if (mk_extract_right (t->mk, name, how, to->mk, &given) == MK_SUCCESS && given != MK_DEAD)
    tasks_learn (w, to, given, u, false);
}

/* In and out of the task's port set.  */
static void
use_set (struct world *w, struct task *t)
{
  mk_name name = some_name (w, t, MK_TYPE_RECEIVE);
  if (t->set == MK_NULL && mk_allocate (t->mk, MK_PORT_SET, &t->set) != MK_SUCCESS)
    return;
  if (name != MK_NULL)
    mk_move_member (t->mk, name, world_roll (w, 3) == 0 ? MK_NULL : t->set);
}

/* What tasks do more rarely.  */
static void
wide_step (struct world *w, struct task *t)
{
  mk_name name = some_name (w, t, MK_TYPE_SEND | MK_TYPE_RECEIVE), previous = MK_NULL;
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
      if (!(type_of (t, name) & MK_TYPE_RECEIVE))
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
  if (w->options.wide && world_roll (w, 6) == 0)
    wide_step (w, t);
  if ((crowded (t) || world_roll (w, 400) == 0) && !root)
    {
      tasks_end (w, t);
      return;
    }
  while (root && crowded (t))
    {
      mk_name name = some_name (w, t, ~0u);
      if (is_root (w, t, name))
	break;
      if (type_of (t, name) & MK_TYPE_RECEIVE)
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
      name = some_name (w, t, MK_TYPE_RECEIVE);
      if (name != MK_NULL)
	mk_insert_right (t->mk, name, t->mk, name, MK_MAKE_SEND);
      break;
    case 2: drop (w, t); break;
    case 3: request (w, t); break;
    case 4: ask_root (w, t); break;
    case 5: case 6: case 7: case 8:
      name = some_name (w, t, MK_TYPE_RECEIVE);
      if (name != MK_NULL && w->now >= t->deaf_until)
	receive (w, t, name);
      break;
    default: send (w, t);
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
	  while (t->names[name] != 0 && (type_of (t, name) & MK_TYPE_RECEIVE)
		 && receive (w, t, name))
	    any = true;
      }
  return any;
}
