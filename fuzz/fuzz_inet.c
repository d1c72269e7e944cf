/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the node's Internet server, by any of its ports, from the receive to the reply: all
   of it but the card.  Sockets talk by lwIP's loopback.  When the clients have gone no socket, no
   waiting request, no right, no page and none of lwIP's memory is left.

   The input: steps of machine/client.h.  Time passes only by them.  */
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "fuzz/machine/client.h"
#include "fuzz/machine/clock.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

#define main inet_main
#include "node/inet/main.c"
#undef main

#include <hurd_abi.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/timeouts.h>

#include "address.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum
{
  STEPS_MAX = 64, TURNS = 4, END_MS_MAX = 30 * 60 * 1000, ID_GOAWAY = 22001, ID_GETROOT = 22002,
  ID_REAUTHENTICATE = 21014,
};
enum event { EVENT_TIME, EVENT_DROP, EVENT_CLIENT_DIES, EVENT_SHORT_OF_MEMORY, EVENTS };

static struct server server;
static struct client client;
static mach_msg_header_t *waiting;	/* the next message, if any */
static size_t used;			/* bytes, of lwIP's */
static unsigned allocations_left;	/* 0: all succeed */
static uint32_t random_state;

/* --- Around the server ------------------------------------------------------------------------ */

void nic_stop (struct nic *nic) { }
kern_return_t nic_open (mach_port_t host, mach_port_t device, mach_port_t port, struct nic **nic, const char **p) { return 1; }
void nic_kick (struct nic *nic) { }
void nic_interrupted (struct nic *nic) { }
bool nic_interrupts_off (const struct nic *nic) { return false; }
bool nic_interrupts_on (struct nic *nic) { return false; }
const struct nic_counters *nic_counters (const struct nic *nic) { abort (); }
unsigned nic_spare_buffers (const struct nic *nic) { return 0; }
bool ethernet_poll (struct ethernet *ethernet) { return false; }
kern_return_t startup_as_translator (mach_port_t control) { return KERN_FAILURE; }
kern_return_t startup_privileged_ports (mach_port_t *host, mach_port_t *device) { return KERN_FAILURE; }

struct ethernet *
ethernet_open (struct nic *nic, const ip4_addr_t *address, const ip4_addr_t *netmask, const ip4_addr_t *gateway)
{
  return NULL;
}

/* lwIP's port.  Its memory is the heap's, where what is used after it was freed is seen.  */

size_t port_memory_used (void) { return used; }
uint64_t port_milliseconds (void) { return machine_now_ms; }
uint32_t sys_now (void) { return (uint32_t) machine_now_ms; }
uint32_t port_random (void) { return random_state = random_state * 1664525 + 1013904223; }
void port_diagnose (const char *format, ...) { }
void port_assert_failed (const char *what, const char *file, int line) { dr_assert (!"lwIP's own assertions hold"); }

/* Timers come from a pool of their own on the node, which is never empty.  */
void *
port_malloc (size_t bytes)
{
  size_t *block;
  bool may_fail = bytes != LWIP_MEM_ALIGN_SIZE (sizeof (struct sys_timeo));
  if (may_fail && ((allocations_left > 0 && --allocations_left == 0) || used + bytes > port_memory_limit_bytes))
    return NULL;
  block = malloc (16 + bytes);
  dr_assert (block != NULL);
  *block = bytes;
  used += bytes;
  return block + 2;
}

void *
port_calloc (size_t count, size_t bytes)
{
  void *block = port_malloc (count * bytes);
  return block ? memset (block, 0, count * bytes) : NULL;
}

void
port_free (void *block)
{
  if (!block)
    return;
  used -= ((size_t *) block)[-2];
  free ((size_t *) block - 2);
}

uint16_t
port_checksum (const void *data, int length)
{
  const uint8_t *at = data;
  uint32_t sum = 0;
  for (int i = 0; i < length; i++)
    sum += (uint32_t) at[i] << (i % 2 * 8);
  sum = (sum >> 16) + (sum & 0xffff);
  return (uint16_t) ((sum >> 16) + sum);
}

/* --- Mach -------------------------------------------------------------------------------------- */

mach_msg_return_t
mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t receive_size,
	  mach_port_t receive_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
  dr_assert (!(option & MACH_SEND_MSG) || send_size == message->msgh_size);
  return client_mach_msg (&client, &waiting, message, option, receive_size);
}

