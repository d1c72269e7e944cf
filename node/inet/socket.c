/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "socket.h"
#include <assert.h>
#include <stdlib.h>
#include <hurd_abi.h>
#include <lwip/netif.h>

static struct {
	struct socket *first;
	unsigned count;
} sockets;

struct socket *sockets_first(void)
{
	return sockets.first;
}

unsigned sockets_count(void)
{
	return sockets.count;
}

kern_return_t error_of(err_t error)
{
	switch (error) {
	case ERR_OK: return KERN_SUCCESS;
	case ERR_MEM: case ERR_BUF: return HURD_ENOBUFS;
	case ERR_TIMEOUT: return HURD_ETIMEDOUT;
	case ERR_RTE: return HURD_ENETUNREACH;
	case ERR_INPROGRESS: return HURD_EINPROGRESS;
	case ERR_WOULDBLOCK: return HURD_EWOULDBLOCK;
	case ERR_USE: return HURD_EADDRINUSE;
	case ERR_ALREADY: return HURD_EALREADY;
	case ERR_ISCONN: return HURD_EISCONN;
	case ERR_CONN: return HURD_ENOTCONN;
	case ERR_ABRT: return HURD_ETIMEDOUT;
	case ERR_RST: return HURD_ECONNRESET;
	case ERR_CLSD: return HURD_ENOTCONN;
	case ERR_IF: return HURD_ENETDOWN;
	default: return HURD_EINVAL;
	}
}

static struct socket *allocate(enum socket_type type, int protocol)
{
	struct socket *socket = sockets.count < sockets_max ? calloc(1, sizeof *socket) : NULL;
	if (!socket)
		return NULL;
	socket->type = type;
	socket->protocol = protocol;
	socket->receive_limit = socket_receive_limit_bytes;
	socket->waiting_end = &socket->waiting;
	socket->ready_end = &socket->ready;
	socket->next = sockets.first;
	socket->link = &sockets.first;
	if (socket->next)
		socket->next->link = &socket->next;
	sockets.first = socket;
	sockets.count++;
	return socket;
}

static void forget(struct socket *socket)
{
	socket_wake_forget(socket);
	*socket->link = socket->next;
	if (socket->next)
		socket->next->link = socket->link;
	sockets.count--;
	free(socket);
}

static bool protocol_fits(int type, int protocol)
{
	switch (type) {
	case socket_stream: return protocol == 0 || protocol == IP_PROTO_TCP;
	case socket_datagram: return protocol == 0 || protocol == IP_PROTO_UDP;
	default: return protocol > 0 && protocol <= 255;
	}
}

kern_return_t socket_make(int type, int protocol, struct socket **result)
{
	if (type != socket_stream && type != socket_datagram && type != socket_raw)
		return HURD_ESOCKTNOSUPPORT;
	if (!protocol_fits(type, protocol))
		return HURD_EPROTONOSUPPORT;
	struct socket *socket = allocate(type, protocol);
	if (!socket)
		return HURD_ENOBUFS;
	kern_return_t error = type == socket_stream ? stream_open(socket) : datagram_open(socket);
	if (error)
		forget(socket);
	else
		*result = socket;
	return error;
}

struct socket *socket_of_connection(struct tcp_pcb *connection)
{
	struct socket *socket = allocate(socket_stream, IP_PROTO_TCP);
	if (socket)
		stream_adopt(socket, connection);
	return socket;
}

kern_return_t user_create(struct socket *socket, struct user **result)
{
	struct user *user = calloc(1, sizeof *user);
	if (!user || object_open(&user->object, object_socket)) {
		free(user);
		return HURD_ENOBUFS;
	}
	/* After one send right was made, which the coming reply does. */
	object_notify_no_senders(&user->object, 1);
	user->socket = socket;
	socket->users++;
	*result = user;
	return KERN_SUCCESS;
}

void user_release(struct user *user)
{
	struct socket *socket = user->socket;
	operations_cancel(socket, user, HURD_EINTR);
	object_close(&user->object);
	free(user);
	if (!--socket->users)
		socket_destroy(socket);
}

