/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the terminal is asked: io, terminal and translator calls. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "server.h"
#include "control_server.h"
#include "interrupt_server.h"
#include "io_server.h"
#include "select_server.h"
#include "term_server.h"
#include "tioctl_server.h"
#include "tioctl_high_server.h"

enum { NS_PER_SECOND = 1000000000, BLOCK_BYTES = 1024, TERMINAL_MODE = S_IFCHR | 0666 };
enum { FLUSH_INPUT = 1 };

/* A new open for someone, as the type of right that a reply carries. */
static kern_return_t give_open(int modes, mach_port_t *port, mach_msg_type_name_t *type)
{
	*type = MACH_MSG_TYPE_MAKE_SEND;
	return open_make(modes & (HURD_O_READ | HURD_O_WRITE | HURD_O_NONBLOCK), port);
}

/* ---- io */

kern_return_t S_io_write(io_t port, const_data_t data, mach_msg_type_number_t size, loff_t offset, vm_size_t *amount)
{
	if (!open_find(port))
		return HURD_EOPNOTSUPP;
	line_output(&console.line, data, size);
	*amount = size;
	return 0;
}

kern_return_t S_io_read(io_t port, mach_port_t reply, mach_msg_type_name_t reply_type, data_t *data,
			mach_msg_type_number_t *size, loff_t offset, vm_size_t amount)
{
	struct open *open = open_find(port);
	return open ? park_read(open, reply, reply_type, amount) : HURD_EOPNOTSUPP;
}

kern_return_t S_io_seek(io_t port, loff_t offset, int whence, loff_t *position)
{
	return HURD_ESPIPE;
}

kern_return_t S_io_readable(io_t port, vm_size_t *amount)
{
	*amount = line_readable_count(&console.line);
	return 0;
}

/* Of an open's modes only O_NONBLOCK can change. */
static kern_return_t set_modes(io_t port, int set, int clear)
{
	struct open *open = open_find(port);
	if (!open)
		return HURD_EOPNOTSUPP;
	open->modes = (open->modes & ~(clear & HURD_O_NONBLOCK)) | (set & HURD_O_NONBLOCK);
	return 0;
}

kern_return_t S_io_set_all_openmodes(io_t port, int bits)
{
	return set_modes(port, bits, ~bits);
}

kern_return_t S_io_set_some_openmodes(io_t port, int bits)
{
	return set_modes(port, bits, 0);
}

kern_return_t S_io_clear_some_openmodes(io_t port, int bits)
{
	return set_modes(port, 0, bits);
}

kern_return_t S_io_get_openmodes(io_t port, int *bits)
{
	struct open *open = open_find(port);
	*bits = open ? open->modes : 0;
	return open ? 0 : HURD_EOPNOTSUPP;
}

kern_return_t S_io_select(io_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int *types)
{
	struct open *open = open_find(port);
	return open ? park_select(open, reply, reply_type, *types, LONG_MAX) : HURD_EOPNOTSUPP;
}

kern_return_t S_io_select_timeout(io_t port, mach_port_t reply, mach_msg_type_name_t reply_type, timespec_t until,
				  int *types)
{
	struct open *open = open_find(port);
	if (until.tv_sec < 0 || until.tv_nsec < 0 || until.tv_nsec >= NS_PER_SECOND)
		return HURD_EINVAL;
	long deadline = until.tv_sec < LONG_MAX / NS_PER_SECOND - 1 ? until.tv_sec * NS_PER_SECOND + until.tv_nsec :
		LONG_MAX - 1;
	return open ? park_select(open, reply, reply_type, *types, deadline) : HURD_EOPNOTSUPP;
}

kern_return_t S_io_stat(io_t port, io_statbuf_t *stat)
{
	memset(stat, 0, sizeof *stat);
	stat->st_fstype = HURD_FSTYPE_TERM;
	stat->st_ino = stat->st_nlink = 1;
	stat->st_rdev = 1;
	stat->st_mode = TERMINAL_MODE;
	stat->st_blksize = BLOCK_BYTES;
	return 0;
}

kern_return_t S_io_restrict_auth(io_t port, mach_port_t *new, mach_msg_type_name_t *type, const_idarray_t uids,
				 mach_msg_type_number_t uid_count, const_idarray_t gids, mach_msg_type_number_t gid_count)
{
	struct open *open = open_find(port);
	return open ? give_open(open->modes, new, type) : HURD_EOPNOTSUPP;
}

