/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a receiver tells the sender: the ranges of packet numbers it has taken.
   Bounded: the oldest range is forgotten when there are too many, or when the
   sender says (FLOOR) that it no longer cares.  */
#ifndef DR_LINK_ACKS_H
#define DR_LINK_ACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/link/packet.h"

struct acks
{
  uint64_t floor;			/* numbers below are of no interest */
  unsigned count;
  struct number_range range[1 + LINK_ACK_RANGES_MAX];	/* newest first, apart */
};

/* Adds a number.  True: it was not simply the next one, so the sender should
   hear soon.  */
bool acks_add (struct acks *a, uint64_t number);

/* Forgets what lies below FLOOR.  */
void acks_floor (struct acks *a, uint64_t floor);

#endif
