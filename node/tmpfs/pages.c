/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

enum {
	ARENA_BYTES = TMPFS_ARENA_PAGES * TMPFS_PAGE_BYTES,
	PAGE_BYTES = TMPFS_PAGE_BYTES,
	LEAF_PAGES = 128,	/* a kilobyte of pointers: little for a small file */
};

/* Lies in its own first page, which is never handed out: so a page's arena is found
   by rounding its address down. */
struct arena {
	struct arena *next, *previous;	/* in with_room, while there is room */
	uint64_t free;			/* a bit for each free page */
	uint64_t fresh;			/* a bit for each page that was never used, hence zeros */
};

_Static_assert(TMPFS_ARENA_PAGES == 64, "an arena's pages are the bits of one word");
#define ARENA_ALL_FREE (~(uint64_t)1)

void page_pool_init(struct page_pool *pool, const struct page_source *source, uint64_t bytes_max)
{
	*pool = (struct page_pool){ .source = *source, .pages_max = bytes_max / PAGE_BYTES };
}

static void list_insert(struct page_pool *pool, struct arena *arena)
{
	arena->previous = NULL;
	arena->next = pool->with_room;
	if (arena->next)
		arena->next->previous = arena;
	pool->with_room = arena;
}

static void list_remove(struct page_pool *pool, struct arena *arena)
{
	if (arena->previous)
		arena->previous->next = arena->next;
	else
		pool->with_room = arena->next;
	if (arena->next)
		arena->next->previous = arena->previous;
}

static struct arena *arena_of(void *page)
{
	return (struct arena *)((uintptr_t)page & ~((uintptr_t)ARENA_BYTES - 1));
}

static bool grow(struct page_pool *pool)
{
	struct arena *arena = pool->source.take(pool->source.context, ARENA_BYTES);
	if (!arena)
		return false;
	assert(arena_of(arena) == arena);
	arena->free = arena->fresh = ARENA_ALL_FREE;
	list_insert(pool, arena);
	pool->arenas++;
	return true;
}

void *page_take(struct page_pool *pool, bool zero)
{
	if (pool->pages_used >= pool->pages_max)
		return NULL;
	if (!pool->with_room && !grow(pool))
		return NULL;
	struct arena *arena = pool->with_room;
	unsigned index = (unsigned)__builtin_ctzll(arena->free);
	uint64_t bit = (uint64_t)1 << index;
	void *page = (char *)arena + (size_t)index * PAGE_BYTES;
	if (zero && !(arena->fresh & bit))
		memset(page, 0, PAGE_BYTES);
	arena->free &= ~bit;
	arena->fresh &= ~bit;
	if (!arena->free)
		list_remove(pool, arena);
	pool->pages_used++;
	return page;
}

void page_give(struct page_pool *pool, void *page)
{
	struct arena *arena = arena_of(page);
	uint64_t bit = (uint64_t)1 << (((uintptr_t)page - (uintptr_t)arena) / PAGE_BYTES);
	assert(!(arena->free & bit) && bit != 1);
	if (!arena->free)
		list_insert(pool, arena);
	arena->free |= bit;
	pool->pages_used--;
	/* One free arena is kept, lest a single page going to and fro cost two kernel calls. */
	if (arena->free == ARENA_ALL_FREE && (arena->next || arena->previous)) {
		list_remove(pool, arena);
		pool->arenas--;
		pool->source.give(pool->source.context, arena, ARENA_BYTES);
	}
}

void page_pool_free(struct page_pool *pool)
{
	assert(!pool->pages_used);
	if (pool->with_room)
		pool->source.give(pool->source.context, pool->with_room, ARENA_BYTES);
	pool->with_room = NULL;
}

static void **page_slot(const struct file_pages *file, uint64_t page)
{
	uint64_t leaf = page / LEAF_PAGES;
	if (leaf >= file->leaf_count || !file->leaves[leaf])
		return NULL;
	return &file->leaves[leaf][page % LEAF_PAGES];
}

