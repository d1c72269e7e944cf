/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/time: the page in which the kernel keeps the time, as a file to map.
   Its translator is this task, for there is nothing else to it. */
#include <device/device.h>
#include <hurd_abi.h>
#include "init.h"
#include "control_server.h"

boolean_t control_server(mach_msg_header_t *request, mach_msg_header_t *reply);

enum { CLOCK_BYTES = 4096 };

static struct { mach_port_t control, file, page; } clock_node;

void clock_prepare(void)
{
	mach_port_t device;
	dev_name_t name = "time";
	if (device_open(boot.device_master, D_READ, name, &device) ||
	    device_map(device, VM_PROT_READ, 0, CLOCK_BYTES, &clock_node.page, 0)) {
		report("the kernel has no mapped time; clocks will be slower to read");
		return;
	}
	/* One mapping stays for ever: when the last one goes while another begins, the kernel's
	   device pager may meet the new one first, and panics. */
	vm_address_t kept = 0;
	vm_map(mach_task_self(), &kept, CLOCK_BYTES, 0, TRUE, clock_node.page, 0, FALSE, VM_PROT_READ, VM_PROT_READ,
	       VM_INHERIT_NONE);
	clock_node.control = answering_port();
	clock_node.file = answering_port();
	mach_port_mod_refs(mach_task_self(), clock_node.control, MACH_PORT_RIGHT_SEND, 1);
	kern_return_t error = put_translator("dev/time", clock_node.control);
	if (error)
		report("no /dev/time: error 0x%x", error);
}

kern_return_t clock_map(mach_port_t object, mach_port_t *readable, mach_msg_type_name_t *readable_type,
			mach_port_t *writable, mach_msg_type_name_t *writable_type)
{
	if (object != clock_node.file)
		return HURD_EOPNOTSUPP;
	*readable = clock_node.page;
	*writable = MACH_PORT_NULL;
	*readable_type = *writable_type = MACH_MSG_TYPE_COPY_SEND;
	return 0;
}

kern_return_t S_fsys_getroot(mach_port_t control, mach_port_t dotdot, const_idarray_t uids, mach_msg_type_number_t uid_count,
			     const_idarray_t gids, mach_msg_type_number_t gid_count, int flags, retry_type *retry,
			     string_t name, mach_port_t *file, mach_msg_type_name_t *type)
{
	if (MACH_PORT_VALID(dotdot))
		mach_port_deallocate(mach_task_self(), dotdot);
	*retry = FS_RETRY_NORMAL;
	name[0] = '\0';
	*file = clock_node.file;
	*type = MACH_MSG_TYPE_COPY_SEND;
	return 0;
}

kern_return_t S_fsys_goaway(mach_port_t control, int flags)
{
	return HURD_EBUSY;
}

boolean_t clock_demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	return request->msgh_local_port == clock_node.control && control_server(request, reply);
}
