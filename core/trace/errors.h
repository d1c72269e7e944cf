/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of return codes: Mach's kern_return_t and mach_msg_return_t, MIG's, the device
   interface's, and the Hurd's errno values.  */
#ifndef TRACE_ERRORS_H
#define TRACE_ERRORS_H

#include <stdint.h>

/* "KERN_INVALID_ADDRESS", "ENOENT", "MIG_BAD_ID"...; NULL when it has no name.  */
const char *trace_error_name (int32_t code);

#endif
