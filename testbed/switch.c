/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames through the switch: learning, judging, holding; see switch.h. */
#include "switch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void switch_init(struct ether_switch *s, unsigned ports, uint64_t seed)
{
	assert(ports >= 1 && ports <= IMPAIR_PORTS);
	memset(s, 0, sizeof *s);
	s->ports = ports;
	impair_init(&s->impair, seed);
	for (unsigned i = 0; i < IMPAIR_PORTS; i++)
		port_init(&s->port[i]);
}

static void deliver(struct ether_switch *s, unsigned to, uint64_t due_ns,
		    const unsigned char *frame, unsigned length)
{
	bool taken = due_ns <= s->now_ns
		? port_queue(&s->port[to], frame, length)
		: delayline_put(&s->line, due_ns, to, frame, length);
	if (taken)
		s->count.forwarded++;
	else
		s->count.queue_dropped++;
}

static void judge(struct ether_switch *s, unsigned from, unsigned to,
		  const unsigned char *frame, unsigned length)
{
	struct impair_verdict v = impair_frame(&s->impair, from, to, length, s->now_ns);
	switch (v.fate) {
	case IMPAIR_LOST: s->count.lost++; break;
	case IMPAIR_CUT: s->count.cut++; break;
	case IMPAIR_RATE_DROPPED: s->count.rate_dropped++; break;
	case IMPAIR_DELIVERED:
		s->count.reordered += v.reordered;
		s->count.duplicated += v.copies - 1;
		for (unsigned i = 0; i < v.copies; i++)
			deliver(s, to, v.due_ns[i], frame, length);
	}
}

void switch_frame(struct ether_switch *s, unsigned from,
		  const unsigned char *frame, unsigned length)
{
	if (length < ETHERNET_HEADER_BYTES) {
		s->count.runts++;
		return;
	}
	if (s->pcap)
		pcap_frame(s->pcap, s->wall_ns, frame, length);
	fabric_learn(&s->fabric, frame, from);
	int found = fabric_find(&s->fabric, frame);
	for (unsigned to = 0; to < s->ports; to++)
		if (to != from && (found == FABRIC_FLOOD || (unsigned) found == to) &&
		    s->port[to].fd >= 0)
			judge(s, from, to, frame, length);
}

struct arrival {
	struct ether_switch *s;
	unsigned from;
};

static void arrived(void *context, const unsigned char *frame, unsigned length)
{
	struct arrival *a = context;
	switch_frame(a->s, a->from, frame, length);
}

static void node_gone(struct ether_switch *s, unsigned port)
{
	port_unplug(&s->port[port]);
	fabric_forget(&s->fabric, port);
}

void switch_read(struct ether_switch *s, unsigned port)
{
	struct arrival a = { s, port };
	if (!port_read(&s->port[port], arrived, &a))
		node_gone(s, port);
}

void switch_release(struct ether_switch *s)
{
	struct held_frame *f;
	while ((f = delayline_take(&s->line, s->now_ns)) != NULL) {
		if (!port_queue(&s->port[f->port], f->bytes, f->length)) {
			s->count.forwarded--;
			s->count.queue_dropped++;
		}
		free(f);
	}
}

void switch_flush(struct ether_switch *s)
{
	for (unsigned i = 0; i < s->ports; i++)
		if (s->port[i].out_used && !port_flush(&s->port[i]))
			node_gone(s, i);
}
