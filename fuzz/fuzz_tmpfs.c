/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the node's file server, by any of its ports, from MIG's checks to the reply: all of
   it but memory objects and threads.  The rights are a model kernel's.  When the clients have gone
   no open, no right and no page is left.

   The input: messages, each as by struct order; what a reply brings is what later ones are sent
   to, and may carry.  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/machine/memory.h"
#include "fuzz/machine/messages.h"
#include "fuzz/machine/ports.h"
#include "core/wire/wire.h"

#include "node/tmpfs/server.c"
#include "node/tmpfs/filemap.h"
#include "node/tmpfs/lookup.h"

#undef exit

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
void end_server (int status);

enum { STORE_BYTES = 1 << 20, ID_FSYS_GOAWAY = 22001, RIGHTS_MAX = 16, MESSAGES_MAX = 64, MESSAGE_BYTES_MAX = 4096, IDLE = 1000 };

struct order
{
  uint8_t to;		/* which of the rights */
  uint8_t subsystem, routine;
  uint8_t bits;		/* 1: complex; 2: no reply right; 4: what is sent for the answer fails; 8: a send right */
  uint8_t words;	/* of the body, which follow */
};

static struct mk_task *client;
static mk_name reply_port;		/* the client's */
static mk_name right[RIGHTS_MAX];	/* the client's send rights */
static unsigned rights;
static bool translator_fails;
struct filemap_counts filemap_counts;

/* --- Around the server ------------------------------------------------------------------------ */

void end_server (int status) { abort (); }
int mach_print (const char *text) { return 0; }

error_t filemap_right (struct node *node, bool writable, mach_port_t *object) { return HURD_EOPNOTSUPP; }
error_t filemap_sync (struct node *node, uint64_t offset, uint64_t bytes) { return 0; }
error_t filemap_sync_all (struct node *node, bool wait) { return 0; }
error_t filemap_sync_everything (bool wait) { return 0; }
void filemap_end_change (struct user_pager_info *map) { }

error_t
filemap_begin_change (struct node *node, struct user_pager_info **map)
{
  *map = NULL;
  return 0;
}

error_t
filemap_write (struct user_pager_info *map, struct node *node, uint64_t offset, const void *data, size_t bytes,
	       size_t *written)
{
  return hurd_from_errno (node_write (&server.store, node, offset, data, bytes, written));
}

error_t
filemap_set_size (struct user_pager_info *map, struct node *node, uint64_t size)
{
  return hurd_from_errno (node_set_size (&server.store, node, size));
}

/* Translators and socket servers, which may be anybody.  */

kern_return_t
fsys_goaway (mach_port_t control, int flags)
{
  return translator_fails ? HURD_EBUSY : 0;
}

kern_return_t
fsys_getroot (mach_port_t control, mach_port_t dotdot, mach_msg_type_name_t dotdot_kind, const_idarray_t users,
	      mach_msg_type_number_t user_count, const_idarray_t groups, mach_msg_type_number_t group_count, int flags,
	      retry_type *retry, string_t name, mach_port_t *root)
{
  mach_port_type_t type;
  if (mach_port_type (MACHINE_SELF, control, &type) != KERN_SUCCESS || (type & MACH_PORT_TYPE_DEAD_NAME))
    return MACH_SEND_INVALID_DEST;
  if (translator_fails)
    return HURD_EACCES;
  *retry = FS_RETRY_NORMAL;
  strcpy (name, "rest");
  return mk_extract_right (client, reply_port, MK_MAKE_SEND, machine_task (), root);
}

kern_return_t
socket_fabricate_address (mach_port_t family, int kind, mach_port_t *address)
{
  return translator_fails ? HURD_EIO : mk_extract_right (client, reply_port, MK_MAKE_SEND, machine_task (), address);
}

/* --- Mach ----------------------------------------------------------------------------------------- */

kern_return_t mach_port_set_protected_payload (mach_port_t task, mach_port_t name, uintptr_t payload) { return 0; }

kern_return_t
mach_port_names (mach_port_t task, mach_port_array_t *names, mach_msg_type_number_t *names_count,
		 mach_port_type_array_t *types, mach_msg_type_number_t *types_count)
{
  return KERN_RESOURCE_SHORTAGE;
}

/* Of a lock that came late.  */
mach_msg_return_t
mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t receive_size,
	  mach_port_t receive_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
  return machine_send (message, client, MACH_MSG_SUCCESS);
}

