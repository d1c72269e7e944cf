/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

struct channel *channel_make(bool packets, void (*drop_cargo)(struct cargo *cargo))
{
	struct channel *channel = calloc(1, sizeof(*channel));
	if (!channel)
		return NULL;
	channel->references = 1;
	channel->packets = packets;
	channel->drop_cargo = drop_cargo;
	return channel;
}

struct channel *channel_hold(struct channel *channel)
{
	channel->references++;
	return channel;
}

static bool has_cargo(const struct cargo *cargo)
{
	return cargo && (cargo->rights || cargo->control || cargo->sender);
}

static size_t cost(const struct channel *channel, size_t bytes)
{
	return channel->packets ? bytes + PFLOCAL_PACKET_COST_BYTES : bytes;
}

static void remove_first(struct channel *channel)
{
	struct segment *segment = channel->first;
	channel->bytes -= cost(channel, segment->end - segment->start);
	channel->first = segment->next;
	if (!channel->first)
		channel->last = NULL;
	if (has_cargo(&segment->cargo))
		channel->drop_cargo(&segment->cargo);
	free(segment);
}

void channel_drop(struct channel *channel)
{
	if (!channel || --channel->references)
		return;
	while (channel->first)
		remove_first(channel);
	free(channel);
}

bool channel_has_room(const struct channel *channel, size_t bytes)
{
	return channel->bytes + cost(channel, bytes) <= PFLOCAL_CHANNEL_BYTES;
}

static struct segment *append(struct channel *channel, size_t room)
{
	struct segment *segment = malloc(sizeof(*segment) + room);
	if (!segment)
		return NULL;
	*segment = (struct segment){ .room = room };
	if (channel->last)
		channel->last->next = segment;
	else
		channel->first = segment;
	channel->last = segment;
	return segment;
}

static void fill(struct channel *channel, struct segment *segment, const char *data, size_t bytes)
{
	if (bytes)
		memcpy(segment->data + segment->end, data, bytes);
	segment->end += bytes;
	channel->bytes += bytes;
}

static int write_whole(struct channel *channel, const char *data, size_t bytes, struct cargo *cargo)
{
	struct segment *segment = append(channel, bytes);
	if (!segment)
		return ENOMEM;
	if (channel->packets)
		channel->bytes += PFLOCAL_PACKET_COST_BYTES;
	fill(channel, segment, data, bytes);
	if (cargo) {
		segment->cargo = *cargo;
		*cargo = (struct cargo){ 0 };
	}
	return 0;
}

static size_t write_stream(struct channel *channel, const char *data, size_t bytes)
{
	size_t done = 0;
	while (done < bytes) {
		struct segment *segment = channel->last;
		/* What has a cargo stays by itself: reads stop there. */
		if (!segment || segment->end == segment->room || has_cargo(&segment->cargo)) {
			size_t left = bytes - done;
			segment = append(channel, left > PFLOCAL_SEGMENT_BYTES ? left : PFLOCAL_SEGMENT_BYTES);
			if (!segment)
				break;
		}
		size_t piece = segment->room - segment->end;
		if (piece > bytes - done)
			piece = bytes - done;
		fill(channel, segment, data + done, piece);
		done += piece;
	}
	return done;
}

int channel_write(struct channel *channel, const char *data, size_t bytes, struct cargo *cargo, size_t *taken)
{
	bool whole = channel->packets || has_cargo(cargo);
	*taken = 0;
	if (channel->reader_gone || channel->writer_gone)
		return EPIPE;
	if (whole && cost(channel, bytes) > PFLOCAL_CHANNEL_BYTES)
		return EMSGSIZE;
	if (!bytes && !whole)
		return 0;
	if ((whole || bytes <= PFLOCAL_ATOMIC_BYTES) && !channel_has_room(channel, bytes))
		return EAGAIN;
	size_t room = PFLOCAL_CHANNEL_BYTES - channel->bytes;
	if (!room)
		return EAGAIN;
	channel->touched = true;
	if (whole) {
		*taken = bytes;
		return write_whole(channel, data, bytes, cargo);
	}
	*taken = write_stream(channel, data, bytes < room ? bytes : room);
	return *taken ? 0 : ENOMEM;
}

size_t channel_readable(const struct channel *channel)
{
	if (!channel->first)
		return 0;
	return channel->packets ? channel->first->end - channel->first->start : channel->bytes;
}

bool channel_is_ready_to_read(const struct channel *channel)
{
	return channel->first || channel->writer_gone || channel->reader_gone;
}

static void take_cargo(struct channel *channel, struct segment *segment, struct cargo *cargo)
{
	if (!has_cargo(&segment->cargo))
		return;
	if (cargo)
		*cargo = segment->cargo;
	else
		channel->drop_cargo(&segment->cargo);
	segment->cargo = (struct cargo){ 0 };
}

/* Bytes of SEGMENT that fit into ROOM. */
static size_t give(struct channel *channel, struct segment *segment, char *to, size_t room, bool peek)
{
	size_t bytes = segment->end - segment->start;
	if (bytes > room)
		bytes = room;
	memcpy(to, segment->data + segment->start, bytes);
	if (!peek) {
		segment->start += bytes;
		channel->bytes -= bytes;
	}
	return bytes;
}

static void read_packet(struct channel *channel, char *to, size_t room, bool peek, struct cargo *cargo, size_t *given, bool *cut)
{
	struct segment *segment = channel->first;
	*cut = segment->end - segment->start > room;
	*given = give(channel, segment, to, room, peek);
	if (peek)
		return;
	take_cargo(channel, segment, cargo);
	remove_first(channel);
}

static void read_stream(struct channel *channel, char *to, size_t room, bool peek, struct cargo *cargo, size_t *given)
{
	bool first = true;
	for (struct segment *segment = channel->first, *next; segment && *given < room; segment = next, first = false) {
		next = segment->next;
		bool cargo_here = has_cargo(&segment->cargo);
		if (cargo_here && !first)
			return;
		*given += give(channel, segment, to + *given, room - *given, peek);
		if (!peek && cargo_here)
			take_cargo(channel, segment, cargo);
		bool emptied = segment->start == segment->end;
		if (!peek && emptied)
			remove_first(channel);
		if (cargo_here)
			return;
	}
}

int channel_read(struct channel *channel, char *to, size_t room, bool peek, struct cargo *cargo, size_t *given, bool *cut)
{
	*given = 0;
	*cut = false;
	if (cargo)
		*cargo = (struct cargo){ 0 };
	if (channel->reader_gone)
		return 0;
	if (!channel->first)
		return channel->writer_gone ? 0 : EAGAIN;
	if (!peek)
		channel->touched = true;
	if (channel->packets)
		read_packet(channel, to, room, peek, cargo, given, cut);
	else
		read_stream(channel, to, room, peek, cargo, given);
	return 0;
}
