/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relay.h"

#include "core/base/status.h"
#include "ids.h"
#include "leaders.h"
#include "moves.h"
#include "recall.h"
#include "show.h"
#include "tasks.h"

#include <mach/notify.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A turned message that waits for room in its queue. */
struct sending
{
	struct job job;
	struct relay *relay;
	struct queue *queue;
	mach_msg_header_t header;	/* and the rest of it behind */
};

/* A queue whose letters are to be passed on. */
struct passing
{
	struct job job;
	struct relay *relay;
	struct queue *queue;
};

/* --- messages that cannot be sent ------------------------------------------------------ */

/* The kernel did not take HEADER, so its rights were neither made nor moved.  They are, by passing it
   through a port of our own, and then it is destroyed as it would have been in a queue that died. */
static void
bounce (struct relay *relay, mach_msg_header_t *header)
{
	mach_msg_bits_t bits = header->msgh_bits;
	mach_port_t to = header->msgh_remote_port;

	if (MACH_MSGH_BITS_REMOTE (bits) == MACH_MSG_TYPE_MOVE_SEND_ONCE && MACH_PORT_VALID (to))
		mach_port_deallocate (mach_task_self (), to);	/* a dead name */
	header->msgh_bits = (bits & ~MACH_MSGH_BITS_REMOTE_MASK) | MACH_MSG_TYPE_MAKE_SEND_ONCE;
	header->msgh_remote_port = relay->stage;
	if (mach_msg (header, MACH_SEND_MSG | MACH_RCV_MSG, header->msgh_size, header->msgh_size, relay->stage, 0,
		MACH_PORT_NULL) == MACH_MSG_SUCCESS)
		mach_msg_destroy (header);
}

/* --- full queues ------------------------------------------------------------------------ */

static void
send_when_room (struct job *job)
{
	struct sending *sending = (struct sending *) job;
	struct relay *relay = sending->relay;
	struct queue *queue = sending->queue;
	mach_msg_return_t result;

	do
		result = mach_msg (&sending->header, MACH_SEND_MSG, sending->header.msgh_size, 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL);
	while (result == MACH_SEND_INTERRUPTED);
	if (result != MACH_MSG_SUCCESS)
		mach_msg_destroy (&sending->header);
	pthread_mutex_lock (&relay->lock);
	queue->busy = false;
	relay_pass_waiting (relay, queue);
	rights_look_later (&relay->rights, queue);
	pthread_mutex_unlock (&relay->lock);
	free (sending);
}

/* The kernel took HEADER and gave it back as its queue is full: the message's rights are its own now. */
static void
wait_for_room (struct relay *relay, struct queue *queue, const mach_msg_header_t *header)
{
	struct sending *sending = rights_memory (sizeof *sending + header->msgh_size);

	sending->job.run = send_when_room;
	sending->relay = relay;
	sending->queue = queue;
	memcpy (&sending->header, header, header->msgh_size);
	queue->busy = true;
	workers_submit (relay->senders, &sending->job);
}

/* --- sending ------------------------------------------------------------------------------ */

/* Calls of the kernel that only look into its tables. */
static bool
is_quick (int32_t id)
{
	return id >= ID_PORT_FIRST && id <= ID_PORT_LAST;
}

static bool
uses_names (int32_t id)
{
	return is_quick (id) || id == ID_THREAD_TERMINATE_RELEASE;
}

enum memory { MEMORY_STAYS, MEMORY_GOES, MEMORY_IS_FREED };

