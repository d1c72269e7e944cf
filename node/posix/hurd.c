/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <hurd.h>. */
#define _GNU_SOURCE
#include <hurd.h>
#include "files.h"
#include "process.h"
#include "prototypes.h"
#include "signals.h"
#include <hurd/process.h>

static int flags_to_hurd(int flags)
{
	int hurd_flags = hurd_open_flags(flags & ~(O_NOTRANS | O_NOLINK));

	if (flags & O_NOTRANS)
		hurd_flags |= HURD_O_NOTRANS;
	if (flags & O_NOLINK)
		hurd_flags |= HURD_O_NOLINK;
	return hurd_flags;
}

/* Outside of a system call: PORT or, after an error, null. */
static mach_port_t result(int error, mach_port_t port)
{
	if (error == 0)
		return port;
	errno = hurd_to_errno(error);
	return MACH_PORT_NULL;
}

/* These are calls like any other: signals are taken at their end, and one that
   was interrupted is made again. */
#define AS_CALL(lookup) ({ \
	int error_; \
	do { \
		posix_self()->in_system++; \
		error_ = (lookup); \
		posix_self()->in_system--; \
		if (posix_self()->in_system == 0 && posix_signals_deliverable()) \
			signals_take(NULL); \
	} while (error_ == HURD_EINTR); \
	error_; })

file_t file_name_lookup(const char *name, int flags, mode_t mode)
{
	mach_port_t port = MACH_PORT_NULL;
	int error = AS_CALL(path_lookup(AT_FDCWD, name, flags_to_hurd(flags), mode, &port));

	return result(error, port);
}

file_t file_name_lookup_under(file_t start, const char *name, int flags, mode_t mode)
{
	mach_port_t port = MACH_PORT_NULL;
	int error;

	if (*name == '/')
		return file_name_lookup(name, flags, mode);
	error = AS_CALL(lookup_from(start, name, flags_to_hurd(flags), mode & ~current_umask(), &port));
	return result(error, port);
}

file_t file_name_split(const char *name, char **last)
{
	char part[HURD_NAME_SIZE];
	mach_port_t directory = MACH_PORT_NULL;
	int error = AS_CALL(path_lookup_parent(AT_FDCWD, name, &directory, part));
	const char *slash = NULL;

	for (const char *at = name; *at; at++)
		if (*at == '/' && at[1] != '\0')
			slash = at;
	*last = (char *)(slash ? slash + 1 : name);
	return result(error, directory);
}

file_t getdport(int fd)
{
	struct open_port *open_port = fd_get(fd);
	mach_port_t port;

	if (!open_port) {
		errno = EBADF;
		return MACH_PORT_NULL;
	}
	port = open_port->port;
	refer_port(port);
	open_port_put(open_port);
	return port;
}

file_t getcrdir(void) { return root_directory(); }
file_t getcwdir(void) { return current_directory(); }
auth_t getauth(void) { return MACH_PORT_NULL; }

process_t getproc(void)
{
	if (MACH_PORT_VALID(posix_process.proc))
		refer_port(posix_process.proc);
	return posix_process.proc;
}

int setcrdir(file_t root)
{
	set_root_directory(root);
	return 0;
}

int setcwdir(file_t directory)
{
	set_current_directory(directory);
	return 0;
}

int openport(io_t port, int flags)
{
	long fd;

	/* fd_install would drop the right when the table is full: keep the caller's. */
	refer_port(port);
	fd = fd_install(port, flags & O_CLOEXEC, 0);
	if (fd >= 0) {
		drop_port(port);
		return fd;
	}
	errno = -fd;
	return -1;
}

error_t get_privileged_ports(mach_port_t *host_priv, mach_port_t *device_master)
{
	mach_port_t host = posix_boot_host_priv, device = posix_boot_device_master;
	error_t error = 0;

	if (MACH_PORT_VALID(host)) {	/* the first task has them of its own */
		mach_port_mod_refs(mach_task_self(), host, MACH_PORT_RIGHT_SEND, 1);
		mach_port_mod_refs(mach_task_self(), device, MACH_PORT_RIGHT_SEND, 1);
	} else if (posix_process.proc) {
		error = proc_getprivports(posix_process.proc, &host, &device);
	} else {
		error = HURD_EPERM;
	}
	if (error)
		return error;
	if (host_priv)
		*host_priv = host;
	else
		drop_port(host);
	if (device_master)
		*device_master = device;
	else
		drop_port(device);
	return 0;
}
