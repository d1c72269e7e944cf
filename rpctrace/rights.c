/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rights.h"

#include "core/base/status.h"

#include <mach/notify.h>
#include <mach_debug/mach_debug.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROBE_ID 470901

static void
pause_for_resources (void)
{
	struct timespec pause = { 0, PAUSE_NS };

	nanosleep (&pause, NULL);
}

void *
rights_memory (size_t bytes)
{
	void *memory;

	while ((memory = calloc (1, bytes)) == NULL)
		pause_for_resources ();
	return memory;
}

static void
put (struct map *map, uint32_t key, void *value)
{
	while (!map_put (map, key, value))
		pause_for_resources ();
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

/* --- probes ------------------------------------------------------------------- */

bool
rights_send_probe (const struct rights *rights, mach_port_t name, uint64_t number)
{
	struct probe probe =
	{
		.header =
		{
			.msgh_bits = MACH_MSGH_BITS (MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
			.msgh_size = sizeof probe,
			.msgh_remote_port = name,
			.msgh_id = PROBE_ID,
		},
		.secret = rights->secret,
		.number = number,
	};

	return mach_msg (&probe.header, MACH_SEND_MSG, sizeof probe, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL)
		== MACH_MSG_SUCCESS;
}

bool
rights_is_probe (const struct rights *rights, const mach_msg_header_t *header)
{
	return header->msgh_id == PROBE_ID && header->msgh_size == sizeof (struct probe)
		&& ((const struct probe *) header)->secret == rights->secret;
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
	if (queue->kind == QUEUE_UNKNOWN)
		queue->kind = kind_of (queue->port);
	return queue->kind;
}

static struct queue *
new_queue (struct rights *rights, struct party *home)
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
		queue->urefs++;
		return queue;
	}
	/* a right that a trap gave (mach_host_self) is the kernel's although a task holds it as it is */
	if (home->leaving || (!home->world && kind_of (name) == QUEUE_KERNEL))
		home = rights->world;
	queue = new_queue (rights, home);
	queue->port = name;
	queue->urefs = 1;
	put (&rights->queues, name, queue);
	rights_watch (rights, name);
	rights_look_later (rights, queue);
	return queue;
}

/* --- ends --------------------------------------------------------------------- */

static struct end *
new_port (struct rights *rights)
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
			pause_for_resources ();
	}
	put (&rights->ends, end->port, end);
	return end;
}

static void
no_notify (struct rights *rights, struct end *end)
{
	if (end->notify == MACH_PORT_NULL)
		return;
	map_remove (&rights->ends, end->notify);
	mach_port_mod_refs (mach_task_self (), end->notify, MACH_PORT_RIGHT_RECEIVE, -1);
	end->notify = MACH_PORT_NULL;
}

/* A send-once right cannot go away without a message. */
static void
discard_once (struct rights *rights, mach_port_t name)
{
	if (!rights_send_probe (rights, name, 0))
		mach_port_deallocate (mach_task_self (), name);
}

/* Their port is dead or, yet, ours. */
static void
no_stragglers (struct rights *rights, struct end *end)
{
	while (end->stragglers_count > 0)
		discard_once (rights, end->stragglers[--end->stragglers_count]);
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
			pause_for_resources ();
}

static void
destroy_ports (struct rights *rights, struct end *end)
{
	map_remove (&rights->ends, end->port);
	mach_port_mod_refs (mach_task_self (), end->port, MACH_PORT_RIGHT_RECEIVE, -1);
	if (end->lingers)
		rights->lingering--;
	no_notify (rights, end);
	no_stragglers (rights, end);
}

