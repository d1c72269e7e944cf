/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receiving messages of any size from a port or port set. */
#ifndef DR_MACH_RECEIVE_H
#define DR_MACH_RECEIVE_H

#include <mach.h>
#include <stdbool.h>

#define RECEIVE_BYTES_FIRST 16384		/* the buffer to begin with */
#define RECEIVE_BYTES_MAX (64u << 20)		/* inline; a larger message is destroyed */

struct receiver
{
	mach_msg_header_t *buffer;
	mach_msg_size_t bytes;
};

/* False when out of memory. */
bool receiver_init (struct receiver *receiver);
void receiver_free (struct receiver *receiver);

/* Waits for a message on FROM (a receive right or a port set), at most TIMEOUT_MS when OPTION has MACH_RCV_TIMEOUT.  On success the message
   is in receiver->buffer until the next call, and its rights and memory are the caller's.  A
   message that cannot be received whole is destroyed and skipped.  Any error returned is of the
   port or the set itself, or MACH_RCV_TIMED_OUT. */
mach_msg_return_t receiver_next (struct receiver *receiver, mach_port_t from, mach_msg_option_t option,
	mach_msg_timeout_t timeout_ms);

#endif
