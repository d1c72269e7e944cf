/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing what files say about themselves: mode, owner, times. */
#define _GNU_SOURCE
#include "files.h"
#include "prototypes.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <hurd/fs.h>

struct change {
	enum { CHANGE_MODE, CHANGE_OWNER, CHANGE_TIMES } what;
	unsigned mode, uid, gid;
	struct timespec access, modification;
};

static int apply(mach_port_t port, const struct change *change)
{
	switch (change->what) {
	case CHANGE_MODE:
		return file_chmod(port, change->mode & 07777);
	case CHANGE_OWNER:
		return file_chown(port, change->uid, change->gid);
	default:
		return file_utimens(port, change->access, change->modification);
	}
}

static long apply_to_path(int dirfd, const char *path, int flags, const struct change *change)
{
	mach_port_t port;
	int error = path_lookup(dirfd, path, flags & AT_SYMLINK_NOFOLLOW ? HURD_O_NOLINK : 0, 0, &port);

	if (error)
		return posix_error(error);
	error = apply(port, change);
	drop_port(port);
	return posix_error(error);
}

static long apply_to_fd(int fd, const struct change *change)
{
	struct open_port *open_port = fd_get(fd);
	int error;

	if (!open_port)
		return -EBADF;
	error = apply(open_port->port, change);
	open_port_put(open_port);
	return posix_error(error);
}

long sys_fchmod(int fd, unsigned mode)
{
	return apply_to_fd(fd, &(struct change){ CHANGE_MODE, .mode = mode });
}

long sys_fchmodat(int dirfd, const char *path, unsigned mode)
{
	return apply_to_path(dirfd, path, 0, &(struct change){ CHANGE_MODE, .mode = mode });
}

long sys_chmod(const char *path, unsigned mode)
{
	return sys_fchmodat(AT_FDCWD, path, mode);
}

long sys_fchown(int fd, unsigned uid, unsigned gid)
{
	return apply_to_fd(fd, &(struct change){ CHANGE_OWNER, .uid = uid, .gid = gid });
}

long sys_fchownat(int dirfd, const char *path, unsigned uid, unsigned gid, int flags)
{
	if (flags & AT_EMPTY_PATH && path && path[0] == '\0')
		return sys_fchown(dirfd, uid, gid);
	return apply_to_path(dirfd, path, flags, &(struct change){ CHANGE_OWNER, .uid = uid, .gid = gid });
}

long sys_chown(const char *path, unsigned uid, unsigned gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown(const char *path, unsigned uid, unsigned gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

static struct timespec hurd_time(const struct timespec *time)
{
	if (!time || time->tv_nsec == UTIME_NOW)
		return (struct timespec){ 0, HURD_UTIME_NOW };
	if (time->tv_nsec == UTIME_OMIT)
		return (struct timespec){ 0, HURD_UTIME_OMIT };
	return *time;
}

long sys_utimensat(int dirfd, const char *path, const struct timespec *times, int flags)
{
	struct change change = { CHANGE_TIMES };

	change.access = hurd_time(times);
	change.modification = hurd_time(times ? times + 1 : NULL);
	return path ? apply_to_path(dirfd, path, flags, &change) : apply_to_fd(dirfd, &change);
}
