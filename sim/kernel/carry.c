/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rights on their way: out of a task, inside a message, into a task; and the two
   halves of mach_msg.  */
#include "sim/kernel/internal.h"

#include <stdlib.h>
#include <string.h>

enum mk_result
mk_copyin_check (struct mk_task *task, mk_name name, enum mk_disposition disposition,
		 bool dead_ok)
{
  if (name == MK_NULL || name == MK_DEAD)
    return dead_ok ? MK_SUCCESS : MK_INVALID_NAME;
  struct mk_entry *entry = mk_lookup (task, name);
  if (entry == NULL)
    return MK_INVALID_NAME;
  uint32_t needed;
  switch (disposition)
    {
    case MK_MAKE_SEND:
    case MK_MAKE_SEND_ONCE:
    case MK_MOVE_RECEIVE:
      return entry->type & MK_TYPE_RECEIVE ? MK_SUCCESS : MK_INVALID_RIGHT;
    case MK_COPY_SEND:
    case MK_MOVE_SEND:
      needed = MK_TYPE_SEND;
      break;
    case MK_MOVE_SEND_ONCE:
      needed = MK_TYPE_SEND_ONCE;
      break;
    default:				/* no scenario: callers look first */
      return MK_INVALID_RIGHT;		/* no scenario: so it never comes here */
    }
  if (entry->type & MK_TYPE_DEAD_NAME)
    return dead_ok ? MK_SUCCESS : MK_INVALID_RIGHT;
  return entry->type & needed ? MK_SUCCESS : MK_INVALID_RIGHT;
}

/* One user reference of a send, send-once or dead-name right leaves ENTRY.  */
static void
drop_reference (struct mk_entry *entry, uint32_t type, struct mk_port **deleted)
{
  if (--entry->urefs > 0)
    return;
  entry->type &= ~type;
  if (entry->type == 0)
    {
      *deleted = entry->port == NULL ? NULL : mk_dncancel (entry);
      mk_entry_free (entry);
    }
}

static struct mk_carried
copyin_receive (struct mk_entry *entry, struct mk_port **deleted)
{
  struct mk_port *port = entry->port;
  entry->type &= ~(uint32_t) MK_TYPE_RECEIVE;
  if (entry->type == 0)
    {
      *deleted = mk_dncancel (entry);
      mk_entry_free (entry);		/* its reference goes along */
    }
  else
    mk_port_reference (port);
  mk_port_clear_receiver (port);
  port->destination = NULL;
  return (struct mk_carried) { port, MK_MOVE_RECEIVE, false };
}

struct mk_carried
mk_copyin (struct mk_task *task, mk_name name, enum mk_disposition disposition,
	   struct mk_port **deleted)
{
  *deleted = NULL;
  enum mk_disposition carried = disposition == MK_MOVE_RECEIVE ? MK_MOVE_RECEIVE
    : disposition == MK_MOVE_SEND_ONCE || disposition == MK_MAKE_SEND_ONCE
    ? MK_MOVE_SEND_ONCE : MK_MOVE_SEND;
  if (name == MK_NULL || name == MK_DEAD)
    return (struct mk_carried) { NULL, carried, name == MK_DEAD };
  struct mk_entry *entry = mk_lookup (task, name);
  struct mk_port *port = entry->port;
  if (entry->type & MK_TYPE_DEAD_NAME)
    {
      if (disposition != MK_COPY_SEND)
	drop_reference (entry, MK_TYPE_DEAD_NAME, deleted);
      return (struct mk_carried) { NULL, carried, true };
    }
  switch (disposition)
    {
    case MK_MOVE_RECEIVE:
      return copyin_receive (entry, deleted);
    case MK_MAKE_SEND:
      port->mscount++;
      /* fall through */
    case MK_COPY_SEND:
      port->srights++;
      mk_port_reference (port);
      break;
    case MK_MAKE_SEND_ONCE:
      port->sorights++;
      mk_port_reference (port);
      break;
    case MK_MOVE_SEND:
      {
	bool last = entry->urefs == 1;
	if (!last)
	  port->srights++;
	/* The entry's own reference goes along only if the entry goes away.  */
	if (!last || (entry->type & MK_TYPE_RECEIVE))
	  mk_port_reference (port);
	drop_reference (entry, MK_TYPE_SEND, deleted);
	break;
      }
    case MK_MOVE_SEND_ONCE:
      drop_reference (entry, MK_TYPE_SEND_ONCE, deleted);
      break;
    case MK_NONE:			/* no scenario: it was checked */
      dr_assert (false);		/* no scenario: this would end it */
    }
  return (struct mk_carried) { port, carried, false };
}

