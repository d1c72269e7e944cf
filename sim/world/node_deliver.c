/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages from the engine to the kernel, with the rights in them.  */
#include "sim/world/node_internal.h"

struct mk_message_right
node_outgoing (struct node *node, struct wire_right right)
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
      proxy = node_proxy (node, right.proxy);
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
  struct mk_message_right right = node_outgoing (node, request);
  mk_name previous = MK_NULL;
  if (right.name == MK_NULL || right.name == MK_DEAD)
    return;
  mk_request_notification (node->task, name, id, id == MK_NOTIFY_NO_SENDERS ? 1 : 0, right.name,
			   right.disposition, &previous);
  if (previous != MK_NULL)
    node_wrong (node, "a request stood on a receive right that is handed out");
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
      struct proxy *proxy = node_proxy (node, right->proxy);
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
    node_wrong (node, "a right of a waiting message is not there");
  right->name = name;
  right->disposition = once ? MK_MOVE_SEND_ONCE : MK_MOVE_SEND;
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
	? node_proxy (node, right.proxy) : NULL;
      if (right.reference == WIRE_LOCAL && right.disposition == WIRE_SEND_ONCE)
	mk_deallocate (node->task, right.name);
      else if (proxy != NULL)
	{
	  mk_name name = proxy->name;
	  node_forget_proxy (node, proxy);
	  mk_mod_refs (node->task, name, MK_RECEIVE, -1);
	}
    }
  for (uint32_t i = 0; i < wire->receives_count; i++)
    {
      node_drop_right (node, wire->receives[i].no_senders);
      node_drop_right (node, wire->receives[i].port_destroyed);
    }
  if (d->action.to.reference == WIRE_LOCAL && d->action.to.disposition == WIRE_SEND_ONCE)
    mk_deallocate (node->task, d->action.to.name);
  node->events++;
  rights_delivered (node->engine, now, d->action.ticket, RIGHTS_UNDELIVERABLE);
}

static void
build_delivery (struct node *node, struct delivery *d, struct mk_message *m)
{
  const struct wire_message *wire = d->action.message;
  m->remote = node_outgoing (node, d->action.to);
  if (d->action.always && m->remote.disposition == MK_MAKE_SEND)
    m->remote.disposition = MK_MAKE_SEND_ONCE;
  m->local = node_outgoing (node, wire->reply);
  for (size_t i = 0; i < m->rights; i++)
    {
      uint8_t array = m->right[i].array;
      m->right[i] = node_outgoing (node, wire->rights[i]);
      m->right[i].array = array;
    }
}

static bool
names_proxy (const struct delivery *d, uint32_t number)
{
  const struct wire_message *wire = d->action.message;
  for (uint32_t i = 0; i <= wire->rights_count; i++)
    {
      const struct wire_right *right = i < wire->rights_count ? &wire->rights[i] : &wire->reply;
      if (right->reference == WIRE_PROXY && right->proxy == number)
	return true;
    }
  return false;
}

/* Other messages that name a proxy whose receive right is about to be handed out: they
   get their rights in the order of the actions, so they take them now, at the latest.  */
static void
take_before (struct node *node, const struct delivery *handed, uint32_t number)
{
  struct mk_message m;
  for (struct delivery *d = node->deliveries; d != NULL; d = d->next)
    if (d != handed && !d->taken && names_proxy (d, number)
	&& translate_back (d->action.message, &m))
      {
	build_delivery (node, d, &m);
	take_rights (node, d, &m);
      }
}

/* Calls VISIT for each proxy whose receive right is in the message.  */
static void
each_handed (struct node *node, const struct delivery *d,
	     void (*visit) (struct node *, const struct delivery *, uint32_t number))
{
  const struct wire_message *wire = d->action.message;
  for (uint32_t i = 0; i < wire->rights_count; i++)
    if (wire->rights[i].disposition == WIRE_RECEIVE && wire->rights[i].reference == WIRE_PROXY)
      if (node_proxy (node, wire->rights[i].proxy) != NULL)
	visit (node, d, wire->rights[i].proxy);
}

/* They are the driver's no more.  */
static void
forget_handed (struct node *node, const struct delivery *d, uint32_t number)
{
  node_forget_proxy (node, node_proxy (node, number));
}

/* True: it ended, one way or the other.  */
bool
node_try_delivery (struct node *node, struct delivery *d, uint64_t now)
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
  each_handed (node, d, take_before);
  enum mk_result result = m.remote.name == MK_DEAD ? MK_SEND_INVALID_DEST
    : mk_send (node->task, &m);
  if (result == MK_SEND_TIMED_OUT)
    {
      if (!d->taken)
	{
	  take_rights (node, d, &m);
	  node->events++;
	}
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
    node_wrong (node, mk_result_name (result));
  each_handed (node, d, forget_handed);
  node->events++;
  rights_delivered (node->engine, now, d->action.ticket,
		    result == MK_SUCCESS ? RIGHTS_DELIVERED : RIGHTS_UNDELIVERABLE);
  return true;
}
