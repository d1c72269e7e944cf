/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What node/posix keeps for each thread.  It lies in the room that
   node/musl/prepare makes in musl's own descriptor of a thread, so it lives and
   dies with that; new threads start with it zeroed.

   Fields may be added at the end, within POSIX_AREA_WORDS words, without
   building musl anew. */
#ifndef POSIX_THREAD_H
#define POSIX_THREAD_H

#include <mach/port.h>

#define POSIX_AREA_WORDS 64

struct posix_thread {
	mach_port_t thread;		/* one reference; also the thread's tid */
	mach_port_t reply_port;		/* for RPCs; null until the first (receive right) */
	volatile int *clear_tid;	/* zeroed, and its waiters woken, when the thread ends */

	/* Interruption (node/posix/interrupt.c).  INTERRUPTIBLE is set only by the
	   thread itself, around a call that may return -EINTR; INTERRUPTED is set
	   by others.  mach_msg returns MACH_*_INTERRUPTED when both are set. */
	volatile int interruptible;
	volatile int interrupted;

	/* Signals (node/posix/signal*.c). */
	unsigned long blocked_signals;
	unsigned long pending_signals;
	void *signal_frame;
	void *signal_private[8];
	volatile int in_system;		/* inside posix_syscall: signals wait for its end */
	struct posix_thread *next;	/* of the process's threads; signal_post.c */
};

/* The calling thread's.  Before libc is set up it is that of a stand-in. */
struct posix_thread *posix_self(void);

#endif
