/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <stdlib.h>
#include <hurd_abi.h>

#include "filemap.h"

enum { TABLE_SIZE = 1024 };	/* a power of two; port names are small consecutive numbers */

static struct {
	struct object *chains[TABLE_SIZE];
	uint32_t last_serial;
} table;

static struct object **chain_of(mach_port_t port)
{
	return &table.chains[port % TABLE_SIZE];
}

static uintptr_t payload_of(const struct object *object)
{
	return (uintptr_t)object->serial << 32 | object->port;
}

static error_t prepare_port(struct object *object, bool no_senders)
{
	mach_port_t task = mach_task_self(), previous;
	error_t error = mach_port_set_protected_payload(task, object->port, payload_of(object));
	if (!error)
		error = mach_port_move_member(task, object->port, server.receive_set);
	/* With 1 as the count it fires only after a first send right was made. */
	if (!error && no_senders)
		error = mach_port_request_notification(task, object->port, MACH_NOTIFY_NO_SENDERS, 1, object->port,
						       MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	return error;
}

error_t object_make(struct object *object, enum object_kind kind, bool no_senders)
{
	mach_port_t task = mach_task_self();
	object->kind = kind;
	object->serial = ++table.last_serial;
	error_t error = mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &object->port);
	if (error)
		return HURD_ENFILE;
	error = prepare_port(object, no_senders);
	if (error) {
		mach_port_mod_refs(task, object->port, MACH_PORT_RIGHT_RECEIVE, -1);
		return HURD_ENFILE;
	}
	object->next = *chain_of(object->port);
	*chain_of(object->port) = object;
	server.objects++;
	return 0;
}

void object_destroy(struct object *object)
{
	struct object **link = chain_of(object->port);
	while (*link != object) {
		assert(*link);
		link = &(*link)->next;
	}
	*link = object->next;
	server.objects--;
	mach_port_mod_refs(mach_task_self(), object->port, MACH_PORT_RIGHT_RECEIVE, -1);
	object->port = MACH_PORT_NULL;
}

struct object *object_of_port(mach_port_t port)
{
	struct object *object = *chain_of(port);
	while (object && object->port != port)
		object = object->next;
	return object;
}

struct object *object_of_payload(uintptr_t payload)
{
	struct object *object = object_of_port((mach_port_t)payload);
	return object && payload_of(object) == payload ? object : NULL;
}

void objects_for_each(void (*visit)(struct object *object, void *context), void *context)
{
	for (unsigned chain = 0; chain < TABLE_SIZE; chain++)
		for (struct object *object = table.chains[chain], *next; object; object = next) {
			next = object->next;
			visit(object, context);
		}
}

static open_t as_open(struct object *object)
{
	if (!object || object->kind != OBJECT_OPEN)
		return NULL;
	open_t open = (open_t)object;
	open->references++;
	return open;
}

open_t open_of_port(mach_port_t port)
{
	return as_open(object_of_port(port));
}

open_t open_of_payload(uintptr_t payload)
{
	return as_open(object_of_payload(payload));
}

control_t control_of_port(mach_port_t port)
{
	struct object *object = object_of_port(port);
	return object && object->kind == OBJECT_CONTROL ? object : NULL;
}

control_t control_of_payload(uintptr_t payload)
{
	struct object *object = object_of_payload(payload);
	return object && object->kind == OBJECT_CONTROL ? object : NULL;
}

/* The message alone proves nothing: anybody may send one that looks like it, and new
   rights may have been made since.  So the kernel is asked. */
static bool has_senders(struct object *object)
{
	mach_port_status_t status;
	error_t error = mach_port_get_receive_status(mach_task_self(), object->port, &status);
	assert(!error);
	return status.mps_srights;
}

void server_end_if_forgotten(void)
{
	if (!server.opens && !filemap_counts.maps && !has_senders(server.control))
		exit(0);
}

void object_no_senders(struct object *object)
{
	mach_port_status_t status;
	mach_port_t previous;
	if (object->kind == OBJECT_CONTROL)
		server_end_if_forgotten();
	if (object->kind != OBJECT_OPEN && object->kind != OBJECT_CONTROL)
		return;
	if (!has_senders(object)) {
		if (object->kind == OBJECT_OPEN)
			open_close((open_t)object);
		return;
	}
	/* The request was used up if the notification was real; ask again. */
	if (mach_port_get_receive_status(mach_task_self(), object->port, &status) == KERN_SUCCESS && !status.mps_nsrequest &&
	    mach_port_request_notification(mach_task_self(), object->port, MACH_NOTIFY_NO_SENDERS, status.mps_mscount,
					   object->port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous) == KERN_SUCCESS &&
	    MACH_PORT_VALID(previous))
		mach_port_deallocate(mach_task_self(), previous);
}
