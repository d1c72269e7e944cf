/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Hurd's io interface (21000), as far as it means something for sockets and
   for /servers/socket/2 itself. */
#include "call.h"
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <hurd_abi.h>
#include "port.h"

enum {
	io_call_base = 21000,
	io_write_id = 0, io_read_id = 1, io_readable_id = 3,
	io_set_all_openmodes_id = 4, io_get_openmodes_id = 5, io_set_some_openmodes_id = 6,
	io_clear_some_openmodes_id = 7, io_select_id = 12, io_stat_id = 13, io_reauthenticate_id = 14,
	io_restrict_auth_id = 15, io_duplicate_id = 16, io_server_version_id = 17, io_select_timeout_id = 31,
	io_call_count = 32,
};

static const uint64_t select_wait_ms_max = 1000ull * 3600 * 24 * 365;

static kern_return_t call_write(struct call *call)
{
	struct request_data data = request_data(&call->request);
	request_u64(&call->request);		/* offset */
	struct user *user = call_user(call);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	if (!user)
		return HURD_EOPNOTSUPP;
	struct operation operation = call_operation(call, operation_send);
	operation.data = data.bytes;
	operation.length = data.length;
	if (data.out_of_line && data.length) {
		request_keep(&data);
		operation.data_owner = data_out_of_line;
	}
	return operation_start(&operation, call->reply, !user->socket->nonblocking);
}

static kern_return_t read_status(struct call *call, uint64_t offset, uint64_t amount)
{
	char text[message_stub_bytes_max];
	size_t length = status_text(text, sizeof text);
	struct root *root = (struct root *)call->object;
	bool at_pointer = offset == (uint64_t)-1;
	if (at_pointer)
		offset = root->offset;
	if (offset > length)
		offset = length;
	size_t part = length - offset < amount ? length - offset : amount;
	memcpy(reply_inline(call->reply, part), text + offset, part);
	if (at_pointer)
		root->offset += part;
	return KERN_SUCCESS;
}

static kern_return_t call_read(struct call *call)
{
	uint64_t offset = request_u64(&call->request), amount = request_u64(&call->request);
	struct user *user = call_user(call);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	if (call->object->kind == object_root)
		return read_status(call, offset, amount);
	if (!user)
		return HURD_EOPNOTSUPP;
	struct operation operation = call_operation(call, operation_read);
	operation.amount = amount;
	return operation_start(&operation, call->reply, !user->socket->nonblocking);
}

static kern_return_t call_readable(struct call *call)
{
	struct user *user = call_user(call);
	if (!user)
		return HURD_EOPNOTSUPP;
	const struct packet *first = packet_queue_first(&user->socket->input);
	reply_u64(call->reply, user->socket->type == socket_stream ? user->socket->input.bytes :
		first ? first->pbuf->tot_len : 0);
	return KERN_SUCCESS;
}

/* O_NONBLOCK is the only mode that a socket has. */
static kern_return_t change_modes(struct call *call, bool set, bool clear)
{
	bool nonblocking = request_int(&call->request) & HURD_O_NONBLOCK;
	struct user *user = call_user(call);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	if (!user)
		return KERN_SUCCESS;
	if (set && nonblocking)
		user->socket->nonblocking = true;
	else if (clear)
		user->socket->nonblocking = false;
	return KERN_SUCCESS;
}

static kern_return_t call_set_all_openmodes(struct call *call)
{
	return change_modes(call, true, true);
}

static kern_return_t call_set_some_openmodes(struct call *call)
{
	return change_modes(call, true, false);
}

static kern_return_t call_clear_some_openmodes(struct call *call)
{
	int bits = request_int(&call->request);
	struct user *user = call_user(call);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	if (user && bits & HURD_O_NONBLOCK)
		user->socket->nonblocking = false;
	return KERN_SUCCESS;
}

static kern_return_t call_get_openmodes(struct call *call)
{
	struct user *user = call_user(call);
	bool nonblocking = user && user->socket->nonblocking;
	reply_int(call->reply, HURD_O_READ | HURD_O_WRITE | (nonblocking ? HURD_O_NONBLOCK : 0));
	return KERN_SUCCESS;
}

