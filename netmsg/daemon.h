/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NETMSG_DAEMON_H
#define NETMSG_DAEMON_H

#include "options.h"

/* Becomes this node's netmsg.  SERVED (may be NULL: nothing yet) is the path to serve.  READY is
   called once everything works.  Returns only on failure before that. */
bool daemon_run (const struct options *options, const char *served, void (*ready) (void),
	struct complaint *complaint);

#endif
