/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log: an io object whose output goes to the kernel's console.  It is the
   standard output of servers that start before the console server, and of the
   console server itself. */
#include <string.h>
#include <sys/stat.h>
#include <hurd_abi.h>
#include "init.h"
#include "log_server.h"

boolean_t log_server(mach_msg_header_t *request, mach_msg_header_t *reply);

enum { PRINT_BYTES = 128 };

kern_return_t S_io_write(mach_port_t object, const_data_t data, mach_msg_type_number_t size, loff_t offset,
			 vm_size_t *amount)
{
	for (mach_msg_type_number_t done = 0; done < size;) {
		char part[PRINT_BYTES];
		size_t n = size - done < sizeof part - 1 ? size - done : sizeof part - 1;
		memcpy(part, data + done, n);
		part[n] = '\0';
		mach_print(part);
		done += n;
	}
	*amount = size;
	return 0;
}

kern_return_t S_io_read(mach_port_t object, data_t *data, mach_msg_type_number_t *size, loff_t offset, vm_size_t amount)
{
	*size = 0;
	return 0;
}

kern_return_t S_io_stat(mach_port_t object, io_statbuf_t *stat)
{
	memset(stat, 0, sizeof *stat);
	stat->st_mode = S_IFCHR | 0222;
	stat->st_nlink = 1;
	return 0;
}

kern_return_t S_io_map(mach_port_t object, mach_port_t *readable, mach_msg_type_name_t *readable_type,
		       mach_port_t *writable, mach_msg_type_name_t *writable_type)
{
	return clock_map(object, readable, readable_type, writable, writable_type);
}

boolean_t log_demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	return log_server(request, reply);
}
