/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_HURD_IO_REQUEST_H
#define FUZZ_HURD_IO_REQUEST_H

#include <hurd.h>

kern_return_t io_select_timeout (mach_port_t file, mach_port_t reply, struct timespec until, int *types);
kern_return_t io_select_timeout_request (mach_port_t file, mach_port_t reply, mach_msg_type_name_t how, struct timespec until,
					 int types);

#endif
