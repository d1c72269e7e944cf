/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every limit of the local socket server, in one place. */
#ifndef PFLOCAL_LIMITS_H
#define PFLOCAL_LIMITS_H

#define PFLOCAL_CHANNEL_BYTES		(64u << 10)	/* held for one direction */
#define PFLOCAL_ATOMIC_BYTES		4096u		/* PIPE_BUF: a write of at most so much is never split */
#define PFLOCAL_WRITE_BYTES_MAX		(1u << 20)	/* taken from one request; longer writes are short */
#define PFLOCAL_CONTROL_BYTES_MAX	4096u
#define PFLOCAL_PORTS_MAX		64u		/* rights in one message */
#define PFLOCAL_BACKLOG_MAX		128u
#define PFLOCAL_SEGMENT_BYTES		4096u		/* a stream's small writes are gathered in pieces of this */
#define PFLOCAL_PACKET_COST_BYTES	64u		/* what an empty packet counts, so that their number is bounded */
#define PFLOCAL_PARKED_SWEEP_MIN	32u		/* with more waiting requests, those of dead clients are looked for */
#define PFLOCAL_REQUEST_BYTES_MAX	(32u << 10)

#endif
