/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library's calls: each asks the clients concerned with a LOCK over the range, or with several,
   then waits for the store.  */
#include "core/pages/internal.h"

static bool
concerns (const struct state *s, unsigned slot, enum call_kind kind)
{
  return (writer_bit (s) | (kind == CALL_SYNC ? 0 : s->readers)) & bit_of (slot);
}

/* Whether SLOT was refused pages from FIRST to END that we have no record of.  */
static bool
refused_between (const struct pages *p, unsigned slot, uint64_t first, uint64_t end)
{
  const struct client *c = &p->clients[slot];
  return first < c->beyond_end && c->beyond < end;
}

/* The next range that has pages that SLOT may have and the call is about, as large as it may be, and
   *MORE if others follow.

   A kernel that was refused a page keeps a mark in its place until a thread looks at it, which may
   never happen; and GNU Mach stops the machine when it is to lock such a page (an assertion in
   memory_object_lock_page).  So the range ends before one.  */
static bool
narrow (const struct pages *p, const struct call *call, unsigned slot, uint64_t *first,
	uint64_t *count, bool *more)
{
  uint64_t end = call->first + call->count;
  bool found = false, failed = false;
  *more = false;
  for (uint64_t n = map_next (p, call->from[slot]); n < end; n = map_next (p, n + 1))
    {
      const struct state *s = map_state (p, n);
      failed |= !CANARY (CANARY_LOCK_REFUSED) && s->failed & bit_of (slot);
      if (!concerns (s, slot, call->kind))
	continue;
      *more = found && (failed || refused_between (p, slot, *first + *count, n));
      if (*more)
	break;
      if (!found)
	*first = n;
      found = true;
      failed = false;
      *count = n - *first + 1;
    }
  return found;
}

static void
forget_active (struct pages *p, struct page *page, void *ctx)
{
  page_forget_holder (p, page, *(unsigned *) ctx);
}

void
range_forget_holder (struct pages *p, uint64_t first, uint64_t count, unsigned slot)
{
  uint32_t from = NO_INDEX, to = NO_INDEX;
  map_each_active (p, first, count, forget_active, &slot);
  for (uint64_t n = map_next (p, first); n < first + count; n = map_next (p, n + 1))
    {
      uint32_t word = map_word (p, n);
      if (word & ACTIVE_BIT
	  || !((p->sets[word].state.readers | writer_bit (&p->sets[word].state)) & bit_of (slot)))
	continue;
      if (word == from && p->sets[to].refs)
	p->sets[to].refs += to != 0;
      else
	{
	  struct state s = p->sets[word].state;
	  s.readers &= ~bit_of (slot);
	  if (s.writer == slot + 1)
	    s.writer = s.certain = 0;
	  to = set_intern (p, &s);
	  if (to == NO_INDEX)
	    return;		/* it may have them: that was no lie */
	  if (to == 0)
	    set_drop (p, 0, 1);
	  from = word;
	}
      map_set_word (p, n, to);
      set_drop (p, word, 1);
    }
}

static bool
is_range (const struct call *call)
{
  return call->kind <= CALL_FLUSH;
}

static enum dr_status
new_call (struct pages *p, enum call_kind kind, uint64_t first, uint64_t count,
	  uint64_t cookie, struct call **result)
{
  struct call *call = get_bytes (p, sizeof *call);
  if (!call)
    return DR_NO_MEMORY;
  call->kind = kind;
  call->first = first;
  call->count = count;
  call->cookie = cookie;
  *(p->last_call ? &p->last_call->next : &p->first_call) = call;
  p->last_call = call;
  if (result)
    *result = call;
  return DR_OK;
}

/* Who is concerned is settled now; what they get later is not the call's.  */
static void
start_call (struct pages *p, struct call *call)
{
  uint64_t concerned = 0, here = 0;
  for (uint64_t n = map_next (p, call->first); n < call->first + call->count; n = map_next (p, n + 1))
    {
      const struct state *s = map_state (p, n);
      concerned |= writer_bit (s) | (call->kind == CALL_SYNC ? 0 : s->readers);
    }
  for (unsigned slot = 0; slot < PAGES_CLIENTS_MAX; slot++)
    if (p->clients[slot].number && !p->clients[slot].leaving)
      here |= bit_of (slot);
  call->todo = call->kind == CALL_ATTRIBUTES ? here : concerned;
  for (unsigned slot = 0; slot < PAGES_CLIENTS_MAX; slot++)
    call->from[slot] = call->first;
}