/* The slot, made if it is missing; NULL when there is no room. */
static void **page_slot_make(struct file_pages *file, uint64_t page)
{
	uint64_t leaf = page / LEAF_PAGES;
	if (leaf >= file->leaf_count) {
		size_t count = leaf + 1;
		if (file->leaf_count && count < 2 * file->leaf_count)
			count = 2 * file->leaf_count;
		void ***leaves = realloc(file->leaves, count * sizeof(*leaves));
		if (!leaves)
			return NULL;
		memset(leaves + file->leaf_count, 0, (count - file->leaf_count) * sizeof(*leaves));
		file->leaves = leaves;
		file->leaf_count = count;
	}
	if (!file->leaves[leaf])
		file->leaves[leaf] = calloc(LEAF_PAGES, sizeof(void *));
	return page_slot(file, page);
}

void file_pages_read(const struct file_pages *file, uint64_t offset, void *to, size_t bytes)
{
	char *out = to;
	while (bytes) {
		size_t inside = offset % PAGE_BYTES;
		size_t piece = bytes < PAGE_BYTES - inside ? bytes : PAGE_BYTES - inside;
		void **slot = page_slot(file, offset / PAGE_BYTES);
		if (slot && *slot)
			memcpy(out, (char *)*slot + inside, piece);
		else
			memset(out, 0, piece);
		out += piece, offset += piece, bytes -= piece;
	}
}

size_t file_pages_write(struct page_pool *pool, struct file_pages *file, uint64_t offset, const void *from, size_t bytes)
{
	size_t done = 0;
	while (done < bytes) {
		size_t inside = offset % PAGE_BYTES;
		size_t piece = bytes - done < PAGE_BYTES - inside ? bytes - done : PAGE_BYTES - inside;
		void **slot = page_slot_make(file, offset / PAGE_BYTES);
		if (!slot)
			break;
		if (!*slot) {
			*slot = page_take(pool, piece < PAGE_BYTES);
			if (!*slot)
				break;
			file->pages++;
		}
		memcpy((char *)*slot + inside, (const char *)from + done, piece);
		done += piece, offset += piece;
	}
	return done;
}

size_t file_pages_reserve(struct page_pool *pool, struct file_pages *file, uint64_t offset, size_t bytes)
{
	size_t done = 0;
	while (done < bytes) {
		size_t inside = (offset + done) % PAGE_BYTES;
		void **slot = page_slot_make(file, (offset + done) / PAGE_BYTES);
		if (!slot)
			break;
		if (!*slot) {
			*slot = page_take(pool, true);
			if (!*slot)
				break;
			file->pages++;
		}
		done += bytes - done < PAGE_BYTES - inside ? bytes - done : PAGE_BYTES - inside;
	}
	return done;
}

bool file_pages_exist(const struct file_pages *file, uint64_t offset)
{
	void **slot = page_slot(file, offset / PAGE_BYTES);
	return slot && *slot;
}

static void cut_leaf(struct page_pool *pool, struct file_pages *file, size_t leaf, size_t first)
{
	void **pages = file->leaves[leaf];
	if (!pages)
		return;
	for (size_t i = first; i < LEAF_PAGES; i++) {
		if (!pages[i])
			continue;
		page_give(pool, pages[i]);
		pages[i] = NULL;
		file->pages--;
	}
	if (first == 0) {
		free(pages);
		file->leaves[leaf] = NULL;
	}
}

void file_pages_cut(struct page_pool *pool, struct file_pages *file, uint64_t size)
{
	uint64_t keep = (size + PAGE_BYTES - 1) / PAGE_BYTES;
	for (size_t leaf = file->leaf_count; leaf-- > keep / LEAF_PAGES;)
		cut_leaf(pool, file, leaf, leaf == keep / LEAF_PAGES ? keep % LEAF_PAGES : 0);
	if (size == 0) {
		free(file->leaves);
		file->leaves = NULL;
		file->leaf_count = 0;
	}
	void **last = size % PAGE_BYTES ? page_slot(file, size / PAGE_BYTES) : NULL;
	if (last && *last)
		memset((char *)*last + size % PAGE_BYTES, 0, PAGE_BYTES - size % PAGE_BYTES);
}
