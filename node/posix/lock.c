/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "posix.h"
#include "lock.h"
#include <mach/gnumach.h>

/* 1: locked; 2: locked, and someone may be waiting. */
void posix_lock(posix_lock_t *lock)
{
	int seen = 0;

	if (__atomic_compare_exchange_n(lock, &seen, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(lock, 2, __ATOMIC_ACQUIRE) != 0)
		gsync_wait(mach_task_self(), (vm_address_t)lock, 2, 0, 0, 0);
}

void posix_unlock(posix_lock_t *lock)
{
	if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) == 2)
		gsync_wake(mach_task_self(), (vm_address_t)lock, 0, 0);
}
