/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be asked of any file, apart from its data: owner, mode, times, ... */
#include <stdio.h>
#include <string.h>
#include <hurd_abi.h>

#include "fs_S.h"
#include "fsys_options.h"
#include "filemap.h"
#include "limits.h"
#include "lookup.h"

static error_t check_owner(open_t open)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	return hurd_from_errno(access_check_owner(open_node(open), open->ids));
}

kern_return_t S_file_chown(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, uid_t uid, gid_t gid)
{
	error_t error = check_owner(open);
	if (error)
		return error;
	struct node *node = open_node(open);
	bool root = ids_are_root(open->ids);
	uid_t unchanged = (uid_t)-1;
	if (uid == unchanged)
		uid = node->uid;
	if (gid == unchanged)
		gid = node->gid;
	if (!root && (uid != node->uid || (gid != node->gid && !ids_have_group(open->ids, gid))))
		return HURD_EPERM;
	if (!root && S_ISREG(node->mode))
		node->mode &= ~(uint32_t)(S_ISUID | S_ISGID);
	node->uid = uid;
	node->gid = gid;
	node_changed(&server.store, node);
	return 0;
}

kern_return_t S_file_chauthor(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, uid_t author)
{
	error_t error = check_owner(open);
	if (error)
		return error;
	open_node(open)->author = author;
	node_changed(&server.store, open_node(open));
	return 0;
}

kern_return_t S_file_chmod(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mode_t mode)
{
	error_t error = check_owner(open);
	if (error)
		return error;
	struct node *node = open_node(open);
	mode &= 07777;
	if (!ids_are_root(open->ids)) {
		if (!S_ISDIR(node->mode))
			mode &= ~(mode_t)S_ISVTX;
		if (!ids_have_group(open->ids, node->gid))
			mode &= ~(mode_t)S_ISGID;
	}
	node->mode = (node->mode & S_IFMT) | mode;
	node_changed(&server.store, node);
	return 0;
}

kern_return_t S_file_chflags(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int flags)
{
	error_t error = check_owner(open);
	if (error)
		return error;
	open_node(open)->flags = (uint32_t)flags;
	node_changed(&server.store, open_node(open));
	return 0;
}

static void set_time(struct timespec *time, struct timespec wanted)
{
	if (wanted.tv_nsec == HURD_UTIME_NOW)
		*time = server.store.now();
	else if (wanted.tv_nsec != HURD_UTIME_OMIT)
		*time = wanted;
}

static error_t set_times(open_t open, struct timespec accessed, struct timespec modified)
{
	error_t error = check_owner(open);
	/* Who may write may say "now", though not more. */
	if (error == HURD_EPERM && accessed.tv_nsec == HURD_UTIME_NOW && modified.tv_nsec == HURD_UTIME_NOW)
		error = hurd_from_errno(access_check(open_node(open), open->ids, MAY_WRITE));
	if (error)
		return error;
	set_time(&open_node(open)->accessed, accessed);
	set_time(&open_node(open)->modified, modified);
	node_changed(&server.store, open_node(open));
	return 0;
}

static bool time_is_valid(struct timespec time)
{
	return time.tv_nsec == HURD_UTIME_NOW || time.tv_nsec == HURD_UTIME_OMIT || (time.tv_nsec >= 0 && time.tv_nsec < 1000000000);
}

kern_return_t S_file_utimens(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, timespec_t accessed,
			     timespec_t modified)
{
	if (!time_is_valid(accessed) || !time_is_valid(modified))
		return HURD_EINVAL;
	return set_times(open, accessed, modified);
}

static struct timespec from_time_value(time_value_t value)
{
	if (value.microseconds == -1)
		return (struct timespec){ 0, HURD_UTIME_NOW };
	return (struct timespec){ value.seconds, (long)value.microseconds * 1000 };
}

kern_return_t S_file_utimes(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, time_value_t accessed,
			    time_value_t modified)
{
	return S_file_utimens(open, reply, reply_type, from_time_value(accessed), from_time_value(modified));
}

kern_return_t S_file_set_size(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, loff_t size)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	struct node *node = open_node(open);
	if (S_ISDIR(node->mode))
		return HURD_EISDIR;
	if (!(open->description->flags & HURD_O_WRITE) || size < 0 || !S_ISREG(node->mode))
		return HURD_EINVAL;
	struct user_pager_info *map;
	error_t error = filemap_begin_change(node, &map);
	if (error)
		return error;
	error = filemap_set_size(map, node, (uint64_t)size);
	filemap_end_change(map);
	return error;
}

kern_return_t S_file_check_access(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int *allowed)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	unsigned may = access_allowed(open_node(open), open->ids);
	*allowed = (may & MAY_READ ? HURD_O_READ : 0) | (may & MAY_WRITE ? HURD_O_WRITE : 0) |
		   (may & MAY_EXECUTE ? HURD_O_EXEC : 0);
	return 0;
}

