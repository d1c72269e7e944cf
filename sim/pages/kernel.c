/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's VM, as far as one memory object sees it.  It follows GNU Mach: a thread that
   finds no page leaves an absent page and a request; one that finds it locked asks once
   for an unlock; a lock request handles page after page and sends neighbours' data as one
   message; clean pages vanish without a word; absent pages pass lock requests by; a supply
   stops at a page that is present.  */
#include <string.h>

#include "sim/pages/model.h"

struct msg *
msg_new (struct world *w, enum msg_kind kind, unsigned first, unsigned count)
{
  struct msg *m = w->own.alloc (w->own.ctx, sizeof *m);
  memset (m, 0, sizeof *m);
  m->kind = (uint8_t) kind;
  m->first = (uint8_t) first;
  m->count = (uint8_t) count;
  return m;
}

void
msg_free (struct world *w, struct msg *m)
{
  w->own.free (w->own.ctx, m, sizeof *m);
}

void
msg_append (struct queue *queue, struct msg *m)
{
  m->next = NULL;
  *(queue->last ? &queue->last->next : &queue->first) = m;
  queue->last = m;
}

struct msg *
msg_pop (struct queue *queue)
{
  struct msg *m = queue->first;
  queue->first = m->next;
  if (!queue->first)
    queue->last = NULL;
  return m;
}

static struct msg *
say (struct world *w, unsigned k, enum msg_kind kind, unsigned first, unsigned count)
{
  struct msg *m = msg_new (w, kind, first, count);
  msg_append (&w->kernel[k].out, m);
  return m;
}

/* --- Threads --------------------------------------------------------------------- */

static void
finish (struct world *w, unsigned k, struct thread *t)
{
  t->active = false;
  w->kernel[k].done++;
  w->result.accesses++;
}

static void
perform (struct world *w, unsigned k, struct thread *t)
{
  struct vm_page *page = &w->kernel[k].page[t->page];
  if (t->write)
    {
      check_write (w, k, t->page);
      page->dirty = true;
    }
  else
    check_read (w, k, t->page);
  world_trace (w, "kernel %u %s page %u: version %llu", k, t->write ? "writes" : "reads",
	       t->page, (unsigned long long) page->version);
  finish (w, k, t);
}

bool
kernel_access (struct world *w, unsigned k, unsigned number, bool try)
{
  struct kernel *kernel = &w->kernel[k];
  struct thread *t = &kernel->thread[number];
  struct vm_page *page = &kernel->page[t->page];
  if (!t->active || page->busy || page->absent)
    return false;
  if (page->present && t->write && page->locked)
    {
      if (page->unlock_asked)
	return false;
      if (try)
	{
	  page->unlock_asked = kernel->unlocks[t->page] = true;
	  say (w, k, MSG_UNLOCK, t->page, 1)->access = PAGES_WRITE;
	}
      return true;
    }
  if (!try)
    return true;
  if (page->present)
    perform (w, k, t);
  else if (page->error)
    {
      page->error = false;
      world_trace (w, "kernel %u: error on page %u", k, t->page);
      finish (w, k, t);
    }
  else
    {
      page->absent = true;
      say (w, k, MSG_REQUEST, t->page, 1)->access = PAGES_READ | (t->write ? PAGES_WRITE : 0);
    }
  return true;
}

/* --- Pageout ------------------------------------------------------------------------ */

static void
forget (struct vm_page *page)
{
  bool busy = page->busy;
  memset (page, 0, sizeof *page);
  page->busy = busy;
}

bool
kernel_can_evict (const struct world *w, unsigned k, unsigned page)
{
  const struct vm_page *p = &w->kernel[k].page[page];
  return p->present && !p->busy;
}

void
kernel_evict (struct world *w, unsigned k, unsigned number)
{
  struct vm_page *page = &w->kernel[k].page[number];
  if (page->dirty || page->precious)
    {
      struct msg *m = say (w, k, MSG_RETURN, number, 1);
      m->dirty = page->dirty;
      m->version[0] = page->version;
    }
  world_trace (w, "kernel %u evicts page %u%s", k, number, page->dirty ? ", dirty" : "");
  forget (page);
}

void
kernel_leave (struct world *w, unsigned k)
{
  struct kernel *kernel = &w->kernel[k];
  for (unsigned i = 0; i < w->options.pages; i++)
    if (kernel->page[i].present)
      kernel_evict (w, k, i);
  say (w, k, MSG_TERMINATE, 0, 0);
  kernel->leaving = true;
  while (kernel->in.first)
    msg_free (w, msg_pop (&kernel->in));
  memset (kernel->page, 0, sizeof kernel->page);
  memset (kernel->thread, 0, sizeof kernel->thread);
  memset (kernel->waits, 0, sizeof kernel->waits);
  memset (kernel->unlocks, 0, sizeof kernel->unlocks);
  kernel->lock_begun = false;
  kernel->lock_at = 0;
}

void
kernel_clear (struct world *w, unsigned k)
{
  struct kernel *kernel = &w->kernel[k];
  while (kernel->in.first)
    msg_free (w, msg_pop (&kernel->in));
  while (kernel->out.first)
    msg_free (w, msg_pop (&kernel->out));
  if (kernel->piece)
    msg_free (w, kernel->piece);
  *kernel = (struct kernel) { .accesses = kernel->accesses, .done = kernel->done };
}

/* --- What the engine asks for -------------------------------------------------------- */

