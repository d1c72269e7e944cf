/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commonest calls about names by trap, as the memory calls of vm_traps.c: a tenth of
   what a message to the kernel costs.  Where the trap fails the message is sent all the
   same, so that the error is the message's, and so that a task whose port is not the
   kernel's own gets it. */
#include <mach.h>

/* MIG's stubs, renamed in node/musl/part.mk. */
kern_return_t message_mach_port_allocate(mach_port_t task, mach_port_right_t right, mach_port_t *name);
kern_return_t message_mach_port_deallocate(mach_port_t task, mach_port_t name);
kern_return_t message_mach_port_insert_right(mach_port_t task, mach_port_t name, mach_port_t right, mach_msg_type_name_t type);
kern_return_t message_mach_port_mod_refs(mach_port_t task, mach_port_t name, mach_port_right_t right, mach_port_delta_t delta);

kern_return_t trap_mach_port_allocate(mach_port_t task, mach_port_right_t right, mach_port_t *name);
kern_return_t trap_mach_port_deallocate(mach_port_t task, mach_port_t name);
kern_return_t trap_mach_port_insert_right(mach_port_t task, mach_port_t name, mach_port_t right, mach_msg_type_name_t type);

kern_return_t mach_port_allocate(mach_port_t task, mach_port_right_t right, mach_port_t *name)
{
	return trap_mach_port_allocate(task, right, name) == KERN_SUCCESS ? KERN_SUCCESS
		: message_mach_port_allocate(task, right, name);
}

kern_return_t mach_port_deallocate(mach_port_t task, mach_port_t name)
{
	return trap_mach_port_deallocate(task, name) == KERN_SUCCESS ? KERN_SUCCESS
		: message_mach_port_deallocate(task, name);
}

/* A right that is moved would be gone after a failure. */
static boolean_t is_made_anew(mach_msg_type_name_t type)
{
	return type == MACH_MSG_TYPE_MAKE_SEND || type == MACH_MSG_TYPE_COPY_SEND;
}

kern_return_t mach_port_insert_right(mach_port_t task, mach_port_t name, mach_port_t right, mach_msg_type_name_t type)
{
	if (is_made_anew(type) && trap_mach_port_insert_right(task, name, right, type) == KERN_SUCCESS)
		return KERN_SUCCESS;
	return message_mach_port_insert_right(task, name, right, type);
}

/* One more reference to a send right of our own is a copy of it under its own name. */
kern_return_t mach_port_mod_refs(mach_port_t task, mach_port_t name, mach_port_right_t right, mach_port_delta_t delta)
{
	if (right == MACH_PORT_RIGHT_SEND && delta == 1 && task == mach_task_self()
	    && trap_mach_port_insert_right(task, name, name, MACH_MSG_TYPE_COPY_SEND) == KERN_SUCCESS)
		return KERN_SUCCESS;
	return message_mach_port_mod_refs(task, name, right, delta);
}
