/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tasks.h"

#include "ids.h"
#include "moves.h"
#include "show.h"

#include <mach/task_special_ports.h>
#include <mach/thread_special_ports.h>
#include <string.h>

/* --- becoming traced -------------------------------------------------------------- */

void
tasks_track_thread (struct relay *relay, struct party *party, mach_port_t thread)
{
	struct queue *queue;

	if (mach_port_mod_refs (mach_task_self (), thread, MACH_PORT_RIGHT_SEND, 1) != KERN_SUCCESS)
		return;
	queue = rights_identify (&relay->rights, thread, relay->rights.world);
	if (queue->thread_of == NULL)
	{
		queue->thread_of = party;
		party_use (party);
	}
	thread_set_special_port (thread, THREAD_KERNEL_PORT,
		rights_make (&relay->rights, rights_end (&relay->rights, queue, party)));
}

static void
track_threads (struct relay *relay, struct party *party, mach_port_t task)
{
	mach_msg_type_number_t count = 0;
	thread_array_t threads;

	if (task_threads (task, &threads, &count) != KERN_SUCCESS)
		return;
	for (mach_msg_type_number_t i = 0; i < count; i++)
	{
		tasks_track_thread (relay, party, threads[i]);
		mach_port_deallocate (mach_task_self (), threads[i]);
	}
	vm_deallocate (mach_task_self (), (vm_address_t) threads, count * sizeof *threads);
}

static void
track (struct relay *relay, struct party *party)
{
	mach_port_t task = party->task->port;

	party->tracked = true;
	relay->tracked++;
	task_set_special_port (task, TASK_KERNEL_PORT,
		rights_make (&relay->rights, rights_end (&relay->rights, party->task, party)));
	track_threads (relay, party, task);
	show_task (relay->show, party);
}

struct party *
tasks_track (struct relay *relay, mach_port_t task, int32_t pid)
{
	struct queue *known = rights_queue_at (&relay->rights, task);
	struct party *party;

	if (known != NULL && known->task_of != NULL)
	{
		mach_port_deallocate (mach_task_self (), task);
		return known->task_of;
	}
	party = rights_party (&relay->rights, task);
	party->pid = pid;
	track (relay, party);
	return party;
}

static void
forget (struct relay *relay, struct party **mention)
{
	party_unuse (&relay->rights, *mention);
	*mention = NULL;
}

void
tasks_let_go (struct relay *relay, struct party *party)
{
	party->tracked = false;
	party->world = true;	/* answers that are still to come bring it what the world knows */
	if (!party->dead)
	{
		relay->tracked--;
		show_detached (relay->show, party);
	}
	party->number = 0;
	for (size_t i = 0; i < relay->rights.queues.slots; i++)
	{
		struct queue *queue = relay->rights.queues.keys[i] != 0 ? relay->rights.queues.values[i] : NULL;

		if (queue == NULL)
			continue;
		if (queue->thread_of == party)
			forget (relay, &queue->thread_of);
		if (queue->task_of == party)
			forget (relay, &queue->task_of);
		rights_look_later (&relay->rights, queue);
	}
	pthread_cond_broadcast (&relay->changed);
}

void
tasks_died (struct relay *relay, struct party *party)
{
	if (party->dead)
		return;
	party->dead = true;
	if (!party->tracked)
		return;
	relay->tracked--;
	show_task_ended (relay->show, party);
	pthread_cond_broadcast (&relay->changed);
}

/* --- what messages carry ------------------------------------------------------------ */

