/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mach_msg: the trap, repeated when it was broken off for no reason of the
   caller's, and the polite end of a request that a signal interrupts. */
#include <mach.h>
#include <stdbool.h>
#include "posix_thread.h"

enum {
	INTERRUPT_OPERATION_ID = 33000,		/* interrupt.defs */
	INTERRUPT_GRACE_MS = 500,		/* for a server to end an interrupted request */
};

vm_size_t vm_page_size = 4096;

bool posix_signals_deliverable(void);
bool signals_take(void *registers);

/* An interruptible call (see posix_thread.h) returns to its caller instead of
   waiting on; every other one must not lose its message or its reply. */
static bool wanted_back(struct posix_thread *self)
{
	return self->interruptible && self->interrupted;
}

/* The request is with the server: asks it to end with EINTR and waits for its
   answer, which may as well be that the request was done.  A server that
   does not know interruption is left alone after a while. */
static mach_msg_return_t interrupt_request(mach_port_t server, mach_msg_header_t *message, mach_msg_size_t rcv_size,
					   mach_port_t rcv_name)
{
	mach_msg_header_t interrupt = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_size = sizeof interrupt,
		.msgh_remote_port = server,
		.msgh_id = INTERRUPT_OPERATION_ID,
	};
	mach_msg_return_t result;

	if (mach_msg_trap(&interrupt, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof interrupt, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL)
	    == MACH_SEND_TIMED_OUT)
		mach_msg_destroy(&interrupt);
	do
		result = mach_msg_trap(message, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, rcv_size, rcv_name, INTERRUPT_GRACE_MS,
				       MACH_PORT_NULL);
	while (result == MACH_RCV_INTERRUPTED);
	return result == MACH_RCV_TIMED_OUT ? MACH_RCV_INTERRUPTED : result;
}

/* A program's own wait, outside of any system call, was broken off for a signal.
   The reply that is awaited must not be taken by a request of the handler's. */
static void take_signals(struct posix_thread *self)
{
	mach_port_t awaited = self->reply_port;

	if (self->in_system || !posix_signals_deliverable())
		return;
	self->reply_port = MACH_PORT_NULL;
	signals_take(NULL);
	mig_dealloc_reply_port(self->reply_port);
	self->reply_port = awaited;
}

mach_msg_return_t mach_msg(mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size,
			   mach_msg_size_t rcv_size, mach_port_t rcv_name, mach_msg_timeout_t timeout,
			   mach_port_t notify)
{
	struct posix_thread *self = posix_self();
	bool is_request = option & MACH_SEND_MSG && option & MACH_RCV_MSG;
	mach_port_t server = is_request ? message->msgh_remote_port : MACH_PORT_NULL;

	for (;;) {
		mach_msg_return_t result = mach_msg_trap(message, option, send_size, rcv_size, rcv_name, timeout, notify);
		if (result == MACH_SEND_INTERRUPTED) {
			if (option & MACH_SEND_INTERRUPT || wanted_back(self))
				return result;
			take_signals(self);
		} else if (result == MACH_RCV_INTERRUPTED) {
			if (option & MACH_RCV_INTERRUPT)
				return result;
			if (wanted_back(self)) {
				self->interrupted = 0;	/* seen: nobody need break us off again */
				return is_request ? interrupt_request(server, message, rcv_size, rcv_name) : result;
			}
			take_signals(self);
			option &= ~MACH_SEND_MSG;	/* it is sent already */
		} else {
			return result;
		}
	}
}
