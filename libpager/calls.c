/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user asks for about the pages that kernels have.  */
#include <string.h>

#include "libpager/internal.h"

struct waiting { bool done; int32_t error; };

void
calls_wake (struct pager *pager, uint64_t cookie, int32_t error)
{
  struct waiting *waiting = (struct waiting *) (uintptr_t) cookie;
  waiting->done = true;
  waiting->error = error;
  pthread_cond_broadcast (&pager->woken);
}

static uint64_t
cookie_of (struct waiting *waiting, int wait)
{
  return wait ? (uint64_t) (uintptr_t) waiting : 0;
}

/* The pager is locked, and STATUS is how the call began; returns unlocked.  */
static void
finish (struct pager *pager, enum dr_status status, struct waiting *waiting, int wait)
{
  bool deref = engine_act (pager);
  engine_start (pager);
  while (status == DR_OK && wait && !waiting->done)
    pthread_cond_wait (&pager->woken, &pager->lock);
  engine_unlock (pager, deref);
}

/* LENGTH 0: the whole object.  */
static void
call (struct pager *pager, enum pages_call kind, uint64_t start, uint64_t length, int wait)
{
  struct waiting waiting = { false };
  enum dr_status status;
  engine_enter (pager);
  while ((status = pages_call (pager->pages, now_us (), kind, start, length,
			       cookie_of (&waiting, wait))) == DR_NO_MEMORY)
    engine_pause (pager);
  finish (pager, status, &waiting, wait);
}

static void
call_some (struct pager *pager, enum pages_call kind, vm_address_t start, vm_size_t length,
	   int wait)
{
  vm_address_t first = trunc_page (start);
  if (length)
    call (pager, kind, first, round_page (start + length) - first, wait);
}

void
pager_sync (struct pager *pager, int wait)
{
  call (pager, PAGES_CALL_SYNC, 0, 0, wait);
}

void
pager_sync_some (struct pager *pager, vm_address_t start, vm_size_t length, int wait)
{
  call_some (pager, PAGES_CALL_SYNC, start, length, wait);
}

void
pager_return (struct pager *pager, int wait)
{
  call (pager, PAGES_CALL_RETURN, 0, 0, wait);
}

void
pager_return_some (struct pager *pager, vm_address_t start, vm_size_t length, int wait)
{
  call_some (pager, PAGES_CALL_RETURN, start, length, wait);
}

void
pager_flush (struct pager *pager, int wait)
{
  call (pager, PAGES_CALL_FLUSH, 0, 0, wait);
}

void
pager_flush_some (struct pager *pager, vm_address_t start, vm_size_t length, int wait)
{
  call_some (pager, PAGES_CALL_FLUSH, start, length, wait);
}

void
pager_change_attributes (struct pager *pager, boolean_t may_cache,
			 memory_object_copy_strategy_t copy_strategy, int wait)
{
  struct waiting waiting = { false };
  enum dr_status status;
  engine_enter (pager);
  while ((status = pages_change_attributes (pager->pages, now_us (), may_cache, copy_strategy,
					    cookie_of (&waiting, wait))) == DR_NO_MEMORY)
    engine_pause (pager);
  finish (pager, status, &waiting, wait);
}

void
pager_shutdown (struct pager *pager)
{
  struct waiting waiting = { false };
  enum dr_status status;
  engine_enter (pager);
  while ((status = pages_shutdown (pager->pages, now_us (), cookie_of (&waiting, true)))
	 == DR_NO_MEMORY)
    engine_pause (pager);
  finish (pager, status, &waiting, true);
  pthread_mutex_lock (&pager->lock);
  pager->shut = true;
  bool readers = pager->read_only_used;
  pager->read_only_used = false;
  struct side_port *read_only = pager->read_only;
  pthread_mutex_unlock (&pager->lock);
  if (read_only)
    ports_destroy_right (read_only);
  ports_destroy_right (pager);
  if (readers)
    ports_port_deref (pager);
}

/* The client that is offered what is not precious: the first that may write.  */
static uint32_t
offered_to (const struct pager *pager)
{
  uint32_t number = 0;
  for (const struct client *c = pager->clients; c; c = c->next)
    if (!c->gone && !c->read_only)
      number = c->number;
  return number;
}

void
pager_offer_page (struct pager *pager, int precious, int write_lock, vm_offset_t page,
		  vm_address_t buf)
{
  vm_address_t copy = 0;
  if (vm_allocate (mach_task_self (), &copy, vm_page_size, TRUE))
    return;			/* it is an offer */
  memcpy ((void *) copy, (void *) buf, vm_page_size);
  struct dr_slice data = { memory_wrap (copy, vm_page_size), 0, vm_page_size };
  engine_enter (pager);
  if (engine_extend (pager, page / vm_page_size + 1))
    while (pages_offer (pager->pages, now_us (), offered_to (pager), page, &data,
			precious != 0, write_lock != 0) == DR_NO_MEMORY)
      engine_pause (pager);
  engine_leave (pager);
  dr_buf_drop (data.buf);
}

error_t
pager_get_error (struct pager *pager, vm_address_t address)
{
  error_t error;
  pthread_mutex_lock (&pager->lock);
  error = pages_get_error (pager->pages, trunc_page (address));
  pthread_mutex_unlock (&pager->lock);
  return error;
}
