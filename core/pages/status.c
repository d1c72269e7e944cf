/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For people and tests.  */
#include "core/pages/internal.h"

int32_t
pages_get_error (const struct pages *p, uint64_t offset)
{
  return map_state (p, offset / p->config.page_bytes)->error;
}

static uint64_t
count_asks (const struct pages *p)
{
  uint64_t n = 0;
  for (unsigned i = 0; i < PAGES_CLIENTS_MAX; i++)
    for (const struct ask *a = p->clients[i].first_ask; a; a = a->next)
      n++;
  return n;
}

void
pages_count (const struct pages *p, struct pages_counts *counts)
{
  *counts = (struct pages_counts) { .clients = p->clients_count, .active = p->active_count,
    .waiters = p->waiters, .asks = count_asks (p), .faults = p->faults,
    .bytes = p->bytes + sizeof *p };
  for (uint32_t i = 1; i < p->sets_used; i++)
    counts->sets += p->sets[i].refs != 0;
  for (const struct call *c = p->first_call; c; c = c->next)
    counts->calls++;
}

static uint32_t
bits (uint64_t set)
{
  uint32_t n = 0;
  for (; set; set &= set - 1)
    n++;
  return n;
}

void
pages_page (const struct pages *p, uint64_t offset, struct pages_page_status *status)
{
  uint64_t n = offset / p->config.page_bytes;
  const struct state *s = map_state (p, n);
  const struct page *page = map_active (p, n);
  *status = (struct pages_page_status) {
    .writer = s->writer ? p->clients[s->writer - 1].number : 0,
    .readers = bits (s->readers), .lost = s->lost, .bad = s->bad };
  if (!page)
    return;
  status->writing = page->writing || page->unsaved.buf;
  status->reading = page->reading;
  for (const struct waiter *w = page->first; w; w = w->next)
    status->waiters++;
}

/* --- Digest ----------------------------------------------------------------------- */

struct digest
{
  const struct pages *p;
  void (*put) (void *ctx, uint64_t word);
  void *ctx;
};

static void
put (const struct digest *d, uint64_t word)
{
  d->put (d->ctx, word);
}

static void
put_data (const struct digest *d, const struct dr_slice *slice)
{
  uint64_t h = slice->bytes;
  for (size_t i = 0; i < slice->bytes; i++)
    h = (h ^ dr_slice_data (slice)[i]) * 0x100000001b3u;
  put (d, h);
}

static void
put_state (const struct digest *d, const struct state *s)
{
  put (d, s->readers);
  put (d, s->refused);
  put (d, s->failed);
  put (d, (uint64_t) (uint32_t) s->error << 32 | (uint32_t) s->next_error);
  put (d, (uint64_t) (uint32_t) s->bad << 32 | (uint64_t) s->writer << 24
	  | (uint64_t) s->certain << 16 | (uint64_t) s->locked << 8 | s->lost);
}

/* A stamp counts only by which calls it is older than.  */
static uint64_t
calls_before (const struct digest *d, uint64_t stamp)
{
  uint64_t n = 0;
  for (const struct call *c = d->p->first_call; c; c = c->next)
    n = n * 2 + (c->marked && c->mark >= stamp);
  return n;
}

static void
put_page (const struct digest *d, const struct page *page)
{
  put_state (d, &page->s);
  put (d, page->flushing);
  put (d, page->offered);
  put (d, page->held);
  put (d, page->holds ? page->hold_until - d->p->now : PAGES_NEVER);
  put (d, (uint64_t) page->lowering | (uint64_t) page->ahead << 8 | (uint64_t) page->ahead_locked << 21
	  | (uint64_t) page->evicted << 16 | (uint64_t) page->reading << 17
	  | (uint64_t) page->read_stale << 18 | (uint64_t) page->unlocking << 19
	  | (uint64_t) page->writing << 20);
  for (const struct waiter *w = page->first; w; w = w->next)
    put (d, (uint64_t) 1 << 63 | (uint64_t) (uint32_t) w->error << 24
	    | (uint64_t) w->slot << 16 | (uint64_t) w->access << 8 | w->has_page);
  put_data (d, &page->unsaved);
  put_data (d, &page->saving);
  put_data (d, &page->fresh);
  put (d, page->unsaved.buf ? calls_before (d, page->unsaved_stamp) : 0);
  put (d, page->saving.buf ? calls_before (d, page->saving_stamp) : 0);
}

static uint64_t
call_place (const struct digest *d, const struct call *call)
{
  uint64_t n = 1;
  if (!call)
    return 0;
  for (const struct call *c = d->p->first_call; c != call; c = c->next)
    n++;
  return n;
}

static void
put_client (const struct digest *d, const struct client *c)
{
  put (d, (uint64_t) (c->number != 0) | (uint64_t) c->read_only << 1 | (uint64_t) c->ready << 2
	  | (uint64_t) c->leaving << 3 | (uint64_t) c->read_on << 4 | (uint64_t) c->window << 8 | c->expected << 32);
  for (const struct ask *a = c->first_ask; a; a = a->next)
    {
      put (d, (uint64_t) 1 << 63 | (uint64_t) a->kind << 48 | (uint64_t) a->reply << 47
	      | (uint64_t) a->fence << 46 | a->count << 16 | a->first);
      put (d, a->pending);
      put (d, d->p->now - a->sent);
      put (d, call_place (d, a->call));
    }
}

void
pages_digest (const struct pages *p, void (*each) (void *ctx, uint64_t word), void *ctx)
{
  struct digest d = { p, each, ctx };
  put (&d, p->config.extent << 8 | (uint64_t) p->ended << 1 | p->hungry);
  put (&d, (uint64_t) p->config.may_cache << 32 | (uint32_t) p->config.copy_strategy);
  for (unsigned i = 0; i < PAGES_CLIENTS_MAX; i++)
    if (p->clients[i].number)
      {
	put (&d, i);
	put_client (&d, &p->clients[i]);
      }
  for (const struct call *c = p->first_call; c; c = c->next)
    {
      put (&d, (uint64_t) c->kind << 56 | c->first << 28 | c->count);
      put (&d, c->todo);
      put (&d, (uint64_t) c->stage << 34 | (uint64_t) c->marked << 33
	       | (uint64_t) (c->cookie != 0) << 32 | (uint32_t) c->error);
    }
  for (const struct refusal *r = p->first_refusal; r; r = r->next)
    {
      put (&d, (uint64_t) r->slot << 32 | (uint32_t) r->error);
      put (&d, r->offset);
      put (&d, r->length);
    }
  for (uint64_t n = 0; n < map_pages (p); n++)
    {
      const struct page *page = map_active (p, n);
      if (page)
	{
	  put (&d, n << 1 | 1);
	  put_page (&d, page);
	}
      else if (map_word (p, n))
	{
	  put (&d, n << 1);
	  put_state (&d, map_state (p, n));
	}
    }
}
