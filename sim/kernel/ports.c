/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports and port sets: their life, and the counts of the rights to them.  */
#include "sim/kernel/internal.h"

#include <stdlib.h>

struct mk_port *
mk_port_new (struct mk *kernel)
{
  struct mk_port *port = mk_xcalloc (sizeof *port);
  port->kernel = kernel;
  port->references = 1;
  port->active = true;
  port->qlimit = MK_QLIMIT_DEFAULT;
  port->tail = &port->head;
  port->next = kernel->ports;
  port->link = &kernel->ports;
  if (port->next != NULL)
    port->next->link = &port->next;
  kernel->ports = port;
  return port;
}

void
mk_port_reference (struct mk_port *port)
{
  port->references++;
}

void
mk_port_release (struct mk_port *port)
{
  dr_assert (port->references > 0);
  if (--port->references > 0)
    return;
  dr_assert (!port->active);
  *port->link = port->next;
  if (port->next != NULL)
    port->next->link = port->link;
  free (port);
}

void
mk_port_clear_receiver (struct mk_port *port)
{
  if (port->set != NULL)
    mk_set_remove (port);
  port->mscount = 0;
  port->seqno = 0;
  port->receiver = NULL;
  port->receiver_name = MK_NULL;
}

void
mk_release_send (struct mk_port *port)
{
  if (port->active)
    {
      dr_assert (port->srights > 0);
      if (--port->srights == 0 && port->nsrequest != NULL)
	{
	  struct mk_port *notify = port->nsrequest;
	  port->nsrequest = NULL;
	  mk_notify_count (notify, MK_NOTIFY_NO_SENDERS, port->mscount);
	}
    }
  mk_port_release (port);
}

void
mk_release_send_once (struct mk_port *port)
{
  if (port->active)
    mk_notify_name (port, MK_NOTIFY_SEND_ONCE, MK_NULL);
  else
    mk_port_release (port);
}

bool
mk_port_circular (const struct mk_port *port, const struct mk_port *destination)
{
  for (; destination != NULL; destination = destination->destination)
    {
      if (destination == port)
	return true;
      if (!destination->active || destination->receiver != NULL)
	return false;
    }
  return false;				/* no scenario: a port is in limbo within a call only */
}

/* Every name of the dying PORT: pure receive rights go away, all others become
   dead names, with one reference more if a dead-name request stood.  */
static void
bury_names (struct mk_port *port)
{
  for (struct mk_task *task = port->kernel->tasks; task != NULL; task = task->next)
    for (mk_name name = 1; name < task->entries; name++)
      {
	struct mk_entry *entry = &task->entry[name];
	if (entry->port != port)
	  continue;
	bool requested = entry->request != NULL;
	entry->request = NULL;		/* the port still has it, and answers it */
	entry->port = NULL;
	entry->type = MK_TYPE_DEAD_NAME;
	entry->urefs += requested;
	mk_port_release (port);
      }
}

/* PORT has no receiver (mk_port_clear_receiver) and no name with a receive right.  */
void
mk_port_destroy (struct mk_port *port)
{
  dr_assert (port->active && port->receiver == NULL && port->set == NULL);
  if (port->pdrequest != NULL)
    {
      struct mk_port *notify = port->pdrequest;
      port->pdrequest = NULL;
      port->destination = NULL;
      if (!mk_port_circular (port, notify))
	{
	  mk_notify_port_destroyed (notify, port);
	  return;
	}
      notify->sorights--;
      mk_port_release (notify);
    }

  port->active = false;
  bury_names (port);
  if (port->nsrequest != NULL)
    {
      struct mk_port *notify = port->nsrequest;
      port->nsrequest = NULL;
      mk_release_send_once (notify);
    }
  struct mk_kmsg *kmsg;
  while ((kmsg = port->head) != NULL)
    {
      port->head = kmsg->next;
      mk_port_release (kmsg->destination.port);
      kmsg->destination = (struct mk_carried) { 0 };
      mk_kmsg_destroy (kmsg);
    }
  port->tail = &port->head;
  struct mk_dnrequest *request;
  while ((request = port->dnrequests) != NULL)
    {
      port->dnrequests = request->next;
      mk_notify_name (request->notify, MK_NOTIFY_DEAD_NAME, request->name);
      free (request);
    }
  mk_port_release (port);
}

void
mk_set_add (struct mk_set *set, struct mk_port *port)
{
  dr_assert (port->set == NULL);
  port->set = set;
  port->set_next = set->members;
  set->members = port;
  /* The kernel appends the port's messages to the set's queue.  */
  for (struct mk_kmsg *kmsg = port->head; kmsg != NULL; kmsg = kmsg->next)
    kmsg->arrival = ++port->kernel->arrivals;
}

void
mk_set_remove (struct mk_port *port)
{
  struct mk_port **p = &port->set->members;
  while (*p != port)
    p = &(*p)->set_next;
  *p = port->set_next;
  port->set = NULL;
  port->set_next = NULL;
}

void
mk_set_destroy (struct mk_set *set)
{
  while (set->members != NULL)
    mk_set_remove (set->members);
  free (set);
}
