/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rest of the server asks of the lwIP port. */
#ifndef INET_PORT_H
#define INET_PORT_H

#include <stddef.h>
#include <stdint.h>

enum { port_memory_limit_bytes = 32 << 20 };

size_t port_memory_used(void);		/* bytes handed out, rounded up to size classes */
uint64_t port_milliseconds(void);	/* monotonic */

#endif
