/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pool of small blocks: no two users of one block, nothing kept beyond the bound, nothing lost
   (the sanitizers look: one build has that of threads). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "mach/pool.h"

#define BLOCKS 500
#define ROUNDS 20000
#define THREADS 4

struct held
{
	unsigned char *block;
	size_t bytes;
	unsigned char mark;
};

static void
check (const struct held *held)
{
	for (size_t i = 0; i < held->bytes; i++)
		assert_int_equal (held->block[i], held->mark);
}

static void
empty (struct pool *pool)
{
	for (unsigned i = 0; i < POOL_CLASSES; i++)
		while (pool->classes[i].first != NULL)
		{
			struct pool_block *block = pool->classes[i].first;

			pool->classes[i].first = block->next;
			free (block);
		}
}

static void
use (struct dr_alloc *alloc, unsigned random)
{
	static const size_t sizes[] = { 1, 63, 64, 65, 128, 2047, 2048, 2049, 100000 };
	struct held held[BLOCKS] = { { NULL } };

	for (unsigned round = 0; round < ROUNDS; round++)
	{
		struct held *h = &held[(random = random * 1103515245 + 12345) / 65536 % BLOCKS];

		if (h->block != NULL)
		{
			check (h);
			dr_free_bytes (alloc, h->block, h->bytes);
			h->block = NULL;
			continue;
		}
		h->bytes = round % 100 == 0 ? sizes[8] : sizes[random / 16 % 8];
		h->block = dr_alloc_bytes (alloc, h->bytes);
		assert_non_null (h->block);
		assert_int_equal ((uintptr_t) h->block % 16, 0);
		memset (h->block, h->mark = (unsigned char) round, h->bytes);
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		dr_free_bytes (alloc, held[i].block, held[i].bytes);
}

static void
blocks_are_ones_own (void **state)
{
	struct pool pool = { 0 };
	struct dr_alloc alloc = pool_alloc (&pool);

	use (&alloc, 1);
	for (unsigned i = 0; i < POOL_CLASSES; i++)
		assert_true (pool.classes[i].kept <= POOL_KEPT_MAX);
	empty (&pool);
}

static void
a_block_is_used_again (void **state)
{
	struct pool pool = { 0 };
	struct dr_alloc alloc = pool_alloc (&pool);
	void *block = dr_alloc_bytes (&alloc, 100);

	dr_free_bytes (&alloc, block, 100);
	assert_ptr_equal (dr_alloc_bytes (&alloc, 128), block);	/* of the same class */
	/* Who finds the class in use is served all the same. */
	pool.classes[1].busy = true;
	void *other = dr_alloc_bytes (&alloc, 128);
	assert_non_null (other);
	dr_free_bytes (&alloc, other, 128);
	assert_int_equal (pool.classes[1].kept, 0);
	pool.classes[1].busy = false;
	dr_free_bytes (&alloc, block, 128);
	empty (&pool);
}

static void *
user (void *alloc)
{
	use (alloc, (unsigned) (uintptr_t) &alloc);
	return NULL;
}

static void
threads_share_it (void **state)
{
	struct pool pool = { 0 };
	struct dr_alloc alloc = pool_alloc (&pool);
	pthread_t thread[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal (pthread_create (&thread[i], NULL, user, &alloc), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join (thread[i], NULL);
	empty (&pool);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (blocks_are_ones_own),
		cmocka_unit_test (a_block_is_used_again),
		cmocka_unit_test (threads_share_it),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
