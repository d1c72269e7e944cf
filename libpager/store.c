/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user's callbacks do, each as a job of its own.  */
#include <errno.h>
#include <string.h>

#include "libpager/internal.h"

struct store_job
{
  struct job job;
  struct pager *pager;		/* a reference */
  struct pages_action action;
  struct dr_slice slices[];
};

/* --- Reading ----------------------------------------------------------------------- */

static void
have_read (struct pager *pager, uint64_t offset, vm_address_t buf, vm_size_t bytes,
	   bool write_lock, error_t error)
{
  struct dr_slice data = { error ? NULL : memory_wrap (buf, bytes), 0, bytes };
  pthread_mutex_lock (&pager->lock);
  pages_read_done (pager->pages, now_us (), offset, bytes, &data, write_lock, error);
  pager->statistics.pages_read += error ? 0 : bytes / vm_page_size;
  pthread_mutex_unlock (&pager->lock);
  dr_buf_drop (data.buf);
}

/* How much of it the user read at once.  */
static vm_size_t
read_pages (struct pager *pager, uint64_t offset, vm_size_t length)
{
  vm_address_t buf = 0;
  vm_size_t got = 0;
  int write_lock = 0;
  if (!pager_read_pages
      || pager_read_pages (pager->upi, offset, length, &buf, &got, &write_lock) == EOPNOTSUPP)
    return 0;
  got = trunc_page (got < length ? got : length);
  if (got)
    have_read (pager, offset, buf, got, write_lock, 0);
  return got;
}

/* So that nothing behind the end is read ahead the next time.  */
static void
learn_extent (struct pager *pager)
{
  vm_address_t start = 0;
  vm_size_t size = 0;
  if (pager_report_extent (pager->upi, &start, &size))
    return;
  pthread_mutex_lock (&pager->lock);
  engine_extend (pager, round_page (start + size) / vm_page_size);
  pthread_mutex_unlock (&pager->lock);
}

static void
read_part (struct pager *pager, uint64_t offset, vm_size_t length)
{
  vm_size_t done = length > vm_page_size ? read_pages (pager, offset, length) : 0;
  for (; done < length; done += vm_page_size)
    {
      vm_address_t buf = 0;
      int write_lock = 0;
      error_t error = pager_read_page (pager->upi, offset + done, &buf, &write_lock);
      have_read (pager, offset + done, buf, vm_page_size, write_lock, error);
    }
}

/* What was read is on its way while the rest is being read.  */
static void
read_run (struct pager *pager, uint64_t offset, uint64_t length)
{
  const vm_size_t part = PAGER_RUN_PAGES * vm_page_size;
  for (; length > part; offset += part, length -= part)
    {
      read_part (pager, offset, part);
      engine_enter (pager);
      engine_leave (pager);
    }
  read_part (pager, offset, length);
  learn_extent (pager);
}

/* --- Writing ------------------------------------------------------------------------- */

static void
have_written (struct pager *pager, uint64_t offset, vm_size_t bytes, error_t error)
{
  pthread_mutex_lock (&pager->lock);
  pages_write_done (pager->pages, now_us (), offset, bytes, error);
  pager->statistics.pages_written += error ? 0 : bytes / vm_page_size;
  pthread_mutex_unlock (&pager->lock);
}

static vm_size_t
write_pages (struct pager *pager, uint64_t offset, vm_address_t data, vm_size_t length)
{
  vm_size_t written = 0;
  if (!pager_write_pages
      || pager_write_pages (pager->upi, offset, data, length, &written) == EOPNOTSUPP)
    return 0;
  return trunc_page (written < length ? written : length);
}

static void
write_run (struct pager *pager, uint64_t offset, vm_address_t data, vm_size_t length)
{
  vm_size_t done = write_pages (pager, offset, data, length);
  if (done)
    have_written (pager, offset, done, 0);
  for (; done < length; done += vm_page_size)
    have_written (pager, offset + done, vm_page_size,
		  pager_write_page (pager->upi, offset + done, data + done));
}

/* As many pages at a time as lie behind each other in memory.  */
static void
write_slices (struct pager *pager, uint64_t offset, const struct dr_slice *slices,
	      uint32_t count)
{
  for (uint32_t i = 0; i < count;)
    {
      vm_address_t data = (vm_address_t) dr_slice_data (&slices[i]);
      vm_size_t length = slices[i++].bytes;
      while (i < count && (vm_address_t) dr_slice_data (&slices[i]) == data + length)
	length += slices[i++].bytes;
      write_run (pager, offset, data, length);
      offset += length;
    }
}

/* --- Others ----------------------------------------------------------------------------- */

static void
unlock_run (struct pager *pager, uint64_t offset, uint64_t length)
{
  for (uint64_t end = offset + length; offset < end; offset += vm_page_size)
    {
      error_t error = pager_unlock_page (pager->upi, offset);
      pthread_mutex_lock (&pager->lock);
      pages_unlock_done (pager->pages, now_us (), offset, vm_page_size, error);
      pager->statistics.pages_unlocked += !error;
      pthread_mutex_unlock (&pager->lock);
    }
}

static void
notify_run (struct pager *pager, uint64_t offset, uint64_t length)
{
  for (uint64_t end = offset + length; offset < end; offset += vm_page_size)
    pager_notify_evict (pager->upi, offset);
}

static void
run (struct job *job)
{
  struct store_job *s = (struct store_job *) job;
  const struct pages_action *a = &s->action;
  switch (a->kind)
    {
    case PAGES_STORE_READ: read_run (s->pager, a->offset, a->length); break;
    case PAGES_STORE_WRITE:
      write_slices (s->pager, a->offset, s->slices, a->slices_count);
      break;
    case PAGES_STORE_UNLOCK: unlock_run (s->pager, a->offset, a->length); break;
    default: notify_run (s->pager, a->offset, a->length); break;
    }
  for (uint32_t i = 0; i < a->slices_count; i++)
    dr_buf_drop (s->slices[i].buf);
  requests_job_ends ();
  engine_enter (s->pager);
  engine_leave (s->pager);
  /* What that made this worker's next job has a reference too.  Without one this may be the last: then
     the user is told, and ext2fs frees a deleted file's blocks and waits for its disk's pager.  */
  requests_job_goes_on ();
  ports_port_deref (s->pager);
  free (s);
}

void
store_submit (struct pager *pager, const struct pages_action *action)
{
  struct store_job *s
    = sure_alloc (sizeof *s + action->slices_count * sizeof *action->slices);
  s->job.run = run;
  s->pager = pager;
  s->action = *action;
  if (action->slices_count)
    memcpy (s->slices, action->slices, action->slices_count * sizeof *action->slices);
  ports_port_ref (pager);
  pager->statistics.reads += action->kind == PAGES_STORE_READ;
  pager->statistics.writes += action->kind == PAGES_STORE_WRITE;
  engine_submit (pager, &s->job);
}