enum dr_status
pages_call (struct pages *p, uint64_t now, enum pages_call kind, uint64_t offset,
	    uint64_t length, uint64_t cookie)
{
  struct call *call;
  uint64_t bytes = p->config.page_bytes, first = offset / bytes, count;
  p->now = now;
  if (offset % bytes)
    return DR_INVALID;
  count = length ? length / bytes + (length % bytes != 0) : map_pages (p);
  if (!length)
    first = 0;
  if (first > map_pages (p))
    first = map_pages (p);
  if (count > map_pages (p) - first)
    count = map_pages (p) - first;
  if (p->ended)
    return DR_SESSION_OVER;
  enum dr_status status = new_call (p, (enum call_kind) kind, first, count, cookie, &call);
  if (status == DR_OK)
    start_call (p, call);
  return status;
}

enum dr_status
pages_change_attributes (struct pages *p, uint64_t now, bool may_cache,
			 int32_t copy_strategy, uint64_t cookie)
{
  struct call *call;
  p->now = now;
  if (p->ended)
    return DR_SESSION_OVER;
  enum dr_status status = new_call (p, CALL_ATTRIBUTES, 0, 0, cookie, &call);
  if (status != DR_OK)
    return status;
  if (p->config.may_cache != may_cache || p->config.copy_strategy != copy_strategy)
    {
      p->config.may_cache = may_cache;
      p->config.copy_strategy = copy_strategy;
      start_call (p, call);
    }
  return DR_OK;
}

enum dr_status
pages_shutdown (struct pages *p, uint64_t now, uint64_t cookie)
{
  struct call *call;
  p->now = now;
  if (p->ended)
    return DR_SESSION_OVER;
  enum dr_status status = new_call (p, CALL_RETURN, 0, map_pages (p), cookie, &call);
  if (status != DR_OK)
    return status;
  call->stage = SHUTDOWN_RETURN;
  p->closing = true;
  start_call (p, call);
  return DR_OK;
}

void
calls_note_error (struct pages *p, uint64_t number, int32_t error)
{
  for (struct call *call = p->first_call; call; call = call->next)
    if (is_range (call) && !call->error && number >= call->first
	&& number - call->first < call->count)
      call->error = error;
}

/* --- Asking -------------------------------------------------------------------- */

static bool
ask_client (struct pages *p, struct call *call, unsigned slot, struct pages_action *a)
{
  uint64_t first = 0, count = 0, bytes = p->config.page_bytes;
  bool more = false;
  if (is_range (call) && !narrow (p, call, slot, &first, &count, &more))
    {
      call->todo &= ~bit_of (slot);	/* it gave them up meanwhile */
      return false;
    }
  struct ask *ask = ask_new (p, slot, is_range (call) ? ASK_CALL : ASK_ATTRIBUTES, first,
			     count, true);
  if (!ask)
    {
      p->hungry = true;
      return false;
    }
  ask->call = call;
  call->owed++;
  call->from[slot] = first + count;
  if (!more)
    call->todo &= ~bit_of (slot);
  *a = (struct pages_action) { .kind = is_range (call) ? PAGES_LOCK : PAGES_ATTRIBUTES,
    .client = p->clients[slot].number, .offset = first * bytes, .length = count * bytes,
    .should_return = call->kind == CALL_SYNC ? PAGES_RETURN_DIRTY
		     : call->kind == CALL_RETURN ? PAGES_RETURN_ALL : PAGES_RETURN_NONE,
    .flush = call->kind != CALL_SYNC, .reply = true, .prot = PAGES_PROT_NO_CHANGE,
    .may_cache = p->config.may_cache, .copy_strategy = p->config.copy_strategy };
  return true;
}

static bool
ask_someone (struct pages *p, struct call *call, struct pages_action *a)
{
  for (unsigned slot = 0; slot < PAGES_CLIENTS_MAX; slot++)
    if (call->todo & bit_of (slot) && p->clients[slot].ready && ask_client (p, call, slot, a))
      return true;
  return false;
}

/* --- Ending -------------------------------------------------------------------- */

struct unsaved { uint64_t mark; bool found; };

