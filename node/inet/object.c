/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object.h"
#include <assert.h>
#include <stddef.h>

enum { bucket_count = 1024 };

static struct {
	mach_port_t set;
	struct object *buckets[bucket_count];
} table;

static struct object **bucket_of(mach_port_t port)
{
	return &table.buckets[port % bucket_count];
}

kern_return_t objects_open(mach_port_t *port_set)
{
	kern_return_t error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &table.set);
	*port_set = table.set;
	return error;
}

kern_return_t object_open(struct object *object, enum object_kind kind)
{
	mach_port_t port;
	kern_return_t error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	if (error)
		return error;
	error = mach_port_move_member(mach_task_self(), port, table.set);
	if (error) {
		mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
		return error;
	}
	struct object **bucket = bucket_of(port);
	*object = (struct object){ .kind = kind, .port = port, .next_in_bucket = *bucket };
	*bucket = object;
	return KERN_SUCCESS;
}

void object_close(struct object *object)
{
	struct object **link = bucket_of(object->port);
	while (*link != object) {
		assert(*link);
		link = &(*link)->next_in_bucket;
	}
	*link = object->next_in_bucket;
	mach_port_mod_refs(mach_task_self(), object->port, MACH_PORT_RIGHT_RECEIVE, -1);
	object->port = MACH_PORT_NULL;
}

struct object *object_find(mach_port_t port)
{
	struct object *object = *bucket_of(port);
	while (object && object->port != port)
		object = object->next_in_bucket;
	return object;
}

void object_notify_no_senders(struct object *object, mach_port_mscount_t after)
{
	mach_port_t old = MACH_PORT_NULL;
	kern_return_t error = mach_port_request_notification(mach_task_self(), object->port,
		MACH_NOTIFY_NO_SENDERS, after, object->port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &old);
	assert(!error);
	if (old != MACH_PORT_NULL)
		mach_port_deallocate(mach_task_self(), old);
}
