/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mapping, and what can be asked of kernels.  */
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
map_read_write (void)
{
  struct world w;
  world_begin (&w, 64, false);
  check (w.at != NULL, "map", "vm_map failed");
  check (byte_at (w.at) == 'a' && byte_at (w.at + vm_page_size * 3 + 7) == 'd', "read",
	 "wrong bytes");
  poke (w.at + 5, 'X');
  check (byte_at (w.at + 5) == 'X' && byte_at (w.at + 6) == 'a', "write", "wrong bytes");
  bool good = true;
  for (unsigned i = 0; i < 64; i++)
    good &= byte_at (w.at + i * vm_page_size + 9) == 'a' + (char) (i % 26);
  struct pager_statistics s = statistics_of (w.pager);
  check (good, "sequential read", "wrong bytes");
  check (s.requests < 40 && s.pages_read == 64, "read-ahead", "%u requests, %u pages read",
	 (unsigned) s.requests, (unsigned) s.pages_read);
  check (s.faults == 0, "no faults", "%u messages broke the protocol", (unsigned) s.faults);
  check (world_end (&w), "the end", "the pager is still there");
}

static void
sync_return_flush (void)
{
  struct world w;
  world_begin (&w, 8, false);
  poke (w.at + vm_page_size, 'S');
  pager_sync (w.pager, 1);
  check (w.store.data[vm_page_size] == 'S', "sync", "not in the store");
  check (w.store.reads[1] == 1 && byte_at (w.at + vm_page_size) == 'S' && w.store.reads[1] == 1,
	 "sync leaves the page", "read %u times", w.store.reads[1]);
  poke (w.at + vm_page_size, 'T');
  poke (w.at + 4 * vm_page_size, 'T');
  w.store.write_delay_ms = 200;
  pager_sync_some (w.pager, vm_page_size, 1, 1);
  check (w.store.data[vm_page_size] == 'T' && w.store.data[4 * vm_page_size] != 'T',
	 "sync of some", "%c %c", w.store.data[vm_page_size], w.store.data[4 * vm_page_size]);
  poke (w.at + vm_page_size, 'U');
  pager_sync (w.pager, 0);
  check (w.store.data[vm_page_size] == 'T', "sync without waiting", "it waited");
  pager_sync (w.pager, 1);
  check (w.store.data[vm_page_size] == 'U', "sync waits for what was begun", "it did not");
  w.store.write_delay_ms = 0;
  poke (w.at + 2 * vm_page_size, 'R');
  unsigned reads = w.store.reads[2];
  pager_return (w.pager, 1);
  check (w.store.data[2 * vm_page_size] == 'R', "return", "not in the store");
  check (byte_at (w.at + 2 * vm_page_size) == 'R' && w.store.reads[2] == reads + 1,
	 "return takes the page", "read %u times", w.store.reads[2]);
  poke (w.at + 3 * vm_page_size, 'F');
  pager_flush_some (w.pager, 3 * vm_page_size, vm_page_size, 1);
  check (byte_at (w.at + 3 * vm_page_size) == 'd', "flush gives changes up", "%c",
	 byte_at (w.at + 3 * vm_page_size));
  pager_flush (w.pager, 0);
  pager_return_some (w.pager, 0, 8 * vm_page_size, 1);
  check (byte_at (w.at) == 'a', "flush of all", "%c", byte_at (w.at));
  check (world_end (&w), "the end after calls", "the pager is still there");
}

