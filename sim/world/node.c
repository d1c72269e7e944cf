/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/node.h"
#include "sim/kernel/check.h"
#include "sim/world/translate.h"

#include <stdlib.h>
#include <string.h>

struct proxy
{
  uint32_t number;
  mk_name name;
  /* Where its no-senders notification goes: to the proxy itself, behind its messages.
     A proxy that was adopted may be sent notifications that are meant for its old
     receiver, so it has a port of its own for ours.  */
  mk_name notify;
  bool once, paused;
  /* The engine had no room for a message that was taken off: nothing else may be
     received from this proxy before it has been taken.  */
  struct translated *stalled;
  bool closing;
};

struct delivery
{
  struct delivery *next;
  struct rights_action action;
  bool installed;		/* the receive rights in it have their state */
  bool taken;			/* the queue was full: the rights are in `held`, as the
				   kernel takes them before it makes a sender wait */
  struct mk_message held;
};

struct node
{
  struct node_world world;
  struct dr_alloc alloc;
  struct mk *kernel;
  struct mk_task *task;
  struct rights *engine;
  mk_name notify;
  struct proxy *proxy;
  size_t proxies, room;
  struct delivery *deliveries;
  uint64_t events;			/* calls into the engine, and actions out of it */
};

static void
wrong (struct node *node, const char *what)
{
  node->world.wrong (node->world.ctx, node, what);
}

#define trace(node, ...) ((node)->world.trace ((node)->world.ctx, (node), __VA_ARGS__))

struct node *
node_create (const struct node_world *world, const struct rights_config *config,
	     const struct dr_alloc *alloc)
{
  struct node *node = calloc (1, sizeof *node);
  dr_assert (node != NULL);
  node->world = *world;
  node->alloc = *alloc;
  node->kernel = mk_create ();
  node->task = mk_task_create (node->kernel);
  enum dr_status status = rights_create (config, alloc, &node->engine);
  dr_assert (status == DR_OK);
  mk_allocate (node->task, MK_RECEIVE, &node->notify);
  return node;
}

static void
drop_translated (struct translated *t)
{
  if (t == NULL)
    return;
  dr_buf_drop (t->wire.body.buf);
  free (t);
}

void
node_destroy (struct node *node)
{
  for (struct delivery *d; (d = node->deliveries) != NULL;)
    {
      node->deliveries = d->next;
      node->events++;
      rights_delivered (node->engine, UINT64_MAX / 2, d->action.ticket, RIGHTS_UNDELIVERABLE);
      free (d);
    }
  for (size_t i = 0; i < node->proxies; i++)
    drop_translated (node->proxy[i].stalled);
  rights_destroy (node->engine);
  mk_destroy (node->kernel);
  free (node->proxy);
  free (node);
}

struct mk *node_kernel (struct node *node) { return node->kernel; }
struct mk_task *node_task (struct node *node) { return node->task; }
struct rights *node_engine (struct node *node) { return node->engine; }
uint64_t node_events (const struct node *node) { return node->events; }

static struct proxy *
by_number (struct node *node, uint32_t number)
{
  for (size_t i = 0; i < node->proxies; i++)
    if (node->proxy[i].number == number)
      return &node->proxy[i];
  return NULL;
}

static struct proxy *
by_name (struct node *node, mk_name name)
{
  for (size_t i = 0; i < node->proxies; i++)
    if (node->proxy[i].name == name)
      return &node->proxy[i];
  return NULL;
}

static void
add_proxy (struct node *node, struct proxy proxy)
{
  if (by_number (node, proxy.number) != NULL)
    wrong (node, "a proxy's number was used twice");
  if (node->proxies == node->room)
    {
      node->room = node->room * 2 + 8;
      node->proxy = realloc (node->proxy, node->room * sizeof *node->proxy);
      dr_assert (node->proxy != NULL);
    }
  node->proxy[node->proxies++] = proxy;
}

