/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole message agrees with itself.  */
#include "core/wire/wire.h"

/* Each receive right must own exactly one state: the indexes are then a
   permutation, which needs no memory to check when they simply count up.  */
static bool
right_fits (const struct wire_right *right, uint8_t disposition,
	    uint32_t *receives)
{
  if (right->disposition != disposition)
    return false;
  switch (right->reference)
    {
    case WIRE_NULL:
    case WIRE_DEAD:
      return true;
    case WIRE_LOCAL:
      if (right->name == WIRE_NAME_NULL || right->name == WIRE_NAME_DEAD)
	return false;
      break;
    case WIRE_PROXY:
      break;
    default:
      return false;
    }
  if (disposition == WIRE_RECEIVE)
    return right->receive == (*receives)++;
  return true;
}

static bool
slice_fits (const struct dr_slice *slice)
{
  if (!slice->buf)
    return slice->bytes == 0;
  return slice->offset <= slice->buf->bytes
	 && slice->bytes <= slice->buf->bytes - slice->offset;
}

static bool
request_fits (const struct wire_right *right)
{
  uint32_t none = 0;
  if (right->reference == WIRE_NULL)
    return true;
  return right_fits (right, WIRE_SEND_ONCE, &none);
}

enum dr_status
wire_check (const struct wire_message *m)
{
  struct wire_needs needs;
  uint32_t rights = 0, regions = 0, receives = 0;

  if (m->used != WIRE_SEND && m->used != WIRE_SEND_ONCE)
    return DR_INVALID;
  if (!slice_fits (&m->body)
      || wire_measure (dr_slice_data (&m->body), m->body.bytes, m->complex, &needs)
      || needs.rights != m->rights_count || needs.regions != m->regions_count
      || m->receives_count > needs.receives)
    return DR_INVALID;

  if (m->reply.disposition != WIRE_SEND && m->reply.disposition != WIRE_SEND_ONCE
      && !(m->reply.disposition == WIRE_NO_RIGHT && m->reply.reference == WIRE_NULL))
    return DR_INVALID;
  if (m->reply.reference != WIRE_NULL
      && !right_fits (&m->reply, m->reply.disposition, &receives))
    return DR_INVALID;

  if (m->complex)
    {
      struct wire_walk walk;
      struct wire_item item;
      wire_walk (&walk, dr_slice_data (&m->body), m->body.bytes);
      while (wire_next (&walk, &item))
	if (item.ports)
	  {
	    for (uint32_t i = 0; i < item.number; i++)
	      if (!right_fits (&m->rights[rights++], item.disposition, &receives))
		return DR_INVALID;
	  }
	else if (!item.is_inline)
	  {
	    const struct dr_slice *region = &m->regions[regions++];
	    if (!slice_fits (region) || region->bytes != item.bytes)
	      return DR_INVALID;
	  }
    }

  if (receives != m->receives_count)
    return DR_INVALID;
  for (uint32_t i = 0; i < m->receives_count; i++)
    if (!request_fits (&m->receives[i].no_senders)
	|| !request_fits (&m->receives[i].port_destroyed))
      return DR_INVALID;
  return DR_OK;
}