mk_name
mk_copyout (struct mk_task *task, struct mk_carried right)
{
  struct mk_port *port = right.port;
  if (port == NULL)
    return right.dead ? MK_DEAD : MK_NULL;
  if (!port->active)
    {
      mk_port_release (port);
      return MK_DEAD;
    }
  mk_name name = right.disposition == MK_MOVE_SEND_ONCE ? MK_NULL : mk_name_of (task, port);
  bool fresh = name == MK_NULL;
  struct mk_entry *entry;
  if (fresh)
    {
      name = mk_free_name (task);
      entry = mk_claim_name (task, name);
      entry->port = port;		/* the right's reference becomes the entry's */
    }
  else
    entry = mk_lookup (task, name);
  switch (right.disposition)
    {
    case MK_MOVE_SEND_ONCE:
      entry->type = MK_TYPE_SEND_ONCE;
      entry->urefs = 1;
      return name;
    case MK_MOVE_RECEIVE:
      entry->type |= MK_TYPE_RECEIVE;
      port->receiver = task;
      port->receiver_name = name;
      port->destination = NULL;
      break;
    default:
      if (entry->type & MK_TYPE_SEND)
	port->srights--;		/* a task counts once, however often it has it */
      entry->type |= MK_TYPE_SEND;
      if (entry->urefs + 1 < MK_UREFS_MAX)
	entry->urefs++;
    }
  if (!fresh)
    mk_port_release (port);
  return name;
}

void
mk_carried_destroy (struct mk_carried right)
{
  struct mk_port *port = right.port;
  if (port == NULL)
    return;
  switch (right.disposition)
    {
    case MK_MOVE_SEND_ONCE:
      mk_release_send_once (port);
      break;
    case MK_MOVE_RECEIVE:
      port->destination = NULL;
      mk_port_destroy (port);
      break;
    default:
      mk_release_send (port);
    }
}

void
mk_kmsg_destroy (struct mk_kmsg *kmsg)
{
  struct mk *kernel = NULL;
  /* Any port of the message knows the kernel; one without ports needs none.  */
  const struct mk_carried *all[] = { &kmsg->destination, &kmsg->reply };
  for (size_t i = 0; i < 2; i++)
    if (all[i]->port != NULL)
      kernel = all[i]->port->kernel;
  for (size_t i = 0; i < kmsg->rights; i++)
    if (kmsg->right[i].port != NULL)
      kernel = kmsg->right[i].port->kernel;
  if (kernel == NULL)
    {
      free (kmsg);
      return;
    }
  bool nested = kernel->doomed != NULL;
  kmsg->next = NULL;
  *kernel->doomed_tail = kmsg;
  kernel->doomed_tail = &kmsg->next;
  if (nested)
    return;
  while ((kmsg = kernel->doomed) != NULL)
    {
      mk_carried_destroy (kmsg->destination);
      mk_carried_destroy (kmsg->reply);
      for (size_t i = 0; i < kmsg->rights; i++)
	mk_carried_destroy (kmsg->right[i]);
      kernel->doomed = kmsg->next;
      if (kernel->doomed == NULL)
	kernel->doomed_tail = &kernel->doomed;
      free (kmsg);
    }
}

void
mk_enqueue (struct mk_port *port, struct mk_kmsg *kmsg)
{
  kmsg->arrival = ++port->kernel->arrivals;
  kmsg->next = NULL;
  *port->tail = kmsg;
  port->tail = &kmsg->next;
  port->msgcount++;
}

static bool
any_send (enum mk_disposition d)
{
  return d >= MK_MOVE_SEND && d <= MK_MAKE_SEND_ONCE;
}

