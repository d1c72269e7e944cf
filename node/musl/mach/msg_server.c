/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mach_msg_server: receive, serve, reply. */
#include <stdlib.h>
#include <mach.h>

/* What a demultiplexer left in REPLY: send it, drop it, or clean up REQUEST.
   Returns whether REPLY is to be sent. */
static boolean_t settle(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	mig_reply_header_t *answer = (mig_reply_header_t *)reply;

	if (!(reply->msgh_bits & MACH_MSGH_BITS_COMPLEX)) {
		if (answer->RetCode == MIG_NO_REPLY) {
			/* The server keeps the reply right for later. */
			return FALSE;
		}
		if (answer->RetCode != KERN_SUCCESS) {
			/* A routine that failed owns nothing of its request; the reply
			   right is in the reply now. */
			request->msgh_remote_port = MACH_PORT_NULL;
			mach_msg_destroy(request);
		}
	}
	if (!MACH_PORT_VALID(reply->msgh_remote_port)) {
		mach_msg_destroy(reply);	/* what it would carry to nobody */
		return FALSE;
	}
	return TRUE;
}

/* Replies to a task that is dead, or that does not take its reply, must not stop the server. */
static void send_reply(mach_msg_header_t *reply)
{
	mach_msg_option_t option = MACH_SEND_MSG;
	if (MACH_MSGH_BITS_REMOTE(reply->msgh_bits) != MACH_MSG_TYPE_MOVE_SEND_ONCE)
		option |= MACH_SEND_TIMEOUT;
	if (mach_msg(reply, option, reply->msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		mach_msg_destroy(reply);
}

mach_msg_return_t mach_msg_server_timeout(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
					  mach_msg_size_t max_size, mach_port_t rcv_name,
					  mach_msg_option_t option, mach_msg_timeout_t timeout_ms)
{
	if (max_size == 0)
		max_size = 2 * vm_page_size;
	mach_msg_header_t *request = malloc(max_size), *reply = malloc(max_size);
	mach_msg_return_t result = KERN_RESOURCE_SHORTAGE;

	while (request && reply) {
		result = mach_msg(request, MACH_RCV_MSG | MACH_RCV_LARGE | option, 0, max_size, rcv_name, timeout_ms,
				  MACH_PORT_NULL);
		if (result == MACH_RCV_TOO_LARGE) {
			/* The kernel kept the message and told its size. */
			max_size = (request->msgh_size + vm_page_size - 1) & -(mach_msg_size_t)vm_page_size;
			free(request);
			free(reply);
			request = malloc(max_size);
			reply = malloc(max_size);
			continue;
		}
		if (result != MACH_MSG_SUCCESS)
			break;
		mig_reply_setup(request, reply);
		if (mach_msg_request_is_sound(request))
			demux(request, reply);
		else
			((mig_reply_header_t *)reply)->RetCode = MIG_BAD_ARGUMENTS;
		if (settle(request, reply))
			send_reply(reply);
	}
	free(request);
	free(reply);
	return result;
}

mach_msg_return_t mach_msg_server(boolean_t (*demux)(mach_msg_header_t *, mach_msg_header_t *),
				  mach_msg_size_t max_size, mach_port_t rcv_name)
{
	return mach_msg_server_timeout(demux, max_size, rcv_name, MACH_MSG_OPTION_NONE, MACH_MSG_TIMEOUT_NONE);
}
