/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_HURD_IO_H
#define FUZZ_HURD_IO_H

#include <hurd.h>

kern_return_t io_stat (mach_port_t file, io_statbuf_t *status);
kern_return_t io_identity (mach_port_t file, mach_port_t *identity, mach_port_t *filesystem, ino64_t *number);
kern_return_t io_map (mach_port_t file, mach_port_t *readable, mach_port_t *writable);
kern_return_t io_read (mach_port_t file, data_t *data, mach_msg_type_number_t *count, loff_t offset, vm_size_t amount);

#endif
