/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has arrived for a socket and has not been read: packets in order, with
   where they came from. */
#ifndef INET_PACKET_QUEUE_H
#define INET_PACKET_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <lwip/pbuf.h>

enum { packet_queue_packets_max = 16384 };

struct packet {
	struct pbuf *pbuf;	/* owned by the queue */
	uint32_t ip;		/* network byte order, as is the port */
	uint16_t port;
};

struct packet_queue {
	struct packet *ring;
	unsigned capacity;	/* a power of two, or 0 */
	unsigned first, count;
	size_t bytes;		/* not yet read */
	size_t offset;		/* how much of the first packet has been read (streams) */
};

/* On success the packet is the queue's.  False: full or no memory. */
bool packet_queue_add(struct packet_queue *queue, struct packet packet);
/* Packet number N from the front, or NULL. */
const struct packet *packet_queue_at(const struct packet_queue *queue, unsigned n);
/* The first packet, or NULL. */
const struct packet *packet_queue_first(const struct packet_queue *queue);
void packet_queue_drop_first(struct packet_queue *queue);
/* Streams: copies up to LENGTH bytes from the front, without taking them. */
size_t packet_queue_copy(const struct packet_queue *queue, void *to, size_t length);
/* Streams: takes LENGTH bytes, which must be there, from the front. */
void packet_queue_take(struct packet_queue *queue, size_t length);
void packet_queue_clear(struct packet_queue *queue);

#endif
