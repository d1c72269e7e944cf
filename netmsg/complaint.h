/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one-line error that a user reads: what was wrong and what to do. */
#ifndef NETMSG_COMPLAINT_H
#define NETMSG_COMPLAINT_H

#include <stdbool.h>

#define COMPLAINT_BYTES 512

struct complaint
{
	char text[COMPLAINT_BYTES];
};

/* Writes the line and returns false, so that a function can end with `return complain (...)`. */
bool complain (struct complaint *complaint, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
