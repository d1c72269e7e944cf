/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who sees which right under which port.

   A *party* is a traced task, or the world: everything else.  A *queue* is what a receive right
   receives from; its *home* is the party that has the receive right.  Only its home knows the queue
   itself.  Every other party knows it by an *end*: a port of ours, one per queue and party, whose
   messages we pass on to the queue.  So each party has one name for one queue, a right that comes
   home is the right itself, and a message tells by the port it came to who has sent it.

   A send-once right has no identity, so it gets an end of its own that is used once.

   All of this is called with the relay's lock held; what destroys ports is called by the thread that
   receives, or when no thread does. */
#ifndef RPCTRACE_RIGHTS_H
#define RPCTRACE_RIGHTS_H

#include "limits.h"
#include "mach/map.h"

#include <mach.h>
#include <stdbool.h>
#include <stdint.h>

struct letter;

struct party
{
	struct party *next;
	bool world;			/* also a task that was let go */
	bool dead;
	bool tracked;			/* its task has our ports for its own, and is waited for */
	bool leaving;			/* it gets its rights back: one of its own that we do not know stays as it is */
	uint32_t number;		/* the tracer's; 0: not shown */
	int32_t pid;
	struct queue *task;		/* NULL: the world */
	uint32_t uses;			/* ends, queues and letters that mention it */
};

enum queue_kind { QUEUE_UNKNOWN, QUEUE_TASK, QUEUE_KERNEL };

struct queue
{
	uint64_t key;
	mach_port_t port;		/* our name for it: a send right */
	uint32_t urefs;			/* user references of it that are ours */
	struct party *home;
	mach_port_t home_name;		/* what an attached home calls it, or null */
	struct party *task_of;		/* the kernel's port of a traced task, or of a thread in it */
	struct party *thread_of;
	struct party *process_of;	/* what the process server knows a traced task by */
	struct end *ends;
	enum queue_kind kind;
	bool dead;
	bool hidden;			/* our own lines go there: not shown */
	bool busy;			/* a message to it is being sent: the next ones wait */
	bool crossing;			/* one is being turned, the lock perhaps let go: the next ones wait */
	bool draining;			/* somebody passes the waiting ones on */
	bool held;			/* nothing is passed on or received for it, whatever comes waits */
	bool listed;			/* to be looked at by rights_clean */
	uint32_t pins;			/* a message under way needs its ports */
	struct letter *first, **last;	/* waiting messages, in order */
	uint32_t waiting;
	struct queue *next_listed;
};

struct end
{
	mach_port_t port;		/* the receive right */
	struct party *holder;		/* who sends by it */
	struct queue *queue;		/* NULL: stands for the send-once right below */
	struct end *next;		/* of the queue's, or of the spare ones */
	uint32_t makes;			/* the make-send count that the port has, or will have */
	uint32_t extra;			/* send rights to it that came to us, to be dropped */
	bool dropping;			/* is in the list of those that have some */
	bool paused;			/* is not received from */
	bool lingers;			/* adopted: nobody can send, but what was sent is still to come */
	mach_port_t *stragglers;	/* adopted: send-once rights to the queue, one for each that leads to PORT */
	uint32_t stragglers_count;
	mach_port_t notify;		/* adopted: the kernel's word about it comes here, for send-once rights
					   to PORT were perhaps made before it was ours */
	struct end *next_dropping;

	/* of send-once rights */
	uint64_t key;
	mach_port_t once;
	struct party *origin;		/* who receives from it */
	struct party *raws;		/* whose the rights in the answer are that we do not know */
	struct party *about;		/* the traced task that the request was made of */
	int32_t request;		/* its id, or 0 */
	bool hidden;			/* it was not shown */
	mach_port_t server;		/* our thread that is in the kernel for it, or null */
	bool watched;
	unsigned since;			/* tick */
	struct end *younger, *older;	/* of those that are not watched yet */
};

