/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port: one plug of the switch, to which one QEMU connects over a unix stream
 * socket.  Frames travel as QEMU's stream netdev sends them: four bytes of
 * length, most significant first, then the frame.  Output is queued in a ring
 * of fixed size that takes whole frames or refuses them, as a real switch does.
 */
#ifndef DROVE_TESTBED_PORT_H
#define DROVE_TESTBED_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PORT_LENGTH_BYTES = 4,
	PORT_FRAME_MAX_BYTES = 65550,   /* the largest that QEMU sends */
	PORT_IN_BYTES = 256 << 10,
	PORT_OUT_BYTES = 1 << 20,
};

struct port {
	int listener;                   /* -1: none (tests) */
	int fd;                         /* -1: nobody is plugged in */
	size_t in_used;
	size_t out_start, out_used;
	uint64_t frames_in, bytes_in, frames_out, bytes_out, frames_refused;
	unsigned char in[PORT_IN_BYTES];
	unsigned char out[PORT_OUT_BYTES];
};

typedef void port_frame_fn(void *context, const unsigned char *frame, unsigned length);

void port_init(struct port *p);

/* Plug FD in, which becomes the port's; what was plugged in before is closed. */
void port_plug(struct port *p, int fd);

/* Close the connection and forget half frames; the listener stays. */
void port_unplug(struct port *p);

/* Read what there is and hand over each whole frame; false when the peer is gone. */
bool port_read(struct port *p, port_frame_fn *frame, void *context);

/* CAME more bytes are in the buffer: hand over the whole frames; false on a length that
   no QEMU sends. */
bool port_hand_over(struct port *p, size_t came, port_frame_fn *frame, void *context);

/* Queue a frame for output; false when it does not fit or nobody is there. */
bool port_queue(struct port *p, const unsigned char *frame, unsigned length);

/* Write as much as the socket takes; false when the peer is gone. */
bool port_flush(struct port *p);

#endif
