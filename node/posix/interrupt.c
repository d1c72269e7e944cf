/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interruption of blocking calls, and cancellation, which is built on it.

   The interrupter sets `interrupted' and then aborts the target's wait in the
   kernel again and again until the target has seen the flag: an abort that
   comes just before the target enters the kernel would have no effect.  The
   loop is short, for a thread that is inside an interruptible call either sees
   the flag or is on its way into the kernel. */
#define _GNU_SOURCE
#include "posix.h"
#include "files.h"
#include "pthread_impl.h"

void posix_interruptible_begin(void)
{
	__atomic_add_fetch(&posix_self()->interruptible, 1, __ATOMIC_SEQ_CST);
}

bool posix_interrupted(void)
{
	/* The signal may have come before we were interruptible: nobody has set the flag then. */
	return __atomic_load_n(&posix_self()->interrupted, __ATOMIC_SEQ_CST) || posix_signals_deliverable();
}

void posix_interruptible_end(void)
{
	struct posix_thread *self = posix_self();
	/* Order matters: once `interruptible' is zero nobody aborts us any more. */
	if (__atomic_sub_fetch(&self->interruptible, 1, __ATOMIC_SEQ_CST) == 0)
		__atomic_store_n(&self->interrupted, 0, __ATOMIC_SEQ_CST);
}

void posix_interrupt(struct posix_thread *target)
{
	__atomic_store_n(&target->interrupted, 1, __ATOMIC_SEQ_CST);
	while (target != posix_self() && __atomic_load_n(&target->interruptible, __ATOMIC_SEQ_CST) &&
	       __atomic_load_n(&target->interrupted, __ATOMIC_SEQ_CST)) {
		thread_abort(target->thread);
		sys_sched_yield();
	}
}

/* ---- Cancellation points

   musl's cancellation handler looks at where in this function a thread was;
   here a blocked thread is brought back by posix_interrupt instead, so the
   three labels only have to exist. */
long __cancel(void);
long __syscall_cp_asm(volatile int *cancel, long number, long a, long b, long c, long d, long e, long f);

long __syscall_cp_asm(volatile int *cancel, long number, long a, long b, long c, long d, long e, long f)
{
	if (*cancel)
		return __cancel();
	return posix_syscall(number, a, b, c, d, e, f);
}

__asm__(".globl __cp_begin, __cp_end, __cp_cancel\n"
	".hidden __cp_begin, __cp_end, __cp_cancel\n"
	"__cp_begin: __cp_end: __cp_cancel: hlt\n");
