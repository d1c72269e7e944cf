/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "moves.h"

#include "mach/receive.h"
#include "stop.h"

#include <mach/notify.h>
#include <stdlib.h>
#include <string.h>

mach_port_t
moves_take_request (mach_port_t task, mach_port_t name, mach_msg_id_t kind)
{
	mach_port_t previous = MACH_PORT_NULL;

	return mach_port_request_notification (task, name, kind, 0, MACH_PORT_NULL, MACH_MSG_TYPE_MAKE_SEND_ONCE,
		&previous) == KERN_SUCCESS && MACH_PORT_VALID (previous) ? previous : MACH_PORT_NULL;
}

mach_port_mscount_t
moves_sync (const mach_port_status_t *status)
{
	return status->mps_mscount + !status->mps_srights;
}

void
moves_put_request (mach_port_t task, mach_port_t name, mach_msg_id_t kind, mach_port_mscount_t sync, mach_port_t notify)
{
	mach_port_t previous = MACH_PORT_NULL;

	if (notify == MACH_PORT_NULL)
		return;
	if (mach_port_request_notification (task, name, kind, sync, notify, MACH_MSG_TYPE_MOVE_SEND_ONCE, &previous)
		!= KERN_SUCCESS)
		mach_port_deallocate (mach_task_self (), notify);
	if (MACH_PORT_VALID (previous))
		mach_port_deallocate (mach_task_self (), previous);
}

/* --- letters --------------------------------------------------------------------- */

struct letter *
letter_new (const mach_msg_header_t *header, struct party *from, mach_port_t once)
{
	struct letter *letter = rights_memory (sizeof *letter + header->msgh_size);

	letter->from = from;
	letter->by_once = MACH_MSGH_BITS_LOCAL (header->msgh_bits) == MACH_MSG_TYPE_PORT_SEND_ONCE;
	letter->once = once;
	party_use (from);
	memcpy (&letter->header, header, header->msgh_size);
	return letter;
}

void
letter_put (struct queue *queue, struct letter *letter)
{
	*queue->last = letter;
	queue->last = &letter->next;
	queue->waiting++;
}

struct letter *
letter_take (struct queue *queue)
{
	struct letter *letter = queue->first;

	if (letter == NULL)
		return NULL;
	queue->first = letter->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	queue->waiting--;
	return letter;
}

void
letter_free (struct rights *rights, struct letter *letter)
{
	party_unuse (rights, letter->from);
	free (letter);
}

/* --- receive rights ---------------------------------------------------------------- */

bool
moves_drain (const struct rights *rights, struct queue *queue, struct party *sender, mach_port_t port, bool adopted,
	int32_t without)
{
	struct receiver receiver;
	bool probed = false;

	if (!receiver_init (&receiver))
		return false;
	while (receiver_next (&receiver, port, MACH_RCV_TIMEOUT, 0) == MACH_MSG_SUCCESS)
	{
		bool probe = rights_is_probe (rights, receiver.buffer);

		probed |= probe;
		if ((MACH_MSGH_BITS_LOCAL (receiver.buffer->msgh_bits) == MACH_MSG_TYPE_PORT_SEND_ONCE && !adopted)
			|| (without != 0 && receiver.buffer->msgh_id == without) || probe)
			mach_msg_destroy (receiver.buffer);
		else
			letter_put (queue, letter_new (receiver.buffer, sender, MACH_PORT_NULL));
	}
	receiver_free (&receiver);
	return probed;
}

void
moves_take_own (struct rights *rights, struct queue *queue, struct party *owner, mach_port_t port, struct queue *drained)
{
	moves_drain (rights, drained, owner, port, true, 0);
	if (queue == NULL || !queue->busy)
		return;
	bool drains = queue->draining;	/* somebody else */

	queue->pins++;
	queue->draining = true;
	while (queue->busy)
	{
		rights->give_way (rights->relay);
		moves_drain (rights, drained, owner, port, true, 0);
	}
	queue->draining = drains;
	queue->pins--;
}

