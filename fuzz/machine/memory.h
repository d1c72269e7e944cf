/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of two tasks, as Mach gives it: pages that are counted.  Our own are really
   there; what is not ours any more is poisoned, and a page that is given back twice ends the
   run.  The other task's are only written down: where they lie, what may be done with them,
   and what was written there.  Pages are small, or no input would fill more than one.  */
#ifndef FUZZ_MACHINE_MEMORY_H
#define FUZZ_MACHINE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mach.h>

enum { MACHINE_SELF = 1, MACHINE_OTHER = 2, MACHINE_PAGE_BYTES = 256, MACHINE_OWN_BYTES_MAX = 1 << 18 };

/* The highest address of the other task.  */
#define MACHINE_OTHER_LIMIT UINT64_C (0x800000000000)

struct machine_range
{
  uint64_t start, bytes;
  vm_prot_t protection;
};

/* Everything is gone.  CALLS is how many of the calls below succeed before one fails for want
   of memory (0: never).  */
void machine_memory_begin (unsigned calls);
/* How many pages of our own there are.  */
size_t machine_own_pages (void);
/* Of our own, all zero; never fails.  */
void *machine_own_new (size_t bytes);

/* Another task takes the other one's place, and has no memory yet.  */
void machine_other_begin (void);
/* The other task's: NULL behind the last.  */
const struct machine_range *machine_other (unsigned i);
/* As vm_map would put them there.  False: there is something.  */
bool machine_other_put (uint64_t start, const void *data, size_t data_bytes, uint64_t bytes, vm_prot_t protection);
/* One byte of it, which must be there.  */
uint8_t machine_other_byte (uint64_t address);

#endif