/* The header when destination and reply port have the same name.  */
static enum mk_result
check_same (struct mk_task *task, const struct mk_message *m)
{
  enum mk_disposition dest = m->remote.disposition, reply = m->local.disposition;
  struct mk_entry *entry = mk_lookup (task, m->remote.name);
  if (entry == NULL)
    return MK_SEND_INVALID_DEST;
  if (mk_copyin_check (task, m->local.name, reply, true) != MK_SUCCESS)
    return MK_SEND_INVALID_REPLY;
  if (dest == MK_MOVE_SEND_ONCE || reply == MK_MOVE_SEND_ONCE)
    return MK_SEND_INVALID_DEST;
  if (mk_copyin_check (task, m->remote.name, dest, false) != MK_SUCCESS)
    return MK_SEND_INVALID_DEST;
  if (dest == MK_MOVE_SEND && reply == MK_MOVE_SEND && entry->urefs < 2)
    return MK_SEND_INVALID_DEST;
  return MK_SUCCESS;
}

static enum mk_result
check_header (struct mk_task *task, const struct mk_message *m)
{
  if (!any_send (m->remote.disposition)
      || (m->local.disposition == MK_NONE ? m->local.name != MK_NULL
	  : !any_send (m->local.disposition)))
    return MK_SEND_INVALID_HEADER;
  bool has_reply = m->local.name != MK_NULL && m->local.name != MK_DEAD;
  if (has_reply && m->local.name == m->remote.name)
    return check_same (task, m);
  if (mk_lookup (task, m->remote.name) == NULL)
    return MK_SEND_INVALID_DEST;
  if (has_reply
      && mk_copyin_check (task, m->local.name, m->local.disposition, true) != MK_SUCCESS)
    return MK_SEND_INVALID_REPLY;
  if (mk_copyin_check (task, m->remote.name, m->remote.disposition, false) != MK_SUCCESS)
    return MK_SEND_INVALID_DEST;
  return MK_SUCCESS;
}

struct carrier
{
  struct mk_task *task;
  size_t deleted;
  struct { struct mk_port *notify; mk_name name; } deletion[MK_MESSAGE_RIGHTS_MAX + 2];
};

static struct mk_carried
carry (struct carrier *carrier, struct mk_message_right right)
{
  struct mk_port *deleted;
  struct mk_carried carried = mk_copyin (carrier->task, right.name, right.disposition, &deleted);
  if (deleted != NULL)
    {
      carrier->deletion[carrier->deleted].notify = deleted;
      carrier->deletion[carrier->deleted++].name = right.name;
    }
  return carried;
}

static void
tell_deleted (struct carrier *carrier)
{
  for (size_t i = 0; i < carrier->deleted; i++)
    mk_notify_name (carrier->deletion[i].notify, MK_NOTIFY_PORT_DELETED,
		    carrier->deletion[i].name);
}

static void
carry_header (struct carrier *carrier, const struct mk_message *m, struct mk_kmsg *kmsg)
{
  bool same = m->local.name == m->remote.name;
  bool copy_after_move = same && m->remote.disposition == MK_MOVE_SEND
    && m->local.disposition == MK_COPY_SEND;
  /* A copy must be taken while the name still has the right.  */
  if (copy_after_move)
    {
      kmsg->reply = carry (carrier, m->local);
      kmsg->destination = carry (carrier, m->remote);
      return;
    }
  kmsg->destination = carry (carrier, m->remote);
  if (m->local.disposition != MK_NONE)
    kmsg->reply = carry (carrier, m->local);
}

