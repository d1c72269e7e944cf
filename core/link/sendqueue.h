/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One session's messages to send, and what becomes of them: which fragment goes
   next (fair between streams, small messages first), what has to go again, and
   how much the receiver may be holding.

   A message gets its number when its first byte goes.  Once it and all earlier
   messages of its stream are acknowledged we know it was handed up there; then
   its stream needs no memory any more.  */
#ifndef DR_LINK_SENDQUEUE_H
#define DR_LINK_SENDQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/status.h"
#include "core/link/fragment.h"
#include "core/link/packet.h"

struct out_stream;

struct out_message
{
  struct out_stream *stream;
  struct out_message *next;		/* in the stream's queue, not yet wholly sent */
  struct out_message *successor;	/* begun after this one in the same stream */
  struct out_message *older, *newer;	/* begun and not known handed up, by number */
  struct out_message *next_lost;	/* messages with lost fragments */
  struct fragment_list lost;
  uint64_t number;			/* 0: not begun */
  uint64_t previous;
  uint32_t total;
  uint32_t sent;			/* bytes that went at least once */
  uint32_t acked;
  bool acked_whole;			/* empty messages have no bytes to count */
  bool waits;				/* the one before it is not known handed up */
  bool lost_queued;
  uint32_t slice;			/* where `sent` is in the slices */
  uint32_t slice_start;			/* message offset of that slice */
  uint32_t slices;
  struct dr_slice slice_of[];
};

struct out_stream
{
  uint64_t id;
  struct out_stream *same_hash;
  struct out_stream *next;		/* in the one turn list it is in */
  struct out_message *head, *tail;	/* not wholly sent */
  struct out_message *last;		/* begun last, not known handed up; or NULL */
};

struct stream_list
{
  struct out_stream *head, *tail;
};

struct sendqueue
{
  const struct dr_alloc *alloc;
  uint64_t assembly_max;		/* receiver's bound */
  uint64_t message_max;			/* bytes of one message */
  uint64_t bytes_max;			/* our queue's bounds */
  uint32_t messages_max;

  struct out_stream **table;		/* streams by id */
  uint32_t table_size, streams;

  /* Every stream with something left to send for the first time is in exactly
     one of these, by its first such message.  */
  struct stream_list small;		/* up to LINK_SMALL_BYTES */
  struct stream_list bulk;		/* begun */
  struct stream_list bulk_waiting;	/* not begun */
  struct stream_list giant_waiting;	/* larger than half of assembly_max */
  uint32_t bulk_active;
  bool giant_active;
  uint32_t small_bytes;			/* sent since bulk had its turn */
  bool starved;				/* the last take failed for lack of memory */

  struct out_message *lost_head, *lost_tail;
  struct out_message *oldest, *newest;	/* begun and not known handed up */
  uint64_t next_number;
  uint64_t small_held, bulk_held;	/* charges the receiver may hold */

  uint64_t bytes, messages;		/* queued and not acknowledged */
  uint64_t small_bytes_queued;		/* of these, of small messages */
  uint64_t bulk_messages;
  bool refused, writable;		/* DR_LIMIT was said; room came since */
  struct fragment *free_fragments;
  uint32_t free_count;
  uint64_t messages_sent, bytes_sent;	/* acknowledged messages; first sendings */
};

enum dr_status sendqueue_init (struct sendqueue *q, const struct dr_alloc *alloc,
			       uint64_t assembly_max, uint64_t message_max,
			       uint64_t bytes_max, uint32_t messages_max);

/* Drops everything; FLYING are the fragments that were handed out.  */
void sendqueue_free (struct sendqueue *q, struct fragment_list *flying);

/* As link_send.  */
enum dr_status sendqueue_push (struct sendqueue *q, uint64_t stream,
			       const struct dr_slice *slices, size_t count);

/* Whether everything has gone at least once.  */
bool sendqueue_idle (const struct sendqueue *q);

/* Whether sendqueue_take could give something now.  */
bool sendqueue_ready (const struct sendqueue *q);

/* The next fragment, with its frame's head in *FRAME (data NULL), that fits
   ROOM bytes, head included.  EMPTY: the datagram has no contents yet (so
   that splitting is better than waiting for more room).  NULL: nothing fits, or
   no memory.  The fragment comes back by sendqueue_acked or sendqueue_lost.  */
struct fragment *sendqueue_take (struct sendqueue *q, size_t room, bool empty,
				 struct frame *frame);

/* Writes the fragment's bytes.  */
void sendqueue_copy (struct fragment *fragment, uint8_t *to);

void sendqueue_acked (struct sendqueue *q, struct fragment_list *list);
void sendqueue_lost (struct sendqueue *q, struct fragment_list *list);

#endif
