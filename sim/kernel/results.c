/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's results by name; also used where there is no model.  */
#include "sim/kernel/kernel.h"

const char *
mk_result_name (enum mk_result result)
{
  switch (result)
    {
    case MK_BAD_ARGUMENTS: return "bad-arguments";
    case MK_SUCCESS: return "success";
    case MK_INVALID_ARGUMENT: return "invalid-argument";
    case MK_NAME_EXISTS: return "name-exists";
    case MK_INVALID_NAME: return "invalid-name";
    case MK_INVALID_RIGHT: return "invalid-right";
    case MK_INVALID_VALUE: return "invalid-value";
    case MK_UREFS_OVERFLOW: return "urefs-overflow";
    case MK_INVALID_CAPABILITY: return "invalid-capability";
    case MK_RIGHT_EXISTS: return "right-exists";
    case MK_NOT_IN_SET: return "not-in-set";
    case MK_SEND_INVALID_DEST: return "send-invalid-dest";
    case MK_SEND_TIMED_OUT: return "send-timed-out";
    case MK_SEND_INVALID_REPLY: return "send-invalid-reply";
    case MK_SEND_INVALID_RIGHT: return "send-invalid-right";
    case MK_SEND_INVALID_HEADER: return "send-invalid-header";
    case MK_RCV_TIMED_OUT: return "rcv-timed-out";
    case MK_RCV_INVALID_NAME: return "rcv-invalid-name";
    case MK_RCV_IN_SET: return "rcv-in-set";
    }
  return "?";
}