kern_return_t S_file_notice_changes(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t port)
{
	return HURD_ENOTSUP;
}

kern_return_t S_file_getcontrol(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *control,
				mach_msg_type_name_t *control_type)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	if (!ids_are_root(open->ids))
		return HURD_EPERM;
	*control = server.control->port;
	*control_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_file_statfs(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, fsys_statfsbuf_t *info)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	const struct page_pool *pool = &server.store.pool;
	memset(info, 0, sizeof(*info));
	info->f_type = HURD_FSTYPE_MEMFS;
	info->f_bsize = info->f_frsize = TMPFS_PAGE_BYTES;
	info->f_blocks = pool->pages_max;
	info->f_bfree = info->f_bavail = pool->pages_max - pool->pages_used;
	info->f_files = UINT32_MAX;
	info->f_ffree = info->f_favail = UINT32_MAX - server.store.nodes;
	info->f_fsid = server.filesystem_id;
	info->f_namelen = TMPFS_NAME_BYTES_MAX;
	return 0;
}

kern_return_t S_file_sync(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int wait, int omit_metadata)
{
	return open ? filemap_sync_all(open_node(open), wait) : HURD_EOPNOTSUPP;
}

kern_return_t S_file_syncfs(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int wait, int do_children)
{
	return open ? filemap_sync_everything(wait) : HURD_EOPNOTSUPP;
}

kern_return_t S_file_getlinknode(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *port,
				 mach_msg_type_name_t *port_type)
{
	open_t made;
	if (!open)
		return HURD_EOPNOTSUPP;
	error_t error = open_share(open->description, open->ids, &made);
	if (error)
		return error;
	*port = made->object.port;
	*port_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_file_reparent(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t parent,
			      mach_port_t *port, mach_msg_type_name_t *port_type)
{
	open_t made;
	if (!open)
		return HURD_EOPNOTSUPP;
	struct description *description = open->description;
	mach_port_t root_parent = description->around->root_parent;
	if (MACH_PORT_VALID(root_parent) &&
	    mach_port_mod_refs(mach_task_self(), root_parent, MACH_PORT_RIGHT_SEND, 1) != KERN_SUCCESS)
		root_parent = MACH_PORT_NULL;	/* what was above is gone */
	/* On an error the stub's caller frees PARENT with the request, so this keeps a reference of its own. */
	if (MACH_PORT_VALID(parent))
		right_refer(parent);
	struct surroundings *around = surroundings_make(description->node, parent, root_parent);
	if (!around)
		return HURD_ENOMEM;
	error_t error = HURD_ENOMEM;
	if (surroundings_within(around, description->around))
		error = open_make(description->node, description->flags, around, open->ids, &made);
	surroundings_drop(around);
	if (error)
		return error;
	if (MACH_PORT_VALID(parent))
		mach_port_deallocate(mach_task_self(), parent);
	*port = made->object.port;
	*port_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_file_get_fs_options(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, data_t *options,
				    mach_msg_type_number_t *count)
{
	return open ? options_reply(options, count) : HURD_EOPNOTSUPP;
}

kern_return_t S_file_get_storage_info(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, portarray_t *ports,
				      mach_msg_type_name_t *ports_type, mach_msg_type_number_t *port_count, intarray_t *ints,
				      mach_msg_type_number_t *int_count, off_array_t *offsets,
				      mach_msg_type_number_t *offset_count, data_t *data, mach_msg_type_number_t *data_count)
{
	return HURD_ENOTSUP;
}

kern_return_t S_file_getfh(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, data_t *handle,
			   mach_msg_type_number_t *count)
{
	return HURD_ENOTSUP;
}

/* Programs are started by the exec server, which reads the file. */
kern_return_t S_file_exec(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t task, int flags,
			  const_data_t argv, mach_msg_type_number_t argv_count, const_data_t envp,
			  mach_msg_type_number_t envp_count, const_portarray_t fds, mach_msg_type_number_t fd_count,
			  const_portarray_t ports, mach_msg_type_number_t port_count, const_intarray_t ints,
			  mach_msg_type_number_t int_count, const_mach_port_name_array_t dealloc,
			  mach_msg_type_number_t dealloc_count, const_mach_port_name_array_t destroy,
			  mach_msg_type_number_t destroy_count)
{
	return HURD_ENOTSUP;
}

kern_return_t S_file_exec_paths(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t task, int flags,
				const_string_t path, const_string_t absolute_path, const_data_t argv,
				mach_msg_type_number_t argv_count, const_data_t envp, mach_msg_type_number_t envp_count,
				const_portarray_t fds, mach_msg_type_number_t fd_count, const_portarray_t ports,
				mach_msg_type_number_t port_count, const_intarray_t ints, mach_msg_type_number_t int_count,
				const_mach_port_name_array_t dealloc, mach_msg_type_number_t dealloc_count,
				const_mach_port_name_array_t destroy, mach_msg_type_number_t destroy_count)
{
	return HURD_ENOTSUP;
}
