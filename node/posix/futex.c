/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Futexes on the kernel's gsync.

   GSYNC_SHARED is for memory that other tasks share and for nothing else: the
   kernel then keys a wait by memory object and offset, and copy-on-write gives
   private memory a new object, so that a wake-up would be lost.

   A word in a mapped file is another matter: its waker may be on another kernel, which
   gsync does not reach, but the word itself is coherent.  So a waiter looks at it again
   after a bounded time; threads of the same process wake it at once, by a word of the
   process's own.  gsync_wait must not even see the file's word: the kernel reads it with
   the map and a table of its own locked, and the page may be on another machine, or the
   pager may need that same table to answer, or refuse, which the kernel does not survive
   there. */
#define _GNU_SOURCE
#include <limits.h>
#include <time.h>
#include <mach/gnumach.h>
#include "shared.h"

/* Flags of gsync_wait and gsync_wake. */
enum { SHARED = 1, TIMED = 4, BROADCAST = 8 };

enum { WAIT = 0, WAKE = 1, REQUEUE = 3, CMP_REQUEUE = 4, WAIT_BITSET = 9, WAKE_BITSET = 10 };
enum { COMMAND_MASK = 127, PRIVATE_FLAG = 128, REALTIME_FLAG = 256, WAIT_MS_MAX = 1000000 };

/* Between two looks at a word of a file: at first, and after so many looks.  The kernel
   counts in ticks of 10 ms. */
enum { LOOK_MS = 5, LOOKS_SOON = 50, LOOK_LATER_MS = 40 };

/* Changes with every wake-up of a file's word by this process. */
static volatile int file_wakes;

static int sharing(const volatile int *address)
{
	return shared_kind(address) == POSIX_SHARED_HERE ? SHARED : 0;
}

static bool in_file(const volatile int *address, int op)
{
	return !(op & PRIVATE_FLAG) && shared_kind(address) == POSIX_SHARED_FILE;
}

/* When a wait has to end, on the monotonic clock; LONG_MAX for never. */
static long deadline(int op, const struct timespec *timeout)
{
	if (!timeout)
		return LONG_MAX;
	if (timeout->tv_sec > LONG_MAX / NS_PER_SECOND / 2)
		return LONG_MAX;
	long ns = timeout->tv_sec * NS_PER_SECOND + timeout->tv_nsec;
	if ((op & COMMAND_MASK) == WAIT)
		return posix_monotonic_ns() + ns;	/* relative */
	if (op & REALTIME_FLAG)
		return posix_monotonic_ns() + (ns - posix_realtime_ns());
	return ns;
}

/* MS is 0 for a wait without end. */
static long wait_gsync(const volatile int *address, int value, unsigned ms, int flags)
{
	switch (gsync_wait(mach_task_self(), (vm_offset_t)address, (unsigned)value, 0, ms, flags | (ms ? TIMED : 0))) {
	case KERN_SUCCESS:
		return 0;
	case KERN_INVALID_ARGUMENT:
		return -EAGAIN;		/* the value differs */
	case KERN_TIMEDOUT:
		/* The kernel counts ticks and may be early: the caller looks again. */
		return -ETIMEDOUT;
	case KERN_INTERRUPTED:
	case MACH_SEND_INTERRUPTED:
	case MACH_RCV_INTERRUPTED:
		return -EINTR;
	default:
		return -EFAULT;
	}
}

/* Milliseconds until UNTIL, at most MOST; 0 when it has passed. */
static unsigned left_ms(long until, unsigned most)
{
	if (until == LONG_MAX)
		return most;
	long left = until - posix_monotonic_ns();
	if (left <= 0)
		return 0;
	left = (left + NS_PER_MS - 1) / NS_PER_MS;
	return left < most ? left : most;
}

/* LOOKS counts those at the word of a file. */
static long wait_once(const volatile int *address, int value, long until, bool file, unsigned looks)
{
	int wakes = file_wakes;
	unsigned ms = 0;
	long result;

	if (until != LONG_MAX || file) {
		ms = left_ms(until, !file ? WAIT_MS_MAX : looks < LOOKS_SOON ? LOOK_MS : LOOK_LATER_MS);
		if (!ms)
			return -ETIMEDOUT;
	}
	if (!file)
		return wait_gsync(address, value, ms, sharing(address));
	if (*address != value)
		return -EAGAIN;
	result = wait_gsync(&file_wakes, wakes, ms, 0);
	return result == -EAGAIN ? 0 : result;	/* someone of ours woke meanwhile */
}

static long wait_until(const volatile int *address, int value, long until, bool file)
{
	unsigned looks = 0;
	long result;

	posix_interruptible_begin();
	do {
		result = posix_interrupted() ? -EINTR : wait_once(address, value, until, file, looks++);
		if (result == -EINTR && !posix_interrupted())
			result = 0;	/* aborted for another reason: a spurious wake-up */
	} while (result == -ETIMEDOUT && posix_monotonic_ns() < until);
	posix_interruptible_end();
	return result;
}

static long wake(volatile int *address, int op, int count)
{
	int flags = sharing(address);

	if (in_file(address, op)) {
		/* Which of them waits for this word nobody knows: all look again. */
		__atomic_add_fetch(&file_wakes, 1, __ATOMIC_SEQ_CST);
		address = &file_wakes;
		flags = BROADCAST;
	} else if (count != 1) {
		flags |= BROADCAST;
	}
	gsync_wake(mach_task_self(), (vm_offset_t)address, 0, flags);
	return 0;	/* how many it woke the kernel does not tell; musl does not ask */
}

long sys_futex(volatile int *address, int op, int value, const struct timespec *timeout, volatile int *second, int third)
{
	switch (op & COMMAND_MASK) {
	case WAIT:
	case WAIT_BITSET:
		return wait_until(address, value, deadline(op, timeout), in_file(address, op));
	case WAKE:
	case WAKE_BITSET:
		return wake(address, op, value);
	case REQUEUE:
	case CMP_REQUEUE:
		/* Waking is a correct, if slower, requeue: the woken wait for the second themselves. */
		if ((op & COMMAND_MASK) == CMP_REQUEUE && *address != third)
			return -EAGAIN;
		return wake(address, op, INT_MAX);
	}
	return -ENOSYS;
}
