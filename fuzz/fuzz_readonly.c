/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of a peer that may only read: what netmsg lets through must not be something else to
   the server that gets it.  MIG's own file system server reads it here.

   The input: whether the message says to be complex (1 byte), its id behind the file system's
   first (1), then the body.  The kernel looks into a complex message, and into no other.  */
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "core/wire/wire.h"
#include "netmsg/hurd_numbers.h"
#include "netmsg/readonly.h"

#include <hurd/hurd_types.h>
#include <mach.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
boolean_t fs_server (mach_msg_header_t *request, mach_msg_header_t *reply);

enum { HEAD_BYTES = 2, FS_FIRST = 20000, REPLY_BYTES = 16384, BODY_BYTES_MAX = 2048 };
enum { CHANGES = WIRE_O_WRITE | WIRE_O_CREAT | WIRE_O_EXCL | WIRE_O_TRUNC | WIRE_O_APPEND };

static bool allowed;

/* The one routine that changes something or not as its arguments say.  */
kern_return_t
S_dir_lookup (mach_port_t directory, const char *name, int flags, mode_t mode, retry_type *retry, string_t retry_name,
	      mach_port_t *found, mach_msg_type_name_t *kind)
{
  dr_assert (allowed == ((flags & CHANGES) == 0));
  *retry = FS_RETRY_NORMAL;
  retry_name[0] = '\0';
  *found = MACH_PORT_NULL;
  *kind = MACH_MSG_TYPE_COPY_SEND;
  return KERN_SUCCESS;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static union { mach_msg_header_t head; char bytes[REPLY_BYTES]; } reply;
  struct wire_needs needs;
  if (size < HEAD_BYTES || size - HEAD_BYTES > BODY_BYTES_MAX)
    return 0;
  size_t body = size - HEAD_BYTES + 7 & ~(size_t) 7;
  mach_msg_header_t *request = calloc (1, sizeof *request + body);
  memcpy (request + 1, data + HEAD_BYTES, size - HEAD_BYTES);
  request->msgh_bits = data[0] & 1 ? MACH_MSGH_BITS_COMPLEX : 0;
  request->msgh_size = (mach_msg_size_t) (sizeof *request + body);
  request->msgh_id = FS_FIRST + data[1];
  if (!(data[0] & 1)
      || (wire_measure ((uint8_t *) (request + 1), body, true, &needs) == DR_OK && needs.region_bytes == 0))
    {
      allowed = readonly_allows (request);
      mig_reply_setup (request, &reply.head);
      fs_server (request, &reply.head);
    }
  free (request);
  return 0;
}