struct rights
{
	struct map ends;		/* by receive right */
	struct map queues;		/* by send right */
	struct map onces;		/* by send-once right */
	mach_port_t set;		/* all ends and NOTICES */
	mach_port_t notices;
	struct party *parties;
	struct party *world;
	struct party *door;		/* the world too, seen through: see rights_end */
	struct end *spare;
	unsigned spares;
	struct end *dropping;
	struct end *oldest, *youngest;
	unsigned lingering;
	unsigned straggling;		/* ends of no queue, only with stragglers */
	struct queue *listed;
	uint64_t last_key;
	uint64_t secret;		/* of probes */
	unsigned tick;
	unsigned queues_count, ends_count, onces_count, parties_count;
	void (*died) (void *ctx, uint64_t key);	/* a key is a right no more */
	void *ctx;
	/* Sends QUEUE's letters on, as far as there is room; lets others have the lock for a moment. */
	void (*pass_waiting) (void *relay, struct queue *queue);
	void (*give_way) (void *relay);
	/* What was received until now is looked at, while others have the lock. */
	void (*settle) (void *relay);
	void *relay;
};

/* False: no ports. */
bool rights_init (struct rights *rights);

/* TASK is a send right that becomes ours, or null for a world. */
struct party *rights_party (struct rights *rights, mach_port_t task);
void party_use (struct party *party);
void party_unuse (struct rights *rights, struct party *party);

struct end *rights_end_at (const struct rights *rights, mach_port_t port);
/* The end by which PARTY knows QUEUE, or NULL. */
struct end *rights_end_of (const struct queue *queue, const struct party *party);
struct queue *rights_queue_at (const struct rights *rights, mach_port_t name);

/* What NAME is: a send right, one user reference of which becomes the rights'.  A name not seen
   before is a queue of HOME's, or of the world's if it is the kernel's. */
struct queue *rights_identify (struct rights *rights, mach_port_t name, struct party *home);

/* The end by which PARTY knows QUEUE, made if need be.  For the door also one of a queue whose home
   is the world: it shows what is sent there. */
struct end *rights_end (struct rights *rights, struct queue *queue, struct party *party);

/* An end for the send-once right NAME, which becomes ours. */
struct end *rights_once (struct rights *rights, mach_port_t name, struct party *holder, struct party *origin);

/* The send-once right was used or is dead; the port may be used again if nobody can send to it. */
void rights_once_used (struct rights *rights, struct end *end);
void rights_once_dead (struct rights *rights, struct end *end);

/* The send-once right that what came to END, an end without a queue, goes on by; it is the caller's. */
mach_port_t rights_once_of (struct end *end);

/* The same for what came by a send-once right to an adopted end of a queue; null for any other end. */
mach_port_t rights_straggler (struct end *end);

/* A send-once right of ours that led to END was thrown away. */
void rights_discarded (struct rights *rights, struct end *end);

/* A message of ours that a send-once right is used up by; it may come back to us. */
struct probe
{
	mach_msg_header_t header;
	uint64_t secret;		/* nobody else can make one */
	uint64_t number;		/* 0: nobody waits for it */
};

/* False: NAME was dead; it is still there. */
bool rights_send_probe (const struct rights *rights, mach_port_t name, uint64_t number);
bool rights_is_probe (const struct rights *rights, const mach_msg_header_t *header);

enum queue_kind rights_kind (struct queue *queue);

/* A send right to END; rights_drop_extras takes it back if nobody took it. */
mach_port_t rights_make (struct rights *rights, struct end *end);

/* A send right to END has come to us. */
void rights_end_came (struct rights *rights, struct end *end);

/* The kernel says that END has no senders; COUNT is its make-send count. */
void rights_no_senders (struct rights *rights, struct end *end, uint32_t count);

/* The receive right NAME has come to us from its home FROM, and TO gets another one for it: *PORT, a
   receive right of ours with no messages, or null: one is found or made.  NAME is FROM's end from now
   on.  Before that DRAIN is called, to fetch what is in NAME, and in the PORT that TO knew the queue by
   if that is not null.  Our send right to *PORT is the queue's. */
struct queue *rights_rehome (struct rights *rights, mach_port_t name, struct party *from, struct party *to,
	mach_port_t *port, void (*drain) (void *ctx, struct queue *queue, mach_port_t name, mach_port_t port, bool adopted), void *ctx);

/* QUEUE may be useless now; rights_clean looks. */
void rights_look_later (struct rights *rights, struct queue *queue);
void rights_clean (struct rights *rights);

/* From time to time. */
void rights_drop_extras (struct rights *rights);
void rights_watch_young (struct rights *rights);
void rights_ask_lingering (struct rights *rights);

/* Asks for a dead-name notification. */
void rights_watch (struct rights *rights, mach_port_t name);

void rights_pause (struct rights *rights, struct end *end, bool pause);

/* Never fails: waits until there is memory. */
void *rights_memory (size_t bytes);

#endif
