/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the send queue: whose turn it is, and what the receiver has room for.
   Small messages have a quarter of the receiver's assembly memory to
   themselves and most of the turns; bulk ones share the rest round-robin; of
   those larger than half of it ("giants") one at a time is under way, beside
   the count.  */
#ifndef DR_LINK_SCHEDULE_H
#define DR_LINK_SCHEDULE_H

#include "core/link/sendqueue.h"

/* What a message of TOTAL bytes counts for.  */
uint64_t sendqueue_charge (uint32_t total);

/* A giant counts apart, at the receiver too.  */
static inline bool
schedule_is_giant (const struct sendqueue *q, uint32_t total)
{
  return sendqueue_charge (total) > q->assembly_max / 2;
}

/* S is in no list and has a message to send: put it where it belongs.  */
void schedule_stream (struct sendqueue *q, struct out_stream *s);

/* A fragment to fill in, or NULL.  */
struct fragment *sendqueue_fragment (struct sendqueue *q);

#endif
