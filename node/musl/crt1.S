/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first instructions of every program.  rsp points at a boot script's
   arguments in a task that the kernel started, and anywhere in a usable stack
   in all others: posix_start finds out. */
	.text
	.globl _start
	.type _start, @function
_start:
	xor %ebp, %ebp
	mov %rsp, %rdi
	lea main(%rip), %rsi
	and $-16, %rsp
	call posix_start
	hlt
	.size _start, . - _start
	.section .note.GNU-stack, "", @progbits
