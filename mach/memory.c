/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/memory.h"

#include <stdlib.h>

static void
give_back (struct dr_buf *buffer)
{
	vm_deallocate (mach_task_self (), (vm_address_t) buffer->data, buffer->bytes);
	free (buffer);
}

struct dr_buf *
memory_wrap (vm_address_t address, vm_size_t bytes)
{
	struct dr_buf *buffer = malloc (sizeof *buffer);

	if (buffer != NULL)
		dr_buf_wrap (buffer, (void *) address, bytes, give_back);
	return buffer;
}

void
memory_unwrap (struct dr_buf *buffer)
{
	free (buffer);
}

struct dr_buf *
memory_new (vm_size_t bytes)
{
	vm_address_t address;
	struct dr_buf *buffer;

	if (vm_allocate (mach_task_self (), &address, bytes, TRUE) != KERN_SUCCESS)
		return NULL;
	buffer = memory_wrap (address, bytes);
	if (buffer == NULL)
		vm_deallocate (mach_task_self (), address, bytes);
	return buffer;
}
