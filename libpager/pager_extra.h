/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this libpager has beside the Hurd's <hurd/pager.h>.  */
#ifndef _HURD_PAGER_EXTRA_
#define _HURD_PAGER_EXTRA_

#include <stdint.h>
#include <hurd/pager.h>

#define PAGER_HOLD_US 2000	/* a kernel keeps what it was given so long at least */
#define PAGER_LIMIT_MS 10000	/* a kernel that owes an answer longer is dropped */
#define PAGER_AHEAD_PAGES 256	/* read at once, at most */
#define PAGER_RUN_PAGES 64	/* the most that pager_read_pages is asked for */

/* Other values than these for pagers that are made later.  HOLD_US 0: no minimum; AHEAD_PAGES
   1: nothing is read that was not asked for.  Before the first pager.  */
void pager_set_defaults (uint64_t hold_us, unsigned limit_ms, unsigned ahead_pages);

/* The user may define this.  Read LENGTH bytes at OFFSET, of which at least the first page
   was asked for: *BUF becomes their address, memory of vm_allocate's that the library takes
   over, and *READ how many bytes of it count, whole pages from the beginning (what is
   missing is read by pager_read_page).  *WRITE_LOCK is for all of them.  EOPNOTSUPP: nothing
   was done.  */
error_t pager_read_pages (struct user_pager_info *upi, vm_offset_t offset, vm_size_t length,
			  vm_address_t *buf, vm_size_t *read, int *write_lock);


/* For one who receives for the bucket himself instead of pager_start_workers' thread: serves
   INP if it is a memory object's message or a notification to a pager, else returns 0.  It
   does not wait.  */
int pager_demuxer (mach_msg_header_t *inp, mach_msg_header_t *outp);

/* What a pager has done since it was made.  */
struct pager_statistics
{
  /* messages from kernels */
  uint64_t inits, terminates, requests, unlocks, returns, locks_completed,
    supplies_completed, changes_completed;
  /* messages to kernels */
  uint64_t readies, supplies, refusals, locks, changes, destroys;
  uint64_t pages_supplied, pages_returned;
  uint64_t pages_read, pages_written, pages_unlocked;	/* by callbacks */
  uint64_t reads, writes;	/* as runs of pages */
  uint64_t lost_clients;	/* kernels that died, or were silent too long */
  uint64_t faults;		/* messages that broke the protocol */
  uint32_t clients;		/* now */
};
void pager_get_statistics (struct pager *pager, struct pager_statistics *statistics);

/* All messages between the pager and kernels, both ways, beginnings and ends (init, ready,
   terminate, destroy) left out.  */
uint64_t pager_messages (const struct pager_statistics *statistics);

#endif
