/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding this node's netmsg, and starting it when there is none. */
#ifndef NETMSG_FIND_H
#define NETMSG_FIND_H

#include "options.h"

#include <mach/port.h>

#define CONTROL_FILE "/servers/netmsg"

/* A send right to the running server's control port, or MACH_PORT_NULL. */
mach_port_t find_server (void);

/* The same; starts a server in the background with these options when there is none.  When there
   is one, its port and files must be those that the options name, if they name any. */
mach_port_t find_or_start_server (const struct options *options, struct complaint *complaint);

/* Runs BODY in a process of its own that outlives this one, and waits until it has said whether it
   is ready (ready (true/false)).  Returns true when it is.  Its complaints go to standard error. */
bool run_in_background (bool (*body) (const struct options *, void (*ready) (void)), const struct options *options);

#endif
