/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store that fails.  */
#include "world.h"

#include <errno.h>

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

void
test_errors (void)
{
  reading ();
  writing ();
  unlocking ();
}
