/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rights_internal.h"

#include "core/base/status.h"

#include <mach/notify.h>
#include <mach_debug/mach_debug.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void
rights_pause_for_resources (void)
{
	struct timespec pause = { 0, PAUSE_NS };

	nanosleep (&pause, NULL);
}

void *
rights_memory (size_t bytes)
{
	void *memory;

	while ((memory = calloc (1, bytes)) == NULL)
		rights_pause_for_resources ();
	return memory;
}

void
rights_put (struct map *map, uint32_t key, void *value)
{
	while (!map_put (map, key, value))
		rights_pause_for_resources ();
}

bool
rights_init (struct rights *rights)
{
	mach_port_t self = mach_task_self ();

	memset (rights, 0, sizeof *rights);
	if (mach_port_allocate (self, MACH_PORT_RIGHT_PORT_SET, &rights->set) != KERN_SUCCESS
		|| mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &rights->notices) != KERN_SUCCESS
		|| mach_port_move_member (self, rights->notices, rights->set) != KERN_SUCCESS)
		return false;
	mach_port_set_qlimit (self, rights->notices, MACH_PORT_QLIMIT_MAX);
	getentropy (&rights->secret, sizeof rights->secret);
	rights->world = rights_party (rights, MACH_PORT_NULL);
	rights->door = rights_party (rights, MACH_PORT_NULL);
	rights->world->uses = rights->door->uses = 1;
	return true;
}

/* --- parties ------------------------------------------------------------------ */

struct party *
rights_party (struct rights *rights, mach_port_t task)
{
	struct party *party = rights_memory (sizeof *party);

	party->world = task == MACH_PORT_NULL;
	party->next = rights->parties;
	rights->parties = party;
	rights->parties_count++;
	if (party->world)
		return party;
	party->task = rights_identify (rights, task, rights->world);
	dr_assert (party->task->task_of == NULL);
	party->task->task_of = party;
	party_use (party);
	return party;
}

void
party_use (struct party *party)
{
	party->uses++;
}

void
party_unuse (struct rights *rights, struct party *party)
{
	struct party **link = &rights->parties;

	dr_assert (party->uses > 0);
	if (--party->uses > 0)
		return;
	while (*link != party)
		link = &(*link)->next;
	*link = party->next;
	rights->parties_count--;
	free (party);
}

/* --- names -------------------------------------------------------------------- */

struct end *
rights_end_at (const struct rights *rights, mach_port_t port)
{
	return map_get (&rights->ends, port);
}

struct end *
rights_end_of (const struct queue *queue, const struct party *party)
{
	struct end *end = queue->ends;

	while (end != NULL && end->holder != party)
		end = end->next;
	return end;
}

struct queue *
rights_queue_at (const struct rights *rights, mach_port_t name)
{
	return map_get (&rights->queues, name);
}

void
rights_watch (struct rights *rights, mach_port_t name)
{
	mach_port_t previous = MACH_PORT_NULL;

	/* with sync 1 a name that is dead already is reported at once */
	if (mach_port_request_notification (mach_task_self (), name, MACH_NOTIFY_DEAD_NAME, 1, rights->notices,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous) == KERN_SUCCESS && MACH_PORT_VALID (previous))
		mach_port_deallocate (mach_task_self (), previous);
}

static enum queue_kind
kind_of (mach_port_t name)
{
	vm_offset_t address;
	unsigned type;

	return mach_port_kernel_object (mach_task_self (), name, &type, &address) == KERN_SUCCESS && type != 0
		? QUEUE_KERNEL : QUEUE_TASK;
}

enum queue_kind
rights_kind (struct queue *queue)
{
	enum queue_kind kind;

	if (queue->kind != QUEUE_UNKNOWN)
		return queue->kind;
	kind = kind_of (queue->port);
	/* As long as we are traced ourselves the kernel's ports are another tracer's; what is sent there may take
	   long, and once that lets us go it is the kernel that it takes it in. */
	if (kind == QUEUE_TASK && kind_of (mach_task_self ()) == QUEUE_TASK)
		return QUEUE_KERNEL;
	/* Perhaps it has let us go between the two questions. */
	return queue->kind = kind == QUEUE_TASK ? kind_of (queue->port) : kind;
}

