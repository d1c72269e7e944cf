/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the node's file server, by any of its ports, from MIG's checks to the reply: all of
   it but memory objects and threads.  The rights are a model kernel's.  When the clients have gone
   no open, no right and no page is left.

   The input: steps of machine/client.h.  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "fuzz/machine/client.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

#include "node/tmpfs/server.c"
#include "node/tmpfs/filemap.h"
#include "node/tmpfs/lookup.h"

#undef exit

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
void end_server (int status);

enum { STORE_BYTES = 1 << 20, STEPS_MAX = 64, ID_SET_TRANSLATOR = 20027, ID_GOAWAY = 22001, ID_INTERRUPT = 33000, TRANSLATOR_FAILS = 16, IDLE = 1000 };
enum event { EVENT_DROP, EVENT_CLIENT_DIES, EVENT_PORT_ENDS, EVENTS };

static struct client client;
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
  *root = client_right_to_own (&client, 0);
  return KERN_SUCCESS;
}

kern_return_t
socket_fabricate_address (mach_port_t family, int kind, mach_port_t *address)
{
  if (translator_fails)
    return HURD_EIO;
  *address = client_right_to_own (&client, 0);
  return KERN_SUCCESS;
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
  return client_reply (&client, message);
}

int
machine_wait (pthread_cond_t *condition, pthread_mutex_t *lock)
{
  dr_assert (!"nothing here is waited for");
  return 0;
}

/* --- Messages ------------------------------------------------------------------------------------- */

static void
serve_request (mach_msg_header_t *request)
{
  static union { mach_msg_header_t head; char bytes[TMPFS_REQUEST_BYTES_MAX]; } reply;
  bool answered;
  handle (request, &reply.head, &answered);
  if (settle (request, &reply.head, answered) && client_reply (&client, &reply.head))
    mach_msg_destroy (&reply.head);
  dr_assert (pool.idle == IDLE && pool.waiting == 0);
}

static void
happen (const struct client_order *order)
{
  switch (order->routine % EVENTS)
    {
    case EVENT_DROP: client_drop (&client, order->to); break;
    case EVENT_CLIENT_DIES: client_forget_replies (&client); break;
    case EVENT_PORT_ENDS: client_end_own (&client, order->to); break;
    }
}

static void
step (const struct client_order *order)
{
  static const mach_msg_id_t first[] = { 20000, 21000, 22000, 34000, ID_INTERRUPT, MACH_NOTIFY_FIRST };
  mach_msg_id_t id = first[order->subsystem % 6] + order->routine % 64;
  bool received = true;
  /* A file whose translator is an open file of this server keeps that open for as long as it has it.  */
  client.shares_own_only = id == ID_SET_TRANSLATOR;
  translator_fails = order->bits & TRANSLATOR_FAILS;
  if (order->bits & CLIENT_EVENT)
    happen (order);
  else if (id == ID_GOAWAY)	/* who has the control port may end the server */
    return;
  else if (client_send (&client, order, id))
    {
      /* Nobody receives at a file's identity.  */
      received = object_of_port (client.message.head.msgh_local_port) != NULL;
      if (received)
	serve_request (&client.message.head);
      else
	mach_msg_destroy (&client.message.head);
    }
  /* The next request may come before the kernel's word of what happened.  */
  if (!(order->bits & CLIENT_EVENT))
    client_notifications (server.receive_set, serve_request);
  /* And nobody answers those.  */
  dr_assert (client_unanswered (&client) == 0 || !received || id == ID_INTERRUPT
	     || (id >= MACH_NOTIFY_FIRST && id <= MACH_NOTIFY_LAST));
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
  mk_allocate (machine_task (), MK_PORT_SET, &server.receive_set);
  dr_assert (object_make (&notices, OBJECT_NOTIFY, false) == 0 && object_make (&control, OBJECT_CONTROL, true) == 0);
  server.notify_port = notices.port;
  server.control = &control;
  dr_assert (store_init (&server.store, &source, STORE_BYTES, now, dying) == 0);
  client_begin (&client, kernel);
  client_give (&client, control.port, MK_MAKE_SEND);
  /* And the root, opened by its owner.  */
  struct ids *ids = ids_make (&nobody, 1, &nobody, 1);
  string_t name;
  struct lookup_result result = { .name = name };
  struct surroundings *around = surroundings_make (NULL, MACH_PORT_NULL, MACH_PORT_NULL);
  dr_assert (lookup_open (server.store.root, around, ids, HURD_O_READ, false, &result) == 0);
  surroundings_drop (around);
  ids_drop (ids);
  client_give (&client, result.port, (enum mk_disposition) result.port_type);
}

static void
end (void)
{
  client_end (&client);
  client_notifications (server.receive_set, serve_request);
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
  client_steps (&client, data, size, STEPS_MAX, step);
  end ();
  return 0;
}
