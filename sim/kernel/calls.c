/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls of mach_port.defs on names (messages: carry.c; requests: notify.c).  */
#include "sim/kernel/internal.h"

#include <stdlib.h>

static void
tell_deleted (struct mk_port *notify, mk_name name)
{
  if (notify != NULL)
    mk_notify_name (notify, MK_NOTIFY_PORT_DELETED, name);
}

static enum mk_result
fill_name (struct mk_task *task, enum mk_right right, mk_name name)
{
  if (right != MK_RECEIVE && right != MK_PORT_SET && right != MK_DEAD_NAME)
    return MK_INVALID_VALUE;
  struct mk_entry *entry = mk_claim_name (task, name);
  switch (right)
    {
    case MK_RECEIVE:
      entry->type = MK_TYPE_RECEIVE;
      entry->port = mk_port_new (task->kernel);
      entry->port->receiver = task;
      entry->port->receiver_name = name;
      break;
    case MK_PORT_SET:
      entry->type = MK_TYPE_PORT_SET;
      entry->set = mk_xcalloc (sizeof *entry->set);
      entry->set->name = name;
      break;
    default:
      entry->type = MK_TYPE_DEAD_NAME;
      entry->urefs = 1;
    }
  return MK_SUCCESS;
}

enum mk_result
mk_allocate (struct mk_task *task, enum mk_right right, mk_name *name)
{
  mk_name fresh = mk_free_name (task);
  enum mk_result result = fill_name (task, right, fresh);
  if (result == MK_SUCCESS)
    *name = fresh;
  return result;
}

enum mk_result
mk_allocate_name (struct mk_task *task, enum mk_right right, mk_name name)
{
  if (name == MK_NULL || name == MK_DEAD)
    return MK_INVALID_VALUE;
  if (mk_lookup (task, name) != NULL)
    return MK_NAME_EXISTS;
  return fill_name (task, right, name);
}

enum mk_result
mk_rename (struct mk_task *task, mk_name from, mk_name to)
{
  if (to == MK_NULL || to == MK_DEAD)
    return MK_INVALID_VALUE;
  if (mk_lookup (task, from) == NULL)
    return MK_INVALID_NAME;
  if (mk_lookup (task, to) != NULL)
    return MK_NAME_EXISTS;
  struct mk_entry *new = mk_claim_name (task, to), *old = mk_lookup (task, from);
  *new = *old;
  *old = (struct mk_entry) { 0 };
  if (new->request != NULL)
    new->request->name = to;
  if (new->type & MK_TYPE_RECEIVE)
    new->port->receiver_name = to;
  if (new->set != NULL)
    new->set->name = to;
  return MK_SUCCESS;
}

/* The receive right of ENTRY is destroyed; its send right, if any, stays behind as
   a dead name.  */
static void
destroy_receive (struct mk_entry *entry, mk_name name)
{
  struct mk_port *port = entry->port, *deleted = NULL;
  if (entry->type & MK_TYPE_SEND)
    {
      /* As the kernel: the name is dead at once, even if the port then goes to a
	 port-destroyed request instead of dying; the port goes on counting the send
	 right, so that it never has no senders; and a dead-name request of the name
	 stays with the port.  */
      entry->type = MK_TYPE_DEAD_NAME;
      entry->urefs += entry->request != NULL;
      entry->request = NULL;
      entry->port = NULL;
      port->lost_srights++;
    }
  else
    {
      deleted = mk_dncancel (entry);
      mk_entry_free (entry);
    }
  mk_port_clear_receiver (port);
  mk_port_destroy (port);
  tell_deleted (deleted, name);
}

enum mk_result
mk_destroy_name (struct mk_task *task, mk_name name)
{
  struct mk_entry *entry = mk_lookup (task, name);
  if (entry == NULL)
    return MK_INVALID_NAME;
  struct mk_port *port = entry->port;
  uint32_t type = entry->type;
  if (type & MK_TYPE_PORT_SET)
    mk_set_destroy (entry->set);
  struct mk_port *deleted = port == NULL ? NULL : mk_dncancel (entry);
  mk_entry_free (entry);
  if (type & MK_TYPE_RECEIVE)
    {
      if (type & MK_TYPE_SEND)
	{
	  mk_port_reference (port);
	  mk_release_send (port);
	}
      mk_port_clear_receiver (port);
      mk_port_destroy (port);
    }
  else if (type & MK_TYPE_SEND_ONCE)
    mk_release_send_once (port);
  else if (type & MK_TYPE_SEND)
    mk_release_send (port);
  tell_deleted (deleted, name);
  return MK_SUCCESS;
}

