/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The map: a word per page, in chunks, and these in blocks, that are made when they are first
   needed; and the records of the pages on which something is going on.  */
#include <string.h>

#include "core/pages/internal.h"

enum { FIRST_ACTIVE = 16 };

void *
get_bytes (struct pages *p, size_t bytes)
{
  void *at = dr_alloc_zeroed (&p->alloc, bytes);
  if (at)
    p->bytes += bytes;
  return at;
}

void
put_bytes (struct pages *p, void *at, size_t bytes)
{
  if (!at)
    return;
  p->bytes -= bytes;
  dr_free_bytes (&p->alloc, at, bytes);
}

void
slice_set (struct dr_slice *to, const struct dr_slice *from, size_t offset, size_t bytes)
{
  struct dr_buf *buf = dr_buf_ref (from->buf);
  slice_clear (to);
  *to = (struct dr_slice) { buf, from->offset + offset, bytes };
}

void
slice_clear (struct dr_slice *slice)
{
  dr_buf_drop (slice->buf);
  *slice = (struct dr_slice) { NULL };
}

bool
map_init (struct pages *p)
{
  p->active = get_bytes (p, FIRST_ACTIVE * sizeof *p->active);
  if (p->active)
    p->active_size = FIRST_ACTIVE;
  return p->active;
}

bool
map_resize (struct pages *p, uint64_t extent)
{
  uint64_t count = extent / CHUNK_PAGES + (extent % CHUNK_PAGES != 0);
  uint64_t blocks_count = count / BLOCK_CHUNKS + (count % BLOCK_CHUNKS != 0);
  if (count <= p->chunks_count)
    return true;		/* it never shrinks: kernels may have those pages */
  if (count >= ACTIVE_BIT / CHUNK_PAGES)
    return false;
  if (blocks_count > p->blocks_count)
    {
      uint32_t ***blocks = get_bytes (p, blocks_count * sizeof *blocks);
      if (!blocks)
	return false;
      if (p->blocks_count)
	memcpy (blocks, p->blocks, p->blocks_count * sizeof *blocks);
      put_bytes (p, p->blocks, p->blocks_count * sizeof *blocks);
      p->blocks = blocks;
      p->blocks_count = (uint32_t) blocks_count;
    }
  p->chunks_count = (uint32_t) count;
  return true;
}

/* Page NUMBER's words, or NULL.  */
static uint32_t *
chunk_of (const struct pages *p, uint64_t number)
{
  uint32_t **block = p->blocks[number / BLOCK_PAGES];
  return block ? block[number % BLOCK_PAGES / CHUNK_PAGES] : NULL;
}

static bool
make_chunk (struct pages *p, uint64_t number)
{
  uint32_t ***block = &p->blocks[number / BLOCK_PAGES];
  if (!*block)
    *block = get_bytes (p, BLOCK_CHUNKS * sizeof **block);
  if (!*block)
    return false;
  uint32_t **chunk = &(*block)[number % BLOCK_PAGES / CHUNK_PAGES];
  if (!*chunk)
    *chunk = get_bytes (p, CHUNK_PAGES * sizeof **chunk);
  return *chunk;
}

static void
free_page (struct pages *p, struct page *page)
{
  page_unpoke (p, page);
  page_unhold (p, page);
  while (page->first)
    waiter_pop (p, page);
  slice_clear (&page->unsaved);
  slice_clear (&page->saving);
  slice_clear (&page->fresh);
  p->active[page->index] = NULL;
  p->active_count--;
  if (page->index < p->active_free_hint)
    p->active_free_hint = page->index;
  put_bytes (p, page, sizeof *page);
}

void
map_done (struct pages *p)
{
  for (uint32_t i = 0; i < p->active_size; i++)
    if (p->active[i])
      free_page (p, p->active[i]);
  put_bytes (p, p->active, p->active_size * sizeof *p->active);
  for (uint32_t i = 0; i < p->blocks_count; i++)
    {
      for (uint32_t k = 0; k < BLOCK_CHUNKS && p->blocks[i]; k++)
	put_bytes (p, p->blocks[i][k], CHUNK_PAGES * sizeof ***p->blocks);
      put_bytes (p, p->blocks[i], BLOCK_CHUNKS * sizeof **p->blocks);
    }
  put_bytes (p, p->blocks, p->blocks_count * sizeof *p->blocks);
}

uint32_t
map_word (const struct pages *p, uint64_t number)
{
  const uint32_t *chunk = number < map_pages (p) ? chunk_of (p, number) : NULL;
  return chunk ? chunk[number % CHUNK_PAGES] : 0;
}

