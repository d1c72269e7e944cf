/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fcntl and flock: flags of descriptors and of open files, and locks. */
#define _GNU_SOURCE
#include "files.h"
#include "prototypes.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <hurd/fs.h>
#include <hurd/io.h>

/* The open modes that can be changed afterwards. */
#define HURD_CHANGEABLE (HURD_O_APPEND | HURD_O_NONBLOCK | HURD_O_ASYNC | HURD_O_FSYNC)

static long get_flags(mach_port_t port)
{
	int bits = 0, error = io_get_openmodes(port, &bits);

	return error ? posix_error(error) : hurd_open_flags_to_musl(bits);
}

static long set_flags(mach_port_t port, int flags)
{
	int before = 0, wanted = hurd_open_flags(flags) & HURD_CHANGEABLE;
	int error = io_get_openmodes(port, &before);

	if (error == 0 && wanted & ~before)
		error = io_set_some_openmodes(port, wanted & ~before);
	if (error == 0 && before & ~wanted & HURD_CHANGEABLE)
		error = io_clear_some_openmodes(port, before & ~wanted & HURD_CHANGEABLE);
	return posix_error(error);
}

static const short lock_types[] = { [F_RDLCK] = HURD_F_RDLCK, [F_WRLCK] = HURD_F_WRLCK, [F_UNLCK] = HURD_F_UNLCK };

static short lock_type_to_musl(int hurd_type)
{
	return hurd_type == HURD_F_RDLCK ? F_RDLCK : hurd_type == HURD_F_WRLCK ? F_WRLCK : F_UNLCK;
}

/* Locks belong to the open file (as F_OFD_ locks): a program that opens a file
   twice conflicts with itself, and a lock goes with the last descriptor. */
static long record_lock(mach_port_t port, int command, struct flock *lock)
{
	flock_t record = { .l_whence = lock->l_whence, .l_start = lock->l_start, .l_len = lock->l_len };
	int hurd_command, error;

	if (lock->l_type < 0 || lock->l_type > F_UNLCK)
		return -EINVAL;
	record.l_type = lock_types[lock->l_type];
	hurd_command = command == F_GETLK || command == F_OFD_GETLK ? HURD_F_GETLK64
		: command == F_SETLK || command == F_OFD_SETLK ? HURD_F_SETLK64 : HURD_F_SETLKW64;
	error = INTERRUPTIBLE(file_record_lock(port, hurd_command, &record, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND));
	if (error)
		return error == HURD_EOPNOTSUPP || error == MIG_BAD_ID ? -ENOLCK : posix_error(error);
	if (hurd_command == HURD_F_GETLK64)
		*lock = (struct flock){ .l_type = lock_type_to_musl(record.l_type), .l_whence = record.l_whence,
					.l_start = record.l_start, .l_len = record.l_len, .l_pid = record.l_pid };
	return 0;
}

static long owner(mach_port_t port, int command, int *pid)
{
	return posix_error(command == F_GETOWN ? io_get_owner(port, pid) : io_mod_owner(port, *pid));
}

static long port_command(mach_port_t port, int command, long argument)
{
	int pid = argument;
	long result;

	switch (command) {
	case F_GETFL:
		return get_flags(port);
	case F_SETFL:
		return set_flags(port, argument);
	case F_GETLK: case F_SETLK: case F_SETLKW: case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
		return record_lock(port, command, (struct flock *)argument);
	case F_GETOWN: case F_SETOWN:
		result = owner(port, command, &pid);
		return result == 0 && command == F_GETOWN ? pid : result;
	default:
		return -EINVAL;
	}
}

long sys_fcntl(int fd, int command, long argument)
{
	struct open_port *open_port;
	long result;

	switch (command) {
	case F_DUPFD:
		return fd_duplicate_from(fd, argument > INT_MAX ? -1 : (int)argument, false);
	case F_DUPFD_CLOEXEC:
		return fd_duplicate_from(fd, argument > INT_MAX ? -1 : (int)argument, true);
	case F_GETFD:
		result = fd_close_on_exec(fd, -1);
		return result > 0 ? FD_CLOEXEC : result;
	case F_SETFD:
		result = fd_close_on_exec(fd, !!(argument & FD_CLOEXEC));
		return result < 0 ? result : 0;
	}
	open_port = fd_get(fd);
	if (!open_port)
		return -EBADF;
	result = port_command(open_port->port, command, argument);
	open_port_put(open_port);
	return result;
}

/* The numbers of LOCK_SH and its like are the same in both. */
long sys_flock(int fd, int operation)
{
	struct open_port *open_port = fd_get(fd);
	int error;

	if (!open_port)
		return -EBADF;
	error = INTERRUPTIBLE(file_lock(open_port->port, operation));
	open_port_put(open_port);
	return error == HURD_EOPNOTSUPP ? -ENOLCK : posix_error(error);
}
