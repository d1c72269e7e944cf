/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forward.h"

#include "core/wire/wire.h"
#include "mach/map.h"
#include "mach/receive.h"
#include "mach/workers.h"

#include <mach/notify.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SENDERS_MAX 64		/* full queues that are waited for at once */

struct forward
{
	mach_port_t port, to;
	bool sending;		/* a message waits for room; nothing else is received */
	bool over;		/* only that message is left */
};

struct forwards
{
	pthread_mutex_t lock;
	struct map by_port, by_to;
	mach_port_t set;	/* the ports and NOTICES */
	mach_port_t notices;	/* deaths of what is forwarded to */
	struct workers *senders;
	struct receiver receiver;
};

/* A message that its queue had no room for. */
struct waiting
{
	struct job job;
	struct forwards *forwards;
	struct forward *forward;
	mach_msg_header_t header;	/* and the rest of it behind */
};

/* With the lock held. */
static void
end (struct forwards *forwards, struct forward *forward)
{
	if (!forward->over)
	{
		map_remove (&forwards->by_port, forward->port);
		map_remove (&forwards->by_to, forward->to);
		mach_port_mod_refs (mach_task_self (), forward->port, MACH_PORT_RIGHT_RECEIVE, -1);
	}
	forward->over = true;
	if (forward->sending)
		return;
	mach_port_deallocate (mach_task_self (), forward->to);
	free (forward);
}

static void
send_when_room (struct job *job)
{
	struct waiting *waiting = (struct waiting *) job;
	struct forwards *forwards = waiting->forwards;
	struct forward *forward = waiting->forward;
	mach_msg_return_t result;

	do
		result = mach_msg (&waiting->header, MACH_SEND_MSG, waiting->header.msgh_size, 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL);
	while (result == MACH_SEND_INTERRUPTED);
	if (result != MACH_MSG_SUCCESS)
		mach_msg_destroy (&waiting->header);
	free (waiting);
	pthread_mutex_lock (&forwards->lock);
	forward->sending = false;
	if (forward->over)
		end (forwards, forward);
	else
		mach_port_move_member (mach_task_self (), forward->port, forwards->set);
	pthread_mutex_unlock (&forwards->lock);
}

static void
wait_for_room (struct forwards *forwards, struct forward *forward, mach_msg_header_t *header)
{
	struct waiting *waiting = malloc (sizeof *waiting + header->msgh_size);

	if (waiting == NULL)
	{
		mach_msg_destroy (header);	/* who waits for an answer is told */
		return;
	}
	waiting->job.run = send_when_room;
	waiting->forwards = forwards;
	waiting->forward = forward;
	memcpy (&waiting->header, header, header->msgh_size);
	forward->sending = true;
	mach_port_move_member (mach_task_self (), forward->port, MACH_PORT_NULL);
	workers_submit (forwards->senders, &waiting->job);
}

