/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making, moving and removing names. */
#define _GNU_SOURCE
#include "files.h"
#include "prototypes.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <hurd/fs.h>
#include <hurd/io.h>

long sys_mkdirat(int dirfd, const char *path, unsigned mode)
{
	char name[HURD_NAME_SIZE];
	mach_port_t directory;
	int error = path_lookup_parent(dirfd, path, &directory, name);

	if (error)
		return posix_error(error);
	error = dir_mkdir(directory, name, mode & 07777 & ~current_umask());
	drop_port(directory);
	return posix_error(error);
}

long sys_mkdir(const char *path, unsigned mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_unlinkat(int dirfd, const char *path, int flags)
{
	char name[HURD_NAME_SIZE];
	mach_port_t directory;
	int error = path_lookup_parent(dirfd, path, &directory, name);

	if (error)
		return posix_error(error);
	error = flags & AT_REMOVEDIR ? dir_rmdir(directory, name) : dir_unlink(directory, name);
	drop_port(directory);
	return posix_error(error);
}

long sys_unlink(const char *path) { return sys_unlinkat(AT_FDCWD, path, 0); }
long sys_rmdir(const char *path) { return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

static long rename_between(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, bool exclusive)
{
	char old_name[HURD_NAME_SIZE], new_name[HURD_NAME_SIZE];
	mach_port_t old_directory, new_directory;
	int error = path_lookup_parent(old_dirfd, old_path, &old_directory, old_name);

	if (error)
		return posix_error(error);
	error = path_lookup_parent(new_dirfd, new_path, &new_directory, new_name);
	if (error == 0) {
		error = dir_rename(old_directory, old_name, new_directory, new_name, exclusive);
		drop_port(new_directory);
	}
	drop_port(old_directory);
	return posix_error(error);
}

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1u	/* Linux's number; this musl does not name it */
#endif

long sys_renameat2(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, unsigned flags)
{
	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	return rename_between(old_dirfd, old_path, new_dirfd, new_path, flags & RENAME_NOREPLACE);
}

long sys_renameat(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path)
{
	return rename_between(old_dirfd, old_path, new_dirfd, new_path, false);
}

long sys_rename(const char *old_path, const char *new_path)
{
	return rename_between(AT_FDCWD, old_path, AT_FDCWD, new_path, false);
}

/* Gives NODE the name PATH. */
static int link_node(mach_port_t node, int dirfd, const char *path)
{
	char name[HURD_NAME_SIZE];
	mach_port_t directory;
	int error = path_lookup_parent(dirfd, path, &directory, name);

	if (error)
		return error;
	error = dir_link(directory, node, name, 1);
	drop_port(directory);
	return error;
}

long sys_linkat(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, int flags)
{
	mach_port_t file, node;
	int error = path_lookup(old_dirfd, old_path, flags & AT_SYMLINK_FOLLOW ? 0 : HURD_O_NOLINK, 0, &file);

	if (error)
		return posix_error(error);
	error = file_getlinknode(file, &node);
	drop_port(file);
	if (error)
		return posix_error(error);
	error = link_node(node, new_dirfd, new_path);
	drop_port(node);
	return posix_error(error);
}

long sys_link(const char *old_path, const char *new_path)
{
	return sys_linkat(AT_FDCWD, old_path, AT_FDCWD, new_path, 0);
}

/* A nameless node that is what TRANSLATOR (SIZE bytes of strings) makes of it, then named. */
static int make_translated(int dirfd, const char *path, unsigned mode, const char *translator, size_t size)
{
	char name[HURD_NAME_SIZE];
	mach_port_t directory, node;
	int error = path_lookup_parent(dirfd, path, &directory, name);

	if (error)
		return error;
	error = dir_mkfile(directory, HURD_O_WRITE, mode & ~current_umask(), &node);
	if (error == 0) {
		error = file_set_translator(node, FS_TRANS_EXCL | FS_TRANS_SET, FS_TRANS_EXCL | FS_TRANS_SET, 0,
					    translator, size, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND);
		if (error == 0)
			error = dir_link(directory, node, name, 1);
		drop_port(node);
	}
	drop_port(directory);
	return error;
}

long sys_symlinkat(const char *target, int dirfd, const char *path)
{
	char translator[sizeof HURD_SYMLINK_TRANSLATOR + HURD_NAME_SIZE];
	size_t length = target ? strlen(target) : 0;

	if (!target)
		return -EFAULT;
	if (length == 0)
		return -ENOENT;
	if (length >= HURD_NAME_SIZE)
		return -ENAMETOOLONG;
	memcpy(translator, HURD_SYMLINK_TRANSLATOR, sizeof HURD_SYMLINK_TRANSLATOR);
	memcpy(translator + sizeof HURD_SYMLINK_TRANSLATOR, target, length + 1);
	return posix_error(make_translated(dirfd, path, 0777, translator, sizeof HURD_SYMLINK_TRANSLATOR + length + 1));
}

long sys_symlink(const char *target, const char *path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

static int create_empty(int dirfd, const char *path, unsigned mode)
{
	mach_port_t port;
	int error = path_lookup(dirfd, path, HURD_O_WRITE | HURD_O_CREAT | HURD_O_EXCL, mode, &port);

	if (error == 0)
		drop_port(port);
	return error;
}

long sys_mknodat(int dirfd, const char *path, unsigned mode, unsigned long device)
{
	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
		return posix_error(create_empty(dirfd, path, mode & 07777));
	case S_IFIFO:
		return posix_error(make_translated(dirfd, path, mode & 07777, HURD_FIFO_TRANSLATOR,
						   sizeof HURD_FIFO_TRANSLATOR));
	default:
		return -EPERM;	/* devices are translators here */
	}
}

long sys_mknod(const char *path, unsigned mode, unsigned long device)
{
	return sys_mknodat(AT_FDCWD, path, mode, device);
}

static int read_link(mach_port_t port, char *buffer, size_t size, long *length)
{
	io_statbuf_t status;
	data_t data = buffer;
	mach_msg_type_number_t got = size;
	int error = io_stat(port, &status);

	if (error)
		return error;
	if (!S_ISLNK(status.st_mode))
		return HURD_EINVAL;
	error = io_read(port, &data, &got, 0, size);
	if (error)
		return error;
	*length = got < size ? got : size;
	if (data != buffer) {
		memcpy(buffer, data, *length);
		vm_deallocate(mach_task_self(), (vm_address_t)data, got);
	}
	return 0;
}

long sys_readlinkat(int dirfd, const char *path, char *buffer, size_t size)
{
	mach_port_t port;
	long length = 0;
	int error;

	if (size == 0)
		return -EINVAL;
	error = path_lookup(dirfd, path, HURD_O_READ | HURD_O_NOLINK, 0, &port);
	if (error)
		return posix_error(error);
	error = read_link(port, buffer, size, &length);
	drop_port(port);
	return error ? posix_error(error) : length;
}

long sys_readlink(const char *path, char *buffer, size_t size)
{
	return sys_readlinkat(AT_FDCWD, path, buffer, size);
}
