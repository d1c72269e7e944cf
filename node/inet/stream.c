/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP sockets over lwIP's raw interface. */
#include "socket.h"
#include <assert.h>
#include <hurd_abi.h>

enum {
	stream_piece_bytes_max = 32 << 10,	/* lwIP takes at most 64 KiB a call */
	stream_poll_interval = 5,		/* in lwIP's coarse ticks: 1 s */
};

static err_t received(void *argument, struct tcp_pcb *connection, struct pbuf *data, err_t error)
{
	struct socket *socket = argument;
	if (!data) {
		socket->end_of_input = true;
		socket_wake_later(socket);
		return ERR_OK;
	}
	if (socket->input_shut) {
		tcp_recved(connection, data->tot_len);
		pbuf_free(data);
		return ERR_OK;
	}
	if (!packet_queue_add(&socket->input, (struct packet){ .pbuf = data }))
		return ERR_MEM;		/* lwIP keeps it and offers it again */
	socket_wake_later(socket);
	return ERR_OK;
}

static err_t acknowledged(void *argument, struct tcp_pcb *connection, u16_t length)
{
	struct socket *socket = argument;
	if (socket->waiting)
		socket_wake_later(socket);
	return ERR_OK;
}

/* Sends that failed for want of memory are tried again. */
static err_t polled(void *argument, struct tcp_pcb *connection)
{
	return acknowledged(argument, connection, 0);
}

/* lwIP has freed the connection. */
static void failed(void *argument, err_t error)
{
	struct socket *socket = argument;
	bool connecting = socket->state == socket_connecting;
	socket->tcp = NULL;
	socket->state = socket_ended;
	socket->end_of_input = true;
	if (error == ERR_RST && connecting)
		socket->error = HURD_ECONNREFUSED;
	else if (error != ERR_CLSD)
		socket->error = error_of(error);
	socket_wake_later(socket);
}

static void remember_places(struct socket *socket)
{
	struct tcp_pcb *tcp = socket->tcp;
	socket->local = (struct place){ ip_2_ip4(&tcp->local_ip)->addr, lwip_htons(tcp->local_port) };
	socket->remote = (struct place){ ip_2_ip4(&tcp->remote_ip)->addr, lwip_htons(tcp->remote_port) };
}

static err_t connected(void *argument, struct tcp_pcb *connection, err_t error)
{
	struct socket *socket = argument;
	socket->state = socket_connected;
	remember_places(socket);
	socket_wake_later(socket);
	return ERR_OK;
}

static void take_callbacks(struct socket *socket)
{
	tcp_arg(socket->tcp, socket);
	tcp_recv(socket->tcp, received);
	tcp_sent(socket->tcp, acknowledged);
	tcp_poll(socket->tcp, polled, stream_poll_interval);
	tcp_err(socket->tcp, failed);
}

kern_return_t stream_open(struct socket *socket)
{
	socket->tcp = tcp_new();
	if (!socket->tcp)
		return HURD_ENOBUFS;
	take_callbacks(socket);
	return KERN_SUCCESS;
}

void stream_adopt(struct socket *socket, struct tcp_pcb *connection)
{
	socket->tcp = connection;
	socket->state = socket_connected;
	take_callbacks(socket);
	remember_places(socket);
}

static void let_go(struct tcp_pcb *tcp)
{
	tcp_arg(tcp, NULL);
	if (tcp->state == LISTEN)
		return;
	tcp_recv(tcp, NULL);
	tcp_sent(tcp, NULL);
	tcp_poll(tcp, NULL, 0);
	tcp_err(tcp, NULL);
}

void stream_close(struct socket *socket)
{
	struct tcp_pcb *tcp = socket->tcp;
	if (!tcp)
		return;
	socket->tcp = NULL;
	let_go(tcp);
	/* Unread data makes lwIP reset the connection, as other systems do.  A listener has none to be
	   reset: lwIP stops at that. */
	bool resets = socket->reset_on_close && tcp->state != LISTEN;
	if (resets || tcp_close(tcp) != ERR_OK)
		tcp_abort(tcp);
}

static err_t accepted(void *argument, struct tcp_pcb *connection, err_t error)
{
	struct socket *listener = argument;
	if (error != ERR_OK || !connection)
		return ERR_VAL;
	struct socket *socket = listener ? socket_of_connection(connection) : NULL;
	if (!socket) {
		tcp_abort(connection);
		return ERR_ABRT;
	}
	/* It counts against the backlog until somebody accepts it. */
	tcp_backlog_delayed(connection);
	*listener->ready_end = socket;
	listener->ready_end = &socket->next_ready;
	listener->ready_count++;
	socket_wake_later(listener);
	return ERR_OK;
}

