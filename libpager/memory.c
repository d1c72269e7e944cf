/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages on their way: buffers of whole regions, which are handed on without being copied
   where that is possible.  */
#include <string.h>
#include <time.h>

#include "libpager/internal.h"

#define NO_MEMORY_PAUSE_NS 10000000

void *
sure_alloc (size_t bytes)
{
  struct timespec pause = { 0, NO_MEMORY_PAUSE_NS };
  void *at;
  while (!(at = calloc (1, bytes)))
    nanosleep (&pause, NULL);
  return at;
}

static void
drop_region (struct dr_buf *buf)
{
  vm_deallocate (mach_task_self (), (vm_address_t) buf->data, buf->bytes);
  free (buf);
}

struct dr_buf *
memory_wrap (vm_address_t address, vm_size_t bytes)
{
  struct dr_buf *buf = sure_alloc (sizeof *buf);
  dr_buf_wrap (buf, (void *) address, bytes, drop_region);
  return buf;
}

static bool
contiguous (const struct dr_slice *slices, uint32_t count)
{
  for (uint32_t i = 1; i < count; i++)
    if (slices[i].buf != slices[0].buf
	|| slices[i].offset != slices[i - 1].offset + slices[i - 1].bytes)
      return false;
  return true;
}

/* Nobody else has a reference: the region itself can be given away.  */
static bool
take_region (struct dr_buf *buf, const struct memory *memory)
{
  if (buf->drop != drop_region || memory->bytes != buf->bytes
      || __atomic_load_n (&buf->refs, __ATOMIC_ACQUIRE) != memory->count)
    return false;
  free (buf);
  return true;
}

static void
copy_together (struct memory *memory, const struct dr_slice *slices)
{
  struct timespec pause = { 0, NO_MEMORY_PAUSE_NS };
  vm_size_t at = 0;
  while (vm_allocate (mach_task_self (), &memory->address, memory->bytes, TRUE))
    nanosleep (&pause, NULL);
  for (uint32_t i = 0; i < memory->count; i++)
    {
      memcpy ((char *) memory->address + at, dr_slice_data (&slices[i]), slices[i].bytes);
      at += slices[i].bytes;
    }
}

void
memory_gather (struct memory *memory, struct dr_slice *slices, uint32_t count)
{
  *memory = (struct memory) { .slices = slices, .count = count };
  for (uint32_t i = 0; i < count; i++)
    memory->bytes += slices[i].bytes;
  if (count && contiguous (slices, count))
    {
      memory->address = (vm_address_t) dr_slice_data (&slices[0]);
      memory->dealloc = take_region (slices[0].buf, memory);
      if (memory->dealloc)
	memory->count = 0;
      return;
    }
  memory->dealloc = true;
  copy_together (memory, slices);
}

void
memory_release (struct memory *memory)
{
  for (uint32_t i = 0; i < memory->count; i++)
    dr_buf_drop (memory->slices[i].buf);
  memory->count = 0;
}
