/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kernels say.  Each event first makes the records that it needs, which nobody
   can see, and then changes them.  */
#include <string.h>

#include "core/pages/internal.h"

/* --- Waiters ------------------------------------------------------------------ */

static struct waiter *
waiter_of (const struct page *page, unsigned slot)
{
  struct waiter *w = page->first;
  while (w && w->slot != slot)
    w = w->next;
  return w;
}

void
waiter_pop (struct pages *p, struct page *page)
{
  struct waiter *w = page->first;
  page->first = w->next;
  if (!page->first)
    page->last = NULL;
  p->waiters--;
  put_bytes (p, w, sizeof *w);
}

/* Removes the waiter of SLOT if it is one of those WITH_PAGE or WITHOUT.  */
void
waiters_remove (struct pages *p, struct page *page, unsigned slot, bool with_page,
		bool without)
{
  struct waiter *before = NULL;
  for (struct waiter *w = page->first; w; before = w, w = w->next)
    {
      if (w->slot != slot || !(w->has_page ? with_page : without))
	continue;
      *(before ? &before->next : &page->first) = w->next;
      if (page->last == w)
	page->last = before;
      p->waiters--;
      put_bytes (p, w, sizeof *w);
      return;			/* a client waits once at most */
    }
}

/* SLOT has nothing of the page any more.  Threads that waited for an unlock there
   find no page now and ask for it.  */
void
page_forget_holder (struct pages *p, struct page *page, unsigned slot)
{
  struct state *s = &page->s;
  if (page->flushing & bit_of (slot) || page->lowering == slot + 1)
    ask_answered (p, slot, page->number);
  page->flushing &= ~bit_of (slot);
  if (page->lowering == slot + 1)
    page->lowering = NOBODY;
  s->readers &= ~bit_of (slot);
  if (s->writer == slot + 1)
    {
      s->writer = NOBODY;
      s->certain = 0;
    }
  if (!CANARY (CANARY_STALE_UNLOCK))
    waiters_remove (p, page, slot, true, false);
  page_poke (p, page);
}

bool
refuse (struct pages *p, unsigned slot, uint64_t offset, uint64_t length, int32_t error)
{
  struct refusal *r = get_bytes (p, sizeof *r);
  if (!r)
    return false;
  r->slot = (uint8_t) slot;
  r->offset = offset;
  r->length = length;
  r->error = error;
  *(p->last_refusal ? &p->last_refusal->next : &p->first_refusal) = r;
  p->last_refusal = r;
  return true;
}

/* --- Requests ----------------------------------------------------------------- */

struct range { uint64_t first, count; };

/* Whole pages of the map, at most MOST.  */
static bool
range_of (struct pages *p, uint64_t offset, uint64_t length, uint64_t most,
	  struct range *range)
{
  uint64_t bytes = p->config.page_bytes;
  range->first = offset / bytes;
  range->count = length / bytes;
  if (offset % bytes == 0 && length % bytes == 0 && length != 0 && range->count <= most
      && range->first <= UINT64_MAX / bytes - range->count)
    return true;
  p->faults++;
  return false;
}

static void
free_waiters (struct pages *p, struct waiter *list)
{
  while (list)
    {
      struct waiter *next = list->next;
      put_bytes (p, list, sizeof *list);
      list = next;
    }
}

/* Records for all pages of RANGE and, in *LIST, a waiter for each where SLOT does not
   wait yet.  */
static bool
make_ready (struct pages *p, const struct range *range, unsigned slot, bool waiters,
	    struct waiter **list)
{
  *list = NULL;
  for (uint64_t n = range->first; n < range->first + range->count; n++)
    {
      struct page *page = map_activate (p, n);
      struct waiter *w = NULL;
      if (page && waiters && !waiter_of (page, slot))
	{
	  w = get_bytes (p, sizeof *w);
	  if (w)
	    {
	      w->next = *list;
	      *list = w;
	    }
	}
      if (!page || (waiters && !w && !waiter_of (page, slot)))
	{
	  free_waiters (p, *list);
	  return false;
	}
    }
  return true;
}

/* SLOT waits for ACCESS; one who waits already keeps its place.  */
static void
wait_in_line (struct pages *p, struct page *page, unsigned slot, unsigned access,
	      bool has_page, struct waiter **list)
{
  struct waiter *w = waiter_of (page, slot);
  if (!w)
    {
      w = *list;
      *list = w->next;
      *w = (struct waiter) { .slot = (uint8_t) slot };
      *(page->last ? &page->last->next : &page->first) = w;
      page->last = w;
      p->waiters++;
    }
  w->access |= (uint8_t) access;
  /* A request tells that the page is not there; an unlock, that it is, unless the
     request that waits is the later one, which the order of messages excludes.  */
  w->has_page = has_page;
  if (!has_page)
    page->s.failed &= ~bit_of (slot);
  page_poke (p, page);
}

/* One range is enough to remember: it only makes LOCKs shorter.  */
static void
client_refused_beyond (struct client *c, uint64_t first, uint64_t count)
{
  if (!c->beyond_end || first < c->beyond)
    c->beyond = first;
  if (first + count > c->beyond_end)
    c->beyond_end = first + count;
}

