/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the value that the rights engine delivers to a message that the kernel takes.

   A message goes through three states.  Built: its rights are names with the dispositions that make
   or copy them; nothing has happened yet, and it is valid only as long as no proxy is destroyed.
   Owned: every right was made or moved and belongs to the message alone, as in a message just
   received; it may wait for as long as it likes.  Sent: gone. */
#ifndef DR_MACH_GIVE_H
#define DR_MACH_GIVE_H

#include "core/wire/wire.h"
#include "mach/proxies.h"

#define MIG_REPLY_OFFSET 100	/* the id of a reply is that of its request and this */

struct given
{
	mach_msg_header_t *message;
	bool owned;
	mach_port_t *extras;		/* send rights made for lists that mix ours with others' */
	uint32_t extras_count;
	struct dr_buf *lent;		/* out-of-line memory that stays ours; NULL: none does */
	size_t out_of_line_bytes;
};

/* Builds MESSAGE for the right TO (DISPOSITION of mach_msg).  Proxies that move away as receive
   rights leave PROXIES here.  LEND: the receiver is likely to copy out-of-line memory, so it need not
   be made for this message alone.  False: out of memory, nothing has happened. */
bool give_build (struct given *given, const struct wire_message *message, mach_port_t to,
	mach_msg_type_name_t disposition, struct proxies *proxies, bool lend);

/* Makes a built message an owned one, by passing it through STAGE, a port that nobody else uses. */
void give_own (struct given *given, mach_port_t stage);

/* Sends without waiting; a built message may become an owned one by it.  MACH_SEND_TIMED_OUT: the
   queue is full.  After any result but success the message still is the caller's. */
mach_msg_return_t give_try (struct given *given);

/* Sends an owned message, waiting as long as it takes. */
mach_msg_return_t give_wait (struct given *given);

/* Destroys an owned message with all its rights. */
void give_destroy (struct given *given);

/* Answers an owned request with the error CODE, as a server would, and destroys it. */
void give_refuse (struct given *given, int code);

#endif
