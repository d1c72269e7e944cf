/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_HURD_FS_H
#define FUZZ_HURD_FS_H

#include <hurd.h>

kern_return_t file_set_translator (mach_port_t file, int passive_flags, int active_flags, int old_flags,
				   const char *passive, unsigned passive_bytes, mach_port_t active,
				   mach_msg_type_name_t active_kind);

kern_return_t dir_lookup (mach_port_t directory, const char *path, int flags, mode_t mode, retry_type *retry,
			  string_t retry_name, mach_port_t *found);
kern_return_t dir_readdir (mach_port_t directory, data_t *data, mach_msg_type_number_t *size, int entry, int entries,
			   vm_size_t most_bytes, int *count);

#endif
