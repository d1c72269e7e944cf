/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/machine/messages.h"

#include <string.h>

#include "core/base/status.h"
#include "core/wire/wire.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

static uint8_t *
body_of (mach_msg_header_t *message)
{
  return (uint8_t *) message + WIRE_HEADER_BYTES;
}

/* What the slots of one message hold.  */
struct slots
{
  unsigned count;
  struct wire_item item[MACHINE_PLACES_MAX];
};

/* All items, or false: with more than FAR_BYTES out of line they are too much for us.  */
static bool
find_items (mach_msg_header_t *message, struct slots *slots, uint64_t far_bytes)
{
  size_t bytes = message->msgh_size - WIRE_HEADER_BYTES;
  struct wire_needs needs;
  struct wire_walk walk;
  slots->count = 0;
  if (!(message->msgh_bits & MACH_MSGH_BITS_COMPLEX))
    return true;
  if (wire_measure (body_of (message), bytes, true, &needs) != DR_OK || needs.region_bytes > far_bytes
      || needs.rights > MACHINE_RIGHTS_MAX)
    return false;
  wire_walk (&walk, body_of (message), bytes);
  while (slots->count < MACHINE_PLACES_MAX && wire_next (&walk, &slots->item[slots->count]))
    slots->count++;
  return slots->count < MACHINE_PLACES_MAX && !walk.bad;
}

/* Right I of ITEM, wherever it stands.  */
static mk_name
name_at (uint8_t *body, const struct wire_item *item, uint32_t i)
{
  if (item->is_inline)
    return wire_get_port (body, item, i);
  return ((const mach_port_t *) (uintptr_t) wire_get_address (body, item))[i];
}

static bool
can_give (struct mk_task *from, mk_name name, unsigned how)
{
  uint32_t type;
  if (name == MK_NULL || name == MK_DEAD)
    return true;
  if (mk_type (from, name, &type) != MK_SUCCESS)
    return false;
  switch (how)
    {
    case MK_MAKE_SEND: case MK_MAKE_SEND_ONCE: case MK_MOVE_RECEIVE: return type & MK_TYPE_RECEIVE;
    case MK_COPY_SEND: case MK_MOVE_SEND: return type & (MK_TYPE_SEND | MK_TYPE_DEAD_NAME);
    default: return type & (MK_TYPE_SEND_ONCE | MK_TYPE_DEAD_NAME);
    }
}

/* Who means to make a right, and only has one, copies it: to the receiver it is the same.  */
static unsigned
way_of (struct mk_task *from, mk_name name, unsigned how)
{
  return how == MK_MAKE_SEND && !can_give (from, name, how) ? MK_COPY_SEND : how;
}

static mk_name
give (struct mk_task *from, mk_name name, unsigned how, struct mk_task *to)
{
  mk_name got = name;
  if (name != MK_NULL && name != MK_DEAD
      && mk_extract_right (from, name, (enum mk_disposition) how, to, &got) != MK_SUCCESS)
    return MK_NULL;	/* the same right was sent twice, and was only there once */
  return got;
}

/* An array's rights are all sent in one way.  */
static bool
choose_way (struct mk_task *from, uint8_t *body, struct wire_item *item, const mk_name *far, uint32_t far_count)
{
  for (uint32_t i = 0; i < item->number; i++)
    {
      mk_name name = item->is_inline ? wire_get_port (body, item, i) : far[i % far_count];
      item->name = i == 0 ? (uint8_t) way_of (from, name, item->name) : item->name;
      if (!can_give (from, name, item->name))
	return false;
    }
  return true;
}

/* The rights of ITEM become ours.  */
static void
receive_rights (struct mk_task *from, uint8_t *body, struct wire_item *item, const mk_name *far, uint32_t far_count)
{
  mach_port_t *array = item->is_inline || item->number == 0 ? NULL : machine_own_new (item->number * sizeof *array);
  for (uint32_t i = 0; i < item->number; i++)
    if (array)
      array[i] = give (from, far[i % far_count], item->name, machine_task ());
    else
      wire_set_port (body, item, i, give (from, wire_get_port (body, item, i), item->name, machine_task ()));
  wire_set_item (body, item, item->disposition, false);
  if (!item->is_inline)
    wire_set_address (body, item, (uint64_t) (uintptr_t) array);
}

