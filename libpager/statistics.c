/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libpager/internal.h"

void
pager_get_statistics (struct pager *pager, struct pager_statistics *statistics)
{
  struct pages_counts counts;
  pthread_mutex_lock (&pager->lock);
  *statistics = pager->statistics;
  pages_count (pager->pages, &counts);
  pthread_mutex_unlock (&pager->lock);
  statistics->faults += counts.faults;
}

uint64_t
pager_messages (const struct pager_statistics *s)
{
  return s->requests + s->unlocks + s->returns + s->locks_completed + s->supplies_completed
	 + s->changes_completed + s->supplies + s->refusals + s->locks + s->changes;
}