kern_return_t stream_listen(struct socket *socket, int backlog)
{
	if (backlog < 1)
		backlog = 1;
	if (backlog > socket_backlog_max)
		backlog = socket_backlog_max;
	if (socket->state == socket_listening) {
		tcp_backlog_set(socket->tcp, (u8_t)backlog);
		return KERN_SUCCESS;
	}
	if (socket->state != socket_unconnected)
		return HURD_EINVAL;
	if (!socket->tcp->local_port) {
		err_t error = tcp_bind(socket->tcp, IP_ADDR_ANY, 0);
		if (error != ERR_OK)
			return error_of(error);
	}
	err_t error;
	struct tcp_pcb *listener = tcp_listen_with_backlog_and_err(socket->tcp, (u8_t)backlog, &error);
	if (!listener)
		return error_of(error);
	socket->tcp = listener;
	socket->state = socket_listening;
	tcp_arg(listener, socket);
	tcp_accept(listener, accepted);
	return KERN_SUCCESS;
}

kern_return_t stream_connect(struct socket *socket, struct place place)
{
	switch (socket->state) {
	case socket_connecting: return HURD_EALREADY;
	case socket_connected: return HURD_EISCONN;
	case socket_listening: return HURD_EOPNOTSUPP;
	case socket_ended: return socket->error ? socket_take_error(socket) : HURD_EINVAL;
	default: break;
	}
	if (!place.port)
		return HURD_EADDRNOTAVAIL;
	/* To "any" means to this machine. */
	ip_addr_t ip = IPADDR4_INIT(place.ip ? place.ip : PP_HTONL(IPADDR_LOOPBACK));
	err_t error = tcp_connect(socket->tcp, &ip, lwip_ntohs(place.port), connected);
	if (error == ERR_OK)
		socket->state = socket_connecting;
	return error_of(error);
}

kern_return_t stream_shutdown(struct socket *socket)
{
	if (socket->state == socket_ended)
		return KERN_SUCCESS;
	if (socket->state != socket_connected)
		return HURD_ENOTCONN;
	return error_of(tcp_shutdown(socket->tcp, 0, 1));
}

/* A piece that is taken as one; false when there is no room now. */
static bool give_piece(struct tcp_pcb *tcp, struct operation *operation)
{
	size_t left = operation->length - operation->done, room = tcp_sndbuf(tcp);
	size_t piece = left < room ? left : room;
	if (piece > stream_piece_bytes_max)
		piece = stream_piece_bytes_max;
	u8_t more = piece < left ? TCP_WRITE_FLAG_MORE : 0;
	if (!piece || tcp_write(tcp, operation->data + operation->done, (u16_t)piece, TCP_WRITE_FLAG_COPY | more) != ERR_OK)
		return false;
	operation->done += piece;
	return true;
}

kern_return_t stream_try_send(struct socket *socket, struct operation *operation)
{
	if (socket->error)
		return socket_take_error(socket);
	if (socket->output_shut || socket->state == socket_ended)
		return HURD_EPIPE;
	if (socket->state == socket_connecting)
		return operation_waits;
	if (socket->state != socket_connected)
		return HURD_ENOTCONN;
	size_t before = operation->done;
	while (operation->done < operation->length && give_piece(socket->tcp, operation))
		;
	if (operation->done > before)
		tcp_output(socket->tcp);
	return operation->done == operation->length ? KERN_SUCCESS : operation_waits;
}

void stream_taken(struct socket *socket, size_t bytes)
{
	enum { tcp_recved_bytes_max = 0xffff };
	while (bytes && socket->tcp && socket->state == socket_connected) {
		size_t part = bytes < tcp_recved_bytes_max ? bytes : tcp_recved_bytes_max;
		tcp_recved(socket->tcp, (u16_t)part);
		bytes -= part;
	}
}

bool stream_writable(const struct socket *socket)
{
	if (socket->state == socket_connected)
		return tcp_sndbuf(socket->tcp) > TCP_SNDLOWAT && tcp_sndqueuelen(socket->tcp) < TCP_SNDQUEUELOWAT;
	return socket->state == socket_ended || socket->state == socket_unconnected;
}
