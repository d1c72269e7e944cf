/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program of the node makes of answers to poll, which come as raw messages from whoever
   serves its descriptors.  What is found is some of what was asked for, or an error; what else an
   answer brings is dropped.

   The input: how many descriptors (1 byte), their events (1 each), then for each message that is
   received: who sends it, what it says to be, its size in words, and the body.  */
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "fuzz/machine/client.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

#include "node/posix/poll.c"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { FDS_MAX = 6, TIMEOUT_MS = 5, ORDER_BYTES = 3, INTERRUPTED = 64 };

static struct client server;	/* has a right to each reply port, in order */
static struct open_port opened[FDS_MAX];
static struct posix_thread only_thread;
static const uint8_t *answers, *answers_end;
static bool interrupted, time_is_over;

/* --- Around --------------------------------------------------------------------------------------- */

struct open_port *fd_get (int fd) { return fd < FDS_MAX ? &opened[fd] : NULL; }
void open_port_put (struct open_port *port) { }
void posix_interruptible_begin (void) { }
void posix_interruptible_end (void) { }
bool posix_signals_deliverable (void) { return interrupted; }
struct posix_thread *posix_self (void) { return &only_thread; }
long posix_monotonic_ns (void) { return NS_PER_SECOND; }
long posix_realtime_ns (void) { return NS_PER_SECOND; }
long posix_sleep_until (long ns) { return 0; }
long sys_pause (void) { return -EINTR; }
bool signals_take (struct i386_thread_state *registers) { return false; }
mach_port_t mig_get_reply_port (void) { return MACH_PORT_NULL; }

static unsigned
next_byte (void)
{
  return answers < answers_end ? *answers++ : 0;
}

kern_return_t
io_select_timeout (mach_port_t file, mach_port_t reply, struct timespec until, int *types)
{
  static const kern_return_t result[] = { 0, HURD_EOPNOTSUPP, MIG_BAD_ID, HURD_EIO };
  *types = (int) next_byte ();
  return result[next_byte () % 4];
}

kern_return_t
io_select_timeout_request (mach_port_t file, mach_port_t reply, mach_msg_type_name_t how, struct timespec until, int types)
{
  client_give (&server, reply, (enum mk_disposition) how);
  return KERN_SUCCESS;
}

/* The next answer; when there is none left the time is over.  */
mach_msg_return_t
mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t receive_size,
	  mach_port_t set, mach_msg_timeout_t timeout, mach_port_t notify)
{
  static const mach_msg_id_t id[] = { SELECT_REPLY_ID, SELECT_TIMEOUT_REPLY_ID, 21101, MACH_NOTIFY_NO_SENDERS };
  dr_assert (!(option & MACH_SEND_MSG));
  if (answers_end - answers < ORDER_BYTES)
    {
      time_is_over |= timeout > 0;
      return MACH_RCV_TIMED_OUT;
    }
  unsigned to = next_byte (), what = next_byte (), bytes = next_byte () * 8;
  struct client_order order = { .to = (uint8_t) to, .bits = CLIENT_NO_REPLY | (what & CLIENT_COMPLEX) };
  if (bytes > (size_t) (answers_end - answers))
    bytes = (size_t) (answers_end - answers) & ~7u;
  memset (&server.message, 0, sizeof server.message.head);
  memcpy (&server.message.head + 1, answers, bytes);
  answers += bytes;
  interrupted = what & INTERRUPTED;
  if (interrupted)
    return MACH_RCV_INTERRUPTED;
  if (!client_send_body (&server, &order, bytes, id[what / 2 % 4]))
    return MACH_RCV_INTERRUPTED;	/* by somebody else's signal: the wait goes on */
  if (server.message.head.msgh_size > receive_size)
    {
      mach_msg_destroy (&server.message.head);	/* the kernel throws it away */
      return MACH_RCV_TOO_LARGE;
    }
  memcpy (message, &server.message, server.message.head.msgh_size);
  return MACH_MSG_SUCCESS;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct pollfd fds[FDS_MAX + 1];
  if (size < 1 + FDS_MAX)
    return 0;
  unsigned count = data[0] % (FDS_MAX + 1);
  interrupted = time_is_over = false;
  answers = data + 1 + count;
  answers_end = data + size;
  client_begin (&server, machine_ports_begin ());
  machine_memory_begin (0);
  for (unsigned i = 0; i < count; i++)
    {
      opened[i].port = client_right_to_own (&server, i);
      fds[i] = (struct pollfd) { .fd = (int) i, .events = data[1 + i], .revents = -1 };
    }
  int ready = (int) sys_poll (fds, count, data[0] & 128 ? 0 : TIMEOUT_MS), found = 0, asked = 0;
  for (unsigned i = 0; i < count; i++)
    {
      asked += wanted_types (fds[i].events) != 0;
      dr_assert ((fds[i].revents & ~(fds[i].events | POLLERR)) == 0);
      found += fds[i].revents != 0;
      drop_port (opened[i].port);
    }
  dr_assert (ready == found || ready == -EINTR);
  /* No answer ends the wait for others.  */
  dr_assert (ready != 0 || asked < 2 || (data[0] & 128) || time_is_over);
  client_end (&server);
  machine_end ();
  return 0;
}