static kern_return_t start_select(struct call *call, int types, uint64_t deadline_ms, bool may_wait)
{
	struct user *user = call_user(call);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	if (!user) {
		reply_int(call->reply, types & (HURD_SELECT_READ | HURD_SELECT_WRITE));
		return KERN_SUCCESS;
	}
	struct operation operation = call_operation(call, operation_select);
	operation.flags = types;
	operation.deadline_ms = deadline_ms;
	kern_return_t code = operation_start(&operation, call->reply, may_wait);
	if (code != HURD_EWOULDBLOCK)
		return code;
	reply_int(call->reply, 0);
	return KERN_SUCCESS;
}

static kern_return_t call_select(struct call *call)
{
	int types = request_int(&call->request);
	return start_select(call, types, 0, true);
}

/* The time is an absolute one of the real-time clock. */
static kern_return_t call_select_timeout(struct call *call)
{
	uint64_t until[2];
	request_two_u64(&call->request, until);
	int types = request_int(&call->request);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	/* What a caller sends may be any number. */
	__int128 left_ns = ((__int128)(int64_t)until[0] - now.tv_sec) * 1000000000 + (int64_t)until[1] - now.tv_nsec;
	if (left_ns <= 0)
		return start_select(call, types, 0, false);
	__int128 left_ms = left_ns / 1000000 + 1;
	uint64_t wait_ms = left_ms < select_wait_ms_max ? (uint64_t)left_ms : select_wait_ms_max;
	return start_select(call, types, port_milliseconds() + wait_ms, true);
}

static kern_return_t call_stat(struct call *call)
{
	struct hurd_stat status = {
		.st_fstype = HURD_FSTYPE_SOCKET, .st_nlink = 1, .st_blksize = message_stub_bytes_max,
		.st_ino = call->object->port,
		.st_mode = (call->object->kind == object_root ? S_IFCHR | HURD_S_IROOT : S_IFSOCK) | 0666,
	};
	reply_u64_array(call->reply, &status, 22);
	return KERN_SUCCESS;
}

/* Every caller may do the same with a socket, whatever its identity. */
static kern_return_t call_duplicate(struct call *call)
{
	struct user *user = call_user(call);
	if (!user) {
		reply_port(call->reply, call->object->port, MACH_MSG_TYPE_MAKE_SEND);
		return KERN_SUCCESS;
	}
	kern_return_t error = user_create(user->socket, &call->new_user);
	if (!error)
		reply_port(call->reply, call->new_user->object.port, MACH_MSG_TYPE_MAKE_SEND);
	return error;
}

static kern_return_t call_server_version(struct call *call)
{
	reply_string(call->reply, "inet");
	reply_int(call->reply, 1);
	reply_int(call->reply, 0);
	reply_int(call->reply, 0);
	return KERN_SUCCESS;
}

static kern_return_t call_reauthenticate(struct call *call)
{
	return call_never_answered(call);	/* a one-way call; there is no auth server */
}

call_function *io_call(mach_msg_id_t id)
{
	static call_function *const calls[io_call_count] = {
		[io_write_id] = call_write, [io_read_id] = call_read, [io_readable_id] = call_readable,
		[io_set_all_openmodes_id] = call_set_all_openmodes, [io_get_openmodes_id] = call_get_openmodes,
		[io_set_some_openmodes_id] = call_set_some_openmodes,
		[io_clear_some_openmodes_id] = call_clear_some_openmodes,
		[io_select_id] = call_select, [io_stat_id] = call_stat, [io_reauthenticate_id] = call_reauthenticate,
		[io_restrict_auth_id] = call_duplicate, [io_duplicate_id] = call_duplicate,
		[io_server_version_id] = call_server_version, [io_select_timeout_id] = call_select_timeout,
	};
	unsigned index = (unsigned)(id - io_call_base);
	return index < io_call_count ? calls[index] : NULL;
}