static void
look_unsaved (struct pages *p, struct page *page, void *ctx)
{
  struct unsaved *u = ctx;
  if ((page->unsaved.buf && page->unsaved_stamp <= u->mark)
      || (page->writing && page->saving_stamp <= u->mark))
    u->found = true;
}

static bool
stored (struct pages *p, struct call *call)
{
  struct unsaved u = { call->mark };
  if (CANARY (CANARY_EARLY_SYNC) || call->kind == CALL_FLUSH)
    return true;
  map_each_active (p, call->first, call->count, look_unsaved, &u);
  return !u.found;
}

static void
believe_page (struct pages *p, struct page *page, void *ctx)
{
  page->s.lost = 0;
  /* A kernel that got it since has a newer version than the store.  */
  if (!page->s.readers && !page->s.writer)
    page->s.bad = 0;
  slice_clear (&page->fresh);
  page->read_stale = page->reading;
  page_poke (p, page);
}

/* After a flush the store's copy counts, whatever happened.  */
static bool
believe_store (struct pages *p, const struct call *call)
{
  for (uint64_t n = map_next (p, call->first); n < call->first + call->count; n = map_next (p, n + 1))
    {
      const struct state *s = map_state (p, n);
      if ((s->lost || s->bad) && !map_activate (p, n))
	return false;
    }
  map_each_active (p, call->first, call->count, believe_page, NULL);
  return true;
}

static bool
end_call (struct pages *p, struct call *call, struct call *before, struct pages_action *a)
{
  bool wake = call->cookie != 0;
  *a = (struct pages_action) { .kind = PAGES_WAKE, .cookie = call->cookie,
			       .error = call->error };
  *(before ? &before->next : &p->first_call) = call->next;
  if (p->last_call == call)
    p->last_call = before;
  put_bytes (p, call, sizeof *call);
  return wake;
}

static void
refuse_waiters (struct pages *p, struct page *page, void *ctx)
{
  for (struct waiter *w = page->first; w; w = w->next)
    w->error = p->config.shutdown_error;
  page_poke (p, page);
}

/* One stage is over.  True: so is the shutdown.  */
static bool
shutdown_stage (struct pages *p, struct call *call)
{
  switch (call->stage)
    {
    case SHUTDOWN_RETURN:
      call->stage = SHUTDOWN_REFUSE;
      p->ended = true;
      map_each_active (p, 0, map_pages (p), refuse_waiters, NULL);
      return false;
    case SHUTDOWN_REFUSE:
      if (p->waiters || p->first_refusal)
	return false;
      call->stage = SHUTDOWN_DROP;
      for (unsigned slot = 0; slot < PAGES_CLIENTS_MAX; slot++)
	if (p->clients[slot].number && !p->clients[slot].leaving)
	  client_drop (p, slot, PAGES_SHUT);
      return false;
    default:
      for (unsigned slot = 0; slot < PAGES_CLIENTS_MAX; slot++)
	if (p->clients[slot].number)
	  return false;
      return true;
    }
}

static bool
finished (struct pages *p, struct call *call)
{
  if (call->todo || call->owed)
    return false;
  if (!call->marked)
    {
      call->marked = true;
      call->mark = p->stamp;
    }
  if (!is_range (call))
    return true;
  if (!stored (p, call) || (call->kind == CALL_FLUSH && !believe_store (p, call)))
    return false;
  if (!call->stage)
    return true;
  for (uint8_t stage = 0; stage != call->stage;)
    {
      stage = call->stage;
      if (shutdown_stage (p, call))
	return true;
    }
  return false;
}

/* Calls for attributes must end in the order of the changes; an early one is done when
   all before it are.  */
static bool
in_order (const struct pages *p, const struct call *call)
{
  if (call->kind != CALL_ATTRIBUTES)
    return true;
  for (const struct call *c = p->first_call; c != call; c = c->next)
    if (c->kind == CALL_ATTRIBUTES)
      return false;
  return true;
}

bool
calls_next (struct pages *p, struct pages_action *a)
{
  struct call *before = NULL, *next;
  for (struct call *call = p->first_call; call; call = next)
    {
      next = call->next;
      if (ask_someone (p, call, a))
	return true;
      if (in_order (p, call) && finished (p, call))
	{
	  if (end_call (p, call, before, a))
	    return true;
	  continue;
	}
      before = call;
    }
  return false;
}
