/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the node's server of local sockets, by any of its ports, from MIG's checks to the
   reply.  When the clients have gone no socket, no waiting request, no right and no page is left.

   The input: steps of machine/client.h.  Time passes only by them.  */
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "fuzz/machine/client.h"
#include "fuzz/machine/clock.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

void end_server (int status);

#define main pflocal_main
#define exit end_server
#include "node/pflocal/main.c"
#undef main
#undef exit

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { STEPS_MAX = 64, ID_GOAWAY = 22001, ID_SEND = 26014, ID_INTERRUPT = 33000 };
enum event { EVENT_TIME, EVENT_DROP, EVENT_CLIENT_DIES, EVENTS };

static struct client client;
static union { mach_msg_header_t head; char bytes[PFLOCAL_REQUEST_BYTES_MAX]; } reply;

/* --- Around the server ------------------------------------------------------------------------ */

void end_server (int status) { abort (); }
kern_return_t task_get_special_port (mach_port_t task, int which, mach_port_t *port) { return KERN_FAILURE; }

kern_return_t
fsys_startup (mach_port_t bootstrap, int flags, mach_port_t control, mach_msg_type_name_t kind, mach_port_t *node)
{
  return KERN_FAILURE;
}

/* Answers that do not go with the receive.  */
mach_msg_return_t
mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t receive_size,
	  mach_port_t receive_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
  dr_assert (option == (MACH_SEND_MSG | MACH_SEND_TIMEOUT) && send_size == message->msgh_size);
  return client_reply (&client, message);
}

/* --- Turns of the server's loop ------------------------------------------------------------------ */

static void
serve_request (mach_msg_header_t *request)
{
  static mach_port_seqno_t seqno;
  current_request = (struct current_request) { request->msgh_id, ++seqno };
  bool answered = demultiplex (request, &reply.head);
  if (settle (request, &reply.head, answered) && client_reply (&client, &reply.head))
    mach_msg_destroy (&reply.head);
  parked_retry ();
}

static void
happen (const struct client_order *order)
{
  switch (order->routine % EVENTS)
    {
    case EVENT_TIME:
      machine_now_ms += (uint64_t) order->to * order->to;
      parked_next_timeout_ms ();
      parked_retry ();
      break;
    case EVENT_DROP: client_drop (&client, order->to); break;
    case EVENT_CLIENT_DIES: client_forget_replies (&client); break;
    }
}

static void
step (const struct client_order *order)
{
  static const mach_msg_id_t first[] = { 26000, 21000, 22000, ID_INTERRUPT, 20000, MACH_NOTIFY_FIRST };
  mach_msg_id_t id = first[order->subsystem % 6] + order->routine % 40;
  /* A socket whose last right waits in itself is never ended, here as on other systems without a collector.  */
  client.shares_own_only = id == ID_SEND;
  if (order->bits & CLIENT_EVENT)
    happen (order);
  else if (id == ID_GOAWAY)	/* who has the control port may end the server */
    return;
  else if (client_send (&client, order, id))
    serve_request (&client.message.head);
  client_notifications (objects_receive_set (), serve_request);
  /* Nobody answers those.  */
  dr_assert (client_unanswered (&client) == 0 || id == ID_INTERRUPT
	     || (id >= MACH_NOTIFY_FIRST && id <= MACH_NOTIFY_LAST));
}

/* --- The server's beginning and end ---------------------------------------------------------------- */

static void
begin (void)
{
  struct mk *kernel = machine_ports_begin ();
  machine_memory_begin (0);
  machine_now_ms = 1000;
  dr_assert (objects_open () == 0 && object_make (&control, OBJECT_CONTROL) == 0
	     && object_make (&family, OBJECT_FAMILY) == 0);
  client_begin (&client, kernel);
  client_give (&client, family.port, MK_MAKE_SEND);
  client_give (&client, control.port, MK_MAKE_SEND);
}

static void
end (void)
{
  client_end (&client);
  for (int i = 0; i < 4; i++)
    {
      client_notifications (objects_receive_set (), serve_request);
      parked_retry ();
    }
  dr_assert (parked_sweep () == 0);
  client_notifications (objects_receive_set (), serve_request);
  object_destroy (&control);
  object_destroy (&family);
  mk_mod_refs (machine_task (), objects_receive_set (), MK_PORT_SET, -1);
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
