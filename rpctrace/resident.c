/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resident.h"

#include <link.h>
#include <mach.h>
#include <stddef.h>

/* What is written to is no file's any more, so the kernel never asks the file's server for it again;
   a page that was only read could be dropped and be asked for.  Other threads write there too. */
static void
write_each_page (vm_address_t start, vm_address_t end)
{
	for (vm_address_t page = start; page < end; page += vm_page_size)
		__atomic_fetch_or ((volatile unsigned char *) page, 0, __ATOMIC_RELAXED);
}

/* What a segment may do is not asked of its header: the dynamic linker makes parts of it read-only. */
static void
make_range_resident (vm_address_t start, vm_address_t end)
{
	vm_address_t region = start;
	vm_size_t bytes;
	vm_prot_t prot, most;
	vm_inherit_t inheritance;
	boolean_t shared;
	mach_port_t name;
	vm_offset_t offset;

	while (region < end && vm_region (mach_task_self (), &region, &bytes, &prot, &most, &inheritance, &shared, &name,
		&offset) == KERN_SUCCESS && region < end)
	{
		vm_address_t from = region > start ? region : start, to = region + bytes < end ? region + bytes : end;

		if (MACH_PORT_VALID (name))
			mach_port_deallocate (mach_task_self (), name);
		if (prot & VM_PROT_WRITE)
			write_each_page (from, to);
		else if (vm_protect (mach_task_self (), from, to - from, FALSE, prot | VM_PROT_WRITE) == KERN_SUCCESS)
		{
			write_each_page (from, to);
			vm_protect (mach_task_self (), from, to - from, FALSE, prot);
		}
		region += bytes;
	}
}

static int
make_object_resident (struct dl_phdr_info *object, size_t bytes, void *ctx)
{
	for (unsigned i = 0; i < object->dlpi_phnum; i++)
	{
		const ElfW (Phdr) *segment = &object->dlpi_phdr[i];
		vm_address_t start = object->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD)
			make_range_resident (trunc_page (start), round_page (start + segment->p_memsz));
	}
	return 0;
}

void
resident_make (void)
{
	dl_iterate_phdr (make_object_resident, NULL);
}
