/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be asked of any io object, apart from data. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hurd_abi.h>

#include "io_S.h"
#include "limits.h"
#include "objects.h"

enum { DIRECTORY_ENTRY_BYTES = 32 };
enum { SETTABLE_MODES = HURD_O_APPEND | HURD_O_NONBLOCK | HURD_O_ASYNC | HURD_O_FSYNC | HURD_O_NOATIME };

kern_return_t S_io_stat(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, io_statbuf_t *info)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	const struct node *node = open_node(open);
	memset(info, 0, sizeof(*info));
	info->st_fstype = HURD_FSTYPE_MEMFS;
	info->st_fsid = server.filesystem_id;
	info->st_ino = node->number;
	info->st_rdev = node->device;
	info->st_mode = node->mode;
	if (node->translator)
		info->st_mode |= HURD_S_IATRANS;
	if (node->passive)
		info->st_mode |= HURD_S_IPTRANS;
	if (node == server.store.root)
		info->st_mode |= HURD_S_IROOT;
	info->st_nlink = node->links;
	info->st_uid = node->uid;
	info->st_gid = node->gid;
	/* A directory's size means nothing, but a 0 makes some programs think that it is empty. */
	info->st_size = S_ISDIR(node->mode) ? (int64_t)(node->names.names + 2) * DIRECTORY_ENTRY_BYTES : (int64_t)node->size;
	info->st_atim = node->accessed;
	info->st_mtim = node->modified;
	info->st_ctim = node->changed;
	info->st_blksize = TMPFS_PAGE_BYTES;
	info->st_blocks = (int64_t)node_blocks(node);
	info->st_author = node->author;
	info->st_flags = node->flags;
	return 0;
}

static error_t set_modes(open_t open, int bits, int kept)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	open->description->flags = (open->description->flags & (kept | ~SETTABLE_MODES)) | (bits & SETTABLE_MODES);
	return 0;
}

kern_return_t S_io_set_all_openmodes(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int bits)
{
	return set_modes(open, bits, 0);
}

kern_return_t S_io_set_some_openmodes(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int bits)
{
	return set_modes(open, bits, ~0);
}

kern_return_t S_io_clear_some_openmodes(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int bits)
{
	return set_modes(open, 0, ~bits);
}

kern_return_t S_io_get_openmodes(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int *bits)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	*bits = open->description->flags;
	return 0;
}

kern_return_t S_io_mod_owner(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, pid_t owner)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	open->description->owner = owner;
	return 0;
}

kern_return_t S_io_get_owner(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, pid_t *owner)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	*owner = open->description->owner;
	return 0;
}

static error_t hand_out(open_t open, struct ids *ids, mach_port_t *port, mach_msg_type_name_t *port_type)
{
	open_t made;
	error_t error = open_share(open->description, ids, &made);
	if (error)
		return error;
	*port = made->object.port;
	*port_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_io_duplicate(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *port,
			     mach_msg_type_name_t *port_type)
{
	return open ? hand_out(open, open->ids, port, port_type) : HURD_EOPNOTSUPP;
}

/* There is no auth server on the node.  What a user may do is only ever made less, by this. */
kern_return_t S_io_restrict_auth(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *port,
				 mach_msg_type_name_t *port_type, const_idarray_t users, mach_msg_type_number_t user_count,
				 const_idarray_t groups, mach_msg_type_number_t group_count)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	if (user_count > TMPFS_IDS_MAX || group_count > TMPFS_IDS_MAX)
		return HURD_EINVAL;
	struct ids *ids = ids_restrict(open->ids, users, user_count, groups, group_count);
	if (!ids)
		return HURD_ENOMEM;
	error_t error = hand_out(open, ids, port, port_type);
	ids_drop(ids);
	return error;
}

kern_return_t S_io_reauthenticate(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t rendezvous)
{
	return HURD_EOPNOTSUPP;
}

kern_return_t S_io_server_version(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, string_t name,
				  int *major_version, int *minor_version, int *edit_level)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	strcpy(name, "tmpfs");
	*major_version = 1;
	*minor_version = *edit_level = 0;
	return 0;
}

/* The ports live as long as their node, or the server. */
static mach_port_t identity_of(uint32_t *slot)
{
	if (!*slot && mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, slot) != KERN_SUCCESS)
		*slot = MACH_PORT_NULL;
	return *slot;
}

kern_return_t S_io_identity(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *file_port,
			    mach_msg_type_name_t *file_type, mach_port_t *system_port, mach_msg_type_name_t *system_type,
			    ino64_t *number)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	*file_port = identity_of(&open_node(open)->identity);
	*system_port = identity_of(&server.identity);
	if (!*file_port || !*system_port)
		return HURD_ENFILE;
	*file_type = *system_type = MACH_MSG_TYPE_MAKE_SEND;
	*number = open_node(open)->number;
	return 0;
}

static void revoke_if_other(struct object *object, void *context)
{
	open_t revoker = context;
	if (object->kind == OBJECT_OPEN && object != &revoker->object && open_node((open_t)object) == open_node(revoker))
		open_close((open_t)object);
}

/* Every other port of the file dies. */
kern_return_t S_io_revoke(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	if (access_check_owner(open_node(open), open->ids))
		return HURD_EPERM;
	objects_for_each(revoke_if_other, open);
	return 0;
}

kern_return_t S_io_pathconf(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int name, int *value)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	switch (name) {	/* the Hurd's numbers are the C library's here */
	case _PC_LINK_MAX: *value = TMPFS_LINKS_MAX; return 0;
	case _PC_NAME_MAX: *value = TMPFS_NAME_BYTES_MAX; return 0;
	case _PC_PATH_MAX: *value = TMPFS_PATH_BYTES_MAX + 1; return 0;
	case _PC_PIPE_BUF: *value = TMPFS_PAGE_BYTES; return 0;
	case _PC_SYMLINK_MAX: *value = TMPFS_PATH_BYTES_MAX; return 0;
	case _PC_CHOWN_RESTRICTED: case _PC_NO_TRUNC: case _PC_2_SYMLINKS: *value = 1; return 0;
	case _PC_FILESIZEBITS: *value = 42; return 0;
	case _PC_MAX_CANON: case _PC_MAX_INPUT: case _PC_SYNC_IO: case _PC_ASYNC_IO: case _PC_PRIO_IO: *value = -1; return 0;
	default: return HURD_EINVAL;
	}
}