struct queue *
rights_new_queue (struct rights *rights, struct party *home)
{
	struct queue *queue = rights_memory (sizeof *queue);

	queue->key = ++rights->last_key;
	queue->last = &queue->first;
	queue->home = home;
	party_use (home);
	rights->queues_count++;
	return queue;
}

struct queue *
rights_identify (struct rights *rights, mach_port_t name, struct party *home)
{
	struct end *end = rights_end_at (rights, name);
	struct queue *queue = end != NULL ? end->queue : rights_queue_at (rights, name);

	if (end != NULL && queue != NULL)
	{
		rights_end_came (rights, end);
		return queue;
	}
	if (queue != NULL)
	{
		if (++queue->urefs >= UREFS_KEPT_MAX && mach_port_mod_refs (mach_task_self (), name, MACH_PORT_RIGHT_SEND,
			1 - (int) queue->urefs) == KERN_SUCCESS)
			queue->urefs = 1;
		return queue;
	}
	/* a right that a trap gave (mach_host_self) is the kernel's although a task holds it as it is */
	if (home->leaving || (!home->world && kind_of (name) == QUEUE_KERNEL))
		home = rights->world;
	queue = rights_new_queue (rights, home);
	queue->port = name;
	queue->urefs = 1;
	rights_put (&rights->queues, name, queue);
	rights_watch (rights, name);
	rights_look_later (rights, queue);
	return queue;
}

/* --- ends --------------------------------------------------------------------- */

struct end *
rights_new_port (struct rights *rights)
{
	struct end *end = rights->spare;

	if (end != NULL)
	{
		rights->spare = end->next;
		rights->spares--;
	}
	else
	{
		end = rights_memory (sizeof *end);
		while (mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &end->port) != KERN_SUCCESS
			|| mach_port_move_member (mach_task_self (), end->port, rights->set) != KERN_SUCCESS)
			rights_pause_for_resources ();
	}
	rights_put (&rights->ends, end->port, end);
	return end;
}

void
rights_no_notify (struct rights *rights, struct end *end)
{
	if (end->notify == MACH_PORT_NULL)
		return;
	map_remove (&rights->ends, end->notify);
	mach_port_mod_refs (mach_task_self (), end->notify, MACH_PORT_RIGHT_RECEIVE, -1);
	end->notify = MACH_PORT_NULL;
}

void
rights_destroy_ports (struct rights *rights, struct end *end)
{
	map_remove (&rights->ends, end->port);
	mach_port_mod_refs (mach_task_self (), end->port, MACH_PORT_RIGHT_RECEIVE, -1);
	if (end->lingers)
		rights->lingering--;
	rights_no_notify (rights, end);
	adopted_no_stragglers (rights, end);
}

/* Its port has no rights but ours and no messages. */
void
rights_free_port (struct rights *rights, struct end *end)
{
	mach_port_t port = end->port;
	uint32_t makes = end->makes;

	map_remove (&rights->ends, port);
	if (rights->spares >= SPARE_ENDS_MAX || end->paused || end->notify != MACH_PORT_NULL)
	{
		rights_destroy_ports (rights, end);
		free (end);
		return;
	}
	memset (end, 0, sizeof *end);
	end->port = port;
	end->makes = makes;
	end->next = rights->spare;
	rights->spare = end;
	rights->spares++;
}

