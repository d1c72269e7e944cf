/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's traps that bypass messages. */
#ifndef _MACH_MACH_TRAPS_H
#define _MACH_MACH_TRAPS_H

#include <mach/kern_return.h>
#include <mach/port.h>
#include <mach/machine/vm_types.h>
#include <mach/vm_prot.h>
#include <mach/vm_inherit.h>
#include <mach/boolean.h>

mach_port_t mach_reply_port(void);	/* a new receive right */
mach_port_t mach_thread_self(void);	/* each call adds one reference to the name */
mach_port_t mach_host_self(void);	/* likewise */
mach_port_t (mach_task_self)(void);	/* likewise; the macro of <mach_init.h> does not */
void mach_print(const char *text);	/* on the kernel's own console */
kern_return_t thread_switch(mach_port_t thread, int option, natural_t time_ms);
kern_return_t swtch_pri(int priority);
kern_return_t thread_set_self_state(int flavor, void *state, natural_t count);
kern_return_t syscall_vm_map(mach_port_t task, vm_offset_t *address, vm_size_t size, vm_offset_t mask,
			     boolean_t anywhere, mach_port_t object, vm_offset_t offset, boolean_t copy,
			     vm_prot_t protection, vm_prot_t max_protection, vm_inherit_t inheritance);
kern_return_t syscall_vm_allocate(mach_port_t task, vm_offset_t *address, vm_size_t size, boolean_t anywhere);
kern_return_t syscall_vm_deallocate(mach_port_t task, vm_offset_t address, vm_size_t size);

#endif