static void
forget_proxy (struct node *node, struct proxy *proxy)
{
  drop_translated (proxy->stalled);
  if (proxy->notify != proxy->name)
    mk_mod_refs (node->task, proxy->notify, MK_RECEIVE, -1);
  *proxy = node->proxy[--node->proxies];
}

static void
arm (struct node *node, struct proxy *proxy, uint32_t sync)
{
  mk_name previous;
  if (mk_request_notification (node->task, proxy->name, MK_NOTIFY_NO_SENDERS, sync, proxy->notify,
			       MK_MAKE_SEND_ONCE, &previous) != MK_SUCCESS)
    wrong (node, "no-senders cannot be requested");
  else if (previous != MK_NULL)
    mk_deallocate (node->task, previous);
}

/* --- From the kernel to the engine ------------------------------------------ */

/* The send-once right of one notification request of a received receive right.  */
static struct wire_right
take_request (struct node *node, mk_name name, int32_t id)
{
  struct wire_right right = { .disposition = WIRE_SEND_ONCE };
  mk_name previous = MK_NULL;
  mk_request_notification (node->task, name, id, 0, MK_NULL, MK_NONE, &previous);
  if (previous != MK_NULL && previous != MK_DEAD)
    {
      right.reference = WIRE_LOCAL;
      right.name = previous;
    }
  return right;
}

static void
refer (struct node *node, struct mk_message_right from, struct translated *t,
       struct wire_right *to)
{
  to->disposition = (uint8_t) from.disposition;
  to->reference = from.name == MK_NULL ? WIRE_NULL : from.name == MK_DEAD ? WIRE_DEAD : WIRE_LOCAL;
  if (to->reference != WIRE_LOCAL)
    return;
  to->name = from.name;
  struct proxy *proxy = from.disposition == MK_MOVE_SEND ? by_name (node, from.name) : NULL;
  if (proxy != NULL)
    {
      to->reference = WIRE_PROXY;
      to->proxy = proxy->number;
    }
  if (from.disposition == MK_MOVE_RECEIVE)
    {
      struct mk_receive_status status = { 0 };
      mk_get_receive_status (node->task, from.name, &status);
      to->receive = t->wire.receives_count++;
      t->receives[to->receive] = (struct wire_receive) {
	.queue_limit = status.qlimit,
	.senders = status.srights || status.msgcount > 0,
	.send_onces = status.sorights,
	.no_senders = take_request (node, from.name, MK_NOTIFY_NO_SENDERS),
	.port_destroyed = take_request (node, from.name, MK_NOTIFY_PORT_DESTROYED),
      };
    }
}

static void
drop_right (struct node *node, struct wire_right right)
{
  if (right.reference != WIRE_LOCAL)
    return;
  if (right.disposition == WIRE_RECEIVE)
    mk_mod_refs (node->task, right.name, MK_RECEIVE, -1);
  else
    mk_deallocate (node->task, right.name);
}

/* After the engine saw it: what stays with the driver.  */
static void
settle (struct node *node, struct translated *t, bool taken)
{
  struct wire_right *reply = &t->wire.reply;
  for (uint32_t i = 0; i <= t->wire.rights_count; i++)
    {
      struct wire_right *right = i < t->wire.rights_count ? &t->rights[i] : reply;
      if (right->reference == WIRE_PROXY)
	mk_deallocate (node->task, right->name);
      else if (!taken)
	drop_right (node, *right);
    }
  if (!taken)
    for (uint32_t i = 0; i < t->wire.receives_count; i++)
      {
	drop_right (node, t->receives[i].no_senders);
	drop_right (node, t->receives[i].port_destroyed);
      }
}

