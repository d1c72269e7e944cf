/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process.h"
#include <string.h>

/* msg_sig_post without a reply.  Made by hand because it must never block: a
   process that does not empty its queue may not stop this server. */
void post_signal(struct process *process, int signal)
{
	struct {
		mach_msg_header_t head;
		mach_msg_type_t signal_type;
		int signal, signal_pad;
		mach_msg_type_t code_type;
		natural_t code, code_pad;
		mach_msg_type_t ref_type;
		mach_port_name_inlined_t ref;
	} message = { .signal = signal };

	if (process->message_port == MACH_PORT_NULL || process->task == MACH_PORT_NULL)
		return;
	message.head = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_size = sizeof message,
		.msgh_remote_port = process->message_port,
		.msgh_id = 23000,
	};
	message.signal_type = message.code_type = (mach_msg_type_t){
		.msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32, .msgt_number = 1, .msgt_inline = TRUE };
	message.ref_type = (mach_msg_type_t){
		.msgt_name = MACH_MSG_TYPE_COPY_SEND, .msgt_size = 64, .msgt_number = 1, .msgt_inline = TRUE };
	message.ref.name = process->task;
	if (mach_msg(&message.head, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof message, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL)
	    == MACH_SEND_TIMED_OUT)
		mach_msg_destroy(&message.head);	/* the rights came back */
}
