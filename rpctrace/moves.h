/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receive rights that change hands, and messages that wait. */
#ifndef RPCTRACE_MOVES_H
#define RPCTRACE_MOVES_H

#include "rights.h"

/* FROM gives the receive right NAME, which has come to us, to TO.  The receive right that TO shall
   get instead; *QUEUE is what it receives from.  Messages that TO sent there and that have not been
   passed on become the queue's first letters. */
mach_port_t moves_receive (struct rights *rights, mach_port_t name, struct party *from, struct party *to,
	struct queue **queue);

/* Takes the request for a notification back; the send-once right registered, or null. */
mach_port_t moves_take_request (mach_port_t task, mach_port_t name, mach_msg_id_t kind);

/* Registers it; NOTIFY, if any, is used up. */
void moves_put_request (mach_port_t task, mach_port_t name, mach_msg_id_t kind, mach_port_mscount_t sync, mach_port_t notify);

/* A message that waits to be sent to a queue, as it was received. */
struct letter
{
	struct letter *next;
	struct party *from;		/* used */
	mach_msg_header_t header;	/* and the rest of it behind */
};

struct letter *letter_new (const mach_msg_header_t *header, struct party *from);
void letter_put (struct queue *queue, struct letter *letter);
struct letter *letter_take (struct queue *queue);
void letter_free (struct rights *rights, struct letter *letter);

#endif