static void
offers (void)
{
  struct world w;
  char *page = aligned_alloc (vm_page_size, vm_page_size);
  world_begin (&w, 8, false);
  check (byte_at (w.at) == 'a', "before an offer", "wrong");
  memset (page, 'O', vm_page_size);
  pager_offer_page (w.pager, 0, 0, 5 * vm_page_size, (vm_address_t) page);
  sleep_ms (50);
  check (byte_at (w.at + 5 * vm_page_size) == 'O' && w.store.reads[5] == 0, "offer",
	 "%c, read %u times", byte_at (w.at + 5 * vm_page_size), w.store.reads[5]);
  pager_offer_page (w.pager, 1, 0, 6 * vm_page_size, (vm_address_t) page);
  pager_sync (w.pager, 1);
  check (w.store.data[6 * vm_page_size] == 'O' && byte_at (w.at + 6 * vm_page_size) == 'O',
	 "precious offer", "%c", w.store.data[6 * vm_page_size]);
  memset (page, 'P', vm_page_size);
  pager_offer_page (w.pager, 0, 0, 0, (vm_address_t) page);
  check (byte_at (w.at) == 'a', "an offer of what is there", "%c", byte_at (w.at));
  free (page);
  check (world_end (&w), "the end after offers", "the pager is still there");
}

static void
attributes (void)
{
  struct world w;
  world_begin (&w, 4, false);
  byte_at (w.at);
  pager_change_attributes (w.pager, TRUE, MEMORY_OBJECT_COPY_DELAY, 1);
  struct pager_statistics s = statistics_of (w.pager);
  check (s.changes == 1 && s.changes_completed == 1, "change attributes", "%u, %u completed",
	 (unsigned) s.changes, (unsigned) s.changes_completed);
  pager_change_attributes (w.pager, TRUE, MEMORY_OBJECT_COPY_DELAY, 1);
  check (statistics_of (w.pager).changes == 1, "the same attributes", "said again");
  world_unmap (w.at, 4);
  w.at = NULL;
  sleep_ms (100);
  check (statistics_of (w.pager).terminates == 0, "a cached object stays", "terminated");
  pager_change_attributes (w.pager, FALSE, MEMORY_OBJECT_COPY_DELAY, 0);
  for (unsigned i = 0; i < 50 && !statistics_of (w.pager).terminates; i++)
    sleep_ms (20);
  check (statistics_of (w.pager).terminates == 1, "uncached it goes", "it stays");
  check (world_end (&w), "the end after attributes", "the pager is still there");
}

static void
evictions (void)
{
  struct world w;
  world_begin (&w, 8, true);
  byte_at (w.at + 2 * vm_page_size);
  poke (w.at + 3 * vm_page_size, 'E');
  byte_at (w.at + 4 * vm_page_size);
  check (statistics_of (w.pager).pages_read == 3, "with it nothing is read ahead", "%u pages",
	 (unsigned) statistics_of (w.pager).pages_read);
  pager_return (w.pager, 1);
  for (unsigned i = 0; i < 50 && !(w.store.evicted[2] && w.store.evicted[3]); i++)
    sleep_ms (20);
  check (w.store.evicted[2] == 1 && w.store.evicted[3] == 1 && w.store.evicted[5] == 0,
	 "eviction is told", "%u %u %u", w.store.evicted[2], w.store.evicted[3],
	 w.store.evicted[5]);
  check (world_end (&w), "the end after evictions", "the pager is still there");
}

static void
read_only (void)
{
  struct world w;
  world_begin (&w, 8, false);
  mach_port_t right = pager_create_ro_port (w.pager);
  check (MACH_PORT_VALID (right) && right != w.object, "read-only port", "none");
  mach_port_t again = pager_create_ro_port (w.pager);
  check (again == right, "one read-only object", "two");
  mach_port_deallocate (mach_task_self (), again);
  char *at = world_map (right, 8, READ_WRITE);
  check (byte_at (at + vm_page_size) == 'b', "read of the read-only object", "%c",
	 byte_at (at + vm_page_size));
  check (!poke (at + vm_page_size, 'X'), "write to the read-only object", "it succeeded");
  check (pager_get_error (w.pager, vm_page_size) == EROFS, "its error", "%d",
	 pager_get_error (w.pager, vm_page_size));
  check (byte_at (w.at + vm_page_size) == 'b' && byte_at (at + vm_page_size) == 'b',
	 "nothing was written", "not so");
  poke (w.at + vm_page_size, 'W');
  check (byte_at (at + vm_page_size) == 'W', "a write is seen through it", "%c",
	 byte_at (at + vm_page_size));
  poke (w.at + vm_page_size, 'V');
  check (byte_at (at + vm_page_size) == 'V', "and the next", "%c", byte_at (at + vm_page_size));
  world_unmap (w.at, 8);
  w.at = NULL;
  mach_port_deallocate (mach_task_self (), w.object);
  ports_port_deref (w.pager);
  sleep_ms (100);
  check (!w.store.cleared && byte_at (at + 2 * vm_page_size) == 'c',
	 "the read-only object keeps the pager", "it is gone");
  world_unmap (at, 8);
  check (!w.store.cleared, "so does its right", "it is gone");
  mach_port_deallocate (mach_task_self (), right);
  check (comes_true (&w.store.cleared, 3000), "the end of the read-only object", "none");
  store_done (&w.store);
}

