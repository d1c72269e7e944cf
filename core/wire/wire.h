/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mach messages of the 64-bit layout as values: walked and checked here, never
   sent or received here.

   A message is its identifier, its body as the kernel lays it out, one right
   per port slot, and the contents of its out-of-line memory.  Names and
   addresses inside the body mean nothing outside one task: on the way between
   nodes they are zero, and what stood there travels beside the body.

   The layout (little-endian).  A message is a header of 32 bytes (bits u32, size
   u32, remote port 8 bytes, local port 8 bytes, sequence u32, id u32) and, when
   the COMPLEX bit is set, items one behind the other:

     type  u32   bits 0-7 name, 8-23 size of an element in bits, 24-28 zero,
                 29 inline, 30 long form (same 8 bytes), 31 deallocate
     number u32  elements
     data        inline: (number * size + 7) / 8 bytes; else an address, 8 bytes
     padding     to a multiple of 8

   Names 16 to 21 are port rights.  Inline they take 8 bytes each (size 64, the
   name in the low 4); out of line they are an array of 4-byte names (size 32).
   Without the COMPLEX bit the body is bytes that nobody interprets.  */
#ifndef DR_WIRE_H
#define DR_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/status.h"

#define WIRE_HEADER_BYTES 32u		/* of a Mach message */
#define WIRE_ITEM_BYTES 8u		/* of a type descriptor */
#define WIRE_INLINE_PORT_BYTES 8u
#define WIRE_ARRAY_PORT_BYTES 4u

/* Bounds on what is accepted, from a task or from a peer.  */
#define WIRE_BODY_BYTES_MAX (64u << 20)		/* inline part of one message */
#define WIRE_RIGHTS_MAX 65536u			/* port slots in one message */
#define WIRE_REGIONS_MAX 65536u			/* out-of-line data items */
#define WIRE_REGION_BYTES_MAX (UINT64_C (1) << 40)
#define WIRE_RECEIVES_MAX 1024u			/* receive rights in one message */

#define WIRE_NAME_NULL 0u			/* MACH_PORT_NULL */
#define WIRE_NAME_DEAD UINT32_MAX		/* MACH_PORT_DEAD */

/* What a right is, in the numbers that the kernel uses in received messages
   (MACH_MSG_TYPE_PORT_RECEIVE and so on).  */
enum wire_disposition
{
  WIRE_NO_RIGHT = 0,
  WIRE_RECEIVE = 16,
  WIRE_SEND = 17,
  WIRE_SEND_ONCE = 18,
};

/* What a right refers to.  */
enum wire_reference
{
  WIRE_NULL = 0,	/* MACH_PORT_NULL */
  WIRE_DEAD,		/* MACH_PORT_DEAD: the queue was destroyed */
  WIRE_LOCAL,		/* a name in the daemon's own task */
  WIRE_PROXY,		/* a receive right of the daemon's that stands for a
			   queue on another node */
};

struct wire_right
{
  uint8_t reference;		/* enum wire_reference */
  uint8_t disposition;		/* enum wire_disposition; of the slot, also
				   when the reference is NULL or DEAD */
  uint32_t name;		/* LOCAL: the port's name */
  uint32_t proxy;		/* PROXY: its number */
  uint32_t receive;		/* RECEIVE, not NULL or DEAD: index of its state */
};

/* What moves along with a receive right.  (Its sequence number, its make-send
   count and its membership of a port set are lost, as they are locally.)  */
struct wire_receive
{
  uint32_t queue_limit;
  bool senders;			/* there were send rights, or messages queued */
  /* Send-once rights to it, those that queued messages were sent with included
     (mps_sorights, after the requests below were taken back).  They stay with the
     port on the node that it leaves.  */
  uint32_t send_onces;
  struct wire_right no_senders;	/* the notification requests registered with */
  struct wire_right port_destroyed;	/* it: send-once rights, or NULL */
};

