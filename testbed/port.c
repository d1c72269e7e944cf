/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port's framing and queues; see port.h. */
#include "port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

void port_init(struct port *p)
{
	memset(p, 0, sizeof *p);
	p->listener = p->fd = -1;
}

void port_unplug(struct port *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->in_used = p->out_start = p->out_used = 0;
}

void port_plug(struct port *p, int fd)
{
	port_unplug(p);
	p->fd = fd;
}

static unsigned frame_length(const unsigned char *at)
{
	uint32_t length;
	memcpy(&length, at, sizeof length);
	return ntohl(length);
}

bool port_hand_over(struct port *p, size_t came, port_frame_fn *frame, void *context)
{
	size_t at = 0;
	p->in_used += came;
	while (p->in_used - at >= PORT_LENGTH_BYTES) {
		unsigned length = frame_length(p->in + at);
		if (length == 0 || length > PORT_FRAME_MAX_BYTES)
			return false;
		if (p->in_used - at < PORT_LENGTH_BYTES + length)
			break;
		p->frames_in++;
		p->bytes_in += length;
		frame(context, p->in + at + PORT_LENGTH_BYTES, length);
		at += PORT_LENGTH_BYTES + length;
	}
	p->in_used -= at;
	memmove(p->in, p->in + at, p->in_used);
	return true;
}

bool port_read(struct port *p, port_frame_fn *frame, void *context)
{
	ssize_t n = recv(p->fd, p->in + p->in_used, sizeof p->in - p->in_used, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	return port_hand_over(p, n, frame, context);
}

static void ring_put(struct port *p, const void *bytes, size_t length)
{
	size_t end = (p->out_start + p->out_used) % PORT_OUT_BYTES;
	size_t first = length < PORT_OUT_BYTES - end ? length : PORT_OUT_BYTES - end;
	memcpy(p->out + end, bytes, first);
	memcpy(p->out, (const unsigned char *) bytes + first, length - first);
	p->out_used += length;
}

bool port_queue(struct port *p, const unsigned char *frame, unsigned length)
{
	if (p->fd < 0)
		return false;
	if (PORT_OUT_BYTES - p->out_used < PORT_LENGTH_BYTES + length) {
		p->frames_refused++;
		return false;
	}
	uint32_t wire_length = htonl(length);
	ring_put(p, &wire_length, PORT_LENGTH_BYTES);
	ring_put(p, frame, length);
	p->frames_out++;
	p->bytes_out += length;
	return true;
}

bool port_flush(struct port *p)
{
	while (p->fd >= 0 && p->out_used > 0) {
		size_t first = PORT_OUT_BYTES - p->out_start;
		if (first > p->out_used)
			first = p->out_used;
		struct iovec part[2] = {
			{ p->out + p->out_start, first },
			{ p->out, p->out_used - first },
		};
		struct msghdr message = { .msg_iov = part, .msg_iovlen = part[1].iov_len ? 2 : 1 };
		ssize_t n = sendmsg(p->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		p->out_start = (p->out_start + n) % PORT_OUT_BYTES;
		p->out_used -= n;
	}
	return true;
}
