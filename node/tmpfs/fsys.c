/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control port: the file system as a whole, and its options. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <hurd_abi.h>

#include "fsys_S.h"
#include "fsys_options.h"
#include "filemap.h"
#include "limits.h"
#include "lookup.h"

error_t option_take(const char *option)
{
	static const char max_bytes[] = "--max-bytes=";
	if (!strcmp(option, "--debug")) {
		server.debug = true;
		return 0;
	}
	if (strncmp(option, max_bytes, sizeof(max_bytes) - 1))
		return HURD_EINVAL;
	const char *number = option + sizeof(max_bytes) - 1;
	char *end;
	if (!isdigit((unsigned char)*number))
		return HURD_EINVAL;
	uint64_t bytes = strtoull(number, &end, 0);
	static const char units[] = "kmg";
	const char *unit = *end ? strchr(units, tolower((unsigned char)*end)) : NULL;
	if (unit) {
		unsigned shift = 10 * (unsigned)(unit - units + 1);
		if (bytes > UINT64_MAX >> shift)
			return HURD_EINVAL;
		bytes <<= shift;
		end++;
	}
	if (*end || !bytes)
		return HURD_EINVAL;
	server.bytes_max = bytes;
	server.store.pool.pages_max = bytes / TMPFS_PAGE_BYTES;
	return 0;
}

error_t options_reply(data_t *data, mach_msg_type_number_t *count)
{
	char text[512];
	size_t used = 0;
	used += (size_t)snprintf(text, sizeof(text), "/hurd/tmpfs") + 1;
	used += (size_t)snprintf(text + used, sizeof(text) - used, "--max-bytes=%llu", (unsigned long long)server.bytes_max) + 1;
	if (server.debug) {
		mach_port_array_t names;
		mach_port_type_array_t types;
		mach_msg_type_number_t name_count = 0, type_count = 0;
		if (mach_port_names(mach_task_self(), &names, &name_count, &types, &type_count) == KERN_SUCCESS) {
			vm_deallocate(mach_task_self(), (vm_address_t)names, name_count * sizeof(*names));
			vm_deallocate(mach_task_self(), (vm_address_t)types, type_count * sizeof(*types));
		}
		used += (size_t)snprintf(text + used, sizeof(text) - used, "--debug") + 1;
		/* What a test for leaks compares. */
		used += (size_t)snprintf(text + used, sizeof(text) - used, "opens=%llu nodes=%llu pages=%llu ports=%u maps=%llu",
					 (unsigned long long)server.opens, (unsigned long long)server.store.nodes,
					 (unsigned long long)server.store.pool.pages_used, name_count,
					 (unsigned long long)filemap_counts.maps) + 1;
		/* How much of mapped files went to kernels, and came back. */
		used += (size_t)snprintf(text + used, sizeof(text) - used, "paged-out=%llu paged-in=%llu",
					 (unsigned long long)filemap_counts.pages_out,
					 (unsigned long long)filemap_counts.pages_in) + 1;
	}
	if (used > *count)
		return HURD_ENOMEM;
	memcpy(*data, text, used);
	*count = (mach_msg_type_number_t)used;
	return 0;
}

error_t root_open(mach_port_t root_parent, struct ids *ids, int flags, mach_port_t *port, mach_msg_type_name_t *type)
{
	string_t name;
	struct lookup_result result = { .name = name };
	struct surroundings *around = surroundings_make(NULL, MACH_PORT_NULL, root_parent);
	if (!around)
		return HURD_ENOMEM;
	error_t error = lookup_open(server.store.root, around, ids, flags, false, &result);
	surroundings_drop(around);
	*port = result.port;
	*type = result.port_type;
	return error;
}

kern_return_t S_fsys_getroot(control_t control, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t dotdot,
			     const_idarray_t users, mach_msg_type_number_t user_count, const_idarray_t groups,
			     mach_msg_type_number_t group_count, int flags, retry_type *retry, string_t retry_name,
			     mach_port_t *port, mach_msg_type_name_t *port_type)
{
	if (!control)
		return HURD_EOPNOTSUPP;
	if (user_count > TMPFS_IDS_MAX || group_count > TMPFS_IDS_MAX)
		return HURD_EINVAL;
	struct ids *ids = ids_make(users, user_count, groups, group_count);
	if (!ids)
		return HURD_ENOMEM;
	/* On an error DOTDOT is freed with the request: keep a reference of our own. */
	if (MACH_PORT_VALID(dotdot))
		right_refer(dotdot);
	error_t error = root_open(dotdot, ids, flags, port, port_type);
	ids_drop(ids);
	if (error)
		return error;
	if (MACH_PORT_VALID(dotdot))
		mach_port_deallocate(mach_task_self(), dotdot);
	*retry = FS_RETRY_NORMAL;
	*retry_name = 0;
	return 0;
}

kern_return_t S_fsys_goaway(control_t control, mach_port_t reply, mach_msg_type_name_t reply_type, int flags)
{
	if (!control)
		return HURD_EOPNOTSUPP;
	if ((flags & HURD_FSYS_GOAWAY_UNLINK) || ((server.opens || filemap_counts.maps) && !(flags & HURD_FSYS_GOAWAY_FORCE)))
		return HURD_EBUSY;
	/* The caller sees its request die with the server, which is what it asked for. */
	exit(0);
}

kern_return_t S_fsys_syncfs(control_t control, mach_port_t reply, mach_msg_type_name_t reply_type, int wait, int children)
{
	return control ? filemap_sync_everything(wait) : HURD_EOPNOTSUPP;
}

kern_return_t S_fsys_set_options(control_t control, mach_port_t reply, mach_msg_type_name_t reply_type, const_data_t data,
				 mach_msg_type_number_t count, int do_children)
{
	if (!control)
		return HURD_EOPNOTSUPP;
	const char *end = data + count;
	if (count && end[-1])
		return HURD_EINVAL;
	for (const char *option = data; option < end; option += strlen(option) + 1) {
		error_t error = option_take(option);
		if (error)
			return error;
	}
	return 0;
}

kern_return_t S_fsys_get_options(control_t control, mach_port_t reply, mach_msg_type_name_t reply_type, data_t *data,
				 mach_msg_type_number_t *count)
{
	return control ? options_reply(data, count) : HURD_EOPNOTSUPP;
}

kern_return_t S_fsys_get_source(control_t control, mach_port_t reply, mach_msg_type_name_t reply_type, string_t source)
{
	if (!control)
		return HURD_EOPNOTSUPP;
	strcpy(source, "tmpfs");
	return 0;
}

kern_return_t S_fsys_getfile(control_t control, mach_port_t reply, mach_msg_type_name_t reply_type, const_idarray_t users,
			     mach_msg_type_number_t user_count, const_idarray_t groups, mach_msg_type_number_t group_count,
			     const_data_t handle, mach_msg_type_number_t handle_count, mach_port_t *port,
			     mach_msg_type_name_t *port_type)
{
	return HURD_EOPNOTSUPP;
}