static void
send_piece (struct world *w, unsigned k)
{
  struct kernel *kernel = &w->kernel[k];
  struct msg *m = kernel->piece;
  if (!m)
    return;
  for (unsigned i = 0; i < m->count; i++)
    kernel->page[m->first + i].busy = false;
  msg_append (&kernel->out, m);
  kernel->piece = NULL;
}

/* The page's data goes to the manager, with its neighbours' if they are alike.  */
static void
add_to_piece (struct world *w, unsigned k, unsigned number, bool flush)
{
  struct kernel *kernel = &w->kernel[k];
  struct vm_page *page = &kernel->page[number];
  struct msg *m = kernel->piece;
  if (m && (m->first + m->count != (int) number || m->dirty != page->dirty
	    || (!w->exploring && world_random (w, 4) == 0)))
    send_piece (w, k);
  if (!kernel->piece)
    {
      kernel->piece = msg_new (w, MSG_RETURN, number, 0);
      kernel->piece->dirty = page->dirty;
      kernel->piece->kernel_copy = !flush;
    }
  m = kernel->piece;
  m->version[m->count++] = page->version;
  page->busy = true;
  page->dirty = false;
}

static void
lock_page (struct world *w, unsigned k, const struct msg *m, unsigned number)
{
  struct kernel *kernel = &w->kernel[k];
  struct vm_page *page = &kernel->page[number];
  if (m->prot == PAGES_PROT_NONE && !m->flush && !kernel->unlocks[number])
    world_violation (w, "P3", "kernel %u is granted page %u, and did not ask", k, number);
  if (m->prot == PAGES_PROT_NONE || (m->flush && page->present))
    kernel->unlocks[number] = false;
  /* GNU Mach asserts in memory_object_lock_page that there is a real page, and stops.  */
  if (page->error)
    world_violation (w, "P3", "kernel %u is asked about page %u, which it was refused and nobody has "
		     "asked for again", k, number);
  if (!page->present)
    {
      send_piece (w, k);
      return;
    }
  if (m->prot != PAGES_PROT_NO_CHANGE || m->flush)
    {
      page->locked = !m->flush && m->prot & PAGES_WRITE;
      page->unlock_asked = false;
    }
  bool send = m->should_return != PAGES_RETURN_NONE
	      && (page->dirty || (page->precious && m->should_return == PAGES_RETURN_ALL));
  if (send)
    add_to_piece (w, k, number, m->flush);
  else
    send_piece (w, k);
  if (!m->flush)
    return;
  if (page->dirty)
    check_discarded (w, number);
  forget (page);
}

/* One page, or the end.  */
static void
handle_lock (struct world *w, unsigned k)
{
  struct kernel *kernel = &w->kernel[k];
  struct msg *m = kernel->in.first;
  if (!kernel->lock_begun)
    {
      kernel->lock_begun = true;
      kernel->lock_at = m->first;
    }
  if (kernel->lock_at < m->first + m->count)
    lock_page (w, k, m, kernel->lock_at++);
  if (kernel->lock_at < m->first + m->count)
    return;
  send_piece (w, k);
  if (m->reply)
    say (w, k, MSG_LOCK_DONE, m->first, m->count);
  kernel->lock_begun = false;
  msg_free (w, msg_pop (&kernel->in));
}

static void
handle_supply (struct world *w, unsigned k, struct msg *m)
{
  struct kernel *kernel = &w->kernel[k];
  unsigned placed = 0;
  for (; placed < m->count; placed++)
    {
      unsigned number = m->first + placed;
      struct vm_page *page = &kernel->page[number];
      if (page->present)
	break;
      if (!page->absent && !m->reply)
	world_violation (w, "P3", "kernel %u is supplied page %u, which it does not wait for",
			 k, number);
      kernel->unlocks[number] = false;
      *page = (struct vm_page) { .present = true, .locked = m->prot & PAGES_WRITE,
	.precious = m->precious, .version = m->version[placed], .since = w->step };
    }
  if (placed < m->count && !m->reply)
    world_violation (w, "P3", "kernel %u has page %u and is supplied it", k,
		     m->first + placed);
  if (m->reply)
    say (w, k, MSG_SUPPLY_DONE, m->first, m->count)->placed = (uint8_t) placed;
}

static void
handle_refuse (struct world *w, unsigned k, const struct msg *m)
{
  for (unsigned i = 0; i < m->count; i++)
    {
      struct vm_page *page = &w->kernel[k].page[m->first + i];
      if (!page->absent)
	world_violation (w, "P3", "kernel %u is refused page %u, which it does not wait for",
			 k, m->first + i);
      check_refused (w, k, m->first + i, m->error);
      page->absent = false;
      page->error = true;
    }
}

bool
kernel_can_handle (const struct world *w, unsigned k)
{
  return w->kernel[k].in.first && !w->kernel[k].silent && !w->kernel[k].dead;
}

void
kernel_handle (struct world *w, unsigned k)
{
  struct msg *m = w->kernel[k].in.first;
  if (m->kind == MSG_LOCK)
    {
      handle_lock (w, k);
      return;
    }
  msg_pop (&w->kernel[k].in);
  if (m->kind == MSG_SUPPLY)
    handle_supply (w, k, m);
  else if (m->kind == MSG_REFUSE)
    handle_refuse (w, k, m);
  else
    say (w, k, MSG_CHANGE_DONE, 0, 0);
  msg_free (w, m);
}
