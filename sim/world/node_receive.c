/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the kernel to the engine.  */
#include "sim/world/node_internal.h"

#include <stdlib.h>
#include <string.h>

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
  struct proxy *proxy = from.disposition == MK_MOVE_SEND ? node_proxy_named (node, from.name) : NULL;
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

void
node_drop_right (struct node *node, struct wire_right right)
{
  if (right.reference != WIRE_LOCAL)
    return;
  if (right.disposition == WIRE_RECEIVE)
    mk_mod_refs (node->task, right.name, MK_RECEIVE, -1);
  else
    mk_deallocate (node->task, right.name);
}

/* After the engine saw it: what stays with the driver.  */
void
node_settle (struct node *node, struct translated *t, bool taken)
{
  struct wire_right *reply = &t->wire.reply;
  for (uint32_t i = 0; i <= t->wire.rights_count; i++)
    {
      struct wire_right *right = i < t->wire.rights_count ? &t->rights[i] : reply;
      if (right->reference == WIRE_PROXY)
	mk_deallocate (node->task, right->name);
      else if (!taken)
	node_drop_right (node, *right);
    }
  if (!taken)
    for (uint32_t i = 0; i < t->wire.receives_count; i++)
      {
	node_drop_right (node, t->receives[i].no_senders);
	node_drop_right (node, t->receives[i].port_destroyed);
      }
}

/* Gives T to the engine.  False: no room, T stays stalled.  */
static bool
offer (struct node *node, uint32_t number, struct translated *t, uint64_t now)
{
  t->wire.rights = t->rights;
  t->wire.receives = t->receives;
  t->wire.regions = t->regions;
  node->events++;
  enum dr_status status = rights_message (node->engine, now, number, &t->wire);
  if (status == DR_NO_MEMORY || status == DR_LIMIT)
    return false;
  node_settle (node, t, status == DR_OK);
  if (status == DR_OK)
    {
      t->wire.body.buf = NULL;	/* the engine's now */
      t->wire.regions_count = 0;
    }
  else if (status == DR_INVALID)
    node_wrong (node, "the engine does not like a well-formed message");
  node_drop_translated (t);
  return true;
}

static void
unpause_later (struct node *node, uint32_t number, struct translated *t)
{
  struct proxy *proxy = node_proxy (node, number);
  if (proxy == NULL)
    {
      node_settle (node, t, false);
      node_drop_translated (t);
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
  unsigned regions = node->far && m->bytes > 0 ? m->data[0] % (TRANSLATE_REGIONS_MAX + 1) : 0;
  while (!translate_body (m, regions, &node->alloc, t))
    ;
  for (size_t i = 0; i < m->rights; i++)
    refer (node, m->right[i], t, &t->rights[i]);
  refer (node, m->remote, t, &t->wire.reply);
  if (!offer (node, number, t, now))
    unpause_later (node, number, t);
}

/* No-senders of an adopted proxy: it must come behind the messages of the proxy.  */
void
node_requeue_no_senders (struct node *node, struct proxy *proxy)
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
	  node_wrong (node, "a marker could not be queued");
      }
}

bool
node_receive_from (struct node *node, struct proxy *proxy, uint64_t now)
{
  node_requeue_no_senders (node, proxy);
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

bool
node_receive_notification (struct node *node, uint64_t now)
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
