/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages between our task and others of the model kernel, without queues: what a message
   carries changes hands at once, as mach_msg would have it, and is laid out as the receiver
   finds it.  */
#ifndef FUZZ_MACHINE_MESSAGES_H
#define FUZZ_MACHINE_MESSAGES_H

#include <stdbool.h>
#include <mach.h>

#include "sim/kernel/kernel.h"

enum { MACHINE_FAR_BYTES_MAX = 1 << 16, MACHINE_PLACES_MAX = 16, MACHINE_RIGHTS_MAX = 80 };

/* MESSAGE, which FROM sends, becomes what we receive at the port LOCAL.  False: the kernel
   would not have taken it, or it is too much for this machine; nothing changed hands.  */
bool machine_receive (struct mk_task *from, mach_msg_header_t *message, mk_name local);
/* The same of one that may have arrays of rights out of line: FAR, as often as need be, is what
   stands in them.  */
bool machine_receive_far (struct mk_task *from, mach_msg_header_t *message, mk_name local, const mk_name *far,
			  uint32_t far_count);

/* MESSAGE is sent by us.  If RESULT is MACH_MSG_SUCCESS what it carries goes to TO, where its
   rights have the names that stand in it then (those of an array out of line it drops); at MACH_SEND_TIMED_OUT, which only one by a copied
   right meets, it comes back to us as rights and memory of its own.  Returns how it ended: RESULT,
   or what the kernel says if there is no destination.  */
mach_msg_return_t machine_send (mach_msg_header_t *message, struct mk_task *to, mach_msg_return_t result);

#endif
