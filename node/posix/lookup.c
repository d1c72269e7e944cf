/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Path names: the Hurd's dir_lookup and its retries; the directories they start from. */
#define _GNU_SOURCE
#include "files.h"
#include "prototypes.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <hurd/fs.h>
#include <hurd/io.h>

static struct {
	posix_lock_t lock;
	mach_port_t current, root;
	unsigned umask;
} places = { .umask = 022 };

static mach_port_t reference(const mach_port_t *place)
{
	mach_port_t port;

	posix_lock(&places.lock);
	port = *place;
	if (MACH_PORT_VALID(port))
		refer_port(port);
	posix_unlock(&places.lock);
	return port;
}

static void replace(mach_port_t *place, mach_port_t port)
{
	mach_port_t old;

	posix_lock(&places.lock);
	old = *place;
	*place = port;
	posix_unlock(&places.lock);
	drop_port(old);
}

mach_port_t current_directory(void) { return reference(&places.current); }
mach_port_t root_directory(void) { return reference(&places.root); }
void set_current_directory(mach_port_t port) { replace(&places.current, port); }
void set_root_directory(mach_port_t port) { replace(&places.root, port); }
unsigned current_umask(void) { return places.umask; }

long sys_umask(int mask)
{
	return __atomic_exchange_n(&places.umask, mask & 0777, __ATOMIC_RELAXED);
}

static mach_port_t initial_port(const struct posix_startup *startup, int which)
{
	return which < (int)startup->port_count ? startup->ports[which] : MACH_PORT_NULL;
}

void posix_files_start(const struct posix_startup *startup)
{
	places.current = initial_port(startup, INIT_PORT_CWDIR);
	places.root = initial_port(startup, INIT_PORT_CRDIR);
	if (startup->int_count > INIT_UMASK)
		places.umask = startup->ints[INIT_UMASK] & 0777;
	fd_table_start(startup->fds, startup->fd_count);
}

void posix_files_fork_prepare(void)
{
	posix_lock(&places.lock);
	fd_table_lock();
}

void posix_files_fork_done(void)
{
	fd_table_unlock();
	posix_unlock(&places.lock);
}

/* "fd/N": that descriptor's port. */
static int magic_descriptor(const char *number, mach_port_t *port)
{
	char *end;
	long fd = strtol(number, &end, 10);
	struct open_port *open_port = *end == '\0' && end != number ? fd_get(fd) : NULL;

	if (!open_port)
		return HURD_ENOENT;
	*port = open_port->port;
	refer_port(*port);
	open_port_put(open_port);
	return 0;
}

static const char *skip_slashes(const char *path)
{
	while (*path == '/')
		path++;
	return path;
}

/* PORT's object opened with FLAGS, or PORT itself where the server does not do that.
   Takes PORT over. */
static mach_port_t opened_again(mach_port_t port, int flags)
{
	char retry_name[HURD_NAME_SIZE];
	retry_type retry;
	mach_port_t found = MACH_PORT_NULL;

	if (INTERRUPTIBLE(dir_lookup(port, "", flags & ~(HURD_O_CREAT | HURD_O_EXCL), 0, &retry, retry_name, &found)))
		return port;
	if (retry != FS_RETRY_NORMAL || retry_name[0] != '\0' || !MACH_PORT_VALID(found)) {
		drop_port(found);
		return port;
	}
	drop_port(port);
	return found;
}

/* FROM is owned by this function from its first replacement on. */
int lookup_from(mach_port_t from, const char *path, int flags, unsigned mode, mach_port_t *result)
{
	char names[2][HURD_NAME_SIZE];
	mach_port_t directory = MACH_PORT_VALID(from) ? from : root_directory();
	bool owned = !MACH_PORT_VALID(from);
	int error = 0;

	for (int hops = 0; error == 0; hops++) {
		char *retry_name = names[hops & 1];
		retry_type retry;
		mach_port_t found = MACH_PORT_NULL;

		if (hops == SYMLINK_HOPS_MAX) {
			error = HURD_ELOOP;
			break;
		}
		if (!MACH_PORT_VALID(directory)) {
			error = HURD_ENOENT;	/* a task that has no file system yet */
			break;
		}
		error = INTERRUPTIBLE(dir_lookup(directory, path, flags, mode, &retry, retry_name, &found));
		if (error)
			break;
		retry_name[HURD_NAME_SIZE - 1] = '\0';
		if (owned)
			drop_port(directory);
		directory = found;
		owned = true;
		if (retry == FS_RETRY_MAGICAL) {
			drop_port(found);
			directory = MACH_PORT_NULL;
			if (strncmp(retry_name, "fd/", 3) == 0)
				return magic_descriptor(retry_name + 3, result);
			if (retry_name[0] != '/')
				return HURD_ENOENT;
			directory = root_directory();
		} else if (retry_name[0] == '\0') {
			if (!MACH_PORT_VALID(found))
				return HURD_EIO;	/* all is well, says the server, and gives nothing */
			/* Without an auth server a port that wants reauthentication is good as it is,
			   but it was not opened for what we want. */
			*result = retry == FS_RETRY_REAUTH ? opened_again(found, flags) : found;
			return 0;
		}
		path = retry == FS_RETRY_MAGICAL ? skip_slashes(retry_name) : retry_name;
	}
	if (owned)
		drop_port(directory);
	return error;
}

/* Where PATH starts: a new reference. */
static int starting_point(int dirfd, const char *path, mach_port_t *directory)
{
	struct open_port *open_port;

	if (path[0] == '/') {
		*directory = root_directory();
	} else if (dirfd == AT_FDCWD) {
		*directory = current_directory();
	} else {
		open_port = fd_get(dirfd);
		if (!open_port)
			return HURD_EBADF;
		*directory = open_port->port;
		refer_port(*directory);
		open_port_put(open_port);
	}
	return MACH_PORT_VALID(*directory) ? 0 : HURD_ENOENT;
}

int path_lookup(int dirfd, const char *path, int flags, unsigned mode, mach_port_t *port)
{
	mach_port_t directory;
	int error;

	if (!path)
		return HURD_EFAULT;
	if (path[0] == '\0')
		return HURD_ENOENT;
	if (strlen(path) >= HURD_NAME_SIZE)
		return HURD_ENAMETOOLONG;
	error = starting_point(dirfd, path, &directory);
	if (error)
		return error;
	error = lookup_from(directory, skip_slashes(path), flags, mode & ~current_umask(), port);
	drop_port(directory);
	return error;
}

int path_lookup_parent(int dirfd, const char *path, mach_port_t *directory, char *name)
{
	char parent[HURD_NAME_SIZE];
	size_t length = path ? strlen(path) : 0, base;

	if (!path)
		return HURD_EFAULT;
	if (length == 0)
		return HURD_ENOENT;
	if (length >= HURD_NAME_SIZE)
		return HURD_ENAMETOOLONG;
	while (length > 1 && path[length - 1] == '/')
		length--;
	for (base = length; base > 0 && path[base - 1] != '/'; base--)
		;
	memcpy(name, path + base, length - base);
	name[length - base] = '\0';
	if (name[0] == '\0')		/* the root itself */
		strcpy(name, ".");
	if (base == 0) {
		strcpy(parent, ".");
	} else {
		memcpy(parent, path, base);
		parent[base] = '\0';
	}
	return path_lookup(dirfd, parent, 0, 0, directory);
}