enum dr_status
pages_data_request (struct pages *p, uint64_t now, uint32_t client, uint64_t offset,
		    uint64_t length, unsigned access)
{
  int slot;
  struct range range;
  struct waiter *list;
  enum dr_status status = client_check (p, client, &slot);
  p->now = now;
  if (status != DR_OK)
    return status;
  if (!range_of (p, offset, length, PAGES_REQUEST_PAGES_MAX, &range))
    return DR_INVALID;
  if (p->ended || range.first + range.count > p->config.extent)
    {
      int32_t error = p->ended ? p->config.shutdown_error : p->config.extent_error;
      if (!refuse (p, (unsigned) slot, offset, length, error))
	return DR_NO_MEMORY;
      client_refused_beyond (&p->clients[slot], range.first, range.count);
      return DR_OK;
    }
  if (!make_ready (p, &range, (unsigned) slot, true, &list))
    return DR_NO_MEMORY;
  for (uint64_t n = range.first; n < range.first + range.count; n++)
    wait_in_line (p, map_active (p, n), (unsigned) slot, access | PAGES_READ, false, &list);
  read_on_note (p, (unsigned) slot, range.first);
  free_waiters (p, list);
  return DR_OK;
}

/* SLOT asks for write access to a page that it has, or had: when the page was, or is
   about to be, taken away, its threads will ask for the page itself.  */
static void
unlock_page (struct pages *p, struct page *page, unsigned slot, struct waiter **list)
{
  uint64_t bit = bit_of (slot);
  bool holds = (page->s.readers | writer_bit (&page->s)) & bit;
  if (!CANARY (CANARY_STALE_UNLOCK)
      && (!holds || page->flushing & bit || ask_covers (p, slot, page->number, true)))
    return;
  wait_in_line (p, page, slot, PAGES_READ | PAGES_WRITE, true, list);
}

enum dr_status
pages_data_unlock (struct pages *p, uint64_t now, uint32_t client, uint64_t offset,
		   uint64_t length, unsigned access)
{
  int slot;
  struct range range;
  struct waiter *list;
  enum dr_status status = client_check (p, client, &slot);
  p->now = now;
  if (status != DR_OK)
    return status;
  if (!range_of (p, offset, length, PAGES_REQUEST_PAGES_MAX, &range)
      || range.first + range.count > map_pages (p) || !(access & PAGES_WRITE))
    return DR_INVALID;
  if (p->ended)
    return DR_OK;
  if (!make_ready (p, &range, (unsigned) slot, true, &list))
    return DR_NO_MEMORY;
  for (uint64_t n = range.first; n < range.first + range.count; n++)
    unlock_page (p, map_active (p, n), (unsigned) slot, &list);
  free_waiters (p, list);
  return DR_OK;
}

/* --- Returns ------------------------------------------------------------------- */

struct returned
{
  unsigned slot;
  const struct dr_slice *data;
  size_t at;			/* of this page, in DATA */
  bool dirty, kernel_copy;
};

static void
take_data (struct pages *p, struct page *page, const struct returned *r)
{
  size_t bytes = p->config.page_bytes;
  bool writer = page->s.writer == r->slot + 1;
  bool holds = writer || page->s.readers & bit_of (r->slot);
  if (r->dirty && writer && !p->clients[r->slot].read_only)
    {
      if (CANARY (CANARY_OLD_WRITE) && page->unsaved.buf)
	return;
      /* A version that was not written yet is not needed any more, but who waits
	 for it waits for this one.  */
      if (!page->unsaved.buf)
	page->unsaved_stamp = ++p->stamp;
      slice_set (&page->unsaved, r->data, r->at, bytes);
      slice_clear (&page->fresh);
      return;
    }
  p->faults += r->dirty;
  /* Precious data that nobody changed: it spares a read from the store.  */
  if (!r->dirty && holds && page->first && !page_data (page) && !p->clients[r->slot].read_only)
    slice_set (&page->fresh, r->data, r->at, bytes);
}

static void
return_page (struct pages *p, struct page *page, const struct returned *r)
{
  uint64_t bit = bit_of (r->slot);
  take_data (p, page, r);
  if (!r->kernel_copy)
    {
      bool had = (page->s.readers | writer_bit (&page->s)) & bit;
      page_forget_holder (p, page, r->slot);
      if (had && !page->s.readers && !page->s.writer)
	page->evicted = p->config.notify_on_evict;
    }
  else if (page->s.writer == r->slot + 1)
    {
      /* A kernel may have changed it again, or it may never again.  */
      if (page->s.certain == CERTAIN_DIRTY)
	page->s.certain = 0;
      if (page->lowering == r->slot + 1)
	{
	  struct ask *a = p->clients[r->slot].first_ask;
	  while (a && !(a->kind == ASK_LOWER && page->number >= a->first
			&& page->number - a->first < a->count
			&& a->pending & (uint64_t) 1 << (page->number - a->first)))
	    a = a->next;
	  dr_assert (a);
	  /* Without a reply asked for, nothing else could have made it return.  */
	  if (!a->reply)
	    {
	      ask_answered (p, r->slot, page->number);
	      page->lowering = NOBODY;
	      page->s.writer = NOBODY;
	      page->s.certain = 0;
	      page->s.readers |= bit;
	    }
	}
    }
  page_poke (p, page);
}

