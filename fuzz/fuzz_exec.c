/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the node's exec server, and of the programs that it started, from MIG's checks to
   the reply, with the loading of a file whose server lies (what stands in the file is fuzz_elf's).
   The client's own ports stand for tasks and files.  When the client has gone no program waits for
   what it is to learn, and no right and no page is left.

   The input: steps of machine/client.h.  No input would guess a sound exec_exec_paths of more than
   two thousand bytes: that is an event, of which the body says what stands in the message.  */
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "fuzz/machine/client.h"
#include "fuzz/machine/file.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

void end_server (int status);

#define main exec_main
#define exit end_server
#include "node/proc/exec.c"
#undef main
#undef exit

/* Whole, so that what it keeps can be let go of at the end.  */
#define drop drop_reference
#include "node/proc/image_cache.c"
#undef drop

#include "node/proc/startup_table.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { STEPS_MAX = 32, ID_GOAWAY = 22001, ID_EXEC = 30004 };
enum { FIXED_ITEMS = 5, ARRAYS = 7, ITEMS = FIXED_ITEMS + ARRAYS, PATH_BYTES = 1024, RIGHTS_MAX = 24 };
enum event { EVENT_TASK_ENDS, EVENT_DROP, EVENT_CLIENT_DIES, EVENT_FAILURE, EVENT_EXEC, EVENTS };

/* What an exec_exec_paths is made of.  */
struct exec_order
{
  struct machine_file served;
  uint8_t file, old_task, port;	/* numbers of rights: the last is the arrays' first one */
  uint8_t far;			/* a bit for each array that is out of line; 128: absolute path */
  uint8_t number[ARRAYS];
  uint8_t wrong_item, wrong_by;	/* a byte of a descriptor that is not as it should be */
};

static struct client client;
static mach_msg_header_t *waiting;	/* the next message, if any */
static unsigned calls_left;		/* before one fails; 0: all succeed */
static kern_return_t answer;		/* the last one's */

void end_server (int status) { abort (); }
static bool fails (void) { return calls_left > 0 && --calls_left == 0; }

/* --- Mach, and other servers ------------------------------------------------------------------------ */

/* The process server may be anybody.  */
kern_return_t
proc_reassign (mach_port_t process, mach_port_t task)
{
  uint32_t type;
  dr_assert (mk_type (machine_task (), process, &type) == MK_SUCCESS && mk_type (machine_task (), task, &type) == MK_SUCCESS);
  return fails () ? HURD_ESRCH : 0;
}

kern_return_t proc_set_exe (mach_port_t process, char *path) { return 0; }

kern_return_t
fsys_startup (mach_port_t bootstrap, int flags, mach_port_t control, mach_msg_type_name_t kind, mach_port_t *node)
{
  return KERN_FAILURE;
}

kern_return_t
task_create (mach_port_t parent, boolean_t inherit, mach_port_t *task)
{
  machine_other_begin ();
  if (fails ())
    return KERN_RESOURCE_SHORTAGE;
  *task = client_right_to_own (&client, 0);
  return KERN_SUCCESS;
}

kern_return_t
thread_create (mach_port_t task, mach_port_t *thread)
{
  if (fails ())
    return KERN_RESOURCE_SHORTAGE;
  *thread = client_right_to_own (&client, 0);
  return KERN_SUCCESS;
}

kern_return_t task_get_special_port (mach_port_t task, int which, mach_port_t *port) { return KERN_FAILURE; }
kern_return_t task_terminate (mach_port_t task) { return KERN_SUCCESS; }
kern_return_t thread_resume (mach_port_t thread) { return KERN_SUCCESS; }

kern_return_t
thread_set_state (mach_port_t thread, int flavor, thread_state_t state, mach_msg_type_number_t count)
{
  return fails () ? KERN_FAILURE : KERN_SUCCESS;
}

/* A task's only right to its bootstrap port is the client's.  */
kern_return_t
task_set_special_port (mach_port_t task, int which, mach_port_t port)
{
  if (fails ())
    return KERN_FAILURE;
  client_give (&client, port, MK_COPY_SEND);
  return KERN_SUCCESS;
}

kern_return_t
mach_port_destroy (mach_port_t task, mach_port_t name)
{
  return mk_destroy_name (machine_task (), name);
}

/* --- Memory: whoever is not we is the new task ------------------------------------------------------ */

kern_return_t __real_vm_allocate (mach_port_t task, vm_address_t *address, vm_size_t bytes, boolean_t anywhere);
kern_return_t __real_vm_protect (mach_port_t task, vm_address_t address, vm_size_t bytes, boolean_t most, vm_prot_t protection);
kern_return_t __real_vm_write (mach_port_t task, vm_address_t address, vm_offset_t data, vm_size_t bytes);

static mach_port_t
whose (mach_port_t task)
{
  return task == MACHINE_SELF ? MACHINE_SELF : MACHINE_OTHER;
}

kern_return_t
__wrap_vm_allocate (mach_port_t task, vm_address_t *address, vm_size_t bytes, boolean_t anywhere)
{
  return fails () ? KERN_RESOURCE_SHORTAGE : __real_vm_allocate (whose (task), address, bytes, anywhere);
}

kern_return_t
__wrap_vm_protect (mach_port_t task, vm_address_t address, vm_size_t bytes, boolean_t most, vm_prot_t protection)
{
  return fails () ? KERN_FAILURE : __real_vm_protect (whose (task), address, bytes, most, protection);
}

kern_return_t
__wrap_vm_write (mach_port_t task, vm_address_t address, vm_offset_t data, vm_size_t bytes)
{
  return fails () ? KERN_FAILURE : __real_vm_write (whose (task), address, data, bytes);
}

mach_msg_return_t
mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t receive_size,
	  mach_port_t receive_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
  if (option & MACH_SEND_MSG)
    answer = ((mig_reply_header_t *) message)->RetCode;
  return client_mach_msg (&client, &waiting, message, option, receive_size);
}