bool
machine_receive_far (struct mk_task *from, mach_msg_header_t *message, mk_name local, const mk_name *far,
		     uint32_t far_count)
{
  struct slots slots;
  uint8_t *body = body_of (message);
  if (!find_items (message, &slots, MACHINE_FAR_BYTES_MAX))
    return false;
  for (unsigned i = 0; i < slots.count; i++)
    if (slots.item[i].ports && ((!slots.item[i].is_inline && far_count == 0)
				|| !choose_way (from, body, &slots.item[i], far, far_count)))
      return false;
  for (unsigned i = 0; i < slots.count; i++)
    {
      struct wire_item *item = &slots.item[i];
      if (item->ports)
	receive_rights (from, body, item, far, far_count);
      else if (!item->is_inline)
	wire_set_address (body, item, item->bytes > 0 ? (uint64_t) (uintptr_t) machine_own_new (item->bytes) : 0);
    }
  message->msgh_bits = (message->msgh_bits & MACH_MSGH_BITS_COMPLEX) | MACH_MSGH_BITS (0, MACH_MSG_TYPE_PORT_SEND);
  message->msgh_local_port = local;
  message->msgh_remote_port = MACH_PORT_NULL;
  return true;
}

bool
machine_receive (struct mk_task *from, mach_msg_header_t *message, mk_name local)
{
  return machine_receive_far (from, message, local, NULL, 0);
}

/* One user reference of a send right, or of the dead name that it is now.  */
static void
add_reference (mk_name name)
{
  uint32_t type;
  dr_assert (mk_type (machine_task (), name, &type) == MK_SUCCESS);
  dr_assert (mk_mod_refs (machine_task (), name, type & MK_TYPE_SEND ? MK_SEND : MK_DEAD_NAME, 1) == MK_SUCCESS);
}

static void
hand_over (mach_msg_header_t *message, const struct slots *slots, struct mk_task *to)
{
  uint8_t *body = body_of (message);
  for (unsigned i = 0; i < slots->count; i++)
    {
      const struct wire_item *item = &slots->item[i];
      for (uint32_t n = 0; item->ports && n < item->number; n++)
	{
	  mk_name got = give (machine_task (), name_at (body, item, n), item->name, to);
	  if (item->is_inline)
	    wire_set_port (body, item, n, got);
	  else if (got != MK_NULL && got != MK_DEAD)
	    mk_deallocate (to, got);
	}
      if (!item->is_inline && item->deallocate && item->bytes > 0)
	vm_deallocate (MACHINE_SELF, wire_get_address (body, item), item->bytes);
    }
}

static void
take_back (mach_msg_header_t *message, const struct slots *slots)
{
  uint8_t *body = body_of (message);
  add_reference (message->msgh_remote_port);
  message->msgh_bits = (message->msgh_bits & MACH_MSGH_BITS_COMPLEX) | MACH_MSGH_BITS (MACH_MSG_TYPE_MOVE_SEND, 0);
  for (unsigned i = 0; i < slots->count; i++)
    {
      const struct wire_item *item = &slots->item[i];
      if (item->ports)
	{
	  mk_name name = wire_get_port (body, item, 0);
	  dr_assert (item->name == MACH_MSG_TYPE_COPY_SEND && item->is_inline && item->number == 1);
	  if (name != MK_NULL && name != MK_DEAD)
	    add_reference (name);
	  wire_set_item (body, item, MACH_MSG_TYPE_MOVE_SEND, false);
	}
      else if (!item->is_inline && item->bytes > 0)
	{
	  void *copy = machine_own_new (item->bytes);
	  memcpy (copy, (const void *) wire_get_address (body, item), item->bytes);
	  if (item->deallocate)
	    vm_deallocate (MACHINE_SELF, wire_get_address (body, item), item->bytes);
	  wire_set_address (body, item, (uint64_t) (uintptr_t) copy);
	}
    }
}

mach_msg_return_t
machine_send (mach_msg_header_t *message, struct mk_task *to, mach_msg_return_t result)
{
  struct slots slots;
  uint32_t type;
  unsigned how = MACH_MSGH_BITS_REMOTE (message->msgh_bits);
  dr_assert (find_items (message, &slots, MACHINE_OWN_BYTES_MAX));	/* what we send is sound */
  if (mk_type (machine_task (), message->msgh_remote_port, &type) != MK_SUCCESS
      || !(type & (how == MACH_MSG_TYPE_MOVE_SEND_ONCE ? MK_TYPE_SEND_ONCE : MK_TYPE_SEND)))
    return MACH_SEND_INVALID_DEST;
  if (result == MACH_SEND_TIMED_OUT && how == MACH_MSG_TYPE_COPY_SEND)
    {
      take_back (message, &slots);
      return result;
    }
  hand_over (message, &slots, to);
  if (how != MACH_MSG_TYPE_COPY_SEND)
    mach_port_deallocate (MACHINE_SELF, message->msgh_remote_port);
  result = MACH_MSG_SUCCESS;
  return result;
}
