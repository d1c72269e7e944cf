/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rights/table.h"

#include <string.h>

#include "core/base/status.h"

void
table_init (struct table *table)
{
  memset (table, 0, sizeof *table);
  table->buckets = table->first;
  table->mask = TABLE_FIRST_BUCKETS - 1;
}

void
table_done (struct table *table, const struct dr_alloc *alloc)
{
  if (table->buckets != table->first)
    dr_free_bytes (alloc, table->buckets, (table->mask + 1) * sizeof (struct hnode *));
  table_init (table);
}

static void
grow (struct table *table, const struct dr_alloc *alloc)
{
  size_t size = (table->mask + 1) * 4;
  struct hnode **buckets = dr_alloc_array (alloc, size, sizeof *buckets);
  if (!buckets)
    return;
  for (size_t i = 0; i <= table->mask; i++)
    while (table->buckets[i])
      {
	struct hnode *node = table->buckets[i];
	table->buckets[i] = node->next;
	node->next = buckets[node->hash & (size - 1)];
	buckets[node->hash & (size - 1)] = node;
      }
  if (table->buckets != table->first)
    dr_free_bytes (alloc, table->buckets, (table->mask + 1) * sizeof *buckets);
  table->buckets = buckets;
  table->mask = size - 1;
}

/* A table that was large once gives its buckets back when it is empty.  */
static void
shrink (struct table *table, const struct dr_alloc *alloc)
{
  if (table->count == 0 && table->buckets != table->first)
    table_done (table, alloc);
}

void
table_add (struct table *table, const struct dr_alloc *alloc, struct hnode *node,
	   uint64_t hash)
{
  dr_assert (!node->linked);
  shrink (table, alloc);
  if (table->count > table->mask * 2)
    grow (table, alloc);
  node->hash = hash;
  node->linked = 1;
  node->next = table->buckets[hash & table->mask];
  table->buckets[hash & table->mask] = node;
  table->count++;
}

void
table_remove (struct table *table, struct hnode *node)
{
  if (!node->linked)
    return;
  struct hnode **at = &table->buckets[node->hash & table->mask];
  while (*at != node)
    {
      dr_assert (*at);
      at = &(*at)->next;
    }
  *at = node->next;
  node->next = NULL;
  node->linked = 0;
  table->count--;
}

struct hnode *
table_find (const struct table *table, uint64_t hash)
{
  struct hnode *node = table->buckets[hash & table->mask];
  while (node && node->hash != hash)
    node = node->next;
  return node;
}

struct hnode *
table_more (const struct hnode *node)
{
  uint64_t hash = node->hash;
  struct hnode *next = node->next;
  while (next && next->hash != hash)
    next = next->next;
  return next;
}

uint64_t
table_mix (uint64_t a, uint64_t b)
{
  uint64_t h = a * UINT64_C (0x9e3779b97f4a7c15) ^ (b + UINT64_C (0x632be59bd9b4e019));
  h ^= h >> 32;
  h *= UINT64_C (0xd6e8feb86659fd93);
  h ^= h >> 29;
  h *= UINT64_C (0xa0761d6478bd642f);
  return h ^ h >> 32;
}
