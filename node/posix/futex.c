/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Futexes on the kernel's gsync.

   GSYNC_SHARED is for memory that other tasks share and for nothing else: the
   kernel then keys a wait by memory object and offset, and copy-on-write gives
   private memory a new object, so that a wake-up would be lost. */
#define _GNU_SOURCE
#include <limits.h>
#include <time.h>
#include <mach/gnumach.h>
#include "posix.h"

/* Flags of gsync_wait and gsync_wake. */
enum { SHARED = 1, TIMED = 4, BROADCAST = 8 };

enum { WAIT = 0, WAKE = 1, REQUEUE = 3, CMP_REQUEUE = 4, WAIT_BITSET = 9, WAKE_BITSET = 10 };
enum { COMMAND_MASK = 127, REALTIME_FLAG = 256, WAIT_MS_MAX = 1000000 };

static int sharing(const volatile int *address)
{
	return posix_is_shared(address) ? SHARED : 0;
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

static long wait_once(volatile int *address, int value, long until)
{
	int flags = sharing(address);
	unsigned ms = 0;
	if (until != LONG_MAX) {
		long left = until - posix_monotonic_ns();
		if (left <= 0)
			return -ETIMEDOUT;
		left = (left + NS_PER_MS - 1) / NS_PER_MS;
		ms = left < WAIT_MS_MAX ? left : WAIT_MS_MAX;
		flags |= TIMED;
	}
	switch (gsync_wait(mach_task_self(), (vm_offset_t)address, (unsigned)value, 0, ms, flags)) {
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

static long wait_until(volatile int *address, int value, long until)
{
	long result;
	posix_interruptible_begin();
	do {
		result = posix_interrupted() ? -EINTR : wait_once(address, value, until);
		if (result == -EINTR && !posix_interrupted())
			result = 0;	/* aborted for another reason: a spurious wake-up */
	} while (result == -ETIMEDOUT && posix_monotonic_ns() < until);
	posix_interruptible_end();
	return result;
}

static long wake(volatile int *address, int count)
{
	gsync_wake(mach_task_self(), (vm_offset_t)address, 0, sharing(address) | (count == 1 ? 0 : BROADCAST));
	return 0;	/* how many it woke the kernel does not tell; musl does not ask */
}

long sys_futex(volatile int *address, int op, int value, const struct timespec *timeout, volatile int *second, int third)
{
	switch (op & COMMAND_MASK) {
	case WAIT:
	case WAIT_BITSET:
		return wait_until(address, value, deadline(op, timeout));
	case WAKE:
	case WAKE_BITSET:
		return wake(address, value);
	case REQUEUE:
	case CMP_REQUEUE:
		/* Waking is a correct, if slower, requeue: the woken wait for the second themselves. */
		if ((op & COMMAND_MASK) == CMP_REQUEUE && *address != third)
			return -EAGAIN;
		return wake(address, INT_MAX);
	}
	return -ENOSYS;
}
