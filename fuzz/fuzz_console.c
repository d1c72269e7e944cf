/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the node's console server, by any of its ports, and what is typed, from the receive
   to the reply: all of it but the chip and the thread that sends signals.  When the client has
   gone no open, no waiting request, no right and no page is left.

   The input: steps of machine/client.h.  Time passes, and keys are pressed, only by them.  */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "fuzz/machine/client.h"
#include "fuzz/machine/clock.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

void end_server (int status);

#define main console_main
#define exit end_server
#include "node/console/main.c"
#undef main
#undef exit

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { STEPS_MAX = 64, ID_INPUT = 1, COUNTED_MAX = 1024 };
enum event { EVENT_TIME, EVENT_DROP, EVENT_CLIENT_DIES, EVENT_INPUT, EVENT_ALMOST_FULL, EVENTS };

struct posix_startup posix_startup;

static struct client client;
static mach_msg_header_t *waiting;	/* the next message, if any */
static jmp_buf all_served;
static struct { const uint8_t *bytes; size_t count; } typed;

/* --- Around the server ------------------------------------------------------------------------ */

void end_server (int status) { abort (); }
kern_return_t signals_prepare (void) { return KERN_FAILURE; }
kern_return_t device_prepare (mach_port_t master) { return KERN_FAILURE; }
kern_return_t proc_getprivports (mach_port_t proc, mach_port_t *host, mach_port_t *device) { return KERN_FAILURE; }
kern_return_t task_get_special_port (mach_port_t task, int which, mach_port_t *port) { return KERN_FAILURE; }

kern_return_t
fsys_startup (mach_port_t bootstrap, int flags, mach_port_t control, mach_msg_type_name_t kind, mach_port_t *node)
{
  return KERN_FAILURE;
}

void
signals_send (int hurd_signal)
{
  dr_assert (hurd_signal > 0 && hurd_signal < 32);
}

/* Each byte goes out, and so is looked at.  */
void
device_put (const char *bytes, size_t count)
{
  static volatile char chip;
  for (size_t i = 0; i < count; i++)
    chip = bytes[i];
}

bool
device_demux (mach_msg_header_t *message)
{
  if (message->msgh_local_port != console.input_port || message->msgh_id != ID_INPUT)
    return false;
  for (size_t n = 0; n < typed.count; n++)
    line_input (&console.line, typed.bytes[n]);
  line_flush_echo (&console.line);
  return true;
}

/* The server receives for ever.  */
mach_msg_return_t
mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t receive_size,
	  mach_port_t receive_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
  dr_assert (!(option & MACH_SEND_MSG) || (send_size == message->msgh_size && (option & MACH_SEND_TIMEOUT)));
  if ((option & MACH_RCV_MSG) && !waiting)
    longjmp (all_served, 1);
  return client_mach_msg (&client, &waiting, message, option, receive_size);
}

/* --- Messages ------------------------------------------------------------------------------------- */

static void
serve_message (mach_msg_header_t *message)
{
  waiting = message;
  if (setjmp (all_served) == 0)
    serve ();
}

/* What is typed comes as a message of the thread that looks at the chip.  */
static void
type_in (const struct client_order *order)
{
  static mach_msg_header_t told;
  typed.bytes = (const uint8_t *) (&client.message.head + 1);
  typed.count = order->words * (order->bits & CLIENT_LONG ? 16u : 8u);
  told = (mach_msg_header_t) { .msgh_bits = MACH_MSGH_BITS (0, MACH_MSG_TYPE_PORT_SEND), .msgh_size = sizeof told,
			       .msgh_local_port = console.input_port, .msgh_id = ID_INPUT };
  serve_message (&told);
}

/* As after so many keys in raw mode, which would take a fuzzer's whole second.  */
static void
almost_fill (struct line *line, unsigned left)
{
  line_flush (line);
  memset (line->ready, 0, sizeof line->ready);
  line->ready_count = LINE_READY_MAX - left;
}

static void
happen (const struct client_order *order)
{
  switch (order->routine % EVENTS)
    {
    case EVENT_TIME:
      machine_now_ms += (uint64_t) order->to * order->to;
      serve_message (NULL);
      break;
    case EVENT_DROP: client_drop (&client, order->to); break;
    case EVENT_CLIENT_DIES: client_forget_replies (&client); break;
    case EVENT_INPUT: type_in (order); break;
    case EVENT_ALMOST_FULL: almost_fill (&console.line, order->to); break;
    }
}

static void
check_line (const struct line *line)
{
  size_t ends = 0;
  dr_assert (line->ready_count <= LINE_READY_MAX && line->ready_start < LINE_READY_MAX);
  dr_assert (line->edit_count <= LINE_EDIT_MAX && line->echoed_count == 0);
  /* A reader that is told that there is something finds it.  */
  dr_assert (line->ends <= line->ready_count);
  for (size_t i = 0; i < line->ready_count && i < COUNTED_MAX; i++)
    ends += (line->ready[(line->ready_start + i) % LINE_READY_MAX] & 0xff) == '\n';
  dr_assert (ends <= line->ends);
  dr_assert (line->ready_count < LINE_READY_MAX || line_readable (line));
}

static void
step (const struct client_order *order)
{
  static const mach_msg_id_t first[] = { 21000, 156000, 156200, 28000, 22000, 33000, 20000, MACH_NOTIFY_FIRST };
  mach_msg_id_t id = first[order->subsystem % 8] + order->routine % 40;
  if (order->bits & CLIENT_EVENT)
    happen (order);
  else if (client_send (&client, order, id))
    serve_message (&client.message.head);
  client_notifications (console.port_set, serve_message);
  dr_assert (client_unanswered (&client) == 0);
  check_line (&console.line);
}

/* --- The server's beginning and end ---------------------------------------------------------------- */

static void
begin (void)
{
  struct mk *kernel = machine_ports_begin ();
  mach_port_t terminal;
  machine_memory_begin (0);
  memset (&console, 0, sizeof console);
  machine_now_ms = 1000;
  console.line.put = device_put;
  console.line.signal = signals_send;
  line_reset (&console.line);
  mk_allocate (machine_task (), MK_PORT_SET, &console.port_set);
  dr_assert (make_port (&console.control) == 0 && make_port (&console.ctty) == 0 && make_port (&console.input_port) == 0);
  client_begin (&client, kernel);
  client_give (&client, console.control, MK_MAKE_SEND);
  dr_assert (open_make (HURD_O_READ | HURD_O_WRITE, &terminal) == 0);
  client_give (&client, terminal, MK_MAKE_SEND);
}

static void
end (void)
{
  mk_name ports[] = { console.control, console.ctty, console.input_port };
  client_end (&client);
  client_notifications (console.port_set, serve_message);
  dr_assert (parked_expire () == -1);
  for (unsigned i = 0; i < 3; i++)
    mk_mod_refs (machine_task (), ports[i], MK_RECEIVE, -1);
  mk_mod_refs (machine_task (), console.port_set, MK_PORT_SET, -1);
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