/* The same open, as dup(2) wants it. */
kern_return_t S_io_duplicate(io_t port, mach_port_t *new, mach_msg_type_name_t *type)
{
	*new = port;
	*type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_interrupt_operation(mach_port_t port, mach_port_seqno_t seqno)
{
	struct open *open = open_find(port);
	if (open)
		parked_cancel(open, HURD_EINTR);
	return 0;
}

/* ---- terminal modes */

kern_return_t S_tioctl_tiocflush(io_t port, int queue)
{
	if (queue == 0 || queue & FLUSH_INPUT)
		line_flush(&console.line);
	return 0;
}

kern_return_t S_tioctl_tiocgeta(io_t port, modes_t modes, ccs_t ccs, speeds_t speeds)
{
	memcpy(modes, console.line.modes, sizeof(modes_t));
	memcpy(ccs, console.line.ccs, sizeof(ccs_t));
	memcpy(speeds, console.line.speeds, sizeof(speeds_t));
	return 0;
}

kern_return_t S_tioctl_tiocseta(io_t port, const modes_t modes, const ccs_t ccs, const speeds_t speeds)
{
	memcpy(console.line.modes, modes, sizeof(modes_t));
	memcpy(console.line.ccs, ccs, sizeof(ccs_t));
	memcpy(console.line.speeds, speeds, sizeof(speeds_t));
	line_modes_changed(&console.line);
	return 0;
}

/* Output is never queued here, so there is nothing to wait for. */
kern_return_t S_tioctl_tiocsetaw(io_t port, const modes_t modes, const ccs_t ccs, const speeds_t speeds)
{
	return S_tioctl_tiocseta(port, modes, ccs, speeds);
}

kern_return_t S_tioctl_tiocsetaf(io_t port, const modes_t modes, const ccs_t ccs, const speeds_t speeds)
{
	line_flush(&console.line);
	return S_tioctl_tiocseta(port, modes, ccs, speeds);
}

kern_return_t S_tioctl_tiocswinsz(io_t port, winsize_t size)
{
	console.size = size;
	signals_send(HURD_SIGWINCH);
	return 0;
}

kern_return_t S_tioctl_tiocgwinsz(io_t port, winsize_t *size)
{
	*size = console.size;
	return 0;
}

kern_return_t S_tioctl_tiocoutq(io_t port, int *bytes)
{
	*bytes = 0;
	return 0;
}

kern_return_t S_tioctl_tiocspgrp(io_t port, int group)
{
	console.foreground = group;
	return 0;
}

kern_return_t S_tioctl_tiocgpgrp(io_t port, int *group)
{
	*group = console.foreground;
	return 0;
}

/* ---- controlling terminal */

kern_return_t S_term_getctty(io_t port, mach_port_t *ctty, mach_msg_type_name_t *type)
{
	*ctty = console.ctty;
	*type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_term_open_ctty(io_t port, pid_t pid, pid_t group, mach_port_t *new, mach_msg_type_name_t *type)
{
	struct open *open = open_find(port);
	if (!open)
		return HURD_EOPNOTSUPP;
	if (console.foreground == 0)
		console.foreground = group;
	return give_open(open->modes, new, type);
}

kern_return_t S_termctty_open_terminal(mach_port_t port, int flags, mach_port_t *new, mach_msg_type_name_t *type)
{
	return port == console.ctty ? give_open(flags, new, type) : HURD_EOPNOTSUPP;
}

/* ---- the translator */

kern_return_t S_fsys_getroot(mach_port_t port, mach_port_t dotdot, const_idarray_t uids, mach_msg_type_number_t uid_count,
			     const_idarray_t gids, mach_msg_type_number_t gid_count, int flags, retry_type *retry,
			     string_t name, mach_port_t *file, mach_msg_type_name_t *type)
{
	if (port != console.control)
		return HURD_EOPNOTSUPP;
	kern_return_t error = give_open(flags, file, type);
	if (!error && MACH_PORT_VALID(dotdot))
		mach_port_deallocate(mach_task_self(), dotdot);
	*retry = FS_RETRY_NORMAL;
	name[0] = '\0';
	return error;
}

kern_return_t S_fsys_goaway(mach_port_t port, int flags)
{
	if (port != console.control)
		return HURD_EOPNOTSUPP;
	return HURD_EBUSY;	/* the console is always in use */
}
