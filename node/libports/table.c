/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receive rights by name.  */
#include "internal.h"

enum { CHAINS = 1024 };

static struct port_info *chains[CHAINS];

/* Names of one task follow each other closely.  */
static unsigned
chain_of (mach_port_t name)
{
  return name % CHAINS;
}

void
libports_enter (struct port_info *port)
{
  struct port_info **chain = &chains[chain_of (port->port_right)];
  port->next_by_name = *chain;
  *chain = port;
  port->next = port->bucket->ports;
  port->prevp = &port->bucket->ports;
  if (port->next)
    port->next->prevp = &port->next;
  port->bucket->ports = port;
}

void
libports_remove (struct port_info *port)
{
  struct port_info **at = &chains[chain_of (port->port_right)];
  while (*at != port)
    at = &(*at)->next_by_name;
  *at = port->next_by_name;
  *port->prevp = port->next;
  if (port->next)
    port->next->prevp = port->prevp;
}

struct port_info *
libports_find (mach_port_t name)
{
  struct port_info *port = chains[chain_of (name)];
  while (port && port->port_right != name)
    port = port->next_by_name;
  return port;
}

struct port_info *
libports_each (const struct port_info *after)
{
  unsigned i = 0;
  if (after)
    {
      if (after->next_by_name)
	return after->next_by_name;
      i = chain_of (after->port_right) + 1;
    }
  while (i < CHAINS && !chains[i])
    i++;
  return i < CHAINS ? chains[i] : NULL;
}
