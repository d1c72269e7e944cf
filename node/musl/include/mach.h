/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything of Mach that a program commonly wants, as <mach.h> is on the Hurd. */
#ifndef _MACH_H
#define _MACH_H

#include <mach_init.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/notify.h>
#include <mach/mig_errors.h>
#include <mach/mig_support.h>
#include <mach/mach_traps.h>
#include <mach/mach_interface.h>
#include <mach/mach_port.h>
#include <mach/mach_host.h>

/* Receives from RCV_NAME for ever, gives each message to DEMUX and sends its
   reply.  Returns only with the error of a failed receive.  The timeout form
   also returns MACH_RCV_TIMED_OUT when no message came for TIMEOUT_MS. */
mach_msg_return_t mach_msg_server(boolean_t (*demux)(mach_msg_header_t *request, mach_msg_header_t *reply),
				  mach_msg_size_t max_size, mach_port_t rcv_name);
mach_msg_return_t mach_msg_server_timeout(boolean_t (*demux)(mach_msg_header_t *request, mach_msg_header_t *reply),
					  mach_msg_size_t max_size, mach_port_t rcv_name,
					  mach_msg_option_t option, mach_msg_timeout_t timeout_ms);

/* Whether REQUEST, which was received, is what its descriptors say.  The kernel looks only into
   messages that say they are complex; in another one a descriptor of memory or of rights
   is the sender's invention, and MIG's routines would believe it. */
int mach_msg_request_is_sound(const mach_msg_header_t *request);

/* Frees every right and all out-of-line memory that a received message carries. */
void mach_msg_destroy(mach_msg_header_t *message);
/* Frees the out-of-line memory only: of a request whose routine has taken its rights, and answers
   later (MIG_NO_REPLY).  MIG's stubs free it for routines that succeed, and for no others. */
void mach_msg_destroy_memory(mach_msg_header_t *message);

#endif
