/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/resident.h"

#include "core/wire/wire.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

static __thread sigjmp_buf *volatile guard;	/* of the touch that this thread is in */

static void
failed (int signal_number)
{
	if (guard != NULL)
		siglongjmp (*guard, 1);
	signal (signal_number, SIG_DFL);	/* the same fault comes again, and ends the program */
}

void
resident_prepare (void)
{
	struct sigaction action = { .sa_handler = failed };

	sigemptyset (&action.sa_mask);
	sigaction (SIGBUS, &action, NULL);
	sigaction (SIGSEGV, &action, NULL);
}

bool
resident_needed (const mach_msg_header_t *message)
{
	struct wire_header header;
	struct wire_needs needs;

	wire_header_read (message, &header);
	return header.complex && wire_measure ((const uint8_t *) message + WIRE_HEADER_BYTES,
		message->msgh_size - WIRE_HEADER_BYTES, true, &needs) == DR_OK && needs.regions > 0;
}

/* Writing what is there makes a copy-on-write page our own: reading it would leave it to its pager,
   who may take it away again. */
static void
touch (vm_address_t address, size_t bytes)
{
	volatile unsigned char *end = (unsigned char *) address + bytes;

	for (volatile unsigned char *at = (unsigned char *) address; at < end;
		at = (unsigned char *) trunc_page ((vm_address_t) at) + vm_page_size)
		*at = *at;
}

static void
touch_all (const mach_msg_header_t *message)
{
	struct wire_walk walk;
	struct wire_item item;

	wire_walk (&walk, (uint8_t *) message + WIRE_HEADER_BYTES, message->msgh_size - WIRE_HEADER_BYTES);
	while (wire_next (&walk, &item))
		if (!item.is_inline && !item.ports && item.bytes > 0)
			touch (wire_get_address (walk.body, &item), item.bytes);
}

bool
resident_touch (const mach_msg_header_t *message)
{
	sigjmp_buf here;
	bool good = false;

	if (sigsetjmp (here, 1) == 0)
	{
		guard = &here;
		touch_all (message);
		good = true;
	}
	guard = NULL;
	return good;
}

bool
resident_copy (void *to, const void *from, size_t bytes)
{
	sigjmp_buf here;
	bool good = false;

	if (sigsetjmp (here, 1) == 0)
	{
		guard = &here;
		memcpy (to, from, bytes);
		good = true;
	}
	guard = NULL;
	return good;
}
