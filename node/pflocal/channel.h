/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One direction of a connection: bytes, or packets, with the port rights sent along.  Pure:
   rights are numbers here. */
#ifndef PFLOCAL_CHANNEL_H
#define PFLOCAL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What travels beside the data. */
struct cargo {
	uint32_t *rights;	/* malloc'ed, or NULL */
	unsigned right_count;
	char *control;		/* malloc'ed, or NULL */
	size_t control_bytes;
	void *sender;		/* the address it came from: the user's, counted by it */
};

struct segment {
	struct segment *next;
	size_t start, end, room;	/* bytes in DATA */
	struct cargo cargo;
	char data[];
};

struct channel {
	unsigned references;
	bool packets;		/* records keep their boundaries */
	bool reader_gone;	/* writing is EPIPE */
	bool writer_gone;	/* when empty, reading is the end */
	bool touched;		/* since whoever waits was last looked at; the user's */
	struct segment *first, *last;
	size_t bytes;		/* held, as counted against PFLOCAL_CHANNEL_BYTES */
	void (*drop_cargo)(struct cargo *cargo);	/* of what nobody will read */
};

struct channel *channel_make(bool packets, void (*drop_cargo)(struct cargo *cargo));	/* NULL: no memory */
struct channel *channel_hold(struct channel *channel);
void channel_drop(struct channel *channel);	/* NULL is fine */

/* Room for a write that must not be split? */
bool channel_has_room(const struct channel *channel, size_t bytes);
/* Takes as much of DATA as fits: all or nothing of packets, of at most PFLOCAL_ATOMIC_BYTES, and
   of what has a CARGO.  The cargo (may be NULL) is moved if anything is taken.
   Returns 0 with *TAKEN, or EAGAIN, EPIPE, EMSGSIZE (never fits), ENOMEM. */
int channel_write(struct channel *channel, const char *data, size_t bytes, struct cargo *cargo, size_t *taken);
/* How much one read would give: of packets, the first one's. */
size_t channel_readable(const struct channel *channel);
bool channel_is_ready_to_read(const struct channel *channel);
/* Gives up to ROOM bytes, never past a place where a cargo begins or ends.  The rest of a packet
   is lost, which *CUT tells.  CARGO is filled (moved out), or dropped if NULL; with PEEK all stays
   and no cargo is given.  Returns 0 with *GIVEN (0: the end), or EAGAIN. */
int channel_read(struct channel *channel, char *to, size_t room, bool peek, struct cargo *cargo, size_t *given, bool *cut);

#endif
