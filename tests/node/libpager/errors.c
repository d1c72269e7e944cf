/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store that fails.  */
#include "world.h"

#include <errno.h>
#include <pthread.h>

static void
reading (void)
{
  struct world w;
  world_begin (&w, 8, false);
  w.store.read_error[2] = EIO;
  w.store.read_error[3] = ENOSPC;
  check (byte_at (w.at + 2 * vm_page_size) == '!', "a read error faults", "no fault");
  check (pager_get_error (w.pager, 2 * vm_page_size) == EIO, "get_error", "%d",
	 pager_get_error (w.pager, 2 * vm_page_size));
  check (byte_at (w.at + 3 * vm_page_size) == '!'
	 && pager_get_error (w.pager, 3 * vm_page_size + 5) == ENOSPC, "another error", "%d",
	 pager_get_error (w.pager, 3 * vm_page_size));
  check (byte_at (w.at + vm_page_size) == 'b' && pager_get_error (w.pager, vm_page_size) == 0,
	 "its neighbour is good", "not so");
  w.store.read_error[2] = 0;
  pager_flush (w.pager, 1);
  check (byte_at (w.at + 2 * vm_page_size) == 'c'
	 && pager_get_error (w.pager, 2 * vm_page_size) == 0, "a good read ends it", "%d",
	 pager_get_error (w.pager, 2 * vm_page_size));
  w.store.pages = 4;
  check (byte_at (w.at + 5 * vm_page_size) == '!', "behind the end", "no fault");
  w.store.pages = 8;
  check (world_end (&w), "the end after read errors", "the pager is still there");
}

static void
writing (void)
{
  struct world w;
  world_begin (&w, 8, false);
  w.store.write_error[1] = ENOSPC;
  poke (w.at + vm_page_size, 'X');
  pager_return (w.pager, 1);
  check (byte_at (w.at + vm_page_size) == '!' && pager_get_error (w.pager, vm_page_size) == ENOSPC,
	 "a page that could not be written is not read as it was", "%c, %d",
	 byte_at (w.at + vm_page_size), pager_get_error (w.pager, vm_page_size));
  w.store.write_error[1] = 0;
  pager_flush (w.pager, 1);
  check (byte_at (w.at + vm_page_size) == 'b', "flush believes the store", "%c",
	 byte_at (w.at + vm_page_size));
  check (world_end (&w), "the end after write errors", "the pager is still there");
}

static void
unlocking (void)
{
  struct world w;
  world_begin (&w, 8, false);
  w.store.locked[3] = w.store.locked[4] = w.store.locked[5] = true;
  w.store.unlock_error[4] = ENOSPC;
  check (byte_at (w.at + 3 * vm_page_size) == 'd' && w.store.unlocks[3] == 0, "read of a locked page",
	 "%u unlocks", w.store.unlocks[3]);
  check (poke (w.at + 3 * vm_page_size, 'L') && w.store.unlocks[3] == 1, "write of a locked page",
	 "%u unlocks", w.store.unlocks[3]);
  check (byte_at (w.at + 4 * vm_page_size) == 'e' && !poke (w.at + 4 * vm_page_size, 'L'),
	 "an unlock that fails", "no fault");
  check (pager_get_error (w.pager, 4 * vm_page_size) == ENOSPC, "its error", "%d",
	 pager_get_error (w.pager, 4 * vm_page_size));
  w.store.unlock_error[4] = 0;
  check (byte_at (w.at + 4 * vm_page_size) == 'e', "it can be read still", "%c",
	 byte_at (w.at + 4 * vm_page_size));
  check (poke (w.at + 4 * vm_page_size, 'L') && byte_at (w.at + 4 * vm_page_size) == 'L',
	 "the error is told once", "it stays");
  check (poke (w.at + 5 * vm_page_size, 'L') && w.store.unlocks[5] == 1,
	 "write first to a locked page", "%u unlocks", w.store.unlocks[5]);
  pager_sync (w.pager, 1);
  check (w.store.data[3 * vm_page_size] == 'L' && w.store.data[5 * vm_page_size] == 'L',
	 "both are written", "not so");
  check (world_end (&w), "the end after unlocks", "the pager is still there");
}

static struct world abandoned;
static volatile thread_t waiting;

static void *
wait_for_page (void *argument)
{
  waiting = mach_thread_self ();
  byte_at (abandoned.at + 2 * vm_page_size);
  return NULL;
}

/* The kernel keeps a mark in the place of a page that could not be read until a thread looks at it.
   Here none ever does; and GNU Mach stops the machine when it is to lock such a page.  */
static void
refused_and_forgotten (void)
{
  pthread_t thread;
  world_begin (&abandoned, 5, false);
  struct user_pager_info *store = &abandoned.store;
  for (unsigned i = 5; i-- > 0;)	/* downwards: nothing is read ahead */
    if (i != 2)
      byte_at (abandoned.at + i * vm_page_size);
  store->read_error[2] = EIO;
  store->read_delay_ms = 300;
  pthread_create (&thread, NULL, wait_for_page, NULL);
  pthread_detach (thread);
  for (unsigned i = 0; i < 100 && !waiting; i++)
    sleep_ms (10);
  sleep_ms (100);
  check (waiting && thread_terminate (waiting) == KERN_SUCCESS, "who waits for a page goes", "it does not");
  sleep_ms (500);
  check (pager_get_error (abandoned.pager, 2 * vm_page_size) == EIO, "it is refused all the same", "%d",
	 pager_get_error (abandoned.pager, 2 * vm_page_size));
  store->read_delay_ms = 0;
  pager_flush (abandoned.pager, 1);
  check (byte_at (abandoned.at) == 'a' && store->reads[0] == 2 && store->reads[4] == 1,
	 "and the machine goes on when all around it is flushed", "not flushed");
  check (byte_at (abandoned.at + 2 * vm_page_size) == '!', "the next one is told", "no fault");
  store->read_error[2] = 0;
  check (byte_at (abandoned.at + 2 * vm_page_size) == 'c', "and then may have it", "%c",
	 byte_at (abandoned.at + 2 * vm_page_size));
  check (world_end (&abandoned), "the end after a page that nobody looked at", "the pager is still there");
}

void
test_errors (void)
{
  reading ();
  writing ();
  unlocking ();
  refused_and_forgotten ();
}
