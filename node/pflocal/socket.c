/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "socket.h"

#include <assert.h>
#include <stdlib.h>
#include <hurd_abi.h>

#include "limits.h"
#include "parked.h"

void cargo_drop(struct cargo *cargo)
{
	for (unsigned i = 0; i < cargo->right_count; i++)
		if (MACH_PORT_VALID(cargo->rights[i]))
			mach_port_deallocate(mach_task_self(), cargo->rights[i]);
	free(cargo->rights);
	free(cargo->control);
	if (cargo->sender)
		address_drop(cargo->sender);
	*cargo = (struct cargo){ 0 };
}

error_t address_make(struct address **made)
{
	struct address *address = calloc(1, sizeof(*address));
	if (!address)
		return HURD_ENOMEM;
	error_t error = object_make(&address->object, OBJECT_ADDRESS);
	if (error) {
		free(address);
		return error;
	}
	address->references = 1;
	*made = address;
	return 0;
}

struct address *address_hold(struct address *address)
{
	address->references++;
	return address;
}

void address_drop(struct address *address)
{
	assert(address->references);
	if (--address->references)
		return;
	if (address->bound)
		address->bound->name = NULL;
	object_destroy(&address->object);
	free(address);
}

error_t socket_get_name(struct socket *socket, struct address **name)
{
	if (!socket->name) {
		error_t error = address_make(&socket->name);
		if (error)
			return error;
		socket->name->bound = socket;
	}
	*name = socket->name;
	return 0;
}

struct socket *socket_make(enum socket_type type)
{
	struct socket *socket = calloc(1, sizeof(*socket));
	if (!socket)
		return NULL;
	socket->references = 1;
	socket->type = type;
	if (type == TYPE_DATAGRAM) {
		socket->in = channel_make(true, cargo_drop);
		if (!socket->in) {
			free(socket);
			return NULL;
		}
	}
	return socket;
}

struct socket *socket_hold(struct socket *socket)
{
	socket->references++;
	return socket;
}

static void hang_up(struct socket *socket)
{
	if (socket->in) {
		socket->in->reader_gone = socket->in->touched = true;
		channel_drop(socket->in);
	}
	if (socket->out) {
		/* A datagram socket's way out is another one's way in, which has other writers too. */
		if (socket->type != TYPE_DATAGRAM)
			socket->out->writer_gone = true;
		socket->out->touched = true;
		channel_drop(socket->out);
	}
}

void socket_drop(struct socket *socket)
{
	assert(socket->references);
	if (--socket->references)
		return;
	hang_up(socket);
	for (unsigned i = 0; i < socket->backlog_count; i++)
		socket_drop(socket->backlog[i]);
	free(socket->backlog);
	if (socket->name) {
		socket->name->bound = NULL;
		address_drop(socket->name);
	}
	if (socket->peer_name)
		address_drop(socket->peer_name);
	free(socket);
}

error_t user_make(struct socket *socket, struct user **made)
{
	struct user *user = calloc(1, sizeof(*user));
	if (!user)
		return HURD_ENOMEM;
	error_t error = object_make(&user->object, OBJECT_USER);
	if (error) {
		free(user);
		return error;
	}
	user->socket = socket_hold(socket);
	object_hand_out(&user->object);
	*made = user;
	return 0;
}

void user_close(struct user *user)
{
	parked_end_of(user, 0, HURD_EBADF);
	object_destroy(&user->object);
	socket_drop(user->socket);
	free(user);
}

error_t socket_pair(struct socket *one, struct socket *other)
{
	if (one->type != other->type)
		return HURD_EPROTOTYPE;
	if (one->connected || other->connected || one->listening || other->listening)
		return HURD_EISCONN;
	if (one->type == TYPE_DATAGRAM) {
		one->out = channel_hold(other->in);
		other->out = channel_hold(one->in);
	} else {
		bool packets = one->type == TYPE_PACKETS;
		struct channel *there = channel_make(packets, cargo_drop), *back = channel_make(packets, cargo_drop);
		if (!there || !back) {
			channel_drop(there);
			channel_drop(back);
			return HURD_ENOMEM;
		}
		one->out = there;
		other->in = channel_hold(there);
		other->out = back;
		one->in = channel_hold(back);
	}
	one->connected = other->connected = true;
	one->touched = other->touched = true;
	return 0;
}

