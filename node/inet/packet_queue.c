/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet_queue.h"
#include <assert.h>
#include <stdlib.h>

static struct packet *place(const struct packet_queue *queue, unsigned n)
{
	return &queue->ring[(queue->first + n) & (queue->capacity - 1)];
}

static bool grow(struct packet_queue *queue)
{
	unsigned capacity = queue->capacity ? 2 * queue->capacity : 16;
	if (capacity > packet_queue_packets_max)
		return false;
	struct packet *ring = malloc(capacity * sizeof *ring);
	if (!ring)
		return false;
	for (unsigned i = 0; i < queue->count; i++)
		ring[i] = *place(queue, i);
	free(queue->ring);
	queue->ring = ring;
	queue->capacity = capacity;
	queue->first = 0;
	return true;
}

bool packet_queue_add(struct packet_queue *queue, struct packet packet)
{
	if (queue->count == queue->capacity && !grow(queue))
		return false;
	*place(queue, queue->count++) = packet;
	queue->bytes += packet.pbuf->tot_len;
	return true;
}

const struct packet *packet_queue_at(const struct packet_queue *queue, unsigned n)
{
	return n < queue->count ? place(queue, n) : NULL;
}

const struct packet *packet_queue_first(const struct packet_queue *queue)
{
	return packet_queue_at(queue, 0);
}

void packet_queue_drop_first(struct packet_queue *queue)
{
	assert(queue->count);
	struct packet *packet = place(queue, 0);
	queue->bytes -= packet->pbuf->tot_len - queue->offset;
	queue->offset = 0;
	pbuf_free(packet->pbuf);
	queue->first = (queue->first + 1) & (queue->capacity - 1);
	queue->count--;
}

size_t packet_queue_copy(const struct packet_queue *queue, void *to, size_t length)
{
	size_t copied = 0, offset = queue->offset;
	for (unsigned i = 0; i < queue->count && copied < length; i++, offset = 0) {
		const struct pbuf *pbuf = place(queue, i)->pbuf;
		size_t part = pbuf->tot_len - offset;
		if (part > length - copied)
			part = length - copied;
		pbuf_copy_partial(pbuf, (char *)to + copied, (u16_t)part, (u16_t)offset);
		copied += part;
	}
	return copied;
}

void packet_queue_take(struct packet_queue *queue, size_t length)
{
	assert(length <= queue->bytes);
	while (length) {
		size_t part = place(queue, 0)->pbuf->tot_len - queue->offset;
		if (part > length) {
			queue->offset += length;
			queue->bytes -= length;
			return;
		}
		length -= part;
		packet_queue_drop_first(queue);
	}
}

void packet_queue_clear(struct packet_queue *queue)
{
	while (queue->count)
		packet_queue_drop_first(queue);
	free(queue->ring);
	*queue = (struct packet_queue){ 0 };
}
