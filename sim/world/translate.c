/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/translate.h"

#include <string.h>

enum { TYPE_CHAR = 8, INLINE_BIT = 1u << 29 };

static void
put_item (uint8_t *at, uint32_t name, uint32_t element_bits, uint32_t number)
{
  uint32_t type = name | element_bits << 8 | INLINE_BIT;
  memcpy (at, &type, sizeof type);
  memcpy (at + 4, &number, sizeof number);
}

bool
translate_body (const struct mk_message *m, const struct dr_alloc *alloc,
		struct translated *out)
{
  size_t padded = (m->bytes + 7) & ~(size_t) 7;
  size_t bytes = m->rights * 16 + 8 + padded;
  struct dr_buf *body = dr_buf_new (alloc, bytes);
  if (body == NULL)
    return false;
  memset (body->data, 0, bytes);
  uint8_t *at = body->data;
  memset (out, 0, sizeof *out);
  for (size_t i = 0; i < m->rights; i++, at += 16)
    {
      put_item (at, m->right[i].disposition, 64, 1);
      out->rights[i].disposition = (uint8_t) m->right[i].disposition;
    }
  put_item (at, TYPE_CHAR, 8, (uint32_t) m->bytes);
  memcpy (at + 8, m->data, m->bytes);
  out->wire = (struct wire_message) {
    .id = m->id,
    .complex = true,
    .used = (uint8_t) m->local.disposition,
    .body = { body, 0, bytes },
    .reply = { .disposition = (uint8_t) m->remote.disposition },
    .rights = out->rights,
    .rights_count = (uint32_t) m->rights,
    .receives = out->receives,
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
  while (wire_next (&walk, &item))
    if (item.ports)
      ports += item.number;
    else
      {
	m->bytes = !item.is_inline ? 0
	  : item.bytes < sizeof m->data ? item.bytes : sizeof m->data;
	memcpy (m->data, walk.body + item.data_offset, m->bytes);
      }
  m->rights = ports;
  return !walk.bad && ports == wire->rights_count && ports <= MK_MESSAGE_RIGHTS_MAX;
}
