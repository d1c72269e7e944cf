/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/rights/frames.h"

static void
write_key (struct dr_out *out, const struct rights_key *key)
{
  dr_out_copy (out, key->bytes, RIGHTS_KEY_BYTES);
}

static void
read_key (struct dr_in *in, struct rights_key *key)
{
  dr_in_copy (in, key->bytes, RIGHTS_KEY_BYTES);
}

static void
write_identity (struct dr_out *out, const struct identity *i)
{
  write_key (out, &i->origin);
  dr_out_u64 (out, i->epoch);
  dr_out_u64 (out, i->serial);
}

static void
read_identity (struct dr_in *in, struct identity *i)
{
  read_key (in, &i->origin);
  i->epoch = dr_in_u64 (in);
  i->serial = dr_in_u64 (in);
}

static void
write_place (struct dr_out *out, const struct place_at *at)
{
  write_key (out, &at->home);
  dr_out_u64 (out, at->number);
  dr_out_u8 (out, at->address.bytes);
  dr_out_copy (out, at->address.data, at->address.bytes);
}

static void
read_place (struct dr_in *in, struct place_at *at)
{
  read_key (in, &at->home);
  at->number = dr_in_u64 (in);
  memset (&at->address, 0, sizeof at->address);
  uint8_t bytes = dr_in_u8 (in);
  if (bytes > RIGHTS_ADDRESS_BYTES_MAX)
    {
      in->bad = true;
      return;
    }
  at->address.bytes = bytes;
  dr_in_copy (in, at->address.data, bytes);
}

void
desc_write (struct dr_out *out, const struct desc *d)
{
  dr_out_u8 (out, d->kind);
  dr_out_u8 (out, d->disposition);
  switch (d->kind)
    {
    case DESC_MINE:
      dr_out_u64 (out, d->handle);
      dr_out_u64 (out, d->identity.epoch);
      break;
    case DESC_YOURS:
      dr_out_u64 (out, d->handle);
      break;
    case DESC_MINE_FOREIGN:
      dr_out_u64 (out, d->handle);
      write_identity (out, &d->identity);
      break;
    case DESC_OTHER:
      write_identity (out, &d->identity);
      write_place (out, &d->at);
      dr_out_u64 (out, d->handoff);
      break;
    case DESC_RECEIVE:
      write_identity (out, &d->identity);
      dr_out_u8 (out, d->senders);
      dr_out_u32 (out, d->queue_limit);
      break;
    default:
      break;
    }
}

static bool
disposition_ok (const struct desc *d)
{
  switch (d->kind)
    {
    case DESC_NULL:
      return d->disposition == WIRE_NO_RIGHT || d->disposition == WIRE_SEND
	     || d->disposition == WIRE_SEND_ONCE || d->disposition == WIRE_RECEIVE;
    case DESC_DEAD:
      return d->disposition == WIRE_SEND || d->disposition == WIRE_SEND_ONCE
	     || d->disposition == WIRE_RECEIVE;
    case DESC_MINE:
      return d->disposition == WIRE_SEND || d->disposition == WIRE_SEND_ONCE;
    case DESC_MINE_FOREIGN:
    case DESC_YOURS:
    case DESC_OTHER:
      return d->disposition == WIRE_SEND;
    case DESC_RECEIVE:
      return d->disposition == WIRE_RECEIVE;
    }
  return false;
}

bool
desc_read (struct dr_in *in, struct desc *d)
{
  memset (d, 0, sizeof *d);
  d->kind = dr_in_u8 (in);
  d->disposition = dr_in_u8 (in);
  switch (d->kind)
    {
    case DESC_NULL:
    case DESC_DEAD:
      break;
    case DESC_MINE:
      d->handle = dr_in_u64 (in);
      d->identity.epoch = dr_in_u64 (in);
      break;
    case DESC_YOURS:
      d->handle = dr_in_u64 (in);
      break;
    case DESC_MINE_FOREIGN:
      d->handle = dr_in_u64 (in);
      read_identity (in, &d->identity);
      break;
    case DESC_OTHER:
      read_identity (in, &d->identity);
      read_place (in, &d->at);
      d->handoff = dr_in_u64 (in);
      break;
    case DESC_RECEIVE:
      read_identity (in, &d->identity);
      {
	uint8_t senders = dr_in_u8 (in);
	if (senders > 1)
	  return false;
	d->senders = senders;
      }
      d->queue_limit = dr_in_u32 (in);
      break;
    default:
      return false;
    }
  return !in->bad && disposition_ok (d);
}

