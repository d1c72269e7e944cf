/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct port_bucket *bucket;
struct pager_requests *requests;

static int checks, failures;

void
check (bool good, const char *name, const char *format, ...)
{
  va_list arguments;
  checks++;
  failures += !good;
  printf (good ? "PASS %s" : "FAIL %s: ", name);
  va_start (arguments, format);
  if (!good)
    vprintf (format, arguments);
  va_end (arguments);
  printf ("\n");
}

int
check_result (const char *program)
{
  bool good = checks > 0 && failures == 0;
  printf ("%s %s: %d checks, %d failed\n", good ? "PASSED" : "FAILED", program, checks, failures);
  return good ? 0 : 1;
}

/* --- accesses that may fault ------------------------------------------------------- */

static __thread sigjmp_buf *volatile guard;

static void
fault (int number)
{
  if (guard)
    siglongjmp (*guard, 1);
  signal (number, SIG_DFL);
}

static void __attribute__ ((constructor))
catch_faults (void)
{
  signal (SIGSEGV, fault);
  signal (SIGBUS, fault);
}

bool
peek (const char *at, char *byte)
{
  sigjmp_buf here;
  if (sigsetjmp (here, 1))
    {
      guard = NULL;
      return false;
    }
  guard = &here;
  *byte = *(volatile const char *) at;
  guard = NULL;
  return true;
}

bool
poke (char *at, char byte)
{
  sigjmp_buf here;
  if (sigsetjmp (here, 1))
    {
      guard = NULL;
      return false;
    }
  guard = &here;
  *(volatile char *) at = byte;
  guard = NULL;
  return true;
}

char
byte_at (const char *at)
{
  char byte;
  return peek (at, &byte) ? byte : '!';
}

/* --- time ----------------------------------------------------------------------------- */

void
sleep_ms (unsigned ms)
{
  struct timespec t = { ms / 1000, ms % 1000 * 1000000l };
  nanosleep (&t, NULL);
}

bool
comes_true (const volatile bool *condition, unsigned ms)
{
  for (unsigned waited = 0; !*condition && waited < ms; waited += 20)
    sleep_ms (20);
  return *condition;
}

/* --- pagers ------------------------------------------------------------------------------ */

char *
world_map (mach_port_t object, unsigned pages, int prot)
{
  vm_address_t at = 0;
  kern_return_t result = vm_map (mach_task_self (), &at, pages * vm_page_size, 0, TRUE, object,
				 0, FALSE, prot, prot, VM_INHERIT_NONE);
  return result ? NULL : (char *) at;
}

void
world_unmap (char *at, unsigned pages)
{
  vm_deallocate (mach_task_self (), (vm_address_t) at, pages * vm_page_size);
}

mach_port_t
world_object (struct pager *pager)
{
  mach_port_t right = pager_get_port (pager);
  mach_port_insert_right (mach_task_self (), right, right, MACH_MSG_TYPE_MAKE_SEND);
  return right;
}

void
world_begin (struct world *w, unsigned pages, bool notify)
{
  store_init (&w->store, pages);
  w->pages = pages;
  w->pager = pager_create (&w->store, bucket, FALSE, MEMORY_OBJECT_COPY_DELAY, notify);
  w->object = world_object (w->pager);
  w->at = world_map (w->object, pages, READ_WRITE);
}

bool
world_end (struct world *w)
{
  bool cleared;
  if (w->at)
    world_unmap (w->at, w->pages);
  ports_port_deref (w->pager);
  mach_port_deallocate (mach_task_self (), w->object);
  cleared = comes_true (&w->store.cleared, 3000);
  store_done (&w->store);
  return cleared;
}

struct pager_statistics
statistics_of (struct pager *pager)
{
  struct pager_statistics s;
  pager_get_statistics (pager, &s);
  return s;
}
