/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams and frames: their fields and their bytes, nothing of what they
   mean.  All numbers are little-endian; offsets are of doc/protocol.md.  */
#ifndef DR_LINK_PACKET_H
#define DR_LINK_PACKET_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/codec.h"
#include "core/link/limits.h"
#include "core/link/noise.h"

/* --- Datagrams ---------------------------------------------------------- */

enum packet_kind
{
  PACKET_INITIATION = 1,
  PACKET_RESPONSE = 2,
  PACKET_COOKIE = 3,
  PACKET_DATA = 4,
};

#define PACKET_MAC_BYTES 16u
#define PACKET_INITIATION_PAYLOAD_BYTES 40u
#define PACKET_RESPONSE_PAYLOAD_BYTES 32u

/* Offsets into an initiation.  */
enum
{
  INITIATION_SENDER = 4,
  INITIATION_NOISE = 8,
  INITIATION_MAC1 = INITIATION_NOISE + NOISE_FIRST_BYTES + PACKET_INITIATION_PAYLOAD_BYTES,
  INITIATION_MAC2 = INITIATION_MAC1 + PACKET_MAC_BYTES,
  INITIATION_BYTES = INITIATION_MAC2 + PACKET_MAC_BYTES,
};
static_assert (INITIATION_MAC1 == 144 && INITIATION_BYTES == 176, "initiation layout");

/* Offsets into a response.  */
enum
{
  RESPONSE_SENDER = 4,
  RESPONSE_RECEIVER = 8,
  RESPONSE_NOISE = 12,
  RESPONSE_MAC1 = RESPONSE_NOISE + NOISE_SECOND_BYTES + PACKET_RESPONSE_PAYLOAD_BYTES,
  RESPONSE_BYTES = RESPONSE_MAC1 + PACKET_MAC_BYTES,
};
static_assert (RESPONSE_MAC1 == 92 && RESPONSE_BYTES == 108, "response layout");

/* Offsets into a cookie reply.  */
enum
{
  COOKIE_RECEIVER = 4,
  COOKIE_NONCE = 8,
  COOKIE_SEALED = 32,
  COOKIE_BYTES = COOKIE_SEALED + PACKET_MAC_BYTES + LINK_TAG_BYTES,
};
static_assert (COOKIE_BYTES == 64 && COOKIE_BYTES == LINK_NOTE_BYTES, "cookie reply layout");
static_assert ((int) COOKIE_BYTES < (int) INITIATION_BYTES, "no amplification");
static_assert ((int) RESPONSE_BYTES < (int) INITIATION_BYTES, "no amplification");

/* Offsets into a data datagram; the tag is at the end.  */
enum
{
  DATA_RECEIVER = 4,
  DATA_NUMBER = 8,
  DATA_FRAMES = 16,
  DATA_OVERHEAD_BYTES = DATA_FRAMES + LINK_TAG_BYTES,
};

/* The kind of a datagram that has the right form and size, or 0.  */
unsigned packet_kind (const uint8_t *datagram, size_t bytes);

/* The first four bytes.  */
void packet_head (uint8_t *datagram, enum packet_kind kind);

uint32_t packet_get32 (const uint8_t *p);
uint64_t packet_get64 (const uint8_t *p);
void packet_put32 (uint8_t *p, uint32_t v);
void packet_put64 (uint8_t *p, uint64_t v);

struct initiation_payload
{
  uint64_t epoch;		/* of the initiator */
  uint64_t counter;		/* greater with each initiation of the epoch */
  uint64_t session;		/* whose keys to renew; 0: a new session */
  uint64_t assembly_bytes;
  uint64_t message_bytes;
};
void initiation_payload_write (const struct initiation_payload *p,
			       uint8_t out[PACKET_INITIATION_PAYLOAD_BYTES]);
void initiation_payload_read (struct initiation_payload *p,
			      const uint8_t in[PACKET_INITIATION_PAYLOAD_BYTES]);

struct response_payload
{
  uint64_t epoch;		/* of the responder */
  uint64_t session;		/* as asked for, or a new one's number */
  uint64_t assembly_bytes;
  uint64_t message_bytes;
};
void response_payload_write (const struct response_payload *p,
			     uint8_t out[PACKET_RESPONSE_PAYLOAD_BYTES]);
void response_payload_read (struct response_payload *p,
			    const uint8_t in[PACKET_RESPONSE_PAYLOAD_BYTES]);

/* --- Frames ------------------------------------------------------------- */

enum frame_kind
{
  FRAME_PING = 1,		/* acknowledge at once */
  FRAME_ACK = 2,
  FRAME_FLOOR = 3,		/* do not acknowledge numbers below any more */
  FRAME_CLOSE = 4,		/* the session is over */
  FRAME_WHOLE = 5,		/* a whole message */
  FRAME_FIRST = 6,		/* the first part of one */
  FRAME_MORE = 7,		/* another part of one */
  FRAME_SKIP = 8,		/* nothing: datagrams of one size can be sent together */
};

/* Bytes before a frame's contents.  */
enum
{
  FRAME_PING_BYTES = 1,
  FRAME_SKIP_BYTES = 1,
  FRAME_ACK_BYTES = 1 + 1 + 4 + 8 + 4,
  FRAME_ACK_RANGE_BYTES = 4 + 4,
  FRAME_FLOOR_BYTES = 1 + 8,
  FRAME_CLOSE_BYTES = 1 + 1,
  FRAME_WHOLE_BYTES = 1 + 8 + 8 + 8 + 2,
  FRAME_FIRST_BYTES = 1 + 8 + 8 + 8 + 4 + 2,
  FRAME_MORE_BYTES = 1 + 8 + 4 + 4 + 2,
};
static_assert ((int) FRAME_SKIP_BYTES == (int) FRAME_PING_BYTES, "one stands for the other");
static_assert (FRAME_ACK_BYTES == 18 && FRAME_WHOLE_BYTES == 27
	       && FRAME_FIRST_BYTES == 31 && FRAME_MORE_BYTES == 19, "frame layouts");

enum frame_close { CLOSE_PLAIN = 0, CLOSE_FAULT = 1 };

/* Packet numbers FIRST to LAST, both included.  */
struct number_range
{
  uint64_t first, last;
};

struct frame
{
  enum frame_kind kind;
  uint64_t number;		/* message; FLOOR: packet number */
  uint64_t stream;		/* WHOLE, FIRST */
  uint64_t previous;		/* WHOLE, FIRST: message before it in its stream */
  uint32_t total;		/* WHOLE, FIRST, MORE: bytes of the message */
  uint32_t offset;		/* of DATA in the message */
  uint32_t bytes;		/* of DATA */
  const uint8_t *data;		/* in the datagram */
  uint32_t delay_us;		/* ACK */
  unsigned ranges;		/* ACK: newest first, apart, descending */
  struct number_range range[1 + LINK_ACK_RANGES_MAX];
  enum frame_close close;	/* CLOSE */
};

/* Reads the next frame.  False at the end of IN and for a frame that is wrong
   in itself; IN->bad tells which.  */
bool link_frame_read (struct dr_in *in, struct frame *frame);

/* Writes a frame.  For messages' frames the contents are not written: the
   result is where FRAME->bytes of them go.  NULL: no room (OUT->bad).  */
uint8_t *link_frame_write (struct dr_out *out, const struct frame *frame);

/* Bytes that precede the contents of this message frame.  */
size_t frame_head_bytes (enum frame_kind kind);

#endif
