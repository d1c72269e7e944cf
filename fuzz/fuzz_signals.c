/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the port by which anybody sends signals to a program of the node, from MIG's checks
   to the reply.  Only who has the program's task may send it every signal, end it, or have what it
   has open; no right and no page is left.

   The input: whether the client has the task (1 byte), then steps of machine/client.h.  */
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "fuzz/machine/client.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

#include "node/posix/signal_thread.c"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { STEPS_MAX = 32, FDS = 3, ID_EXCEPTION = 2400 };
enum event { EVENT_DROP, EVENT_CLIENT_DIES, EVENT_SERVER_DIES, EVENTS };

struct signal_state signal_state;
struct posix_process posix_process = { .pid = 2 };

static struct client client;
static bool has_task;
static mk_name our_task;
static struct open_port opened;
static struct posix_thread only_thread;

/* --- The rest of the library ------------------------------------------------------------------- */

static void handler (int signal) { }

void
signal_post (int signal)
{
  dr_assert (signal > 0 && signal <= SIGNAL_MAX);
  dr_assert (has_task || is_permitted (signal, MACH_PORT_NULL));
}

void signal_continue_process (void) { }
void signal_die (int signal) { abort (); }
void signal_inject (struct posix_thread *thread) { dr_assert (has_task); }
void signal_only_thread (struct posix_thread *thread) { }
struct posix_thread *signal_thread_of_port (mach_port_t thread) { return &only_thread; }
struct posix_thread *posix_self (void) { return &only_thread; }
long posix_monotonic_ns (void) { return 1; }
void posix_debug (const char *format, ...) { }
void posix_lock (posix_lock_t *lock) { }
void posix_unlock (posix_lock_t *lock) { }
long sys_getpid (void) { return posix_process.pid; }
void open_port_put (struct open_port *port) { }

static mach_port_t
give_away (void)
{
  dr_assert (has_task);
  return client_right_to_own (&client, 0);
}

mach_port_t current_directory (void) { return give_away (); }
mach_port_t root_directory (void) { return give_away (); }

struct open_port *
fd_get (int fd)
{
  dr_assert (has_task);
  return fd >= 0 && fd < FDS ? &opened : NULL;
}

kern_return_t
posix_service_thread (void (*function) (void *), void *argument, size_t stack, mach_port_t *thread)
{
  return KERN_FAILURE;
}

kern_return_t
proc_wait (mach_port_t proc, pid_t pid, int options, int *status, int *code, rusage_t *usage, pid_t *which)
{
  return HURD_ECHILD;
}

kern_return_t proc_setmsgport (mach_port_t proc, mach_port_t port, mach_port_t *old) { return KERN_FAILURE; }

kern_return_t
thread_get_state (mach_port_t thread, int flavor, thread_state_t state, mach_msg_type_number_t *count)
{
  return KERN_FAILURE;
}

/* Whose task it is it may end, but not ours by this.  */
kern_return_t
task_terminate (mach_port_t task)
{
  dr_assert (task != mach_task_self ());
  return KERN_SUCCESS;
}

kern_return_t task_set_special_port (mach_port_t task, int which, mach_port_t port) { return KERN_FAILURE; }
mach_port_t mig_get_reply_port (void) { return MACH_PORT_NULL; }

mach_msg_return_t
mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t receive_size,
	  mach_port_t receive_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
  dr_assert (option == (MACH_SEND_MSG | MACH_SEND_TIMEOUT) && send_size == message->msgh_size);
  return client_reply (&client, message);
}

/* --- Messages ------------------------------------------------------------------------------------- */

static void
serve_message (mach_msg_header_t *request)
{
  static union { mig_reply_header_t head; char bytes[MESSAGE_BYTES]; } reply;
  if (request->msgh_size > MESSAGE_BYTES)	/* the kernel throws it away */
    mach_msg_destroy (request);
  else
    serve_one (request, &reply.head);
}

static void
happen (const struct client_order *order)
{
  switch (order->routine % EVENTS)
    {
    case EVENT_DROP: client_drop (&client, order->to); break;
    case EVENT_CLIENT_DIES: client_forget_replies (&client); break;
    case EVENT_SERVER_DIES: client_end_own (&client, 1); break;
    }
}

static void
step (const struct client_order *order)
{
  static const mach_msg_id_t first[] = { 23000, ID_EXCEPTION, WAKE_MESSAGE_ID, MACH_NOTIFY_FIRST };
  mach_msg_id_t id = first[order->subsystem % 4] + order->routine % 32;
  bool too_long = false;
  if (order->bits & CLIENT_EVENT)
    happen (order);
  else if (client_send (&client, order, id))
    {
      too_long = client.message.head.msgh_size > MESSAGE_BYTES;
      serve_message (&client.message.head);
    }
  dr_assert (client_unanswered (&client) == 0 || id == WAKE_MESSAGE_ID || too_long);
}

/* --- The program's beginning and end ---------------------------------------------------------------- */

static void
begin (void)
{
  struct mk *kernel = machine_ports_begin ();
  machine_memory_begin (0);
  mk_allocate (machine_task (), MK_RECEIVE, &our_task);
  dr_assert (our_task == mach_task_self ());
  memset (&signal_state, 0, sizeof signal_state);
  for (int i = 0; i <= SIGNAL_MAX; i++)
    signal_state.actions[i].handler = i == SIGCHLD ? SIG_IGN : handler;
  mk_allocate (machine_task (), MK_RECEIVE, &signal_state.message_port);
  client_begin (&client, kernel);
  client_give (&client, signal_state.message_port, MK_MAKE_SEND);
  if (has_task)
    client_give (&client, our_task, MK_MAKE_SEND);
  opened = (struct open_port) { .port = client_right_to_own (&client, 1) };
}

static void
end (void)
{
  client_end (&client);
  mach_port_deallocate (MACHINE_SELF, opened.port);
  mk_mod_refs (machine_task (), signal_state.message_port, MK_RECEIVE, -1);
  mk_mod_refs (machine_task (), our_task, MK_RECEIVE, -1);
  machine_end ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  has_task = data[0] & 1;
  begin ();
  client_steps (&client, data + 1, size - 1, STEPS_MAX, step);
  end ();
  return 0;
}
