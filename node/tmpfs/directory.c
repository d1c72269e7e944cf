/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "directory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

enum { FIRST_ROOM = 8 };

static uint32_t hash_name(const char *name, size_t length)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static void index_put(struct directory *directory, uint32_t hash, uint32_t slot)
{
	uint32_t mask = directory->index_room - 1, at = hash & mask;
	while (directory->index[at])
		at = (at + 1) & mask;
	directory->index[at] = slot + 1;
}

static int index_build(struct directory *directory, uint32_t room)
{
	uint32_t *index = calloc(room, sizeof(*index));
	if (!index)
		return ENOMEM;
	free(directory->index);
	directory->index = index;
	directory->index_room = room;
	for (uint32_t slot = 0; slot < directory->slot_count; slot++)
		if (directory->slots[slot])
			index_put(directory, directory->slots[slot]->hash, slot);
	return 0;
}

/* The place in the index that names ENTRY's slot. */
static uint32_t index_place(const struct directory *directory, const struct directory_entry *entry)
{
	uint32_t mask = directory->index_room - 1, at = entry->hash & mask;
	for (;; at = (at + 1) & mask) {
		assert(directory->index[at]);
		if (directory->slots[directory->index[at] - 1] == entry)
			return at;
	}
}

/* Empties place AT and moves later members of its run up, so that no search ends early. */
static void index_clear(struct directory *directory, uint32_t at)
{
	uint32_t mask = directory->index_room - 1, hole = at;
	for (uint32_t next = (at + 1) & mask; directory->index[next]; next = (next + 1) & mask) {
		uint32_t home = directory->slots[directory->index[next] - 1]->hash & mask;
		if (((next - home) & mask) >= ((next - hole) & mask)) {
			directory->index[hole] = directory->index[next];
			hole = next;
		}
	}
	directory->index[hole] = 0;
}

struct directory_entry *directory_find(const struct directory *directory, const char *name, size_t length)
{
	if (!directory->index_room)
		return NULL;
	uint32_t hash = hash_name(name, length), mask = directory->index_room - 1;
	for (uint32_t at = hash & mask; directory->index[at]; at = (at + 1) & mask) {
		struct directory_entry *entry = directory->slots[directory->index[at] - 1];
		if (entry->hash == hash && entry->length == length && !memcmp(entry->name, name, length))
			return entry;
	}
	return NULL;
}

static int slot_find(struct directory *directory, uint32_t *slot)
{
	if (directory->names < directory->slot_count) {
		for (*slot = directory->hint; directory->slots[*slot];)
			++*slot;
		return 0;
	}
	if (directory->slot_count == directory->slot_room) {
		uint32_t room = directory->slot_room ? 2 * directory->slot_room : FIRST_ROOM;
		struct directory_entry **slots = realloc(directory->slots, room * sizeof(*slots));
		if (!slots)
			return ENOMEM;
		directory->slots = slots;
		directory->slot_room = room;
	}
	*slot = directory->slot_count;
	return 0;
}

int directory_add(struct directory *directory, const char *name, size_t length, struct node *node)
{
	assert(length && length <= TMPFS_NAME_BYTES_MAX);
	uint32_t slot;
	if (2 * (directory->names + 1) > directory->index_room &&
	    index_build(directory, directory->index_room ? 2 * directory->index_room : 2 * FIRST_ROOM))
		return ENOMEM;
	struct directory_entry *entry = malloc(sizeof(*entry) + length + 1);
	if (!entry)
		return ENOMEM;
	if (slot_find(directory, &slot)) {
		free(entry);
		return ENOMEM;
	}
	entry->node = node;
	entry->hash = hash_name(name, length);
	entry->length = (uint8_t)length;
	memcpy(entry->name, name, length);
	entry->name[length] = 0;
	directory->slots[slot] = entry;
	if (slot == directory->slot_count)
		directory->slot_count++;
	directory->hint = slot + 1;
	directory->names++;
	index_put(directory, entry->hash, slot);
	return 0;
}

void directory_remove(struct directory *directory, struct directory_entry *entry)
{
	uint32_t at = index_place(directory, entry), slot = directory->index[at] - 1;
	index_clear(directory, at);
	directory->slots[slot] = NULL;
	directory->names--;
	if (slot < directory->hint)
		directory->hint = slot;
	free(entry);
}

void directory_compact(struct directory *directory)
{
	if (directory->names == directory->slot_count)
		return;
	uint32_t to = 0;
	for (uint32_t from = 0; from < directory->slot_count; from++) {
		if (!directory->slots[from])
			continue;
		if (from != to)
			directory->index[index_place(directory, directory->slots[from])] = to + 1;
		directory->slots[to] = directory->slots[from];
		if (from != to)
			directory->slots[from] = NULL;
		to++;
	}
	directory->slot_count = directory->hint = to;
}

void directory_free(struct directory *directory)
{
	assert(!directory->names);
	free(directory->slots);
	free(directory->index);
	*directory = (struct directory){ 0 };
}
