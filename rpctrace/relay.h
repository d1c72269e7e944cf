/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passes messages on, from the ends to their queues.

   One thread at a time receives: the leader.  It sends on what it received by itself, also into the
   kernel, where a call may take as long as it likes (vm_map, gsync_wait, memory of a slow pager).  When
   one takes long, the watch makes another thread leader, and the old one ends when its call does.  So
   the order of each port is kept, a quick call costs no switch of threads, and nothing can stop us.

   One lock is over everything here; it is not held during a send that can wait. */
#ifndef RPCTRACE_RELAY_H
#define RPCTRACE_RELAY_H

#include "cross.h"
#include "mach/receive.h"
#include "mach/workers.h"
#include "rights.h"

#include <pthread.h>

struct show;
struct letter;

/* A send-once right that is on its way back to us; see recall.h. */
struct recall
{
	uint64_t last, wanted;		/* numbers of probes */
	uint64_t fenced;		/* the last one that has come to the rights' notices */
	bool came;
	mach_port_t found;
	const struct party *origin;	/* who had sent that on, or NULL; only to be compared */
};

struct leader
{
	struct relay *relay;
	struct leader *next;		/* of the idle ones */
	struct receiver receiver;
	mach_port_t thread;
	pthread_cond_t call;
};

struct relay
{
	pthread_mutex_t lock;
	struct rights rights;
	struct show *show;
	struct leader *leader;		/* the one that receives, or is about to */
	unsigned naming;		/* threads that are in the kernel with a call that uses a task's names */
	struct recall recall;
	bool recalling;			/* no port may stop being received from */
	bool in_kernel;			/* the leader is sending into the kernel, */
	unsigned since;			/* since this tick */
	struct leader *idle;
	unsigned idle_count;
	struct workers *senders;	/* for full queues */
	mach_port_t stage;		/* a port of ours that nobody else uses */
	bool follow;
	unsigned tracked;		/* parties that are tracked and alive */
	pthread_cond_t changed;		/* that number */
};

/* Starts the threads.  False: no ports or threads. */
bool relay_start (struct relay *relay, struct show *show, bool follow);

/* With the lock held: what has been received. */
void relay_came (struct relay *relay, mach_msg_header_t *header);

/* With the lock held: the letters that wait for QUEUE are sent, as far as it has room.  Those to the kernel
   take as long as it likes; relay_pass_soon leaves them to a thread of their own. */
void relay_pass_waiting (struct relay *relay, struct queue *queue);
void relay_pass_soon (struct relay *relay, struct queue *queue);

/* With the lock held: LETTER, which was taken out of PORT, a receive right of ours that only its home knew, goes
   there again as what it is to the world. */
void relay_put_again (struct relay *relay, struct letter *letter, mach_port_t port, mach_msg_type_name_t disposition);

#endif
