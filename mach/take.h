/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a message that the kernel gave us to the value that the rights engine takes. */
#ifndef DR_MACH_TAKE_H
#define DR_MACH_TAKE_H

#include "core/base/alloc.h"
#include "core/wire/wire.h"
#include "mach/proxies.h"

struct taken
{
	struct wire_message message;
	const struct dr_alloc *alloc;
	struct wire_needs needs;	/* what the arrays were made for */
	uint32_t *proxy_uses;		/* port names of proxies that came along: one reference each */
	uint32_t proxy_uses_count;
};

/* HEADER is a received message; its rights and memory are the caller's.  On DR_OK they belong to
   TAKEN (HEADER's bytes are not needed any more), otherwise they stay the caller's.  Notification
   requests of receive rights in it are taken back.
   DR_INVALID: no message of this layout; DR_NO_MEMORY. */
enum dr_status take_message (struct taken *taken, const mach_msg_header_t *header, const struct proxies *proxies,
	const struct dr_alloc *alloc);

/* After the engine accepted the message: gives back what it did not take over. */
void take_done (struct taken *taken);

/* After the engine refused it for good: destroys everything that the message carried. */
void take_destroy (struct taken *taken);

#endif
