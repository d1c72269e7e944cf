/* SPDX-License-Identifier: GPL-2.0-or-later */
/* socket.defs. */
#include <stdlib.h>
#include <string.h>
#include <hurd_abi.h>

#include "limits.h"
#include "lookups.h"
#include "parked.h"
#include "socket_S.h"

static kern_return_t hand_out_user(struct socket *socket, mach_port_t *port, mach_msg_type_name_t *type)
{
	struct user *user;
	error_t error = user_make(socket, &user);
	if (error)
		return error;
	*port = user->object.port;
	*type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_socket_create(mach_port_t family, mach_port_t reply, mach_msg_type_name_t reply_type, int type, int protocol,
			      mach_port_t *port, mach_msg_type_name_t *port_type)
{
	if (!is_family(family))
		return HURD_EOPNOTSUPP;
	if (protocol)
		return HURD_EPROTONOSUPPORT;
	if (type != TYPE_STREAM && type != TYPE_DATAGRAM && type != TYPE_PACKETS)
		return HURD_ESOCKTNOSUPPORT;
	struct socket *socket = socket_make((enum socket_type)type);
	if (!socket)
		return HURD_ENOMEM;
	error_t error = hand_out_user(socket, port, port_type);
	socket_drop(socket);
	return error;
}

kern_return_t S_socket_connect2(mach_port_t one, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t other)
{
	struct user *first = user_of(one), *second = user_of(other);
	if (!first || !second)
		return HURD_EOPNOTSUPP;
	if (first->socket == second->socket)
		return HURD_EINVAL;
	error_t error = socket_pair(first->socket, second->socket);
	if (!error)
		mach_port_deallocate(mach_task_self(), other);	/* the right that the request carried */
	return error;
}

kern_return_t S_socket_listen(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int backlog)
{
	struct user *user = user_of(port);
	return user ? socket_listen_with(user->socket, backlog < 0 ? 0 : (unsigned)backlog) : HURD_EOPNOTSUPP;
}

static struct parked new_request(struct user *user, enum wait_kind kind, mach_port_t reply, mach_msg_type_name_t reply_type)
{
	return (struct parked){ .kind = kind, .user = user, .socket = socket_hold(user->socket), .reply = reply,
				.reply_type = reply_type, .never_waits = user->socket->nonblocking, .deadline_ns = -1 };
}

kern_return_t S_socket_accept(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *connection,
			      mach_msg_type_name_t *connection_type, mach_port_t *peer, mach_msg_type_name_t *peer_type)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	struct parked request = new_request(user, WAIT_ACCEPT, reply, reply_type);
	return parked_start(&request);
}

kern_return_t S_socket_connect(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t to)
{
	struct user *user = user_of(port);
	struct address *address = address_of(to);
	if (!user)
		return HURD_EOPNOTSUPP;
	if (!address)
		return HURD_EADDRNOTAVAIL;
	struct parked request = new_request(user, WAIT_CONNECT, reply, reply_type);
	request.to = address_hold(address);
	mach_port_deallocate(mach_task_self(), to);
	return parked_start(&request);
}

kern_return_t S_socket_bind(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t to)
{
	struct user *user = user_of(port);
	struct address *address = address_of(to);
	if (!user)
		return HURD_EOPNOTSUPP;
	if (!address)
		return HURD_EADDRNOTAVAIL;
	if (address->bound)
		return HURD_EADDRINUSE;
	if (user->socket->name)
		return HURD_EINVAL;
	address->bound = user->socket;
	user->socket->name = address_hold(address);
	user->socket->touched = true;
	mach_port_deallocate(mach_task_self(), to);
	return 0;
}

