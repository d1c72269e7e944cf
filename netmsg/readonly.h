/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a read-only peer may ask for.  An allow-list: a request that is not known to be harmless
   is refused, so a new routine of some server is refused until it is listed here. */
#ifndef NETMSG_READONLY_H
#define NETMSG_READONLY_H

#include <mach/message.h>
#include <stdbool.h>

/* MESSAGE is as it would be sent, MESSAGE->msgh_size bytes.  To be asked only for messages to send
   rights: one to a send-once right is the answer to something that this node asked. */
bool readonly_allows (const mach_msg_header_t *message);

#endif
