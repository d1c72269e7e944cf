/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to the running netmsg, by any of its ports: the control interface and the file
   system's, from MIG's checks to the answer.  What the kernel itself makes sure of is made
   sure of here: the size is the message's, and its memory out of line is there.

   The input: port (1 byte), the header's bits (4) and id (4), then the body.  */
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/wire/wire.h"

static void leave_process (int status) __attribute__ ((noreturn));
#define _exit leave_process
#define usleep(us) ((void) (us))
#define O_NOTRANS 0
#define FS_TRANS_SET 1
#define FS_TRANS_EXCL 2
#include "netmsg/control.c"
#undef _exit

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { CONTROL = 11, VISITOR, FILESYSTEM, PLACE, OTHER, MEMORIES_MAX = 32, FAR_BYTES_MAX = 1 << 16 };

static void *memory[MEMORIES_MAX];
static unsigned memories;
static jmp_buf after;
static bool stopped;
static struct service service;

static void
leave_process (int status)
{
  stopped = true;
  longjmp (after, 1);
}

static void *
remember (size_t bytes)
{
  if (memories == MEMORIES_MAX)
    return NULL;
  return memory[memories++] = calloc (1, bytes + !bytes);
}

/* --- What control.c calls ------------------------------------------------------------ */

mach_port_t mach_task_self (void) { return 1; }

mach_msg_return_t
mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size,
	  mach_msg_size_t receive_size, mach_port_t receive_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
  return send_size % 2 ? MACH_SEND_INVALID_DEST : MACH_MSG_SUCCESS;
}

void mach_msg_destroy (mach_msg_header_t *message) { }

mach_msg_return_t
mach_msg_server (boolean_t (*demux) (mach_msg_header_t *, mach_msg_header_t *), mach_msg_size_t max_size,
		 mach_port_t receive_name)
{
  abort ();
}

kern_return_t mach_port_allocate (mach_port_t task, mach_port_right_t right, mach_port_t *name) { return KERN_FAILURE; }
kern_return_t mach_port_deallocate (mach_port_t task, mach_port_t name) { return KERN_SUCCESS; }
kern_return_t mach_port_move_member (mach_port_t task, mach_port_t member, mach_port_t after_it) { return KERN_SUCCESS; }

kern_return_t
vm_allocate (mach_port_t task, vm_address_t *address, vm_size_t bytes, boolean_t anywhere)
{
  *address = (vm_address_t) remember (bytes);
  return *address != 0 ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}

kern_return_t vm_deallocate (mach_port_t task, vm_address_t address, vm_size_t bytes) { return KERN_SUCCESS; }

kern_return_t
mig_allocate (vm_address_t *address, vm_size_t bytes)
{
  return vm_allocate (1, address, bytes, TRUE);
}

kern_return_t mig_deallocate (vm_address_t address, vm_size_t bytes) { return KERN_SUCCESS; }

mach_port_t
file_name_lookup (const char *name, int flags, unsigned mode)
{
  return strlen (name) % 3 ? PLACE : MACH_PORT_NULL;
}

kern_return_t
file_set_translator (mach_port_t file, int passive_flags, int active_flags, int old_flags, const char *passive,
		     unsigned passive_bytes, mach_port_t active, mach_msg_type_name_t active_kind)
{
  return KERN_SUCCESS;
}

const char *wire_error_text (int code) { return "an error"; }
void bridge_enter (struct bridge *bridge) { }
void bridge_leave (struct bridge *bridge) { }
uint64_t bridge_now (void) { return 1; }
void link_close (struct link *link, struct link_peer *peer, bool fault, uint64_t now) { }

bool
mount_host (struct service *unused, const char *host, mach_port_t *root, struct complaint *complaint)
{
  dr_assert (strlen (host) < NETMSG_TEXT_BYTES);
  *root = 77;
  return strlen (host) % 2 || complain (complaint, "%s: unknown", host);
}

char *
status_report (struct service *unused, size_t *bytes)
{
  *bytes = 5;
  return strdup ("text\n");
}

/* --- Messages ------------------------------------------------------------------------- */

/* As the kernel would have delivered it.  False: it would not have.  */
static bool
deliver (uint8_t *body, size_t bytes)
{
  struct wire_needs needs;
  struct wire_walk walk;
  struct wire_item item;
  size_t far = 0;
  if (wire_measure (body, bytes, true, &needs) != DR_OK)
    return false;
  wire_walk (&walk, body, bytes);
  while (wire_next (&walk, &item))
    if (!item.is_inline)
      {
	void *there = (far += item.bytes) <= FAR_BYTES_MAX ? remember (item.bytes) : NULL;
	if (there == NULL)
	  return false;
	wire_set_address (body, &item, (uint64_t) (uintptr_t) there);
      }
  return true;
}

static void
serve_message (const uint8_t *data, size_t size)
{
  size_t bytes = sizeof (mach_msg_header_t) + ((size + 7) & ~(size_t) 7);
  mach_msg_header_t *request = calloc (1, bytes), *reply = calloc (1, REQUEST_BYTES_MAX);
  uint32_t word[2];
  memcpy (word, data + 1, sizeof word);
  memcpy (request + 1, data + 9, size - 9);
  bytes = sizeof *request + ((size - 9 + 7) & ~(size_t) 7);
  request->msgh_bits = word[0] & (MACH_MSGH_BITS_COMPLEX | 0xffffu);
  /* MIG adds 100 for the answer's, whatever the sum may be.  */
  request->msgh_id = (mach_msg_id_t) (word[1] & INT32_MAX >> 1);
  request->msgh_size = (mach_msg_size_t) bytes;
  request->msgh_local_port = CONTROL + data[0] % 5;
  request->msgh_remote_port = 20;
  bool good = !(request->msgh_bits & MACH_MSGH_BITS_COMPLEX)
    || deliver ((uint8_t *) (request + 1), bytes - sizeof *request);
  stopped = false;
  if (good && bytes <= REQUEST_BYTES_MAX && setjmp (after) == 0 && demultiplex (request, reply))
    {
      mig_reply_header_t *answer = (mig_reply_header_t *) reply;
      /* Only the administrator's port changes anything.  */
      if (request->msgh_local_port != CONTROL && answer->RetCode == KERN_SUCCESS)
	dr_assert (request->msgh_id != 470001 && request->msgh_id != 470002 && request->msgh_id != 470004);
    }
  dr_assert (!stopped || (request->msgh_id == ID_NETMSG_STOP && request->msgh_local_port == CONTROL)
	     || (request->msgh_id == ID_FSYS_GOAWAY && request->msgh_local_port == FILESYSTEM));
  free (request);
  free (reply);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static struct options options = { .key_file = "/k", .peers_file = "/p", .port = 1 };
  if (size < 9)
    return 0;
  service = (struct service) { .options = &options, .control = CONTROL, .visitor = VISITOR,
			       .filesystem = FILESYSTEM, .place = PLACE };
  running = &service;
  file_system = &own_place;
  serve_message (data, size);
  dr_assert (memchr (service.served, '\0', sizeof service.served) != NULL);
  while (memories > 0)
    free (memory[--memories]);
  return 0;
}
