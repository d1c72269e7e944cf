/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals for a thread that computes: it is made to call signals_take where it
   is, and goes on afterwards as if nothing had happened. */
#define _GNU_SOURCE
#include "signals.h"
#include <string.h>
#include <mach/machine/thread_status.h>

void posix_signal_entry(void);
void posix_signal_async(struct i386_thread_state *registers);
mach_msg_return_t mach_msg_trap(mach_msg_header_t *, mach_msg_option_t, mach_msg_size_t, mach_msg_size_t, mach_port_t,
				mach_msg_timeout_t, mach_port_t);

enum {
	RED_ZONE_BYTES = 128,		/* below the stack pointer, in use by leaf functions */
	STUB_BYTES_MAX = 32,		/* of mach_msg_trap's code */
	SYSCALL_BYTES = 2,
	TRACE_AND_DIRECTION = 0x500,	/* flags that a function may not find set */
};

/* The interrupted registers are at *RDI, on the stack; with the floating point
   state below them.  A return by iretq changes all registers at once. */
__asm__(".text\n"
	".globl posix_signal_entry\n"
	"posix_signal_entry:\n"
	"	mov %rdi, %rbx\n"
	"	sub $512, %rsp\n"
	"	fxsave (%rsp)\n"
	"	call posix_signal_async\n"
	"	fxrstor (%rsp)\n"
	"	mov %rbx, %rdi\n"
	"	mov %rbx, %rsp\n"
	"	sub $40, %rsp\n"
	"	mov 128(%rdi), %rax\n	mov %rax, 0(%rsp)\n"	/* rip */
	"	mov 136(%rdi), %eax\n	mov %rax, 8(%rsp)\n"	/* cs */
	"	mov 144(%rdi), %rax\n	mov %rax, 16(%rsp)\n"	/* rfl */
	"	mov 152(%rdi), %rax\n	mov %rax, 24(%rsp)\n"	/* ursp */
	"	mov 160(%rdi), %eax\n	mov %rax, 32(%rsp)\n"	/* ss */
	"	mov 0(%rdi), %r8\n	mov 8(%rdi), %r9\n	mov 16(%rdi), %r10\n	mov 24(%rdi), %r11\n"
	"	mov 32(%rdi), %r12\n	mov 40(%rdi), %r13\n	mov 48(%rdi), %r14\n	mov 56(%rdi), %r15\n"
	"	mov 72(%rdi), %rsi\n	mov 80(%rdi), %rbp\n	mov 96(%rdi), %rbx\n	mov 104(%rdi), %rdx\n"
	"	mov 112(%rdi), %rcx\n	mov 120(%rdi), %rax\n	mov 64(%rdi), %rdi\n"
	"	iretq\n");
#define LIES_AT(name, place) _Static_assert(offsetof(struct i386_thread_state, name) == (place), "posix_signal_entry")
LIES_AT(r8, 0); LIES_AT(r15, 56); LIES_AT(rdi, 64); LIES_AT(rsi, 72); LIES_AT(rbp, 80); LIES_AT(rbx, 96);
LIES_AT(rdx, 104); LIES_AT(rcx, 112); LIES_AT(rax, 120); LIES_AT(rip, 128); LIES_AT(cs, 136); LIES_AT(rfl, 144);
LIES_AT(ursp, 152); LIES_AT(ss, 160);

void posix_signal_async(struct i386_thread_state *registers)
{
	signals_take(registers);
}

/* Is the thread in the kernel by a trap, or just out of it? */
static bool is_after_trap(unsigned long rip)
{
	static const unsigned char instruction[SYSCALL_BYTES] = { 0x0f, 0x05 };

	return memcmp((void *)(rip - SYSCALL_BYTES), instruction, SYSCALL_BYTES) == 0;
}

static bool is_in_mach_msg(unsigned long rip)
{
	return rip >= (unsigned long)mach_msg_trap && rip < (unsigned long)mach_msg_trap + STUB_BYTES_MAX;
}

void signal_inject(struct posix_thread *thread)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	struct i386_thread_state *saved;

	if (thread_get_state(thread->thread, i386_REGS_SEGS_STATE, (thread_state_t)&state, &count) != KERN_SUCCESS)
		return;
	/* In a trap the kernel still has to write its result to a register: leave it.
	   mach_msg looks for signals itself when its wait is broken off. */
	if (is_after_trap(state.rip)) {
		if (is_in_mach_msg(state.rip))
			thread_abort(thread->thread);
		return;
	}
	saved = (void *)((state.ursp - RED_ZONE_BYTES - sizeof state) & -64ul);
	*saved = state;
	state.rip = (unsigned long)posix_signal_entry;
	state.rdi = (unsigned long)saved;
	state.ursp = (unsigned long)saved;
	state.rfl &= ~(unsigned long)TRACE_AND_DIRECTION;
	thread_set_state(thread->thread, i386_REGS_SEGS_STATE, (thread_state_t)&state, i386_THREAD_STATE_COUNT);
}
