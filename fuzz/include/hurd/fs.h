/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_HURD_FS_H
#define FUZZ_HURD_FS_H

#include <hurd.h>

kern_return_t file_set_translator (mach_port_t file, int passive_flags, int active_flags, int old_flags,
				   const char *passive, unsigned passive_bytes, mach_port_t active,
				   mach_msg_type_name_t active_kind);

#endif
