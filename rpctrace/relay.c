/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relay.h"

#include "ids.h"
#include "moves.h"
#include "recall.h"
#include "show.h"
#include "tasks.h"

#include <mach/notify.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LEADER_STACK_BYTES (128 * 1024)

/* A turned message that waits for room in its queue. */
struct sending
{
	struct job job;
	struct relay *relay;
	struct queue *queue;
	mach_msg_header_t header;	/* and the rest of it behind */
};

static void become_leader (struct relay *relay);

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

static mach_port_t
this_thread (void)
{
	static __thread mach_port_t thread;

	if (thread == MACH_PORT_NULL)
		thread = mach_thread_self ();
	return thread;
}

static void
send_into_kernel (struct relay *relay, struct queue *queue, struct crossing *crossing)
{
	mach_msg_header_t *header = crossing->header;
	struct leader *leader = relay->leader;
	bool leading = leader != NULL && leader->thread == this_thread ();
	bool call = crossing->reply != NULL;
	mach_port_t once = crossing->reply != NULL ? crossing->reply->port : MACH_PORT_NULL;
	int32_t id = header->msgh_id;
	mach_msg_return_t result;

	/* what wants no answer must stay in order; who waits for an answer sees to the order itself */
	queue->busy = !call;
	if (call && !is_quick (id))
		crossing->reply->server = this_thread ();
	if (leading && id == ID_GSYNC_WAIT)
		become_leader (relay);	/* lets another one in: this will take long */
	relay->in_kernel = leading && relay->leader == leader;
	relay->since = relay->rights.tick;
	relay->naming += uses_names (id);
	pthread_mutex_unlock (&relay->lock);
	do
		result = mach_msg (header, MACH_SEND_MSG | MACH_SEND_INTERRUPT, header->msgh_size, 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL);
	while (result == MACH_SEND_INTERRUPTED);
	pthread_mutex_lock (&relay->lock);
	relay->naming -= uses_names (id);
	if (relay->leader == leader)
		relay->in_kernel = false;
	if (call && !is_quick (id))
	{
		struct end *end = rights_end_at (&relay->rights, once);

		if (end != NULL && end->server == this_thread ())
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
pass (struct relay *relay, struct queue *queue, struct party *from, mach_port_t once, mach_msg_header_t *header)
{
	struct crossing crossing = { 0 };

	cross_begin (&crossing, &relay->rights, header);
	crossing.from = crossing.raws = from;
	if (from == relay->rights.door)
		crossing.raws = relay->rights.world;
	crossing.to = crossing.body_to = queue->home;
	crossing.queue = queue;
	tasks_prepare_request (relay, &crossing, queue);
	queue->pins++;
	if (once != MACH_PORT_NULL)
		cross (&crossing, once, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	else
		cross (&crossing, queue->port, MACH_MSG_TYPE_COPY_SEND);
	tasks_note_request (relay, &crossing, queue);
	if (!queue->hidden)
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

	if (queue->draining || queue->held)
		return;
	queue->draining = true;
	queue->pins++;
	while (!queue->busy && !queue->held && (letter = letter_take (queue)) != NULL)
	{
		if (queue->dead)
		{
			mach_msg_destroy (&letter->header);
			if (letter->once != MACH_PORT_NULL)
				mach_port_deallocate (mach_task_self (), letter->once);
		}
		else
			pass (relay, queue, letter->from, letter->once, &letter->header);
		letter_free (&relay->rights, letter);
	}
	if (queue->waiting <= WAITING_RESUME && !queue->held)
		resume_senders (relay, queue);
	queue->draining = false;
	queue->pins--;
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

/* --- what comes in -------------------------------------------------------------------------- */

static void
answer_came (struct relay *relay, struct end *end, mach_msg_header_t *header)
{
	struct crossing crossing = { 0 };

	cross_begin (&crossing, &relay->rights, header);
	crossing.from = end->holder;
	crossing.to = crossing.body_to = end->origin;
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
	if (!queue->busy && !queue->held && queue->first == NULL)
	{
		pass (relay, queue, end->holder, once, header);
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

/* It was received before its port was given back, and not looked at until now. */
static void
overtaken_came (struct relay *relay, mach_msg_header_t *header)
{
	struct queue *queue = rights_queue_at (&relay->rights, header->msgh_local_port);

	if (queue == NULL || queue->dead || rights_is_probe (&relay->rights, header))
		mach_msg_destroy (header);
	else if (!queue->busy && !queue->held && queue->first == NULL)
		pass (relay, queue, relay->rights.world, MACH_PORT_NULL, header);
	else
	{
		struct queue one = { .last = &one.first };

		letter_put (&one, letter_new (header, relay->rights.world, MACH_PORT_NULL));
		one.first->by_once = false;
		moves_put_in_front (queue, &one);
		if (!queue->busy)
			relay_pass_waiting (relay, queue);
	}
}

static bool
is_no_senders (const struct end *end, const mach_msg_header_t *header)
{
	return header->msgh_id == MACH_NOTIFY_NO_SENDERS
		&& MACH_MSGH_BITS_LOCAL (header->msgh_bits) == MACH_MSG_TYPE_PORT_SEND_ONCE
		&& header->msgh_local_port == (end->notify != MACH_PORT_NULL ? end->notify : end->port);
}

static void
came (struct relay *relay, mach_msg_header_t *header)
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

/* --- threads ----------------------------------------------------------------------------------- */

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
			came (relay, leader->receiver.buffer);
	}
}

static void *
leader_main (void *argument)
{
	struct leader *leader = argument;
	struct relay *relay = leader->relay;

	leader->thread = this_thread ();
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
static void
become_leader (struct relay *relay)
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
			become_leader (relay);
		if (relay->rights.listed != NULL)
			wake_leader (relay);
		pthread_mutex_unlock (&relay->lock);
	}
	return NULL;
}

bool
relay_start (struct relay *relay, struct show *show, bool follow)
{
	pthread_t thread;
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
	relay->rights.relay = relay;
	relay->senders = workers_create (SENDERS_MAX);
	pthread_mutex_lock (&relay->lock);
	become_leader (relay);
	good = relay->leader != NULL && relay->senders != NULL && pthread_create (&thread, NULL, watch, relay) == 0;
	pthread_mutex_unlock (&relay->lock);
	return good;
}