/* Gives T to the engine.  False: no room, T stays stalled.  */
static bool
offer (struct node *node, uint32_t number, struct translated *t, uint64_t now)
{
  t->wire.rights = t->rights;
  t->wire.receives = t->receives;
  node->events++;
  enum dr_status status = rights_message (node->engine, now, number, &t->wire);
  if (status == DR_NO_MEMORY || status == DR_LIMIT)
    return false;
  settle (node, t, status == DR_OK);
  if (status == DR_OK)
    t->wire.body.buf = NULL;	/* the engine's now */
  else if (status == DR_INVALID)
    wrong (node, "the engine does not like a well-formed message");
  drop_translated (t);
  return true;
}

static void
unpause_later (struct node *node, uint32_t number, struct translated *t)
{
  struct proxy *proxy = by_number (node, number);
  if (proxy == NULL)
    {
      settle (node, t, false);
      drop_translated (t);
      return;
    }
  proxy->stalled = t;
}

static void
received (struct node *node, struct proxy *proxy, const struct mk_message *m, uint64_t now)
{
  uint32_t number = proxy->number;
  bool own = proxy->notify == proxy->name;
  if (m->local.disposition == MK_MOVE_SEND_ONCE)
    {
      uint64_t cookie;
      if (proxy->once && m->id == MK_NOTIFY_SEND_ONCE)
	{
	  node->events++;
	  rights_send_once_gone (node->engine, now, number);
	  return;
	}
      if (!proxy->once && own && m->id == MK_NOTIFY_SEND_ONCE)
	return;			/* our own cancelled no-senders request */
      if (!proxy->once && ((own && m->id == MK_NOTIFY_NO_SENDERS) || m->id == NODE_NO_SENDERS_ID))
	{
	  uint32_t count;
	  memcpy (&count, m->data, sizeof count);
	  node->events++;
	  rights_no_senders (node->engine, now, number, count);
	  return;
	}
      if (!proxy->once && m->id == NODE_MARK_ID)
	{
	  memcpy (&cookie, m->data, sizeof cookie);
	  node->events++;
	  rights_marked (node->engine, now, number, cookie);
	  return;
	}
    }
  struct translated *t = calloc (1, sizeof *t);
  dr_assert (t != NULL);
  /* The driver's own memory does not fail here: mach_msg would have found room.  */
  while (!translate_body (m, &node->alloc, t))
    ;
  for (size_t i = 0; i < m->rights; i++)
    refer (node, m->right[i], t, &t->rights[i]);
  refer (node, m->remote, t, &t->wire.reply);
  if (!offer (node, number, t, now))
    unpause_later (node, number, t);
}

/* No-senders of an adopted proxy: it must come behind the messages of the proxy.  */
static void
requeue_no_senders (struct node *node, struct proxy *proxy)
{
  struct mk_message m;
  while (proxy->notify != proxy->name
	 && mk_receive (node->task, proxy->notify, &m) == MK_SUCCESS)
    if (m.id == MK_NOTIFY_NO_SENDERS)
      {
	m = (struct mk_message) { .id = NODE_NO_SENDERS_ID, .bytes = sizeof (uint32_t),
				  .remote = { proxy->name, MK_MAKE_SEND_ONCE },
				  .data = { m.data[0], m.data[1], m.data[2], m.data[3] } };
	if (mk_send (node->task, &m) != MK_SUCCESS)
	  wrong (node, "a marker could not be queued");
      }
}

static bool
receive_from (struct node *node, struct proxy *proxy, uint64_t now)
{
  requeue_no_senders (node, proxy);
  if (proxy->stalled != NULL)
    {
      struct translated *t = proxy->stalled;
      proxy->stalled = NULL;
      if (offer (node, proxy->number, t, now))
	return true;
      proxy->stalled = t;
      return false;
    }
  struct mk_message m;
  if (mk_receive (node->task, proxy->name, &m) != MK_SUCCESS)
    return false;
  trace (node, "receive proxy %u id %d", proxy->number, m.id);
  received (node, proxy, &m, now);
  return true;
}