kern_return_t S_socket_name(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *name,
			    mach_msg_type_name_t *name_type)
{
	struct user *user = user_of(port);
	struct address *address;
	if (!user)
		return HURD_EOPNOTSUPP;
	error_t error = socket_get_name(user->socket, &address);
	if (error)
		return error;
	*name = address_hand_out(address);
	*name_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_socket_peername(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *name,
				mach_msg_type_name_t *name_type)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	if (!user->socket->connected)
		return HURD_ENOTCONN;
	if (!user->socket->peer_name) {
		/* The other half of a pair: it never had a name. */
		error_t error = address_make(&user->socket->peer_name);
		if (error)
			return error;
	}
	*name = address_hand_out(user->socket->peer_name);
	*name_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

/* The names of local sockets are files: whoever serves the file makes an address without a name and
   keeps its port. */
kern_return_t S_socket_create_address(mach_port_t server, mach_port_t reply, mach_msg_type_name_t reply_type, int type,
				      const_data_t name, mach_msg_type_number_t name_count, mach_port_t *address,
				      mach_msg_type_name_t *address_type)
{
	return HURD_EOPNOTSUPP;
}

kern_return_t S_socket_fabricate_address(mach_port_t server, mach_port_t reply, mach_msg_type_name_t reply_type, int type,
					 mach_port_t *port, mach_msg_type_name_t *port_type)
{
	struct address *address;
	if (!is_family(server) && !user_of(server))
		return HURD_EOPNOTSUPP;
	if (type != HURD_AF_LOCAL)
		return HURD_EAFNOSUPPORT;
	error_t error = address_make(&address);
	if (error)
		return error;
	*port = address_hand_out(address);
	*port_type = MACH_MSG_TYPE_MAKE_SEND;
	address_drop(address);		/* its port has it now */
	return 0;
}

kern_return_t S_socket_whatis_address(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int *type,
				      data_t *name, mach_msg_type_number_t *name_count)
{
	/* As on the wire: a length byte, a family byte, an empty path. */
	static const char nameless[] = { 3, HURD_AF_LOCAL, 0 };
	if (!address_of(port))
		return HURD_EOPNOTSUPP;
	*type = HURD_AF_LOCAL;
	memcpy(*name, nameless, sizeof(nameless));
	*name_count = sizeof(nameless);
	return 0;
}

kern_return_t S_socket_shutdown(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int direction)
{
	struct user *user = user_of(port);
	return user ? socket_shut(user->socket, direction) : HURD_EOPNOTSUPP;
}

kern_return_t S_socket_getopt(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int level, int option,
			      data_t *value, mach_msg_type_number_t *count)
{
	struct user *user = user_of(port);
	int number = 0;
	if (!user)
		return HURD_EOPNOTSUPP;
	if (level != HURD_SOL_SOCKET)
		return HURD_ENOPROTOOPT;
	switch (option) {
	case HURD_SO_TYPE: number = user->socket->type; break;
	case HURD_SO_ACCEPTCONN: number = user->socket->listening; break;
	case HURD_SO_SNDBUF: case HURD_SO_RCVBUF: number = PFLOCAL_CHANNEL_BYTES; break;
	case HURD_SO_ERROR: break;	/* every error was told at once */
	default: return HURD_ENOPROTOOPT;
	}
	memcpy(*value, &number, sizeof(number));
	*count = sizeof(number);
	return 0;
}

kern_return_t S_socket_setopt(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int level, int option,
			      const_data_t value, mach_msg_type_number_t count)
{
	if (!user_of(port))
		return HURD_EOPNOTSUPP;
	/* The sizes of buffers are fixed; a wish for another one is not an error. */
	return level == HURD_SOL_SOCKET && (option == HURD_SO_SNDBUF || option == HURD_SO_RCVBUF ||
					    option == HURD_SO_REUSEADDR || option == HURD_SO_KEEPALIVE) ? 0 : HURD_ENOPROTOOPT;
}

static error_t load_cargo(struct cargo *cargo, const_portarray_t ports, unsigned port_count, const_data_t control, size_t control_bytes)
{
	if (port_count > PFLOCAL_PORTS_MAX || control_bytes > PFLOCAL_CONTROL_BYTES_MAX)
		return HURD_EMSGSIZE;
	if (port_count && !(cargo->rights = malloc(port_count * sizeof(*cargo->rights))))
		return HURD_ENOMEM;
	if (control_bytes && !(cargo->control = malloc(control_bytes))) {
		free(cargo->rights);
		return HURD_ENOMEM;
	}
	if (port_count)
		memcpy(cargo->rights, ports, port_count * sizeof(*ports));
	if (control_bytes)
		memcpy(cargo->control, control, control_bytes);
	cargo->right_count = port_count;
	cargo->control_bytes = control_bytes;
	return 0;
}

kern_return_t S_socket_send(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t to, int flags,
			    const_data_t data, mach_msg_type_number_t data_count, const_portarray_t ports,
			    mach_msg_type_number_t port_count, const_data_t control, mach_msg_type_number_t control_count,
			    vm_size_t *amount)
{
	struct user *user = user_of(port);
	struct address *address = address_of(to);
	struct cargo cargo = { 0 };
	if (!user)
		return HURD_EOPNOTSUPP;
	if (MACH_PORT_VALID(to) && !address)
		return HURD_EADDRNOTAVAIL;
	if (flags & HURD_MSG_OOB)
		return HURD_EOPNOTSUPP;
	error_t error = load_cargo(&cargo, ports, port_count, control, control_count);
	if (error)
		return error;
	/* From here on the rights of the request are ours. */
	struct parked request = new_request(user, WAIT_SEND, reply, reply_type);
	request.never_waits = request.never_waits || (flags & HURD_MSG_DONTWAIT);
	request.data = (char *)data;
	request.bytes = data_count;
	if (user->socket->type == TYPE_STREAM && request.bytes > PFLOCAL_WRITE_BYTES_MAX)
		request.bytes = PFLOCAL_WRITE_BYTES_MAX;
	request.cargo = cargo;
	if (user->socket->type == TYPE_DATAGRAM && user->socket->name)
		request.cargo.sender = address_hold(user->socket->name);
	if (address) {
		request.to = address_hold(address);
		mach_port_deallocate(mach_task_self(), to);
	}
	return parked_start(&request);
}

kern_return_t S_socket_recv(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t *from,
			    mach_msg_type_name_t *from_type, int flags, data_t *data, mach_msg_type_number_t *data_count,
			    portarray_t *ports, mach_msg_type_name_t *ports_type, mach_msg_type_number_t *port_count,
			    data_t *control, mach_msg_type_number_t *control_count, int *out_flags, vm_size_t amount)
{
	struct user *user = user_of(port);
	if (!user)
		return HURD_EOPNOTSUPP;
	if (flags & HURD_MSG_OOB)
		return HURD_EOPNOTSUPP;
	struct parked request = new_request(user, WAIT_RECEIVE, reply, reply_type);
	request.never_waits = request.never_waits || (flags & HURD_MSG_DONTWAIT);
	request.flags = flags;
	request.bytes = amount;
	return parked_start(&request);
}
