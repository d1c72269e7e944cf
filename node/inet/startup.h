/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Becoming a translator: kept apart because the Hurd's own headers and our
   hurd_abi.h define the same structures. */
#ifndef INET_STARTUP_H
#define INET_STARTUP_H

#include "mach_calls.h"

/* Offers CONTROL (a receive right of ours) to whoever started this program as
   a translator.  KERN_FAILURE when nobody did. */
kern_return_t startup_as_translator(mach_port_t control);
kern_return_t startup_privileged_ports(mach_port_t *host_priv, mach_port_t *device_master);

#endif