static bool
receive_notification (struct node *node, uint64_t now)
{
  struct mk_message m;
  if (mk_receive (node->task, node->notify, &m) != MK_SUCCESS)
    return false;
  if (m.id == MK_NOTIFY_DEAD_NAME)
    {
      mk_name name;
      memcpy (&name, m.data, sizeof name);
      trace (node, "dead name %u", name);
      node->events++;
      rights_local_dead (node->engine, now, name);
      mk_deallocate (node->task, name);
    }
  return true;
}

/* --- From the engine to the kernel ------------------------------------------ */

static struct mk_message_right
outgoing (struct node *node, struct wire_right right)
{
  struct mk_message_right out = { MK_NULL, MK_NONE };
  bool once = right.disposition == WIRE_SEND_ONCE;
  struct proxy *proxy;
  switch (right.reference)
    {
    case WIRE_NULL:
      out.disposition = once ? MK_MOVE_SEND_ONCE : right.disposition == WIRE_NO_RIGHT ? MK_NONE
	: right.disposition == WIRE_RECEIVE ? MK_MOVE_RECEIVE : MK_COPY_SEND;
      break;
    case WIRE_LOCAL:
      out.name = right.name;
      out.disposition = once ? MK_MOVE_SEND_ONCE : MK_COPY_SEND;
      break;
    case WIRE_PROXY:
      proxy = by_number (node, right.proxy);
      if (proxy != NULL)
	{
	  out.name = proxy->name;
	  out.disposition = right.disposition == WIRE_RECEIVE ? MK_MOVE_RECEIVE
	    : once ? MK_MAKE_SEND_ONCE : MK_MAKE_SEND;
	  break;
	}
      /* fall through */
    default:
      out.name = MK_DEAD;
      out.disposition = once ? MK_MOVE_SEND_ONCE
	: right.disposition == WIRE_RECEIVE ? MK_MOVE_RECEIVE : MK_COPY_SEND;
    }
  return out;
}

/* Registers REQUEST of a receive right that is handed out.  */
static void
install_request (struct node *node, mk_name name, int32_t id, struct wire_right request)
{
  struct mk_message_right right = outgoing (node, request);
  mk_name previous = MK_NULL;
  if (right.name == MK_NULL || right.name == MK_DEAD)
    return;
  mk_request_notification (node->task, name, id, id == MK_NOTIFY_NO_SENDERS ? 1 : 0, right.name,
			   right.disposition, &previous);
  if (previous != MK_NULL)
    wrong (node, "a request stood on a receive right that is handed out");
}

static void
install_receives (struct node *node, struct delivery *d)
{
  const struct wire_message *wire = d->action.message;
  for (uint32_t i = 0; i < wire->rights_count; i++)
    {
      const struct wire_right *right = &wire->rights[i];
      if (right->disposition != WIRE_RECEIVE || right->reference != WIRE_PROXY)
	continue;
      struct proxy *proxy = by_number (node, right->proxy);
      if (proxy == NULL)
	continue;
      const struct wire_receive *state = &wire->receives[right->receive];
      mk_set_qlimit (node->task, proxy->name, state->queue_limit);
      install_request (node, proxy->name, MK_NOTIFY_NO_SENDERS, state->no_senders);
      install_request (node, proxy->name, MK_NOTIFY_PORT_DESTROYED, state->port_destroyed);
    }
  d->installed = true;
}

/* The message could not be sent: what it would have used up is destroyed.  */
static void
destroy_undelivered (struct node *node, const struct mk_message *m)
{
  for (size_t i = 0; i <= m->rights; i++)
    {
      struct mk_message_right right = i < m->rights ? m->right[i] : m->local;
      if (right.name == MK_NULL || right.name == MK_DEAD)
	continue;
      if (right.disposition == MK_MOVE_SEND_ONCE)
	mk_deallocate (node->task, right.name);
      else if (right.disposition == MK_MOVE_RECEIVE)
	mk_mod_refs (node->task, right.name, MK_RECEIVE, -1);
    }
  if (m->remote.disposition == MK_MOVE_SEND_ONCE)
    mk_deallocate (node->task, m->remote.name);
}