enum dr_status
pages_data_return (struct pages *p, uint64_t now, uint32_t client, uint64_t offset,
		   const struct dr_slice *data, bool dirty, bool kernel_copy)
{
  int slot;
  struct range range;
  struct waiter *none;
  enum dr_status status = client_check (p, client, &slot);
  p->now = now;
  if (status != DR_OK)
    return status;
  if (!range_of (p, offset, data->bytes, map_pages (p), &range)
      || range.first + range.count > map_pages (p))
    return DR_INVALID;
  if (!make_ready (p, &range, (unsigned) slot, false, &none))
    return DR_NO_MEMORY;
  struct returned r = { (unsigned) slot, data, 0, dirty, kernel_copy };
  for (uint64_t n = range.first; n < range.first + range.count; n++)
    {
      return_page (p, map_active (p, n), &r);
      r.at += p->config.page_bytes;
    }
  return DR_OK;
}

/* --- Replies --------------------------------------------------------------------- */

/* The oldest unanswered ask of that very range.  */
static struct ask *
ask_of (struct pages *p, unsigned slot, const struct range *range, bool offer)
{
  for (struct ask *a = p->clients[slot].first_ask; a; a = a->next)
    if (a->reply && !a->fence && a->kind != ASK_ATTRIBUTES && (a->kind == ASK_OFFER) == offer
	&& a->first == range->first && a->count == range->count)
      return a;
  p->faults++;
  return NULL;
}

static void
lock_done (struct pages *p, struct page *page, unsigned slot, enum ask_kind kind)
{
  page->flushing &= ~bit_of (slot);
  if (kind == ASK_FLUSH)
    page_forget_holder (p, page, slot);
  else if (page->lowering == slot + 1)
    {
      page->lowering = NOBODY;
      page->s.writer = NOBODY;
      page->s.certain = 0;
      page->s.readers |= bit_of (slot);
    }
  page_poke (p, page);
}

enum dr_status
pages_lock_completed (struct pages *p, uint64_t now, uint32_t client, uint64_t offset,
		      uint64_t length)
{
  int slot;
  struct range range;
  enum dr_status status = client_check (p, client, &slot);
  p->now = now;
  if (status != DR_OK)
    return status;
  if (!range_of (p, offset, length, UINT64_MAX, &range))
    return DR_INVALID;
  struct ask *a = ask_of (p, (unsigned) slot, &range, false);
  if (!a)
    return DR_INVALID;
  if (a->kind == ASK_CALL)
    {
      if (a->call->kind != CALL_SYNC)
	range_forget_holder (p, range.first, range.count, (unsigned) slot);
    }
  else
    for (uint64_t i = 0; i < range.count; i++)
      if (a->pending & (uint64_t) 1 << i)
	lock_done (p, map_active (p, range.first + i), (unsigned) slot, a->kind);
  ask_end (p, (unsigned) slot, a);
  return DR_OK;
}

enum dr_status
pages_supply_completed (struct pages *p, uint64_t now, uint32_t client, uint64_t offset,
			uint64_t length, uint64_t placed)
{
  int slot;
  struct range range;
  enum dr_status status = client_check (p, client, &slot);
  p->now = now;
  if (status != DR_OK)
    return status;
  if (!range_of (p, offset, length, PAGES_RUN_MAX, &range) || placed > length)
    return DR_INVALID;
  struct ask *a = ask_of (p, (unsigned) slot, &range, true);
  if (!a)
    return DR_INVALID;
  uint64_t present = placed / p->config.page_bytes;
  for (uint64_t i = 0; i < range.count; i++)
    {
      struct page *page = map_active (p, range.first + i);
      if (!(a->pending & (uint64_t) 1 << i))
	continue;
      page->offered &= ~bit_of ((unsigned) slot);
      /* A request that came before this message was sent before it too, and so was
	 answered by the offer.  Behind a page that was present nothing was placed.  */
      if (i <= present)
	waiters_remove (p, page, (unsigned) slot, false, true);
      else
	page_forget_holder (p, page, (unsigned) slot);
      page_poke (p, page);
    }
  ask_end (p, (unsigned) slot, a);
  return DR_OK;
}

enum dr_status
pages_change_completed (struct pages *p, uint64_t now, uint32_t client)
{
  int slot;
  enum dr_status status = client_check (p, client, &slot);
  p->now = now;
  if (status != DR_OK)
    return status;
  struct ask *a = p->clients[slot].first_ask;
  while (a && a->kind != ASK_ATTRIBUTES)
    a = a->next;
  if (!a)
    {
      p->faults++;
      return DR_INVALID;
    }
  ask_end (p, (unsigned) slot, a);
  return DR_OK;
}
