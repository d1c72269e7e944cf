/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <stddef.h>
#include <hurd_abi.h>

#include "objects.h"

enum { TABLE_SIZE = 256 };	/* a power of two; port names are small consecutive numbers */

static struct object *table[TABLE_SIZE];
static mach_port_t receive_set;

error_t objects_open(void)
{
	return mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &receive_set);
}

mach_port_t objects_receive_set(void)
{
	return receive_set;
}

error_t object_make(struct object *object, enum object_kind kind)
{
	object->kind = kind;
	object->handed_out = false;
	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &object->port))
		return HURD_ENFILE;
	if (mach_port_move_member(mach_task_self(), object->port, receive_set)) {
		mach_port_mod_refs(mach_task_self(), object->port, MACH_PORT_RIGHT_RECEIVE, -1);
		return HURD_ENFILE;
	}
	object->next = table[object->port % TABLE_SIZE];
	table[object->port % TABLE_SIZE] = object;
	return 0;
}

void object_destroy(struct object *object)
{
	struct object **link = &table[object->port % TABLE_SIZE];
	while (*link != object) {
		assert(*link);
		link = &(*link)->next;
	}
	*link = object->next;
	mach_port_mod_refs(mach_task_self(), object->port, MACH_PORT_RIGHT_RECEIVE, -1);
	object->port = MACH_PORT_NULL;
}

struct object *object_find(mach_port_t port)
{
	struct object *object = table[port % TABLE_SIZE];
	while (object && object->port != port)
		object = object->next;
	return object;
}

static mach_port_status_t status_of(const struct object *object)
{
	mach_port_status_t status;
	error_t error = mach_port_get_receive_status(mach_task_self(), object->port, &status);
	assert(!error);
	return status;
}

void object_hand_out(struct object *object)
{
	mach_port_t previous = MACH_PORT_NULL;
	if (object->handed_out)
		return;
	object->handed_out = true;
	/* One more than were made so far: the right that is about to be made. */
	mach_port_mscount_t after = status_of(object).mps_mscount + 1;
	error_t error = mach_port_request_notification(mach_task_self(), object->port, MACH_NOTIFY_NO_SENDERS, after,
						       object->port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	assert(!error);
	if (MACH_PORT_VALID(previous))
		mach_port_deallocate(mach_task_self(), previous);
}

bool object_has_senders(const struct object *object)
{
	return status_of(object).mps_srights;
}