/* The rights of a message that has to wait leave their names now.  */
static void
take_right (struct node *node, struct mk_message_right *right)
{
  mk_name name = MK_NULL;
  if (right->name == MK_NULL || right->name == MK_DEAD
      || right->disposition == MK_MOVE_RECEIVE || right->disposition == MK_MOVE_SEND_ONCE)
    return;
  bool once = right->disposition == MK_MAKE_SEND_ONCE;
  if (mk_extract_right (node->task, right->name, right->disposition, node->task, &name)
      != MK_SUCCESS)
    wrong (node, "a right of a waiting message is not there");
  *right = (struct mk_message_right) { name, once ? MK_MOVE_SEND_ONCE : MK_MOVE_SEND };
}

static void
take_rights (struct node *node, struct delivery *d, const struct mk_message *m)
{
  d->taken = true;
  d->held = *m;
  take_right (node, &d->held.remote);
  take_right (node, &d->held.local);
  for (size_t i = 0; i < m->rights; i++)
    take_right (node, &d->held.right[i]);
}

/* The queue that the waiting message was for died: the kernel destroys it.  */
static void
destroy_taken (struct node *node, struct delivery *d)
{
  destroy_undelivered (node, &d->held);
  for (size_t i = 0; i <= d->held.rights; i++)
    {
      struct mk_message_right right = i < d->held.rights ? d->held.right[i] : d->held.local;
      if (right.disposition == MK_MOVE_SEND && right.name != MK_NULL && right.name != MK_DEAD)
	mk_deallocate (node->task, right.name);
    }
  if (d->held.remote.disposition == MK_MOVE_SEND)
    mk_deallocate (node->task, d->held.remote.name);
}

/* A message that the model's kernel cannot hold: as one that the real kernel refuses.  */
static void
refuse (struct node *node, struct delivery *d, uint64_t now)
{
  const struct wire_message *wire = d->action.message;
  for (uint32_t i = 0; i <= wire->rights_count; i++)
    {
      struct wire_right right = i < wire->rights_count ? wire->rights[i] : wire->reply;
      struct proxy *proxy = right.reference == WIRE_PROXY && right.disposition == WIRE_RECEIVE
	? by_number (node, right.proxy) : NULL;
      if (right.reference == WIRE_LOCAL && right.disposition == WIRE_SEND_ONCE)
	mk_deallocate (node->task, right.name);
      else if (proxy != NULL)
	{
	  mk_name name = proxy->name;
	  forget_proxy (node, proxy);
	  mk_mod_refs (node->task, name, MK_RECEIVE, -1);
	}
    }
  for (uint32_t i = 0; i < wire->receives_count; i++)
    {
      drop_right (node, wire->receives[i].no_senders);
      drop_right (node, wire->receives[i].port_destroyed);
    }
  if (d->action.to.reference == WIRE_LOCAL && d->action.to.disposition == WIRE_SEND_ONCE)
    mk_deallocate (node->task, d->action.to.name);
  node->events++;
  rights_delivered (node->engine, now, d->action.ticket, RIGHTS_UNDELIVERABLE);
}

/* Proxies whose receive right was handed out in the message are the driver's no more.  */
static void
forget_handed (struct node *node, const struct wire_message *wire)
{
  for (uint32_t i = 0; i < wire->rights_count; i++)
    if (wire->rights[i].disposition == WIRE_RECEIVE && wire->rights[i].reference == WIRE_PROXY)
      {
	struct proxy *proxy = by_number (node, wire->rights[i].proxy);
	if (proxy != NULL)
	  forget_proxy (node, proxy);
      }
}

