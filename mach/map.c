/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/map.h"

#include <stdlib.h>

#define MAP_SLOTS_FIRST 64

static size_t
home_slot (const struct map *map, uint32_t key)
{
	return (key * UINT32_C (2654435761) >> 7) & (map->slots - 1);
}

/* The slot that holds KEY, or the free one where it would go.  There always is a free one. */
static size_t
find_slot (const struct map *map, uint32_t key)
{
	size_t slot = home_slot (map, key);

	while (map->keys[slot] != 0 && map->keys[slot] != key)
		slot = (slot + 1) & (map->slots - 1);
	return slot;
}

void
map_free (struct map *map)
{
	free (map->keys);
	free (map->values);
	*map = (struct map) { 0 };
}

void *
map_get (const struct map *map, uint32_t key)
{
	size_t slot;

	if (map->slots == 0 || key == 0)
		return NULL;
	slot = find_slot (map, key);
	return map->keys[slot] == key ? map->values[slot] : NULL;
}

static bool
resize (struct map *map, size_t slots)
{
	struct map larger = { calloc (slots, sizeof *map->keys), malloc (slots * sizeof *map->values), slots, map->used };

	if (larger.keys == NULL || larger.values == NULL)
	{
		map_free (&larger);
		return false;
	}
	for (size_t i = 0; i < map->slots; i++)
		if (map->keys[i] != 0)
		{
			size_t slot = find_slot (&larger, map->keys[i]);

			larger.keys[slot] = map->keys[i];
			larger.values[slot] = map->values[i];
		}
	map_free (map);
	*map = larger;
	return true;
}

bool
map_put (struct map *map, uint32_t key, void *value)
{
	size_t slot;

	if (map->used * 4 >= map->slots * 3 && !resize (map, map->slots == 0 ? MAP_SLOTS_FIRST : map->slots * 2))
		return false;
	slot = find_slot (map, key);
	if (map->keys[slot] == 0)
		map->used++;
	map->keys[slot] = key;
	map->values[slot] = value;
	return true;
}

void
map_remove (struct map *map, uint32_t key)
{
	size_t hole, next;

	if (map->slots == 0)
		return;
	hole = find_slot (map, key);
	if (map->keys[hole] == 0)
		return;
	map->used--;
	/* close the gap, so that no search for a later key stops at it */
	for (next = (hole + 1) & (map->slots - 1); map->keys[next] != 0; next = (next + 1) & (map->slots - 1))
	{
		size_t home = home_slot (map, map->keys[next]);

		if (((next - home) & (map->slots - 1)) < ((next - hole) & (map->slots - 1)))
			continue;
		map->keys[hole] = map->keys[next];
		map->values[hole] = map->values[next];
		hole = next;
	}
	map->keys[hole] = 0;
}