void
moves_put_in_front (struct queue *queue, struct queue *drained)
{
	if (drained->first == NULL)
		return;
	*drained->last = queue->first;
	if (queue->first == NULL)
		queue->last = drained->last;
	queue->first = drained->first;
	queue->waiting += drained->waiting;
}

void
moves_make_onces (struct queue *queue, mach_port_t port, unsigned room)
{
	mach_msg_type_name_t type;
	unsigned place = 0;

	for (struct letter *letter = queue->first; letter != NULL; letter = letter->next)
		if ((place++ >= room || letter->by_once) && letter->once == MACH_PORT_NULL)
			mach_port_extract_right (mach_task_self (), port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &letter->once, &type);
}

void
moves_drain_both (void *ctx, struct queue *queue, mach_port_t name, mach_port_t port, bool adopted)
{
	struct moving *moving = ctx;

	moves_drain (moving->rights, &moving->waiting, moving->from, name, true, 0);
	if (port != MACH_PORT_NULL)
		moves_drain (moving->rights, queue, moving->to, port, adopted, 0);
}

/* TO, which gets QUEUE's receive right, sends there by END, whose port it will receive from: what it has sent
   waits, and what is in the port has to be taken out and put in again behind it.  From here on nothing else
   comes into the port: a traced task is stopped; of the world nobody may send, but for messages that no limit
   stops: by send-once rights, which are in no order with others, and the kernel's.  And nothing is in a
   thread's hands that was received from END: it waits for QUEUE.  False: TO has a thread that cannot be stopped,
   and what others of it send now may come too early. */
static bool
keep_out (struct rights *rights, struct queue *queue, struct end *end, struct party *to)
{
	mach_port_set_qlimit (mach_task_self (), end->port, 0);
	queue->held = true;
	queue->pins++;
	rights_pause (rights, end, true);
	rights->settle (rights->relay);
	if (to->world || to->dead || !stop_task (to->task->port))
		return false;
	to->task->pins++;	/* its name stays what it is, should it die */
	return true;
}

static void
let_in (struct rights *rights, struct queue *queue, struct queue *stopped)
{
	queue->pins--;
	if (stopped == NULL)
		return;
	task_resume (stopped->port);
	stopped->pins--;
	rights_look_later (rights, stopped);
}

mach_port_t
moves_receive (struct rights *rights, mach_port_t name, struct party *from, struct party *to, struct queue **queue)
{
	mach_port_t self = mach_task_self (), port = MACH_PORT_NULL;
	mach_port_t no_senders = moves_take_request (self, name, MACH_NOTIFY_NO_SENDERS);
	mach_port_t destroyed = moves_take_request (self, name, MACH_NOTIFY_PORT_DESTROYED);
	mach_port_status_t status = { .mps_qlimit = MACH_PORT_QLIMIT_DEFAULT };
	struct moving moving = { rights, from, to, { .last = &moving.waiting.first } };
	struct queue *known = rights_queue_at (rights, name);
	struct end *end = known != NULL ? rights_end_of (known, to) : NULL;
	struct queue *stopped = NULL;
	unsigned room = end != NULL && to->world ? 0 : MOVES_ROOM;

	mach_port_get_receive_status (self, name, &status);
	party_use (to);
	if (end != NULL && keep_out (rights, known, end, to))
		stopped = to->task;
	moves_take_own (rights, known, from, name, &moving.waiting);
	*queue = rights_rehome (rights, name, from, to, &port, moves_drain_both, &moving);
	moves_put_in_front (*queue, &moving.waiting);
	moves_make_onces (*queue, port, room);
	mach_port_set_qlimit (self, port, room);
	(*queue)->held = false;
	rights->pass_waiting (rights->relay, *queue);
	if (end != NULL)
		let_in (rights, known, stopped);
	party_unuse (rights, to);
	mach_port_set_qlimit (self, port, status.mps_qlimit);
	moves_put_request (self, port, MACH_NOTIFY_NO_SENDERS, moves_sync (&status), no_senders);
	moves_put_request (self, port, MACH_NOTIFY_PORT_DESTROYED, 0, destroyed);
	return port;
}
