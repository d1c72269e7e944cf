/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories: reading them, and every change of names. */
#include <string.h>
#include <dirent.h>
#include <hurd_abi.h>

#include "fs_S.h"
#include "limits.h"
#include "lookup.h"

static unsigned char type_of(const struct node *node)
{
	return (unsigned char)(node->mode >> 12 & 017);	/* DT_ values are the type bits of the mode */
}

static size_t put_entry(char *at, uint64_t number, unsigned char type, const char *name, size_t length)
{
	struct hurd_dirent *entry = (struct hurd_dirent *)at;
	size_t bytes = HURD_DIRENT_SIZE(length);
	if (!at)
		return bytes;
	memset(at, 0, bytes);
	entry->d_ino = number;
	entry->d_reclen = (uint16_t)bytes;
	entry->d_type = type;
	entry->d_namlen = (uint8_t)length;
	memcpy(entry->d_name, name, length);
	return bytes;
}

/* Entry INDEX: ".", "..", then the slots.  A hole, left by a name that went while somebody
   read the directory, is an entry with the number 0, which readers pass over.  AT may be NULL to
   learn the size. */
static size_t put_index(const struct node *directory, int64_t index, char *at)
{
	if (index == 0)
		return put_entry(at, directory->number, DT_DIR, ".", 1);
	if (index == 1)
		return put_entry(at, (directory->parent ? directory->parent : directory)->number, DT_DIR, "..", 2);
	const struct directory_entry *entry = directory->names.slots[index - 2];
	if (!entry)
		return put_entry(at, 0, DT_UNKNOWN, "", 0);
	return put_entry(at, entry->node->number, type_of(entry->node), entry->name, entry->length);
}

/* How many entries from FIRST fit, and their bytes. */
static int measure(const struct node *directory, int64_t first, int wanted, size_t room, size_t *bytes)
{
	int64_t end = (int64_t)directory->names.slot_count + 2;
	int count = 0;
	*bytes = 0;
	for (int64_t index = first; index < end && (wanted < 0 || count < wanted); index++, count++) {
		size_t more = put_index(directory, index, NULL);
		if (*bytes + more > room)
			break;
		*bytes += more;
	}
	return count;
}

kern_return_t S_dir_readdir(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, data_t *data,
			    mach_msg_type_number_t *data_count, boolean_t *data_dealloc, int entry, int entries,
			    vm_size_t room, int *amount)
{
	size_t bytes;
	if (!open)
		return HURD_EOPNOTSUPP;
	struct node *directory = open_node(open);
	if (!(open->description->flags & HURD_O_READ))
		return HURD_EBADF;
	if (!S_ISDIR(directory->mode))
		return HURD_ENOTDIR;
	if (entry < 0)
		return HURD_EINVAL;
	if (entry == 0 && directory->opens == 1)
		directory_compact(&directory->names);
	if (room == 0 || room > TMPFS_READDIR_BYTES_MAX)
		room = TMPFS_READDIR_BYTES_MAX;
	*amount = measure(directory, entry, entries, room, &bytes);
	*data_dealloc = FALSE;
	if (bytes > *data_count) {
		vm_address_t memory;
		if (vm_allocate(mach_task_self(), &memory, bytes, TRUE))
			return HURD_ENOMEM;
		*data = (char *)memory;
		*data_dealloc = TRUE;
	}
	char *at = *data;
	for (int i = 0; i < *amount; i++)
		at += put_index(directory, (int64_t)entry + i, at);
	*data_count = (mach_msg_type_number_t)bytes;
	if (!(open->description->flags & HURD_O_NOATIME))
		directory->accessed = server.store.now();
	return 0;
}

static error_t check_directory(open_t open)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	return S_ISDIR(open_node(open)->mode) ? 0 : HURD_ENOTDIR;
}

/* May the user of OPEN make a name in that directory? */
static error_t check_writable(open_t open)
{
	error_t error = check_directory(open);
	if (error)
		return error;
	return hurd_from_errno(access_check(open_node(open), open->ids, MAY_WRITE | MAY_EXECUTE));
}

static error_t check_removable(open_t open, const char *name, struct node **node)
{
	error_t error = check_directory(open);
	if (error)
		return error;
	error = hurd_from_errno(access_check(open_node(open), open->ids, MAY_EXECUTE));
	if (error)
		return error;
	struct directory_entry *entry = directory_find(&open_node(open)->names, name, strlen(name));
	*node = entry ? entry->node : NULL;
	if (!entry)
		return 0;	/* the store says what is wrong with the name */
	return hurd_from_errno(access_check_remove(open_node(open), entry->node, open->ids));
}