static void
build_delivery (struct node *node, struct delivery *d, struct mk_message *m)
{
  const struct wire_message *wire = d->action.message;
  m->remote = outgoing (node, d->action.to);
  if (d->action.always && m->remote.disposition == MK_MAKE_SEND)
    m->remote.disposition = MK_MAKE_SEND_ONCE;
  m->local = outgoing (node, wire->reply);
  for (size_t i = 0; i < m->rights; i++)
    m->right[i] = outgoing (node, wire->rights[i]);
}

/* True: it ended, one way or the other.  */
static bool
try_delivery (struct node *node, struct delivery *d, uint64_t now)
{
  const struct wire_message *wire = d->action.message;
  struct mk_message m;
  if (!translate_back (wire, &m))
    {
      refuse (node, d, now);
      return true;
    }
  if (!d->installed)
    install_receives (node, d);
  if (d->taken)
    m = d->held;
  else
    build_delivery (node, d, &m);
  enum mk_result result = m.remote.name == MK_DEAD ? MK_SEND_INVALID_DEST
    : mk_send (node->task, &m);
  if (result == MK_SEND_TIMED_OUT)
    {
      if (!d->taken)
	take_rights (node, d, &m);
      return false;
    }
  trace (node, "deliver %llu: %s", (unsigned long long) d->action.ticket, mk_result_name (result));
  if (result == MK_SEND_INVALID_DEST && d->taken)
    {
      destroy_taken (node, d);
      result = MK_SUCCESS;		/* as mach_msg says to a sender that waited */
    }
  else if (result == MK_SEND_INVALID_DEST)
    destroy_undelivered (node, &m);
  else if (result != MK_SUCCESS)
    wrong (node, mk_result_name (result));
  forget_handed (node, wire);
  node->events++;
  rights_delivered (node->engine, now, d->action.ticket,
		    result == MK_SUCCESS ? RIGHTS_DELIVERED : RIGHTS_UNDELIVERABLE);
  return true;
}

static void
close_proxy (struct node *node, struct proxy *proxy, uint64_t now)
{
  uint32_t number = proxy->number;
  mk_name name = proxy->name, previous = MK_NULL;
  proxy->closing = true;
  mk_set_qlimit (node->task, name, 0);
  mk_request_notification (node->task, name, MK_NOTIFY_NO_SENDERS, 0, MK_NULL, MK_NONE,
			   &previous);
  if (previous != MK_NULL)
    mk_deallocate (node->task, previous);
  requeue_no_senders (node, proxy);
  /* One at a time: the engine may be out of memory for a while.  */
  for (unsigned tries = 0; tries < 100000; tries++)
    {
      proxy = by_number (node, number);
      if (proxy == NULL)
	return;
      if (!receive_from (node, proxy, now) && proxy->stalled == NULL)
	{
	  mk_insert_right (node->task, name, node->task, name, MK_MAKE_SEND);
	  node->events++;
	  rights_proxy_closed (node->engine, now, number, name);
	  return;
	}
    }
  wrong (node, "a proxy could not be drained");
}

static void
mark_proxy (struct node *node, struct proxy *proxy, uint64_t cookie)
{
  struct mk_message m = { .id = NODE_MARK_ID, .remote = { proxy->name, MK_MAKE_SEND_ONCE },
			  .bytes = sizeof cookie };
  memcpy (m.data, &cookie, sizeof cookie);
  if (mk_send (node->task, &m) != MK_SUCCESS)
    wrong (node, "a marker could not be queued");
}

static void
watch (struct node *node, mk_name name, uint64_t now)
{
  mk_name previous = MK_NULL;
  enum mk_result result = mk_request_notification (node->task, name, MK_NOTIFY_DEAD_NAME, 0,
						   node->notify, MK_MAKE_SEND_ONCE, &previous);
  if (previous != MK_NULL)
    mk_deallocate (node->task, previous);
  if (result == MK_INVALID_ARGUMENT)	/* dead already */
    {
      node->events++;
      rights_local_dead (node->engine, now, name);
    }
  else if (result != MK_SUCCESS)
    wrong (node, "a local name to watch does not exist");
}

