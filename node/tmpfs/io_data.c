/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing. */
#include <string.h>
#include <hurd_abi.h>

#include "io_S.h"
#include "filemap.h"
#include "limits.h"
#include "objects.h"

static error_t check_mode(open_t open, int wanted)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	if (!(open->description->flags & wanted))
		return HURD_EBADF;
	struct node *node = open_node(open);
	if (S_ISDIR(node->mode))
		return HURD_EISDIR;
	if (S_ISREG(node->mode) || (wanted == HURD_O_READ && S_ISLNK(node->mode)) || device_is_known(node))
		return 0;
	return HURD_EOPNOTSUPP;
}

/* Room for BYTES in the reply: its own if that suffices, else a new region that the stub frees
   once it is sent. */
static error_t reply_room(data_t *data, mach_msg_type_number_t *count, size_t bytes)
{
	vm_address_t memory;
	if (bytes <= *count)
		return 0;
	if (vm_allocate(mach_task_self(), &memory, bytes, TRUE))
		return HURD_ENOMEM;
	*data = (char *)memory;
	return 0;
}

/* How much there is to read at OFFSET, at most WANTED. */
static size_t readable(const struct node *node, int64_t offset, size_t wanted)
{
	if (wanted > TMPFS_READ_BYTES_MAX)
		wanted = TMPFS_READ_BYTES_MAX;
	if (S_ISCHR(node->mode))
		return wanted;
	if ((uint64_t)offset >= node->size)
		return 0;
	return node->size - (uint64_t)offset < wanted ? node->size - (uint64_t)offset : wanted;
}

static error_t read_node(struct node *node, int64_t offset, char *to, size_t *bytes)
{
	if (S_ISCHR(node->mode))
		return character_device_read(node, to, bytes);
	if (S_ISLNK(node->mode))
		memcpy(to, node->target + offset, *bytes);
	else
		file_pages_read(&node->pages, (uint64_t)offset, to, *bytes);
	return 0;
}

kern_return_t S_io_read(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, data_t *data,
			mach_msg_type_number_t *count, loff_t offset, vm_size_t amount)
{
	error_t error = check_mode(open, HURD_O_READ);
	if (error)
		return error;
	struct node *node = open_node(open);
	bool moves = offset == -1;
	/* While kernels are waited for, another read may move the position. */
	do {
		if (moves)
			offset = open->description->offset;
		if (offset < 0)
			return HURD_EINVAL;
		if (S_ISREG(node->mode))
			error = filemap_sync(node, (uint64_t)offset, readable(node, offset, amount));
		if (error)
			return error;
	} while (moves && offset != open->description->offset);
	size_t bytes = readable(node, offset, amount);
	data_t own = *data;
	error = reply_room(data, count, bytes);
	if (error)
		return error;
	size_t room = bytes;
	error = read_node(node, offset, *data, &bytes);
	if (error) {
		if (*data != own)
			vm_deallocate(mach_task_self(), (vm_address_t)*data, room);
		*data = own;
		return error;
	}
	*count = (mach_msg_type_number_t)bytes;
	if (moves)
		open->description->offset = offset + (int64_t)bytes;
	if (!(open->description->flags & HURD_O_NOATIME))
		node->accessed = server.store.now();
	return 0;
}

static error_t write_node(open_t open, struct user_pager_info *map, int64_t offset, const char *data, size_t *bytes)
{
	struct node *node = open_node(open);
	if (S_ISCHR(node->mode))
		return character_device_write(node, bytes);
	error_t error = filemap_write(map, node, (uint64_t)offset, data, *bytes, bytes);
	if (!error && *bytes && !ids_are_root(open->ids))
		node->mode &= ~(uint32_t)(S_ISUID | S_ISGID);
	return error;
}

/* One request is one step, under the lock or, of a mapped file, as its only change: so
   appends do not mix. */
static error_t write_open(open_t open, struct user_pager_info *map, const char *data, size_t bytes, loff_t offset,
			  vm_size_t *amount)
{
	struct description *description = open->description;
	bool moves = offset == -1;
	if (moves) {
		if ((description->flags & HURD_O_APPEND) && S_ISREG(description->node->mode))
			description->offset = (int64_t)description->node->size;
		offset = description->offset;
	}
	if (offset < 0)
		return HURD_EINVAL;
	error_t error = write_node(open, map, offset, data, &bytes);
	if (error)
		return error;
	*amount = bytes;
	if (moves)
		description->offset = offset + (int64_t)bytes;
	return 0;
}

kern_return_t S_io_write(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, const_data_t data,
			 mach_msg_type_number_t count, loff_t offset, vm_size_t *amount)
{
	struct user_pager_info *map = NULL;
	error_t error = check_mode(open, HURD_O_WRITE);
	if (!error && S_ISREG(open_node(open)->mode))
		error = filemap_begin_change(open_node(open), &map);
	if (error)
		return error;
	error = write_open(open, map, data, count, offset, amount);
	filemap_end_change(map);
	return error;
}

kern_return_t S_io_seek(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, loff_t offset, int whence,
			loff_t *position)
{
	int64_t base, result;
	if (!open)
		return HURD_EOPNOTSUPP;
	struct description *description = open->description;
	switch (whence) {
	case 0: base = 0; break;
	case 1: base = description->offset; break;
	case 2: base = (int64_t)description->node->size; break;
	default: return HURD_EINVAL;
	}
	if (__builtin_add_overflow(base, offset, &result) || result < 0)
		return HURD_EINVAL;
	*position = description->offset = result;
	return 0;
}

kern_return_t S_io_readable(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, vm_size_t *amount)
{
	error_t error = check_mode(open, HURD_O_READ);
	if (error)
		return error;
	*amount = readable(open_node(open), open->description->offset, TMPFS_READ_BYTES_MAX);
	return 0;
}

/* Files are always ready. */
kern_return_t S_io_select(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int *select_type)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	*select_type &= HURD_SELECT_READ | HURD_SELECT_WRITE;
	return 0;
}

kern_return_t S_io_select_timeout(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, timespec_t timeout,
				  int *select_type)
{
	return S_io_select(open, reply, reply_type, select_type);
}

/* As the Hurd's own file systems answer: what may be done with the open file may be done
   with the object.  For reading only that is an object of its own. */
kern_return_t S_io_map(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *read_object,
		       mach_msg_type_name_t *read_type, mach_port_t *write_object, mach_msg_type_name_t *write_type)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	bool reads = open->description->flags & HURD_O_READ, writes = open->description->flags & HURD_O_WRITE;
	if (!reads && !writes)
		return HURD_EBADF;
	if (!S_ISREG(open_node(open)->mode))
		return HURD_EOPNOTSUPP;
	mach_port_t right;
	error_t error = filemap_right(open_node(open), writes, &right);
	if (error)
		return error;
	if (reads && writes && mach_port_mod_refs(mach_task_self(), right, MACH_PORT_RIGHT_SEND, 1)) {
		mach_port_deallocate(mach_task_self(), right);
		return HURD_ENOMEM;
	}
	*read_object = reads ? right : MACH_PORT_NULL;
	*write_object = writes ? right : MACH_PORT_NULL;
	*read_type = *write_type = MACH_MSG_TYPE_MOVE_SEND;
	return 0;
}
