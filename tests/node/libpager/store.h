/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pager whose store is memory, that fails and dawdles when told to.  */
#ifndef STORE_H
#define STORE_H

#include <pthread.h>
#include <stdbool.h>
#include <hurd/pager.h>
#include <hurd/pager_extra.h>

enum { STORE_PAGES = 256 };

struct user_pager_info
{
  pthread_mutex_t lock;
  unsigned pages;		/* the extent */
  char *data;
  error_t read_error[STORE_PAGES], write_error[STORE_PAGES], unlock_error[STORE_PAGES];
  bool locked[STORE_PAGES];	/* read with the write lock */
  unsigned reads[STORE_PAGES], writes[STORE_PAGES], unlocks[STORE_PAGES];
  unsigned evicted[STORE_PAGES];
  unsigned bulk_reads, bulk_writes, dropweaks, read_delay_ms, write_delay_ms;
  struct pager *flushed;	/* before it is cleared, and waited for; or NULL */
  volatile bool cleared;
};

/* PAGES pages, page N filled with the byte 'a' + N % 26.  */
void store_init (struct user_pager_info *store, unsigned pages);
void store_done (struct user_pager_info *store);

#endif
