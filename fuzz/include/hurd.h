/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_HURD_H
#define FUZZ_HURD_H

#include <hurd/hurd_types.h>
#include <mach.h>

mach_port_t file_name_lookup (const char *name, int flags, unsigned mode);

#endif
