/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receive rights that stand for queues of other nodes, by number and by port name. */
#ifndef DR_MACH_PROXIES_H
#define DR_MACH_PROXIES_H

#include "mach/map.h"

#include <mach.h>

#define PROXIES_SPARE_MAX 64	/* used-up ports of send-once proxies kept for the next ones */

struct proxy
{
	uint32_t number;
	mach_port_t port;	/* the receive right */
	mach_port_t notify;	/* adopted: the kernel's word about it comes here, since send-once rights
				   to PORT may have been made for notifications before it moved here */
	bool once;		/* one message or one notification, then it is done */
	bool used;		/* once: that one thing has come */
	bool wanted;		/* is to be received from */
	bool received_from;	/* is in the port set */
	struct proxy **held;	/* see proxies_hold */
	bool destroyed;		/* only the name is left: see proxies_destroy */
	unsigned ignore_send_once;	/* notifications of our own making to come */
	struct proxy *next;	/* of the destroyed ones */
};

struct proxies
{
	struct map by_number, by_port;
	mach_port_t set;
	mach_port_t spare[PROXIES_SPARE_MAX];	/* receive rights in the set, without rights to them */
	unsigned spares;
	struct proxy *destroyed;
};

void proxies_init (struct proxies *proxies, mach_port_t set);

/* Does not touch the ports. */
void proxies_free (struct proxies *proxies);

struct proxy *proxies_by_number (const struct proxies *proxies, uint32_t number);
struct proxy *proxies_by_port (const struct proxies *proxies, mach_port_t port);

/* A new port in the set.  NULL: no memory or no ports. */
struct proxy *proxies_create (struct proxies *proxies, uint32_t number, bool once);

/* PORT, a receive right of the caller's, becomes a proxy that is not received from.  Its notify port
   is in the set and found by proxies_by_port too. */
struct proxy *proxies_adopt (struct proxies *proxies, uint32_t number, mach_port_t port);

/* Puts the port into the set, or takes it out. */
void proxies_receive (struct proxies *proxies, struct proxy *proxy, bool receive);

/* A message of PROXY was received but is not ready to be looked at: nothing else is received from it
   until proxies_go_on, whatever proxies_receive says.  *HOLDER is PROXY, and becomes NULL when the
   proxy goes first. */
void proxies_hold (struct proxies *proxies, struct proxy *proxy, struct proxy **holder);
/* The same for a caller who knows that nothing is received from any proxy meanwhile. */
void proxies_keep (struct proxy *proxy, struct proxy **holder);
void proxies_go_on (struct proxies *proxies, struct proxy *proxy);

/* Destroys the receive right; holders get dead names.  A message of it may have been received and
   not yet been looked at, so its name stays taken (a dead name) until proxies_bury. */
void proxies_destroy (struct proxies *proxies, struct proxy *proxy);

/* To be called when no message of an earlier destroyed proxy can be under way to us any more. */
void proxies_bury (struct proxies *proxies);

/* Forgets the proxy; its receive right, taken out of the set, is the caller's. */
mach_port_t proxies_release (struct proxies *proxies, struct proxy *proxy);

#endif
