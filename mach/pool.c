/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/pool.h"

#include <stdlib.h>

_Static_assert (POOL_STEP_BYTES * POOL_CLASSES * (POOL_CLASSES + 1) / 2 * POOL_KEPT_MAX <= 4u << 20,
	"what is kept is as said");

/* NULL: not of a size that is kept, or in use at the moment. */
static struct pool_class *
class_enter (struct pool *pool, size_t bytes)
{
	struct pool_class *class = &pool->classes[(bytes - 1) / POOL_STEP_BYTES];

	if (bytes > POOL_STEP_BYTES * POOL_CLASSES || __atomic_exchange_n (&class->busy, true, __ATOMIC_ACQUIRE))
		return NULL;
	return class;
}

static void
class_leave (struct pool_class *class)
{
	__atomic_store_n (&class->busy, false, __ATOMIC_RELEASE);
}

/* Blocks of one class are alike, wherever they come from. */
static size_t
rounded (size_t bytes)
{
	if (bytes > POOL_STEP_BYTES * POOL_CLASSES)
		return bytes;
	return (bytes + POOL_STEP_BYTES - 1) / POOL_STEP_BYTES * POOL_STEP_BYTES;
}

static void *
allocate (void *ctx, size_t bytes)
{
	struct pool_class *class = class_enter (ctx, bytes);
	struct pool_block *block = NULL;

	if (class != NULL)
	{
		block = class->first;
		if (block != NULL)
		{
			class->first = block->next;
			class->kept--;
		}
		class_leave (class);
	}
	return block != NULL ? block : malloc (rounded (bytes));
}

static void
release (void *ctx, void *p, size_t bytes)
{
	struct pool_class *class = class_enter (ctx, bytes);
	struct pool_block *block = p;

	if (class != NULL)
	{
		if (class->kept < POOL_KEPT_MAX)
		{
			block->next = class->first;
			class->first = block;
			class->kept++;
			block = NULL;
		}
		class_leave (class);
	}
	free (block);
}

struct dr_alloc
pool_alloc (struct pool *pool)
{
	return (struct dr_alloc) { allocate, release, pool };
}
