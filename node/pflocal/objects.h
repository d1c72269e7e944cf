/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What our receive rights stand for.  The server has one thread, so an object that a message
   was sent to cannot go while it is served. */
#ifndef PFLOCAL_OBJECTS_H
#define PFLOCAL_OBJECTS_H

#include <stdbool.h>
#include <mach.h>
#include <hurd/hurd_types.h>

enum object_kind { OBJECT_CONTROL, OBJECT_FAMILY, OBJECT_USER, OBJECT_ADDRESS };

struct object {
	enum object_kind kind;
	mach_port_t port;
	bool handed_out;	/* send rights may exist */
	struct object *next;
};

error_t objects_open(void);
mach_port_t objects_receive_set(void);
error_t object_make(struct object *object, enum object_kind kind);
void object_destroy(struct object *object);	/* the port; the memory is the caller's */
struct object *object_find(mach_port_t port);
/* A right to it is about to be sent with MAKE_SEND: be told when the last one is gone. */
void object_hand_out(struct object *object);
/* Whether that is so now (a notification alone proves nothing). */
bool object_has_senders(const struct object *object);

#endif
