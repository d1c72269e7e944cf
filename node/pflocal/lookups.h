/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the port of a request to its object; NULL if it is of another kind. */
#ifndef PFLOCAL_LOOKUPS_H
#define PFLOCAL_LOOKUPS_H

#include "socket.h"

struct user *user_of(mach_port_t port);
struct address *address_of(mach_port_t port);
bool is_family(mach_port_t port);
bool is_control(mach_port_t port);
/* ADDRESS's port is about to be sent with MAKE_SEND: its port counts as one reference. */
mach_port_t address_hand_out(struct address *address);

#endif
