/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzzed sources want of Mach, on a machine without one: the kernel's types, and
   calls that the fuzz target answers itself.  */
#ifndef FUZZ_MACH_H
#define FUZZ_MACH_H

#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/mig_errors.h>
#include <mach/mig_support.h>
#include <mach/notify.h>
#include <mach/port.h>

mach_port_t mach_task_self (void);
mach_msg_return_t mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size,
			    mach_msg_size_t receive_size, mach_port_t receive_name, mach_msg_timeout_t timeout,
			    mach_port_t notify);
void mach_msg_destroy (mach_msg_header_t *message);
mach_msg_return_t mach_msg_server (boolean_t (*demux) (mach_msg_header_t *request, mach_msg_header_t *reply),
				   mach_msg_size_t max_size, mach_port_t receive_name);
kern_return_t mach_port_allocate (mach_port_t task, mach_port_right_t right, mach_port_t *name);
kern_return_t mach_port_deallocate (mach_port_t task, mach_port_t name);
kern_return_t mach_port_move_member (mach_port_t task, mach_port_t member, mach_port_t after);
kern_return_t vm_allocate (mach_port_t task, vm_address_t *address, vm_size_t bytes, boolean_t anywhere);
kern_return_t vm_deallocate (mach_port_t task, vm_address_t address, vm_size_t bytes);

#endif
