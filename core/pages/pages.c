/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Beginning, end, and the next action.  */
#include <string.h>

#include "core/pages/internal.h"

void
pages_config_default (struct pages_config *config)
{
  *config = (struct pages_config) {
    .page_bytes = 4096, .copy_strategy = 2,
    .hold_us = 2000, .fence_us = 20000, .limit_us = 10000000, .retry_us = 10000,
    .ahead_pages = 256,
    .lost_error = 0x40000005, .extent_error = 0x40000005, .read_only_error = 0x4000001e,
    .shutdown_error = 0x40000005,
  };
}

enum dr_status
pages_create (const struct pages_config *config, const struct dr_alloc *alloc,
	      struct pages **result)
{
  if (!config->page_bytes || !config->ahead_pages || !config->limit_us)
    return DR_INVALID;
  struct pages *p = dr_alloc_zeroed (alloc, sizeof *p);
  if (!p)
    return DR_NO_MEMORY;
  p->config = *config;
  p->alloc = *alloc;
  p->last_client = FIRST_CLIENT;
  if (!sets_init (p) || !map_init (p) || !map_resize (p, config->extent))
    {
      pages_destroy (p);
      return DR_NO_MEMORY;
    }
  *result = p;
  return DR_OK;
}

static void
free_calls (struct pages *p)
{
  struct call *next;
  for (struct call *call = p->first_call; call; call = next)
    {
      next = call->next;
      put_bytes (p, call, sizeof *call);
    }
}

static struct refusal *
pop_refusal (struct pages *p)
{
  struct refusal *r = p->first_refusal;
  p->first_refusal = r->next;
  if (!p->first_refusal)
    p->last_refusal = NULL;
  return r;
}

void
pages_destroy (struct pages *p)
{
  if (!p)
    return;
  for (unsigned slot = 0; slot < PAGES_CLIENTS_MAX; slot++)
    while (p->clients[slot].first_ask)
      ask_end (p, slot, p->clients[slot].first_ask);
  free_calls (p);
  while (p->first_refusal)
    {
      struct refusal *r = pop_refusal (p);
      put_bytes (p, r, sizeof *r);
    }
  map_done (p);
  sets_done (p);
  dr_assert (p->bytes == 0);
  struct dr_alloc alloc = p->alloc;
  dr_free_bytes (&alloc, p, sizeof *p);
}

enum dr_status
pages_set_extent (struct pages *p, uint64_t extent)
{
  if (extent > (uint64_t) (ACTIVE_BIT / CHUNK_PAGES - 1) * CHUNK_PAGES)
    return DR_LIMIT;
  if (!map_resize (p, extent))
    return DR_NO_MEMORY;
  p->config.extent = extent;
  return DR_OK;
}

/* --- The next action ------------------------------------------------------------ */

static bool
refusal_next (struct pages *p, struct pages_action *a)
{
  while (p->first_refusal)
    {
      struct refusal *r = pop_refusal (p);
      const struct client *c = &p->clients[r->slot];
      bool told = c->number && !c->leaving;
      *a = (struct pages_action) { .kind = PAGES_REFUSE, .client = c->number,
	.offset = r->offset, .length = r->length, .error = r->error };
      put_bytes (p, r, sizeof *r);
      if (told)
	return true;
    }
  return false;
}

static bool
fence_next (struct pages *p, unsigned slot, struct pages_action *a)
{
  for (struct ask *ask = p->clients[slot].first_ask; ask; ask = ask->next)
    if (ask->fence)
      {
	ask->fence = false;
	*a = (struct pages_action) { .kind = PAGES_LOCK, .client = p->clients[slot].number,
	  .offset = ask->first * (uint64_t) p->config.page_bytes,
	  .length = ask->count * p->config.page_bytes,
	  .should_return = PAGES_RETURN_NONE, .reply = true, .prot = PAGES_PROT_NO_CHANGE };
	return true;
      }
  return false;
}

static bool
client_next (struct pages *p, unsigned slot, struct pages_action *a)
{
  struct client *c = &p->clients[slot];
  if (!c->number)
    return false;
  if (c->leaving)
    {
      *a = (struct pages_action) { .kind = PAGES_DROP, .client = c->number,
				   .reason = c->leaving };
      client_free (p, slot);
      return true;
    }
  if (c->ready)
    return fence_next (p, slot, a) || read_on_next (p, slot, a);
  c->ready = true;
  *a = (struct pages_action) { .kind = PAGES_READY, .client = c->number,
    .may_cache = p->config.may_cache, .copy_strategy = p->config.copy_strategy };
  return true;
}

/* PAGE wants nothing now; what is kept of it only as long as something wants it goes.  */
static void
rest (struct pages *p, struct page *page)
{
  if (page->ahead && !page->reading && !page->first)
    {
      page->ahead = NOBODY;
      page_poke (p, page);
      return;
    }
  if (page_idle (page))
    page_settle (p, page);
}

static bool
page_next (struct pages *p, struct pages_action *a)
{
  while (p->run_first)
    {
      struct page *page = p->run_first;
      struct want want = page_decide (p, page);
      if (want.kind != WANT_NOTHING)
	{
	  if (commit (p, page, want, a))
	    return true;
	  p->hungry = true;
	  return false;
	}
      page_unpoke (p, page);
      rest (p, page);
    }
  return false;
}

static bool
control_next (struct pages *p, struct pages_action *a)
{
  if (refusal_next (p, a))
    return true;
  for (unsigned slot = 0; slot < PAGES_CLIENTS_MAX; slot++)
    if (client_next (p, slot, a))
      return true;
  return false;
}

bool
pages_next (struct pages *p, struct pages_action *a)
{
  if (control_next (p, a) || (p->first_call && calls_next (p, a)) || page_next (p, a))
    return true;
  /* A call may have waited for the page that came to rest, or dropped the clients.  */
  return p->first_call && (calls_next (p, a) || control_next (p, a) || page_next (p, a));
}
