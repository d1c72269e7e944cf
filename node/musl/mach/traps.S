/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel takes the number, negated, in rax, arguments four in r10, and those
   past the sixth from the caller's stack. */
	.macro TRAP name number
	.globl \name
	.type \name, @function
\name:
	mov %rcx, %r10
	mov $-\number, %rax
	syscall
	ret
	.size \name, . - \name
	.endm

	.text
	TRAP mach_msg_trap 25
	TRAP mach_reply_port 26
	TRAP mach_thread_self 27
	TRAP mach_task_self 28
	TRAP mach_host_self 29
	TRAP mach_print 30
	TRAP swtch_pri 59
	TRAP thread_switch 61
	TRAP trap_vm_map 64
	TRAP trap_vm_allocate 65
	TRAP trap_vm_deallocate 66
	TRAP trap_mach_port_allocate 72
	TRAP trap_mach_port_deallocate 73
	TRAP trap_mach_port_insert_right 74
	TRAP thread_set_self_state 77

	.section .note.GNU-stack, "", @progbits
