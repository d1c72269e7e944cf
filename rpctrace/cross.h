/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message on its way from one party to another: its rights, as the sender's side knows them, become
   what the receiver's side knows them as.  The message is changed in place; out-of-line memory goes on
   as it is and is never touched. */
#ifndef RPCTRACE_CROSS_H
#define RPCTRACE_CROSS_H

#include "core/wire/wire.h"
#include "rights.h"

/* In the key of a right that goes home at once: nothing of it is kept, so no death will be told. */
#define CROSSING_KEY_PASSING (UINT64_C (1) << 63)

struct crossing
{
	struct rights *rights;
	mach_msg_header_t *header;	/* as received; afterwards ready to be sent */
	struct party *from, *to;
	struct party *body_to;		/* whose names the body gets; usually TO */
	struct party *raws;		/* whose the rights are that are not known */
	bool recalled;			/* send-once rights go on as they are */
	struct queue *queue;		/* it is sent to, or NULL */
	bool circular;			/* it carries that queue's receive right: nobody could ever receive it */
	struct party *execs;		/* an exec for this task, or NULL: the process port in it is shown to the door */

	/* What was found, for the lines: one key per port slot. */
	uint64_t *keys;
	uint32_t keys_count, keys_room;
	uint64_t reply_key;
	struct end *reply;		/* made for the reply right, if that is a send-once right */
	struct queue *about;		/* the first known queue in the body */

	/* Queues whose ports the message names. */
	struct queue **pinned;
	uint32_t pinned_count, pinned_room;
};

/* Zeroes all but the arrays, which are kept for the next message. */
void cross_begin (struct crossing *crossing, struct rights *rights, mach_msg_header_t *header);

/* Turns the message, which becomes one to DESTINATION.  Nothing can fail. */
void cross (struct crossing *crossing, mach_port_t destination, mach_msg_type_name_t disposition);

/* The message has been sent: its queues may go. */
void cross_unpin (struct crossing *crossing);

void cross_free (struct crossing *crossing);

#endif
