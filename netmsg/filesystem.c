/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filesystem.h"

#include "core/wire/wire.h"
#include "fsys_server.h"
#include "hurd_numbers.h"

#include <mach.h>
#include <stdio.h>
#include <string.h>

#define SOURCE_BYTES 1024
#define PROGRAM_NAME "netmsg"

const struct file_system *file_system;

bool
request_is_sound (const mach_msg_header_t *request)
{
	struct wire_walk walk;
	struct wire_item item;
	bool complex = request->msgh_bits & MACH_MSGH_BITS_COMPLEX;

	if (request->msgh_size < sizeof *request)
		return false;
	wire_walk (&walk, request + 1, request->msgh_size - sizeof *request);
	while (wire_next (&walk, &item))
		if (!complex && (item.ports || !item.is_inline))
			return false;
	return !walk.bad;
}

static bool
includes_root (const_idarray_t uids, mach_msg_type_number_t count)
{
	for (mach_msg_type_number_t i = 0; i < count; i++)
		if (uids[i] == 0)
			return true;
	return false;
}

kern_return_t
S_fsys_getroot (fsys_t fsys, mach_port_t dotdot, const_idarray_t uids, mach_msg_type_number_t uid_count,
	const_idarray_t gids, mach_msg_type_number_t gid_count, int flags, retry_type *retry, string_t retry_name,
	mach_port_t *file, mach_msg_type_name_t *file_type)
{
	struct requester requester = { uids, gids, uid_count, gid_count, includes_root (uids, uid_count), flags };
	struct opened opened = { FS_RETRY_NORMAL, retry_name, MACH_PORT_NULL, MACH_MSG_TYPE_MOVE_SEND };
	kern_return_t result;

	retry_name[0] = 0;
	result = file_system->root (fsys, dotdot, &requester, &opened);
	*retry = opened.retry;
	*file = opened.file;
	*file_type = opened.type;
	return result;
}

kern_return_t
S_fsys_goaway (fsys_t fsys, int flags)
{
	return KERN_SUCCESS;	/* the demultiplexer ends the program, after the reply */
}

kern_return_t
S_fsys_syncfs (fsys_t fsys, int wait, int children)
{
	return file_system->sync (wait, children);
}

kern_return_t
S_fsys_get_options (fsys_t server, data_t *options, mach_msg_type_number_t *bytes)
{
	const char *host = file_system->host != NULL ? file_system->host : "-s";
	size_t total = sizeof PROGRAM_NAME + strlen (host) + 1;
	vm_address_t memory;

	if (total > *bytes)
	{
		if (vm_allocate (mach_task_self (), &memory, total, TRUE) != KERN_SUCCESS)
			return KERN_RESOURCE_SHORTAGE;
		*options = (data_t) memory;
	}
	memcpy (*options, PROGRAM_NAME, sizeof PROGRAM_NAME);
	strcpy (*options + sizeof PROGRAM_NAME, host);
	*bytes = total;
	return KERN_SUCCESS;
}

kern_return_t
S_fsys_get_source (fsys_t server, string_t source)
{
	snprintf (source, SOURCE_BYTES, "%s", file_system->host != NULL ? file_system->host : "");
	return KERN_SUCCESS;
}

kern_return_t
S_fsys_get_children (fsys_t server, data_t *names, mach_msg_type_number_t *names_bytes, portarray_t *controls,
	mach_msg_type_name_t *controls_type, mach_msg_type_number_t *controls_count)
{
	*names_bytes = 0;
	*controls_count = 0;
	*controls_type = MACH_MSG_TYPE_COPY_SEND;
	return KERN_SUCCESS;
}

/* What neither kind supports. */

kern_return_t
S_fsys_startup (mach_port_t bootstrap, int flags, mach_port_t control, mach_port_t *realnode,
	mach_msg_type_name_t *realnode_type)
{
	return WIRE_EOPNOTSUPP;
}

kern_return_t
S_fsys_getfile (fsys_t fsys, const_idarray_t uids, mach_msg_type_number_t uid_count, const_idarray_t gids,
	mach_msg_type_number_t gid_count, const_data_t handle, mach_msg_type_number_t handle_bytes, mach_port_t *file,
	mach_msg_type_name_t *file_type)
{
	return WIRE_EOPNOTSUPP;
}

kern_return_t
S_fsys_set_options (fsys_t fsys, const_data_t options, mach_msg_type_number_t bytes, int children)
{
	return WIRE_EOPNOTSUPP;
}

kern_return_t
S_fsys_getpriv (fsys_t fsys, mach_port_t *host, mach_msg_type_name_t *host_type, mach_port_t *device,
	mach_msg_type_name_t *device_type, mach_port_t *task, mach_msg_type_name_t *task_type)
{
	return WIRE_EOPNOTSUPP;
}

kern_return_t
S_fsys_init (fsys_t fsys, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t process, auth_t auth)
{
	return WIRE_EOPNOTSUPP;
}

kern_return_t
S_fsys_forward (mach_port_t server, mach_port_t requestor, const_data_t arguments, mach_msg_type_number_t bytes)
{
	return WIRE_EOPNOTSUPP;
}