int
machine_wait (pthread_cond_t *condition, pthread_mutex_t *lock)
{
  dr_assert (!"nothing here is waited for");
  return 0;
}

/* --- Messages ------------------------------------------------------------------------------------- */

static void
keep_right (mk_name name)
{
  if (name == MK_NULL || name == MK_DEAD)
    return;
  if (rights < RIGHTS_MAX)
    right[rights++] = name;
  else
    mk_deallocate (client, name);
}

/* The client has the reply; its rights are the client's.  */
static void
take_reply (mach_msg_header_t *reply)
{
  struct wire_walk walk;
  struct wire_item item;
  if (machine_send (reply, client, MACH_MSG_SUCCESS) != MACH_MSG_SUCCESS)
    {
      mach_msg_destroy (reply);
      return;
    }
  wire_walk (&walk, reply + 1, reply->msgh_size - sizeof *reply);
  while ((reply->msgh_bits & MACH_MSGH_BITS_COMPLEX) && wire_next (&walk, &item))
    if (item.ports)
      keep_right (wire_get_port (walk.body, &item, 0));
}

static void
serve_request (mach_msg_header_t *request)
{
  static union { mach_msg_header_t head; char bytes[TMPFS_REQUEST_BYTES_MAX]; } reply;
  bool answered;
  handle (request, &reply.head, &answered);
  if (settle (request, &reply.head, answered))
    take_reply (&reply.head);
  dr_assert (pool.idle == IDLE && pool.waiting == 0);
}

/* Names in the body are those of the client's rights, by number.  */
static void
name_rights (mach_msg_header_t *message)
{
  struct wire_walk walk;
  struct wire_item item;
  uint8_t *body = (uint8_t *) (message + 1);
  wire_walk (&walk, body, message->msgh_size - sizeof *message);
  while (wire_next (&walk, &item))
    for (uint32_t i = 0; item.ports && item.is_inline && i < item.number; i++)
      {
	uint32_t n = wire_get_port (body, &item, i) % (RIGHTS_MAX + 2);
	wire_set_port (body, &item, i, n == RIGHTS_MAX ? MK_NULL : n > RIGHTS_MAX ? reply_port
		       : rights > 0 ? right[n % rights] : MK_NULL);
      }
}

static void
say (const struct order *order, const uint8_t *body)
{
  static const mach_msg_id_t first[] = { 20000, 21000, 22000, 34000, 33000, MACH_NOTIFY_FIRST };
  static union { mach_msg_header_t head; char bytes[MESSAGE_BYTES_MAX]; } m;
  mk_name to = rights > 0 ? right[order->to % rights] : MK_NULL, local = MK_NULL;
  memset (&m, 0, sizeof m.head);
  m.head.msgh_size = (mach_msg_size_t) (sizeof m.head + order->words * 8);
  m.head.msgh_bits = order->bits & 1 ? MACH_MSGH_BITS_COMPLEX : 0;
  m.head.msgh_id = first[order->subsystem % 6] + order->routine % 64;
  memcpy (&m.head + 1, body, order->words * 8);
  translator_fails = order->bits & 4;
  if (m.head.msgh_id == ID_FSYS_GOAWAY)	/* who has the control port may end the server */
    return;
  /* Whose port is it?  */
  uintptr_t port = mk_port_identity (client, to);
  mk_name names[64];
  size_t count = mk_names (machine_task (), names, 64);
  for (size_t i = 0; i < count && i < 64; i++)
    if (port != 0 && mk_port_identity (machine_task (), names[i]) == port && object_of_port (names[i]))
      local = names[i];
  if (local == MK_NULL)
    return;
  if (order->bits & 1)
    name_rights (&m.head);
  if (!machine_receive (client, &m.head, local))
    return;
  if (!(order->bits & 2))
    {
      bool send = order->bits & 8;
      mk_extract_right (client, reply_port, send ? MK_MAKE_SEND : MK_MAKE_SEND_ONCE, machine_task (),
			&m.head.msgh_remote_port);
      m.head.msgh_bits |= send ? MACH_MSG_TYPE_PORT_SEND : MACH_MSG_TYPE_PORT_SEND_ONCE;
    }
  serve_request (&m.head);
}

