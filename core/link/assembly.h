/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One session's messages being received.

   No state per stream: a message names the one before it in its stream, and is
   handed up when it is complete and that one was.  What is remembered of
   numbers is "everything up to `below` was handed up" and a ring of slots for
   the numbers above.  */
#ifndef DR_LINK_ASSEMBLY_H
#define DR_LINK_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/link/packet.h"

struct piece
{
  uint32_t first, end;
};

struct in_message
{
  struct in_message *next;	/* in the ready list, or a free one */
  struct dr_buf *buf;
  uint64_t number, stream, previous;
  uint32_t total;
  uint32_t received;
  bool named;			/* stream and previous are known */
  uint32_t pieces, piece_room;
  struct piece *piece;		/* received, ascending, apart */
};

struct in_slot
{
  struct in_message *message;	/* not handed up yet */
  struct in_message *follower;	/* the message whose predecessor this number is */
  bool done;			/* handed up */
};

struct assembly
{
  const struct dr_alloc *alloc;
  struct dr_buf *(*new_buffer) (void *ctx, size_t bytes);	/* or NULL */
  void *new_buffer_ctx;
  uint64_t bytes_max, message_max;

  uint64_t below;		/* every number up to this was handed up */
  struct in_slot *slot;		/* for below + 1 .. below + slots */
  uint32_t slots;		/* a power of two */
  uint64_t held;		/* charges of messages not complete or waiting */
  bool giant_held;
  uint64_t ready_bytes;		/* charges of those ready and not taken */
  uint32_t giants_ready;
  uint32_t piece_rooms;		/* of all messages */
  struct in_message *ready, *ready_tail;
  struct in_message *spare;
  uint32_t spares;
  uint64_t messages, bytes;	/* handed up, ever */
};

enum assembly_result
{
  ASSEMBLY_TAKEN,		/* or a duplicate */
  ASSEMBLY_DROPPED,		/* no memory: do not acknowledge, it comes again */
  ASSEMBLY_FAULT,		/* the peer broke the protocol */
};

enum dr_status assembly_init (struct assembly *a, const struct dr_alloc *alloc,
			      uint64_t bytes_max, uint64_t message_max);
void assembly_free (struct assembly *a);

/* One WHOLE, FIRST or MORE frame, its contents copied.  */
enum assembly_result assembly_frame (struct assembly *a, const struct frame *frame);

/* The next message ready, in order; its buffer is the caller's.  */
bool assembly_take (struct assembly *a, uint64_t *stream, struct dr_buf **buf);

#endif
