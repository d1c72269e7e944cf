/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Hurd's socket interface (26000). */
#include "call.h"
#include <assert.h>
#include <string.h>
#include <hurd_abi.h>

enum { socket_call_base = 26000 };

/* An Internet address as it travels in messages. */
struct hurd_sockaddr_in {
	uint8_t length, family;
	uint16_t port;		/* network byte order, as is the address */
	uint32_t ip;
	uint8_t zero[8];
};
_Static_assert(sizeof(struct hurd_sockaddr_in) == 16, "struct sockaddr_in");

enum { family_unspecified = 0 };

struct operation call_operation(struct call *call, enum operation_kind kind)
{
	return (struct operation){
		.kind = kind, .user = call_user(call), .reply_port = call->reply_port,
		.reply_type = call->reply_type, .reply_id = call->reply_id,
	};
}

/* The place behind an address port that the request carries; false when there
   is none.  The right that came with it is accounted for. */
static bool take_place(struct call *call, struct place *place)
{
	mach_port_t port = request_take_port(&call->request);
	struct object *object = object_find(port);
	if (object && object->kind == object_address) {
		struct address *address = (struct address *)object;
		*place = (struct place){ address->ip, address->port };
		address_arrived(address);
		return true;
	}
	if (port != MACH_PORT_NULL)
		mach_port_deallocate(mach_task_self(), port);
	return false;
}

static kern_return_t reply_address(struct call *call, struct place place)
{
	struct address *address = address_of(place.ip, place.port);
	if (!address)
		return HURD_ENOBUFS;
	reply_port(call->reply, address->object.port, MACH_MSG_TYPE_MAKE_SEND);
	return KERN_SUCCESS;
}

static kern_return_t call_create(struct call *call)
{
	int type = request_int(&call->request), protocol = request_int(&call->request);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	if (call->object->kind != object_root)
		return HURD_EOPNOTSUPP;
	struct socket *socket;
	kern_return_t error = socket_make(type, protocol, &socket);
	if (error)
		return error;
	error = user_create(socket, &call->new_user);
	if (error) {
		socket_destroy(socket);
		return error;
	}
	reply_port(call->reply, call->new_user->object.port, MACH_MSG_TYPE_MAKE_SEND);
	return KERN_SUCCESS;
}

static kern_return_t call_listen(struct call *call)
{
	int backlog = request_int(&call->request);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	struct user *user = call_user(call);
	if (!user || user->socket->type != socket_stream)
		return HURD_EOPNOTSUPP;
	return stream_listen(user->socket, backlog);
}

static kern_return_t call_accept(struct call *call)
{
	struct user *user = call_user(call);
	if (!user || user->socket->type != socket_stream)
		return HURD_EOPNOTSUPP;
	struct operation operation = call_operation(call, operation_accept);
	kern_return_t code = operation_start(&operation, call->reply, !user->socket->nonblocking);
	if (code == KERN_SUCCESS)
		call->new_user = operation.new_user;
	return code;
}

static kern_return_t call_connect(struct call *call)
{
	struct place place;
	bool found = take_place(call, &place);
	struct user *user = call_user(call);
	if (!request_end(&call->request) || !found)
		return HURD_EINVAL;
	if (!user)
		return HURD_EOPNOTSUPP;
	kern_return_t error = socket_connect_place(user->socket, place);
	if (error || user->socket->type != socket_stream)
		return error;
	struct operation operation = call_operation(call, operation_connect);
	error = operation_start(&operation, call->reply, !user->socket->nonblocking);
	return error == HURD_EWOULDBLOCK ? HURD_EINPROGRESS : error;
}

static kern_return_t call_bind(struct call *call)
{
	struct place place;
	bool found = take_place(call, &place);
	struct user *user = call_user(call);
	if (!request_end(&call->request) || !found)
		return HURD_EINVAL;
	return user ? socket_bind_place(user->socket, place) : HURD_EOPNOTSUPP;
}

static kern_return_t call_name(struct call *call)
{
	struct user *user = call_user(call);
	return user ? reply_address(call, socket_local(user->socket)) : HURD_EOPNOTSUPP;
}

static kern_return_t call_peername(struct call *call)
{
	struct user *user = call_user(call);
	struct place place;
	if (!user)
		return HURD_EOPNOTSUPP;
	if (!socket_remote(user->socket, &place))
		return HURD_ENOTCONN;
	return reply_address(call, place);
}

static kern_return_t call_connect2(struct call *call)
{
	return HURD_EOPNOTSUPP;
}