/* One table of what each control frame carries serves both directions.  */
enum
{
  HAS_HANDLE = 1, HAS_COUNT = 2, HAS_ID = 4, HAS_KEY = 8, HAS_ERROR = 16,
  HAS_FLAG = 32, HAS_IDENTITY = 64, HAS_PLACE = 128, HAS_DESC = 256,
  HAS_CREDITS = 512, KNOWN = 1024
};

static unsigned
fields_of (uint8_t type)
{
  switch (type)
    {
    case FRAME_RELEASE: return KNOWN | HAS_HANDLE | HAS_COUNT;
    case FRAME_ONCE_GONE: return KNOWN | HAS_HANDLE;
    case FRAME_FLUSH: return KNOWN | HAS_HANDLE | HAS_COUNT | HAS_KEY | HAS_ID;
    case FRAME_GRANT: return KNOWN | HAS_HANDLE | HAS_KEY | HAS_ID;
    case FRAME_UNGRANT: return KNOWN | HAS_HANDLE | HAS_ID;
    case FRAME_CREDIT: return KNOWN | HAS_CREDITS;
    case FRAME_DEAD: return KNOWN | HAS_HANDLE;
    case FRAME_FORGET: return KNOWN | HAS_HANDLE;
    case FRAME_TAKEN: return KNOWN | HAS_ID;
    case FRAME_CLAIM: return KNOWN | HAS_KEY | HAS_COUNT | HAS_ID;
    case FRAME_CLAIMED: return KNOWN | HAS_KEY | HAS_ID | HAS_HANDLE | HAS_IDENTITY;
    case FRAME_CLAIM_FAILED: return KNOWN | HAS_KEY | HAS_ID;
    case FRAME_DONE: return KNOWN | HAS_ID | HAS_FLAG;
    case FRAME_RELAY: return KNOWN | HAS_ID;
    case FRAME_RELAYED: return KNOWN | HAS_ID | HAS_HANDLE | HAS_IDENTITY;
    case FRAME_RELAY_FAILED: return KNOWN | HAS_ID;
    case FRAME_MOVED: return KNOWN | HAS_HANDLE | HAS_PLACE | HAS_ID;
    case FRAME_ACCEPT: return KNOWN | HAS_HANDLE | HAS_IDENTITY;
    case FRAME_FLUSHED: return KNOWN | HAS_ID;
    case FRAME_GET_ROOT: return KNOWN | HAS_ID;
    case FRAME_ROOT: return KNOWN | HAS_ID | HAS_ERROR | HAS_DESC;
    case FRAME_UNCLAIM: return KNOWN | HAS_KEY | HAS_ID;
    default: return 0;
    }
}

