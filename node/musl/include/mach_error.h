/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _MACH_ERROR_H
#define _MACH_ERROR_H

#include <mach/kern_return.h>

/* A constant text for a Mach, MIG or errno code; never null. */
const char *mach_error_string(kern_return_t code);
/* PREFIX, the code and its text as one line to stderr. */
void mach_error(const char *prefix, kern_return_t code);

#endif
