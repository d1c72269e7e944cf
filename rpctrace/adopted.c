/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receive rights that move: the port that its home had stays in use, as an end that was adopted.  Send-once
   rights to it were perhaps made before it was ours: each is a straggler, that goes on by one to the queue. */
#include "rights_internal.h"

#include <mach/notify.h>
#include <stdlib.h>

/* --- stragglers ----------------------------------------------------------------- */

/* Their port is dead or, yet, ours. */
void
adopted_no_stragglers (struct rights *rights, struct end *end)
{
	while (end->stragglers_count > 0)
		once_discard (rights, end->stragglers[--end->stragglers_count]);
	free (end->stragglers);
	end->stragglers = NULL;
}

/* For each send-once right that leads to END's port one to PORT, the receive right of which is ours yet. */
static void
make_stragglers (struct end *end, mach_port_t port)
{
	mach_msg_type_name_t type;
	mach_port_status_t status;

	if (mach_port_get_receive_status (mach_task_self (), end->port, &status) != KERN_SUCCESS || status.mps_sorights == 0)
		return;
	end->stragglers = rights_memory (status.mps_sorights * sizeof *end->stragglers);
	while (end->stragglers_count < status.mps_sorights)
		if (mach_port_extract_right (mach_task_self (), port, MACH_MSG_TYPE_MAKE_SEND_ONCE,
			&end->stragglers[end->stragglers_count], &type) == KERN_SUCCESS)
			end->stragglers_count++;
		else
			rights_pause_for_resources ();
}

mach_port_t
rights_straggler (struct end *end)
{
	return end->stragglers_count > 0 ? end->stragglers[--end->stragglers_count] : MACH_PORT_NULL;
}

/* So is the one that is kept for it. */
void
rights_discarded (struct rights *rights, struct end *end)
{
	mach_port_t straggler = rights_straggler (end);

	if (straggler == MACH_PORT_NULL)
		return;
	once_discard (rights, straggler);
	if (end->queue == NULL)
		adopted_straggler_used (rights, end);
}

void
adopted_straggler_used (struct rights *rights, struct end *end)
{
	if (end->stragglers_count > 0)
		return;
	rights->straggling--;
	rights->died (rights->ctx, end->key);
	party_unuse (rights, end->holder);
	party_unuse (rights, end->origin);
	rights_destroy_ports (rights, end);
	free (end);
}

static bool
home_waits_for_no_senders (const struct queue *queue)
{
	mach_port_status_t status;

	return queue->home_name != MACH_PORT_NULL
		&& mach_port_get_receive_status (queue->home->task->port, queue->home_name, &status) == KERN_SUCCESS
		&& status.mps_nsrequest;
}

/* The request of the home to hear that it has no senders may be what END lingers for: its send-once right
   leads to END's own port then.  So END gives its queue up, which has no senders then. */
static void
keep_stragglers (struct rights *rights, struct end *end)
{
	rights->straggling++;
	rights->lingering -= end->lingers;
	end->lingers = false;
	end->key = ++rights->last_key;
	end->origin = end->queue->home;
	end->raws = end->holder;
	party_use (end->origin);
	rights_stop_dropping (rights, end);
	rights_unlink_end (rights, end);
	end->queue = NULL;
	rights_no_notify (rights, end);
}

/* An adopted port may have messages that were sent before, and send-once rights. */
bool
adopted_more_to_come (struct rights *rights, struct end *end)
{
	mach_port_status_t status;

	if (mach_port_get_receive_status (mach_task_self (), end->port, &status) != KERN_SUCCESS
		|| (status.mps_msgcount == 0 && status.mps_sorights == 0))
		return false;
	if (status.mps_msgcount == 0 && end->stragglers != NULL && home_waits_for_no_senders (end->queue))
		keep_stragglers (rights, end);
	else
	{
		rights->lingering += !end->lingers;
		end->lingers = true;
	}
	return true;
}

/* --- the port of the home --------------------------------------------------------- */

