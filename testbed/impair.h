/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * impair: what happens to a frame between two ports of the switch.
 *
 * A step function: a frame's length and path go in together with the time, a
 * verdict comes out.  It knows no socket and no clock, and it holds no frame,
 * so a fault pattern is decided by the seed and the frames alone: every
 * directed path draws from a generator of its own, the same number of draws
 * for each frame, so traffic on one path never shifts the faults of another.
 *
 * A frame crosses three settings: those of the port it came in by, those for
 * all, and those of the port it leaves by.  Losses are drawn in each, delays
 * add up, rates queue one after the other.
 */
#ifndef DROVE_TESTBED_IMPAIR_H
#define DROVE_TESTBED_IMPAIR_H

#include <stdbool.h>
#include <stdint.h>

enum {
	IMPAIR_PORTS = 8,               /* most ports; they are numbered from 0 here */
	IMPAIR_COPIES = 2,              /* most deliveries of one frame */
	IMPAIR_PPM = 1000000,           /* a probability of one */
};

/* How long a rate limit may make a frame wait before the frame is dropped. */
#define IMPAIR_RATE_QUEUE_NS UINT64_C(200000000)
/* How much later than its neighbours a reordered frame is delivered. */
#define IMPAIR_REORDER_HOLD_NS UINT64_C(4000000)
/* How much later than the original a duplicate is delivered, at most. */
#define IMPAIR_DUPLICATE_SPREAD_NS UINT64_C(2000000)
#define IMPAIR_DELAY_MAX_NS UINT64_C(10000000000)

struct impair_setting {
	uint32_t loss_ppm;
	uint32_t reorder_ppm;
	uint32_t duplicate_ppm;
	uint64_t delay_ns;
	uint64_t jitter_ns;             /* added to the delay: uniform in 0..jitter */
	uint64_t rate_bits_s;           /* 0: no limit */
};

enum impair_fate {
	IMPAIR_DELIVERED,
	IMPAIR_LOST,
	IMPAIR_CUT,
	IMPAIR_RATE_DROPPED,
};

struct impair_verdict {
	enum impair_fate fate;
	bool reordered;
	unsigned copies;                /* 0 unless delivered */
	uint64_t due_ns[IMPAIR_COPIES]; /* when to deliver each copy; never before now */
};

struct impair_path {
	uint64_t random;                /* state of this path's generator */
	uint64_t last_due_ns;           /* frames keep their order unless reordered */
};

struct impair {
	struct impair_setting all;
	struct impair_setting port[IMPAIR_PORTS];
	bool port_cut[IMPAIR_PORTS];
	bool path_cut[IMPAIR_PORTS][IMPAIR_PORTS];
	struct impair_path path[IMPAIR_PORTS][IMPAIR_PORTS];
	/* When the sender of each rate limit is idle again. */
	uint64_t in_idle_ns[IMPAIR_PORTS], out_idle_ns[IMPAIR_PORTS], all_idle_ns[IMPAIR_PORTS];
};

/* No impairment, and the generators as SEED says. */
void impair_init(struct impair *m, uint64_t seed);

/* Start the generators afresh; settings stay. */
void impair_seed(struct impair *m, uint64_t seed);

/* No impairment and no cut; the generators go on. */
void impair_clear(struct impair *m);

/* Cut or mend a port (both directions), or the path between two ports. */
void impair_cut_port(struct impair *m, unsigned port, bool cut);
void impair_cut_pair(struct impair *m, unsigned a, unsigned b, bool cut);
void impair_heal(struct impair *m);

/* Decide about one frame of LENGTH bytes going FROM one port TO another. */
struct impair_verdict impair_frame(struct impair *m, unsigned from, unsigned to,
				   unsigned length, uint64_t now_ns);

#endif
