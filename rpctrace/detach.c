/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detach.h"

#include "attach.h"
#include "exchange.h"
#include "ids.h"
#include "moves.h"
#include "recall.h"
#include "stop.h"
#include "tasks.h"

#include <mach/task_special_ports.h>
#include <mach/thread_special_ports.h>
#include <stdlib.h>
#include <time.h>

/* What was taken from the task, before anything is given back: a send-once right can be recalled only
   as long as we have the ports it may lead to. */
struct taken
{
	mach_port_t name;
	mach_port_type_t type;
	mach_port_t port;		/* our name for it */
	struct tied tied;
	struct moving *moving;		/* a receive right: what waits in it */
};

struct detaching
{
	struct relay *relay;
	struct party *party;
	mach_port_t task;
	struct taken *taken;
	size_t count, room;
};

/* --- taking -------------------------------------------------------------------------- */

/* Whether a probe came to the task's own port.  Other messages wait with those of a port that changes, and
   stay in one that nobody else knows of and that is given back as it is. */
static bool
is_probed (struct detaching *detaching, const struct taken *taken)
{
	const struct rights *rights = &detaching->relay->rights;
	struct queue drained = { .last = &drained.first };
	mach_port_status_t status;
	bool probed;

	if (taken->moving != NULL)
		return moves_drain (rights, &taken->moving->waiting, detaching->party, taken->port, true, 0);
	if (!(taken->type & MACH_PORT_TYPE_RECEIVE)
		|| mach_port_get_receive_status (mach_task_self (), taken->port, &status) != KERN_SUCCESS
		|| status.mps_msgcount == 0)
		return false;
	probed = moves_drain (rights, &drained, detaching->party, taken->port, true, 0);
	moves_put_back (&detaching->relay->rights, &drained, taken->port);
	return probed;
}

/* The receive right that the task gets for what was TAKEN: the port that the world knows it by. */
static mach_port_t
port_to_come (struct rights *rights, const struct taken *taken)
{
	return taken->moving == NULL ? taken->port
		: rights_end (rights, rights_queue_at (rights, taken->port), rights->world)->port;
}

/* A send-once right that the task has to a port of its own: one to what it gets for that port, or it would lead
   by us for as long as it waits. */
static mach_port_t
recall_own (struct detaching *detaching)
{
	mach_port_t found = MACH_PORT_NULL;
	mach_msg_type_name_t type;

	for (size_t i = 0; i < detaching->count && found == MACH_PORT_NULL; i++)
		if (is_probed (detaching, &detaching->taken[i]) && mach_port_extract_right (mach_task_self (),
			port_to_come (&detaching->relay->rights, &detaching->taken[i]), MACH_MSG_TYPE_MAKE_SEND_ONCE, &found,
			&type) != KERN_SUCCESS)
			found = MACH_PORT_NULL;
	return found;
}

static mach_port_t
recall (struct detaching *detaching, mach_port_t name)
{
	if (MACH_PORT_VALID (name))
		name = recall_once (detaching->relay, name, detaching->party);
	return name != MACH_PORT_NULL ? name : recall_own (detaching);
}

static void
recall_tied (struct detaching *detaching, mach_port_t *name)
{
	if (MACH_PORT_VALID (*name))
		*name = recall (detaching, *name);
}

static struct taken *
new_taken (struct detaching *detaching)
{
	if (detaching->count == detaching->room)
	{
		size_t room = detaching->room * 2 + 64;
		struct taken *larger;

		while ((larger = realloc (detaching->taken, room * sizeof *larger)) == NULL)
			nanosleep (&(struct timespec) { 0, PAUSE_NS }, NULL);
		detaching->taken = larger;
		detaching->room = room;
	}
	return &detaching->taken[detaching->count++];
}

static void
take (void *ctx, mach_port_t name, mach_port_type_t type)
{
	struct detaching *detaching = ctx;
	struct taken taken = { name, type };

	if (type & MACH_PORT_TYPE_RECEIVE)
		taken.port = exchange_take_receive (detaching->task, name, type, &taken.tied);
	else if (type & MACH_PORT_TYPE_SEND)
		taken.port = exchange_take_send (detaching->task, name, &taken.tied);
	else if (type & MACH_PORT_TYPE_SEND_ONCE)
		taken.port = exchange_take_once (detaching->task, name, &taken.tied);
	if (MACH_PORT_VALID (taken.port))
		*new_taken (detaching) = taken;
}