struct wire_message
{
  int32_t id;			/* msgh_id */
  bool complex;			/* MACH_MSGH_BITS_COMPLEX */
  /* The right that the sender used: WIRE_SEND or WIRE_SEND_ONCE.  */
  uint8_t used;
  struct dr_slice body;		/* everything behind the header */
  struct wire_right reply;	/* the reply port; NULL when there is none */
  /* Every port slot of the body in order; elements of an out-of-line array of
     rights stand where the array stands.  */
  struct wire_right *rights;
  uint32_t rights_count;
  /* The contents of every out-of-line item that is not an array of rights, in
     order; empty ones too.  */
  struct dr_slice *regions;
  uint32_t regions_count;
  struct wire_receive *receives;
  uint32_t receives_count;
};

/* One item of a body.  */
struct wire_item
{
  size_t offset;		/* of the type descriptor, from the body's start */
  size_t data_offset;		/* of inline data, or of the address */
  uint8_t name;			/* msgt_name, as it stands */
  uint16_t element_bits;
  uint32_t number;
  uint64_t bytes;		/* of the data, wherever it is */
  bool is_inline, long_form, deallocate;
  bool ports;			/* holds rights, not data */
  uint8_t disposition;		/* of rights: what they are once received (a
				   COPY_SEND arrives as WIRE_SEND) */
};

struct wire_walk
{
  const uint8_t *body;
  size_t bytes;
  size_t at;
  bool bad;
};

/* Walks a COMPLEX body.  wire_next gives the next item and true, or false at
   the end or at the first fault; WALK.bad tells which.  Nothing outside
   BODY[0..BYTES) is read; out-of-line contents are not touched.  */
void wire_walk (struct wire_walk *walk, const void *body, size_t bytes);
bool wire_next (struct wire_walk *walk, struct wire_item *item);

/* What a body needs beside it.  */
struct wire_needs
{
  uint32_t rights;
  uint32_t regions;
  uint32_t receives;		/* of the rights, slots for receive rights */
  uint64_t region_bytes;
};

/* Checks the whole body and counts; DR_INVALID when it breaks the layout or a
   bound above.  A body that is not COMPLEX needs nothing.  */
enum dr_status wire_measure (const void *body, size_t bytes, bool complex,
			     struct wire_needs *needs);

/* The first WIRE_HEADER_BYTES of a received message.  */
struct wire_header
{
  bool complex;
  uint8_t remote_disposition, local_disposition;
  uint32_t size;
  uint32_t remote_name, local_name;
  int32_t id;
};
void wire_header_read (const void *header, struct wire_header *out);
/* SEQUENCE and the bits nobody defined become zero.  */
void wire_header_write (void *header, const struct wire_header *in);

/* Reading and rebuilding a message takes one walk: for each item that holds
   rights, its msgt_name by wire_set_item and its slots by wire_set_port (inline)
   or in an array of 4-byte names (out of line); for each out-of-line item its
   address.  BODY is the start of the body, ITEM came from a walk over it, INDEX
   counts the ports of this item.  */
void wire_set_item (void *body, const struct wire_item *item, uint8_t name,
		    bool deallocate);
void wire_set_port (void *body, const struct wire_item *item, uint32_t index,
		    uint32_t name);
uint32_t wire_get_port (const void *body, const struct wire_item *item,
			uint32_t index);
void wire_set_address (void *body, const struct wire_item *item, uint64_t address);
uint64_t wire_get_address (const void *body, const struct wire_item *item);

/* Makes the body independent of the task it came from: port slots and addresses
   zero, msgt_name of rights what the receiver will see, deallocate and unused
   bits cleared, padding zero, out-of-line arrays of rights of 32 bits.  BODY
   must have passed wire_measure.  The size does not change.  */
void wire_neutral (void *body, size_t bytes, bool complex);

/* The message fits its own arrays: counts and sizes equal what the body needs,
   each right's disposition is that of its slot, every region lies inside its
   buffer and has the size its item states, and the receive rights (that are not
   NULL or DEAD) have the states 0, 1, 2... in order.  DR_INVALID otherwise.  */
enum dr_status wire_check (const struct wire_message *message);

#endif
