/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root that a peer is given: a directory of this node, with the rights of the peer's user, and
   with itself as its own "..", so that no lookup leads out of it.  Or anything else that has a name: a
   file, what a translator shows.

   It is open for nothing: who wants to read or write opens it so (dir_lookup of no name), and the file
   server looks whether the peer's user may.  We ourselves may nearly always. */
#ifndef NETMSG_ROOT_H
#define NETMSG_ROOT_H

#include "peers.h"

#include <fcntl.h>
#include <mach/port.h>

#ifdef O_NORW
#define OPEN_FOR_NOTHING O_NORW	/* the Hurd's */
#else
#define OPEN_FOR_NOTHING O_PATH
#endif

/* On success *ROOT is a send right of the caller's.  SERVED is what `netmsg -s` named. */
bool root_for_peer (const struct peer *peer, const char *served, mach_port_t *root, struct complaint *complaint);

/* The user that PEER acts as.  False when this node has no such user. */
bool root_identity (const struct peer *peer, unsigned *uid, unsigned *gid, struct complaint *complaint);

#endif
