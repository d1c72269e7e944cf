/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root that a peer is given: a directory of this node, with the rights of the peer's user, and
   with itself as its own "..", so that no lookup leads out of it. */
#ifndef NETMSG_ROOT_H
#define NETMSG_ROOT_H

#include "peers.h"

#include <mach/port.h>

/* On success *ROOT is a send right of the caller's.  SERVED is what `netmsg -s` named. */
bool root_for_peer (const struct peer *peer, const char *served, mach_port_t *root, struct complaint *complaint);

/* The user that PEER acts as.  False when this node has no such user. */
bool root_identity (const struct peer *peer, unsigned *uid, unsigned *gid, struct complaint *complaint);

#endif
