/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory calls by trap.  The trap knows a task only by the kernel's own port; when
   somebody stands between (a tracer, another node) it says MACH_SEND_INTERRUPTED and the
   same call goes as a message. */
#include <mach.h>

kern_return_t trap_vm_map(mach_port_t task, vm_offset_t *address, vm_size_t size, vm_offset_t mask,
			  boolean_t anywhere, mach_port_t object, vm_offset_t offset, boolean_t copy,
			  vm_prot_t protection, vm_prot_t max_protection, vm_inherit_t inheritance);
kern_return_t trap_vm_allocate(mach_port_t task, vm_offset_t *address, vm_size_t size, boolean_t anywhere);
kern_return_t trap_vm_deallocate(mach_port_t task, vm_offset_t address, vm_size_t size);

kern_return_t syscall_vm_map(mach_port_t task, vm_offset_t *address, vm_size_t size, vm_offset_t mask,
			     boolean_t anywhere, mach_port_t object, vm_offset_t offset, boolean_t copy,
			     vm_prot_t protection, vm_prot_t max_protection, vm_inherit_t inheritance)
{
	kern_return_t result = trap_vm_map(task, address, size, mask, anywhere, object, offset, copy, protection,
					   max_protection, inheritance);

	return result != MACH_SEND_INTERRUPTED ? result
		: vm_map(task, address, size, mask, anywhere, object, offset, copy, protection, max_protection,
			 inheritance);
}

kern_return_t syscall_vm_allocate(mach_port_t task, vm_offset_t *address, vm_size_t size, boolean_t anywhere)
{
	kern_return_t result = trap_vm_allocate(task, address, size, anywhere);

	return result != MACH_SEND_INTERRUPTED ? result : vm_allocate(task, address, size, anywhere);
}

kern_return_t syscall_vm_deallocate(mach_port_t task, vm_offset_t address, vm_size_t size)
{
	kern_return_t result = trap_vm_deallocate(task, address, size);

	return result != MACH_SEND_INTERRUPTED ? result : vm_deallocate(task, address, size);
}
