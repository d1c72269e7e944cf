/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hash tables whose nodes lie inside the things they find.  Adding never fails:
   when there is no memory for more buckets the chains get longer until there
   is.  The caller compares; a table only narrows down by a 64-bit hash.  */
#ifndef DR_RIGHTS_TABLE_H
#define DR_RIGHTS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/alloc.h"

#define TABLE_FIRST_BUCKETS 16u

struct hnode
{
  struct hnode *next;
  uint64_t hash;
  uint8_t linked;
};

struct table
{
  struct hnode **buckets;	/* `first` until it grew */
  size_t mask;
  size_t count;
  struct hnode *first[TABLE_FIRST_BUCKETS];
};

void table_init (struct table *table);
void table_done (struct table *table, const struct dr_alloc *alloc);
void table_add (struct table *table, const struct dr_alloc *alloc,
		struct hnode *node, uint64_t hash);
/* Nothing happens if the node is not in it.  */
void table_remove (struct table *table, struct hnode *node);
/* The first node with this hash, or the next one behind NODE; or NULL.  */
struct hnode *table_find (const struct table *table, uint64_t hash);
struct hnode *table_more (const struct hnode *node);

/* Mixes a number (and the one before, for pairs) well enough for buckets.  */
uint64_t table_mix (uint64_t a, uint64_t b);

#define CONTAINER(node, type, member)					\
  ((type *) ((char *) (node) - offsetof (type, member)))

#endif
