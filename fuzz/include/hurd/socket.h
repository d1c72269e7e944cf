/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_HURD_SOCKET_H
#define FUZZ_HURD_SOCKET_H

#include <hurd.h>

kern_return_t socket_fabricate_address (mach_port_t family, int kind, mach_port_t *address);

#endif
