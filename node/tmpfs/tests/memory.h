/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page source and a clock for tests of the pure half, on this machine. */
#ifndef TMPFS_TESTS_MEMORY_H
#define TMPFS_TESTS_MEMORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "pages.h"

static long arenas_out;

static inline void *test_take(void *context, size_t bytes)
{
	void *memory = aligned_alloc(bytes, bytes);
	assert_non_null(memory);
	memset(memory, 0, bytes);
	arenas_out++;
	return memory;
}

static inline void test_give(void *context, void *memory, size_t bytes)
{
	arenas_out--;
	memset(memory, 0xee, bytes);
	free(memory);
}

static const struct page_source test_source = { test_take, test_give, NULL };

static inline struct timespec test_now(void)
{
	static time_t seconds = 1000;
	return (struct timespec){ ++seconds, 0 };
}

/* A small generator, so that a failure repeats. */
static inline uint32_t test_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

#endif
