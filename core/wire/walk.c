/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walking the items of a body.  Everything here stays inside the bytes given
   and is done with 64-bit arithmetic on 32-bit fields, so nothing overflows.  */
#include "core/wire/wire.h"

#include <string.h>

#include "core/base/codec.h"

#define TYPE_NAME(t) ((uint8_t) ((t) & 0xff))
#define TYPE_BITS(t) ((uint16_t) ((t) >> 8 & 0xffff))
#define TYPE_UNUSED (UINT32_C (0x1f) << 24)
#define TYPE_INLINE (UINT32_C (1) << 29)
#define TYPE_LONG (UINT32_C (1) << 30)
#define TYPE_DEALLOCATE (UINT32_C (1) << 31)

#define NAME_PORT_FIRST 16u	/* MOVE_RECEIVE */
#define NAME_PORT_LAST 21u	/* MAKE_SEND_ONCE */

#define ALIGN8(n) (((n) + 7) & ~(size_t) 7)

static uint32_t
get32 (const uint8_t *p)
{
  return p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static void
put32 (uint8_t *p, uint32_t v)
{
  for (int i = 0; i < 4; i++)
    p[i] = (uint8_t) (v >> 8 * i);
}

/* What the receiver of a right sent as NAME gets.  */
static uint8_t
received_as (uint8_t name)
{
  switch (name)
    {
    case 16: return WIRE_RECEIVE;
    case 17: case 19: case 20: return WIRE_SEND;
    case 18: case 21: return WIRE_SEND_ONCE;
    default: return WIRE_NO_RIGHT;
    }
}

void
wire_walk (struct wire_walk *walk, const void *body, size_t bytes)
{
  *walk = (struct wire_walk) { body, bytes, 0, false };
}

static bool
stop (struct wire_walk *walk)
{
  walk->bad = true;
  return false;
}

bool
wire_next (struct wire_walk *walk, struct wire_item *item)
{
  if (walk->bad || walk->at >= walk->bytes)
    return false;
  if (walk->bytes - walk->at < WIRE_ITEM_BYTES)
    return stop (walk);

  const uint8_t *p = walk->body + walk->at;
  uint32_t type = get32 (p);
  memset (item, 0, sizeof *item);
  item->offset = walk->at;
  item->data_offset = walk->at + WIRE_ITEM_BYTES;
  item->name = TYPE_NAME (type);
  item->element_bits = TYPE_BITS (type);
  item->number = get32 (p + 4);
  item->is_inline = type & TYPE_INLINE;
  item->long_form = type & TYPE_LONG;
  item->deallocate = type & TYPE_DEALLOCATE;
  item->ports = item->name >= NAME_PORT_FIRST && item->name <= NAME_PORT_LAST;
  item->disposition = received_as (item->name);
  item->bytes = ((uint64_t) item->number * item->element_bits + 7) >> 3;

  if (type & TYPE_UNUSED || (item->is_inline && item->deallocate))
    return stop (walk);
  if (item->ports)
    {
      if (item->element_bits != (item->is_inline ? 64 : 32))
	return stop (walk);
    }
  if (!item->is_inline && item->bytes > WIRE_REGION_BYTES_MAX)
    return stop (walk);

  size_t left = walk->bytes - item->data_offset;
  uint64_t takes = item->is_inline ? item->bytes : 8;
  if (takes > left)
    return stop (walk);
  /* The last item's padding may be missing.  */
  size_t next = ALIGN8 (item->data_offset + (size_t) takes);
  walk->at = next < walk->bytes ? next : walk->bytes;
  return true;
}

enum dr_status
wire_measure (const void *body, size_t bytes, bool complex,
	      struct wire_needs *needs)
{
  struct wire_walk walk;
  struct wire_item item;

  memset (needs, 0, sizeof *needs);
  if (bytes > WIRE_BODY_BYTES_MAX)
    return DR_INVALID;
  if (!complex)
    return DR_OK;
  wire_walk (&walk, body, bytes);
  while (wire_next (&walk, &item))
    {
      if (item.ports)
	{
	  if (item.number > WIRE_RIGHTS_MAX - needs->rights)
	    return DR_INVALID;
	  needs->rights += item.number;
	  if (item.disposition == WIRE_RECEIVE)
	    needs->receives += item.number;
	}
      else if (!item.is_inline)
	{
	  if (++needs->regions > WIRE_REGIONS_MAX)
	    return DR_INVALID;
	  needs->region_bytes += item.bytes;
	}
    }
  if (walk.bad || needs->receives > WIRE_RECEIVES_MAX)
    return DR_INVALID;
  return DR_OK;
}

void
wire_header_read (const void *header, struct wire_header *out)
{
  struct dr_in in = dr_in (header, WIRE_HEADER_BYTES);
  uint32_t bits = dr_in_u32 (&in);
  memset (out, 0, sizeof *out);
  out->size = dr_in_u32 (&in);
  out->remote_name = (uint32_t) dr_in_u64 (&in);
  out->local_name = (uint32_t) dr_in_u64 (&in);
  (void) dr_in_u32 (&in);
  out->id = (int32_t) dr_in_u32 (&in);
  out->complex = bits >> 31;
  out->remote_disposition = (uint8_t) bits;
  out->local_disposition = (uint8_t) (bits >> 8);
}

void
wire_header_write (void *header, const struct wire_header *in)
{
  struct dr_out out = dr_out (header, WIRE_HEADER_BYTES);
  dr_out_u32 (&out, in->remote_disposition | (uint32_t) in->local_disposition << 8
	      | (uint32_t) in->complex << 31);
  dr_out_u32 (&out, in->size);
  dr_out_u64 (&out, in->remote_name);
  dr_out_u64 (&out, in->local_name);
  dr_out_u32 (&out, 0);
  dr_out_u32 (&out, (uint32_t) in->id);
}

void
wire_set_item (void *body, const struct wire_item *item, uint8_t name,
	       bool deallocate)
{
  uint8_t *p = (uint8_t *) body + item->offset;
  uint32_t type = get32 (p) & ~(TYPE_DEALLOCATE | 0xff);
  put32 (p, type | name | (deallocate ? TYPE_DEALLOCATE : 0));
}

void
wire_set_port (void *body, const struct wire_item *item, uint32_t index,
	       uint32_t name)
{
  uint8_t *p = (uint8_t *) body + item->data_offset
	       + (size_t) index * WIRE_INLINE_PORT_BYTES;
  put32 (p, name);
  put32 (p + 4, 0);
}

uint32_t
wire_get_port (const void *body, const struct wire_item *item, uint32_t index)
{
  return get32 ((const uint8_t *) body + item->data_offset
		+ (size_t) index * WIRE_INLINE_PORT_BYTES);
}

void
wire_set_address (void *body, const struct wire_item *item, uint64_t address)
{
  uint8_t *p = (uint8_t *) body + item->data_offset;
  put32 (p, (uint32_t) address);
  put32 (p + 4, (uint32_t) (address >> 32));
}

uint64_t
wire_get_address (const void *body, const struct wire_item *item)
{
  const uint8_t *p = (const uint8_t *) body + item->data_offset;
  return get32 (p) | (uint64_t) get32 (p + 4) << 32;
}

void
wire_neutral (void *body, size_t bytes, bool complex)
{
  struct wire_walk walk;
  struct wire_item item;

  if (!complex)
    return;
  wire_walk (&walk, body, bytes);
  while (wire_next (&walk, &item))
    {
      uint8_t *p = body;
      size_t data_bytes = item.is_inline ? (size_t) item.bytes : 8;
      size_t end = item.data_offset + data_bytes;

      wire_set_item (body, &item, item.ports ? item.disposition : item.name, false);
      if (item.ports || !item.is_inline)
	memset (p + item.data_offset, 0, data_bytes);
      memset (p + end, 0, walk.at - end);
    }
  dr_assert (!walk.bad);
}
