/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of the frames between two engines; doc/protocol.md describes
   each.  Decoding looks at bytes only; whether a frame makes sense now is for
   the engine.  */
#ifndef DR_RIGHTS_FRAMES_H
#define DR_RIGHTS_FRAMES_H

#include "core/base/codec.h"
#include "core/rights/rights.h"

enum frame_type
{
  /* Holder to home, on the stream of the handle.  */
  FRAME_MESSAGE = 1,	/* a Mach message */
  FRAME_RELEASE,	/* handle, count: holds given back */
  FRAME_ONCE_GONE,	/* handle: a send-once right destroyed unused */
  FRAME_FLUSH,		/* handle, origin key, token: everything before it went
			   this way */
  FRAME_GRANT,		/* handle, key, handoff: that node will claim */
  FRAME_UNGRANT,	/* handle, handoff: it will not */
  /* The rest goes on stream 0.  */
  FRAME_CREDIT = 16,	/* n, n times (handle, messages, bytes) */
  FRAME_DEAD,		/* handle: the queue was destroyed */
  FRAME_FORGET,		/* handle: after DEAD, every hold came back */
  FRAME_TAKEN,		/* ticket: the rights of that message are counted */
  FRAME_CLAIM,		/* granter key, session number, handoff */
  FRAME_CLAIMED,	/* granter key, handoff, handle, identity: one hold */
  FRAME_CLAIM_FAILED,	/* granter key, handoff */
  FRAME_DONE,		/* handoff, claimed: the grant may end */
  FRAME_RELAY,		/* handoff: home not reachable, pass messages on */
  FRAME_RELAYED,	/* handoff, handle, identity: one hold */
  FRAME_RELAY_FAILED,	/* handoff */
  FRAME_MOVED,		/* handle, new home, handoff: go there */
  FRAME_ACCEPT,		/* handle, identity: the receive right arrived; one hold */
  FRAME_FLUSHED,	/* token */
  FRAME_GET_ROOT,	/* request */
  FRAME_ROOT,		/* request, error, right */
  FRAME_UNCLAIM,	/* granter key, handoff: the claimant waits no longer */
};

#define FRAME_CONTROL_BYTES_MAX 256u
#define FRAME_CREDITS_MAX 8u		/* entries in one CREDIT */

/* The name of a queue for ever.  */
struct identity
{
  struct rights_key origin;
  uint64_t epoch;
  uint64_t serial;
};

struct place_at			/* where a queue can be claimed */
{
  struct rights_key home;
  struct rights_address address;
  uint64_t number;		/* of the session granter-home */
};

/* Right descriptors.  */
enum desc_kind
{
  DESC_NULL = 0,
  DESC_DEAD,
  DESC_MINE,		/* at the sender's, of the sender's own origin: handle, the
			   sender's epoch */
  DESC_MINE_FOREIGN,	/* at the sender's: handle, identity */
  DESC_YOURS,		/* comes home: handle of the receiver's */
  DESC_OTHER,		/* at a third node's: identity, place, handoff */
  DESC_RECEIVE,		/* the receive right: identity, state */
};
#define DESC_BYTES_MAX 192u

struct desc
{
  uint8_t kind;
  uint8_t disposition;
  uint64_t handle;
  struct identity identity;
  struct place_at at;
  uint64_t handoff;
  bool senders;			/* RECEIVE */
  uint32_t queue_limit;
};

/* A control frame: which fields count depends on the type.  */
struct credit { uint64_t handle; uint32_t messages; uint64_t bytes; };
struct frame
{
  uint8_t type;
  uint64_t handle;
  uint64_t count;
  uint64_t id;			/* handoff, ticket, token or request */
  struct rights_key key;
  uint32_t error;
  bool flag;
  struct identity identity;
  struct place_at at;
  struct desc desc;
  uint32_t credits_count;
  struct credit credits[FRAME_CREDITS_MAX];
};

/* Writes the frame to TO (FRAME_CONTROL_BYTES_MAX is enough); its size.  */
size_t frame_write (const struct frame *frame, uint8_t *to);
/* Any frame but MESSAGE.  False: malformed.  */
bool frame_read (const uint8_t *data, size_t bytes, struct frame *frame);

void desc_write (struct dr_out *out, const struct desc *desc);
bool desc_read (struct dr_in *in, struct desc *desc);

/* The head of a MESSAGE: then 1 + rights + 2 * receives descriptors (reply, body
   slots, and for each receive right its no-senders and port-destroyed requests),
   the regions' sizes (u64 each), zeros up to a multiple of 8, the body, and the
   regions' contents.  */
#define MESSAGE_HEAD_BYTES 40u
struct message_head
{
  bool complex;
  int32_t id;
  uint64_t handle;
  uint64_t ticket;		/* answer with TAKEN; 0: no need */
  uint32_t body_bytes, rights, regions, receives;
};
void message_head_write (struct dr_out *out, const struct message_head *head);
bool message_head_read (struct dr_in *in, struct message_head *head);

#endif