static struct pager *met;

static error_t
meet (void *object)
{
  struct user_pager_info *store = pager_get_upi (object);
  met = store->data ? object : NULL;
  return 0;
}

/* As a server looks who still uses it: it forbids new pagers, goes through all of them, and
   has each one's attributes changed meanwhile.  */
static void
going_through (void)
{
  struct world w;
  world_begin (&w, 4, false);
  mach_port_t right = pager_create_ro_port (w.pager);
  byte_at (w.at);
  int count = ports_count_bucket (bucket);
  pager_change_attributes (w.pager, TRUE, MEMORY_OBJECT_COPY_DELAY, 1);
  pager_change_attributes (w.pager, FALSE, MEMORY_OBJECT_COPY_DELAY, 1);
  check (count == 1 && ports_count_bucket (bucket) == 1, "the bucket has pagers only",
	 "%d objects", count);
  ports_enable_bucket (bucket);
  ports_bucket_iterate (bucket, meet);
  check (met == w.pager, "each can be asked for its user's data", "not so");
  mach_port_deallocate (mach_task_self (), right);
  check (world_end (&w), "the end after that", "the pager is still there");
}

static void
copying (void)
{
  struct world w;
  size_t size;
  char *other = malloc (70 * vm_page_size);
  world_begin (&w, 100, false);
  size = 60 * vm_page_size + 100;
  memset (other, 0, size);
  error_t error = pager_memcpy (w.pager, w.object, vm_page_size - 50, other, &size,
				VM_PROT_READ);
  check (!error && size == 60 * vm_page_size + 100 && other[0] == 'a' && other[50] == 'b'
	 && other[60 * vm_page_size + 99] == 'j', "memcpy from", "error %d, %zu bytes", error, size);
  memset (other, 'M', 3 * vm_page_size);
  size = 2 * vm_page_size + 2;
  error = pager_memcpy (w.pager, w.object, 10 * vm_page_size - 1, other, &size, READ_WRITE);
  check (!error && size == 2 * vm_page_size + 2 && byte_at (w.at + 10 * vm_page_size - 1) == 'M'
	 && byte_at (w.at + 10 * vm_page_size - 2) == 'j'
	 && byte_at (w.at + 12 * vm_page_size) == 'M'
	 && byte_at (w.at + 12 * vm_page_size + 1) == 'm', "memcpy to", "error %d, %zu bytes",
	 error, size);
  w.store.read_error[52] = EIO;
  pager_flush (w.pager, 1);
  size = 10 * vm_page_size;
  error = pager_memcpy (w.pager, w.object, 50 * vm_page_size, other, &size, VM_PROT_READ);
  check (error == EIO && size == 2 * vm_page_size, "memcpy's fault", "error %d, %zu bytes", error,
	 size);
  check (byte_at (w.at + 52 * vm_page_size) == '!', "faults elsewhere are whose they were",
	 "no fault");
  free (other);
  check (world_end (&w), "the end after memcpy", "the pager is still there");
}

void
test_calls (void)
{
  map_read_write ();
  sync_return_flush ();
  offers ();
  attributes ();
  evictions ();
  read_only ();
  going_through ();
  copying ();
}