/* Its port has no rights but ours and no messages. */
static void
free_port (struct rights *rights, struct end *end)
{
	mach_port_t port = end->port;
	uint32_t makes = end->makes;

	map_remove (&rights->ends, port);
	if (rights->spares >= SPARE_ENDS_MAX || end->paused || end->notify != MACH_PORT_NULL)
	{
		destroy_ports (rights, end);
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

static void
request_no_senders (struct end *end, uint32_t sync)
{
	mach_port_t previous = MACH_PORT_NULL;

	mach_port_request_notification (mach_task_self (), end->port, MACH_NOTIFY_NO_SENDERS, sync,
		end->notify != MACH_PORT_NULL ? end->notify : end->port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (MACH_PORT_VALID (previous))
		mach_port_deallocate (mach_task_self (), previous);
}

struct end *
rights_end (struct rights *rights, struct queue *queue, struct party *party)
{
	struct end *end;

	for (end = queue->ends; end != NULL; end = end->next)
		if (end->holder == party)
			return end;
	end = new_port (rights);
	end->queue = queue;
	end->holder = party;
	party_use (party);
	end->next = queue->ends;
	queue->ends = end;
	rights->ends_count++;
	/* not before a right was made */
	request_no_senders (end, end->makes + 1);
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

static void
drop_extra (struct end *end)
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
		drop_extra (end);
	}
}

static void
stop_dropping (struct rights *rights, struct end *end)
{
	struct end **link = &rights->dropping;

	if (!end->dropping)
		return;
	while (*link != end)
		link = &(*link)->next_dropping;
	*link = end->next_dropping;
	end->dropping = false;
}

static void
unlink_end (struct rights *rights, struct end *end)
{
	struct end **link = &end->queue->ends;

	while (*link != end)
		link = &(*link)->next;
	*link = end->next;
	rights->ends_count--;
	rights_look_later (rights, end->queue);
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
	stop_dropping (rights, end);
	unlink_end (rights, end);
	end->queue = NULL;
	no_notify (rights, end);
}

/* An adopted port may have messages that were sent before, and send-once rights. */
static bool
more_to_come (struct rights *rights, struct end *end)
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

void
rights_no_senders (struct rights *rights, struct end *end, uint32_t count)
{
	struct party *holder = end->holder;

	if (count != end->makes)
	{
		request_no_senders (end, end->makes);
		return;
	}
	if (end->notify != MACH_PORT_NULL && more_to_come (rights, end))
		return;
	stop_dropping (rights, end);
	unlink_end (rights, end);
	free_port (rights, end);
	party_unuse (rights, holder);
}

static void
destroy_end (struct rights *rights, struct end *end)
{
	struct party *holder = end->holder;

	drop_extra (end);
	stop_dropping (rights, end);
	unlink_end (rights, end);
	destroy_ports (rights, end);
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

/* --- receive rights that move ----------------------------------------------------- */

static struct end *
end_of (const struct queue *queue, const struct party *party)
{
	struct end *end = queue->ends;

	while (end != NULL && end->holder != party)
		end = end->next;
	return end;
}

/* NAME, a receive right, is FROM's end of QUEUE; EXTRA of our send rights are there too. */
static void
adopt (struct rights *rights, struct queue *queue, mach_port_t name, struct party *from, uint32_t extra)
{
	struct end *end = rights_memory (sizeof *end);

	end->port = name;
	end->queue = queue;
	end->holder = from;
	party_use (from);
	end->next = queue->ends;
	queue->ends = end;
	rights->ends_count++;
	make_stragglers (end, queue->port);
	while (mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &end->notify) != KERN_SUCCESS
		|| mach_port_move_member (mach_task_self (), end->notify, rights->set) != KERN_SUCCESS
		|| mach_port_move_member (mach_task_self (), name, rights->set) != KERN_SUCCESS)
		pause_for_resources ();
	put (&rights->ends, name, end);
	put (&rights->ends, end->notify, end);
	request_no_senders (end, 0);
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

	drop_extra (end);
	stop_dropping (rights, end);
	no_stragglers (rights, end);
	/* where the request's send-once right led, a word of its end comes: the caller fetches it */
	mach_port_request_notification (mach_task_self (), port, MACH_NOTIFY_NO_SENDERS, 0, MACH_PORT_NULL,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (MACH_PORT_VALID (previous))
		mach_port_deallocate (mach_task_self (), previous);
	mach_port_move_member (mach_task_self (), port, MACH_PORT_NULL);
	unlink_end (rights, end);
	map_remove (&rights->ends, port);
	if (end->lingers)
		rights->lingering--;
	*adopted = end->notify != MACH_PORT_NULL;
	no_notify (rights, end);
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
	bool known = queue != NULL, adopted;
	struct end *end = NULL;
	uint32_t urefs = 0;

	if (queue == NULL)
		queue = new_queue (rights, to);
	else
	{
		unwatch (name);
		map_remove (&rights->queues, name);
		urefs = queue->urefs;
		end = end_of (queue, to);
		party_use (to);
		party_use (from);	/* the queue may be all that mentioned it */
		party_unuse (rights, queue->home);
		queue->home = to;
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
			pause_for_resources ();
	}
	mach_port_insert_right (mach_task_self (), *port, *port, MACH_MSG_TYPE_MAKE_SEND);
	mach_port_set_mscount (mach_task_self (), *port, 0);
	queue->port = *port;
	queue->urefs = 1;
	put (&rights->queues, *port, queue);
	rights_watch (rights, *port);
	adopt (rights, queue, name, from, urefs);
	if (known)
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
			request_no_senders (end, end->makes);
	}
}

/* --- send-once rights ----------------------------------------------------------- */

struct end *
rights_once (struct rights *rights, mach_port_t name, struct party *holder, struct party *origin)
{
	struct end *end = new_port (rights);

	end->key = ++rights->last_key;
	end->once = name;
	end->holder = holder;
	end->origin = origin;
	end->raws = holder;
	party_use (holder);
	party_use (origin);
	end->since = rights->tick;
	end->older = rights->youngest;
	if (rights->youngest != NULL)
		rights->youngest->younger = end;
	else
		rights->oldest = end;
	rights->youngest = end;
	rights->onces_count++;
	put (&rights->onces, name, end);
	return end;
}

static void
no_longer_young (struct rights *rights, struct end *end)
{
	if (end->watched)
		return;
	*(end->older != NULL ? &end->older->younger : &rights->oldest) = end->younger;
	*(end->younger != NULL ? &end->younger->older : &rights->youngest) = end->older;
	end->older = end->younger = NULL;
}

static void
forget_once (struct rights *rights, struct end *end)
{
	no_longer_young (rights, end);
	map_remove (&rights->onces, end->once);
	rights->onces_count--;
	rights->died (rights->ctx, end->key);
	party_unuse (rights, end->holder);
	party_unuse (rights, end->origin);
	if (end->about != NULL)
		party_unuse (rights, end->about);
}

static void
straggler_used (struct rights *rights, struct end *end)
{
	if (end->stragglers_count > 0)
		return;
	rights->straggling--;
	rights->died (rights->ctx, end->key);
	party_unuse (rights, end->holder);
	party_unuse (rights, end->origin);
	destroy_ports (rights, end);
	free (end);
}

mach_port_t
rights_once_of (struct end *end)
{
	if (end->stragglers == NULL)
		return end->once;
	return end->stragglers_count > 0 ? rights_straggler (end) : MACH_PORT_DEAD;
}

mach_port_t
rights_straggler (struct end *end)
{
	return end->stragglers_count > 0 ? end->stragglers[--end->stragglers_count] : MACH_PORT_NULL;
}

void
rights_once_used (struct rights *rights, struct end *end)
{
	if (end->stragglers != NULL)
	{
		straggler_used (rights, end);
		return;
	}
	forget_once (rights, end);
	free_port (rights, end);
}

void
rights_once_dead (struct rights *rights, struct end *end)
{
	/* whoever waits for us in the kernel on its behalf need not wait any longer */
	if (end->server != MACH_PORT_NULL)
		thread_abort (end->server);
	forget_once (rights, end);
	destroy_ports (rights, end);
	free (end);
}

/* Most are used at once; asking about each would double what a call costs. */
void
rights_watch_young (struct rights *rights)
{
	struct end *end;

	while ((end = rights->oldest) != NULL && rights->tick - end->since >= YOUNG_TICKS)
	{
		no_longer_young (rights, end);
		end->watched = true;
		rights_watch (rights, end->once);
	}
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
