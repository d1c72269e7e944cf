/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data of files, by pages.  Pure: memory comes from a page_source. */
#ifndef TMPFS_PAGES_H
#define TMPFS_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where arenas come from.  TAKE returns BYTES of zeros, aligned to BYTES (a power of
   two), or NULL; GIVE takes the same back. */
struct page_source {
	void *(*take)(void *context, size_t bytes);
	void (*give)(void *context, void *memory, size_t bytes);
	void *context;
};

struct arena;

struct page_pool {
	struct page_source source;
	struct arena *with_room;	/* arenas that have free pages, at most one of them wholly free */
	uint64_t pages_used;
	uint64_t pages_max;
	uint64_t arenas;
};

void page_pool_init(struct page_pool *pool, const struct page_source *source, uint64_t bytes_max);
/* Gives the last arena back; no page may be out. */
void page_pool_free(struct page_pool *pool);
/* A page that the caller owns, of zeros if ZERO; NULL when the pool is full or memory is out. */
void *page_take(struct page_pool *pool, bool zero);
void page_give(struct page_pool *pool, void *page);

/* One file's pages.  A page that was never written does not exist and reads as zeros.
   All zero bytes are a valid empty file. */
struct file_pages {
	void ***leaves;		/* each points to an array of pointers to pages, or is NULL */
	size_t leaf_count;
	uint64_t pages;		/* that exist */
};

void file_pages_read(const struct file_pages *file, uint64_t offset, void *to, size_t bytes);
/* Writes as much as there is room for and returns how much that was. */
size_t file_pages_write(struct page_pool *pool, struct file_pages *file, uint64_t offset, const void *from, size_t bytes);
/* Makes a page of zeros wherever one is missing; as far as there is room, and returns how
   far, in bytes. */
size_t file_pages_reserve(struct page_pool *pool, struct file_pages *file, uint64_t offset, size_t bytes);
/* Whether the page at OFFSET is more than a hole. */
bool file_pages_exist(const struct file_pages *file, uint64_t offset);
/* Frees what lies behind SIZE; the rest of the last page becomes zeros. */
void file_pages_cut(struct page_pool *pool, struct file_pages *file, uint64_t size);

#endif