/* NAME, a receive right, is FROM's end of QUEUE; EXTRA of our send rights are there too. */
static void
adopt (struct rights *rights, struct queue *queue, mach_port_t name, struct party *from, uint32_t extra)
{
	struct end *end = rights_memory (sizeof *end);

	end->port = name;
	rights_link_end (rights, end, queue, from);
	make_stragglers (end, queue->port);
	while (mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &end->notify) != KERN_SUCCESS
		|| mach_port_move_member (mach_task_self (), end->notify, rights->set) != KERN_SUCCESS
		|| mach_port_move_member (mach_task_self (), name, rights->set) != KERN_SUCCESS)
		rights_pause_for_resources ();
	rights_put (&rights->ends, name, end);
	rights_put (&rights->ends, end->notify, end);
	rights_request_no_senders (end, 0);
	if (extra > 0)
	{
		rights_end_came (rights, end);
		end->extra = extra;
	}
}

/* The end goes, its port stays: a plain receive right of ours. */
static mach_port_t
release_end (struct rights *rights, struct end *end, bool *adopted)
{
	struct party *holder = end->holder;
	mach_port_t port = end->port, previous = MACH_PORT_NULL;

	rights_drop_extra (end);
	rights_stop_dropping (rights, end);
	adopted_no_stragglers (rights, end);
	/* where the request's send-once right led, a word of its end comes: the caller fetches it */
	mach_port_request_notification (mach_task_self (), port, MACH_NOTIFY_NO_SENDERS, 0, MACH_PORT_NULL,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (MACH_PORT_VALID (previous))
		mach_port_deallocate (mach_task_self (), previous);
	mach_port_move_member (mach_task_self (), port, MACH_PORT_NULL);
	rights_unlink_end (rights, end);
	map_remove (&rights->ends, port);
	if (end->lingers)
		rights->lingering--;
	*adopted = end->notify != MACH_PORT_NULL;
	rights_no_notify (rights, end);
	free (end);
	party_unuse (rights, holder);
	return port;
}

static void
unwatch (mach_port_t name)
{
	mach_port_t previous = MACH_PORT_NULL;

	if (mach_port_request_notification (mach_task_self (), name, MACH_NOTIFY_DEAD_NAME, 0, MACH_PORT_NULL,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous) == KERN_SUCCESS && MACH_PORT_VALID (previous))
		mach_port_deallocate (mach_task_self (), previous);
}

struct queue *
rights_rehome (struct rights *rights, mach_port_t name, struct party *from, struct party *to, mach_port_t *port,
	void (*drain) (void *ctx, struct queue *queue, mach_port_t name, mach_port_t port, bool adopted), void *ctx)
{
	struct queue *queue = rights_queue_at (rights, name);
	struct end *end = NULL;
	uint32_t urefs = 0;
	bool adopted;

	party_use (from);	/* the queue may be all that mentioned it */
	if (queue == NULL)
		queue = rights_new_queue (rights, to);
	else
	{
		unwatch (name);
		map_remove (&rights->queues, name);
		urefs = queue->urefs;
		end = rights_end_of (queue, to);
		party_use (to);
		party_unuse (rights, queue->home);
		queue->home = to;
		queue->home_name = MACH_PORT_NULL;
		queue->kind = QUEUE_TASK;
	}
	if (end != NULL)
	{
		*port = release_end (rights, end, &adopted);
		drain (ctx, queue, name, *port, adopted);
	}
	else
	{
		drain (ctx, queue, name, MACH_PORT_NULL, false);
		while (*port == MACH_PORT_NULL
			&& mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, port) != KERN_SUCCESS)
			rights_pause_for_resources ();
	}
	mach_port_insert_right (mach_task_self (), *port, *port, MACH_MSG_TYPE_MAKE_SEND);
	mach_port_set_mscount (mach_task_self (), *port, 0);
	queue->port = *port;
	queue->urefs = 1;
	rights_put (&rights->queues, *port, queue);
	rights_watch (rights, *port);
	adopt (rights, queue, name, from, urefs);
	party_unuse (rights, from);
	return queue;
}

void
rights_ask_lingering (struct rights *rights)
{
	for (size_t i = 0; rights->lingering > 0 && i < rights->ends.slots; i++)
	{
		struct end *end = rights->ends.keys[i] != 0 ? rights->ends.values[i] : NULL;

		if (end != NULL && end->lingers && end->port == rights->ends.keys[i])
			rights_request_no_senders (end, end->makes);
	}
}
