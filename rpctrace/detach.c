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
	struct queue *queue;		/* what it receives from, if others know that by us */
	unsigned room;			/* in the port that it comes home to */
};

/* A send-once right to a port of the task's own: it is made when that has come home. */
struct own
{
	struct own *next;
	const struct taken *leads_to;
	mach_port_t *right;		/* or, if null, within a letter's body: */
	uint8_t *body;
	struct wire_item item;
	uint32_t index;
};

struct detaching
{
	struct relay *relay;
	struct party *party;
	mach_port_t task;
	int patience_ms;		/* for rights that have not come back; what leads elsewhere for good uses it up */
	struct taken *taken;
	size_t count, room;
	struct own *own;
};

/* --- recalling ----------------------------------------------------------------------- */

/* What has come since it was taken: by us to a port that others know; else from the world, or for it, for the task
   is leaving and has perhaps just been heard of that port.  True: there was a probe. */
static bool
fetch_letters (struct detaching *detaching, const struct taken *taken)
{
	struct rights *rights = &detaching->relay->rights;

	return moves_drain (rights, &taken->moving->waiting, taken->queue != NULL ? detaching->party : rights->world,
		taken->port, true, 0);
}

/* The port of the task's own that a recalled right led to, or NULL. */
static const struct taken *
find_own (struct detaching *detaching)
{
	const struct taken *found = NULL;

	for (size_t i = 0; i < detaching->count && found == NULL; i++)
	{
		const struct taken *taken = &detaching->taken[i];

		if (taken->moving != NULL && fetch_letters (detaching, taken))
			found = taken;
	}
	return found;
}

/* What NAME led to; if that is a port of the task's own, null, and *OWN says which one.  What the task itself had
   sent leads to another port of ours again, or home. */
static mach_port_t
recall (struct detaching *detaching, mach_port_t name, struct own *own)
{
	const struct party *origin = detaching->party;
	struct own *kept;

	while (origin == detaching->party && MACH_PORT_VALID (name))
	{
		name = recall_once (detaching->relay, name, &origin);
		while (name == MACH_PORT_NULL && (own->leads_to = find_own (detaching)) == NULL && detaching->patience_ms > 0)
		{
			name = recall_later (detaching->relay, &origin);
			detaching->patience_ms -= RECALL_LOOK_MS;
		}
	}
	recall_end (detaching->relay);
	if (name != MACH_PORT_NULL || own->leads_to == NULL)
		return name;
	kept = rights_memory (sizeof *kept);
	*kept = *own;
	kept->next = detaching->own;
	detaching->own = kept;
	return MACH_PORT_NULL;
}

static void
recall_at (struct detaching *detaching, mach_port_t *name)
{
	if (MACH_PORT_VALID (*name))
		*name = recall (detaching, *name, &(struct own) { .right = name });
}

