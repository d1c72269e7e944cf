/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/receive.h"

#include <stdlib.h>

/* What the kernel adds to an error code to say which resource was short. */
#define ERROR_KIND(result) ((result) & ~MACH_MSG_MASK)

bool
receiver_init (struct receiver *receiver)
{
	receiver->bytes = RECEIVE_BYTES_FIRST;
	receiver->buffer = malloc (RECEIVE_BYTES_FIRST);
	return receiver->buffer != NULL;
}

void
receiver_free (struct receiver *receiver)
{
	free (receiver->buffer);
	receiver->buffer = NULL;
}

/* The kernel kept the message and told its size.  False: it cannot be held. */
static bool
grow (struct receiver *receiver)
{
	mach_msg_size_t wanted = receiver->buffer->msgh_size;
	mach_msg_size_t bytes = receiver->bytes;
	mach_msg_header_t *larger;

	if (wanted > RECEIVE_BYTES_MAX)
		return false;
	while (bytes < wanted)
		bytes *= 2;
	larger = malloc (bytes);
	if (larger == NULL)
		return false;
	free (receiver->buffer);
	receiver->buffer = larger;
	receiver->bytes = bytes;
	return true;
}

mach_msg_return_t
receiver_next (struct receiver *receiver, mach_port_t from, mach_msg_option_t option, mach_msg_timeout_t timeout_ms)
{
	mach_msg_option_t keep = MACH_RCV_LARGE;

	for (;;)
	{
		mach_msg_return_t result = mach_msg (receiver->buffer, MACH_RCV_MSG | keep | option, 0,
			receiver->bytes, from, timeout_ms, MACH_PORT_NULL);

		keep = MACH_RCV_LARGE;
		if (result == MACH_MSG_SUCCESS)
			return result;
		if (result == MACH_RCV_TOO_LARGE)
		{
			if (!grow (receiver))
				keep = 0;	/* the next receive destroys it */
			continue;
		}
		if (result == MACH_RCV_INTERRUPTED)
			continue;
		if (ERROR_KIND (result) == MACH_RCV_BODY_ERROR)
			mach_msg_destroy (receiver->buffer);	/* what did arrive of it */
		else if (ERROR_KIND (result) != MACH_RCV_HEADER_ERROR)
			return result;
	}
}