/* Whether what HEADER carries out of line is given away by sending it; or it has been sent and stayed. */
static void
memory_of (mach_msg_header_t *header, enum memory memory)
{
	uint8_t *body = (uint8_t *) header + WIRE_HEADER_BYTES;
	struct wire_walk walk;
	struct wire_item item;

	if (!(header->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	wire_walk (&walk, body, header->msgh_size - WIRE_HEADER_BYTES);
	while (wire_next (&walk, &item))
	{
		if (item.is_inline || item.ports || item.bytes == 0)
			continue;
		if (memory == MEMORY_IS_FREED)
			vm_deallocate (mach_task_self (), wire_get_address (body, &item), item.bytes);
		else
			wire_set_item (body, &item, item.name, memory == MEMORY_GOES);
	}
}

static void
send_into_kernel (struct relay *relay, struct queue *queue, struct crossing *crossing)
{
	mach_msg_header_t *header = crossing->header;
	struct leader *leader = relay->leader;
	bool leading = leaders_lead (relay);
	bool call = crossing->reply != NULL;
	mach_port_t once = crossing->reply != NULL ? crossing->reply->port : MACH_PORT_NULL;
	int32_t id = header->msgh_id;
	mach_msg_return_t result;

	/* what wants no answer must stay in order; who waits for an answer sees to the order itself */
	queue->busy = !call;
	if (call)
	{
		queue->draining = false;
		if (queue->first != NULL)
			relay_pass_soon (relay, queue);
	}
	if (call && !is_quick (id))
		crossing->reply->server = leaders_this_thread ();
	if (leading && id == ID_GSYNC_WAIT)
		leaders_next (relay);	/* lets another one in: this will take long */
	relay->in_kernel = leading && relay->leader == leader;
	relay->since = relay->rights.tick;
	relay->naming += uses_names (id);
	pthread_mutex_unlock (&relay->lock);
	/* Of memory that is given away the kernel takes the pages themselves, and a device of its own (a RAM disk)
	   that is to write those stops it: servers keep what they write, and so does this. */
	memory_of (header, MEMORY_STAYS);
	do
		result = mach_msg (header, MACH_SEND_MSG | MACH_SEND_INTERRUPT, header->msgh_size, 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL);
	while (result == MACH_SEND_INTERRUPTED);
	memory_of (header, result == MACH_MSG_SUCCESS ? MEMORY_IS_FREED : MEMORY_GOES);
	pthread_mutex_lock (&relay->lock);
	relay->naming -= uses_names (id);
	if (relay->leader == leader)
		relay->in_kernel = false;
	if (call && !is_quick (id))
	{
		struct end *end = rights_end_at (&relay->rights, once);

		if (end != NULL && end->server == leaders_this_thread ())
			end->server = MACH_PORT_NULL;
	}
	if (result != MACH_MSG_SUCCESS)
		bounce (relay, header);
	if (!call)
	{
		queue->busy = false;
		relay_pass_waiting (relay, queue);
	}
}

static void
send_to_task (struct relay *relay, struct queue *queue, struct crossing *crossing)
{
	mach_msg_header_t *header = crossing->header;
	mach_msg_return_t result = mach_msg (header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, header->msgh_size, 0,
		MACH_PORT_NULL, 0, MACH_PORT_NULL);

	if (result == MACH_SEND_TIMED_OUT)
		wait_for_room (relay, queue, header);
	else if (result != MACH_MSG_SUCCESS)
		bounce (relay, header);
}

/* Who waits in the kernel for something of this port shall come back. */
static void
interrupt (struct relay *relay, struct queue *queue)
{
	for (size_t i = 0; i < relay->rights.onces.slots; i++)
	{
		struct end *end = relay->rights.onces.keys[i] != 0 ? relay->rights.onces.values[i] : NULL;

		if (end != NULL && end->server != MACH_PORT_NULL && end->request == ID_GSYNC_WAIT
			&& end->about != NULL && end->about == queue->task_of)
			thread_abort (end->server);
	}
}

/* By ONCE, if that is one: then it came by a send-once right, and those do not wait for room. */
static void
pass (struct relay *relay, struct queue *queue, struct party *from, mach_port_t once, bool recalled,
	mach_msg_header_t *header)
{
	struct crossing crossing = { 0 };

	cross_begin (&crossing, &relay->rights, header);
	crossing.from = crossing.raws = from;
	if (from == relay->rights.door)
		crossing.raws = relay->rights.world;
	crossing.to = crossing.body_to = queue->home;
	crossing.queue = queue;
	crossing.recalled = recalled;
	tasks_prepare_request (relay, &crossing, queue);
	queue->pins++;
	queue->crossing = true;
	if (once != MACH_PORT_NULL)
		cross (&crossing, once, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	else
	{
		cross (&crossing, queue->port, MACH_MSG_TYPE_COPY_SEND);
		header->msgh_remote_port = queue->port;	/* it may have moved meanwhile */
	}
	queue->crossing = false;
	tasks_note_request (relay, &crossing, queue);
	if (recalled)
		;	/* it was shown when it came the first time */
	else if (!queue->hidden)
		show_message (relay->show, &crossing, queue->key);
	else if (crossing.reply != NULL)
		crossing.reply->hidden = true;
	if (crossing.circular)
		bounce (relay, header);
	else if (rights_kind (queue) == QUEUE_KERNEL)
	{
		if (header->msgh_id == ID_INTERRUPT_OPERATION)
			interrupt (relay, queue);
		send_into_kernel (relay, queue, &crossing);
	}
	else
		send_to_task (relay, queue, &crossing);
	cross_unpin (&crossing);
	queue->pins--;
	rights_look_later (&relay->rights, queue);
	cross_free (&crossing);
}

static void
resume_senders (struct relay *relay, struct queue *queue)
{
	for (struct end *end = queue->ends; end != NULL; end = end->next)
		rights_pause (&relay->rights, end, false);
}

void
relay_pass_waiting (struct relay *relay, struct queue *queue)
{
	struct letter *letter;

	if (queue->draining || queue->held || queue->crossing)
		return;
	queue->pins++;
	while (!queue->busy && !queue->held && !queue->crossing && (letter = letter_take (queue)) != NULL)
	{
		queue->draining = true;
		if (queue->dead)
		{
			mach_msg_destroy (&letter->header);
			if (letter->once != MACH_PORT_NULL)
				mach_port_deallocate (mach_task_self (), letter->once);
		}
		else
			pass (relay, queue, letter->from, letter->once, letter->recalled, &letter->header);
		letter_free (&relay->rights, letter);
	}
	if (queue->waiting <= WAITING_RESUME && !queue->held)
		resume_senders (relay, queue);
	queue->draining = false;
	queue->pins--;
}

static void
pass_in_turn (struct job *job)
{
	struct passing *passing = (struct passing *) job;
	struct relay *relay = passing->relay;

	pthread_mutex_lock (&relay->lock);
	passing->queue->pins--;
	rights_look_later (&relay->rights, passing->queue);
	relay_pass_waiting (relay, passing->queue);
	pthread_mutex_unlock (&relay->lock);
	free (passing);
}

void
relay_pass_soon (struct relay *relay, struct queue *queue)
{
	struct passing *passing = rights_memory (sizeof *passing);

	*passing = (struct passing) { { .run = pass_in_turn }, relay, queue };
	queue->pins++;
	workers_submit (relay->senders, &passing->job);
}

static void
pass_waiting (void *relay, struct queue *queue)
{
	relay_pass_waiting (relay, queue);
}

static void
give_way (void *argument)
{
	struct relay *relay = argument;

	pthread_mutex_unlock (&relay->lock);
	nanosleep (&(struct timespec) { 0, GIVE_WAY_NS }, NULL);
	pthread_mutex_lock (&relay->lock);
}

static void
settle (void *relay)
{
	recall_fence (relay);
}

/* --- what comes in -------------------------------------------------------------------------- */

void
relay_put_again (struct relay *relay, struct letter *letter, mach_port_t port, mach_msg_type_name_t disposition)
{
	mach_msg_header_t *header = &letter->header;
	struct crossing crossing = { 0 };

	cross_begin (&crossing, &relay->rights, header);
	crossing.from = crossing.raws = letter->from;
	crossing.to = crossing.body_to = relay->rights.world;
	crossing.recalled = letter->recalled;
	cross (&crossing, port, disposition);
	if (mach_msg (header, MACH_SEND_MSG, header->msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		bounce (relay, header);
	cross_unpin (&crossing);
	cross_free (&crossing);
}

static void
answer_came (struct relay *relay, struct end *end, mach_msg_header_t *header)
{
	struct crossing crossing = { 0 };

	cross_begin (&crossing, &relay->rights, header);
	crossing.from = end->holder;
	crossing.to = crossing.body_to = end->origin;
	/* what waits for the task to go on again is received when it has its own rights back */
	if (end->origin->leaving)
		crossing.body_to = relay->rights.world;
	tasks_prepare_answer (relay, &crossing, end);
	cross (&crossing, rights_once_of (end), MACH_MSG_TYPE_MOVE_SEND_ONCE);
	if (!end->hidden)
		show_message (relay->show, &crossing, end->key);
	if (mach_msg (header, MACH_SEND_MSG, header->msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		bounce (relay, header);
	cross_unpin (&crossing);
	cross_free (&crossing);
	rights_once_used (&relay->rights, end);
}

static bool
is_free (const struct queue *queue)
{
	return !queue->busy && !queue->held && !queue->crossing && queue->first == NULL;
}

static void
request_came (struct relay *relay, struct end *end, mach_msg_header_t *header)
{
	struct queue *queue = end->queue;
	mach_port_t once;

	if (queue->dead)
	{
		mach_msg_destroy (header);
		return;
	}
	once = MACH_MSGH_BITS_LOCAL (header->msgh_bits) == MACH_MSG_TYPE_PORT_SEND_ONCE ? rights_straggler (end)
		: MACH_PORT_NULL;
	if (is_free (queue))
	{
		pass (relay, queue, end->holder, once, false, header);
		if (queue->first != NULL)
			relay_pass_waiting (relay, queue);	/* came while this one was turned */
		return;
	}
	letter_put (queue, letter_new (header, end->holder, once));
	if (queue->waiting >= WAITING_PAUSE && !relay->recalling)
		rights_pause (&relay->rights, end, true);
	if (!queue->busy)
		relay_pass_waiting (relay, queue);
}

static void
name_died (struct relay *relay, mach_port_t name)
{
	struct rights *rights = &relay->rights;
	struct end *once = map_get (&rights->onces, name);
	struct queue *queue = rights_queue_at (rights, name);

	mach_port_deallocate (mach_task_self (), name);	/* the notification's own reference */
	if (once != NULL)
	{
		mach_port_deallocate (mach_task_self (), name);
		rights_once_dead (rights, once);
	}
	else if (queue != NULL && !queue->dead)
	{
		queue->dead = true;
		if (queue->task_of != NULL)
			tasks_died (relay, queue->task_of);
		rights_look_later (rights, queue);
	}
}

/* Its end is gone: with its queue, which died, or it led to a port that was given back.  When that happens
   nothing received from it is in a thread's hands: see keep_out in moves.c, settle in detach.c. */
static void
overtaken_came (struct relay *relay, mach_msg_header_t *header)
{
	struct queue *queue = rights_queue_at (&relay->rights, header->msgh_local_port);

	dr_assert (queue == NULL || queue->dead || rights_is_probe (&relay->rights, header));
	mach_msg_destroy (header);
}

static bool
is_no_senders (const struct end *end, const mach_msg_header_t *header)
{
	return header->msgh_id == MACH_NOTIFY_NO_SENDERS
		&& MACH_MSGH_BITS_LOCAL (header->msgh_bits) == MACH_MSG_TYPE_PORT_SEND_ONCE
		&& header->msgh_local_port == (end->notify != MACH_PORT_NULL ? end->notify : end->port);
}

void
relay_came (struct relay *relay, mach_msg_header_t *header)
{
	struct end *end;

	if (header->msgh_local_port == relay->rights.notices)
	{
		if (header->msgh_id == MACH_NOTIFY_DEAD_NAME)
			name_died (relay, ((mach_dead_name_notification_t *) header)->not_port);
		else
			recall_notice (relay, header);
		return;
	}
	end = rights_end_at (&relay->rights, header->msgh_local_port);
	if (end != NULL && recall_came (relay, end, header))
		return;
	if (end == NULL)
		overtaken_came (relay, header);
	else if (end->queue == NULL)
		answer_came (relay, end, header);
	else if (is_no_senders (end, header))
		rights_no_senders (&relay->rights, end, ((mach_no_senders_notification_t *) header)->not_count);
	else if (header->msgh_local_port == end->notify)
		mach_msg_destroy (header);
	else
		request_came (relay, end, header);
}

bool
relay_start (struct relay *relay, struct show *show, bool follow)
{
	bool good;

	memset (relay, 0, sizeof *relay);
	relay->show = show;
	relay->follow = follow;
	pthread_mutex_init (&relay->lock, NULL);
	pthread_cond_init (&relay->changed, NULL);
	if (!rights_init (&relay->rights)
		|| mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &relay->stage) != KERN_SUCCESS)
		return false;
	relay->rights.died = show_right_died;
	relay->rights.ctx = show;
	relay->rights.pass_waiting = pass_waiting;
	relay->rights.give_way = give_way;
	relay->rights.settle = settle;
	relay->rights.relay = relay;
	relay->senders = workers_create (SENDERS_MAX);
	pthread_mutex_lock (&relay->lock);
	leaders_next (relay);
	good = relay->leader != NULL && relay->senders != NULL && leaders_watch (relay);
	pthread_mutex_unlock (&relay->lock);
	return good;
}
