/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading directories, and the current and root directory. */
#define _GNU_SOURCE
#include "files.h"
#include "prototypes.h"
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <hurd/fs.h>
#include <hurd/io.h>

#define READDIR_BYTES 8192		/* asked for at a time */
#define ALL_ENTRIES (-1)

static size_t record_size(size_t name_length)
{
	return (offsetof(struct dirent, d_name) + name_length + 1 + 7) & ~(size_t)7;
}

/* Walks the entries that a server sent: FALSE at the end or at a malformed one. */
static bool next_entry(const char *data, size_t size, size_t *at, const struct hurd_dirent **entry)
{
	const struct hurd_dirent *candidate;

	if (size - *at < sizeof *candidate)
		return false;
	candidate = (const void *)(data + *at);
	if (candidate->d_reclen < sizeof *candidate || candidate->d_reclen > size - *at
	    || candidate->d_namlen >= candidate->d_reclen - offsetof(struct hurd_dirent, d_name))
		return false;
	*entry = candidate;
	*at += candidate->d_reclen;
	return true;
}

/* Converts what fits; the number of entries that did. */
static int convert_entries(const char *data, size_t data_size, int count, int first, char *buffer, size_t size, long *used)
{
	const struct hurd_dirent *from;
	size_t at = 0;
	int done = 0;

	*used = 0;
	while (done < count && next_entry(data, data_size, &at, &from)) {
		struct dirent *to = (struct dirent *)(buffer + *used);
		size_t length = record_size(from->d_namlen);

		if (length > size - *used)
			break;
		done++;
		if (from->d_ino == 0)	/* the place of a name that was removed */
			continue;
		to->d_ino = from->d_ino;
		to->d_off = first + done;
		to->d_reclen = length;
		to->d_type = from->d_type;
		memcpy(to->d_name, from->d_name, from->d_namlen);
		to->d_name[from->d_namlen] = '\0';
		*used += length;
	}
	return done;
}

static long read_entries(struct open_port *open_port, char *buffer, size_t size)
{
	data_t data = NULL;
	mach_msg_type_number_t data_size = 0;
	int count = 0, done;
	long used;
	int error = INTERRUPTIBLE(dir_readdir(open_port->port, &data, &data_size, open_port->directory_entry, ALL_ENTRIES,
					      size < READDIR_BYTES ? READDIR_BYTES : size, &count));

	if (error)
		return posix_error(error);
	done = convert_entries(data, data_size, count, open_port->directory_entry, buffer, size, &used);
	if (data_size > 0)
		vm_deallocate(mach_task_self(), (vm_address_t)data, data_size);
	open_port->directory_entry += done;
	open_port->is_directory = true;
	if (done == 0 && count > 0)
		return -EINVAL;		/* not even one fits */
	return used == 0 && done > 0 ? read_entries(open_port, buffer, size) : used;
}

long sys_getdents64(int fd, void *buffer, size_t size)
{
	struct open_port *open_port = fd_get(fd);
	long result;

	if (!open_port)
		return -EBADF;
	result = read_entries(open_port, buffer, size);
	open_port_put(open_port);
	return result;
}

static int check_directory(mach_port_t port)
{
	io_statbuf_t status;
	int error = io_stat(port, &status);

	return error ? error : S_ISDIR(status.st_mode) ? 0 : HURD_ENOTDIR;
}

static long set_directory(const char *path, void (*set)(mach_port_t))
{
	mach_port_t port;
	int error = path_lookup(AT_FDCWD, path, 0, 0, &port);

	if (error)
		return posix_error(error);
	error = check_directory(port);
	if (error) {
		drop_port(port);
		return posix_error(error);
	}
	set(port);
	return 0;
}

long sys_chdir(const char *path) { return set_directory(path, set_current_directory); }
long sys_chroot(const char *path) { return set_directory(path, set_root_directory); }

long sys_fchdir(int fd)
{
	struct open_port *open_port = fd_get(fd);
	int error;

	if (!open_port)
		return -EBADF;
	error = check_directory(open_port->port);
	if (error == 0) {
		refer_port(open_port->port);
		set_current_directory(open_port->port);
	}
	open_port_put(open_port);
	return posix_error(error);
}