static void
drop_local (struct node *node, mk_name name, uint32_t count)
{
  while (count-- > 0)
    if (mk_deallocate (node->task, name) != MK_SUCCESS)
      {
	wrong (node, "a user reference was given back that is not there");
	return;
      }
}

static struct dr_buf *
gather (const struct rights_action *action)
{
  static const struct dr_alloc none;
  size_t bytes = 0, at = 0;
  (void) none;
  for (uint32_t i = 0; i < action->slices_count; i++)
    bytes += action->slices[i].bytes;
  struct dr_buf *frame = malloc (sizeof *frame + bytes + 1);
  dr_assert (frame != NULL);
  dr_buf_wrap (frame, frame + 1, bytes, (void (*) (struct dr_buf *)) free);
  for (uint32_t i = 0; i < action->slices_count; i++)
    {
      const struct dr_slice *slice = &action->slices[i];
      if (slice->bytes > 0)
	memcpy (frame->data + at, dr_slice_data (slice), slice->bytes);
      at += slice->bytes;
      dr_buf_drop (slice->buf);
    }
  return frame;
}

static void
root_came (struct node *node, const struct rights_action *action, uint64_t now)
{
  struct mk_message_right right = outgoing (node, action->to);
  mk_name name = MK_NULL;
  if (right.name != MK_NULL && right.name != MK_DEAD
      && mk_extract_right (node->task, right.name, right.disposition, node->task, &name)
	 != MK_SUCCESS)
    wrong (node, "the root right is not there");
  node->events++;
  rights_delivered (node->engine, now, action->ticket,
		    name != MK_NULL ? RIGHTS_DELIVERED : RIGHTS_UNDELIVERABLE);
  node->world.root_came (node->world.ctx, node, name);
}

static void
give_root (struct node *node, const struct rights_action *action, uint64_t now)
{
  mk_name name = node->world.root (node->world.ctx, node);
  struct wire_right right = { .reference = name == MK_NULL ? WIRE_NULL : WIRE_LOCAL,
			      .disposition = WIRE_SEND, .name = name };
  struct proxy *proxy = by_name (node, name);
  if (proxy != NULL)
    {
      right.reference = WIRE_PROXY;
      right.proxy = proxy->number;
    }
  enum dr_status status = rights_give_root (node->engine, now, action->session, action->request,
					    &right, name == MK_NULL ? 1 : 0);
  if (name != MK_NULL && (status != DR_OK || proxy != NULL))
    mk_deallocate (node->task, name);
}

