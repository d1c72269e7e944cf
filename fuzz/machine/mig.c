/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What MIG's stubs call.  */
#include <string.h>

#include <mach.h>

kern_return_t
mig_deallocate (vm_address_t address, vm_size_t bytes)
{
  return vm_deallocate (mach_task_self (), address, bytes);
}

void
mig_reply_setup (const mach_msg_header_t *request, mach_msg_header_t *out)
{
  mig_reply_header_t *reply = (mig_reply_header_t *) out;
  memset (reply, 0, sizeof *reply);
  reply->Head.msgh_bits = MACH_MSGH_BITS (MACH_MSGH_BITS_REMOTE (request->msgh_bits), 0);
  reply->Head.msgh_size = sizeof *reply;
  reply->Head.msgh_remote_port = request->msgh_remote_port;
  reply->Head.msgh_id = request->msgh_id + 100;
  reply->RetCodeType = (mach_msg_type_t) { .msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32, .msgt_number = 1,
					   .msgt_inline = TRUE };
  reply->RetCode = MIG_BAD_ID;
}
