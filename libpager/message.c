/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said to kernels: the memory_object calls of <mach/mach.defs>, by hand, for two
   reasons.  They may not wait for ever, for a control port may be a proxy whose machine has
   gone silent.  And the reply right is a send right to the memory object, not send-once:
   then what a remote kernel answers takes the same way as what it says by itself, and the
   order holds that the engine rests on.  */
#include <string.h>

#include "libpager/internal.h"

enum
{
  LOCK_REQUEST = 2044, DATA_ERROR = 2090, DESTROY = 2092, DATA_SUPPLY = 2093, READY = 2094,
  CHANGE_ATTRIBUTES = 2095,
};

/* As an item lies in a message.  */
struct offset_item { mach_msg_type_t type; vm_offset_t value; };
struct int_item
{
  mach_msg_type_t type;
  int value;
} __attribute__ ((aligned (__alignof__ (mach_msg_type_t))));
struct port_item { mach_msg_type_t type; mach_port_name_inlined_t port; };
struct memory_item { mach_msg_type_long_t type; vm_offset_t data; };

struct message
{
  mach_msg_header_t head;
  char body[7 * sizeof (struct memory_item)];
};

static void
begin (struct message *m, mach_msg_id_t id, mach_port_t control)
{
  m->head = (mach_msg_header_t) {
    .msgh_bits = MACH_MSGH_BITS (MACH_MSG_TYPE_COPY_SEND, 0), .msgh_size = sizeof m->head,
    .msgh_remote_port = control, .msgh_id = id,
  };
}

static void *
more (struct message *m, size_t bytes)
{
  void *at = (char *) m + m->head.msgh_size;
  memset (at, 0, bytes);
  m->head.msgh_size += bytes;
  return at;
}

static const mach_msg_type_t inline_item = { .msgt_number = 1, .msgt_inline = TRUE };

static void
put_offset (struct message *m, uint64_t value)
{
  struct offset_item *item = more (m, sizeof *item);
  item->type = inline_item;
  item->type.msgt_name = sizeof item->value == 8 ? MACH_MSG_TYPE_INTEGER_64
			 : MACH_MSG_TYPE_INTEGER_32;
  item->type.msgt_size = 8 * sizeof item->value;
  item->value = value;
}

static void
put_int (struct message *m, unsigned name, int value)
{
  struct int_item *item = more (m, sizeof *item);
  item->type = inline_item;
  item->type.msgt_name = name;
  item->type.msgt_size = 32;
  item->value = value;
}

static void
put_reply (struct message *m, mach_port_t port)
{
  struct port_item *item = more (m, sizeof *item);
  item->type = inline_item;
  item->type.msgt_name = MACH_MSG_TYPE_COPY_SEND;
  item->type.msgt_size = 8 * sizeof item->port;
  item->port.name = port;
  m->head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
}

static mach_msg_return_t
send_within (struct message *m, mach_msg_timeout_t ms)
{
  mach_msg_return_t result
    = mach_msg (&m->head, MACH_SEND_MSG | MACH_SEND_TIMEOUT, m->head.msgh_size, 0,
		MACH_PORT_NULL, ms, MACH_PORT_NULL);
  /* The message came back, with rights of its own.  */
  if (result == MACH_SEND_TIMED_OUT || result == MACH_SEND_INTERRUPTED)
    mach_msg_destroy (&m->head);
  return result;
}

static mach_msg_return_t
send (struct message *m)
{
  return send_within (m, libpager_limit_ms);
}

mach_msg_return_t
tell_ready (mach_port_t control, bool may_cache, int copy_strategy)
{
  struct message m;
  begin (&m, READY, control);
  put_int (&m, MACH_MSG_TYPE_BOOLEAN, may_cache);
  put_int (&m, MACH_MSG_TYPE_INTEGER_32, copy_strategy);
  return send (&m);
}

mach_msg_return_t
tell_supply (mach_port_t control, uint64_t offset, vm_address_t data, vm_size_t bytes,
	     bool dealloc, int prot, bool precious, mach_port_t reply_to)
{
  struct message m;
  struct memory_item *item;
  mach_msg_return_t result;
  begin (&m, DATA_SUPPLY, control);
  put_offset (&m, offset);
  item = more (&m, sizeof *item);
  item->type.msgtl_header.msgt_longform = TRUE;
  item->type.msgtl_header.msgt_deallocate = dealloc;
#ifdef __LP64__
  item->type.msgtl_header.msgt_name = MACH_MSG_TYPE_BYTE;
  item->type.msgtl_header.msgt_size = 8;
#else
  item->type.msgtl_name = MACH_MSG_TYPE_BYTE;
  item->type.msgtl_size = 8;
#endif
  item->type.msgtl_number = bytes;
  item->data = data;
  put_int (&m, MACH_MSG_TYPE_INTEGER_32, prot);
  put_int (&m, MACH_MSG_TYPE_BOOLEAN, precious);
  put_reply (&m, reply_to);
  result = send (&m);
  /* Only then was the memory not looked at yet.  */
  if (dealloc && (result == MACH_SEND_INVALID_DEST || result == MACH_SEND_INVALID_RIGHT))
    vm_deallocate (mach_task_self (), data, bytes);
  return result;
}

mach_msg_return_t
tell_error (mach_port_t control, uint64_t offset, uint64_t length, int error)
{
  struct message m;
  begin (&m, DATA_ERROR, control);
  put_offset (&m, offset);
  put_offset (&m, length);
  put_int (&m, MACH_MSG_TYPE_INTEGER_32, error);
  return send (&m);
}

mach_msg_return_t
tell_lock (mach_port_t control, uint64_t offset, uint64_t length, int should_return,
	   bool flush, int prot, mach_port_t reply_to)
{
  struct message m;
  begin (&m, LOCK_REQUEST, control);
  put_offset (&m, offset);
  put_offset (&m, length);
  put_int (&m, MACH_MSG_TYPE_INTEGER_32, should_return);
  put_int (&m, MACH_MSG_TYPE_BOOLEAN, flush);
  put_int (&m, MACH_MSG_TYPE_INTEGER_32, prot);
  put_reply (&m, reply_to);
  return send (&m);
}

mach_msg_return_t
tell_attributes (mach_port_t control, bool may_cache, int copy_strategy,
		 mach_port_t reply_to)
{
  struct message m;
  begin (&m, CHANGE_ATTRIBUTES, control);
  put_int (&m, MACH_MSG_TYPE_BOOLEAN, may_cache);
  put_int (&m, MACH_MSG_TYPE_INTEGER_32, copy_strategy);
  put_reply (&m, reply_to);
  return send (&m);
}

mach_msg_return_t
tell_destroy (mach_port_t control, int reason)
{
  struct message m;
  begin (&m, DESTROY, control);
  put_int (&m, MACH_MSG_TYPE_INTEGER_32, reason);
  return send_within (&m, 0);
}
