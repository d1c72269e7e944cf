/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recounts every right of a model kernel from scratch and compares.  */
#include "sim/kernel/check.h"
#include "sim/kernel/internal.h"

struct tally
{
  uint32_t srights, sorights, receives;
  size_t references;
};

static void
tally_carried (struct tally *t, const struct mk_port *port, const struct mk_carried *right)
{
  if (right->port != port)
    return;
  t->references++;
  t->srights += right->disposition == MK_MOVE_SEND;
  t->sorights += right->disposition == MK_MOVE_SEND_ONCE;
  t->receives += right->disposition == MK_MOVE_RECEIVE;
}

static void
tally_once (struct tally *t, const struct mk_port *port, const struct mk_port *registered)
{
  if (registered == port)
    {
      t->references++;
      t->sorights++;
    }
}

static struct tally
tally_port (struct mk *kernel, const struct mk_port *port)
{
  struct tally t = { 0 };
  for (struct mk_task *task = kernel->tasks; task != NULL; task = task->next)
    for (size_t i = 1; i < task->entries; i++)
      if (task->entry[i].port == port)
	{
	  uint32_t type = task->entry[i].type;
	  t.references++;
	  t.srights += (type & MK_TYPE_SEND) != 0;
	  t.sorights += (type & MK_TYPE_SEND_ONCE) != 0;
	  t.receives += (type & MK_TYPE_RECEIVE) != 0;
	}
  for (struct mk_port *p = kernel->ports; p != NULL; p = p->next)
    {
      tally_once (&t, port, p->nsrequest);
      tally_once (&t, port, p->pdrequest);
      for (struct mk_dnrequest *r = p->dnrequests; r != NULL; r = r->next)
	tally_once (&t, port, r->notify);
      for (struct mk_kmsg *m = p->head; m != NULL; m = m->next)
	{
	  tally_carried (&t, port, &m->destination);
	  tally_carried (&t, port, &m->reply);
	  for (size_t i = 0; i < m->rights; i++)
	    tally_carried (&t, port, &m->right[i]);
	}
    }
  return t;
}

const char *
mk_check (struct mk *kernel)
{
  for (struct mk_port *port = kernel->ports; port != NULL; port = port->next)
    {
      struct tally t = tally_port (kernel, port);
      if (t.references != port->references)
	return "a port's references do not add up";
      if (!port->active)
	continue;
      if (t.receives != 1)
	return "a live port has not exactly one receive right";
      if (t.srights + port->lost_srights != port->srights)
	return "send rights do not add up";
      if (t.sorights != port->sorights)
	return "send-once rights do not add up";
      uint32_t messages = 0;
      for (struct mk_kmsg *m = port->head; m != NULL; m = m->next)
	messages++;
      if (messages != port->msgcount)
	return "a queue's messages do not add up";
      if ((port->receiver != NULL)
	  != (port->receiver != NULL
	      && mk_name_of (port->receiver, port) == port->receiver_name))
	return "a receiver's name is wrong";
    }
  return NULL;
}

/* --- What checkers ask ---------------------------------------------------------- */

size_t
mk_names (struct mk_task *task, mk_name *names, size_t count)
{
  size_t n = 0;
  for (mk_name name = 1; name < task->entries; name++)
    if (task->entry[name].type != 0)
      {
	if (n < count)
	  names[n] = name;
	n++;
      }
  return n;
}

uintptr_t
mk_port_identity (struct mk_task *task, mk_name name)
{
  struct mk_entry *entry = mk_lookup (task, name);
  return entry == NULL ? 0 : (uintptr_t) entry->port;
}

size_t
mk_ports_alive (struct mk *kernel)
{
  size_t n = 0;
  for (struct mk_port *port = kernel->ports; port != NULL; port = port->next)
    n += port->active;
  return n;
}