/* One entry's send right goes; its reference too unless a receive right stays.  */
static void
drop_send (struct mk_entry *entry, mk_name name)
{
  struct mk_port *port = entry->port, *deleted = NULL;
  entry->urefs = 0;
  if (entry->type & MK_TYPE_RECEIVE)
    {
      entry->type = MK_TYPE_RECEIVE;
      mk_port_reference (port);
    }
  else
    {
      deleted = mk_dncancel (entry);
      mk_entry_free (entry);
    }
  mk_release_send (port);
  tell_deleted (deleted, name);
}

static void
drop_send_once (struct mk_entry *entry, mk_name name)
{
  struct mk_port *port = entry->port, *deleted = mk_dncancel (entry);
  mk_entry_free (entry);
  mk_release_send_once (port);
  tell_deleted (deleted, name);
}

enum mk_result
mk_deallocate (struct mk_task *task, mk_name name)
{
  struct mk_entry *entry = mk_lookup (task, name);
  if (entry == NULL)
    return MK_INVALID_NAME;
  if (entry->type & MK_TYPE_SEND_ONCE)
    drop_send_once (entry, name);
  else if (entry->type & (MK_TYPE_SEND | MK_TYPE_DEAD_NAME))
    {
      if (entry->urefs > 1)
	entry->urefs--;
      else if (entry->type & MK_TYPE_DEAD_NAME)
	mk_entry_free (entry);
      else
	drop_send (entry, name);
    }
  else
    return MK_INVALID_RIGHT;
  return MK_SUCCESS;
}

static uint32_t
type_bit (enum mk_right right)
{
  return 1u << (16 + right);
}

enum mk_result
mk_get_refs (struct mk_task *task, mk_name name, enum mk_right right, uint32_t *refs)
{
  if ((unsigned) right > MK_DEAD_NAME)
    return MK_INVALID_VALUE;
  struct mk_entry *entry = mk_lookup (task, name);
  if (entry == NULL)
    return MK_INVALID_NAME;
  if (!(entry->type & type_bit (right)))
    *refs = 0;
  else
    *refs = right == MK_SEND || right == MK_DEAD_NAME ? entry->urefs : 1;
  return MK_SUCCESS;
}

enum mk_result
mk_mod_refs (struct mk_task *task, mk_name name, enum mk_right right, int32_t delta)
{
  if ((unsigned) right > MK_DEAD_NAME)
    return MK_INVALID_VALUE;
  struct mk_entry *entry = mk_lookup (task, name);
  if (entry == NULL)
    return MK_INVALID_NAME;
  if (!(entry->type & type_bit (right)))
    return MK_INVALID_RIGHT;
  if (right == MK_SEND || right == MK_DEAD_NAME)
    {
      /* A send right keeps room for the reference that a dead-name notification
	 adds when it becomes a dead name.  */
      int64_t refs = (int64_t) entry->urefs + delta;
      if (refs < 0)
	return MK_INVALID_VALUE;
      if (delta > 0 && refs + (right == MK_SEND) > MK_UREFS_MAX)
	return MK_UREFS_OVERFLOW;
      if (refs > 0)
	entry->urefs = (uint32_t) refs;
      else if (right == MK_SEND)
	drop_send (entry, name);
      else
	mk_entry_free (entry);
      return MK_SUCCESS;
    }
  if (delta == 0)
    return MK_SUCCESS;
  if (delta != -1)
    return MK_INVALID_VALUE;
  switch (right)
    {
    case MK_RECEIVE:
      destroy_receive (entry, name);
      break;
    case MK_SEND_ONCE:
      drop_send_once (entry, name);
      break;
    default:
      mk_set_destroy (entry->set);
      mk_entry_free (entry);
    }
  return MK_SUCCESS;
}

enum mk_result
mk_type (struct mk_task *task, mk_name name, uint32_t *type)
{
  struct mk_entry *entry = mk_lookup (task, name);
  if (entry == NULL)
    return MK_INVALID_NAME;
  *type = entry->type | (entry->request != NULL ? MK_TYPE_DNREQUEST : 0);
  return MK_SUCCESS;
}

enum mk_result
mk_insert_right (struct mk_task *task, mk_name name, struct mk_task *from,
		 mk_name from_name, enum mk_disposition disposition)
{
  if (disposition < MK_MOVE_RECEIVE || disposition > MK_MAKE_SEND_ONCE)
    return MK_INVALID_VALUE;
  if (mk_copyin_check (from, from_name, disposition, true) != MK_SUCCESS)
    return MK_SEND_INVALID_RIGHT;
  struct mk_port *deleted;
  struct mk_carried right = mk_copyin (from, from_name, disposition, &deleted);
  tell_deleted (deleted, from_name);
  enum mk_result result = MK_SUCCESS;
  mk_name has = right.port == NULL || right.disposition == MK_MOVE_SEND_ONCE ? MK_NULL
    : mk_name_of (task, right.port);
  if (name == MK_NULL || name == MK_DEAD)
    result = MK_INVALID_VALUE;
  else if (right.port == NULL)
    result = MK_INVALID_CAPABILITY;
  else if (has != MK_NULL && has != name)
    result = MK_RIGHT_EXISTS;
  else if (has == MK_NULL && mk_lookup (task, name) != NULL)
    result = MK_NAME_EXISTS;
  else if (has != MK_NULL && right.disposition == MK_MOVE_SEND
	   && mk_lookup (task, has)->urefs + 2 > MK_UREFS_MAX)
    result = MK_UREFS_OVERFLOW;
  if (result != MK_SUCCESS)
    {
      mk_carried_destroy (right);
      return result;
    }
  mk_name got = mk_copyout (task, right);
  if (got != name)
    mk_rename (task, got, name);
  return MK_SUCCESS;
}

