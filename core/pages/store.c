/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store says, and what the library offers.  A page has at most one read, one
   write and one unlock under way, so the page itself tells what an answer is for.  */
#include "core/pages/internal.h"

struct answer
{
  const struct dr_slice *data;
  uint64_t first;
  bool write_locked;
  int32_t error;
};

static void
each_page (struct pages *p, uint64_t offset, uint64_t length,
	   void (*visit) (struct pages *, struct page *, void *), struct answer *a)
{
  uint64_t bytes = p->config.page_bytes;
  a->first = offset / bytes;
  for (uint64_t n = a->first; n < a->first + length / bytes; n++)
    {
      struct page *page = map_active (p, n);
      if (page)
	{
	  visit (p, page, a);
	  page_poke (p, page);
	}
    }
}

static void
read_page (struct pages *p, struct page *page, void *ctx)
{
  struct answer *a = ctx;
  size_t bytes = p->config.page_bytes;
  bool stale = page->read_stale;
  if (!page->reading)
    return;
  page->reading = page->read_stale = false;
  if (stale)
    return;
  if (a->error)
    {
      /* All who wait for the data; not those who have it.  */
      for (struct waiter *w = page->first; w; w = w->next)
	if (!w->has_page)
	  w->error = a->error;
      page->ahead = NOBODY;
      return;
    }
  page->s.locked = a->write_locked;
  slice_set (&page->fresh, a->data, (page->number - a->first) * bytes, bytes);
}

void
pages_read_done (struct pages *p, uint64_t now, uint64_t offset, uint64_t length,
		 const struct dr_slice *data, bool write_locked, int32_t error)
{
  struct answer a = { .data = data, .write_locked = write_locked, .error = error };
  p->now = now;
  each_page (p, offset, length, read_page, &a);
}

static void
wrote_page (struct pages *p, struct page *page, void *ctx)
{
  struct answer *a = ctx;
  if (!page->writing)
    return;
  page->writing = false;
  if (CANARY (CANARY_STALE_READ) && !a->error)
    slice_set (&page->fresh, &page->saving, 0, page->saving.bytes);
  slice_clear (&page->saving);
  page->s.bad = a->error;
  if (a->error)
    calls_note_error (p, page->number, a->error);
}

void
pages_write_done (struct pages *p, uint64_t now, uint64_t offset, uint64_t length,
		  int32_t error)
{
  struct answer a = { .error = error };
  p->now = now;
  each_page (p, offset, length, wrote_page, &a);
}

static void
unlocked_page (struct pages *p, struct page *page, void *ctx)
{
  struct answer *a = ctx;
  if (!page->unlocking)
    return;
  page->unlocking = false;
  if (!a->error)
    page->s.locked = false;
  else
    for (struct waiter *w = page->first; w; w = w->next)
      if (w->access & PAGES_WRITE)
	w->error = a->error;
}

void
pages_unlock_done (struct pages *p, uint64_t now, uint64_t offset, uint64_t length,
		   int32_t error)
{
  struct answer a = { .error = error };
  p->now = now;
  each_page (p, offset, length, unlocked_page, &a);
}

enum dr_status
pages_offer (struct pages *p, uint64_t now, uint32_t client, uint64_t offset,
	     const struct dr_slice *data, bool precious, bool write_locked)
{
  uint64_t bytes = p->config.page_bytes, n = offset / bytes;
  int slot = client_slot (p, client);
  p->now = now;
  if (offset % bytes || data->bytes != bytes || n >= p->config.extent || p->ended)
    return DR_INVALID;
  if (slot < 0 && !precious)
    return DR_SESSION_OVER;
  struct page *page = map_activate (p, n);
  if (!page)
    return DR_NO_MEMORY;
  if (page->s.readers || page->s.writer || (slot >= 0 && page->s.failed & bit_of ((unsigned) slot)) || page->first || page->reading || page->ahead
      || page_data (page))
    return DR_OK;
  if (precious)
    {
      page->unsaved_stamp = ++p->stamp;
      slice_set (&page->unsaved, data, 0, bytes);
      page->s.lost = false;
    }
  else
    {
      slice_set (&page->fresh, data, 0, bytes);
      page->s.locked = write_locked;
      page->ahead = (uint8_t) (slot + 1);
    }
  page_poke (p, page);
  return DR_OK;
}
