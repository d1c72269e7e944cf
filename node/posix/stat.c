/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files say about themselves. */
#define _GNU_SOURCE
#include "files.h"
#include "prototypes.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include <hurd/fs.h>
#include <hurd/io.h>

/* musl takes the kernel's structure for its own on this machine. */
static void convert(const io_statbuf_t *from, struct stat *to)
{
	*to = (struct stat){
		.st_dev = from->st_fsid, .st_ino = from->st_ino, .st_nlink = from->st_nlink,
		.st_mode = from->st_mode & HURD_S_TYPE_AND_PERMISSIONS,
		.st_uid = from->st_uid, .st_gid = from->st_gid, .st_rdev = from->st_rdev,
		.st_size = from->st_size, .st_blksize = from->st_blksize, .st_blocks = from->st_blocks,
		.st_atim = from->st_atim, .st_mtim = from->st_mtim, .st_ctim = from->st_ctim,
	};
}

static int stat_port(mach_port_t port, struct stat *result)
{
	io_statbuf_t status;
	int error = INTERRUPTIBLE(io_stat(port, &status));

	if (error == 0)
		convert(&status, result);
	return error;
}

long sys_fstat(int fd, struct stat *result)
{
	struct open_port *open_port = fd_get(fd);
	int error;

	if (!open_port)
		return -EBADF;
	error = stat_port(open_port->port, result);
	open_port_put(open_port);
	return posix_error(error);
}

long sys_newfstatat(int dirfd, const char *path, struct stat *result, int flags)
{
	mach_port_t port;
	int error;

	if (flags & AT_EMPTY_PATH && path && path[0] == '\0') {
		if (dirfd != AT_FDCWD)
			return sys_fstat(dirfd, result);
		path = ".";
	}
	error = path_lookup(dirfd, path, flags & AT_SYMLINK_NOFOLLOW ? HURD_O_NOLINK : 0, 0, &port);
	if (error)
		return posix_error(error);
	error = stat_port(port, result);
	drop_port(port);
	return posix_error(error);
}

long sys_stat(const char *path, struct stat *result)
{
	return sys_newfstatat(AT_FDCWD, path, result, 0);
}

long sys_lstat(const char *path, struct stat *result)
{
	return sys_newfstatat(AT_FDCWD, path, result, AT_SYMLINK_NOFOLLOW);
}

static int statfs_port(mach_port_t port, struct statfs *to)
{
	fsys_statfsbuf_t from;
	int error = file_statfs(port, &from);

	if (error)
		return error;
	*to = (struct statfs){
		.f_type = from.f_type, .f_bsize = from.f_bsize, .f_blocks = from.f_blocks, .f_bfree = from.f_bfree,
		.f_bavail = from.f_bavail, .f_files = from.f_files, .f_ffree = from.f_ffree,
		.f_namelen = from.f_namelen, .f_frsize = from.f_frsize, .f_flags = from.f_flag,
	};
	memcpy(&to->f_fsid, &from.f_fsid, sizeof to->f_fsid);
	return 0;
}

long sys_fstatfs(int fd, struct statfs *result)
{
	struct open_port *open_port = fd_get(fd);
	int error;

	if (!open_port)
		return -EBADF;
	error = statfs_port(open_port->port, result);
	open_port_put(open_port);
	return posix_error(error);
}

long sys_statfs(const char *path, struct statfs *result)
{
	mach_port_t port;
	int error = path_lookup(AT_FDCWD, path, 0, 0, &port);

	if (error)
		return posix_error(error);
	error = statfs_port(port, result);
	drop_port(port);
	return posix_error(error);
}

/* The identity of users is the files' matter: real and effective ids are one here. */
long sys_faccessat2(int dirfd, const char *path, int mode, int flags)
{
	mach_port_t port;
	int allowed = 0, error;

	error = path_lookup(dirfd, path, flags & AT_SYMLINK_NOFOLLOW ? HURD_O_NOLINK : 0, 0, &port);
	if (error)
		return posix_error(error);
	error = file_check_access(port, &allowed);
	drop_port(port);
	if (error)
		return posix_error(error);
	if ((mode & R_OK && !(allowed & HURD_O_READ)) || (mode & W_OK && !(allowed & HURD_O_WRITE))
	    || (mode & X_OK && !(allowed & HURD_O_EXEC)))
		return -EACCES;
	return 0;
}

long sys_faccessat(int dirfd, const char *path, int mode)
{
	return sys_faccessat2(dirfd, path, mode, 0);
}

long sys_access(const char *path, int mode)
{
	return sys_faccessat2(AT_FDCWD, path, mode, 0);
}
