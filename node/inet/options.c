/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Socket options, in the Hurd's numbers. */
#include "call.h"
#include <string.h>
#include <hurd_abi.h>

enum {
	/* Options of levels other than SOL_SOCKET have these numbers everywhere. */
	tcp_nodelay = 1, tcp_maxseg = 2, tcp_keepidle = 4, tcp_keepintvl = 5, tcp_keepcnt = 6,
	level_ip = 0, ip_tos = 3, ip_ttl = 4,		/* the Hurd's */
};

struct hurd_timeval { int64_t seconds, microseconds; };
struct hurd_linger { int32_t on, seconds; };

static struct ip_pcb *common(struct socket *socket)
{
	switch (socket->type) {
	case socket_stream: return (struct ip_pcb *)socket->tcp;
	case socket_datagram: return (struct ip_pcb *)socket->udp;
	default: return (struct ip_pcb *)socket->raw;
	}
}

static kern_return_t put_int(void *value, size_t *length, int number)
{
	memcpy(value, &number, sizeof number);
	*length = sizeof number;
	return KERN_SUCCESS;
}

static kern_return_t put_time(void *value, size_t *length, uint64_t ms)
{
	struct hurd_timeval time = { (int64_t)(ms / 1000), (int64_t)(ms % 1000) * 1000 };
	memcpy(value, &time, sizeof time);
	*length = sizeof time;
	return KERN_SUCCESS;
}

static u8_t flag_of(int option)
{
	switch (option) {
	case HURD_SO_REUSEADDR: return SOF_REUSEADDR;
	case HURD_SO_KEEPALIVE: return SOF_KEEPALIVE;
	case HURD_SO_BROADCAST: return SOF_BROADCAST;
	default: return 0;
	}
}

static kern_return_t get_socket_option(struct socket *socket, int option, void *value, size_t *length)
{
	struct ip_pcb *pcb = common(socket);
	switch (option) {
	case HURD_SO_TYPE: return put_int(value, length, (int)socket->type);
	case HURD_SO_ERROR: {
		/* As the Hurd's errno values are codes, so is this one. */
		return put_int(value, length, socket_take_error(socket));
	}
	case HURD_SO_ACCEPTCONN: return put_int(value, length, socket->state == socket_listening);
	case HURD_SO_RCVBUF:
		return put_int(value, length, socket->type == socket_stream ? TCP_WND : (int)socket->receive_limit);
	case HURD_SO_SNDBUF: return put_int(value, length, TCP_SND_BUF);
	case HURD_SO_RCVTIMEO: return put_time(value, length, socket->receive_timeout_ms);
	case HURD_SO_SNDTIMEO: return put_time(value, length, socket->send_timeout_ms);
	case HURD_SO_LINGER: {
		struct hurd_linger linger = { .on = socket->reset_on_close };
		memcpy(value, &linger, sizeof linger);
		*length = sizeof linger;
		return KERN_SUCCESS;
	}
	case HURD_SO_REUSEADDR: case HURD_SO_KEEPALIVE: case HURD_SO_BROADCAST:
		return put_int(value, length, pcb && ip_get_option(pcb, flag_of(option)) ? 1 : 0);
	case HURD_SO_DEBUG: case HURD_SO_DONTROUTE: case HURD_SO_OOBINLINE: case HURD_SO_REUSEPORT:
		return put_int(value, length, 0);
	default: return HURD_ENOPROTOOPT;
	}
}

static kern_return_t get_tcp_option(struct socket *socket, int option, void *value, size_t *length)
{
	struct tcp_pcb *tcp = socket->tcp;
	if (!tcp || socket->state == socket_listening)
		return HURD_EINVAL;
	switch (option) {
	case tcp_nodelay: return put_int(value, length, tcp_nagle_disabled(tcp) ? 1 : 0);
	case tcp_maxseg: return put_int(value, length, tcp_mss(tcp));
	case tcp_keepidle: return put_int(value, length, (int)(tcp->keep_idle / 1000));
	case tcp_keepintvl: return put_int(value, length, (int)(tcp->keep_intvl / 1000));
	case tcp_keepcnt: return put_int(value, length, (int)tcp->keep_cnt);
	default: return HURD_ENOPROTOOPT;
	}
}

kern_return_t option_get(struct socket *socket, int level, int option, void *value, size_t *length)
{
	struct ip_pcb *pcb = common(socket);
	if (level == HURD_SOL_SOCKET)
		return get_socket_option(socket, option, value, length);
	if (level == IP_PROTO_TCP && socket->type == socket_stream)
		return get_tcp_option(socket, option, value, length);
	if (level == IP_PROTO_UDP && socket->type == socket_datagram && option == udp_segment)
		return put_int(value, length, socket->segment_bytes);
	if (level == IP_PROTO_UDP && socket->type == socket_datagram && option == udp_coalesce)
		return put_int(value, length, socket->coalesce);
	if (level == level_ip && pcb && option == ip_tos)
		return put_int(value, length, pcb->tos);
	if (level == level_ip && pcb && option == ip_ttl)
		return put_int(value, length, pcb->ttl);
	if (level == level_ip && socket->type == socket_datagram && option == ip_mtu_discover)
		return put_int(value, length, socket->never_fragment ? ip_pmtudisc_do : ip_pmtudisc_dont);
	return HURD_ENOPROTOOPT;
}