static void
recall_taken (struct detaching *detaching, struct taken *taken)
{
	recall_tied (detaching, &taken->tied.dead_name);
	recall_tied (detaching, &taken->tied.no_senders);
	recall_tied (detaching, &taken->tied.port_destroyed);
	if (!(taken->type & (MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_SEND)))
		recall_tied (detaching, &taken->port);
}

/* --- receive rights --------------------------------------------------------------------- */

/* Fetches what waits in the task's own port; from now on what comes for it waits with us. */
static void
take_letters (struct detaching *detaching, struct taken *taken)
{
	struct rights *rights = &detaching->relay->rights;
	struct queue *queue = rights_queue_at (rights, taken->port);

	/* what came to be known while we had it is of the world already, as it is */
	if (!(taken->type & MACH_PORT_TYPE_RECEIVE) || queue == NULL || queue->home->world)
		return;
	taken->moving = rights_memory (sizeof *taken->moving);
	*taken->moving = (struct moving) { rights, detaching->party, rights->world,
		{ .last = &taken->moving->waiting.first } };
	queue->held = true;
	queue->pins++;
	moves_take_own (rights, queue, detaching->party, taken->port, &taken->moving->waiting);
}

/* No thread has a message of a held queue in its hands that it has not looked at yet. */
static void
settle (struct detaching *detaching)
{
	struct rights *rights = &detaching->relay->rights;

	for (size_t i = 0; i < detaching->count; i++)
		if (detaching->taken[i].moving != NULL)
			for (struct end *end = rights_queue_at (rights, detaching->taken[i].port)->ends; end != NULL; end = end->next)
				rights_pause (rights, end, true);
	recall_fence (detaching->relay);
}

