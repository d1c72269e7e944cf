/* SPDX-License-Identifier: GPL-2.0-or-later */
/* References, shutdown, inhibition.  */
#include "world.h"

#include <pthread.h>

static void
references (void)
{
  struct world w;
  world_begin (&w, 4, false);
  poke (w.at, 'Q');
  ports_port_ref_weak (w.pager);
  world_unmap (w.at, 4);
  mach_port_deallocate (mach_task_self (), w.object);
  sleep_ms (100);
  check (!w.store.cleared && w.store.dropweaks == 0, "a reference keeps it", "it is gone");
  ports_port_deref (w.pager);
  sleep_ms (100);
  check (!w.store.cleared && w.store.dropweaks == 1, "a weak reference is asked for",
	 "%u times", w.store.dropweaks);
  ports_port_deref_weak (w.pager);
  check (comes_true (&w.store.cleared, 1000), "then it goes", "it stays");
  check (w.store.data[0] == 'Q', "what was written is in the store", "%c", w.store.data[0]);
  store_done (&w.store);
}

static void
own_memory (void)
{
  struct pager *pager = pager_create_alloc (sizeof (struct user_pager_info), bucket, FALSE,
					    MEMORY_OBJECT_COPY_DELAY, FALSE);
  struct user_pager_info *store = pager_get_upi (pager);
  store_init (store, 4);
  mach_port_t object = world_object (pager);
  char *at = world_map (object, 4, VM_PROT_READ);
  char *data = store->data;
  check (byte_at (at + vm_page_size) == 'b', "create_alloc", "%c", byte_at (at + vm_page_size));
  world_unmap (at, 4);
  mach_port_deallocate (mach_task_self (), object);
  ports_port_deref (pager);
  vm_deallocate (mach_task_self (), (vm_address_t) data, STORE_PAGES * vm_page_size);
}

static void
shutdown (void)
{
  struct world w;
  world_begin (&w, 8, false);
  poke (w.at, 'Z');
  byte_at (w.at + vm_page_size);
  pager_shutdown (w.pager);
  check (w.store.data[0] == 'Z', "shutdown writes", "%c", w.store.data[0]);
  check (byte_at (w.at) == '!' && byte_at (w.at + 2 * vm_page_size) == '!',
	 "nothing can be had after it", "%c", byte_at (w.at));
  check (pager_get_port (w.pager) == MACH_PORT_NULL, "no port after it", "there is one");
  check (pager_create_ro_port (w.pager) == MACH_PORT_NULL, "no read-only port", "there is one");
  check (!w.store.cleared, "references outlive shutdown", "it is gone");
  pager_sync (w.pager, 1);
  check (world_end (&w), "the end after shutdown", "the pager is still there");
}

static struct world inhibited;
static volatile bool served;

static void *
reader (void *argument)
{
  served = byte_at (inhibited.at) == 'a';
  return NULL;
}

static void
inhibition (void)
{
  pthread_t thread;
  world_begin (&inhibited, 4, false);
  byte_at (inhibited.at + vm_page_size);
  check (pager_inhibit_workers (requests) == 0, "inhibit", "an error");
  pthread_create (&thread, NULL, reader, NULL);
  sleep_ms (200);
  check (!served && inhibited.store.reads[0] == 0, "inhibited workers do not work", "they do");
  pager_resume_workers (requests);
  check (comes_true (&served, 2000), "resumed they do", "they do not");
  pthread_join (thread, NULL);
  check (world_end (&inhibited), "the end after inhibition", "the pager is still there");
}

/* A slow store for one pager is nobody else's business.  */
static void
slow (void)
{
  struct world w, other;
  world_begin (&w, 16, false);
  world_begin (&other, 4, false);
  w.store.write_delay_ms = 300;
  for (unsigned i = 0; i < 16; i += 2)
    poke (w.at + i * vm_page_size, 'Y');
  pager_sync (w.pager, 0);
  bool good = byte_at (other.at) == 'a' && byte_at (w.at + vm_page_size) == 'b';
  check (good && w.store.data[0] != 'Y', "a slow store delays nobody else", "it does");
  w.store.write_delay_ms = 0;
  check (world_end (&other), "the end beside a slow one", "the pager is still there");
  check (world_end (&w), "and of the slow one", "the pager is still there");
  check (w.store.writes[14] == 1, "each page was written once", "%u times", w.store.writes[14]);
}

/* The last reference is the write's: its worker must not keep for itself what it then waits for.  */
static void
clearing_waits (void)
{
  struct world disk, w;
  world_begin (&disk, 4, false);
  world_begin (&w, 4, false);
  poke (disk.at, 'D');
  poke (w.at, 'F');
  w.store.flushed = disk.pager;
  w.store.write_delay_ms = 300;
  check (world_end (&w), "clearing waits for another pager's flush", "it waits for ever");
  check (byte_at (disk.at) == 'a', "which is done", "%c", byte_at (disk.at));
  check (world_end (&disk), "and nothing is left", "the pager is still there");
}

void
test_ends (void)
{
  references ();
  own_memory ();
  shutdown ();
  inhibition ();
  slow ();
  clearing_waits ();
}