void socket_destroy(struct socket *socket)
{
	assert(!socket->users);
	operations_cancel(socket, NULL, HURD_EINTR);
	for (struct socket *next; socket->ready; socket->ready = next) {
		next = socket->ready->next_ready;
		socket->ready->reset_on_close = true;
		socket_destroy(socket->ready);
	}
	if (socket->type == socket_stream)
		stream_close(socket);
	else
		datagram_close(socket);
	packet_queue_clear(&socket->input);
	forget(socket);
}

kern_return_t socket_take_error(struct socket *socket)
{
	kern_return_t error = socket->error;
	socket->error = KERN_SUCCESS;
	return error;
}

static bool is_ours(uint32_t ip)
{
	struct netif *netif;
	if (ip == IPADDR_ANY || (lwip_ntohl(ip) >> 24) == IP_LOOPBACKNET)
		return true;
	NETIF_FOREACH(netif)
		if (netif_ip4_addr(netif)->addr == ip)
			return true;
	return false;
}

kern_return_t socket_bind_place(struct socket *socket, struct place place)
{
	ip_addr_t ip = IPADDR4_INIT(place.ip);
	if (!is_ours(place.ip))
		return HURD_EADDRNOTAVAIL;
	switch (socket->type) {
	case socket_datagram:
		return socket->udp->local_port ? HURD_EINVAL : error_of(udp_bind(socket->udp, &ip, lwip_ntohs(place.port)));
	case socket_raw:
		return error_of(raw_bind(socket->raw, &ip));
	default:
		if (socket->state != socket_unconnected || socket->tcp->local_port)
			return HURD_EINVAL;
		return error_of(tcp_bind(socket->tcp, &ip, lwip_ntohs(place.port)));
	}
}

kern_return_t socket_connect_place(struct socket *socket, struct place place)
{
	ip_addr_t ip = IPADDR4_INIT(place.ip);
	if (socket->type == socket_stream)
		return stream_connect(socket, place);
	if (place_is_none(place)) {
		if (socket->type == socket_datagram)
			udp_disconnect(socket->udp);
		else
			raw_disconnect(socket->raw);
		socket->state = socket_unconnected;
		return KERN_SUCCESS;
	}
	err_t error = socket->type == socket_datagram ?
		udp_connect(socket->udp, &ip, lwip_ntohs(place.port)) : raw_connect(socket->raw, &ip);
	if (error == ERR_OK)
		socket->state = socket_connected;
	return error_of(error);
}

struct place socket_local(const struct socket *socket)
{
	switch (socket->type) {
	case socket_datagram:
		return (struct place){ ip_2_ip4(&socket->udp->local_ip)->addr, lwip_htons(socket->udp->local_port) };
	case socket_raw:
		return (struct place){ ip_2_ip4(&socket->raw->local_ip)->addr, 0 };
	default:
		if (!socket->tcp || socket->state == socket_connected)
			return socket->local;
		return (struct place){ ip_2_ip4(&socket->tcp->local_ip)->addr, lwip_htons(socket->tcp->local_port) };
	}
}

bool socket_remote(const struct socket *socket, struct place *place)
{
	if (socket->state != socket_connected)
		return false;
	switch (socket->type) {
	case socket_datagram:
		*place = (struct place){ ip_2_ip4(&socket->udp->remote_ip)->addr, lwip_htons(socket->udp->remote_port) };
		return true;
	case socket_raw:
		*place = (struct place){ ip_2_ip4(&socket->raw->remote_ip)->addr, 0 };
		return true;
	default:
		*place = socket->remote;
		return true;
	}
}

static bool readable(const struct socket *socket)
{
	if (socket->input.count || socket->error || socket->input_shut)
		return true;
	if (socket->type != socket_stream)
		return false;
	if (socket->state == socket_listening)
		return socket->ready != NULL;
	/* What cannot be read any more does not wait: it is at its end, or fails. */
	return socket->end_of_input || socket->state == socket_unconnected || socket->state == socket_ended;
}

static bool writable(const struct socket *socket)
{
	if (socket->type != socket_stream || socket->error || socket->output_shut)
		return true;
	return stream_writable(socket);
}

int socket_ready_types(const struct socket *socket)
{
	return (readable(socket) ? HURD_SELECT_READ : 0) | (writable(socket) ? HURD_SELECT_WRITE : 0);
}
