/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrying out what was decided, for a run of neighbouring pages that want the same.  */
#include <string.h>

#include "core/pages/internal.h"

enum { WINDOW_STEP_PAGES = 32, READ_ON_PAGES = 4 };

static bool
same_want (const struct want *a, const struct want *b)
{
  if (a->kind == WANT_LOAD && b->kind == WANT_LOAD)
    return true;		/* the store does not mind who wants it */
  return a->kind == b->kind && a->slot == b->slot && a->write == b->write
	 && a->reply == b->reply && a->error == b->error;
}

/* The first of the pages before PAGE that want the same.  */
static struct page *
run_start (struct pages *p, struct page *page, const struct want *want)
{
  for (unsigned n = 1; n < PAGES_RUN_MAX && page->number; n++)
    {
      struct page *before = map_active (p, page->number - 1);
      struct want w = before ? page_decide (p, before) : (struct want) { WANT_NOTHING };
      if (!same_want (&w, want))
	break;
      page = before;
    }
  return page;
}

/* Active neighbours behind PAGE with the same wish; a supply may go on with pages that
   are offered, never the other way round: behind a page that is present already a
   kernel takes nothing, and an answer must arrive.  */
static uint64_t
run_length (struct pages *p, struct page *page, const struct want *want, uint64_t *supplied)
{
  struct want now = *want;
  uint64_t n = 1;
  *supplied = 0;
  for (; n < PAGES_RUN_MAX; n++)
    {
      struct page *next = map_active (p, page->number + n);
      if (!next)
	break;
      struct want w = page_decide (p, next);
      if (now.kind == WANT_SUPPLY && !now.write && w.kind == WANT_OFFER && w.slot == now.slot)
	{
	  *supplied = n;
	  now = w;
	}
      if (!same_want (&w, &now))
	break;
    }
  if (now.kind == want->kind)
    *supplied = want->kind == WANT_SUPPLY ? n : 0;
  return n;
}

static void
fill (struct pages *p, struct page *page, uint64_t count, struct pages_action *a)
{
  a->offset = page->number * (uint64_t) p->config.page_bytes;
  a->length = count * p->config.page_bytes;
}

/* SLICE of a page goes out, joined to the one before where it continues it.  */
static void
add_slice (struct pages *p, struct pages_action *a, const struct dr_slice *slice)
{
  struct dr_slice *last = a->slices_count ? &p->run[a->slices_count - 1] : NULL;
  a->slices = p->run;
  if (last && last->buf == slice->buf && last->offset + last->bytes == slice->offset)
    {
      last->bytes += slice->bytes;
      return;
    }
  p->run[a->slices_count] = *slice;
  dr_buf_ref (slice->buf);
  a->slices_count++;
}

static void
given (struct pages *p, struct page *page, unsigned slot)
{
  if (!p->config.hold_us)
    return;
  page->held |= bit_of (slot);
  page_hold (p, page, p->now + p->config.hold_us);
}

/* From now on the store's copy, and what is being read of it, gets old.  */
static void
make_writer (struct pages *p, struct page *page, unsigned slot, uint8_t certain)
{
  page->s.writer = (uint8_t) (slot + 1);
  page->s.readers &= ~bit_of (slot);
  page->s.certain = certain;
  page->evicted = false;
  if (!CANARY (CANARY_STALE_READ))
    slice_clear (&page->fresh);
  page->read_stale = page->reading;
}

static void
pop_served (struct pages *p, struct page *page)
{
#if PAGES_CANARY == 4
  if (!page->first->served)
    {
      page->first->served = true;
      return;
    }
#endif
  waiter_pop (p, page);
  if (CANARY (CANARY_LOST_REPLY) && page->first && !page->first->has_page
      && !(page->first->access & PAGES_WRITE))
    waiter_pop (p, page);
}

/* --- Each wish ---------------------------------------------------------------- */

static bool
commit_save (struct pages *p, struct page *page, uint64_t count, struct pages_action *a)
{
  a->kind = PAGES_STORE_WRITE;
  for (uint64_t i = 0; i < count; i++)
    {
      struct page *each = map_active (p, page->number + i);
      add_slice (p, a, &each->unsaved);
      each->saving = each->unsaved;
      each->saving_stamp = each->unsaved_stamp;
      each->unsaved = (struct dr_slice) { NULL };
      each->writing = true;
    }
  return true;
}

/* A page that may come along with one that SLOT asked for: nothing is known of it but
   perhaps readers.  */
static struct page *
page_ahead (struct pages *p, uint64_t number, unsigned slot)
{
  if (number >= p->config.extent || map_word (p, number) & ACTIVE_BIT)
    return NULL;
  const struct state *s = map_state (p, number);
  if (s->writer || s->bad || s->lost || s->next_error || (s->readers | s->failed) & bit_of (slot)
      || ask_covers (p, slot, number, true))
    return NULL;
  return map_activate (p, number);
}

/* How many pages to read for SLOT at NUMBER: more and more while it goes straight on, but
   slower when it is much already, for it may stop anywhere.  */
