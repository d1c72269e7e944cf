/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/watches.h"

/* The entry at the head of the ring has this number. */
static uintptr_t
first_number (const struct watches *watches)
{
	return watches->last_number - watches->count + 1;
}

bool
watches_add (struct watches *watches, uint32_t name, uint64_t now_us)
{
	if (watches->count == WATCHES_MAX
		|| !map_put (&watches->latest, name, (void *) (watches->last_number + 1)))
		return false;
	watches->ring[(watches->first + watches->count++) % WATCHES_MAX] = (struct watch) { name, now_us };
	watches->last_number++;
	return true;
}

uint32_t
watches_due (struct watches *watches, uint64_t now_us)
{
	while (watches->count > 0 && now_us >= watches_deadline (watches))
	{
		uint32_t name = watches->ring[watches->first].name;
		bool latest = (uintptr_t) map_get (&watches->latest, name) == first_number (watches);

		watches->first = (watches->first + 1) % WATCHES_MAX;
		watches->count--;
		if (!latest)
			continue;
		map_remove (&watches->latest, name);
		return name;
	}
	return 0;
}

uint64_t
watches_deadline (const struct watches *watches)
{
	return watches->count > 0 ? watches->ring[watches->first].since_us + WATCH_AFTER_US : UINT64_MAX;
}
