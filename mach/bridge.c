/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/bridge_internal.h"

#include "mach/resident.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

uint64_t
bridge_now (void)
{
	struct timespec now;

	clock_gettime (CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000 + 1;
}

void
bridge_run (struct bridge *bridge)
{
	struct rights_action action;

	while (rights_next (bridge->rights, &action))
		bridge_execute (bridge, &action);
}

void
bridge_enter (struct bridge *bridge)
{
	pthread_mutex_lock (&bridge->lock);
}

void
bridge_settle (struct bridge *bridge)
{
	bridge_run (bridge);
	bridge->driver.flush (bridge->driver.ctx);
}

void
bridge_leave (struct bridge *bridge)
{
	bridge_settle (bridge);
	pthread_mutex_unlock (&bridge->lock);
}

void
bridge_tick (struct bridge *bridge)
{
	rights_tick (bridge->rights, bridge_now ());
	bridge_watch_due (bridge);
	bridge_touch_tick (bridge);
}

uint64_t
bridge_deadline (const struct bridge *bridge)
{
	uint64_t engine = rights_deadline (bridge->rights), own = watches_deadline (&bridge->watches);
	uint64_t touch = bridge_touch_deadline (bridge), first = engine < own ? engine : own;

	return first < touch ? first : touch;
}

void
bridge_unlock (struct bridge *bridge)
{
	pthread_mutex_unlock (&bridge->lock);
}

void
bridge_lock (struct bridge *bridge)
{
	pthread_mutex_lock (&bridge->lock);
}

void
bridge_condition_init (pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init (&attributes);
	pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
	pthread_cond_init (condition, &attributes);
	pthread_condattr_destroy (&attributes);
}

bool
bridge_sleep (struct bridge *bridge, pthread_cond_t *condition, uint64_t deadline_us)
{
	struct timespec deadline = { deadline_us / 1000000, deadline_us % 1000000 * 1000 };

	if (deadline_us == UINT64_MAX)
		return pthread_cond_wait (condition, &bridge->lock) == 0;
	return pthread_cond_timedwait (condition, &bridge->lock, &deadline) != ETIMEDOUT;
}

struct rights *
bridge_rights (struct bridge *bridge)
{
	return bridge->rights;
}

void
bridge_worker_status (struct bridge *bridge, struct workers_status *status)
{
	workers_status (bridge->workers, status);
}

static bool
make_ports (struct bridge *bridge)
{
	mach_port_t self = mach_task_self ();

	return mach_port_allocate (self, MACH_PORT_RIGHT_PORT_SET, &bridge->set) == KERN_SUCCESS
		&& mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &bridge->notices) == KERN_SUCCESS
		&& mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &bridge->stage) == KERN_SUCCESS
		&& mach_port_move_member (self, bridge->notices, bridge->set) == KERN_SUCCESS;
}

/* A bridge that cannot be made is left as it is: its program ends. */
struct bridge *
bridge_create (const struct rights_config *config, const struct dr_alloc *alloc, const struct bridge_driver *driver)
{
	struct bridge *bridge = calloc (1, sizeof *bridge);

	if (bridge == NULL)
		return NULL;
	pthread_mutex_init (&bridge->lock, NULL);
	objects_init (&bridge->objects);
	bridge->alloc = *alloc;
	bridge->driver = *driver;
	bridge->marker_secret = config->epoch ^ (uintptr_t) bridge;
	bridge->workers = workers_create (BRIDGE_WORKERS_MAX);
	bridge->touchers = workers_create (BRIDGE_TOUCHERS_MAX);
	resident_prepare ();
	if (bridge->workers == NULL || bridge->touchers == NULL || !make_ports (bridge)
		|| rights_create (config, alloc, &bridge->rights) != DR_OK)
		return NULL;
	proxies_init (&bridge->proxies, bridge->set);
	return bridge_start_receiving (bridge) ? bridge : NULL;
}