/* --- Messages ------------------------------------------------------------------------------------- */

static void
serve_request (mach_msg_header_t *request)
{
  waiting = request;
  mach_msg_server (demux, REQUEST_SIZE, server.port_set);
}

/* The number of right I of an array, all of whose rights are sent in one way: they are the
   client's own ports, or what it was given.  */
static uint64_t
right_number (unsigned first, unsigned i)
{
  enum { OWN = CLIENT_NUMBER_OWN };
  first %= CLIENT_NUMBERS;
  return first >= OWN ? OWN + (first - OWN + i) % CLIENT_PORTS : first + i < CLIENT_RIGHTS_MAX ? first + i : first;
}

/* One item; rights are numbers, and those of an array out of line bytes.  Returns what comes behind it.  */
static uint8_t *
put_item (uint8_t *at, unsigned name, unsigned bits, unsigned number, bool far, unsigned first)
{
  bool ports = MACH_MSG_TYPE_PORT_ANY (name), array = name != MACH_MSG_TYPE_STRING_C && number != 1;
  mach_msg_type_t type = { .msgt_name = name, .msgt_size = ports && far ? 32 : bits, .msgt_number = number,
			   .msgt_inline = !far };
  size_t bytes = far ? sizeof (uint64_t) : (number * bits / 8 + 7) & ~7u;
  memcpy (at, &type, sizeof type);
  at += sizeof type;
  memset (at, array ? 'a' : 0, bytes);
  for (unsigned i = 0; ports && i < (far ? sizeof (uint64_t) : number); i++)
    memcpy (at + i * (far ? 1 : sizeof (uint64_t)), &(uint64_t) { right_number (first, i) }, far ? 1 : sizeof (uint64_t));
  return at + bytes;
}

/* The body of a message by ORDER, behind the header.  */
static size_t
put_exec (const struct exec_order *order)
{
  static const struct { uint8_t name, bits; } kind[ARRAYS] = {
    { MACH_MSG_TYPE_CHAR, 8 }, { MACH_MSG_TYPE_CHAR, 8 }, { MACH_MSG_TYPE_MAKE_SEND, 64 }, { MACH_MSG_TYPE_MAKE_SEND, 64 },
    { MACH_MSG_TYPE_INTEGER_32, 32 }, { MACH_MSG_TYPE_PORT_NAME, 32 }, { MACH_MSG_TYPE_PORT_NAME, 32 },
  };
  uint8_t *body = (uint8_t *) (&client.message.head + 1), *item[ITEMS + 1] = { body };
  item[1] = put_item (item[0], MACH_MSG_TYPE_MAKE_SEND, 64, 1, false, order->file);
  item[2] = put_item (item[1], MACH_MSG_TYPE_MAKE_SEND, 64, 1, false, order->old_task);
  item[3] = put_item (item[2], MACH_MSG_TYPE_INTEGER_32, 32, 1, false, 0);
  item[4] = put_item (item[3], MACH_MSG_TYPE_STRING_C, 8, PATH_BYTES, false, 0);
  item[5] = put_item (item[4], MACH_MSG_TYPE_STRING_C, 8, PATH_BYTES, false, 0);
  item[4][-1] = 'p';	/* MIG's server ends it */
  item[5][-PATH_BYTES] = order->far & 128 ? 'p' : 0;
  for (unsigned i = 0; i < ARRAYS; i++)
    {
      bool ports = kind[i].name == MACH_MSG_TYPE_MAKE_SEND;
      uint8_t *at = item[FIXED_ITEMS + i];
      item[FIXED_ITEMS + i + 1] = put_item (at, kind[i].name, kind[i].bits, ports ? order->number[i] % RIGHTS_MAX
					    : order->number[i], order->far & 1 << i, order->port);
      ((mach_msg_type_t *) at)->msgt_longform = TRUE;
    }
  item[order->wrong_item % ITEMS][order->wrong_item / ITEMS % sizeof (mach_msg_type_t)] ^= order->wrong_by;
  return (size_t) (item[ITEMS] - body);
}

