/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the node's process server, by any process's port, from MIG's checks to the reply.
   The client's own ports stand for tasks, which end.  When all but the first process have ended
   no process is left that nobody waits for, and with the client no right and no page.

   The input: steps of machine/client.h.  */
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "fuzz/machine/client.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

#define main proc_main
#include "node/proc/proc.c"
#undef main

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { STEPS_MAX = 64, TASK_PAGES = 4, STRING_BYTES = 16 };
enum event { EVENT_TASK_ENDS, EVENT_DROP, EVENT_CLIENT_DIES, EVENTS };

static struct client client;
static mach_msg_header_t *waiting;	/* the next message, if any */

/* --- Mach -------------------------------------------------------------------------------------- */

static mach_port_t
send_right_to (unsigned port)
{
  mk_name name = MK_NULL;
  mk_extract_right (client.task, client.port[port], MK_MAKE_SEND, machine_task (), &name);
  return name;
}

kern_return_t
task_get_special_port (mach_port_t task, int which, mach_port_t *port)
{
  *port = send_right_to (1);
  return KERN_SUCCESS;
}

/* The client is the first task.  */
kern_return_t
startup_procinit (mach_port_t startup, mach_port_t proc, mach_msg_type_name_t proc_kind, mach_port_t *task,
		  mach_port_t *auth, mach_port_t *host_priv, mach_port_t *device_master)
{
  client_give (&client, proc, (enum mk_disposition) proc_kind);
  *task = send_right_to (0);
  *auth = MACH_PORT_NULL;
  *host_priv = send_right_to (1);
  *device_master = send_right_to (2);
  return KERN_SUCCESS;
}

static void
end_task (unsigned port)
{
  mk_mod_refs (client.task, client.port[port], MK_RECEIVE, -1);
  mk_allocate (client.task, MK_RECEIVE, &client.port[port]);
}

/* The first task is the node: while it is there the server is.  */
kern_return_t
task_terminate (mach_port_t task)
{
  uintptr_t port = mk_port_identity (machine_task (), task);
  for (unsigned i = 1; i < CLIENT_PORTS; i++)
    if (port != 0 && mk_port_identity (client.task, client.port[i]) == port)
      end_task (i);
  return KERN_SUCCESS;
}

/* A task's memory: a page of addresses, and pages of strings.  */
kern_return_t
vm_read (mach_port_t task, vm_address_t address, vm_size_t bytes, vm_offset_t *data, mach_msg_type_number_t *count)
{
  if (address == 0 || address > TASK_PAGES * MACHINE_PAGE_BYTES)
    return KERN_INVALID_ADDRESS;
  uint8_t *page = machine_own_new (bytes);
  for (size_t i = 0; i < bytes; i++)
    page[i] = i % STRING_BYTES ? 'a' : 0;
  for (size_t i = 0; address == MACHINE_PAGE_BYTES && i < bytes / 8; i++)
    ((uint64_t *) page)[i] = 2 * MACHINE_PAGE_BYTES + 40 * i + 1;
  *data = (vm_offset_t) page;
  *count = (mach_msg_type_number_t) bytes;
  return KERN_SUCCESS;
}

mach_msg_return_t
mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t receive_size,
	  mach_port_t receive_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
  return client_mach_msg (&client, &waiting, message, option, receive_size);
}

/* --- Messages ------------------------------------------------------------------------------------- */

static void
serve (mach_msg_header_t *request)
{
  waiting = request;
  mach_msg_server (demux, REQUEST_SIZE, proc_server.port_set);
}

static void
happen (const struct client_order *order)
{
  switch (order->routine % EVENTS)
    {
    case EVENT_TASK_ENDS: end_task (1 + order->to % (CLIENT_PORTS - 1)); break;
    case EVENT_DROP: client_drop (&client, order->to); break;
    case EVENT_CLIENT_DIES: client_forget_replies (&client); break;
    }
}

static void
step (const struct client_order *order)
{
  static const mach_msg_id_t first[] = { 24000, 33000, MACH_NOTIFY_FIRST };
  if (order->bits & CLIENT_EVENT)
    happen (order);
  else if (client_send (&client, order, first[order->subsystem % 3] + order->routine % 66))
    serve (&client.message.head);
  client_notifications (proc_server.port_set, serve);
  dr_assert (client_unanswered (&client) == 0);
  /* Each has a parent that is there.  */
  for (struct process *p = proc_server.processes, *q; p; p = p->next)
    {
      for (q = proc_server.processes; q && q != p->parent; q = q->next)
	continue;
      dr_assert (q ? q != p && q->life != LIFE_ZOMBIE : p == proc_server.init || !proc_server.init);
    }
}

/* --- The server's beginning and end ---------------------------------------------------------------- */

static void
begin (void)
{
  struct mk *kernel = machine_ports_begin ();
  machine_memory_begin (0);
  proc_server = (struct proc_server) { 0 };
  client_begin (&client, kernel);
  make_ports ();
  greet_first_task ();
}

static void
end (void)
{
  uintptr_t first = mk_port_identity (client.task, client.port[0]);
  if (!proc_server.init || mk_port_identity (machine_task (), proc_server.init->task) != first)
    end_task (0);		/* it is a task like others */
  for (unsigned i = 1; i < CLIENT_PORTS; i++)
    end_task (i);
  for (int i = 0; i < 4; i++)
    client_notifications (proc_server.port_set, serve);
  if (proc_server.init)
    wait_cancel (proc_server.init, HURD_EINTR);
  for (struct process *p = proc_server.processes, *next; p; p = next)
    {
      next = p->next;
      if (p == proc_server.init)
	continue;
      /* The first process may wait for it.  */
      dr_assert (p->life == LIFE_ZOMBIE && p->child_declared && p->parent == proc_server.init);
      process_free (p);
    }
  client_end (&client);
  client_notifications (proc_server.port_set, serve);
  dr_assert (!proc_server.processes);
  mach_port_deallocate (MACHINE_SELF, proc_server.host_priv);
  mach_port_deallocate (MACHINE_SELF, proc_server.device_master);
  mk_mod_refs (machine_task (), proc_server.notify_port, MK_RECEIVE, -1);
  mk_mod_refs (machine_task (), proc_server.port_set, MK_PORT_SET, -1);
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