static void
execute (struct node *node, const struct rights_action *action, uint64_t now)
{
  struct proxy *proxy = by_number (node, action->proxy);
  mk_name name;
  switch (action->kind)
    {
    case RIGHTS_SEND:
      node->world.send (node->world.ctx, node, action->session, action->stream, gather (action));
      break;
    case RIGHTS_CONNECT:
      node->world.connect (node->world.ctx, node, &action->key);
      break;
    case RIGHTS_DELIVER:
      {
	struct delivery *d = calloc (1, sizeof *d), **p = &node->deliveries;
	dr_assert (d != NULL);
	d->action = *action;
	while (*p != NULL)
	  p = &(*p)->next;
	*p = d;
	break;
      }
    case RIGHTS_PROXY_CREATE:
      mk_allocate (node->task, MK_RECEIVE, &name);
      add_proxy (node, (struct proxy) { .number = action->proxy, .name = name, .notify = name,
					.once = action->once });
      if (!action->once)
	arm (node, by_number (node, action->proxy), action->sync);
      trace (node, "proxy %u created, name %u%s", action->proxy, name, action->once ? ", once" : "");
      break;
    case RIGHTS_PROXY_ADOPT:
      mk_allocate (node->task, MK_RECEIVE, &name);
      add_proxy (node, (struct proxy) { .number = action->proxy, .name = action->name,
					.notify = name, .paused = true });
      arm (node, by_number (node, action->proxy), action->sync);
      trace (node, "proxy %u adopted, name %u", action->proxy, action->name);
      break;
    case RIGHTS_ROOT_WANTED:
      give_root (node, action, now);
      break;
    case RIGHTS_ROOT:
      root_came (node, action, now);
      break;
    case RIGHTS_LOCAL_WATCH:
      watch (node, action->name, now);
      break;
    case RIGHTS_LOCAL_DROP:
      trace (node, "drop name %u, %u references", action->name, action->count);
      drop_local (node, action->name, action->count);
      break;
    default:
      if (proxy == NULL)
	{
	  wrong (node, "an action for a proxy that does not exist");
	  break;
	}
      switch (action->kind)
	{
	case RIGHTS_PROXY_ARM: arm (node, proxy, action->sync); break;
	case RIGHTS_PROXY_PAUSE: proxy->paused = true; break;
	case RIGHTS_PROXY_RESUME: proxy->paused = false; break;
	case RIGHTS_PROXY_MARK: mark_proxy (node, proxy, action->cookie); break;
	case RIGHTS_PROXY_CLOSE: close_proxy (node, proxy, now); break;
	case RIGHTS_PROXY_DESTROY:
	  trace (node, "proxy %u destroyed", action->proxy);
	  if (proxy->stalled != NULL)
	    {
	      settle (node, proxy->stalled, false);
	    }
	  name = proxy->name;
	  forget_proxy (node, proxy);
	  mk_mod_refs (node->task, name, MK_RECEIVE, -1);
	  break;
	default:
	  wrong (node, "an action that the driver does not know");
	}
    }
}

void
node_run (struct node *node, uint64_t now)
{
  struct rights_action action;
  for (unsigned actions = 0; rights_next (node->engine, &action); actions++)
    {
      node->events++;
      execute (node, &action, now);
      if (actions > 1000000)
	{
	  wrong (node, "the engine never ends asking");
	  return;
	}
    }
}

size_t
node_choices (struct node *node)
{
  size_t n = 1 + node->proxies;
  for (struct delivery *d = node->deliveries; d != NULL; d = d->next)
    n++;
  return n;
}

bool
node_choose (struct node *node, size_t i, uint64_t now)
{
  bool progress;
  if (i == 0)
    progress = receive_notification (node, now);
  else if (i <= node->proxies)
    {
      struct proxy *proxy = &node->proxy[i - 1];
      progress = !(proxy->paused || proxy->closing) && receive_from (node, proxy, now);
    }
  else
    {
      struct delivery **p = &node->deliveries;
      for (size_t skip = i - 1 - node->proxies; skip > 0 && *p != NULL; skip--)
	p = &(*p)->next;
      struct delivery *d = *p;
      if (d == NULL)
	return false;
      progress = try_delivery (node, d, now);
      if (progress)
	{
	  /* try_delivery called the engine, which may not have grown this list.  */
	  *p = d->next;
	  free (d);
	}
    }
  node_run (node, now);
  return progress;
}

void
node_digest (struct node *node, void (*absorb) (void *, const void *, size_t), void *ctx)
{
  mk_digest (node->kernel, absorb, ctx);
  rights_digest (node->engine, absorb, ctx);
  for (size_t i = 0; i < node->proxies; i++)
    {
      struct proxy *p = &node->proxy[i];
      uint64_t state = p->name | (uint64_t) p->notify << 16 | (uint64_t) p->once << 32
	| (uint64_t) p->paused << 33 | (uint64_t) p->closing << 34
	| (uint64_t) (p->stalled != NULL) << 35;
      absorb (ctx, &state, sizeof state);
    }
  for (struct delivery *d = node->deliveries; d != NULL; d = d->next)
    {
      uint64_t state = d->action.ticket << 1 | d->taken;
      absorb (ctx, &state, sizeof state);
    }
}