static void
recall_letter (struct detaching *detaching, struct letter *letter)
{
	mach_msg_header_t *header = &letter->header;
	uint8_t *body = (uint8_t *) header + WIRE_HEADER_BYTES;
	struct wire_walk walk;
	struct wire_item item;

	if (MACH_MSGH_BITS_REMOTE (header->msgh_bits) == MACH_MSG_TYPE_PORT_SEND_ONCE
		&& MACH_PORT_VALID (header->msgh_remote_port))
		header->msgh_remote_port = recall (detaching, header->msgh_remote_port);
	if (!(header->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	wire_walk (&walk, body, header->msgh_size - WIRE_HEADER_BYTES);
	while (wire_next (&walk, &item))
		for (uint32_t i = 0; item.disposition == WIRE_SEND_ONCE && item.is_inline && i < item.number; i++)
			if (MACH_PORT_VALID (wire_get_port (body, &item, i)))
				wire_set_port (body, &item, i, recall (detaching, wire_get_port (body, &item, i)));
}

static void
recall_letters (struct detaching *detaching, const struct taken *taken)
{
	if (taken->moving == NULL)
		return;
	for (struct letter *letter = taken->moving->waiting.first; letter != NULL; letter = letter->next)
		recall_letter (detaching, letter);
}

static void
give_receive (struct detaching *detaching, const struct taken *taken)
{
	struct rights *rights = &detaching->relay->rights;
	struct queue *queue = rights_queue_at (rights, taken->port);
	struct moving *moving = taken->moving;
	mach_port_t port = taken->port;

	if (moving != NULL)
	{
		struct end *end = rights_end_of (queue, rights->world);

		port = MACH_PORT_NULL;
		/* what the world sends from now on comes behind what it has sent */
		if (end != NULL)
			mach_port_set_qlimit (mach_task_self (), end->port, 0);
		rights_rehome (rights, taken->port, moving->from, moving->to, &port, moves_drain_both, moving);
		/* what waits in the task's own port was sent before what waits with us, and that before what is in
		   the port that the world knows */
		moves_put_in_front (queue, &moving->waiting);
		queue->home_name = MACH_PORT_NULL;
		moves_make_onces (queue, port, end != NULL ? 0 : MOVES_ROOM);
		mach_port_set_qlimit (mach_task_self (), port, end != NULL ? 0 : MOVES_ROOM);
		queue->held = false;
		relay_pass_waiting (detaching->relay, queue);
		queue->pins--;
		rights_look_later (rights, queue);
		free (moving);
	}
	exchange_give_receive (detaching->task, taken->name, port, &taken->tied);
}

/* --- other rights -------------------------------------------------------------------------- */

static void
give_send (struct detaching *detaching, const struct taken *taken)
{
	struct rights *rights = &detaching->relay->rights;
	struct queue *queue = rights_identify (rights, taken->port, rights->world);
	struct end *end;

	if (queue->home->world)
	{
		exchange_give_send (detaching->task, taken->name, queue->port, MACH_MSG_TYPE_COPY_SEND, &taken->tied);
		return;
	}
	end = rights_end (rights, queue, rights->world);
	end->makes += taken->tied.sends > 0;
	exchange_give_send (detaching->task, taken->name, end->port, MACH_MSG_TYPE_MAKE_SEND, &taken->tied);
}

static void
give (struct detaching *detaching, struct taken *taken, bool receive)
{
	if (receive != !!(taken->type & MACH_PORT_TYPE_RECEIVE))
		return;
	if (receive)
		give_receive (detaching, taken);
	else if (taken->type & MACH_PORT_TYPE_SEND)
		give_send (detaching, taken);
	else if (MACH_PORT_VALID (taken->port))
		exchange_give_once (detaching->task, taken->name, taken->port, MACH_MSG_TYPE_MOVE_SEND_ONCE,
			&taken->tied);
}

/* The kernel may answer at once, to any port of the task's: all of them must be there. */
static void
give_requests (struct detaching *detaching, const struct taken *taken)
{
	if (taken->type & MACH_PORT_TYPE_RECEIVE)
		exchange_give_requests (detaching->task, taken->name, &taken->tied);
}

/* --- the task --------------------------------------------------------------------------------- */

static void
give_threads (mach_port_t task)
{
	mach_msg_type_number_t count = 0;
	thread_array_t threads;

	if (task_threads (task, &threads, &count) != KERN_SUCCESS)
		return;
	for (mach_msg_type_number_t i = 0; i < count; i++)
	{
		thread_set_special_port (threads[i], THREAD_KERNEL_PORT, threads[i]);
		mach_port_deallocate (mach_task_self (), threads[i]);
	}
	vm_deallocate (mach_task_self (), (vm_address_t) threads, count * sizeof *threads);
}

/* Threads that wait in memory of the task do so by us; they ask again, and then by themselves. */
static void
end_our_waits (struct relay *relay, struct party *party)
{
	for (size_t i = 0; i < relay->rights.onces.slots; i++)
	{
		struct end *end = relay->rights.onces.keys[i] != 0 ? relay->rights.onces.values[i] : NULL;

		if (end != NULL && end->server != MACH_PORT_NULL && end->request == ID_GSYNC_WAIT && end->about == party)
			thread_abort (end->server);
	}
}

/* While names are exchanged, no call that uses them may come to the kernel: what is under way ends
   first; the rest waits, also what is received already and what waited for another one to end. */
static void
hold_calls (struct relay *relay, struct party *party, bool hold)
{
	for (size_t i = 0; i < relay->rights.queues.slots; i++)
	{
		struct queue *queue = relay->rights.queues.keys[i] != 0 ? relay->rights.queues.values[i] : NULL;

		if (queue == NULL || (queue->task_of != party && queue->thread_of != party))
			continue;
		queue->held = hold;
		for (struct end *end = queue->ends; end != NULL; end = end->next)
			rights_pause (&relay->rights, end, hold);
	}
	while (hold && relay->naming > 0)
		relay->rights.give_way (relay);
}

static bool
calls_wait (const struct queue *queue)
{
	mach_port_status_t status;

	if (queue->first != NULL)
		return true;
	for (struct end *end = queue->ends; end != NULL; end = end->next)
		if (mach_port_get_receive_status (mach_task_self (), end->port, &status) == KERN_SUCCESS
			&& status.mps_msgcount > 0)
			return true;
	return false;
}

/* What was held comes to the kernel before the task goes on: the next tracer would exchange the names
   that such a call is about. */
static void
end_held_calls (struct relay *relay, struct party *party)
{
	bool wait;

	do
	{
		wait = relay->naming > 0;
		for (size_t i = 0; i < relay->rights.queues.slots && !wait; i++)
		{
			struct queue *queue = relay->rights.queues.keys[i] != 0 ? relay->rights.queues.values[i] : NULL;

			wait = queue != NULL && (queue->task_of == party || queue->thread_of == party)
				&& !queue->dead && calls_wait (queue);
			if (wait && !queue->busy && queue->first != NULL)
				relay_pass_soon (relay, queue);
		}
		if (wait)
			relay->rights.give_way (relay);
	}
	while (wait && !party->dead);
}

/* Send-once rights that lead to the task's ports can be recalled only so. */
static void
receive_from_all (struct relay *relay, struct party *party)
{
	relay->recalling = true;
	for (size_t i = 0; i < relay->rights.queues.slots; i++)
	{
		struct queue *queue = relay->rights.queues.keys[i] != 0 ? relay->rights.queues.values[i] : NULL;

		if (queue != NULL && queue->home == party)
			for (struct end *end = queue->ends; end != NULL; end = end->next)
				rights_pause (&relay->rights, end, false);
	}
}

static void
unpin (struct relay *relay, struct queue *task)
{
	task->pins--;
	rights_look_later (&relay->rights, task);
}

static void
detach (struct relay *relay, struct party *party)
{
	struct queue *task = party->task;
	struct detaching detaching = { relay, party, task->port };

	task->pins++;	/* or its name could be another's, should it die meanwhile */
	/* what it waits for may be in others' hands; meanwhile all goes on by us */
	while (!party->dead && !stop_task (detaching.task))
	{
		pthread_mutex_unlock (&relay->lock);
		nanosleep (&(struct timespec) { STOP_MS / 1000, 0 }, NULL);
		pthread_mutex_lock (&relay->lock);
	}
	if (party->dead)
	{
		unpin (relay, task);
		return;
	}
	hold_calls (relay, party, true);
	attach_abort_waits (detaching.task);
	receive_from_all (relay, party);
	party->leaving = true;
	exchange_each (detaching.task, take, &detaching);
	for (size_t i = 0; i < detaching.count; i++)
		take_letters (&detaching, &detaching.taken[i]);
	for (size_t i = 0; i < detaching.count; i++)
		recall_taken (&detaching, &detaching.taken[i]);
	for (size_t i = 0; i < detaching.count; i++)
		recall_letters (&detaching, &detaching.taken[i]);
	settle (&detaching);
	for (size_t i = 0; i < detaching.count; i++)
		give (&detaching, &detaching.taken[i], true);
	for (size_t i = 0; i < detaching.count; i++)
		give_requests (&detaching, &detaching.taken[i]);
	for (size_t i = 0; i < detaching.count; i++)
		give (&detaching, &detaching.taken[i], false);
	free (detaching.taken);
	relay->recalling = false;
	task_set_special_port (detaching.task, TASK_KERNEL_PORT, detaching.task);
	give_threads (detaching.task);
	end_our_waits (relay, party);
	hold_calls (relay, party, false);
	end_held_calls (relay, party);
	task_resume (detaching.task);
	tasks_let_go (relay, party);
	unpin (relay, task);
}

void
detach_all (struct relay *relay)
{
	struct party *party;

	pthread_mutex_lock (&relay->lock);
	for (;;)
	{
		for (party = relay->rights.parties; party != NULL && (!party->tracked || party->dead); )
			party = party->next;
		if (party == NULL)
			break;
		party_use (party);
		detach (relay, party);
		party_unuse (&relay->rights, party);
	}
	pthread_mutex_unlock (&relay->lock);
}

bool
detach_is_needed (struct relay *relay)
{
	bool needed;

	pthread_mutex_lock (&relay->lock);
	needed = relay->rights.onces_count > 0 || relay->rights.straggling > 0 || relay->rights.ends_count > 0
		|| relay->rights.queues_count > 0;
	pthread_mutex_unlock (&relay->lock);
	return needed;
}
