/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * delayline: frames that wait for their time, earliest first; frames that are
 * due together leave in the order in which they came.  Bounded in frames and
 * in bytes: what does not fit is refused, and the caller counts it.
 */
#ifndef DROVE_TESTBED_DELAYLINE_H
#define DROVE_TESTBED_DELAYLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DELAYLINE_FRAMES = 16384,
	DELAYLINE_BYTES = 32 << 20,
};

struct held_frame {
	uint64_t due_ns;
	uint64_t sequence;
	unsigned port;                  /* where it goes */
	unsigned length;
	unsigned char bytes[];
};

struct delayline {
	struct held_frame *heap[DELAYLINE_FRAMES];
	size_t count, bytes;
	uint64_t next_sequence;
};

/* Copy a frame in; false when the line is full or memory is out. */
bool delayline_put(struct delayline *line, uint64_t due_ns, unsigned port,
		   const unsigned char *bytes, unsigned length);

/* When the first frame is due; UINT64_MAX when none waits. */
uint64_t delayline_due(const struct delayline *line);

/* Take the first frame if it is due at NOW, else NULL.  The caller frees it. */
struct held_frame *delayline_take(struct delayline *line, uint64_t now_ns);

/* Free all frames that wait. */
void delayline_drop(struct delayline *line);

#endif