enum mk_result
mk_extract_right (struct mk_task *task, mk_name name, enum mk_disposition disposition,
		  struct mk_task *to, mk_name *out)
{
  if (disposition < MK_MOVE_RECEIVE || disposition > MK_MAKE_SEND_ONCE)
    return MK_INVALID_VALUE;
  if (mk_lookup (task, name) == NULL)
    return MK_INVALID_NAME;
  enum mk_result result = mk_copyin_check (task, name, disposition, true);
  if (result != MK_SUCCESS)
    return result;
  struct mk_port *deleted;
  struct mk_carried right = mk_copyin (task, name, disposition, &deleted);
  tell_deleted (deleted, name);
  *out = mk_copyout (to, right);
  return MK_SUCCESS;
}

static enum mk_result
receive_right (struct mk_task *task, mk_name name, struct mk_port **port)
{
  struct mk_entry *entry = mk_lookup (task, name);
  if (entry == NULL)
    return MK_INVALID_NAME;
  if (!(entry->type & MK_TYPE_RECEIVE))
    return MK_INVALID_RIGHT;
  *port = entry->port;
  return MK_SUCCESS;
}

enum mk_result
mk_set_qlimit (struct mk_task *task, mk_name name, uint32_t limit)
{
  struct mk_port *port;
  if (limit > MK_QLIMIT_MAX)
    return MK_INVALID_VALUE;
  enum mk_result result = receive_right (task, name, &port);
  if (result == MK_SUCCESS)
    port->qlimit = limit;
  return result;
}

enum mk_result
mk_set_mscount (struct mk_task *task, mk_name name, uint32_t count)
{
  struct mk_port *port;
  enum mk_result result = receive_right (task, name, &port);
  if (result == MK_SUCCESS)
    port->mscount = count;
  return result;
}

enum mk_result
mk_set_seqno (struct mk_task *task, mk_name name, uint32_t seqno)
{
  struct mk_port *port;
  enum mk_result result = receive_right (task, name, &port);
  if (result == MK_SUCCESS)
    port->seqno = seqno;
  return result;
}

enum mk_result
mk_get_receive_status (struct mk_task *task, mk_name name, struct mk_receive_status *status)
{
  struct mk_port *port;
  enum mk_result result = receive_right (task, name, &port);
  if (result != MK_SUCCESS)
    return result;
  *status = (struct mk_receive_status) {
    .set = port->set == NULL ? MK_NULL : port->set->name,
    .seqno = port->seqno, .mscount = port->mscount, .qlimit = port->qlimit,
    .msgcount = port->msgcount, .sorights = port->sorights,
    .srights = port->srights > 0, .pdrequest = port->pdrequest != NULL,
    .nsrequest = port->nsrequest != NULL,
  };
  return MK_SUCCESS;
}

enum mk_result
mk_move_member (struct mk_task *task, mk_name member, mk_name after)
{
  struct mk_port *port;
  enum mk_result result = receive_right (task, member, &port);
  if (result != MK_SUCCESS)
    return result;
  struct mk_set *set = NULL;
  if (after != MK_NULL)
    {
      struct mk_entry *entry = mk_lookup (task, after);
      if (entry == NULL)
	return MK_INVALID_NAME;
      if (!(entry->type & MK_TYPE_PORT_SET))
	return MK_INVALID_RIGHT;
      set = entry->set;
    }
  if (set == NULL && port->set == NULL)
    return MK_NOT_IN_SET;
  if (set == port->set)
    return MK_SUCCESS;
  if (port->set != NULL)
    mk_set_remove (port);
  if (set != NULL)
    mk_set_add (set, port);
  return MK_SUCCESS;
}

enum mk_result
mk_get_set_status (struct mk_task *task, mk_name name, mk_name *names, size_t count,
		   size_t *members)
{
  struct mk_entry *entry = mk_lookup (task, name);
  if (entry == NULL)
    return MK_INVALID_NAME;
  if (!(entry->type & MK_TYPE_PORT_SET))
    return MK_INVALID_RIGHT;
  *members = 0;
  for (struct mk_port *port = entry->set->members; port != NULL; port = port->set_next)
    {
      if (*members < count)
	names[*members] = port->receiver_name;
      ++*members;
    }
  return MK_SUCCESS;
}
