/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be done for a page, from its record alone.  Nothing is changed here.  */
#include "core/pages/internal.h"

const struct dr_slice *
page_data (const struct page *page)
{
  return page->unsaved.buf ? &page->unsaved
	 : page->saving.buf ? &page->saving : page->fresh.buf ? &page->fresh : NULL;
}

bool
page_idle (const struct page *page)
{
  return !page->first && !page->flushing && !page->lowering && !page->offered
	 && !page->reading && !page->writing && !page->unlocking && !page->unsaved.buf
	 && !page->ahead && !page->evicted && !page->hold_until;
}

/* One thing at a time.  */
static bool
store_busy (const struct page *page)
{
  return page->reading || page->writing || page->unlocking;
}

/* Something is under way with SLOT after which it has the page no more, or after which
   we know what it has.  What it is given must come later.  */
static bool
in_doubt (const struct pages *p, const struct page *page, unsigned slot)
{
  return (page->flushing | page->offered) & bit_of (slot)
	 || ask_covers (p, slot, page->number, true);
}

static bool
held (const struct pages *p, const struct page *page, unsigned slot)
{
  return page->held & bit_of (slot) && p->now < page->hold_until;
}

/* The writer, not the client that is served, must give the page up or let others
   read.  */
static struct want
revoke_writer (const struct pages *p, const struct page *page, bool flush)
{
  unsigned slot = page->s.writer - 1u;
  struct want want = { .slot = (uint8_t) slot, .write = true };
  if (page->lowering || in_doubt (p, page, slot) || held (p, page, slot))
    return want;
  want.kind = flush ? WANT_FLUSH : WANT_LOWER;
  /* A page cleaned by a sync looks like one that was lowered.  */
  want.reply = !page->s.certain || (!flush && ask_covers (p, slot, page->number, false));
  return want;
}

static bool
must_load (const struct page *page, const struct waiter *w)
{
  return !w->has_page && !page_data (page) && !store_busy (page) && !page->s.bad;
}

/* Everybody but the client at the head gives the page up.  */
static struct want
revoke_readers (const struct pages *p, const struct page *page, uint64_t others)
{
  for (unsigned slot = 0; others; slot++, others >>= 1)
    if (others & 1 && !in_doubt (p, page, slot) && !held (p, page, slot))
      return (struct want) { .kind = WANT_FLUSH, .slot = (uint8_t) slot, .reply = true };
  return (struct want) { WANT_NOTHING };
}

static struct want
supply (const struct pages *p, const struct page *page, const struct waiter *w)
{
  struct want want = { .slot = w->slot };
  if (page_data (page))
    {
      want.kind = WANT_SUPPLY;
      want.write = w->access & PAGES_WRITE || page->s.writer == w->slot + 1;
    }
  else if (page->s.bad)
    {
      want.kind = WANT_REFUSE;
      want.error = page->s.bad;
    }
  else if (!store_busy (page))
    want.kind = WANT_LOAD;
  return want;
}

static struct want
serve_writer (const struct pages *p, const struct page *page, const struct waiter *w)
{
  uint64_t others = page->s.readers & ~bit_of (w->slot);
  struct want want = { .slot = w->slot };
  if (CANARY (CANARY_TWO_WRITERS))
    others = 0;
  /* Readers have what the store has: the read need not wait for them.  */
  if (others && must_load (page, w))
    {
      want.kind = WANT_LOAD;
      return want;
    }
  if (others)
    return revoke_readers (p, page, others);
  if (!w->has_page && !page_data (page))
    return supply (p, page, w);	/* only then is it known whether it is locked */
  if (page->s.locked)
    {
      want.kind = store_busy (page) ? WANT_NOTHING : WANT_UNLOCK;
      return want;
    }
  if (!w->has_page)
    return supply (p, page, w);
  want.kind = WANT_GRANT;
  return want;
}

/* Why W is not to get what it wants, or 0.  */
static int32_t
objection (const struct pages *p, const struct page *page, const struct waiter *w)
{
  bool write = w->access & PAGES_WRITE;
  if (page->s.lost)
    return p->config.lost_error;
  if (w->error)
    return w->error;
  if (write && p->clients[w->slot].read_only)
    return p->config.read_only_error;
  if (write && !w->has_page && page->s.refused & bit_of (w->slot))
    return page->s.next_error;
  return 0;
}

static struct want
decide_waiter (const struct pages *p, const struct page *page)
{
  const struct waiter *w = page->first;
  if (in_doubt (p, page, w->slot))
    return (struct want) { WANT_NOTHING };
  int32_t error = objection (p, page, w);
  if (p->closing && !error)
    return (struct want) { WANT_NOTHING };
  if (error)
    return (struct want) { .kind = w->has_page ? WANT_DENY : WANT_REFUSE,
			   .slot = w->slot, .error = error };
  if (page->s.writer && page->s.writer != w->slot + 1 && !CANARY (CANARY_TWO_WRITERS))
    return revoke_writer (p, page, w->access & PAGES_WRITE);
  /* Asked to let others read while it waits itself: it is known soon what it has.  */
  if (page->lowering)
    return (struct want) { WANT_NOTHING };
  return w->access & PAGES_WRITE ? serve_writer (p, page, w) : supply (p, page, w);
}

static bool
may_offer (const struct pages *p, const struct page *page)
{
  unsigned slot = page->ahead - 1u;
  return page->fresh.buf && !page->s.writer && !page->s.lost && !page->s.bad
	 && !(page->s.readers & bit_of (slot)) && !in_doubt (p, page, slot);
}

struct want
page_decide (const struct pages *p, const struct page *page)
{
  if (page->unsaved.buf && !store_busy (page))
    return (struct want) { .kind = WANT_SAVE };
  if (page->first)
    return decide_waiter (p, page);
  if (page->ahead && !page->reading)
    return (struct want) { .kind = may_offer (p, page) ? WANT_OFFER : WANT_NOTHING,
			   .slot = (uint8_t) (page->ahead - 1) };
  if (page->evicted && !page->unsaved.buf && !page->writing)
    return (struct want) { .kind = WANT_EVICTED };
  return (struct want) { WANT_NOTHING };
}
