/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening, reading, writing and seeking. */
#define _GNU_SOURCE
#include "files.h"
#include "prototypes.h"
#include "signals.h"
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <hurd/fs.h>
#include <hurd/io.h>

#define AT_FILE_POSITION ((loff_t)-1)

/* What the server may not have checked for us. */
static int check_opened(mach_port_t port, int flags)
{
	io_statbuf_t status;
	int error;

	if (!(flags & (O_DIRECTORY | O_NOFOLLOW)))
		return 0;
	error = io_stat(port, &status);
	if (error)
		return error;
	if (flags & O_NOFOLLOW && !(flags & O_PATH) && S_ISLNK(status.st_mode))
		return HURD_ELOOP;
	return flags & O_DIRECTORY && !S_ISDIR(status.st_mode) ? HURD_ENOTDIR : 0;
}

long sys_openat(int dirfd, const char *path, int flags, unsigned mode)
{
	int hurd_flags = hurd_open_flags(flags), error;
	mach_port_t port;
	long fd;

	if (flags & O_NOFOLLOW)
		hurd_flags |= HURD_O_NOLINK;
	error = path_lookup(dirfd, path, hurd_flags, mode, &port);
	if (error)
		return posix_error(error);
	error = check_opened(port, flags);
	if (error) {
		drop_port(port);
		return posix_error(error);
	}
	fd = fd_install(port, flags & O_CLOEXEC, 0);
	if (fd >= 0 && flags & O_DIRECTORY) {
		struct open_port *open_port = fd_get(fd);

		if (open_port) {
			open_port->is_directory = true;
			open_port_put(open_port);
		}
	}
	return fd;
}

