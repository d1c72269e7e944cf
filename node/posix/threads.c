/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads: musl's clone on Mach's thread_create, and how a thread ends. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <stdint.h>
#include <unistd.h>
#include <mach/machine/thread_status.h>
#include <mach/gnumach.h>
#include "posix.h"
#include "pthread_impl.h"

_Static_assert(sizeof(struct posix_thread) <= POSIX_AREA_WORDS * sizeof(long), "posix_thread outgrew its room");

enum {
	INITIAL_FLAGS = 0x200,			/* interrupts on */
	FS_BASE_WORDS = sizeof(struct i386_fsgs_base_state) / sizeof(int),
	EXIT_BLOCK_SIZE = 2 * POSIX_PAGE_SIZE,
	SWITCH_NONE = 0,
};

/* Used by RPCs before libc has made the main thread's descriptor. */
static struct pthread stand_in;

struct posix_thread *posix_self(void)
{
	return (struct posix_thread *)__pthread_self()->posix_area;
}

static struct posix_thread *posix_of(pthread_t thread)
{
	return (struct posix_thread *)thread->posix_area;
}

static int set_thread_pointer(const void *pointer)
{
	struct i386_fsgs_base_state base = { .fs_base = (unsigned long)pointer };
	return thread_set_self_state(i386_FSGS_BASE_STATE, &base, FS_BASE_WORDS);
}

void posix_stand_in_thread(void);
void posix_stand_in_thread(void)
{
	stand_in.self = &stand_in;
	stand_in.locale = &libc.global_locale;
	set_thread_pointer(&stand_in);
	/* Not through posix_self(): the compiler may read the thread pointer early. */
	posix_of(&stand_in)->thread = mach_thread_self();
}

/* musl calls this once, for the main thread, with its final descriptor. */
int __set_thread_area(void *pointer)
{
	memcpy(((pthread_t)pointer)->posix_area, stand_in.posix_area, sizeof stand_in.posix_area);
	return set_thread_pointer(pointer) ? -1 : 0;
}

long sys_set_tid_address(volatile int *address)
{
	posix_self()->clear_tid = address;
	return posix_self()->thread;
}

long sys_gettid(void)
{
	return posix_self()->thread;
}

/* musl keeps robust lists itself; the kernel has nothing to add. */
long sys_set_robust_list(void *head, size_t size)
{
	return 0;
}

long sys_sched_yield(void)
{
	thread_switch(MACH_PORT_NULL, SWITCH_NONE, 0);
	return 0;
}

long sys_sched_getaffinity(int pid, size_t size, void *mask)
{
	if (size < sizeof(long))
		return -EINVAL;
	memset(mask, 0, size);
	*(char *)mask = 1;
	return sizeof(long);
}

kern_return_t posix_thread_setup(mach_port_t thread, void *function, void *stack_top, const void *pointer,
				 long arg1, long arg2)
{
	struct i386_thread_state state;
	memset(&state, 0, sizeof state);
	state.rip = (unsigned long)function;
	/* As after a call: 8 short of the ABI's alignment. */
	state.ursp = ((unsigned long)stack_top & -16ul) - 8;
	state.rdi = arg1;
	state.rsi = arg2;
	state.rfl = INITIAL_FLAGS;
	/* This flavor makes the kernel choose the segment registers itself. */
	kern_return_t error = thread_set_state(thread, i386_THREAD_STATE, (thread_state_t)&state, i386_THREAD_STATE_COUNT);
	if (error || !pointer)
		return error;
	struct i386_fsgs_base_state base = { .fs_base = (unsigned long)pointer };
	return thread_set_state(thread, i386_FSGS_BASE_STATE, (thread_state_t)&base, FS_BASE_WORDS);
}

static void thread_main(int (*function)(void *), void *argument)
{
	function(argument);
	sys_exit(0);
}

int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	va_list rest;
	va_start(rest, argument);
	int *parent_tid = va_arg(rest, int *);
	pthread_t descriptor = va_arg(rest, pthread_t);
	int *clear_tid = va_arg(rest, int *);
	va_end(rest);

	/* posix_spawn: its child only calls a few functions and execs; a copy of all memory serves as well. */
	if (!(flags & CLONE_THREAD)) {
		int pid = _Fork();
		if (pid == 0)
			sys_exit_group(function(argument));
		return pid < 0 ? -EAGAIN : pid;
	}

	mach_port_t thread;
	if (thread_create(mach_task_self(), &thread))
		return -EAGAIN;
	struct posix_thread *posix = posix_of(descriptor);
	posix->thread = thread;
	posix->clear_tid = clear_tid;
	posix->blocked_signals = posix_self()->blocked_signals;
	if (flags & CLONE_PARENT_SETTID)
		*parent_tid = thread;
	signal_thread_begins(posix);
	if (posix_thread_setup(thread, thread_main, stack, descriptor, (long)function, (long)argument) ||
	    thread_resume(thread)) {
		signal_thread_ends(posix);
		thread_terminate(thread);
		mach_port_deallocate(mach_task_self(), thread);
		return -EAGAIN;
	}
	return thread;
}

