/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shared.h"

/* A spin lock, because futexes ask from everywhere. */
static struct {
	volatile int lock;
	volatile unsigned count;
	struct range { unsigned long start, end; mach_port_t file; } ranges[SHARED_RANGES_MAX];
} shared;

static void lock(void)
{
	while (__atomic_exchange_n(&shared.lock, 1, __ATOMIC_ACQUIRE))
		swtch_pri(0);
}

static void unlock(void)
{
	__atomic_store_n(&shared.lock, 0, __ATOMIC_RELEASE);
}

void shared_fork_prepare(void) { lock(); }
void shared_fork_done(void) { unlock(); }

enum posix_sharing shared_kind(const volatile void *address)
{
	unsigned long at = (unsigned long)address;
	enum posix_sharing kind = POSIX_PRIVATE;

	if (!shared.count)
		return kind;
	lock();
	for (unsigned i = 0; i < shared.count && kind == POSIX_PRIVATE; i++)
		if (at >= shared.ranges[i].start && at < shared.ranges[i].end)
			kind = shared.ranges[i].file != MACH_PORT_NULL ? POSIX_SHARED_FILE : POSIX_SHARED_HERE;
	unlock();
	return kind;
}

bool shared_add(unsigned long start, unsigned long end, mach_port_t file)
{
	lock();
	bool room = shared.count < SHARED_RANGES_MAX;
	if (room)
		shared.ranges[shared.count++] = (struct range){ start, end, file };
	unlock();
	return room;
}

static void hold(mach_port_t file)
{
	if (MACH_PORT_VALID(file)
	    && mach_port_mod_refs(mach_task_self(), file, MACH_PORT_RIGHT_SEND, 1) == KERN_INVALID_RIGHT)
		mach_port_mod_refs(mach_task_self(), file, MACH_PORT_RIGHT_DEAD_NAME, 1);
}

static void drop(mach_port_t file)
{
	if (MACH_PORT_VALID(file))
		mach_port_deallocate(mach_task_self(), file);
}

/* What is left of a range cut in its middle is two; a table without room for the
   second forgets it. */
void shared_remove(unsigned long start, unsigned long end)
{
	if (!shared.count)
		return;
	lock();
	for (unsigned i = 0; i < shared.count; i++) {
		struct range *range = &shared.ranges[i];
		if (range->end <= start || range->start >= end)
			continue;
		if (range->start < start && range->end > end && shared.count < SHARED_RANGES_MAX) {
			hold(range->file);
			shared.ranges[shared.count++] = (struct range){ end, range->end, range->file };
			range->end = start;
		} else if (range->start < start) {
			range->end = start;
		} else if (range->end > end) {
			range->start = end;
		} else {
			drop(range->file);
			*range = shared.ranges[--shared.count];
			i--;
		}
	}
	unlock();
}

mach_port_t shared_next_file(unsigned long *start, unsigned long end)
{
	const struct range *found = NULL;
	mach_port_t file = MACH_PORT_NULL;

	lock();
	for (unsigned i = 0; i < shared.count; i++) {
		const struct range *range = &shared.ranges[i];
		if (range->file != MACH_PORT_NULL && range->end > *start && range->start < end
		    && (!found || range->start < found->start))
			found = range;
	}
	if (found) {
		file = found->file;
		hold(file);
		*start = found->end;
	}
	unlock();
	return file;
}
