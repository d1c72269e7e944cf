/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What our receive rights stand for, found by port name. */
#ifndef INET_OBJECT_H
#define INET_OBJECT_H

#include "mach_calls.h"

enum object_kind {
	object_control,		/* the translator's control port */
	object_root,		/* the protocol family: /servers/socket/2 */
	object_socket,
	object_address,
	object_interrupt,	/* the card's */
};

struct object {
	enum object_kind kind;
	mach_port_t port;
	struct object *next_in_bucket;
};

/* Every object's port is a member of this set. */
kern_return_t objects_open(mach_port_t *port_set);
/* Makes a receive right for OBJECT, which stays the caller's memory. */
kern_return_t object_open(struct object *object, enum object_kind kind);
/* Ends the receive right: senders see a dead name. */
void object_close(struct object *object);
struct object *object_find(mach_port_t port);
/* Asks for one message (MACH_NOTIFY_NO_SENDERS) to the object itself. */
void object_notify_no_senders(struct object *object, mach_port_mscount_t after);

#endif
