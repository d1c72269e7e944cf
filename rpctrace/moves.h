/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receive rights that change hands, and messages that wait. */
#ifndef RPCTRACE_MOVES_H
#define RPCTRACE_MOVES_H

#include "rights.h"

/* FROM gives the receive right NAME, which has come to us, to TO.  The receive right that TO shall
   get instead; *QUEUE is what it receives from.  What waits for the queue is in that receive right
   already, for TO can send there by itself from now on.  The lock is let go meanwhile. */
mach_port_t moves_receive (struct rights *rights, mach_port_t name, struct party *from, struct party *to,
	struct queue **queue);

/* Takes the request for a notification back; the send-once right registered, or null. */
mach_port_t moves_take_request (mach_port_t task, mach_port_t name, mach_msg_id_t kind);

/* For a request for MACH_NOTIFY_NO_SENDERS that waited in a port with STATUS: if that had no senders, it
   waits for the first one that is made. */
mach_port_mscount_t moves_sync (const mach_port_status_t *status);

/* Registers it; NOTIFY, if any, is used up. */
void moves_put_request (mach_port_t task, mach_port_t name, mach_msg_id_t kind, mach_port_mscount_t sync, mach_port_t notify);

/* Takes what SENDER has put into PORT's queue, in order; PORT is in no set.  The one message that may be
   there by a send-once right to a port that was not ADOPTED is the end of our own request for a
   notification, and goes away; so do those with the id WITHOUT, and probes.  True: there was a probe. */
bool moves_drain (const struct rights *rights, struct queue *queue, struct party *sender, mach_port_t port, bool adopted,
	int32_t without);

/* DRAINED becomes all that OWNER of the receive right PORT, QUEUE's, has not received yet; what waits for
   room there comes along.  The lock is let go meanwhile if somebody does. */
void moves_take_own (struct rights *rights, struct queue *queue, struct party *owner, mach_port_t port,
	struct queue *drained);

/* For rights_rehome, CTX being one of these: WAITING grows by what FROM has not received. */
struct moving
{
	struct rights *rights;
	struct party *from, *to;
	struct queue waiting;		/* only its letters */
};
void moves_drain_both (void *ctx, struct queue *queue, mach_port_t name, mach_port_t port, bool adopted);

/* It was sent before everything else that waits for QUEUE. */
void moves_put_in_front (struct queue *queue, struct queue *drained);

/* The letters that came by send-once rights go on by such rights to PORT, the receive right of which is
   ours yet; and so do all behind the first ROOM ones, for those need no room. */
void moves_make_onces (struct queue *queue, mach_port_t port, unsigned room);

/* The room for moves_make_onces: how many letters fit into a port that nobody else can send to meanwhile. */
#define MOVES_ROOM MACH_PORT_QLIMIT_MAX

/* A message that waits to be sent to a queue, as it was received. */
struct letter
{
	struct letter *next;
	struct party *from;		/* whose its rights are; used */
	bool by_once;			/* it came by a send-once right, */
	mach_port_t once;		/* and goes on by this one, when that is made */
	bool recalled;			/* its send-once rights are none of ours any more */
	mach_msg_header_t header;	/* and the rest of it behind */
};

struct letter *letter_new (const mach_msg_header_t *header, struct party *from, mach_port_t once);
void letter_put (struct queue *queue, struct letter *letter);
struct letter *letter_take (struct queue *queue);
void letter_free (struct rights *rights, struct letter *letter);

#endif