/* The first right of the INDEXth item that is of rights. */
static mach_port_t
right_at (const mach_msg_header_t *header, unsigned index)
{
	struct wire_walk walk;
	struct wire_item item;

	if (!(header->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return MACH_PORT_NULL;
	wire_walk (&walk, (const uint8_t *) header + WIRE_HEADER_BYTES, header->msgh_size - WIRE_HEADER_BYTES);
	while (wire_next (&walk, &item))
		if (item.ports && item.is_inline && item.number > 0 && index-- == 0)
			return wire_get_port (walk.body, &item, 0);
	return MACH_PORT_NULL;
}

static mach_port_t
first_right (const mach_msg_header_t *header)
{
	return right_at (header, 0);
}

/* The INDEXth item, a number of 32 bits. */
static bool
number (const mach_msg_header_t *header, unsigned index, int32_t *value)
{
	const uint8_t *body = (const uint8_t *) header + WIRE_HEADER_BYTES;
	struct wire_walk walk;
	struct wire_item item;

	wire_walk (&walk, body, header->msgh_size - WIRE_HEADER_BYTES);
	while (wire_next (&walk, &item))
		if (index-- == 0)
		{
			if (item.ports || !item.is_inline || item.bytes < sizeof *value)
				return false;
			memcpy (value, body + item.data_offset, sizeof *value);
			return true;
		}
	return false;
}

/* The traced task that HEADER asks to become another program, or NULL.  A file server that is traced asks
   for tasks that are not; what asks for no task in particular is taken to mean itself. */
static struct party *
exec_of (const struct rights *rights, const mach_msg_header_t *header, struct party *from)
{
	bool by_file = header->msgh_id == ID_FILE_EXEC || header->msgh_id == ID_FILE_EXEC_PATHS;
	mach_port_t task;
	struct queue *queue;
	struct end *end;

	if (!from->tracked || (!by_file && header->msgh_id != ID_EXEC_EXEC && header->msgh_id != ID_EXEC_EXEC_PATHS))
		return NULL;
	task = right_at (header, by_file ? 0 : 1);	/* the file itself comes first when the exec server is asked */
	if (!MACH_PORT_VALID (task))
		return from;
	end = rights_end_at (rights, task);
	queue = end != NULL ? end->queue : rights_queue_at (rights, task);
	return queue != NULL && queue->task_of != NULL && queue->task_of->tracked ? queue->task_of : NULL;
}

/* The exec server, holding the door's view of a process port or its own, says that the task has become its new
   program, whose one thread it has made and not started yet. */
static void
exec_in_place (struct relay *relay, struct party *party)
{
	if (party->tracked)
		track_threads (relay, party, party->task->port);
	else if (!party->world && !party->dead)	/* what rpctrace itself has started; it is traced from here on */
		track (relay, party);
}

/* The same, if the exec server gives the process a new task: this is what the traced program goes on as.
   TASK is as it came: an exec server that is traced names it by an end. */
static void
exec_has_made (struct relay *relay, struct party *old, mach_port_t task)
{
	struct end *end = rights_end_at (&relay->rights, task);

	if (end != NULL && end->queue != NULL)
		task = end->queue->port;
	if (!MACH_PORT_VALID (task)
		|| mach_port_mod_refs (mach_task_self (), task, MACH_PORT_RIGHT_SEND, 1) != KERN_SUCCESS)
		return;
	tasks_track (relay, task, old->pid);
}

/* A thread that asks the kernel for its own end does not expect that call to return, so it may have
   asked again, and wait with the next one for room in our queue.  A thread that ends during such a wait
   gets its message back, and its rights would be in the task for ever.  So it is stopped, and then its
   messages are taken out, which ends such a wait.  The other way round there would be no end to it: each
   message that is taken out lets it send the next. */
static void
stop_for_good (const struct rights *rights, struct queue *queue, struct party *from)
{
	struct end *end = rights_end_of (queue, from);

	if (end == NULL)
		return;
	end->paused = true;
	mach_port_move_member (mach_task_self (), end->port, MACH_PORT_NULL);
	if (thread_suspend (queue->port) == KERN_SUCCESS)
		moves_drain (rights, queue, from, end->port, false, ID_THREAD_TERMINATE_RELEASE);
}

void
tasks_prepare_request (struct relay *relay, struct crossing *crossing, struct queue *queue)
{
	const mach_msg_header_t *header = crossing->header;
	int32_t id = header->msgh_id;

	if (queue->task_of != NULL && id == ID_PORT_INSERT_RIGHT)
		crossing->body_to = queue->task_of;
	if (id == ID_THREAD_TERMINATE_RELEASE && queue->thread_of != NULL)
		stop_for_good (&relay->rights, queue, crossing->from);
	crossing->execs = exec_of (&relay->rights, header, crossing->from);
	if (id == ID_PROC_REASSIGN && queue->process_of != NULL)
		exec_has_made (relay, queue->process_of, first_right (header));
	if (id == ID_PROC_MARK_EXEC && queue->process_of != NULL)
		exec_in_place (relay, queue->process_of);
}

void
tasks_note_request (struct relay *relay, struct crossing *crossing, struct queue *queue)
{
	struct end *reply = crossing->reply;
	int32_t id = crossing->header->msgh_id;

	if (reply == NULL)
		return;
	reply->request = id;
	if (id == ID_PROC_TASK2PID)
		reply->about = crossing->about != NULL ? crossing->about->task_of : NULL;
	else
		reply->about = queue->task_of;
	if (reply->about == NULL)
		return;
	party_use (reply->about);
	if (id == ID_PORT_EXTRACT_RIGHT)
		reply->raws = reply->about;
}

void
tasks_prepare_answer (struct relay *relay, struct crossing *crossing, struct end *end)
{
	const mach_msg_header_t *header = crossing->header;
	int32_t pid;

	crossing->raws = end->raws;
	if (end->about == NULL || !end->about->tracked || header->msgh_id != end->request + REPLY_OFFSET)
		return;
	switch (end->request)
	{
	case ID_TASK_CREATE:
		if (relay->follow)
			exec_has_made (relay, &(struct party) { .pid = 0 }, first_right (header));
		break;
	case ID_THREAD_CREATE:
		if (MACH_PORT_VALID (first_right (header)))
			tasks_track_thread (relay, end->about, first_right (header));
		break;
	case ID_PROC_TASK2PID:
		if (number (header, 1, &pid) && end->about->pid == 0)
		{
			end->about->pid = pid;
			show_task (relay->show, end->about);
		}
		break;
	}
}
