/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interface's configuration, from options or from a file like /etc/network:
     address 10.0.0.1
     netmask 255.255.255.0
     gateway 10.0.0.254        (optional)                                        */
#ifndef INET_CONFIGURE_H
#define INET_CONFIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct configuration {
	uint32_t address, netmask, gateway;	/* network byte order; 0: not given */
};

enum { configure_problem_bytes = 256 };

/* NAME is address, netmask or gateway.  On failure PROBLEM is one line. */
bool configure_set(struct configuration *configuration, const char *name, const char *value,
		char problem[configure_problem_bytes]);
bool configure_read(struct configuration *configuration, const char *file,
		char problem[configure_problem_bytes]);
/* What was given makes sense together; fills in a missing netmask. */
bool configure_check(struct configuration *configuration, char problem[configure_problem_bytes]);

#endif