static error_t connect_datagram(struct socket *client, struct address *address)
{
	if (address->bound->type != TYPE_DATAGRAM)
		return HURD_EPROTOTYPE;
	struct channel *out = channel_hold(address->bound->in);
	channel_drop(client->out);
	client->out = out;
	if (client->peer_name)
		address_drop(client->peer_name);
	client->peer_name = address_hold(address);
	client->connected = client->touched = true;
	return 0;
}

error_t socket_connect_to(struct socket *client, struct address *address)
{
	struct socket *listener = address->bound, *server;
	struct address *client_name;
	if (!listener)
		return HURD_ECONNREFUSED;
	if (client->type == TYPE_DATAGRAM)
		return connect_datagram(client, address);
	if (client->connected)
		return HURD_EISCONN;
	if (client->listening)
		return HURD_EOPNOTSUPP;
	if (listener->type != client->type)
		return HURD_EPROTOTYPE;
	if (!listener->listening)
		return HURD_ECONNREFUSED;
	if (listener->backlog_count >= listener->backlog_limit)
		return HURD_EAGAIN;
	error_t error = socket_get_name(client, &client_name);
	if (error)
		return error;
	server = socket_make(client->type);
	if (!server)
		return HURD_ENOMEM;
	error = socket_pair(client, server);
	if (error) {
		socket_drop(server);
		return error;
	}
	client->peer_name = address_hold(address);
	server->peer_name = address_hold(client_name);
	listener->backlog[listener->backlog_count++] = server;
	listener->touched = true;
	return 0;
}

error_t socket_listen_with(struct socket *socket, unsigned backlog)
{
	if (socket->type == TYPE_DATAGRAM)
		return HURD_EOPNOTSUPP;
	if (socket->connected)
		return HURD_EINVAL;
	if (backlog < 1)
		backlog = 1;
	if (backlog > PFLOCAL_BACKLOG_MAX)
		backlog = PFLOCAL_BACKLOG_MAX;
	if (!socket->backlog) {
		socket->backlog = calloc(PFLOCAL_BACKLOG_MAX, sizeof(*socket->backlog));
		if (!socket->backlog)
			return HURD_ENOMEM;
	}
	socket->backlog_limit = backlog;
	socket->listening = socket->touched = true;
	return 0;
}

struct socket *socket_next_connection(struct socket *listener)
{
	if (!listener->backlog_count)
		return NULL;
	struct socket *connection = listener->backlog[0];
	listener->backlog_count--;
	for (unsigned i = 0; i < listener->backlog_count; i++)
		listener->backlog[i] = listener->backlog[i + 1];
	listener->touched = true;
	return connection;
}

error_t socket_shut(struct socket *socket, int direction)
{
	if (direction < SHUT_READING || direction > SHUT_BOTH)
		return HURD_EINVAL;
	if (!socket->connected)
		return HURD_ENOTCONN;
	if (direction != SHUT_WRITING && socket->in)
		socket->in->reader_gone = socket->in->touched = true;
	if (direction != SHUT_READING && socket->out && socket->type != TYPE_DATAGRAM)
		socket->out->writer_gone = socket->out->touched = true;
	return 0;
}

bool socket_ready_to_read(const struct socket *socket)
{
	if (socket->listening)
		return socket->backlog_count;
	/* One that is not connected is "ready": reading it says at once what is wrong. */
	return !socket->in || channel_is_ready_to_read(socket->in);
}

bool socket_ready_to_write(const struct socket *socket)
{
	if (socket->listening)
		return false;
	if (!socket->out)
		return true;
	return socket->out->reader_gone || socket->out->writer_gone || channel_has_room(socket->out, PFLOCAL_ATOMIC_BYTES);
}
