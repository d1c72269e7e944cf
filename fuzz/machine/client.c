/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/machine/client.h"

#include <string.h>

#include "core/base/status.h"
#include "core/wire/wire.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/messages.h"
#include "fuzz/machine/ports.h"

enum { NAMES_MAX = 1024, FAR_MAX = 8 };

void
client_begin (struct client *client, struct mk *kernel)
{
  memset (client, 0, sizeof *client);
  client->task = mk_task_create (kernel);
  mk_allocate (client->task, MK_RECEIVE, &client->reply_port);
  for (unsigned i = 0; i < CLIENT_PORTS; i++)
    mk_allocate (client->task, MK_RECEIVE, &client->port[i]);
}

void
client_end (struct client *client)
{
  mk_task_terminate (client->task);
  client->task = NULL;
}

static void
keep (struct client *client, mk_name name)
{
  if (name == MK_NULL || name == MK_DEAD)
    return;
  if (client->rights < CLIENT_RIGHTS_MAX)
    client->right[client->rights++] = name;
  else
    mk_deallocate (client->task, name);
}

void
client_give (struct client *client, mk_name name, enum mk_disposition how)
{
  mk_name got = MK_NULL;
  dr_assert (mk_extract_right (machine_task (), name, how, client->task, &got) == MK_SUCCESS);
  keep (client, got);
}

void
client_drop (struct client *client, unsigned which)
{
  if (client->rights == 0)
    return;
  which %= client->rights;
  mk_deallocate (client->task, client->right[which]);
  client->right[which] = client->right[--client->rights];
}

mk_name
client_right_to_own (struct client *client, unsigned which)
{
  mk_name *port = &client->port[which % CLIENT_PORTS], name = MK_NULL;
  uint32_t type;
  if (mk_type (client->task, *port, &type) != MK_SUCCESS || !(type & MK_TYPE_RECEIVE))
    mk_allocate (client->task, MK_RECEIVE, port);
  dr_assert (mk_extract_right (client->task, *port, MK_MAKE_SEND, machine_task (), &name) == MK_SUCCESS);
  return name;
}

void
client_end_own (struct client *client, unsigned which)
{
  mk_name *port = &client->port[which % CLIENT_PORTS];
  mk_mod_refs (client->task, *port, MK_RECEIVE, -1);
  mk_allocate (client->task, MK_RECEIVE, port);
}

void
client_forget_replies (struct client *client)
{
  mk_mod_refs (client->task, client->reply_port, MK_RECEIVE, -1);
  mk_allocate (client->task, MK_RECEIVE, &client->reply_port);
  client->asked = 0;
}

/* --- Messages --------------------------------------------------------------------------------- */

static size_t
body_bytes (const struct client_order *order)
{
  return order->words * (order->bits & CLIENT_LONG ? 16u : 8u);
}

bool
client_next (struct client *client, const uint8_t **data, size_t *size, struct client_order *order)
{
  if (*size < CLIENT_ORDER_BYTES)
    return false;
  memcpy (order, *data, CLIENT_ORDER_BYTES);
  *data += CLIENT_ORDER_BYTES;
  *size -= CLIENT_ORDER_BYTES;
  if (body_bytes (order) > *size)
    {
      order->bits &= (uint8_t) ~CLIENT_LONG;
      order->words = (uint8_t) (*size / 8 < order->words ? *size / 8 : order->words);
    }
  memset (&client->message.head, 0, sizeof client->message.head);
  memcpy (&client->message.head + 1, *data, body_bytes (order));
  *data += body_bytes (order);
  *size -= body_bytes (order);
  return true;
}

static mk_name
name_of (struct client *client, const struct wire_item *item, uint32_t n)
{
  if (client->shares_own_only && (item->offset > 0 || item->number != 1))
    return client->port[n % CLIENT_PORTS];
  n %= CLIENT_NUMBERS;
  if (n == CLIENT_NUMBER_NULL)
    return MK_NULL;
  if (n == CLIENT_NUMBER_DEAD)
    return MK_DEAD;
  if (n >= CLIENT_NUMBER_OWN)
    return client->port[n - CLIENT_NUMBER_OWN];
  return client->rights > 0 ? client->right[n % client->rights] : MK_NULL;
}

/* Numbers become names.  FAR gets those of arrays out of line.  */
static void
name_rights (struct client *client, mk_name far[FAR_MAX])
{
  struct wire_walk walk;
  struct wire_item item;
  uint8_t *body = (uint8_t *) (&client->message.head + 1);
  wire_walk (&walk, body, client->message.head.msgh_size - sizeof (mach_msg_header_t));
  while (wire_next (&walk, &item))
    {
      for (uint32_t i = 0; item.ports && item.is_inline && i < item.number; i++)
	wire_set_port (body, &item, i, name_of (client, &item, wire_get_port (body, &item, i)));
      for (unsigned i = 0; item.ports && !item.is_inline && i < FAR_MAX; i++)
	far[i] = name_of (client, &item, (uint32_t) (wire_get_address (body, &item) >> i * 8 & 0xff));
    }
}