uint64_t
map_next (const struct pages *p, uint64_t number)
{
  while (number < map_pages (p) && !chunk_of (p, number))
    {
      uint64_t step = p->blocks[number / BLOCK_PAGES] ? CHUNK_PAGES : BLOCK_PAGES;
      number = (number / step + 1) * step;
    }
  return number;
}

void
map_set_word (struct pages *p, uint64_t number, uint32_t word)
{
  chunk_of (p, number)[number % CHUNK_PAGES] = word;
}

struct page *
map_active (const struct pages *p, uint64_t number)
{
  uint32_t word = map_word (p, number);
  return word & ACTIVE_BIT ? p->active[word & ~ACTIVE_BIT] : NULL;
}

const struct state *
map_state (const struct pages *p, uint64_t number)
{
  uint32_t word = map_word (p, number);
  return word & ACTIVE_BIT ? &p->active[word & ~ACTIVE_BIT]->s : &p->sets[word].state;
}

static bool
grow_active (struct pages *p)
{
  uint32_t size = p->active_size * 2;
  struct page **active = get_bytes (p, size * sizeof *active);
  if (!active)
    return false;
  memcpy (active, p->active, p->active_size * sizeof *active);
  put_bytes (p, p->active, p->active_size * sizeof *active);
  p->active = active;
  p->active_size = size;
  return true;
}

static uint32_t
free_index (struct pages *p)
{
  uint32_t i = p->active_free_hint;
  while (i < p->active_size && p->active[i])
    i++;
  p->active_free_hint = i;
  return i;
}

struct page *
map_activate (struct pages *p, uint64_t number)
{
  struct page *page = map_active (p, number);
  if (page)
    return page;
  bool made = make_chunk (p, number);
  uint32_t index = free_index (p);
  if (!made || (index == p->active_size && !grow_active (p)))
    return NULL;
  page = get_bytes (p, sizeof *page);
  if (!page)
    return NULL;
  uint32_t set = map_word (p, number);
  page->number = (uint32_t) number;
  page->index = index;
  page->s = p->sets[set].state;
  if (set)
    set_drop (p, set, 1);
  p->active[index] = page;
  p->active_count++;
  map_set_word (p, number, index | ACTIVE_BIT);
  page_poke (p, page);
  return page;
}

void
page_poke (struct pages *p, struct page *page)
{
  if (page->runs)
    return;
  page->runs = true;
  page->next = NULL;
  page->prev = p->run_last;
  *(p->run_last ? &p->run_last->next : &p->run_first) = page;
  p->run_last = page;
}

void
page_unpoke (struct pages *p, struct page *page)
{
  if (!page->runs)
    return;
  page->runs = false;
  *(page->prev ? &page->prev->next : &p->run_first) = page->next;
  *(page->next ? &page->next->prev : &p->run_last) = page->prev;
}

/* Times mostly come in order, so the place is at the end or near it.  */
void
page_hold (struct pages *p, struct page *page, uint64_t until)
{
  page_unhold (p, page);
  struct page *before = p->hold_last;
  while (before && before->hold_until > until)
    before = before->earlier;
  struct page *after = before ? before->later : p->hold_first;
  page->holds = true;
  page->hold_until = until;
  page->earlier = before;
  page->later = after;
  *(before ? &before->later : &p->hold_first) = page;
  *(after ? &after->earlier : &p->hold_last) = page;
}

void
page_unhold (struct pages *p, struct page *page)
{
  if (!page->holds)
    return;
  page->holds = false;
  *(page->earlier ? &page->earlier->later : &p->hold_first) = page->later;
  *(page->later ? &page->later->earlier : &p->hold_last) = page->earlier;
}

void
page_settle (struct pages *p, struct page *page)
{
  uint32_t set = set_intern (p, &page->s);
  if (set == NO_INDEX)
    {
      page_hold (p, page, p->now + p->config.retry_us);
      return;
    }
  if (set == 0)
    set_drop (p, 0, 1);		/* the map does not count these */
  map_set_word (p, page->number, set);
  free_page (p, page);
}

void
map_each_active (struct pages *p, uint64_t first, uint64_t count,
		 void (*visit) (struct pages *, struct page *, void *), void *ctx)
{
  if (count <= p->active_count)
    {
      for (uint64_t n = first; n < first + count; n++)
	{
	  struct page *page = map_active (p, n);
	  if (page)
	    visit (p, page, ctx);
	}
      return;
    }
  for (uint32_t i = 0; i < p->active_size; i++)
    {
      struct page *page = p->active[i];
      if (page && page->number >= first && page->number - first < count)
	visit (p, page, ctx);
    }
}