/* ---- getcwd: from here up to the root, asking each parent for the child's name. */

struct place { uint64_t filesystem, number; };

static int place_of(mach_port_t port, struct place *place)
{
	io_statbuf_t status;
	int error = io_stat(port, &status);

	*place = (struct place){ status.st_fsid, status.st_ino };
	return error;
}

static bool same_place(struct place a, struct place b)
{
	return a.filesystem == b.filesystem && a.number == b.number;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Is NAME in PARENT, whose entry says NUMBER, the CHILD?  Entries of translated directories bear the
   number of what is below. */
static bool is_child(mach_port_t parent, const char *name, uint64_t number, struct place parent_place, struct place child)
{
	struct place place;
	mach_port_t port;
	bool same;

	if (number == 0 || is_dots(name))
		return false;
	if (parent_place.filesystem == child.filesystem)
		return number == child.number;
	if (lookup_from(parent, name, HURD_O_NOLINK, 0, &port) != 0)
		return false;
	same = place_of(port, &place) == 0 && same_place(place, child);
	drop_port(port);
	return same;
}

static int name_in_parent(mach_port_t parent, struct place parent_place, struct place child, char *name)
{
	for (int first = 0;;) {
		data_t data = NULL;
		mach_msg_type_number_t size = 0;
		int count = 0, done = 0, error = dir_readdir(parent, &data, &size, first, ALL_ENTRIES, READDIR_BYTES, &count);
		const struct hurd_dirent *entry;
		bool found = false;
		size_t at = 0;

		if (error)
			return error;
		for (; done < count && !found && next_entry(data, size, &at, &entry); done++) {
			/* In the server's answer it may have no end. */
			memcpy(name, entry->d_name, entry->d_namlen);
			name[entry->d_namlen] = '\0';
			found = is_child(parent, name, entry->d_ino, parent_place, child);
		}
		if (size > 0)
			vm_deallocate(mach_task_self(), (vm_address_t)data, size);
		if (found)
			return 0;
		if (done == 0)
			return HURD_ENOENT;
		first += done;
	}
}

/* Puts "/NAME" before what ends at *START in BUFFER. */
static int prepend(char *buffer, size_t *start, const char *name)
{
	size_t length = strlen(name);

	if (length + 1 > *start)
		return HURD_ERANGE;
	*start -= length;
	memcpy(buffer + *start, name, length);
	buffer[--*start] = '/';
	return 0;
}

/* DIRECTORY is consumed. */
static int path_to_root(mach_port_t directory, struct place root, char *buffer, size_t *start)
{
	struct place here, above;
	int error = place_of(directory, &here);

	while (error == 0 && !same_place(here, root)) {
		char name[256];
		mach_port_t parent = MACH_PORT_NULL;

		error = lookup_from(directory, "..", HURD_O_READ, 0, &parent);
		if (error)
			break;
		drop_port(directory);
		directory = parent;
		error = place_of(parent, &above);
		if (error == 0 && same_place(above, here))
			error = HURD_ENOENT;	/* outside of the root */
		if (error == 0)
			error = name_in_parent(parent, above, here, name);
		if (error == 0)
			error = prepend(buffer, start, name);
		here = above;
	}
	drop_port(directory);
	return error;
}

long sys_getcwd(char *buffer, size_t size)
{
	mach_port_t root_port = root_directory(), here = current_directory();
	char path[4096];
	size_t start = sizeof path - 1, length;
	struct place root;
	int error = !MACH_PORT_VALID(here) || !MACH_PORT_VALID(root_port) ? HURD_ENOENT : place_of(root_port, &root);

	drop_port(root_port);
	path[start] = '\0';
	if (error)
		drop_port(here);
	else
		error = path_to_root(here, root, path, &start);
	if (error == 0 && path[start] == '\0')
		path[--start] = '/';
	length = sizeof path - start;
	if (error)
		return posix_error(error);
	if (length > size)
		return -ERANGE;
	memcpy(buffer, path + start, length);
	return length;
}