/* lwIP's windows are of one size; datagrams' room is ours to give. */
static void set_receive_limit(struct socket *socket, int bytes)
{
	if (bytes < socket_receive_limit_bytes_min)
		bytes = socket_receive_limit_bytes_min;
	if (bytes > socket_receive_limit_bytes_max)
		bytes = socket_receive_limit_bytes_max;
	socket->receive_limit = (size_t)bytes;
}

static kern_return_t set_timeout(uint64_t *ms, const void *value, size_t length)
{
	struct hurd_timeval time;
	if (length < sizeof time)
		return HURD_EINVAL;
	memcpy(&time, value, sizeof time);
	if (time.seconds < 0 || time.seconds > INT32_MAX || time.microseconds < 0 || time.microseconds >= 1000000)
		return HURD_EDOM;
	*ms = (uint64_t)time.seconds * 1000 + (uint64_t)(time.microseconds + 999) / 1000;
	return KERN_SUCCESS;
}

static kern_return_t set_linger(struct socket *socket, const void *value, size_t length)
{
	struct hurd_linger linger;
	if (length < sizeof linger)
		return HURD_EINVAL;
	memcpy(&linger, value, sizeof linger);
	/* Other times mean nothing here: closing never waits. */
	socket->reset_on_close = linger.on && !linger.seconds;
	return KERN_SUCCESS;
}

static kern_return_t set_socket_option(struct socket *socket, int option, int number)
{
	struct ip_pcb *pcb = common(socket);
	switch (option) {
	case HURD_SO_REUSEADDR: case HURD_SO_KEEPALIVE: case HURD_SO_BROADCAST:
		if (!pcb)
			return HURD_EINVAL;
		if (number)
			ip_set_option(pcb, flag_of(option));
		else
			ip_reset_option(pcb, flag_of(option));
		return KERN_SUCCESS;
	case HURD_SO_RCVBUF:
		set_receive_limit(socket, number);
		return KERN_SUCCESS;
	case HURD_SO_SNDBUF: case HURD_SO_DEBUG: case HURD_SO_DONTROUTE: case HURD_SO_OOBINLINE:
	case HURD_SO_REUSEPORT: case HURD_SO_RCVLOWAT: case HURD_SO_SNDLOWAT:
		return KERN_SUCCESS;
	default:
		return HURD_ENOPROTOOPT;
	}
}

static kern_return_t set_tcp_option(struct socket *socket, int option, int number)
{
	struct tcp_pcb *tcp = socket->tcp;
	if (!tcp || socket->state == socket_listening)
		return HURD_EINVAL;
	switch (option) {
	case tcp_nodelay:
		if (number)
			tcp_nagle_disable(tcp);
		else
			tcp_nagle_enable(tcp);
		return KERN_SUCCESS;
	case tcp_keepidle: tcp->keep_idle = (u32_t)number * 1000; return KERN_SUCCESS;
	case tcp_keepintvl: tcp->keep_intvl = (u32_t)number * 1000; return KERN_SUCCESS;
	case tcp_keepcnt: tcp->keep_cnt = (u32_t)number; return KERN_SUCCESS;
	default: return HURD_ENOPROTOOPT;
	}
}

static kern_return_t set_ip_option(struct socket *socket, int option, int number)
{
	struct ip_pcb *pcb = common(socket);
	if (!pcb || number < 0 || number > 255)
		return HURD_EINVAL;
	switch (option) {
	case ip_tos: pcb->tos = (u8_t)number; return KERN_SUCCESS;
	case ip_ttl: pcb->ttl = (u8_t)number; return KERN_SUCCESS;
	case ip_mtu_discover:
		if (socket->type != socket_datagram || (number != ip_pmtudisc_dont && number != ip_pmtudisc_do))
			return HURD_EINVAL;
		socket->never_fragment = number == ip_pmtudisc_do;
		return KERN_SUCCESS;
	default: return HURD_ENOPROTOOPT;
	}
}

/* Many datagrams in one call. */
static kern_return_t set_udp_option(struct socket *socket, int option, int number)
{
	switch (option) {
	case udp_segment:
		if (number < 0 || number > socket_datagram_bytes_max)
			return HURD_EINVAL;
		socket->segment_bytes = (uint16_t)number;
		return KERN_SUCCESS;
	case udp_coalesce:
		socket->coalesce = number != 0;
		return KERN_SUCCESS;
	default:
		return HURD_ENOPROTOOPT;
	}
}

kern_return_t option_set(struct socket *socket, int level, int option, const void *value, size_t length)
{
	if (level == HURD_SOL_SOCKET && option == HURD_SO_RCVTIMEO)
		return set_timeout(&socket->receive_timeout_ms, value, length);
	if (level == HURD_SOL_SOCKET && option == HURD_SO_SNDTIMEO)
		return set_timeout(&socket->send_timeout_ms, value, length);
	if (level == HURD_SOL_SOCKET && option == HURD_SO_LINGER)
		return set_linger(socket, value, length);
	int number;
	if (length < sizeof number)
		return HURD_EINVAL;
	memcpy(&number, value, sizeof number);
	if (level == HURD_SOL_SOCKET)
		return set_socket_option(socket, option, number);
	if (level == IP_PROTO_TCP && socket->type == socket_stream)
		return set_tcp_option(socket, option, number);
	if (level == IP_PROTO_UDP && socket->type == socket_datagram)
		return set_udp_option(socket, option, number);
	return level == level_ip ? set_ip_option(socket, option, number) : HURD_ENOPROTOOPT;
}
