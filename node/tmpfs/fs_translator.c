/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Setting and asking for translators.  Some passive ones are not programs here, but what
   makes a node a symbolic link, a device, a fifo or a socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <hurd_abi.h>

#include "fs_S.h"
#include "limits.h"
#include "objects.h"

static const struct { const char *program; uint32_t type; } built_in[] = {
	{ "/hurd/symlink", S_IFLNK }, { "/hurd/chrdev", S_IFCHR }, { "/hurd/blkdev", S_IFBLK },
	{ "/hurd/fifo", S_IFIFO },    { "/hurd/ifsock", S_IFSOCK },
};

static uint32_t built_in_type(const char *arguments, size_t bytes)
{
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++) {
		size_t length = strlen(built_in[i].program) + 1;
		if (bytes >= length && !memcmp(arguments, built_in[i].program, length))
			return built_in[i].type;
	}
	return 0;
}

static const char *built_in_program(uint32_t type)
{
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		if (built_in[i].type == type)
			return built_in[i].program;
	return NULL;
}

/* The argument after AT, or NULL. */
static const char *next_argument(const char *at, const char *end)
{
	const char *zero = memchr(at, 0, (size_t)(end - at));
	return zero && zero + 1 < end && memchr(zero + 1, 0, (size_t)(end - zero - 1)) ? zero + 1 : NULL;
}

/* Turns an empty plain file into what TYPE says. */
static error_t become(struct node *node, uint32_t type, const char *arguments, size_t bytes)
{
	const char *end = arguments + bytes, *first = next_argument(arguments, end);
	if (!S_ISREG(node->mode) || node->size)
		return HURD_EINVAL;
	if (node->filemap)
		return HURD_EBUSY;
	if ((type == S_IFCHR || type == S_IFBLK)) {
		const char *second = first ? next_argument(first, end) : NULL;
		if (!second)
			return HURD_EINVAL;
		node->device = makedev(strtoul(first, NULL, 0), strtoul(second, NULL, 0));
	}
	if (type == S_IFLNK && !first)
		return HURD_EINVAL;
	uint32_t mode = node->mode;
	file_pages_cut(&server.store.pool, &node->pages, 0);
	node->mode = (mode & ~(uint32_t)S_IFMT) | type;
	if (type == S_IFLNK) {
		error_t error = hurd_from_errno(node_set_target(node, first, strlen(first)));
		if (error) {
			node->mode = mode;
			return error;
		}
	}
	node_changed(&server.store, node);
	return 0;
}

static error_t set_passive(struct node *node, int flags, const char *arguments, size_t bytes)
{
	if ((flags & HURD_FS_TRANS_EXCL) && node->passive)
		return HURD_EBUSY;
	if (bytes && arguments[bytes - 1])
		return HURD_EINVAL;
	uint32_t type = built_in_type(arguments, bytes);
	if (type)
		return become(node, type, arguments, bytes);
	error_t error = hurd_from_errno(node_set_passive(node, arguments, bytes));
	if (!error)
		node_changed(&server.store, node);
	return error;
}

/* Asks the old one to go, unless it is to be left running. */
static error_t end_old(struct node *node, int active_flags, int goaway_flags)
{
	mach_port_t old = node->translator;
	if (!old || (active_flags & HURD_FS_TRANS_ORPHAN))
		return 0;
	right_refer(old);
	node_hold(node);
	error_t error = translator_goaway(old, goaway_flags);
	/* It may be the very one no longer, so nothing is cleared here. */
	node_drop(&server.store, node);
	mach_port_deallocate(mach_task_self(), old);
	return error;
}

static error_t set_active(struct node *node, int flags, int goaway_flags, mach_port_t active)
{
	if (node == server.store.root)
		return HURD_EBUSY;
	if ((flags & HURD_FS_TRANS_EXCL) && node->translator)
		return HURD_EBUSY;
	error_t error = end_old(node, flags, goaway_flags);
	return error ? error : translator_set(node, active);
}

kern_return_t S_file_set_translator(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int passive_flags,
				    int active_flags, int goaway_flags, const_data_t passive,
				    mach_msg_type_number_t passive_count, mach_port_t active)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	struct node *node = open_node(open);
	error_t error = hurd_from_errno(access_check_owner(node, open->ids));
	if (error)
		return error;
	bool sets_active = active_flags & HURD_FS_TRANS_SET;
	if (sets_active)
		error = set_active(node, active_flags, goaway_flags, active);
	if (error)
		return error;
	if (passive_flags & HURD_FS_TRANS_SET)
		error = set_passive(node, passive_flags, passive, passive_count);
	/* Now ACTIVE is the node's; an error would have it freed with the request. */
	if (error && sets_active && MACH_PORT_VALID(active))
		right_refer(active);
	if (!error && !sets_active && MACH_PORT_VALID(active))
		mach_port_deallocate(mach_task_self(), active);
	return error;
}

static size_t describe_built_in(const struct node *node, const char *program, char *to, size_t room)
{
	int used = snprintf(to, room, "%s", program) + 1;
	if (S_ISLNK(node->mode))
		used += snprintf(to + used, room - (size_t)used, "%s", node->target) + 1;
	else if (S_ISCHR(node->mode) || S_ISBLK(node->mode)) {
		used += snprintf(to + used, room - (size_t)used, "%u", (unsigned)major(node->device)) + 1;
		used += snprintf(to + used, room - (size_t)used, "%u", (unsigned)minor(node->device)) + 1;
	}
	return (size_t)used;
}

kern_return_t S_file_get_translator(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, data_t *data,
				    mach_msg_type_number_t *count)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	const struct node *node = open_node(open);
	const char *program = built_in_program(node->mode & S_IFMT);
	char text[TMPFS_PATH_BYTES_MAX + 64];
	const char *from = program ? text : node->passive;
	size_t bytes = program ? describe_built_in(node, program, text, sizeof(text)) : node->passive_bytes;
	if (!from)
		return HURD_EINVAL;
	if (bytes > *count) {
		vm_address_t memory;
		if (vm_allocate(mach_task_self(), &memory, bytes, TRUE))
			return HURD_ENOMEM;
		*data = (char *)memory;
	}
	memcpy(*data, from, bytes);
	*count = (mach_msg_type_number_t)bytes;
	return 0;
}

kern_return_t S_file_get_translator_cntl(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type,
					 mach_port_t *control, mach_msg_type_name_t *control_type)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	struct node *node = open_node(open);
	error_t error = hurd_from_errno(access_check_owner(node, open->ids));
	if (error)
		return error;
	if (!node->translator)
		return HURD_ENXIO;
	*control = node->translator;
	*control_type = MACH_MSG_TYPE_COPY_SEND;
	return 0;
}
