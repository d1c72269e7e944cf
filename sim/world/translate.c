/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/translate.h"

#include <string.h>

enum { TYPE_CHAR = 8, INLINE_BIT = 1u << 29 };

static void
put_item (uint8_t *at, uint32_t name, uint32_t element_bits, uint32_t number, bool is_inline)
{
  uint32_t type = name | element_bits << 8 | (is_inline ? INLINE_BIT : 0);
  memcpy (at, &type, sizeof type);
  memcpy (at + 4, &number, sizeof number);
}

/* How many rights one item of the body holds: one inline, or a whole array.  */
static size_t
item_rights (const struct mk_message *m, size_t first)
{
  size_t n = 1;
  if (m->right[first].array != 0)
    while (first + n < m->rights && m->right[first + n].array == m->right[first].array)
      n++;
  return n;
}

void
translate_drop (struct translated *t)
{
  dr_buf_drop (t->wire.body.buf);
  for (uint32_t i = 0; i < t->wire.regions_count; i++)
    dr_buf_drop (t->regions[i].buf);
}

/* The data, in N pieces.  */
static bool
make_regions (const struct mk_message *m, unsigned n, const struct dr_alloc *alloc, struct translated *out)
{
  for (unsigned i = 0; i < n; i++)
    {
      size_t first = m->bytes * i / n, bytes = m->bytes * (i + 1) / n - first;
      struct dr_buf *buf = dr_buf_new (alloc, bytes);
      if (buf == NULL)
	{
	  while (i-- > 0)
	    dr_buf_drop (out->regions[i].buf);
	  return false;
	}
      memcpy (buf->data, m->data + first, bytes);
      out->regions[i] = (struct dr_slice) { buf, 0, bytes };
    }
  return true;
}

bool
translate_body (const struct mk_message *m, unsigned regions, const struct dr_alloc *alloc,
		struct translated *out)
{
  size_t padded = regions > 0 ? 16 * regions - 8 : (m->bytes + 7) & ~(size_t) 7, items = 0;
  for (size_t i = 0; i < m->rights; i += item_rights (m, i))
    items++;
  size_t bytes = items * 16 + 8 + padded;
  struct dr_buf *body = dr_buf_new (alloc, bytes);
  if (body == NULL)
    return false;
  memset (body->data, 0, bytes);
  uint8_t *at = body->data;
  memset (out, 0, sizeof *out);
  if (!make_regions (m, regions, alloc, out))
    {
      dr_buf_drop (body);
      return false;
    }
  for (size_t i = 0, n; i < m->rights; i += n, at += 16)
    {
      bool is_inline = m->right[i].array == 0;
      n = item_rights (m, i);
      put_item (at, m->right[i].disposition, is_inline ? 64 : 32, (uint32_t) n, is_inline);
      for (size_t k = i; k < i + n; k++)
	out->rights[k].disposition = (uint8_t) m->right[k].disposition;
    }
  for (unsigned i = 0; i < regions; i++, at += 16)
    put_item (at, TYPE_CHAR, 8, (uint32_t) out->regions[i].bytes, false);
  if (regions == 0)
    {
      put_item (at, TYPE_CHAR, 8, (uint32_t) m->bytes, true);
      memcpy (at + 8, m->data, m->bytes);
    }
  out->wire = (struct wire_message) {
    .id = m->id,
    .complex = true,
    .used = (uint8_t) m->local.disposition,
    .body = { body, 0, bytes },
    .reply = { .disposition = (uint8_t) m->remote.disposition },
    .rights = out->rights,
    .rights_count = (uint32_t) m->rights,
    .receives = out->receives,
    .regions = out->regions,
    .regions_count = regions,
  };
  return true;
}

bool
translate_back (const struct wire_message *wire, struct mk_message *m)
{
  struct wire_walk walk;
  struct wire_item item;
  memset (m, 0, sizeof *m);
  m->id = wire->id;
  wire_walk (&walk, dr_slice_data (&wire->body), wire->body.bytes);
  size_t ports = 0;
  uint8_t arrays = 0;
  uint32_t regions = 0;
  while (wire_next (&walk, &item))
    if (item.ports)
      {
	uint8_t array = item.is_inline ? 0 : ++arrays;
	for (size_t i = ports; i < ports + item.number && i < MK_MESSAGE_RIGHTS_MAX; i++)
	  m->right[i].array = array;
	ports += item.number;
      }
    else if (item.is_inline)
      {
	m->bytes = item.bytes < sizeof m->data ? item.bytes : sizeof m->data;
	memcpy (m->data, walk.body + item.data_offset, m->bytes);
      }
    else if (regions < wire->regions_count)
      {
	const struct dr_slice *region = &wire->regions[regions++];
	size_t room = sizeof m->data - m->bytes, bytes = region->bytes < room ? region->bytes : room;
	if (bytes > 0)
	  memcpy (m->data + m->bytes, dr_slice_data (region), bytes);
	m->bytes += bytes;
      }
  m->rights = ports;
  return !walk.bad && ports == wire->rights_count && ports <= MK_MESSAGE_RIGHTS_MAX;
}