/* What was received out of line goes along, and is ours no more. */
static void
give_memory (mach_msg_header_t *header)
{
	struct wire_walk walk;
	struct wire_item item;
	uint8_t *body = (uint8_t *) header + WIRE_HEADER_BYTES;

	if (!(header->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	wire_walk (&walk, body, header->msgh_size - WIRE_HEADER_BYTES);
	while (wire_next (&walk, &item))
		if (!item.is_inline)
			wire_set_item (body, &item, item.name, item.bytes > 0);
}

/* The reply right and those in the body are moved on under the same names. */
static void
pass_on (struct forwards *forwards, struct forward *forward, mach_msg_header_t *header)
{
	mach_msg_return_t result;

	give_memory (header);
	header->msgh_bits = (header->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		| MACH_MSGH_BITS (MACH_MSG_TYPE_COPY_SEND, MACH_MSGH_BITS_REMOTE (header->msgh_bits));
	header->msgh_local_port = header->msgh_remote_port;
	header->msgh_remote_port = forward->to;
	result = mach_msg (header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, header->msgh_size, 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL);
	if (result == MACH_SEND_TIMED_OUT)
		wait_for_room (forwards, forward, header);
	else if (result != MACH_MSG_SUCCESS)
		mach_msg_destroy (header);
}

/* With the lock held. */
static void
came (struct forwards *forwards, mach_msg_header_t *header)
{
	struct forward *forward = map_get (&forwards->by_port, header->msgh_local_port);
	mach_port_t dead;

	if (header->msgh_local_port == forwards->notices && header->msgh_id == MACH_NOTIFY_DEAD_NAME
		&& header->msgh_size >= sizeof (mach_dead_name_notification_t))
	{
		dead = ((mach_dead_name_notification_t *) header)->not_port;
		forward = map_get (&forwards->by_to, dead);
		if (forward != NULL)
			end (forwards, forward);
		mach_port_deallocate (mach_task_self (), dead);	/* the notification's own reference */
	}
	else if (forward == NULL)
		mach_msg_destroy (header);
	else if (MACH_MSGH_BITS_LOCAL (header->msgh_bits) == MACH_MSG_TYPE_PORT_SEND_ONCE)
		end (forwards, forward);	/* only the kernel has such a right: there are no senders any more */
	else
		pass_on (forwards, forward, header);
}

static void *
receive (void *argument)
{
	struct forwards *forwards = argument;

	while (receiver_next (&forwards->receiver, forwards->set, 0, MACH_MSG_TIMEOUT_NONE) == MACH_MSG_SUCCESS)
	{
		pthread_mutex_lock (&forwards->lock);
		came (forwards, forwards->receiver.buffer);
		pthread_mutex_unlock (&forwards->lock);
	}
	return NULL;
}

struct forwards *
forwards_create (void)
{
	struct forwards *forwards = calloc (1, sizeof *forwards);
	mach_port_t self = mach_task_self ();
	pthread_t thread;

	if (forwards == NULL)
		return NULL;
	pthread_mutex_init (&forwards->lock, NULL);
	if ((forwards->senders = workers_create (SENDERS_MAX)) == NULL || !receiver_init (&forwards->receiver)
		|| mach_port_allocate (self, MACH_PORT_RIGHT_PORT_SET, &forwards->set) != KERN_SUCCESS
		|| mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &forwards->notices) != KERN_SUCCESS
		|| mach_port_move_member (self, forwards->notices, forwards->set) != KERN_SUCCESS
		|| pthread_create (&thread, NULL, receive, forwards) != 0)
		return NULL;	/* at the start of the program, which ends then */
	pthread_detach (thread);
	return forwards;
}

/* With the lock held. */
static bool
enter (struct forwards *forwards, struct forward *forward)
{
	mach_port_t self = mach_task_self (), previous;

	if (!map_put (&forwards->by_port, forward->port, forward))
		return false;
	if (!map_put (&forwards->by_to, forward->to, forward))
	{
		map_remove (&forwards->by_port, forward->port);
		return false;
	}
	/* in this order: either may tell at once */
	if (mach_port_request_notification (self, forward->to, MACH_NOTIFY_DEAD_NAME, 1, forwards->notices,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous) == KERN_SUCCESS
		&& mach_port_move_member (self, forward->port, forwards->set) == KERN_SUCCESS
		&& mach_port_request_notification (self, forward->port, MACH_NOTIFY_NO_SENDERS, 1, forward->port,
			MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous) == KERN_SUCCESS)
		return true;
	map_remove (&forwards->by_port, forward->port);
	map_remove (&forwards->by_to, forward->to);
	return false;
}

bool
forwards_add (struct forwards *forwards, mach_port_t port, mach_port_t to)
{
	struct forward *forward = malloc (sizeof *forward);
	bool good = false;

	if (forward != NULL)
	{
		*forward = (struct forward) { .port = port, .to = to };
		pthread_mutex_lock (&forwards->lock);
		good = enter (forwards, forward);
		pthread_mutex_unlock (&forwards->lock);
	}
	if (good)
		return true;
	free (forward);
	mach_port_mod_refs (mach_task_self (), port, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_deallocate (mach_task_self (), to);
	return false;
}