static uint32_t
window (struct pages *p, unsigned slot, uint64_t number)
{
  struct client *c = &p->clients[slot];
  uint32_t most
    = p->config.ahead_pages < PAGES_AHEAD_MAX ? p->config.ahead_pages : PAGES_AHEAD_MAX;
  uint32_t more = c->window < WINDOW_STEP_PAGES ? c->window : WINDOW_STEP_PAGES;
  c->window = number == c->expected ? c->window + more : 1;
  if (c->window > most)
    c->window = most;
  return c->window;
}

/* Pages from NUMBER on, as many as may come along, at most MOST.  */
static uint32_t
read_ahead (struct pages *p, unsigned slot, uint64_t number, uint32_t most)
{
  uint32_t count = 0;
  for (; count < most; count++)
    {
      struct page *more = page_ahead (p, number + count, slot);
      if (!more)
	break;
      more->reading = true;
      more->ahead = (uint8_t) (slot + 1);
    }
  p->clients[slot].expected = number + count;
  return count;
}

void
read_on_note (struct pages *p, unsigned slot, uint64_t number)
{
  struct client *c = &p->clients[slot];
  if (c->window >= READ_ON_PAGES && number < c->expected
      && c->expected - number <= c->window / 2)
    c->read_on = true;
}

bool
read_on_next (struct pages *p, unsigned slot, struct pages_action *a)
{
  struct client *c = &p->clients[slot];
  uint64_t first = c->expected, bytes = p->config.page_bytes;
  if (!c->read_on)
    return false;
  c->read_on = false;
  if (p->closing)
    return false;
  uint32_t count = read_ahead (p, slot, first, window (p, slot, first));
  if (!count)
    return false;
  *a = (struct pages_action) { .kind = PAGES_STORE_READ, .offset = first * bytes,
			       .length = count * bytes };
  return true;
}

static bool
commit_load (struct pages *p, struct page *page, uint64_t count, struct want want,
	     struct pages_action *a)
{
  uint32_t most = window (p, want.slot, page->number);
  a->kind = PAGES_STORE_READ;
  for (uint64_t i = 0; i < count; i++)
    map_active (p, page->number + i)->reading = true;
  count += read_ahead (p, want.slot, page->number + count, count < most ? most - (uint32_t) count : 0);
  fill (p, page, count, a);
  return true;
}

static bool
commit_unlock (struct pages *p, struct page *page, uint64_t count, struct pages_action *a)
{
  a->kind = PAGES_STORE_UNLOCK;
  for (uint64_t i = 0; i < count; i++)
    map_active (p, page->number + i)->unlocking = true;
  return true;
}

static uint64_t
all_of (uint64_t count)
{
  return count >= 64 ? UINT64_MAX : ((uint64_t) 1 << count) - 1;
}

static bool
commit_revoke (struct pages *p, struct page *page, uint64_t count, struct want want,
	       struct pages_action *a)
{
  bool flush = want.kind == WANT_FLUSH;
  struct ask *ask = ask_new (p, want.slot, flush ? ASK_FLUSH : ASK_LOWER, page->number,
			     count, want.reply);
  if (!ask)
    return false;
  ask->pending = all_of (count);
  a->kind = PAGES_LOCK;
  a->flush = flush;
  a->reply = want.reply;
  a->should_return = want.write ? PAGES_RETURN_ALL : PAGES_RETURN_NONE;
  a->prot = flush ? PAGES_PROT_NO_CHANGE : PAGES_WRITE;
  for (uint64_t i = 0; i < count; i++)
    {
      struct page *each = map_active (p, page->number + i);
      if (!flush)
	{
	  each->lowering = (uint8_t) (want.slot + 1);
	  continue;
	}
      /* Its threads that wait for an unlock will ask for the page.  */
      each->flushing |= bit_of (want.slot);
      if (!CANARY (CANARY_STALE_UNLOCK))
	waiters_remove (p, each, want.slot, true, false);
    }
  return true;
}

static bool
commit_supply (struct pages *p, struct page *page, uint64_t count, uint64_t supplied,
	       struct want want, struct pages_action *a)
{
  if (count > supplied)
    {
      struct ask *ask = ask_new (p, want.slot, ASK_OFFER, page->number, count, true);
      if (!ask)
	return false;
      ask->pending = all_of (count) & ~all_of (supplied);
      a->reply = true;
    }
  a->kind = PAGES_SUPPLY;
  a->prot = want.write ? PAGES_PROT_NONE : PAGES_WRITE;
  a->precious = want.write || p->config.notify_on_evict;
  for (uint64_t i = 0; i < count; i++)
    {
      struct page *each = map_active (p, page->number + i);
      add_slice (p, a, page_data (each));
      each->s.error = 0;
      each->evicted = false;
      if (i < supplied)
	pop_served (p, each);
      else
	{
	  each->offered |= bit_of (want.slot);
	  each->ahead = NOBODY;
	}
      if (want.write)
	make_writer (p, each, want.slot, CERTAIN_PRECIOUS);
      else
	each->s.readers |= bit_of (want.slot);
      /* There is nobody else who could want it soon: the driver, who is then the only one
	 to have it, may give the memory away instead of a copy.  */
      if (p->clients_count == 1)
	slice_clear (&each->fresh);
      if (want.write || p->clients_count > 1)
	given (p, each, want.slot);
    }
  return true;
}

