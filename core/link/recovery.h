/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sender's memory of its datagrams: which are in flight, how long a round
   trip takes, which are lost (RFC 9002's packet and time thresholds; a probe
   when nothing is heard).  Fragments move out of here as acknowledged or lost;
   the receiver of a result owns its lists.  */
#ifndef DR_LINK_RECOVERY_H
#define DR_LINK_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/alloc.h"
#include "core/base/status.h"
#include "core/link/fragment.h"
#include "core/link/packet.h"

enum sent_state { SENT_DONE = 0, SENT_FLYING, SENT_LOST };

struct sent
{
  uint64_t time;
  struct fragment *fragments;	/* flying only */
  uint32_t bytes;
  uint8_t state;
  bool tries_path;		/* its loss is no sign of congestion */
};

struct recovery
{
  struct sent *ring;		/* of the numbers from base to next - 1 */
  uint32_t capacity;		/* a power of two */
  uint64_t base, next;
  uint64_t flight_bytes;
  uint32_t flight;		/* datagrams */
  uint64_t largest_acked;	/* 0: none */
  uint64_t rtt, rtt_var, rtt_latest, rtt_min;	/* 0: not measured */
  uint32_t reorder;		/* packet threshold */
  uint64_t loss_time;		/* when the oldest counts as lost; 0: not */
  uint64_t probe_base;		/* the probe timer runs from here */
  unsigned probe_count;		/* without an answer, in a row */
  unsigned probes;		/* datagrams that may go beyond the window */
  uint32_t base_bytes;		/* larger datagrams are counted as such */
};

struct recovery_result
{
  struct fragment_list acked, lost;
  uint64_t acked_bytes;
  uint32_t acked_datagrams, lost_datagrams, spurious_datagrams;
  uint64_t rtt;			/* a sample; 0: none */
  uint32_t large_acked, large_lost;	/* larger than the base */
  uint32_t path_passed;		/* bytes of a datagram that tried the path; 0: none */
  bool path_failed;		/* one was lost */
};

/* DR_NO_MEMORY: nothing to free.  */
enum dr_status recovery_init (struct recovery *r, const struct dr_alloc *alloc);

/* Moves all fragments to LIST and frees the rest.  */
void recovery_free (struct recovery *r, const struct dr_alloc *alloc,
		    struct fragment_list *list);

/* The datagram numbered r->next went out.  ELICITING: it wants an
   acknowledgement (FRAGMENTS, maybe NULL, become ours).  Never fails: without
   memory to remember more, the oldest one counts as lost (into RESULT).  */
void recovery_sent (struct recovery *r, const struct dr_alloc *alloc, uint64_t now,
		    uint32_t bytes, bool eliciting, struct fragment *fragments,
		    struct recovery_result *result);

/* What was sent last tries a larger size and has no fragments.  */
void recovery_tries_path (struct recovery *r);

/* An ACK came.  DR_PEER_FAULT: of a number never sent; nothing changed.  */
enum dr_status recovery_ack (struct recovery *r, const struct frame *ack, uint64_t now,
			     struct recovery_result *result);

/* Time passed.  */
void recovery_tick (struct recovery *r, uint64_t now, struct recovery_result *result);
uint64_t recovery_deadline (const struct recovery *r);

#endif