static void
serve_notifications (void)
{
  struct mk_message m;
  while (mk_receive (machine_task (), server.receive_set, &m) == MK_SUCCESS)
    {
      union { mach_msg_header_t head; mach_dead_name_notification_t name; } n;
      memset (&n, 0, sizeof n);
      n.head.msgh_bits = MACH_MSGH_BITS (0, MACH_MSG_TYPE_PORT_SEND_ONCE);
      n.head.msgh_id = m.id;
      n.head.msgh_local_port = m.local.name;
      n.head.msgh_size = sizeof n;
      n.name.not_type = (mach_msg_type_t) { .msgt_name = MACH_MSG_TYPE_PORT_NAME, .msgt_size = 32, .msgt_number = 1,
					    .msgt_inline = TRUE };
      memcpy (&n.name.not_port, m.data, sizeof n.name.not_port);
      serve_request (&n.head);
    }
}

/* --- The server's beginning and end ------------------------------------------------------------------ */

static void *
take_pages (void *ctx, size_t bytes)
{
  void *memory = aligned_alloc (bytes, bytes);
  dr_assert (memory != NULL);
  memset (memory, 0, bytes);
  return memory;
}

static void give_pages (void *ctx, void *memory, size_t bytes) { free (memory); }
static struct timespec now (void) { return (struct timespec) { 1000, 0 }; }

static void
dying (struct store *store, struct node *node)
{
  if (node->translator)
    translator_set (node, MACH_PORT_NULL);
  if (node->identity)
    mach_port_mod_refs (MACHINE_SELF, node->identity, MACH_PORT_RIGHT_RECEIVE, -1);
  if (node->address)
    mach_port_deallocate (MACHINE_SELF, node->address);
}

static struct object notices, control;

static void
begin (void)
{
  static const struct page_source source = { take_pages, give_pages, NULL };
  struct mk *kernel = machine_ports_begin ();
  uint32_t nobody = 0;
  mach_port_t port;
  mach_msg_type_name_t kind;
  machine_memory_begin (0);
  server = (struct server) { 0 };
  pool.idle = IDLE;
  filemap_counts.maps = 1;		/* it must not end while we look */
  rights = 0;
  mk_allocate (machine_task (), MK_PORT_SET, &server.receive_set);
  dr_assert (object_make (&notices, OBJECT_NOTIFY, false) == 0 && object_make (&control, OBJECT_CONTROL, true) == 0);
  server.notify_port = notices.port;
  server.control = &control;
  dr_assert (store_init (&server.store, &source, STORE_BYTES, now, dying) == 0);
  client = mk_task_create (kernel);
  mk_allocate (client, MK_RECEIVE, &reply_port);
  mk_extract_right (machine_task (), control.port, MK_MAKE_SEND, client, &right[rights++]);
  /* And the root, opened by its owner.  */
  struct ids *ids = ids_make (&nobody, 1, &nobody, 1);
  string_t name;
  struct lookup_result result = { .name = name };
  struct surroundings *around = surroundings_make (NULL, MACH_PORT_NULL, MACH_PORT_NULL);
  dr_assert (lookup_open (server.store.root, around, ids, HURD_O_READ, false, &result) == 0);
  surroundings_drop (around);
  ids_drop (ids);
  mk_extract_right (machine_task (), result.port, (enum mk_disposition) result.port_type, client, &right[rights++]);
}

static void
end (void)
{
  mk_task_terminate (client);
  client = NULL;
  serve_notifications ();
  dr_assert (server.opens == 0);
  store_free (&server.store);
  dr_assert (server.store.pool.pages_used == 0);
  if (server.identity != MACH_PORT_NULL)
    mach_port_mod_refs (MACHINE_SELF, server.identity, MACH_PORT_RIGHT_RECEIVE, -1);
  object_destroy (&control);
  object_destroy (&notices);
  mk_mod_refs (machine_task (), server.receive_set, MK_PORT_SET, -1);
  machine_end ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  begin ();
  for (unsigned i = 0; i < MESSAGES_MAX && size >= sizeof (struct order); i++)
    {
      struct order order;
      struct mk_message unread;
      memcpy (&order, data, sizeof order);
      data += sizeof order;
      size -= sizeof order;
      order.words = order.words < size / 8 ? order.words : (uint8_t) (size / 8);
      say (&order, data);
      data += order.words * 8;
      size -= order.words * 8;
      serve_notifications ();
      while (mk_receive (client, reply_port, &unread) == MK_SUCCESS)
	continue;
      machine_ports_check ();
    }
  end ();
  return 0;
}