enum mk_result
mk_send (struct mk_task *task, const struct mk_message *m)
{
  enum mk_result result = check_header (task, m);
  if (result != MK_SUCCESS)
    return result;
  dr_assert (m->rights <= MK_MESSAGE_RIGHTS_MAX && m->bytes <= MK_MESSAGE_DATA_BYTES_MAX);
  struct mk_port *port = mk_lookup (task, m->remote.name)->port;
  bool circular = false;
  for (size_t i = 0; i < m->rights; i++)
    {
      struct mk_entry *entry = mk_lookup (task, m->right[i].name);
      circular |= m->right[i].disposition == MK_MOVE_RECEIVE && entry != NULL
	&& entry->port != NULL && mk_port_circular (entry->port, port);
    }
  bool once = m->remote.disposition == MK_MOVE_SEND_ONCE
    || m->remote.disposition == MK_MAKE_SEND_ONCE;
  if (!once && !circular && port->msgcount >= port->qlimit)
    return MK_SEND_TIMED_OUT;

  struct carrier carrier = { .task = task };
  struct mk_kmsg *kmsg = mk_xcalloc (sizeof *kmsg);
  kmsg->id = m->id;
  kmsg->bytes = m->bytes;
  memcpy (kmsg->data, m->data, m->bytes);
  carry_header (&carrier, m, kmsg);
  for (; kmsg->rights < m->rights; kmsg->rights++)
    {
      const struct mk_message_right *right = &m->right[kmsg->rights];
      if (mk_copyin_check (task, right->name, right->disposition, true) != MK_SUCCESS)
	{
	  /* As the kernel: what was taken from the task so far is destroyed.  */
	  tell_deleted (&carrier);
	  mk_kmsg_destroy (kmsg);
	  return MK_SEND_INVALID_RIGHT;
	}
      struct mk_carried carried = carry (&carrier, *right);
      carried.array = right->array;
      kmsg->right[kmsg->rights] = carried;
      if (carried.disposition == MK_MOVE_RECEIVE && carried.port != NULL)
	{
	  if (mk_port_circular (carried.port, port))
	    circular = true;
	  else
	    carried.port->destination = port;
	}
    }
  tell_deleted (&carrier);
  if (circular || !port->active)
    mk_kmsg_destroy (kmsg);
  else
    mk_enqueue (port, kmsg);
  return MK_SUCCESS;
}

static struct mk_port *
next_of_set (const struct mk_set *set)
{
  struct mk_port *first = NULL;
  for (struct mk_port *port = set->members; port != NULL; port = port->set_next)
    if (port->head != NULL && (first == NULL || port->head->arrival < first->head->arrival))
      first = port;
  return first;
}

enum mk_result
mk_receive (struct mk_task *task, mk_name name, struct mk_message *m)
{
  struct mk_entry *entry = mk_lookup (task, name);
  if (entry == NULL || !(entry->type & (MK_TYPE_RECEIVE | MK_TYPE_PORT_SET)))
    return MK_RCV_INVALID_NAME;
  struct mk_port *port;
  if (entry->type & MK_TYPE_PORT_SET)
    port = next_of_set (entry->set);
  else
    {
      port = entry->port;
      if (port->set != NULL)
	return MK_RCV_IN_SET;
    }
  if (port == NULL || port->head == NULL)
    return MK_RCV_TIMED_OUT;

  struct mk_kmsg *kmsg = port->head;
  port->head = kmsg->next;
  if (port->head == NULL)
    port->tail = &port->head;
  port->msgcount--;
  /* All but the rights and the bytes that it does not have.  */
  m->id = kmsg->id;
  m->seqno = port->seqno++;
  m->bytes = kmsg->bytes;
  memcpy (m->data, kmsg->data, kmsg->bytes);
  m->local = (struct mk_message_right) { .name = port->receiver_name,
					 .disposition = kmsg->destination.disposition };
  m->remote = (struct mk_message_right) { .disposition = kmsg->reply.disposition };
  m->remote.name = mk_copyout (task, kmsg->reply);
  if (kmsg->destination.disposition == MK_MOVE_SEND_ONCE)
    {
      dr_assert (port->sorights > 0);
      port->sorights--;
      mk_port_release (port);
    }
  else
    mk_release_send (port);
  m->rights = kmsg->rights;
  for (size_t i = 0; i < kmsg->rights; i++)
    {
      m->right[i].disposition = kmsg->right[i].disposition;
      m->right[i].array = kmsg->right[i].array;
      m->right[i].name = mk_copyout (task, kmsg->right[i]);
    }
  free (kmsg);
  return MK_SUCCESS;
}
