/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mach_msg: the trap, repeated when a signal or a cancellation interrupted it
   and the caller did not ask to be told. */
#include <mach.h>
#include "posix_thread.h"

vm_size_t vm_page_size = 4096;

/* An interruptible call (see posix_thread.h) returns to its caller instead of
   waiting on; every other one must not lose its message or its reply. */
static int wanted_back(void)
{
	struct posix_thread *self = posix_self();
	return self->interruptible && self->interrupted;
}

mach_msg_return_t mach_msg(mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size,
			   mach_msg_size_t rcv_size, mach_port_t rcv_name, mach_msg_timeout_t timeout,
			   mach_port_t notify)
{
	for (;;) {
		mach_msg_return_t result = mach_msg_trap(message, option, send_size, rcv_size, rcv_name, timeout, notify);
		if (result == MACH_SEND_INTERRUPTED) {
			if (option & MACH_SEND_INTERRUPT || wanted_back())
				return result;
		} else if (result == MACH_RCV_INTERRUPTED) {
			if (option & MACH_RCV_INTERRUPT || wanted_back())
				return result;
			option &= ~MACH_SEND_MSG;	/* it is sent already */
		} else {
			return result;
		}
	}
}
