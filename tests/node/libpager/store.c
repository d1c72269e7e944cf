/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void
store_init (struct user_pager_info *store, unsigned pages)
{
  *store = (struct user_pager_info) { .pages = 0 };
  pthread_mutex_init (&store->lock, NULL);
  store->pages = pages;
  store->data = mmap (NULL, STORE_PAGES * vm_page_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (unsigned i = 0; i < STORE_PAGES; i++)
    memset (store->data + i * vm_page_size, 'a' + i % 26, vm_page_size);
}

error_t
pager_read_page (struct user_pager_info *store, vm_offset_t page, vm_address_t *buf,
		 int *write_lock)
{
  unsigned n = page / vm_page_size;
  error_t error = EIO;
  if (store->read_delay_ms)
    usleep (store->read_delay_ms * 1000);
  pthread_mutex_lock (&store->lock);
  if (n < store->pages)
    {
      store->reads[n]++;
      error = store->read_error[n];
      *write_lock = store->locked[n];
    }
  if (!error)
    {
      *buf = 0;
      vm_allocate (mach_task_self (), buf, vm_page_size, TRUE);
      memcpy ((void *) *buf, store->data + page, vm_page_size);
    }
  pthread_mutex_unlock (&store->lock);
  return error;
}

error_t
pager_write_page (struct user_pager_info *store, vm_offset_t page, vm_address_t buf)
{
  unsigned n = page / vm_page_size;
  error_t error = EIO;
  if (store->write_delay_ms)
    usleep (store->write_delay_ms * 1000);
  pthread_mutex_lock (&store->lock);
  if (n < store->pages)
    {
      store->writes[n]++;
      error = store->write_error[n];
    }
  if (!error)
    memcpy (store->data + page, (void *) buf, vm_page_size);
  pthread_mutex_unlock (&store->lock);
  return error;
}

error_t
pager_unlock_page (struct user_pager_info *store, vm_offset_t page)
{
  unsigned n = page / vm_page_size;
  error_t error;
  pthread_mutex_lock (&store->lock);
  store->unlocks[n]++;
  error = store->unlock_error[n];
  if (!error)
    store->locked[n] = false;
  pthread_mutex_unlock (&store->lock);
  return error;
}

void
pager_notify_evict (struct user_pager_info *store, vm_offset_t page)
{
  pthread_mutex_lock (&store->lock);
  store->evicted[page / vm_page_size]++;
  pthread_mutex_unlock (&store->lock);
}

error_t
pager_report_extent (struct user_pager_info *store, vm_address_t *offset, vm_size_t *size)
{
  *offset = 0;
  *size = store->pages * vm_page_size;
  return 0;
}

void
pager_clear_user_data (struct user_pager_info *store)
{
  if (store->flushed)
    pager_flush_some (store->flushed, 0, vm_page_size, TRUE);
  store->cleared = true;
}

void
pager_dropweak (struct user_pager_info *store)
{
  store->dropweaks++;
}

void
store_done (struct user_pager_info *store)
{
  munmap (store->data, STORE_PAGES * vm_page_size);
}
