/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io.defs for sockets, and interrupt.defs. */
#include <string.h>
#include <sys/stat.h>
#include <hurd_abi.h>

#include "io_S.h"
#include "interrupt_S.h"
#include "limits.h"
#include "lookups.h"
#include "parked.h"

static struct parked new_request(struct user *user, enum wait_kind kind, mach_port_t reply, mach_msg_type_name_t reply_type)
{
	return (struct parked){ .kind = kind, .user = user, .socket = socket_hold(user->socket), .reply = reply,
				.reply_type = reply_type, .never_waits = user->socket->nonblocking, .deadline_ns = -1 };
}

kern_return_t S_io_write(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, const_data_t data,
			 mach_msg_type_number_t count, loff_t offset, vm_size_t *amount)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	if (offset != -1)
		return HURD_ESPIPE;
	struct parked request = new_request(user, WAIT_WRITE, reply, reply_type);
	request.data = (char *)data;
	request.bytes = count < PFLOCAL_WRITE_BYTES_MAX ? count : PFLOCAL_WRITE_BYTES_MAX;
	return parked_start(&request);
}

kern_return_t S_io_read(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, data_t *data,
			mach_msg_type_number_t *count, loff_t offset, vm_size_t amount)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	if (offset != -1)
		return HURD_ESPIPE;
	if (!amount) {
		*count = 0;
		return 0;
	}
	struct parked request = new_request(user, WAIT_READ, reply, reply_type);
	request.bytes = amount;
	return parked_start(&request);
}

kern_return_t S_io_seek(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, loff_t offset, int whence,
			loff_t *position)
{
	return HURD_ESPIPE;
}

kern_return_t S_io_readable(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, vm_size_t *amount)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	*amount = user->socket->in ? channel_readable(user->socket->in) : 0;
	return 0;
}

kern_return_t S_io_select(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int *select_type)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	struct parked request = new_request(user, WAIT_SELECT, reply, reply_type);
	request.never_waits = false;
	request.flags = *select_type;
	return parked_start(&request);
}

kern_return_t S_io_select_timeout(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, timespec_t timeout,
				  int *select_type)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	if (timeout.tv_nsec < 0 || timeout.tv_nsec >= 1000000000)
		return HURD_EINVAL;
	struct parked request = new_request(user, WAIT_SELECT_UNTIL, reply, reply_type);
	request.never_waits = false;
	request.flags = *select_type;
	if (timeout.tv_sec >= 0 && timeout.tv_sec < INT64_MAX / 1000000000 - 1)
		request.deadline_ns = timeout.tv_sec * 1000000000ll + timeout.tv_nsec;
	return parked_start(&request);
}

kern_return_t S_io_stat(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, io_statbuf_t *info)
{
	struct user *user = user_of(port);
	memset(info, 0, sizeof(*info));
	info->st_fstype = HURD_FSTYPE_SOCKET;
	info->st_nlink = 1;
	info->st_blksize = PFLOCAL_ATOMIC_BYTES;
	info->st_ino = port;
	info->st_mode = S_IFSOCK | 0666;
	if (!user)
		return is_family(port) || is_control(port) ? 0 : HURD_EOPNOTSUPP;
	const struct socket *socket = user->socket;
	info->st_ino = (uintptr_t)socket >> 4;
	/* One that was shut one way on both sides is what pipe() made. */
	if (socket->type == TYPE_STREAM && socket->connected && (socket->in->reader_gone || socket->out->writer_gone))
		info->st_mode = S_IFIFO | 0600;
	info->st_size = socket->in ? (int64_t)channel_readable(socket->in) : 0;
	return 0;
}

static kern_return_t set_modes(mach_port_t port, int set, int clear)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	if (clear & HURD_O_NONBLOCK)
		user->socket->nonblocking = false;
	if (set & HURD_O_NONBLOCK)
		user->socket->nonblocking = true;
	return 0;
}

kern_return_t S_io_set_all_openmodes(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int bits)
{
	return set_modes(port, bits, ~bits);
}

kern_return_t S_io_set_some_openmodes(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int bits)
{
	return set_modes(port, bits, 0);
}

kern_return_t S_io_clear_some_openmodes(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int bits)
{
	return set_modes(port, 0, bits);
}

kern_return_t S_io_get_openmodes(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int *bits)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	const struct socket *socket = user->socket;
	*bits = socket->nonblocking ? HURD_O_NONBLOCK : 0;
	if (!socket->in || !socket->in->reader_gone)
		*bits |= HURD_O_READ;
	if (!socket->out || !socket->out->writer_gone)
		*bits |= HURD_O_WRITE;
	return 0;
}

kern_return_t S_io_mod_owner(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, pid_t owner)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	user->socket->owner = owner;
	return 0;
}

kern_return_t S_io_get_owner(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, pid_t *owner)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	*owner = user->socket->owner;
	return 0;
}

static kern_return_t duplicate(mach_port_t port, mach_port_t *made, mach_msg_type_name_t *made_type)
{
	struct user *user = user_of(port), *twin;
	*made_type = MACH_MSG_TYPE_MAKE_SEND;
	*made = port;
	if (is_family(port))
		return 0;
	if (!user)
		return HURD_EOPNOTSUPP;
	error_t error = user_make(user->socket, &twin);
	if (!error)
		*made = twin->object.port;
	return error;
}

kern_return_t S_io_duplicate(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *made,
			     mach_msg_type_name_t *made_type)
{
	return duplicate(port, made, made_type);
}

/* A socket asks nobody's rights: whoever has a port may use it. */
kern_return_t S_io_restrict_auth(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *made,
				 mach_msg_type_name_t *made_type, const_idarray_t users, mach_msg_type_number_t user_count,
				 const_idarray_t groups, mach_msg_type_number_t group_count)
{
	return duplicate(port, made, made_type);
}

kern_return_t S_io_server_version(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, string_t name,
				  int *major_version, int *minor_version, int *edit_level)
{
	strcpy(name, "pflocal");
	*major_version = 1;
	*minor_version = *edit_level = 0;
	return 0;
}

kern_return_t S_io_pathconf(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int name, int *value)
{
	enum { PATHCONF_PIPE_BUF = 5 };
	if (name != PATHCONF_PIPE_BUF)
		return HURD_EINVAL;
	*value = PFLOCAL_ATOMIC_BYTES;
	return 0;
}

kern_return_t S_interrupt_operation(mach_port_t port, mach_port_seqno_t seqno)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	parked_end_of(user, seqno, HURD_EINTR);
	return 0;
}
