/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/link/packet.h"

uint32_t
packet_get32 (const uint8_t *p)
{
  return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

uint64_t
packet_get64 (const uint8_t *p)
{
  return packet_get32 (p) | (uint64_t) packet_get32 (p + 4) << 32;
}

void
packet_put32 (uint8_t *p, uint32_t v)
{
  for (unsigned i = 0; i < 4; i++)
    p[i] = (uint8_t) (v >> (8 * i));
}

void
packet_put64 (uint8_t *p, uint64_t v)
{
  packet_put32 (p, (uint32_t) v);
  packet_put32 (p + 4, (uint32_t) (v >> 32));
}

void
packet_head (uint8_t *datagram, enum packet_kind kind)
{
  datagram[0] = (uint8_t) kind;
  datagram[1] = LINK_VERSION;
  datagram[2] = datagram[3] = 0;
}

unsigned
packet_kind (const uint8_t *datagram, size_t bytes)
{
  if (bytes < 4 || datagram[1] != LINK_VERSION || datagram[2] != 0 || datagram[3] != 0)
    return 0;
  switch (datagram[0])
    {
    case PACKET_INITIATION: return bytes == INITIATION_BYTES ? PACKET_INITIATION : 0;
    case PACKET_RESPONSE: return bytes == RESPONSE_BYTES ? PACKET_RESPONSE : 0;
    case PACKET_COOKIE: return bytes == COOKIE_BYTES ? PACKET_COOKIE : 0;
    case PACKET_DATA:
      return bytes >= DATA_OVERHEAD_BYTES && bytes <= 65535 ? PACKET_DATA : 0;
    default: return 0;
    }
}

void
initiation_payload_write (const struct initiation_payload *p,
			  uint8_t out[PACKET_INITIATION_PAYLOAD_BYTES])
{
  struct dr_out o = dr_out (out, PACKET_INITIATION_PAYLOAD_BYTES);
  dr_out_u64 (&o, p->epoch);
  dr_out_u64 (&o, p->counter);
  dr_out_u64 (&o, p->session);
  dr_out_u64 (&o, p->assembly_bytes);
  dr_out_u64 (&o, p->message_bytes);
}

void
initiation_payload_read (struct initiation_payload *p,
			 const uint8_t in[PACKET_INITIATION_PAYLOAD_BYTES])
{
  struct dr_in i = dr_in (in, PACKET_INITIATION_PAYLOAD_BYTES);
  p->epoch = dr_in_u64 (&i);
  p->counter = dr_in_u64 (&i);
  p->session = dr_in_u64 (&i);
  p->assembly_bytes = dr_in_u64 (&i);
  p->message_bytes = dr_in_u64 (&i);
}

void
response_payload_write (const struct response_payload *p,
			uint8_t out[PACKET_RESPONSE_PAYLOAD_BYTES])
{
  struct dr_out o = dr_out (out, PACKET_RESPONSE_PAYLOAD_BYTES);
  dr_out_u64 (&o, p->epoch);
  dr_out_u64 (&o, p->session);
  dr_out_u64 (&o, p->assembly_bytes);
  dr_out_u64 (&o, p->message_bytes);
}

void
response_payload_read (struct response_payload *p,
		       const uint8_t in[PACKET_RESPONSE_PAYLOAD_BYTES])
{
  struct dr_in i = dr_in (in, PACKET_RESPONSE_PAYLOAD_BYTES);
  p->epoch = dr_in_u64 (&i);
  p->session = dr_in_u64 (&i);
  p->assembly_bytes = dr_in_u64 (&i);
  p->message_bytes = dr_in_u64 (&i);
}

/* --- Frames ------------------------------------------------------------- */

static bool
read_ranges (struct dr_in *in, struct frame *f)
{
  unsigned extra = dr_in_u8 (in);
  f->delay_us = dr_in_u32 (in);
  uint64_t last = dr_in_u64 (in);
  uint64_t span = dr_in_u32 (in);
  if (extra > LINK_ACK_RANGES_MAX || last > LINK_NUMBER_MAX || span >= last)
    return false;
  f->range[0] = (struct number_range) { last - span, last };
  for (unsigned i = 1; i <= extra; i++)
    {
      uint64_t gap = dr_in_u32 (in);
      span = dr_in_u32 (in);
      uint64_t above = f->range[i - 1].first;
      if (gap == 0 || gap + span + 1 >= above)
	return false;
      last = above - gap - 1;
      f->range[i] = (struct number_range) { last - span, last };
    }
  f->ranges = extra + 1;
  return true;
}

static bool
read_message (struct dr_in *in, struct frame *f)
{
  f->number = dr_in_u64 (in);
  f->stream = f->previous = 0;
  f->offset = 0;
  if (f->kind != FRAME_MORE)
    {
      f->stream = dr_in_u64 (in);
      f->previous = dr_in_u64 (in);
    }
  if (f->kind != FRAME_WHOLE)
    f->total = dr_in_u32 (in);
  if (f->kind == FRAME_MORE)
    f->offset = dr_in_u32 (in);
  f->bytes = dr_in_u16 (in);
  if (f->kind == FRAME_WHOLE)
    f->total = f->bytes;
  f->data = dr_in_bytes (in, f->bytes);
  if (f->number == 0 || f->previous >= f->number)
    return false;
  switch (f->kind)
    {
    case FRAME_FIRST: return f->bytes != 0 && f->bytes < f->total;
    case FRAME_MORE:
      return f->bytes != 0 && f->offset != 0
	&& f->offset < f->total && f->bytes <= f->total - f->offset;
    default: return true;
    }
}

bool
link_frame_read (struct dr_in *in, struct frame *f)
{
  bool good = true;
  if (in->bad || dr_in_left (in) == 0)
    return false;
  uint8_t kind = dr_in_u8 (in);
  f->kind = kind;
  switch (kind)
    {
    case FRAME_PING:
    case FRAME_SKIP:
      break;
    case FRAME_ACK:
      good = read_ranges (in, f);
      break;
    case FRAME_FLOOR:
      f->number = dr_in_u64 (in);
      good = f->number <= LINK_NUMBER_MAX;
      break;
    case FRAME_CLOSE:
      kind = dr_in_u8 (in);
      f->close = kind;
      good = kind <= CLOSE_FAULT;
      break;
    case FRAME_WHOLE:
    case FRAME_FIRST:
    case FRAME_MORE:
      good = read_message (in, f);
      break;
    default:
      good = false;
    }
  if (!good)
    in->bad = true;
  return !in->bad;
}

size_t
frame_head_bytes (enum frame_kind kind)
{
  switch (kind)
    {
    case FRAME_WHOLE: return FRAME_WHOLE_BYTES;
    case FRAME_FIRST: return FRAME_FIRST_BYTES;
    default: return FRAME_MORE_BYTES;
    }
}

static void
write_ranges (struct dr_out *out, const struct frame *f)
{
  const struct number_range *r = f->range;
  dr_out_u8 (out, (uint8_t) (f->ranges - 1));
  dr_out_u32 (out, f->delay_us);
  dr_out_u64 (out, r[0].last);
  dr_out_u32 (out, (uint32_t) (r[0].last - r[0].first));
  for (unsigned i = 1; i < f->ranges; i++)
    {
      dr_out_u32 (out, (uint32_t) (r[i - 1].first - r[i].last - 1));
      dr_out_u32 (out, (uint32_t) (r[i].last - r[i].first));
    }
}

uint8_t *
link_frame_write (struct dr_out *out, const struct frame *f)
{
  uint8_t *at = out->at;
  dr_out_u8 (out, (uint8_t) f->kind);
  switch (f->kind)
    {
    case FRAME_PING:
    case FRAME_SKIP:
      break;
    case FRAME_ACK:
      write_ranges (out, f);
      break;
    case FRAME_FLOOR:
      dr_out_u64 (out, f->number);
      break;
    case FRAME_CLOSE:
      dr_out_u8 (out, (uint8_t) f->close);
      break;
    case FRAME_WHOLE:
    case FRAME_FIRST:
    case FRAME_MORE:
      dr_out_u64 (out, f->number);
      if (f->kind != FRAME_MORE)
	{
	  dr_out_u64 (out, f->stream);
	  dr_out_u64 (out, f->previous);
	}
      if (f->kind != FRAME_WHOLE)
	dr_out_u32 (out, f->total);
      if (f->kind == FRAME_MORE)
	dr_out_u32 (out, f->offset);
      dr_out_u16 (out, (uint16_t) f->bytes);
      at = dr_out_bytes (out, f->bytes);
      break;
    }
  return out->bad ? NULL : at;
}
