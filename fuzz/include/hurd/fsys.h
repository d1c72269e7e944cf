/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_HURD_FSYS_H
#define FUZZ_HURD_FSYS_H

#include <hurd.h>

kern_return_t fsys_goaway (mach_port_t control, int flags);
kern_return_t fsys_getroot (mach_port_t control, mach_port_t dotdot, mach_msg_type_name_t dotdot_kind,
			    const_idarray_t users, mach_msg_type_number_t user_count, const_idarray_t groups,
			    mach_msg_type_number_t group_count, int flags, retry_type *retry, string_t name,
			    mach_port_t *root);

#endif
