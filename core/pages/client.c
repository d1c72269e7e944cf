/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients and what they owe us.  */
#include "core/pages/internal.h"

int
client_slot (const struct pages *p, uint32_t number)
{
  for (unsigned i = 0; number && i < PAGES_CLIENTS_MAX; i++)
    if (p->clients[i].number == number && !p->clients[i].leaving)
      return (int) i;
  return -1;
}

enum dr_status
client_check (struct pages *p, uint32_t number, int *slot)
{
  *slot = client_slot (p, number);
  return *slot < 0 ? DR_SESSION_OVER : DR_OK;
}

/* Numbers come round after four thousand million kernels: 0 and those in use are left out.  */
static uint32_t
new_number (struct pages *p)
{
  bool used;
  do
    {
      p->last_client++;
      used = p->last_client == 0;
      for (unsigned i = 0; i < PAGES_CLIENTS_MAX; i++)
	used |= p->clients[i].number == p->last_client;
    }
  while (used);
  return p->last_client;
}

enum dr_status
pages_init (struct pages *p, uint64_t now, bool read_only, uint32_t *number)
{
  p->now = now;
  if (p->ended)
    return DR_SESSION_OVER;
  for (unsigned i = 0; i < PAGES_CLIENTS_MAX; i++)
    {
      struct client *c = &p->clients[i];
      if (c->number)
	continue;
      *c = (struct client) { .number = new_number (p), .read_only = read_only,
			     .expected = PAGES_NEVER, .window = 1 };
      p->clients_count++;
      *number = c->number;
      return DR_OK;
    }
  return DR_LIMIT;
}

struct ask *
ask_new (struct pages *p, unsigned slot, enum ask_kind kind, uint64_t first,
	 uint64_t count, bool reply)
{
  struct client *c = &p->clients[slot];
  struct ask *ask = get_bytes (p, sizeof *ask);
  if (!ask)
    return NULL;
  ask->kind = kind;
  ask->first = (uint32_t) first;
  ask->count = count;
  ask->reply = reply;
  ask->sent = p->now;
  *(c->last_ask ? &c->last_ask->next : &c->first_ask) = ask;
  c->last_ask = ask;
  c->asks_without_reply += !reply;
  return ask;
}

static void
unlink_ask (struct client *c, struct ask *ask)
{
  struct ask *before = NULL;
  for (struct ask *a = c->first_ask; a != ask; a = a->next)
    before = a;
  *(before ? &before->next : &c->first_ask) = ask->next;
  if (c->last_ask == ask)
    c->last_ask = before;
  ask->next = NULL;
}

void
ask_end (struct pages *p, unsigned slot, struct ask *ask)
{
  struct client *c = &p->clients[slot];
  unlink_ask (c, ask);
  c->asks_without_reply -= !ask->reply;
  if (ask->call)
    ask->call->owed--;
  put_bytes (p, ask, sizeof *ask);
}

void
ask_answered (struct pages *p, unsigned slot, uint64_t number)
{
  for (struct ask *a = p->clients[slot].first_ask; a; a = a->next)
    {
      if ((a->kind != ASK_FLUSH && a->kind != ASK_LOWER) || number < a->first
	  || number - a->first >= a->count
	  || !(a->pending & (uint64_t) 1 << (number - a->first)))
	continue;
      a->pending &= ~((uint64_t) 1 << (number - a->first));
      if (!a->pending && !a->reply)
	ask_end (p, slot, a);
      return;
    }
}

bool
ask_covers (const struct pages *p, unsigned slot, uint64_t number, bool flush)
{
  for (const struct ask *a = p->clients[slot].first_ask; a; a = a->next)
    if (a->kind == ASK_CALL && (a->call->kind != CALL_SYNC) == flush
	&& number >= a->first && number - a->first < a->count)
      return true;
  return false;
}

/* A becomes the first run of pages that it still waits for, and the others another one: there may be
   pages between them that the client has been refused since, and may not be asked about (calls.c).
   False: no memory.  */
static bool
split_ask (struct pages *p, unsigned slot, struct ask *a)
{
  unsigned skip = (unsigned) __builtin_ctzll (a->pending), run = 0;
  while (skip + run < a->count && a->pending & (uint64_t) 1 << (skip + run))
    run++;
  uint64_t rest = skip + run < a->count ? a->pending >> (skip + run) : 0;
  if (rest)
    {
      struct ask *other = ask_new (p, slot, a->kind, a->first + skip + run,
				   a->count - skip - run, false);
      if (!other)
	return false;
      other->pending = rest;
      other->sent = a->sent;
    }
  a->first += skip;
  a->count = run;
  a->pending = (a->pending >> skip) & (UINT64_MAX >> (64 - run));
  return true;
}