static void
exec (const struct client_order *order)
{
  struct exec_order what = { 0 };
  size_t given = order->words * (order->bits & CLIENT_LONG ? 16u : 8u);
  memcpy (&what, &client.message.head + 1, given < sizeof what ? given : sizeof what);
  size_t body = put_exec (&what);
  bool sound = (order->bits & CLIENT_COMPLEX) && what.wrong_by == 0 && calls_left == 0 && machine_file_is_sound (&what.served);
  machine_file_begin (&what.served, &client, fails);
  answer = KERN_SUCCESS;
  if (!client_send_body (&client, order, body, ID_EXEC))
    return;
  /* Of the client's own ports nothing is wrong.  */
  sound = sound && client.message.head.msgh_local_port == server.exec_port
	  && what.file % CLIENT_NUMBERS >= CLIENT_NUMBER_OWN;
  serve_request (&client.message.head);
  dr_assert (!sound || answer == KERN_SUCCESS);
}

static void
happen (const struct client_order *order)
{
  switch (order->routine % EVENTS)
    {
    case EVENT_TASK_ENDS: client_end_own (&client, order->to); break;
    case EVENT_DROP: client_drop (&client, order->to); break;
    case EVENT_CLIENT_DIES: client_forget_replies (&client); break;
    case EVENT_FAILURE: calls_left = order->to % 32; break;
    case EVENT_EXEC: exec (order); break;
    }
}

static void
step (const struct client_order *order)
{
  static const mach_msg_id_t first[] = { 30000, 22000, 21000, 30500, MACH_NOTIFY_FIRST };
  mach_msg_id_t id = first[order->subsystem % 5] + order->routine % 16;
  if (order->bits & CLIENT_EVENT)
    happen (order);
  else if (id == ID_GOAWAY)	/* who has the control port may end the server */
    return;
  else if (client_send (&client, order, id))
    serve_request (&client.message.head);
  client_notifications (server.port_set, serve_request);
  dr_assert (client_unanswered (&client) == 0);
}

/* --- The server's beginning and end ---------------------------------------------------------------- */

static void
begin (void)
{
  struct mk *kernel = machine_ports_begin ();
  machine_memory_begin (0);
  memset (&server, 0, sizeof server);
  calls_left = 0;
  machine_file_begin (&(struct machine_file) { 0 }, &client, fails);
  client_begin (&client, kernel);
  mk_allocate (machine_task (), MK_PORT_SET, &server.port_set);
  dr_assert (make_port (&server.exec_port) == 0 && make_port (&server.control_port) == 0);
  client_give (&client, server.exec_port, MK_MAKE_SEND);
  client_give (&client, server.control_port, MK_MAKE_SEND);
}

static void
end (void)
{
  calls_left = 0;
  client_end (&client);
  client_notifications (server.port_set, serve_request);
  while (cache.first != NULL)
    {
      dr_assert (cache.first->users == 0);
      unkeep (&cache.first);
    }
  client_notifications (server.port_set, serve_request);	/* a file may have been a port of ours */
  mk_mod_refs (machine_task (), server.exec_port, MK_RECEIVE, -1);
  mk_mod_refs (machine_task (), server.control_port, MK_RECEIVE, -1);
  mk_mod_refs (machine_task (), server.port_set, MK_PORT_SET, -1);
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
