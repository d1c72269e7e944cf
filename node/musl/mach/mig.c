/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The run-time part of the generated stubs. */
#include <mach.h>
#include "posix_thread.h"

mach_port_t mig_get_reply_port(void)
{
	struct posix_thread *self = posix_self();
	if (self->reply_port == MACH_PORT_NULL)
		self->reply_port = mach_reply_port();
	return self->reply_port;
}

void mig_dealloc_reply_port(mach_port_t port)
{
	struct posix_thread *self = posix_self();
	if (port == MACH_PORT_NULL || port != self->reply_port)
		return;
	/* Forget it first: the call below makes a reply port of its own. */
	self->reply_port = MACH_PORT_NULL;
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
}

void mig_put_reply_port(mach_port_t port)
{
}

void mig_init(void *first)
{
}

void mig_allocate(vm_address_t *address, vm_size_t size)
{
	*address = 0;
	if (syscall_vm_allocate(mach_task_self(), address, size, TRUE) != KERN_SUCCESS)
		*address = 0;
}

void mig_deallocate(vm_address_t address, vm_size_t size)
{
	syscall_vm_deallocate(mach_task_self(), address, size);
}

vm_size_t mig_strncpy(char *to, const char *from, vm_size_t size)
{
	vm_size_t length = 0;
	if (size == 0)
		return 0;
	while (length < size - 1 && from[length] != '\0') {
		to[length] = from[length];
		length++;
	}
	to[length] = '\0';
	return length;
}

void mig_reply_setup(const mach_msg_header_t *request, mach_msg_header_t *out)
{
	mig_reply_header_t *reply = (mig_reply_header_t *)out;

	reply->Head = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(request->msgh_bits), 0),
		.msgh_size = sizeof *reply,
		.msgh_remote_port = request->msgh_remote_port,
		.msgh_id = request->msgh_id + 100,
	};
	reply->RetCodeType = (mach_msg_type_t){
		.msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32, .msgt_number = 1, .msgt_inline = TRUE,
	};
	reply->RetCode = MIG_BAD_ID;
}
