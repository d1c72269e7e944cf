/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * switch: the Ethernet switch that joins the nodes.  This is its inside, apart
 * from the program's main loop, so that tests can run it step by step.
 */
#ifndef DROVE_TESTBED_SWITCH_H
#define DROVE_TESTBED_SWITCH_H

#include <stddef.h>
#include <stdio.h>

#include "delayline.h"
#include "fabric.h"
#include "impair.h"
#include "pcap.h"
#include "port.h"

struct ether_switch {
	unsigned ports;                 /* 1..IMPAIR_PORTS */
	struct impair impair;
	struct fabric fabric;
	struct delayline line;
	FILE *pcap;                     /* NULL: not recording */
	uint64_t now_ns;                /* monotonic; set before each step */
	uint64_t wall_ns;               /* for the recording */
	struct switch_counts {
		uint64_t forwarded, lost, cut, rate_dropped, queue_dropped;
		uint64_t duplicated, reordered, runts;
	} count;
	struct port port[IMPAIR_PORTS];
};

void switch_init(struct ether_switch *s, unsigned ports, uint64_t seed);

/* A frame came in by FROM: learn, judge, and queue it where it goes. */
void switch_frame(struct ether_switch *s, unsigned from,
		  const unsigned char *frame, unsigned length);

/* Read from a port that has input; unplugs it when its node is gone. */
void switch_read(struct ether_switch *s, unsigned port);

/* Queue the held frames whose time has come. */
void switch_release(struct ether_switch *s);

/* Write what is queued on all ports. */
void switch_flush(struct ether_switch *s);

/*
 * Obey one command line and write one line of reply, without its newline, into
 * REPLY: "ok", what was asked for, or "error: ...".
 */
void switch_command(struct ether_switch *s, const char *line, char *reply, size_t reply_bytes);

/* The commands, for --help. */
extern const char switch_command_help[];

#endif
