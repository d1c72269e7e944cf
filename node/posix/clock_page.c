/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What time it is.

   The kernel keeps the time in a page that /dev/time offers to map; before that
   can be opened, and where there is none, an RPC asks the kernel.  Both step by
   whole ticks; between them the processor's counter tells how much of the tick
   has passed, once a few ticks have shown how fast it runs.

   The page is mapped with VM_INHERIT_NONE: the kernel loses its own mapping of
   it when a task that inherited one ends.  A fork's child maps it anew, from
   the memory object, whose right it has inherited. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <x86intrin.h>
#include <sys/syscall.h>
#include <mach/time_value.h>
#include "posix.h"

enum { PAGE_BYTES = 4096, CALIBRATION_TICKS = 8, INTERPOLATED_MAX_NS = POSIX_TICK_NS - 1000, TICK_DRIFT_PART = 8 };
enum page_state { UNTRIED, TRYING, MAPPED, MISSING };

static struct {
	volatile int state;
	const volatile mapped_time_value_t *page;
	mach_port_t object;		/* the page's memory object */
	mach_port_t host;

	/* Guarded by `lock', which nobody waits for. */
	volatile int lock;
	long first_ns, tick_ns;		/* uptime: of the first tick seen, and of the last */
	uint64_t first_counter, tick_counter;	/* when they were seen first */

	long last_ns;			/* the latest monotonic time given out */
} now;

void posix_clock_after_fork(void)
{
	now.page = NULL;
	now.lock = 0;
	now.state = UNTRIED;
}

static mach_port_t host(void)
{
	if (now.host == MACH_PORT_NULL)
		now.host = mach_host_self();
	return now.host;
}

static long ns_of(const time_value64_t *value)
{
	return value->seconds * NS_PER_SECOND + value->nanoseconds;
}

/* ---- the page */

static mach_port_t open_page(void)
{
	mach_port_t object = MACH_PORT_NULL, writable = MACH_PORT_NULL;
	long fd = posix_syscall(SYS_openat, AT_FDCWD, (long)"/dev/time", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (fd < 0)
		return MACH_PORT_NULL;
	posix_file_map(fd, &object, &writable, NULL);
	if (MACH_PORT_VALID(writable))
		mach_port_deallocate(mach_task_self(), writable);
	posix_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
	return object;
}

static bool map_page(void)
{
	vm_offset_t address = 0;
	if (!MACH_PORT_VALID(now.object))
		now.object = open_page();
	if (!MACH_PORT_VALID(now.object))
		return false;
	if (syscall_vm_map(mach_task_self(), &address, PAGE_BYTES, 0, TRUE, now.object, 0, FALSE, VM_PROT_READ,
			   VM_PROT_READ, VM_INHERIT_NONE))
		return false;
	now.page = (const volatile mapped_time_value_t *)address;
	return true;
}

/* The page, or null: then ask the kernel.  Opening it makes calls of its own,
   and those that ask for the time meanwhile get null too. */
static const volatile mapped_time_value_t *page(void)
{
	int expected = UNTRIED;
	if (__atomic_load_n(&now.state, __ATOMIC_ACQUIRE) == MAPPED)
		return now.page;
	/* Without a process server's port this is one of the first servers: no files. */
	if (posix_startup.port_count == 0 ||
	    !__atomic_compare_exchange_n(&now.state, &expected, TRYING, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return NULL;
	bool mapped = map_page();
	__atomic_store_n(&now.state, mapped ? MAPPED : MISSING, __ATOMIC_RELEASE);
	return mapped ? now.page : NULL;
}

/* The kernel writes the seconds, the rest, and a copy of the seconds: a reader
   who finds both alike has seen one time. */
static long read_value(const volatile time_value64_t *value, const volatile int64_t *check)
{
	time_value64_t copy;
	do {
		copy.seconds = value->seconds;
		__sync_synchronize();
		copy.nanoseconds = value->nanoseconds;
		__sync_synchronize();
	} while (copy.seconds != *check);
	return ns_of(&copy);
}

/* ---- between two ticks */

static uint64_t scaled(uint64_t value, uint64_t by, uint64_t of)
{
	unsigned __int128 result = (unsigned __int128)value * by / of;
	return result < LONG_MAX ? result : LONG_MAX;
}

/* A tick is seen first some time after it began.  When that was follows from the
   earlier ones, as far as they are known; being seen earlier than that corrects
   it at once, being seen later hardly, for that is what a pause looks like. */
static void begin_tick(long tick_ns, uint64_t counter)
{
	long known_ns = now.tick_ns - now.first_ns;
	uint64_t known = now.tick_counter - now.first_counter;
	uint64_t began = counter;
	if (known_ns >= CALIBRATION_TICKS * POSIX_TICK_NS && known > 0) {
		uint64_t tick = scaled(known, POSIX_TICK_NS, known_ns);
		began = now.tick_counter + scaled(known, tick_ns - now.tick_ns, known_ns);
		if (counter < began || counter - began >= tick)
			began = counter;	/* earlier than thought; or ticks were lost, else there would be the next */
		else
			began += (counter - began) / TICK_DRIFT_PART;
	}
	now.tick_ns = tick_ns;
	now.tick_counter = began;
}

/* How far we are into the tick that began at TICK_NS of uptime; 0 when it is not known. */
static long into_tick(long tick_ns)
{
	uint64_t counter = __rdtsc();
	long into = 0;

	if (__atomic_exchange_n(&now.lock, 1, __ATOMIC_ACQUIRE))
		return 0;
	if (now.first_ns == 0) {
		now.first_ns = now.tick_ns = tick_ns;
		now.first_counter = now.tick_counter = counter;
	}
	if (tick_ns > now.tick_ns)
		begin_tick(tick_ns, counter);
	long known_ns = now.tick_ns - now.first_ns;
	uint64_t known = now.tick_counter - now.first_counter, passed = counter - now.tick_counter;
	if (tick_ns == now.tick_ns && known_ns >= CALIBRATION_TICKS * POSIX_TICK_NS && known > 0 && counter > now.tick_counter)
		into = scaled(passed, known_ns, known);
	__atomic_store_n(&now.lock, 0, __ATOMIC_RELEASE);
	return into < INTERPOLATED_MAX_NS ? into : INTERPOLATED_MAX_NS;
}

/* At least what was given out before. */
static long never_back(long ns)
{
	long last = __atomic_load_n(&now.last_ns, __ATOMIC_RELAXED);
	while (ns > last)
		if (__atomic_compare_exchange_n(&now.last_ns, &last, ns, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return ns;
	return last;
}

long posix_monotonic_ns(void)
{
	const volatile mapped_time_value_t *mapped = page();
	time_value64_t value = { 0 };
	if (mapped) {
		long tick_ns = read_value(&mapped->uptime_value, &mapped->check_upseconds64);
		return never_back(tick_ns + into_tick(tick_ns));
	}
	host_get_uptime64(host(), &value);
	return never_back(ns_of(&value));
}

long posix_realtime_ns(void)
{
	const volatile mapped_time_value_t *mapped = page();
	time_value64_t value = { 0 };
	if (mapped) {
		long tick_ns = read_value(&mapped->uptime_value, &mapped->check_upseconds64);
		return read_value(&mapped->time_value, &mapped->check_seconds64) + into_tick(tick_ns);
	}
	host_get_time64(host(), &value);
	return ns_of(&value);
}
