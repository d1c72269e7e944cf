/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many bytes may be in flight.

   The window doubles each round trip until more is in flight than the measured
   rate carries in the least round trip plus LINK_QUEUE_TARGET_US, or until more
   than LINK_LOSS_CUT_PERCENT get lost; from then on it follows these two.  A few
   per cent of losses by themselves say nothing about congestion: now and then
   the window shrinks a little on trial, and only if most of the losses then
   end were they ours.  Sending is clocked by acknowledgements; no timer is
   involved.  */
#ifndef DR_LINK_CONGESTION_H
#define DR_LINK_CONGESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/link/limits.h"

struct congestion
{
  uint32_t datagram, base;	/* bytes of one: now; at first */
  uint64_t window, window_max;
  uint64_t knee;		/* window that was too large; 0: none */
  uint64_t knee_time;
  bool startup;
  bool limited;			/* the window held data back in this round */
  uint64_t rtt_min[2], rtt_time;	/* newer bucket first; 0: empty */
  uint64_t rate[2], rate_time;		/* bytes per second */
  uint64_t round_end;		/* number that ends the round */
  uint64_t round_time, round_bytes;
  uint32_t sample_acked, sample_lost;
  unsigned loss_percent;
  uint64_t cut_end;		/* no second cut before this number */
  uint32_t long_acked, long_lost;	/* the longer sample, for trials */
  uint32_t trial_loss;		/* per mille before the trial; 0: none under way */
  uint64_t trial_window;	/* before it */
  uint64_t trial_from;		/* numbers from here on went under it */
  unsigned trial_rest;		/* samples until the next one */
  uint64_t sent_time;
};

struct congestion_ack
{
  uint64_t bytes;		/* newly acknowledged */
  uint32_t acked, lost, spurious;	/* datagrams */
  uint64_t rtt;			/* sample; 0: none */
  uint64_t largest;		/* greatest number acknowledged */
  uint64_t next;		/* the next number to be sent */
};

void congestion_init (struct congestion *c, uint32_t datagram_bytes, uint64_t window_max,
		      uint64_t now);
/* Datagrams are of so many bytes from now on.  */
void congestion_datagram (struct congestion *c, uint32_t bytes);
void congestion_acked (struct congestion *c, uint64_t now, const struct congestion_ack *a);
/* Called before a datagram with contents goes, with what is in flight.  */
void congestion_sending (struct congestion *c, uint64_t now, uint64_t flight_bytes);
/* COUNT probes in a row found no answer.  */
void congestion_probe (struct congestion *c, unsigned count);

#endif
