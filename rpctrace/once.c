/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Send-once rights: each has an end of its own, that is used once. */
#include "rights_internal.h"

#include <stdlib.h>

#define PROBE_ID 470901

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

/* A send-once right cannot go away without a message. */
void
once_discard (struct rights *rights, mach_port_t name)
{
	if (!rights_send_probe (rights, name, 0))
		mach_port_deallocate (mach_task_self (), name);
}

/* --- ends ----------------------------------------------------------------------- */

struct end *
rights_once (struct rights *rights, mach_port_t name, struct party *holder, struct party *origin)
{
	struct end *end = rights_new_port (rights);

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
	rights_put (&rights->onces, name, end);
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

mach_port_t
rights_once_of (struct end *end)
{
	if (end->stragglers == NULL)
		return end->once;
	return end->stragglers_count > 0 ? rights_straggler (end) : MACH_PORT_DEAD;
}

void
rights_once_used (struct rights *rights, struct end *end)
{
	if (end->stragglers != NULL)
	{
		adopted_straggler_used (rights, end);
		return;
	}
	forget_once (rights, end);
	rights_free_port (rights, end);
}

void
rights_once_dead (struct rights *rights, struct end *end)
{
	/* whoever waits for us in the kernel on its behalf need not wait any longer */
	if (end->server != MACH_PORT_NULL)
		thread_abort (end->server);
	forget_once (rights, end);
	rights_destroy_ports (rights, end);
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