static bool
commit_grant (struct pages *p, struct page *page, uint64_t count, struct want want,
	      struct pages_action *a)
{
  /* With a minimum hold the write that was waited for has happened by the time that
     the page is asked back.  */
  uint8_t certain = p->config.notify_on_evict ? CERTAIN_PRECIOUS
		    : p->config.hold_us ? CERTAIN_DIRTY : CERTAIN_NOT;
  a->kind = PAGES_LOCK;
  a->should_return = PAGES_RETURN_NONE;
  a->prot = PAGES_PROT_NONE;
  for (uint64_t i = 0; i < count; i++)
    {
      struct page *each = map_active (p, page->number + i);
      bool was = each->s.writer == want.slot + 1;
      waiter_pop (p, each);
      make_writer (p, each, want.slot, was ? each->s.certain : certain);
      given (p, each, want.slot);
    }
  return true;
}

/* An unlock that fails can only be told as the answer to a request: the page is taken
   away, so that the request comes.  */
static bool
commit_deny (struct pages *p, struct page *page, uint64_t count, struct want want,
	     struct pages_action *a)
{
  a->kind = PAGES_LOCK;
  a->should_return = PAGES_RETURN_NONE;
  a->flush = true;
  a->prot = PAGES_PROT_NO_CHANGE;
  for (uint64_t i = 0; i < count; i++)
    {
      struct page *each = map_active (p, page->number + i);
      waiter_pop (p, each);
      each->s.refused |= bit_of (want.slot);
      each->s.next_error = want.error;
    }
  return true;
}

static bool
commit_refuse (struct pages *p, struct page *page, uint64_t count, struct want want,
	       struct pages_action *a)
{
  a->kind = PAGES_REFUSE;
  a->error = want.error;
  for (uint64_t i = 0; i < count; i++)
    {
      struct page *each = map_active (p, page->number + i);
      waiter_pop (p, each);
      /* Who asked for it had nothing of it, whatever we may have thought.  */
      page_forget_holder (p, each, want.slot);
      each->s.failed |= bit_of (want.slot);
      if (each->ahead == want.slot + 1)
	each->ahead = NOBODY;
      each->s.error = want.error;
      each->s.refused &= ~bit_of (want.slot);
      if (!each->s.refused)
	each->s.next_error = 0;
    }
  return true;
}

static bool
commit_evicted (struct pages *p, struct page *page, uint64_t count, struct pages_action *a)
{
  a->kind = PAGES_NOTIFY_EVICT;
  for (uint64_t i = 0; i < count; i++)
    {
      struct page *each = map_active (p, page->number + i);
      each->evicted = false;
      each->s.error = each->s.next_error = 0;
      each->s.refused = 0;
    }
  return true;
}

static bool
carry_out (struct pages *p, struct page *page, uint64_t count, uint64_t supplied,
	   struct want want, struct pages_action *a)
{
  switch (want.kind)
    {
    case WANT_NOTHING: break;
    case WANT_SAVE: return commit_save (p, page, count, a);
    case WANT_LOAD: return commit_load (p, page, count, want, a);
    case WANT_UNLOCK: return commit_unlock (p, page, count, a);
    case WANT_FLUSH:
    case WANT_LOWER: return commit_revoke (p, page, count, want, a);
    case WANT_SUPPLY:
    case WANT_OFFER: return commit_supply (p, page, count, supplied, want, a);
    case WANT_GRANT: return commit_grant (p, page, count, want, a);
    case WANT_DENY: return commit_deny (p, page, count, want, a);
    case WANT_REFUSE: return commit_refuse (p, page, count, want, a);
    case WANT_EVICTED: return commit_evicted (p, page, count, a);
    }
  dr_assert (!"a wish to carry out");
  return false;
}

bool
commit (struct pages *p, struct page *page, struct want want, struct pages_action *a)
{
  page = run_start (p, page, &want);
  if (want.kind == WANT_LOAD)
    want = page_decide (p, page);	/* the first one's reader is read ahead for */
  uint64_t supplied, count = run_length (p, page, &want, &supplied);
  *a = (struct pages_action) { .client = p->clients[want.slot].number };
  fill (p, page, count, a);
  if (!carry_out (p, page, count, supplied, want, a))
    return false;
  if (want.kind == WANT_SAVE || want.kind == WANT_LOAD || want.kind == WANT_UNLOCK
      || want.kind == WANT_EVICTED)
    a->client = 0;
  for (uint64_t i = 0; i < count; i++)
    page_poke (p, map_active (p, page->number + i));
  return true;
}
