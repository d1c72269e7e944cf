/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notifications, and the requests for them.  */
#include "sim/kernel/internal.h"

#include <stdlib.h>
#include <string.h>

/* A notification to the send-once right NOTIFY, which it uses up.  The kernel
   never waits for room in a queue, and one to a dead port is dropped.  */
static void
deliver (struct mk_port *notify, struct mk_kmsg *kmsg)
{
  kmsg->destination = (struct mk_carried) { notify, MK_MOVE_SEND_ONCE, false };
  if (notify->active)
    mk_enqueue (notify, kmsg);
  else
    mk_kmsg_destroy (kmsg);
}

static void
notify_word (struct mk_port *notify, int32_t id, uint32_t word, size_t bytes)
{
  struct mk_kmsg *kmsg = mk_xcalloc (sizeof *kmsg);
  kmsg->id = id;
  kmsg->bytes = bytes;
  memcpy (kmsg->data, &word, sizeof word);
  deliver (notify, kmsg);
}

void
mk_notify_name (struct mk_port *notify, int32_t id, mk_name name)
{
  notify_word (notify, id, name, id == MK_NOTIFY_SEND_ONCE ? 0 : sizeof name);
}

void
mk_notify_count (struct mk_port *notify, int32_t id, uint32_t count)
{
  notify_word (notify, id, count, sizeof count);
}

void
mk_notify_port_destroyed (struct mk_port *notify, struct mk_port *port)
{
  struct mk_kmsg *kmsg = mk_xcalloc (sizeof *kmsg);
  kmsg->id = MK_NOTIFY_PORT_DESTROYED;
  kmsg->rights = 1;
  kmsg->right[0] = (struct mk_carried) { port, MK_MOVE_RECEIVE, false };
  port->destination = notify;
  deliver (notify, kmsg);
}

struct mk_port *
mk_dncancel (struct mk_entry *entry)
{
  struct mk_dnrequest *request = entry->request;
  if (request == NULL)
    return NULL;
  struct mk_dnrequest **p = &entry->port->dnrequests;
  while (*p != request)
    p = &(*p)->next;
  *p = request->next;
  struct mk_port *notify = request->notify;
  free (request);
  entry->request = NULL;
  return notify;
}

static enum mk_result
request_dead_name (struct mk_task *task, mk_name name, uint32_t sync,
		   struct mk_port *notify, struct mk_port **previous)
{
  struct mk_entry *entry = mk_lookup (task, name);
  if (entry == NULL)
    return MK_INVALID_NAME;
  if (entry->port != NULL)
    {
      *previous = mk_dncancel (entry);
      if (notify != NULL)
	{
	  struct mk_dnrequest *request = mk_xcalloc (sizeof *request);
	  request->task = task;
	  request->name = name;
	  request->notify = notify;
	  request->next = entry->port->dnrequests;
	  entry->port->dnrequests = request;
	  entry->request = request;
	}
      return MK_SUCCESS;
    }
  if (!(entry->type & MK_TYPE_DEAD_NAME))
    return MK_INVALID_RIGHT;
  if (sync == 0 || notify == NULL)
    return MK_INVALID_ARGUMENT;
  if (entry->urefs + 1 > MK_UREFS_MAX)
    return MK_UREFS_OVERFLOW;
  entry->urefs++;
  mk_notify_name (notify, MK_NOTIFY_DEAD_NAME, name);
  return MK_SUCCESS;
}

static enum mk_result
request_on_receive_right (struct mk_task *task, mk_name name, int32_t id, uint32_t sync,
			  struct mk_port *notify, struct mk_port **previous)
{
  struct mk_entry *entry = mk_lookup (task, name);
  if (id == MK_NOTIFY_PORT_DESTROYED && sync != 0)
    return MK_INVALID_VALUE;
  if (entry == NULL)
    return MK_INVALID_NAME;
  if (!(entry->type & MK_TYPE_RECEIVE))
    return MK_INVALID_RIGHT;
  struct mk_port *port = entry->port;
  if (id == MK_NOTIFY_PORT_DESTROYED)
    {
      *previous = port->pdrequest;
      port->pdrequest = notify;
      return MK_SUCCESS;
    }
  *previous = port->nsrequest;
  port->nsrequest = NULL;
  if (port->srights == 0 && sync <= port->mscount && notify != NULL)
    mk_notify_count (notify, id, port->mscount);
  else
    port->nsrequest = notify;
  return MK_SUCCESS;
}

enum mk_result
mk_request_notification (struct mk_task *task, mk_name name, int32_t id, uint32_t sync,
			 mk_name notify_name, enum mk_disposition disposition,
			 mk_name *previous_name)
{
  struct mk_carried notify = { 0 };
  if (notify_name != MK_NULL)
    {
      if (mk_copyin_check (task, notify_name, disposition, true) != MK_SUCCESS)
	return MK_SEND_INVALID_RIGHT;
      struct mk_port *deleted;
      notify = mk_copyin (task, notify_name, disposition, &deleted);
      if (deleted != NULL)
	mk_notify_name (deleted, MK_NOTIFY_PORT_DELETED, notify_name);
      /* The request is a message: it takes a right of any kind along.  */
      if (notify.disposition != MK_MOVE_SEND_ONCE)
	{
	  mk_carried_destroy (notify);
	  return MK_BAD_ARGUMENTS;
	}
    }
  struct mk_port *previous = NULL;
  enum mk_result result;
  if (notify.dead)
    result = MK_INVALID_CAPABILITY;
  else
    switch (id)
      {
      case MK_NOTIFY_PORT_DESTROYED:
      case MK_NOTIFY_NO_SENDERS:
	result = request_on_receive_right (task, name, id, sync, notify.port, &previous);
	break;
      case MK_NOTIFY_DEAD_NAME:
	result = request_dead_name (task, name, sync, notify.port, &previous);
	break;
      default:
	result = MK_INVALID_VALUE;
      }
  if (result != MK_SUCCESS)
    {
      mk_carried_destroy (notify);
      return result;
    }
  *previous_name = previous == NULL ? MK_NULL
    : mk_copyout (task, (struct mk_carried) { previous, MK_MOVE_SEND_ONCE, false });
  return MK_SUCCESS;
}
