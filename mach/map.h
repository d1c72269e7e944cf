/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A map from nonzero 32-bit numbers (port names, proxy numbers) to pointers. */
#ifndef DR_MACH_MAP_H
#define DR_MACH_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map
{
	uint32_t *keys;		/* 0: free */
	void **values;
	size_t slots, used;	/* slots is a power of two, or 0 */
};

/* An empty map is all zero. */
void map_free (struct map *map);

void *map_get (const struct map *map, uint32_t key);

/* Adds KEY or replaces its value.  False: out of memory, nothing changed. */
bool map_put (struct map *map, uint32_t key, void *value);

void map_remove (struct map *map, uint32_t key);

#endif
