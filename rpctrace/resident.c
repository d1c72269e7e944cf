/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resident.h"

#include <link.h>
#include <mach.h>
#include <stddef.h>

/* What is written to is no file's any more, so the kernel never asks the file's server for it again;
   a page that was only read could be dropped and be asked for. */
static void
write_each_page (vm_address_t start, vm_address_t end)
{
	for (vm_address_t page = start; page < end; page += vm_page_size)
	{
		volatile unsigned char *byte = (volatile unsigned char *) page;

		*byte = *byte;
	}
}

static vm_prot_t
protection_of (const ElfW (Phdr) *segment)
{
	return (segment->p_flags & PF_R ? VM_PROT_READ : 0) | (segment->p_flags & PF_W ? VM_PROT_WRITE : 0)
		| (segment->p_flags & PF_X ? VM_PROT_EXECUTE : 0);
}

static int
make_object_resident (struct dl_phdr_info *object, size_t bytes, void *ctx)
{
	for (unsigned i = 0; i < object->dlpi_phnum; i++)
	{
		const ElfW (Phdr) *segment = &object->dlpi_phdr[i];
		vm_address_t start = trunc_page (object->dlpi_addr + segment->p_vaddr);
		vm_address_t end = round_page (object->dlpi_addr + segment->p_vaddr + segment->p_memsz);

		if (segment->p_type != PT_LOAD)
			continue;
		if (segment->p_flags & PF_W)
			write_each_page (start, end);
		else if (vm_protect (mach_task_self (), start, end - start, FALSE,
			protection_of (segment) | VM_PROT_WRITE) == KERN_SUCCESS)
		{
			write_each_page (start, end);
			vm_protect (mach_task_self (), start, end - start, FALSE, protection_of (segment));
		}
	}
	return 0;
}

void
resident_make (void)
{
	dl_iterate_phdr (make_object_resident, NULL);
}
