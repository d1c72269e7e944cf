/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP and raw sockets over lwIP's raw interface. */
#include "socket.h"
#include <hurd_abi.h>

static void arrived(struct socket *socket, struct pbuf *data, const ip_addr_t *from, u16_t port)
{
	size_t waiting = socket->input.bytes + (size_t)socket->input.count * socket_datagram_overhead_bytes;
	struct packet packet = { .pbuf = data, .ip = ip_2_ip4(from)->addr, .port = lwip_htons(port) };
	if (socket->input_shut || waiting + data->tot_len + socket_datagram_overhead_bytes > socket->receive_limit ||
			!packet_queue_add(&socket->input, packet)) {
		socket->drops++;
		pbuf_free(data);
		return;
	}
	if (socket->waiting)
		socket_wake_later(socket);
}

static void udp_arrived(void *argument, struct udp_pcb *udp, struct pbuf *data, const ip_addr_t *from, u16_t port)
{
	arrived(argument, data, from, port);
}

/* Returning 0 leaves the packet to lwIP's own protocols, so we take a copy. */
static u8_t raw_arrived(void *argument, struct raw_pcb *raw, struct pbuf *data, const ip_addr_t *from)
{
	struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, data);
	if (copy)
		arrived(argument, copy, from, 0);
	return 0;
}

kern_return_t datagram_open(struct socket *socket)
{
	if (socket->type == socket_datagram) {
		if (!(socket->udp = udp_new()))
			return HURD_ENOBUFS;
		udp_recv(socket->udp, udp_arrived, socket);
		return KERN_SUCCESS;
	}
	if (!(socket->raw = raw_new((u8_t)socket->protocol)))
		return HURD_ENOBUFS;
	raw_recv(socket->raw, raw_arrived, socket);
	return KERN_SUCCESS;
}

void datagram_close(struct socket *socket)
{
	if (socket->type == socket_datagram)
		udp_remove(socket->udp);
	else
		raw_remove(socket->raw);
}

static err_t send_packet(struct socket *socket, struct operation *operation, struct pbuf *packet)
{
	ip_addr_t ip = IPADDR4_INIT(operation->to.ip ? operation->to.ip : PP_HTONL(IPADDR_LOOPBACK));
	if (socket->type == socket_datagram)
		return operation->has_to ? udp_sendto(socket->udp, packet, &ip, lwip_ntohs(operation->to.port)) :
			udp_send(socket->udp, packet);
	return operation->has_to ? raw_sendto(socket->raw, packet, &ip) : raw_send(socket->raw, packet);
}

/* Whether lwIP would cut a datagram of so many bytes into fragments.  (It cannot mark one that others
   must not cut: no router is on a bare node's network.) */
static bool too_large(const struct operation *operation, const struct socket *socket, size_t length)
{
	ip_addr_t ip = IPADDR4_INIT(operation->to.ip);
	const struct netif *netif = ip_route(&socket->udp->local_ip, operation->has_to ? &ip : &socket->udp->remote_ip);
	return netif && netif->mtu && length + UDP_HLEN + IP_HLEN > netif->mtu;
}

/* lwIP only refers to the data: it has left, or been copied, on return. */
static kern_return_t send_one(struct socket *socket, struct operation *operation, size_t length)
{
	if (socket->never_fragment && too_large(operation, socket, length))
		return HURD_EMSGSIZE;
	struct pbuf *packet = pbuf_alloc(PBUF_TRANSPORT, (u16_t)length, PBUF_REF);
	if (!packet)
		return HURD_ENOBUFS;
	packet->payload = (void *)(operation->data + operation->done);
	err_t error = send_packet(socket, operation, packet);
	pbuf_free(packet);
	operation->done += length;
	return error_of(error);
}

kern_return_t datagram_send(struct socket *socket, struct operation *operation)
{
	if (socket->output_shut)
		return HURD_EPIPE;
	if (socket->error)
		return socket_take_error(socket);
	if (!operation->has_to && socket->state != socket_connected)
		return HURD_EDESTADDRREQ;
	size_t segment = socket->segment_bytes ? socket->segment_bytes : socket_datagram_bytes_max;
	if (operation->length > socket_datagram_bytes_max || operation->length > segment * socket_segments_max)
		return HURD_EMSGSIZE;
	kern_return_t error;
	do {
		size_t left = operation->length - operation->done;
		error = send_one(socket, operation, left < segment ? left : segment);
	} while (!error && operation->done < operation->length);
	return error;
}
