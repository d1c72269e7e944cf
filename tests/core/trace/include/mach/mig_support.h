/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What MIG's stubs want of a C library, for the host: the tests have their own mach_msg.  */
#ifndef TRACE_TEST_MIG_SUPPORT_H
#define TRACE_TEST_MIG_SUPPORT_H

#include <mach/message.h>
#include <mach/mach_types.h>
#include <string.h>

mach_port_t mig_get_reply_port (void);
void mig_put_reply_port (mach_port_t port);
void mig_dealloc_reply_port (mach_port_t port);
kern_return_t mig_allocate (vm_address_t *address, vm_size_t bytes);
kern_return_t mig_deallocate (vm_address_t address, vm_size_t bytes);

/* What every server routine that nobody wrote returns.  */
extern kern_return_t test_server_result;

#endif