long sys_open(const char *path, int flags, unsigned mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(const char *path, unsigned mode)
{
	return sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* One io_read; the stub copies a short answer to BUFFER itself and leaves a long
   one, or one that is longer than it may be, in memory of its own. */
static long read_port(mach_port_t port, void *buffer, size_t size, loff_t offset)
{
	data_t data = buffer;
	mach_msg_type_number_t got;
	int error;

	if (size > TRANSFER_MAX_BYTES)
		size = TRANSFER_MAX_BYTES;
	got = size;
	error = INTERRUPTIBLE(io_read(port, &data, &got, offset, size));
	if (error)
		return posix_error(error);
	if (data != buffer) {
		size_t given = got;

		if (got > size)
			got = size;
		memcpy(buffer, data, got);
		vm_deallocate(mach_task_self(), (vm_address_t)data, given);
	}
	return got;
}

/* All of it, unless the object takes no more. */
static long write_port(mach_port_t port, const void *buffer, size_t size, loff_t offset)
{
	size_t done = 0;

	do {
		size_t part = size - done < TRANSFER_MAX_BYTES ? size - done : TRANSFER_MAX_BYTES;
		vm_size_t amount = 0;
		int error = INTERRUPTIBLE(io_write(port, (char *)buffer + done, part, offset, &amount));

		if (error == HURD_EPIPE && done == 0)
			signal_raise_self(SIGPIPE);
		if (error)
			return done > 0 ? (long)done : posix_error(error);
		if (amount == 0 || amount > part)
			break;
		done += amount;
		if (offset != AT_FILE_POSITION)
			offset += amount;
	} while (done < size);
	return done;
}

long sys_read(int fd, void *buffer, size_t size)
{
	struct open_port *open_port = fd_get(fd);
	long result;

	if (!open_port)
		return -EBADF;
	result = read_port(open_port->port, buffer, size, AT_FILE_POSITION);
	open_port_put(open_port);
	return result;
}

long sys_write(int fd, const void *buffer, size_t size)
{
	struct open_port *open_port = fd_get(fd);
	long result;

	if (!open_port)
		return -EBADF;
	result = write_port(open_port->port, buffer, size, AT_FILE_POSITION);
	open_port_put(open_port);
	return result;
}

long sys_pread64(int fd, void *buffer, size_t size, long offset)
{
	struct open_port *open_port = offset < 0 ? NULL : fd_get(fd);
	long result;

	if (!open_port)
		return offset < 0 ? -EINVAL : -EBADF;
	result = read_port(open_port->port, buffer, size, offset);
	open_port_put(open_port);
	return result;
}

long sys_pwrite64(int fd, const void *buffer, size_t size, long offset)
{
	struct open_port *open_port = offset < 0 ? NULL : fd_get(fd);
	long result;

	if (!open_port)
		return offset < 0 ? -EINVAL : -EBADF;
	result = write_port(open_port->port, buffer, size, offset);
	open_port_put(open_port);
	return result;
}

long posix_file_read_at(int fd, void *buffer, size_t size, long offset)
{
	size_t done = 0;

	while (done < size) {
		long got = sys_pread64(fd, (char *)buffer + done, size - done, offset + done);

		if (got < 0)
			return done > 0 ? (long)done : got;
		if (got == 0)
			break;
		done += got;
	}
	return done;
}

/* ---- vectors */

static long vector_size(const struct iovec *parts, int count)
{
	size_t total = 0;

	if (count < 0 || count > IOV_MAX)
		return -EINVAL;
	for (int i = 0; i < count; i++) {
		if (parts[i].iov_len > LONG_MAX - total)
			return -EINVAL;
		total += parts[i].iov_len;
	}
	return total;
}

#define GATHER_MAX_BYTES 4096	/* vectors up to this size go as one message */

/* Runs TRANSFER over the parts until one is cut short. */
static long each_part(const struct iovec *parts, int count, long offset,
		      long (*transfer)(mach_port_t, void *, size_t, loff_t), mach_port_t port)
{
	long total = 0;

	for (int i = 0; i < count; i++) {
		long done;

		if (parts[i].iov_len == 0)
			continue;
		done = transfer(port, parts[i].iov_base, parts[i].iov_len, offset < 0 ? AT_FILE_POSITION : offset + total);
		if (done < 0)
			return total > 0 ? total : done;
		total += done;
		if ((size_t)done < parts[i].iov_len)
			break;
	}
	return total;
}

static long write_part(mach_port_t port, void *buffer, size_t size, loff_t offset)
{
	return write_port(port, buffer, size, offset);
}

/* A small vector is one write, so that it arrives in one piece. */
static long write_vector(mach_port_t port, const struct iovec *parts, int count, long offset)
{
	long total = vector_size(parts, count);
	char gathered[GATHER_MAX_BYTES], *end = gathered;

	if (total < 0)
		return total;
	if (total > GATHER_MAX_BYTES)
		return each_part(parts, count, offset, write_part, port);
	for (int i = 0; i < count; i++) {
		memcpy(end, parts[i].iov_base, parts[i].iov_len);
		end += parts[i].iov_len;
	}
	return write_port(port, gathered, total, offset < 0 ? AT_FILE_POSITION : offset);
}

/* A read of several parts must not wait for the second when the first has come. */
static long read_vector(mach_port_t port, const struct iovec *parts, int count, long offset)
{
	long total = vector_size(parts, count), done = 0, got;
	char gathered[GATHER_MAX_BYTES];

	if (total < 0)
		return total;
	if (total > GATHER_MAX_BYTES)
		return each_part(parts, count, offset, read_port, port);
	got = read_port(port, gathered, total, offset < 0 ? AT_FILE_POSITION : offset);
	for (int i = 0; i < count && done < got; i++) {
		size_t part = parts[i].iov_len < (size_t)(got - done) ? parts[i].iov_len : (size_t)(got - done);

		memcpy(parts[i].iov_base, gathered + done, part);
		done += part;
	}
	return got;
}

static long vector_call(int fd, const struct iovec *parts, int count, long offset,
			long (*call)(mach_port_t, const struct iovec *, int, long))
{
	struct open_port *open_port = fd_get(fd);
	long result;

	if (!open_port)
		return -EBADF;
	result = call(open_port->port, parts, count, offset);
	open_port_put(open_port);
	return result;
}

long sys_readv(int fd, const struct iovec *parts, int count)
{
	return vector_call(fd, parts, count, -1, read_vector);
}

long sys_writev(int fd, const struct iovec *parts, int count)
{
	return vector_call(fd, parts, count, -1, write_vector);
}

long sys_preadv(int fd, const struct iovec *parts, int count, long offset)
{
	return offset < 0 ? -EINVAL : vector_call(fd, parts, count, offset, read_vector);
}

long sys_pwritev(int fd, const struct iovec *parts, int count, long offset)
{
	return offset < 0 ? -EINVAL : vector_call(fd, parts, count, offset, write_vector);
}

/* ---- position and size */

long sys_lseek(int fd, long offset, int whence)
{
	struct open_port *open_port = fd_get(fd);
	loff_t position = 0;
	long result;

	if (!open_port)
		return -EBADF;
	if (open_port->is_directory && whence == SEEK_SET && offset >= 0 && offset <= INT_MAX) {
		open_port->directory_entry = offset;
		position = offset;
		result = 0;
	} else if (open_port->is_directory && whence == SEEK_CUR && offset == 0) {
		position = open_port->directory_entry;
		result = 0;
	} else {
		result = posix_error(io_seek(open_port->port, offset, whence, &position));
	}
	open_port_put(open_port);
	return result < 0 ? result : position;
}

long sys_ftruncate(int fd, long size)
{
	struct open_port *open_port = fd_get(fd);
	long result;

	if (!open_port)
		return -EBADF;
	result = size < 0 ? -EINVAL : posix_error(file_set_size(open_port->port, size));
	open_port_put(open_port);
	return result;
}

long sys_truncate(const char *path, long size)
{
	mach_port_t port;
	int error = size < 0 ? HURD_EINVAL : path_lookup(AT_FDCWD, path, HURD_O_WRITE, 0, &port);

	if (error)
		return posix_error(error);
	error = file_set_size(port, size);
	drop_port(port);
	return posix_error(error);
}

static long sync_fd(int fd, bool data_only)
{
	struct open_port *open_port = fd_get(fd);
	int error;

	if (!open_port)
		return -EBADF;
	error = INTERRUPTIBLE(file_sync(open_port->port, 1, data_only));
	open_port_put(open_port);
	return error == HURD_EOPNOTSUPP ? -EINVAL : posix_error(error);
}

long sys_fsync(int fd) { return sync_fd(fd, false); }
long sys_fdatasync(int fd) { return sync_fd(fd, true); }

long sys_sync(void)
{
	mach_port_t root = root_directory();

	if (MACH_PORT_VALID(root))
		file_syncfs(root, 1, 1);
	drop_port(root);
	return 0;
}

long posix_file_map(int fd, mach_port_t *rd, mach_port_t *wr, mach_port_t *file)
{
	struct open_port *open_port = fd_get(fd);
	int error;

	if (!open_port)
		return -EBADF;
	error = io_map(open_port->port, rd, wr);
	if (error == 0 && file && mach_port_mod_refs(mach_task_self(), open_port->port, MACH_PORT_RIGHT_SEND, 1) == 0)
		*file = open_port->port;
	open_port_put(open_port);
	return posix_error(error);
}