/* Our name for the receive right that NAME of the client's sends to; none of them: MK_NULL.  */
static mk_name
ours (struct client *client, mk_name name)
{
  static mk_name names[NAMES_MAX];
  uintptr_t port = mk_port_identity (client->task, name);
  size_t count = mk_names (machine_task (), names, NAMES_MAX);
  uint32_t type;
  for (size_t i = 0; port != 0 && i < count && i < NAMES_MAX; i++)
    if (mk_port_identity (machine_task (), names[i]) == port && mk_type (machine_task (), names[i], &type) == MK_SUCCESS
	&& (type & MK_TYPE_RECEIVE))
      return names[i];
  return MK_NULL;
}

bool
client_send_body (struct client *client, const struct client_order *order, size_t body, mach_msg_id_t id)
{
  mach_msg_header_t *m = &client->message.head;
  mk_name far[FAR_MAX] = { MK_NULL };
  mk_name to = client->rights > 0 ? client->right[order->to % client->rights] : MK_NULL, local = ours (client, to);
  if (local == MK_NULL)
    return false;
  m->msgh_size = (mach_msg_size_t) (sizeof *m + body);
  m->msgh_bits = order->bits & CLIENT_COMPLEX ? MACH_MSGH_BITS_COMPLEX : 0;
  m->msgh_id = id;
  if (order->bits & CLIENT_COMPLEX)
    name_rights (client, far);
  if (!machine_receive_far (client->task, m, local, far, FAR_MAX))
    return false;
  if (!(order->bits & CLIENT_NO_REPLY))
    {
      bool send = order->bits & CLIENT_SEND_REPLY;
      mk_extract_right (client->task, client->reply_port, send ? MK_MAKE_SEND : MK_MAKE_SEND_ONCE, machine_task (),
			&m->msgh_remote_port);
      m->msgh_bits |= send ? MACH_MSG_TYPE_PORT_SEND : MACH_MSG_TYPE_PORT_SEND_ONCE;
      client->asked += !send;
    }
  return true;
}

bool
client_send (struct client *client, const struct client_order *order, mach_msg_id_t id)
{
  return client_send_body (client, order, body_bytes (order), id);
}

mach_msg_return_t
client_reply (struct client *client, mach_msg_header_t *reply)
{
  struct wire_walk walk;
  struct wire_item item;
  bool once = MACH_MSGH_BITS_REMOTE (reply->msgh_bits) == MACH_MSG_TYPE_MOVE_SEND_ONCE;
  mach_msg_return_t result = machine_send (reply, client->task, MACH_MSG_SUCCESS);
  if (result != MACH_MSG_SUCCESS)
    return result;
  /* The model tells of the right's end now as if no reply had come.  */
  if (once)
    {
      struct mk_message end;
      enum mk_result got = mk_receive (client->task, client->reply_port, &end);
      dr_assert (got == MK_SUCCESS && end.id == MK_NOTIFY_SEND_ONCE && client->asked > 0);
      client->asked--;
    }
  wire_walk (&walk, reply + 1, reply->msgh_size - sizeof *reply);
  while ((reply->msgh_bits & MACH_MSGH_BITS_COMPLEX) && wire_next (&walk, &item))
    for (uint32_t i = 0; item.ports && item.is_inline && i < item.number; i++)
      keep (client, wire_get_port (walk.body, &item, i));
  return result;
}

unsigned
client_unanswered (struct client *client)
{
  struct mk_message m;
  unsigned count = 0;
  while (mk_receive (client->task, client->reply_port, &m) == MK_SUCCESS)
    count += m.id == MK_NOTIFY_SEND_ONCE;
  client->asked -= count;
  return count;
}

void
client_notifications (mk_name set, void (*serve) (mach_msg_header_t *notification))
{
  static union { mach_msg_header_t head; mach_dead_name_notification_t name; char room[CLIENT_BYTES_MAX]; } n;
  struct mk_message m;
  while (mk_receive (machine_task (), set, &m) == MK_SUCCESS)
    {
      memset (&n, 0, sizeof n.name);
      n.head.msgh_bits = MACH_MSGH_BITS (0, MACH_MSG_TYPE_PORT_SEND_ONCE);
      n.head.msgh_id = m.id;
      n.head.msgh_local_port = m.local.name;
      n.head.msgh_size = sizeof n.name;
      n.name.not_type = (mach_msg_type_t) { .msgt_name = MACH_MSG_TYPE_PORT_NAME, .msgt_size = 32, .msgt_number = 1,
					    .msgt_inline = TRUE };
      memcpy (&n.name.not_port, m.data, sizeof n.name.not_port);
      serve (&n.head);
    }
}

mach_msg_return_t
client_mach_msg (struct client *client, mach_msg_header_t **waiting, mach_msg_header_t *message,
		 mach_msg_option_t option, mach_msg_size_t receive_size)
{
  if (option & MACH_SEND_MSG)
    {
      mach_msg_return_t result = client_reply (client, message);
      if (result != MACH_MSG_SUCCESS)
	return result;
    }
  if (!(option & MACH_RCV_MSG))
    return MACH_MSG_SUCCESS;
  if (!*waiting)
    return MACH_RCV_TIMED_OUT;
  dr_assert ((*waiting)->msgh_size <= receive_size);
  memcpy (message, *waiting, (*waiting)->msgh_size);
  *waiting = NULL;
  return MACH_MSG_SUCCESS;
}

void
client_steps (struct client *client, const uint8_t *data, size_t size, unsigned most,
	      void (*step) (const struct client_order *order))
{
  struct client_order order;
  for (unsigned i = 0; i < most && client_next (client, &data, &size, &order); i++)
    {
      step (&order);
      machine_ports_check ();
    }
}
