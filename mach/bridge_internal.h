/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the bridge share. */
#ifndef DR_MACH_BRIDGE_INTERNAL_H
#define DR_MACH_BRIDGE_INTERNAL_H

#include "mach/bridge.h"
#include "mach/map.h"
#include "mach/objects.h"
#include "mach/proxies.h"
#include "mach/receive.h"
#include "mach/watches.h"

#include <pthread.h>

struct bridge
{
	pthread_mutex_t lock;		/* over everything here, the engine, and the driver's state */
	struct dr_alloc alloc;
	struct rights *rights;
	struct bridge_driver driver;
	struct proxies proxies;
	struct workers *workers;	/* deliver */
	struct workers *touchers;	/* make received memory resident */
	struct touch *touch;		/* what the receive thread is at, without the lock; NULL: nothing */
	uint64_t wary_until;		/* a pager was slow: the receive thread touches nothing itself until then */
	unsigned stranded;		/* former receive threads that wait for a pager */
	mach_port_t set;		/* all proxies and NOTICES */
	mach_port_t notices;		/* notifications about local names come here */
	mach_port_t stage;		/* see mach/give.h */
	struct watches watches;		/* local names to be watched soon */
	struct map destinations;	/* local name -> enum destination, as far as asked */
	struct objects objects;		/* has a lock of its own */
	uint64_t marker_secret;		/* nobody else can make our markers */
};

/* What a local port is: sending to a kernel object runs the call inside of mach_msg. */
enum destination { DESTINATION_UNKNOWN, DESTINATION_TASK, DESTINATION_KERNEL };

/* Messages that the bridge queues on its own proxies. */
#define MARKER_ID 470900
enum marker_kind { MARKER_MARK, MARKER_CLOSE, MARKER_NO_SENDERS };
struct marker
{
	mach_msg_header_t header;
	uint64_t secret, kind, cookie;
};

/* Queues a marker on a proxy, behind what is there. */
void bridge_mark (struct bridge *bridge, struct proxy *proxy, enum marker_kind kind, uint64_t cookie);

/* Executes one action. */
void bridge_execute (struct bridge *bridge, const struct rights_action *action);

/* The names whose time has come are watched from now on. */
void bridge_watch_due (struct bridge *bridge);

/* Executes all that the engine wants done now. */
void bridge_run (struct bridge *bridge);

/* The same for a message with out-of-line memory, by the receive thread.  Nothing else is received from
   PROXY until the memory is there.  False: that took too long, the message has been passed on, and the
   caller is the receive thread no more. */
bool bridge_touch_first (struct bridge *bridge, struct proxy *proxy, mach_msg_header_t *message);

/* What is due by time, and when. */
void bridge_touch_tick (struct bridge *bridge);
uint64_t bridge_touch_deadline (const struct bridge *bridge);

/* Starts the receive thread.  False: no memory or no thread. */
bool bridge_start_receiving (struct bridge *bridge);

#endif