static void
recall_letter (struct detaching *detaching, struct letter *letter)
{
	mach_msg_header_t *header = &letter->header;
	struct own own = { .body = (uint8_t *) header + WIRE_HEADER_BYTES };
	struct wire_walk walk;

	letter->recalled = true;
	if (MACH_MSGH_BITS_REMOTE (header->msgh_bits) == MACH_MSG_TYPE_PORT_SEND_ONCE)
		recall_at (detaching, &header->msgh_remote_port);
	if (!(header->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	wire_walk (&walk, own.body, header->msgh_size - WIRE_HEADER_BYTES);
	while (wire_next (&walk, &own.item))
		for (own.index = 0; own.item.disposition == WIRE_SEND_ONCE && own.item.is_inline && own.index < own.item.number;
			own.index++)
		{
			mach_port_t name = wire_get_port (own.body, &own.item, own.index);

			if (MACH_PORT_VALID (name))
				wire_set_port (own.body, &own.item, own.index, recall (detaching, name, &own));
		}
}

static void
recall_taken (struct detaching *detaching, struct taken *taken)
{
	recall_at (detaching, &taken->tied.dead_name);
	recall_at (detaching, &taken->tied.no_senders);
	recall_at (detaching, &taken->tied.port_destroyed);
	if (!(taken->type & (MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_SEND)))
		recall_at (detaching, &taken->port);
}

static void
recall_letters (struct detaching *detaching, const struct taken *taken)
{
	if (taken->moving == NULL)
		return;
	for (struct letter *letter = taken->moving->waiting.first; letter != NULL; letter = letter->next)
		if (letter->from == detaching->party)
			recall_letter (detaching, letter);
}

static void
make_own (struct detaching *detaching)
{
	struct own *own;
	mach_port_t once;
	mach_msg_type_name_t type;

	while ((own = detaching->own) != NULL)
	{
		detaching->own = own->next;
		while (mach_port_extract_right (mach_task_self (), own->leads_to->port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &once,
			&type) != KERN_SUCCESS)
			detaching->relay->rights.give_way (detaching->relay);
		if (own->right != NULL)
			*own->right = once;
		else
			wire_set_port (own->body, &own->item, own->index, once);
		free (own);
	}
}

/* --- taking -------------------------------------------------------------------------- */

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

/* --- receive rights --------------------------------------------------------------------- */

/* Fetches what waits in a port that only the task knows.  The lock has not been let go since it is leaving: all of
   it is as the task sees it, and what comes from now on is as the world does. */
static void
take_unknown (struct detaching *detaching, struct taken *taken)
{
	struct rights *rights = &detaching->relay->rights;
	struct queue *queue = rights_queue_at (rights, taken->port);

	if (!(taken->type & MACH_PORT_TYPE_RECEIVE))
		return;
	taken->moving = rights_memory (sizeof *taken->moving);
	*taken->moving = (struct moving) { rights, detaching->party, rights->world,
		{ .last = &taken->moving->waiting.first } };
	if (queue != NULL && !queue->home->world)
		taken->queue = queue;
	else
		moves_drain (rights, &taken->moving->waiting, detaching->party, taken->port, true, 0);
}

/* Fetches what waits in the port of a queue; from now on what comes for it waits with us. */
static void
take_known (struct detaching *detaching, struct taken *taken)
{
	if (taken->queue == NULL)
		return;
	taken->queue->held = true;
	taken->queue->pins++;
	moves_take_own (&detaching->relay->rights, taken->queue, detaching->party, taken->port, &taken->moving->waiting);
}

/* No thread has a message of a held queue in its hands that it has not looked at yet. */
static void
settle (struct detaching *detaching)
{
	struct rights *rights = &detaching->relay->rights;

	for (size_t i = 0; i < detaching->count; i++)
		if (detaching->taken[i].queue != NULL)
			for (struct end *end = detaching->taken[i].queue->ends; end != NULL; end = end->next)
				rights_pause (rights, end, true);
	recall_fence (detaching->relay);
}

/* The receive right that the task gets is the one that the world knows. */
static void
come_home (struct detaching *detaching, struct taken *taken)
{
	struct rights *rights = &detaching->relay->rights;
	struct moving *moving = taken->moving;
	mach_port_t port = MACH_PORT_NULL;
	struct end *end;

	if (taken->queue == NULL)
		return;
	end = rights_end_of (taken->queue, rights->world);
	/* what the world sends from now on comes behind what it has sent */
	if (end != NULL)
		mach_port_set_qlimit (mach_task_self (), end->port, 0);
	taken->room = end != NULL ? 0 : MOVES_ROOM;
	rights_rehome (rights, taken->port, moving->from, moving->to, &port, moves_drain_both, moving);
	/* what waits in the task's own port was sent before what waits with us, and that before what is in
	   the port that the world knows */
	moves_put_in_front (taken->queue, &moving->waiting);
	taken->port = port;
}

/* What waits in a port that nobody else knew, answers mostly, has rights in it that the task knew by us. */
static void
put_letters_again (struct detaching *detaching, struct taken *taken)
{
	struct rights *rights = &detaching->relay->rights;
	struct queue *waiting = &taken->moving->waiting;
	struct letter *letter;

	fetch_letters (detaching, taken);
	mach_port_set_qlimit (mach_task_self (), taken->port, MOVES_ROOM);
	for (unsigned place = 0; (letter = letter_take (waiting)) != NULL; place++)
	{
		relay_put_again (detaching->relay, letter, taken->port, letter->by_once || place >= MOVES_ROOM
			? MACH_MSG_TYPE_MAKE_SEND_ONCE : MACH_MSG_TYPE_MAKE_SEND);
		letter_free (rights, letter);
	}
}

static void
pass_letters (struct detaching *detaching, struct taken *taken)
{
	struct queue *queue = taken->queue;

	if (taken->moving == NULL)
		return;
	if (queue == NULL)
		put_letters_again (detaching, taken);
	else
	{
		moves_make_onces (queue, taken->port, taken->room);
		mach_port_set_qlimit (mach_task_self (), taken->port, taken->room);
		queue->held = false;
		relay_pass_waiting (detaching->relay, queue);
		queue->pins--;
		rights_look_later (&detaching->relay->rights, queue);
	}
	free (taken->moving);
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
	if (exchange_give_send (detaching->task, taken->name, end->port, MACH_MSG_TYPE_MAKE_SEND, &taken->tied))
		end->makes++;
	else
		rights_make (rights, end);
}

static void
give (struct detaching *detaching, struct taken *taken, bool receive)
{
	if (receive != !!(taken->type & MACH_PORT_TYPE_RECEIVE))
		return;
	if (receive)
		exchange_give_receive (detaching->task, taken->name, taken->port, &taken->tied);
	else if (taken->type & MACH_PORT_TYPE_SEND)
		give_send (detaching, taken);
	else if (MACH_PORT_VALID (taken->port) && !exchange_give_once (detaching->task, taken->name, taken->port,
		MACH_MSG_TYPE_MOVE_SEND_ONCE, &taken->tied))
		mach_port_deallocate (mach_task_self (), taken->port);
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
static bool
end_our_waits (struct relay *relay, struct party *party)
{
	bool any = false;

	for (size_t i = 0; i < relay->rights.onces.slots; i++)
	{
		struct end *end = relay->rights.onces.keys[i] != 0 ? relay->rights.onces.values[i] : NULL;

		if (end != NULL && end->server != MACH_PORT_NULL && end->request == ID_GSYNC_WAIT && end->about == party)
		{
			thread_abort (end->server);
			any = true;
		}
	}
	return any;
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
   that such a call is about.  And what comes to wait there by that does so no longer than those that waited. */
static void
end_held_calls (struct relay *relay, struct party *party)
{
	bool wait;

	do
	{
		recall_fence (relay);	/* the receiving thread has nothing of the task's in its hands */
		wait = end_our_waits (relay, party) || relay->naming > 0;
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
	struct detaching detaching = { relay, party, task->port, .patience_ms = RECALL_PATIENCE_MS };

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
		take_unknown (&detaching, &detaching.taken[i]);
	for (size_t i = 0; i < detaching.count; i++)
		take_known (&detaching, &detaching.taken[i]);
	for (size_t i = 0; i < detaching.count; i++)
		recall_taken (&detaching, &detaching.taken[i]);
	for (size_t i = 0; i < detaching.count; i++)
		recall_letters (&detaching, &detaching.taken[i]);
	settle (&detaching);
	for (size_t i = 0; i < detaching.count; i++)
		come_home (&detaching, &detaching.taken[i]);
	make_own (&detaching);
	for (size_t i = 0; i < detaching.count; i++)
		pass_letters (&detaching, &detaching.taken[i]);
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
