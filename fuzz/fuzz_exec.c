/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the node's exec server, and of the programs that it started, from MIG's checks to
   the reply: all of it but the loading of the file, which is fuzz_elf's.  The client's own ports
   stand for tasks.  When the client has gone no program waits for what it is to learn, and no
   right and no page is left.

   The input: steps of machine/client.h.  */
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "fuzz/machine/client.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

void end_server (int status);

#define main exec_main
#define exit end_server
#include "node/proc/exec.c"
#undef main
#undef exit

#include "node/proc/startup_table.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { STEPS_MAX = 32, ID_GOAWAY = 22001 };
enum event { EVENT_TASK_ENDS, EVENT_DROP, EVENT_CLIENT_DIES, EVENT_FAILURE, EVENTS };

static struct client client;
static mach_msg_header_t *waiting;	/* the next message, if any */
static unsigned calls_left;		/* before one fails; 0: all succeed */

void end_server (int status) { abort (); }
static bool fails (void) { return calls_left > 0 && --calls_left == 0; }

/* --- Mach, and other servers ------------------------------------------------------------------------ */

struct elf_source image_cache_source (mach_port_t *file, struct kept_image **used) { return (struct elf_source) { 0 }; }
void image_cache_done (struct kept_image *used) { }

int
elf_load (mach_port_t task, const struct elf_source *source, struct elf_program *program)
{
  *program = (struct elf_program) { 0x1000, 0x2000, 56 };
  return fails () ? HURD_ENOEXEC : 0;
}

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

static kern_return_t
right_to_task (mach_port_t *name)
{
  return mk_extract_right (client.task, client.port[0], MK_MAKE_SEND, machine_task (), name);
}

kern_return_t
task_create (mach_port_t parent, boolean_t inherit, mach_port_t *task)
{
  return fails () ? KERN_RESOURCE_SHORTAGE : right_to_task (task);
}

kern_return_t
thread_create (mach_port_t task, mach_port_t *thread)
{
  return fails () ? KERN_RESOURCE_SHORTAGE : right_to_task (thread);
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

kern_return_t __real_vm_allocate (mach_port_t task, vm_address_t *address, vm_size_t bytes, boolean_t anywhere);

/* Of the new task, whose memory is fuzz_elf's.  */
kern_return_t
__wrap_vm_allocate (mach_port_t task, vm_address_t *address, vm_size_t bytes, boolean_t anywhere)
{
  if (fails ())
    return KERN_RESOURCE_SHORTAGE;
  return task == MACHINE_SELF ? __real_vm_allocate (task, address, bytes, anywhere) : KERN_SUCCESS;
}

mach_msg_return_t
mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t receive_size,
	  mach_port_t receive_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
  return client_mach_msg (&client, &waiting, message, option, receive_size);
}

/* --- Messages ------------------------------------------------------------------------------------- */

static void
serve_request (mach_msg_header_t *request)
{
  waiting = request;
  mach_msg_server (demux, REQUEST_SIZE, server.port_set);
}

static void
happen (const struct client_order *order)
{
  switch (order->routine % EVENTS)
    {
    case EVENT_TASK_ENDS:
      mk_mod_refs (client.task, client.port[order->to % CLIENT_PORTS], MK_RECEIVE, -1);
      mk_allocate (client.task, MK_RECEIVE, &client.port[order->to % CLIENT_PORTS]);
      break;
    case EVENT_DROP: client_drop (&client, order->to); break;
    case EVENT_CLIENT_DIES: client_forget_replies (&client); break;
    case EVENT_FAILURE: calls_left = order->to % 16; break;
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