void
rights_request_no_senders (struct end *end, uint32_t sync)
{
	mach_port_t previous = MACH_PORT_NULL;

	mach_port_request_notification (mach_task_self (), end->port, MACH_NOTIFY_NO_SENDERS, sync,
		end->notify != MACH_PORT_NULL ? end->notify : end->port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (MACH_PORT_VALID (previous))
		mach_port_deallocate (mach_task_self (), previous);
}

void
rights_link_end (struct rights *rights, struct end *end, struct queue *queue, struct party *holder)
{
	end->queue = queue;
	end->holder = holder;
	party_use (holder);
	end->next = queue->ends;
	queue->ends = end;
	rights->ends_count++;
}

struct end *
rights_end (struct rights *rights, struct queue *queue, struct party *party)
{
	struct end *end = rights_end_of (queue, party);

	if (end != NULL)
		return end;
	end = rights_new_port (rights);
	rights_link_end (rights, end, queue, party);
	/* not before a right was made */
	rights_request_no_senders (end, end->makes + 1);
	return end;
}

void
rights_end_came (struct rights *rights, struct end *end)
{
	end->extra++;
	if (end->dropping)
		return;
	end->dropping = true;
	end->next_dropping = rights->dropping;
	rights->dropping = end;
}

mach_port_t
rights_make (struct rights *rights, struct end *end)
{
	if (end->extra == 0)
	{
		mach_port_insert_right (mach_task_self (), end->port, end->port, MACH_MSG_TYPE_MAKE_SEND);
		end->makes++;
		rights_end_came (rights, end);
	}
	return end->port;
}

void
rights_drop_extra (struct end *end)
{
	if (end->extra > 0)
		mach_port_mod_refs (mach_task_self (), end->port, MACH_PORT_RIGHT_SEND, -(int) end->extra);
	end->extra = 0;
}

void
rights_drop_extras (struct rights *rights)
{
	struct end *end;

	while ((end = rights->dropping) != NULL)
	{
		rights->dropping = end->next_dropping;
		end->dropping = false;
		rights_drop_extra (end);
	}
}

void
rights_stop_dropping (struct rights *rights, struct end *end)
{
	struct end **link = &rights->dropping;

	if (!end->dropping)
		return;
	while (*link != end)
		link = &(*link)->next_dropping;
	*link = end->next_dropping;
	end->dropping = false;
}

void
rights_unlink_end (struct rights *rights, struct end *end)
{
	struct end **link = &end->queue->ends;

	while (*link != end)
		link = &(*link)->next;
	*link = end->next;
	rights->ends_count--;
	rights_look_later (rights, end->queue);
}

void
rights_no_senders (struct rights *rights, struct end *end, uint32_t count)
{
	struct party *holder = end->holder;

	if (count != end->makes)
	{
		rights_request_no_senders (end, end->makes);
		return;
	}
	if (end->notify != MACH_PORT_NULL && adopted_more_to_come (rights, end))
		return;
	rights_stop_dropping (rights, end);
	rights_unlink_end (rights, end);
	rights_free_port (rights, end);
	party_unuse (rights, holder);
}

static void
destroy_end (struct rights *rights, struct end *end)
{
	struct party *holder = end->holder;

	rights_drop_extra (end);
	rights_stop_dropping (rights, end);
	rights_unlink_end (rights, end);
	rights_destroy_ports (rights, end);
	free (end);
	party_unuse (rights, holder);
}

void
rights_pause (struct rights *rights, struct end *end, bool pause)
{
	if (end->paused == pause)
		return;
	end->paused = pause;
	mach_port_move_member (mach_task_self (), end->port, pause ? MACH_PORT_NULL : rights->set);
}

/* --- the end of a queue ----------------------------------------------------------- */

void
rights_look_later (struct rights *rights, struct queue *queue)
{
	if (queue->listed)
		return;
	queue->listed = true;
	queue->next_listed = rights->listed;
	rights->listed = queue;
}

static void
forget_queue (struct rights *rights, struct queue *queue)
{
	map_remove (&rights->queues, queue->port);
	rights->queues_count--;
	if (queue->urefs > 0 && (queue->dead || mach_port_mod_refs (mach_task_self (), queue->port,
		MACH_PORT_RIGHT_SEND, -(int) queue->urefs) != KERN_SUCCESS))
		mach_port_mod_refs (mach_task_self (), queue->port, MACH_PORT_RIGHT_DEAD_NAME, -(int) queue->urefs);
	rights->died (rights->ctx, queue->key);
	party_unuse (rights, queue->home);
	if (queue->task_of != NULL)
		party_unuse (rights, queue->task_of);
	if (queue->thread_of != NULL)
		party_unuse (rights, queue->thread_of);
	if (queue->process_of != NULL)
		party_unuse (rights, queue->process_of);
	free (queue);
}

static void
clean (struct rights *rights, struct queue *queue)
{
	if (queue->pins > 0 || queue->busy || queue->first != NULL)
		return;
	while (queue->dead && queue->ends != NULL)
		destroy_end (rights, queue->ends);
	if (queue->ends == NULL && !queue->listed && (queue->task_of == NULL || queue->dead))
		forget_queue (rights, queue);
}

void
rights_clean (struct rights *rights)
{
	struct queue *queue;

	while ((queue = rights->listed) != NULL)
	{
		rights->listed = queue->next_listed;
		queue->listed = false;
		clean (rights, queue);
	}
}