/* ---- The end of a thread

   A joiner frees a thread's stack and descriptor once clear_tid is zero; so the
   thread must be using neither by then.  It moves to an exit block: fresh pages
   with a small stack and a descriptor of their own, just enough for RPCs.
   From there the kernel frees, in one message, the thread's name, its reply
   port, the block itself and the thread. */

struct exit_block {
	struct pthread descriptor;
	void *stack_to_free;	/* a detached thread's mapping, or null */
	size_t stack_size;
	char stack[] __attribute__((aligned(16)));
};

static void __attribute__((noreturn)) finish_on_exit_block(struct exit_block *block)
{
	struct posix_thread self = *posix_of(&block->descriptor);

	set_thread_pointer(&block->descriptor);
	if (block->stack_to_free)
		syscall_vm_deallocate(mach_task_self(), (vm_offset_t)block->stack_to_free, block->stack_size);
	if (self.clear_tid) {
		__atomic_store_n(self.clear_tid, 0, __ATOMIC_SEQ_CST);
		gsync_wake(mach_task_self(), (vm_offset_t)self.clear_tid, 0, 0);
	}
	for (;;)
		thread_terminate_release(self.thread, mach_task_self(), self.thread, self.reply_port,
					 (vm_address_t)block, EXIT_BLOCK_SIZE);
}

static void __attribute__((noreturn)) leave(void *stack_to_free, size_t stack_size)
{
	vm_offset_t address = 0;
	signal_thread_ends(posix_self());
	while (syscall_vm_allocate(mach_task_self(), &address, EXIT_BLOCK_SIZE, TRUE))
		sys_sched_yield();	/* nothing to fall back on: wait for memory */

	struct exit_block *block = (struct exit_block *)address;
	memcpy(block->descriptor.posix_area, __pthread_self()->posix_area, sizeof block->descriptor.posix_area);
	block->descriptor.self = &block->descriptor;
	block->stack_to_free = stack_to_free;
	block->stack_size = stack_size;
	__asm__ volatile("mov %0, %%rsp\n\txor %%ebp, %%ebp\n\tcall *%1\n\thlt"
			 : : "r"(address + EXIT_BLOCK_SIZE - 16), "r"(finish_on_exit_block), "D"(block) : "memory");
	__builtin_unreachable();
}

long sys_exit(int status)
{
	leave(NULL, 0);
}

/* musl: a detached thread frees its own stack and ends. */
void __unmapself(void *base, size_t size)
{
	leave(base, size);
}

/* ---- Threads that musl does not know */

kern_return_t posix_service_thread(void (*function)(void *), void *argument, size_t stack_size, mach_port_t *out)
{
	size_t size = POSIX_PAGE_ROUND(sizeof(struct pthread)) + POSIX_PAGE_ROUND(stack_size);
	vm_offset_t address = 0;
	mach_port_t thread;

	kern_return_t error = syscall_vm_allocate(mach_task_self(), &address, size, TRUE);
	if (error)
		return error;
	error = thread_create(mach_task_self(), &thread);
	if (error) {
		syscall_vm_deallocate(mach_task_self(), address, size);
		return error;
	}
	pthread_t descriptor = (pthread_t)(address + size - ((sizeof *descriptor + 63) & -64ul));
	descriptor->self = descriptor->next = descriptor->prev = descriptor;
	descriptor->tid = thread;
	descriptor->locale = &libc.global_locale;
	posix_of(descriptor)->thread = thread;
	posix_of(descriptor)->blocked_signals = -1ul;
	error = posix_thread_setup(thread, (void *)function, descriptor, descriptor, (long)argument, 0);
	if (!error)
		error = thread_resume(thread);
	*out = thread;
	return error;
}

void posix_thread_after_fork(void)
{
	struct posix_thread *self = posix_self();
	self->reply_port = MACH_PORT_NULL;	/* receive rights are not inherited */
	self->interruptible = 0;
	self->interrupted = 0;
	posix_clock_after_fork();
	posix_entropy_after_fork();
}