size_t
frame_write (const struct frame *f, uint8_t *to)
{
  struct dr_out out = dr_out (to, FRAME_CONTROL_BYTES_MAX);
  unsigned has = fields_of (f->type);

  dr_assert (has);
  dr_out_u8 (&out, f->type);
  if (has & HAS_HANDLE)
    dr_out_u64 (&out, f->handle);
  if (has & HAS_COUNT)
    dr_out_u64 (&out, f->count);
  if (has & HAS_KEY)
    write_key (&out, &f->key);
  if (has & HAS_ID)
    dr_out_u64 (&out, f->id);
  if (has & HAS_FLAG)
    dr_out_u8 (&out, f->flag);
  if (has & HAS_ERROR)
    dr_out_u32 (&out, f->error);
  if (has & HAS_IDENTITY)
    write_identity (&out, &f->identity);
  if (has & HAS_PLACE)
    write_place (&out, &f->at);
  if (has & HAS_DESC)
    desc_write (&out, &f->desc);
  if (has & HAS_CREDITS)
    {
      dr_out_u8 (&out, (uint8_t) f->credits_count);
      for (uint32_t i = 0; i < f->credits_count; i++)
	{
	  dr_out_u64 (&out, f->credits[i].handle);
	  dr_out_u32 (&out, f->credits[i].messages);
	  dr_out_u64 (&out, f->credits[i].bytes);
	}
    }
  dr_assert (!out.bad);
  return (size_t) (out.at - to);
}

bool
frame_read (const uint8_t *data, size_t bytes, struct frame *f)
{
  struct dr_in in = dr_in (data, bytes);

  memset (f, 0, sizeof *f);
  f->type = dr_in_u8 (&in);
  unsigned has = fields_of (f->type);
  if (!has)
    return false;
  if (has & HAS_HANDLE)
    f->handle = dr_in_u64 (&in);
  if (has & HAS_COUNT)
    f->count = dr_in_u64 (&in);
  if (has & HAS_KEY)
    read_key (&in, &f->key);
  if (has & HAS_ID)
    f->id = dr_in_u64 (&in);
  if (has & HAS_FLAG)
    {
      uint8_t flag = dr_in_u8 (&in);
      if (flag > 1)
	return false;
      f->flag = flag;
    }
  if (has & HAS_ERROR)
    f->error = dr_in_u32 (&in);
  if (has & HAS_IDENTITY)
    read_identity (&in, &f->identity);
  if (has & HAS_PLACE)
    read_place (&in, &f->at);
  if (has & HAS_DESC && !desc_read (&in, &f->desc))
    return false;
  if (has & HAS_CREDITS)
    {
      f->credits_count = dr_in_u8 (&in);
      if (f->credits_count == 0 || f->credits_count > FRAME_CREDITS_MAX)
	return false;
      for (uint32_t i = 0; i < f->credits_count; i++)
	{
	  f->credits[i].handle = dr_in_u64 (&in);
	  f->credits[i].messages = dr_in_u32 (&in);
	  f->credits[i].bytes = dr_in_u64 (&in);
	}
    }
  return dr_in_done (&in);
}

void
message_head_write (struct dr_out *out, const struct message_head *h)
{
  dr_out_u8 (out, FRAME_MESSAGE);
  dr_out_u8 (out, h->complex);
  dr_out_u16 (out, 0);
  dr_out_u32 (out, (uint32_t) h->id);
  dr_out_u64 (out, h->handle);
  dr_out_u64 (out, h->ticket);
  dr_out_u32 (out, h->body_bytes);
  dr_out_u32 (out, h->rights);
  dr_out_u32 (out, h->regions);
  dr_out_u32 (out, h->receives);
}

bool
message_head_read (struct dr_in *in, struct message_head *h)
{
  uint8_t type = dr_in_u8 (in);
  uint8_t complex = dr_in_u8 (in);
  uint16_t zero = dr_in_u16 (in);
  h->complex = complex;
  h->id = (int32_t) dr_in_u32 (in);
  h->handle = dr_in_u64 (in);
  h->ticket = dr_in_u64 (in);
  h->body_bytes = dr_in_u32 (in);
  h->rights = dr_in_u32 (in);
  h->regions = dr_in_u32 (in);
  h->receives = dr_in_u32 (in);
  return !in->bad && type == FRAME_MESSAGE && complex <= 1 && zero == 0
	 && h->handle != 0
	 && h->body_bytes <= WIRE_BODY_BYTES_MAX && h->rights <= WIRE_RIGHTS_MAX
	 && h->regions <= WIRE_REGIONS_MAX && h->receives <= WIRE_RECEIVES_MAX;
}
