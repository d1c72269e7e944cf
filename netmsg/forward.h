/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports of our own whose messages go on, in order, to other rights of this task. */
#ifndef NETMSG_FORWARD_H
#define NETMSG_FORWARD_H

#include <mach.h>
#include <stdbool.h>

struct forwards;

/* NULL: no ports or threads. */
struct forwards *forwards_create (void);

/* What comes to PORT goes on to TO.  PORT, a receive right with one send right made and not yet received
   from, and TO, a send right, are the forwards' from now on, also on failure: then PORT dies.  PORT lives
   as long as somebody can send to it and TO is alive. */
bool forwards_add (struct forwards *forwards, mach_port_t port, mach_port_t to);

#endif