kern_return_t S_dir_mkdir(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, const_string_t name, mode_t mode)
{
	struct node *made;
	error_t error = check_writable(open);
	if (error)
		return error;
	struct node *parent = open_node(open);
	mode = (mode & 07777 & ~(mode_t)(S_ISUID | S_ISGID)) | S_IFDIR | (parent->mode & S_ISGID);
	/* mkdir("a/") arrives with its slash. */
	size_t length = strlen(name);
	while (length > 1 && name[length - 1] == '/')
		length--;
	return hurd_from_errno(store_make(&server.store, parent, name, length, mode, lookup_new_uid(open->ids),
					  lookup_new_gid(open->ids, parent), &made));
}

kern_return_t S_dir_rmdir(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, const_string_t name)
{
	struct node *node;
	error_t error = check_removable(open, name, &node);
	if (error)
		return error;
	if (node && node->translator)
		return HURD_EBUSY;
	return hurd_from_errno(store_rmdir(&server.store, open_node(open), name, strlen(name)));
}

kern_return_t S_dir_unlink(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, const_string_t name)
{
	struct node *node;
	error_t error = check_removable(open, name, &node);
	if (error)
		return error;
	mach_port_t control = node && node->links == 1 ? node->translator : MACH_PORT_NULL;
	if (control)
		right_refer(control);
	error = hurd_from_errno(store_unlink(&server.store, open_node(open), name, strlen(name)));
	if (control) {
		/* A translator without a name has nothing left to serve, if it agrees. */
		if (!error)
			translator_goaway(control, HURD_FSYS_GOAWAY_UNLINK);
		mach_port_deallocate(mach_task_self(), control);
	}
	return error;
}

kern_return_t S_dir_link(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, open_t file, const_string_t name,
			 int exclusive)
{
	error_t error = check_writable(open);
	if (error)
		return error;
	if (!file)
		return HURD_EXDEV;
	struct node *directory = open_node(open), *node = open_node(file), *old;
	size_t length = strlen(name);
	if (S_ISDIR(node->mode))
		return HURD_EPERM;
	error = hurd_from_errno(store_link(&server.store, directory, name, length, node));
	if (error == HURD_EEXIST && !exclusive) {
		error = check_removable(open, name, &old);
		if (!error && old == node)
			error = 0;
		else if (!error)
			error = hurd_from_errno(store_unlink(&server.store, directory, name, length));
		if (!error && old != node)
			error = hurd_from_errno(store_link(&server.store, directory, name, length, node));
	}
	if (!error)
		mach_port_deallocate(mach_task_self(), file->object.port);
	return error;
}

kern_return_t S_dir_rename(open_t from, mach_port_t reply, mach_msg_type_name_t reply_type, const_string_t old_name,
			   open_t to, const_string_t new_name, int exclusive)
{
	struct node *moved, *replaced;
	error_t error = check_removable(from, old_name, &moved);
	if (error)
		return error;
	if (!to)
		return HURD_EXDEV;
	error = check_writable(to);
	if (!error)
		error = check_removable(to, new_name, &replaced);
	/* To move a directory elsewhere is to change its "..". */
	if (!error && moved && S_ISDIR(moved->mode) && open_node(from) != open_node(to))
		error = hurd_from_errno(access_check(moved, from->ids, MAY_WRITE));
	if (!error)
		error = hurd_from_errno(store_rename(&server.store, open_node(from), old_name, strlen(old_name),
						     open_node(to), new_name, strlen(new_name), exclusive));
	if (!error)
		mach_port_deallocate(mach_task_self(), to->object.port);
	return error;
}

kern_return_t S_dir_mkfile(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int flags, mode_t mode,
			   mach_port_t *port, mach_msg_type_name_t *port_type)
{
	struct node *node;
	open_t made;
	error_t error = check_writable(open);
	if (error)
		return error;
	error = hurd_from_errno(node_make(&server.store, S_IFREG | (mode & 07777 & ~(mode_t)S_ISVTX), lookup_new_uid(open->ids),
					  lookup_new_gid(open->ids, open_node(open)), &node));
	if (error)
		return error;
	error = open_make(node, flags & LOOKUP_KEPT_FLAGS, open->description->around, open->ids, &made);
	node_drop(&server.store, node);
	if (error)
		return error;
	*port = made->object.port;
	*port_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_dir_notice_changes(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t port)
{
	return HURD_ENOTSUP;
}