/* --- Turns of the server's loop ------------------------------------------------------------------ */

static void
turn (void)
{
  run_network (&server);
  run_timers (&server);
  if (exchange (&server, 0))
    serve (&server);
}

static void
serve_message (mach_msg_header_t *message)
{
  waiting = message;
  turn ();
}

static void
settle (void)
{
  for (int i = 0; i < TURNS; i++)
    turn ();
  client_notifications (server.port_set, serve_message);
  turn ();
}

static void
happen (const struct client_order *order)
{
  switch (order->routine % EVENTS)
    {
    case EVENT_TIME: machine_now_ms += (uint64_t) order->to * order->to; break;
    case EVENT_DROP: client_drop (&client, order->to); break;
    case EVENT_CLIENT_DIES: client_forget_replies (&client); break;
    case EVENT_SHORT_OF_MEMORY: allocations_left = order->to; break;
    }
}

static void
step (const struct client_order *order)
{
  static const mach_msg_id_t first[] = { 26000, 21000, 22000, 33000, 20000, MACH_NOTIFY_FIRST };
  mach_msg_id_t id = first[order->subsystem % 6] + order->routine % 40;
  if (order->bits & CLIENT_EVENT)
    happen (order);
  else if (id == ID_GOAWAY)	/* who has the control port may end the server */
    return;
  else if (client_send (&client, order, id))
    serve_message (&client.message.head);
  settle ();
  /* Nobody answers those.  */
  dr_assert (client_unanswered (&client) == 0 || id == ID_REAUTHENTICATE || id == MACH_NOTIFY_NO_SENDERS);
}

/* --- The server's beginning and end ---------------------------------------------------------------- */

static void
get_root (void)
{
  static const struct client_order order = { .words = 6, .bits = CLIENT_COMPLEX };
  static const uint32_t body[] = {
    MACH_MSG_TYPE_COPY_SEND | 64 << 8 | 1 << 29, 1, CLIENT_RIGHTS_MAX, 0,
    MACH_MSG_TYPE_INTEGER_32 | 32 << 8 | 1 << 29, 0, MACH_MSG_TYPE_INTEGER_32 | 32 << 8 | 1 << 29, 0,
    MACH_MSG_TYPE_INTEGER_32 | 32 << 8 | 1 << 29, 1, 0, 0,
  };
  memcpy (&client.message.head + 1, body, sizeof body);
  dr_assert (client_send (&client, &order, ID_GETROOT));
  serve_message (&client.message.head);
  settle ();
  dr_assert (client.rights == 2);
}

static size_t
begin (void)
{
  static size_t used_by_nobody;
  static bool lwip_runs;
  struct mk *kernel = machine_ports_begin ();
  machine_memory_begin (0);
  server = (struct server) { 0 };
  allocations_left = 0;
  random_state = 1;
  dr_assert (server_open (&server));
  if (!lwip_runs)
    {
      lwip_init ();
      used_by_nobody = used;
      lwip_runs = true;
    }
  client_begin (&client, kernel);
  client_give (&client, server.control.port, MK_MAKE_SEND);
  get_root ();
  return used_by_nobody;
}

static void
end (size_t used_by_nobody)
{
  allocations_left = 0;
  client_end (&client);
  settle ();
  machine_now_ms += sweep_interval_ms;
  settle ();
  dr_assert (sockets_count () == 0 && operations_waiting () == 0 && addresses_sweep () == 0);
  /* Connections end in their own time.  */
  for (uint64_t limit = machine_now_ms + END_MS_MAX; used != used_by_nobody; machine_now_ms += 250)
    {
      dr_assert (machine_now_ms < limit);
      turn ();
    }
  dr_assert (!tcp_active_pcbs && !tcp_tw_pcbs && !tcp_listen_pcbs.pcbs && !tcp_bound_pcbs);
  object_close (&server.control);
  mk_mod_refs (machine_task (), server.port_set, MK_PORT_SET, -1);
  free (server.request);
  free (server.reply);
  machine_end ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  size_t used_by_nobody = begin ();
  client_steps (&client, data, size, STEPS_MAX, step);
  end (used_by_nobody);
  return 0;
}
