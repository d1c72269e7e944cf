/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names in one directory.  Pure.
 *
 * A name keeps its slot for as long as it is there, and slots are what a reader of the
 * directory counts by: so names that come and go while somebody reads move no others. */
#ifndef TMPFS_DIRECTORY_H
#define TMPFS_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

struct node;

struct directory_entry {
	struct node *node;
	uint32_t hash;
	uint8_t length;
	char name[];		/* ends with 0 */
};

struct directory {
	struct directory_entry **slots;		/* NULL: a hole */
	uint32_t *index;			/* open addressing by hash: slot + 1, or 0 */
	uint32_t slot_count;			/* used, with holes */
	uint32_t slot_room;
	uint32_t index_room;			/* a power of two, or 0 */
	uint32_t names;
	uint32_t hint;				/* no hole lies below */
};

struct directory_entry *directory_find(const struct directory *directory, const char *name, size_t length);
/* ENOMEM or 0.  The name must not be there yet and not be longer than TMPFS_NAME_BYTES_MAX. */
int directory_add(struct directory *directory, const char *name, size_t length, struct node *node);
/* ENTRY must be in DIRECTORY; it is freed. */
void directory_remove(struct directory *directory, struct directory_entry *entry);
/* Closes the holes.  Only while nobody is reading. */
void directory_compact(struct directory *directory);
/* There must be no names left. */
void directory_free(struct directory *directory);

#endif
