/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "steps.h"

#include <stdarg.h>
#include <stdio.h>

mach_port_t box, third;
struct letter letter;
char why[256];

bool
fail (const char *format, ...)
{
	va_list arguments;

	va_start (arguments, format);
	vsnprintf (why, sizeof why, format, arguments);
	va_end (arguments);
	return false;
}

mach_port_t
new_port (void)
{
	mach_port_t port = MACH_PORT_NULL;

	mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &port);
	return port;
}

mach_port_t
new_pair (void)
{
	mach_port_t port = new_port ();

	mach_port_insert_right (mach_task_self (), port, port, MACH_MSG_TYPE_MAKE_SEND);
	return port;
}

void
destroy_receive (mach_port_t port)
{
	mach_port_mod_refs (mach_task_self (), port, MACH_PORT_RIGHT_RECEIVE, -1);
}

void
drop (mach_port_t port)
{
	mach_port_deallocate (mach_task_self (), port);
}

unsigned
refs (mach_port_t port, mach_port_right_t right)
{
	mach_port_urefs_t count = 0;

	mach_port_get_refs (mach_task_self (), port, right, &count);
	return count;
}

bool
ask (mach_port_t box_at, int count, int32_t *values)
{
	int32_t status = BOX_NOTHING;

	mach_msg_id_t request = letter.header.msgh_id;
	mach_msg_return_t result = letter_call (&letter, box_at, WAIT_MS);

	if (result != MACH_MSG_SUCCESS)
		return fail ("request %d: %#x", request, result);
	if (!letter_next_int (&letter, &status) || status != 0)
		return fail ("request %d: the box said %d", request, status);
	for (int i = 0; i < count; i++)
		if (!letter_next_int (&letter, &values[i]))
			return fail ("box's answer is too short");
	return true;
}

bool
ask_ints (mach_port_t box_at, enum box_request request, int count, int32_t *values, int arguments, ...)
{
	va_list rest;

	letter_begin (&letter, request);
	va_start (rest, arguments);
	for (int i = 0; i < arguments; i++)
		letter_add_int (&letter, va_arg (rest, int));
	va_end (rest);
	return ask (box_at, count, values);
}

bool
keep (mach_port_t box_at, mach_port_t right, mach_msg_type_name_t disposition, int32_t *place)
{
	letter_begin (&letter, BOX_KEEP);
	letter_add_right (&letter, right, disposition);
	return ask (box_at, 1, place);
}

bool
clear (mach_port_t box_at)
{
	return ask_ints (box_at, BOX_CLEAR, 0, NULL, 0);
}

bool
give (mach_port_t box_at, int32_t place, mach_msg_type_name_t disposition, mach_port_t *right)
{
	mach_msg_type_name_t got;

	if (!ask_ints (box_at, BOX_GIVE, 0, NULL, 2, place, (int) disposition))
		return false;
	return letter_next_right (&letter, right, &got) || fail ("no right came");
}

mach_msg_id_t
arrived (mach_port_t port, unsigned timeout_ms, int32_t *value)
{
	mach_msg_id_t id = 0;

	*value = BOX_NOTHING;
	if (letter_receive (&letter, port, timeout_ms) != MACH_MSG_SUCCESS)
		return 0;
	id = letter.header.msgh_id;
	letter_next_int (&letter, value);
	mach_msg_destroy (&letter.header);
	return id;
}

mach_msg_return_t
send_value (mach_port_t to, int32_t value, unsigned timeout_ms)
{
	letter_begin (&letter, ID_PLAIN);
	letter_add_int (&letter, value);
	return letter_send (&letter, to, MACH_PORT_NULL, timeout_ms);
}

void
request_notice (mach_port_t name, mach_msg_id_t kind, mach_port_t to)
{
	mach_port_t previous = MACH_PORT_NULL;

	mach_port_request_notification (mach_task_self (), name, kind, 1, to, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
}

int32_t
names_here (void)
{
	mach_msg_type_number_t names_count = 0, types_count = 0;
	mach_port_array_t names;
	mach_port_type_array_t types;

	if (mach_port_names (mach_task_self (), &names, &names_count, &types, &types_count) != KERN_SUCCESS)
		return BOX_NOTHING;
	vm_deallocate (mach_task_self (), (vm_address_t) names, names_count * sizeof *names);
	vm_deallocate (mach_task_self (), (vm_address_t) types, types_count * sizeof *types);
	return names_count;
}

bool
an_empty_message_is_answered (void)
{
	letter_begin (&letter, BOX_ECHO);
	CHECK (letter_call (&letter, box, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (letter.header.msgh_id == BOX_ECHO + 100);
	CHECK (letter.header.msgh_size == sizeof letter.header);
	return true;
}
