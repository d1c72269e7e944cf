/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/machine/memory.h"

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"

enum { BLOCKS_MAX = 4096, RANGES_MAX = 256, WRITES_MAX = 256 };

/* What one call allocated; it goes when its last page does.  */
struct block
{
  uint8_t *at;
  size_t pages, left;
  bool *there;
};

struct written
{
  uint64_t start, bytes;
  uint8_t *data;
};

vm_size_t vm_page_size = MACHINE_PAGE_BYTES;

static struct block block[BLOCKS_MAX];
static unsigned blocks;
static struct machine_range range[RANGES_MAX];
static unsigned ranges;
static struct written written[WRITES_MAX];
static unsigned writes;
static unsigned calls_left;

/* --- Our own ----------------------------------------------------------------------------- */

static void
free_block (unsigned i)
{
  ASAN_UNPOISON_MEMORY_REGION (block[i].at, block[i].pages * MACHINE_PAGE_BYTES);
  free (block[i].at);
  free (block[i].there);
  block[i] = block[--blocks];
}

void
machine_memory_begin (unsigned calls)
{
  while (blocks > 0)
    free_block (0);
  machine_other_begin ();
  calls_left = calls;
}

size_t
machine_own_pages (void)
{
  size_t pages = 0;
  for (unsigned i = 0; i < blocks; i++)
    pages += block[i].left;
  return pages;
}

void *
machine_own_new (size_t bytes)
{
  size_t pages = (bytes + MACHINE_PAGE_BYTES - 1) / MACHINE_PAGE_BYTES;
  dr_assert (blocks < BLOCKS_MAX && pages > 0);
  struct block *b = &block[blocks++];
  *b = (struct block) { aligned_alloc (MACHINE_PAGE_BYTES, pages * MACHINE_PAGE_BYTES), pages, pages,
			malloc (pages * sizeof *b->there) };
  dr_assert (b->at != NULL && b->there != NULL);
  memset (b->at, 0, pages * MACHINE_PAGE_BYTES);
  for (size_t i = 0; i < pages; i++)
    b->there[i] = true;
  return b->at;
}

static struct block *
find (const uint8_t *page)
{
  for (unsigned i = 0; i < blocks; i++)
    if (page >= block[i].at && page < block[i].at + block[i].pages * MACHINE_PAGE_BYTES)
      return &block[i];
  return NULL;
}

static void
give_page (uint8_t *page)
{
  struct block *b = find (page);
  dr_assert (b != NULL);
  size_t i = (size_t) (page - b->at) / MACHINE_PAGE_BYTES;
  dr_assert (b->there[i]);
  b->there[i] = false;
  ASAN_POISON_MEMORY_REGION (page, MACHINE_PAGE_BYTES);
  if (--b->left == 0)
    free_block ((unsigned) (b - block));
}

/* --- The other's --------------------------------------------------------------------------- */

void
machine_other_begin (void)
{
  while (writes > 0)
    free (written[--writes].data);
  ranges = 0;
}

const struct machine_range *
machine_other (unsigned i)
{
  return i < ranges ? &range[i] : NULL;
}

static struct machine_range *
other_at (uint64_t address)
{
  for (unsigned i = 0; i < ranges; i++)
    if (address - range[i].start < range[i].bytes)
      return &range[i];
  return NULL;
}

static kern_return_t
other_claim (uint64_t start, uint64_t bytes, vm_prot_t protection)
{
  if (start % MACHINE_PAGE_BYTES != 0 || bytes % MACHINE_PAGE_BYTES != 0)
    return KERN_INVALID_ARGUMENT;
  if (start > MACHINE_OTHER_LIMIT || bytes > MACHINE_OTHER_LIMIT - start)
    return KERN_INVALID_ADDRESS;
  for (unsigned i = 0; i < ranges; i++)
    if (start < range[i].start + range[i].bytes && range[i].start < start + bytes)
      return KERN_NO_SPACE;
  if (bytes == 0)
    return KERN_SUCCESS;
  dr_assert (ranges < RANGES_MAX);
  range[ranges++] = (struct machine_range) { start, bytes, protection };
  return KERN_SUCCESS;
}

static void
other_write (uint64_t start, const void *data, size_t bytes)
{
  dr_assert (writes < WRITES_MAX);
  struct written *w = &written[writes++];
  *w = (struct written) { start, bytes, malloc (bytes + !bytes) };
  dr_assert (w->data != NULL);
  memcpy (w->data, data, bytes);
}

bool
machine_other_put (uint64_t start, const void *data, size_t data_bytes, uint64_t bytes, vm_prot_t protection)
{
  if (other_claim (start, bytes, protection) != KERN_SUCCESS)
    return false;
  other_write (start, data, data_bytes);
  return true;
}

uint8_t
machine_other_byte (uint64_t address)
{
  dr_assert (other_at (address) != NULL);
  for (unsigned i = writes; i-- > 0;)
    if (address - written[i].start < written[i].bytes)
      return written[i].data[address - written[i].start];
  return 0;
}

/* --- The kernel's calls ---------------------------------------------------------------------- */

mach_port_t
mach_task_self (void)
{
  return MACHINE_SELF;
}

static bool
out_of_memory (void)
{
  return calls_left > 0 && --calls_left == 0;
}

kern_return_t
vm_allocate (mach_port_t task, vm_address_t *address, vm_size_t bytes, boolean_t anywhere)
{
  if (out_of_memory ())
    return KERN_RESOURCE_SHORTAGE;
  if (task == MACHINE_OTHER)
    {
      dr_assert (!anywhere);
      return other_claim (*address, bytes, VM_PROT_READ | VM_PROT_WRITE);
    }
  dr_assert (task == MACHINE_SELF && anywhere);
  if (bytes > MACHINE_OWN_BYTES_MAX)
    return KERN_NO_SPACE;
  *address = bytes > 0 ? (vm_address_t) machine_own_new (bytes) : 0;
  return KERN_SUCCESS;
}

kern_return_t
vm_deallocate (mach_port_t task, vm_address_t address, vm_size_t bytes)
{
  dr_assert (task == MACHINE_SELF);
  if (bytes > 0)
    for (vm_address_t at = trunc_page (address), end = round_page (address + bytes); at < end; at += MACHINE_PAGE_BYTES)
      give_page ((uint8_t *) at);
  return KERN_SUCCESS;
}

kern_return_t
syscall_vm_deallocate (mach_port_t task, vm_address_t address, vm_size_t bytes)
{
  return vm_deallocate (task, address, bytes);
}

kern_return_t
vm_protect (mach_port_t task, vm_address_t address, vm_size_t bytes, boolean_t maximum, vm_prot_t protection)
{
  struct machine_range *r = other_at (address);
  dr_assert (task == MACHINE_OTHER && !maximum && r != NULL && r->start == address && r->bytes == bytes);
  if (out_of_memory ())
    return KERN_RESOURCE_SHORTAGE;
  r->protection = protection;
  return KERN_SUCCESS;
}

kern_return_t
vm_write (mach_port_t task, vm_address_t address, vm_offset_t data, vm_size_t bytes)
{
  struct machine_range *r = other_at (address);
  dr_assert (task == MACHINE_OTHER && r != NULL && bytes <= r->bytes - (address - r->start));
  dr_assert (address % MACHINE_PAGE_BYTES == 0 && data % MACHINE_PAGE_BYTES == 0 && bytes % MACHINE_PAGE_BYTES == 0);
  if (out_of_memory ())
    return KERN_RESOURCE_SHORTAGE;
  other_write (address, (const void *) data, bytes);
  return KERN_SUCCESS;
}