static kern_return_t call_create_address(struct call *call)
{
	int family = request_int(&call->request);
	struct request_data data = request_data(&call->request);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	struct place place = { 0 };
	if (family == HURD_AF_INET) {
		struct hurd_sockaddr_in address;
		if (data.length < sizeof address)
			return HURD_EINVAL;
		memcpy(&address, data.bytes, sizeof address);
		if (address.family != HURD_AF_INET)
			return HURD_EINVAL;
		place = (struct place){ address.ip, address.port };
	} else if (family != family_unspecified) {
		return HURD_EAFNOSUPPORT;
	}
	return reply_address(call, place);
}

static kern_return_t call_whatis_address(struct call *call)
{
	if (call->object->kind != object_address)
		return HURD_EOPNOTSUPP;
	const struct address *address = (struct address *)call->object;
	struct hurd_sockaddr_in value = {
		.length = sizeof value, .family = HURD_AF_INET, .port = address->port, .ip = address->ip,
	};
	reply_int(call->reply, HURD_AF_INET);
	memcpy(reply_inline(call->reply, sizeof value), &value, sizeof value);
	return KERN_SUCCESS;
}

static kern_return_t call_shutdown(struct call *call)
{
	enum { shut_read, shut_write, shut_both };
	int how = request_int(&call->request);
	struct user *user = call_user(call);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	if (!user)
		return HURD_EOPNOTSUPP;
	if (how < shut_read || how > shut_both)
		return HURD_EINVAL;
	struct socket *socket = user->socket;
	if (socket->state != socket_connected && socket->state != socket_ended)
		return HURD_ENOTCONN;
	if (how != shut_read && !socket->output_shut) {
		kern_return_t error = socket->type == socket_stream ? stream_shutdown(socket) : KERN_SUCCESS;
		if (error)
			return error;
		socket->output_shut = true;
	}
	if (how != shut_write)
		socket->input_shut = true;
	socket_wake(socket);
	return KERN_SUCCESS;
}

static kern_return_t call_getopt(struct call *call)
{
	int level = request_int(&call->request), option = request_int(&call->request);
	struct user *user = call_user(call);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	if (!user)
		return HURD_EOPNOTSUPP;
	char value[option_value_bytes_max];
	size_t length;
	kern_return_t error = option_get(user->socket, level, option, value, &length);
	if (!error)
		memcpy(reply_inline(call->reply, length), value, length);
	return error;
}

static kern_return_t call_setopt(struct call *call)
{
	int level = request_int(&call->request), option = request_int(&call->request);
	struct request_data data = request_data(&call->request);
	struct user *user = call_user(call);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	return user ? option_set(user->socket, level, option, data.bytes, data.length) : HURD_EOPNOTSUPP;
}

static kern_return_t call_send(struct call *call)
{
	struct place place = { 0 };
	bool has_place = take_place(call, &place);
	int flags = request_int(&call->request);
	struct request_data data = request_data(&call->request);
	size_t ports = request_skip_array(&call->request);
	request_data(&call->request);		/* control: none is known */
	struct user *user = call_user(call);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	if (!user || flags & HURD_MSG_OOB)
		return HURD_EOPNOTSUPP;
	if (ports)
		return HURD_EINVAL;
	struct operation operation = call_operation(call, operation_send);
	operation.flags = flags;
	operation.to = place;
	operation.has_to = has_place;
	operation.data = data.bytes;
	operation.length = data.length;
	if (data.out_of_line && data.length) {
		request_keep(&data);
		operation.data_owner = data_out_of_line;
	}
	bool may_wait = !user->socket->nonblocking && !(flags & HURD_MSG_DONTWAIT);
	return operation_start(&operation, call->reply, may_wait);
}

static kern_return_t call_receive(struct call *call)
{
	int flags = request_int(&call->request);
	uint64_t amount = request_u64(&call->request);
	struct user *user = call_user(call);
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	if (!user || flags & HURD_MSG_OOB)
		return HURD_EOPNOTSUPP;
	struct operation operation = call_operation(call, operation_receive);
	operation.flags = flags;
	operation.amount = amount;
	bool may_wait = !user->socket->nonblocking && !(flags & HURD_MSG_DONTWAIT);
	return operation_start(&operation, call->reply, may_wait);
}

call_function *socket_call(mach_msg_id_t id)
{
	static call_function *const calls[] = {
		call_create, call_listen, call_accept, call_connect, call_bind, call_name,
		call_peername, call_connect2, call_create_address, NULL, call_whatis_address,
		call_shutdown, call_getopt, call_setopt, call_send, call_receive,
	};
	unsigned index = (unsigned)(id - socket_call_base);
	return index < sizeof calls / sizeof *calls ? calls[index] : NULL;
}
