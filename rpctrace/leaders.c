/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leaders.h"

#include <stdlib.h>
#include <time.h>

#define LEADER_STACK_BYTES (128 * 1024)

mach_port_t
leaders_this_thread (void)
{
	static __thread mach_port_t thread;

	if (thread == MACH_PORT_NULL)
		thread = mach_thread_self ();
	return thread;
}

bool
leaders_lead (const struct relay *relay)
{
	return relay->leader != NULL && relay->leader->thread == leaders_this_thread ();
}

/* With the lock held.  Returns when the leader has been sent home for good. */
static void
lead (struct relay *relay, struct leader *leader)
{
	while (relay->leader == leader)
	{
		mach_msg_return_t result;

		rights_clean (&relay->rights);
		pthread_mutex_unlock (&relay->lock);
		result = receiver_next (&leader->receiver, relay->rights.set, 0, 0);
		pthread_mutex_lock (&relay->lock);
		if (result == MACH_MSG_SUCCESS)
			relay_came (relay, leader->receiver.buffer);
	}
}

static void *
leader_main (void *argument)
{
	struct leader *leader = argument;
	struct relay *relay = leader->relay;

	leader->thread = leaders_this_thread ();
	pthread_mutex_lock (&relay->lock);
	for (;;)
	{
		lead (relay, leader);
		if (relay->idle_count >= IDLE_LEADERS_MAX)
			break;
		leader->next = relay->idle;
		relay->idle = leader;
		relay->idle_count++;
		while (relay->leader != leader)
			pthread_cond_wait (&leader->call, &relay->lock);
	}
	pthread_mutex_unlock (&relay->lock);
	receiver_free (&leader->receiver);
	pthread_cond_destroy (&leader->call);
	free (leader);
	return NULL;
}

static struct leader *
new_leader (struct relay *relay)
{
	struct leader *leader = rights_memory (sizeof *leader);
	pthread_attr_t attributes;
	pthread_t thread;

	leader->relay = relay;
	pthread_cond_init (&leader->call, NULL);
	pthread_attr_init (&attributes);
	pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize (&attributes, LEADER_STACK_BYTES);
	if (receiver_init (&leader->receiver) && pthread_create (&thread, &attributes, leader_main, leader) == 0)
		return leader;
	receiver_free (&leader->receiver);
	free (leader);
	return NULL;
}

/* Another thread becomes the leader.  When none can be made the old one stays, and we try again. */
void
leaders_next (struct relay *relay)
{
	struct leader *leader = relay->idle;

	if (leader != NULL)
	{
		relay->idle = leader->next;
		relay->idle_count--;
		relay->leader = leader;
		pthread_cond_signal (&leader->call);
	}
	else if ((leader = new_leader (relay)) != NULL)
		relay->leader = leader;	/* it waits for the lock */
	if (leader != NULL)
		relay->in_kernel = false;
}

/* Only who receives may destroy ports, and it waits perhaps for a message while there is something to
   clean up that another thread has listed. */
static void
wake_leader (struct relay *relay)
{
	mach_msg_header_t nothing =
	{
		.msgh_bits = MACH_MSGH_BITS (MACH_MSG_TYPE_MAKE_SEND_ONCE, 0),
		.msgh_size = sizeof nothing,
		.msgh_remote_port = relay->rights.notices,
	};

	mach_msg (&nothing, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof nothing, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

static void *
watch (void *argument)
{
	struct timespec tick = { 0, TICK_MS * 1000000 };
	struct relay *relay = argument;

	for (;;)
	{
		nanosleep (&tick, NULL);
		pthread_mutex_lock (&relay->lock);
		relay->rights.tick++;
		rights_drop_extras (&relay->rights);
		rights_watch_young (&relay->rights);
		if (relay->rights.tick % 64 == 0)
			rights_ask_lingering (&relay->rights);
		if (relay->in_kernel && relay->rights.tick - relay->since >= STUCK_TICKS)
			leaders_next (relay);
		if (relay->rights.listed != NULL)
			wake_leader (relay);
		pthread_mutex_unlock (&relay->lock);
	}
	return NULL;
}

bool
leaders_watch (struct relay *relay)
{
	pthread_t thread;

	return pthread_create (&thread, NULL, watch, relay) == 0;
}