static void
owes_longer (struct pages *p, unsigned slot)
{
  struct client *c = &p->clients[slot];
  struct ask *next;
  uint64_t limit = p->config.limit_us;
  for (struct ask *a = c->first_ask; a; a = next)
    {
      if (!a->reply && p->now - a->sent >= p->config.fence_us && !split_ask (p, slot, a))
	{
	  p->hungry = true;
	  a->sent = p->now;
	}
      next = a->next;
      if (a->reply ? !CANARY (CANARY_NO_FENCE) && p->now - a->sent >= limit : false)
	{
	  client_drop (p, slot, PAGES_SILENT);
	  return;
	}
      if (a->reply || p->now - a->sent < p->config.fence_us)
	continue;
      /* Nothing came by itself.  Behind an empty LOCK with a reply it must.  */
      unlink_ask (c, a);
      c->asks_without_reply--;
      a->reply = a->fence = true;
      a->sent = p->now;
      *(c->last_ask ? &c->last_ask->next : &c->first_ask) = a;
      c->last_ask = a;
    }
}

static uint64_t
sooner (uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

void
pages_tick (struct pages *p, uint64_t now)
{
  struct page *page;
  p->now = now;
  p->hungry = false;
  for (unsigned i = 0; i < PAGES_CLIENTS_MAX; i++)
    if (p->clients[i].number && !p->clients[i].leaving)
      owes_longer (p, i);
  while ((page = p->hold_first) && page->hold_until <= now)
    {
      page_unhold (p, page);
      page->held = 0;
      page->hold_until = 0;
      page_poke (p, page);
    }
}

uint64_t
pages_deadline (const struct pages *p)
{
  uint64_t at = p->hungry ? p->now + p->config.retry_us : PAGES_NEVER;
  if (p->hold_first)
    at = sooner (at, p->hold_first->hold_until);
  for (unsigned i = 0; i < PAGES_CLIENTS_MAX; i++)
    {
      const struct client *c = &p->clients[i];
      uint32_t without = c->asks_without_reply;
      bool with = false;
      for (const struct ask *a = c->number ? c->first_ask : NULL; a && (without || !with);
	   a = a->next)
	{
	  at = sooner (at, a->sent + (a->reply ? p->config.limit_us : p->config.fence_us));
	  with |= a->reply;
	  without -= !a->reply;
	}
    }
  return at;
}

struct dropping { unsigned slot; bool lost; };

static void
drop_from_page (struct pages *p, struct page *page, void *ctx)
{
  struct dropping *d = ctx;
  bool wrote = page->s.writer == d->slot + 1;
  waiters_remove (p, page, d->slot, true, true);
  page_forget_holder (p, page, d->slot);
  page->offered &= ~bit_of (d->slot);
  page->flushing &= ~bit_of (d->slot);
  page->s.refused &= ~bit_of (d->slot);
  page->s.failed &= ~bit_of (d->slot);
  if (!page->s.refused)
    page->s.next_error = 0;
  if (page->ahead == d->slot + 1)
    page->ahead = 0;
  if (wrote && d->lost)
    page->s.lost = 1;
  page_poke (p, page);
}

static void
forgive_page (struct pages *p, struct page *page, void *ctx)
{
  page->s.lost = 0;
  page_poke (p, page);
}

void
client_drop (struct pages *p, unsigned slot, enum pages_drop reason)
{
  struct client *c = &p->clients[slot];
  struct dropping d = { slot, reason == PAGES_DEAD || reason == PAGES_SILENT };
  if (CANARY (CANARY_OLD_DATA))
    d.lost = false;
  c->leaving = reason;
  while (c->first_ask)
    ask_end (p, slot, c->first_ask);
  for (struct call *call = p->first_call; call; call = call->next)
    call->todo &= ~bit_of (slot);
  map_each_active (p, 0, map_pages (p), drop_from_page, &d);
  sets_forget_client (p, slot, d.lost);
  if (--p->clients_count == 0)
    {
      map_each_active (p, 0, map_pages (p), forgive_page, NULL);
      sets_forgive (p);
    }
}

void
client_free (struct pages *p, unsigned slot)
{
  p->clients[slot].number = 0;
}

void
pages_terminate (struct pages *p, uint64_t now, uint32_t number)
{
  int slot = client_slot (p, number);
  p->now = now;
  if (slot >= 0)
    client_drop (p, (unsigned) slot, PAGES_TERMINATED);
}

void
pages_client_dead (struct pages *p, uint64_t now, uint32_t number)
{
  int slot = client_slot (p, number);
  p->now = now;
  if (slot >= 0)
    client_drop (p, (unsigned) slot, PAGES_DEAD);
}
