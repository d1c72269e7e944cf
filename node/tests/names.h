/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting what a task holds, to find leaks. */
#ifndef NODE_TESTS_NAMES_H
#define NODE_TESTS_NAMES_H

#include <mach.h>
#include <unistd.h>

/* How many port names this task has now. */
static inline unsigned count_names(void)
{
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t count = 0, type_count = 0;
	if (mach_port_names(mach_task_self(), &names, &count, &types, &type_count))
		return 0;
	vm_deallocate(mach_task_self(), (vm_address_t)names, count * sizeof *names);
	vm_deallocate(mach_task_self(), (vm_address_t)types, type_count * sizeof *types);
	return count;
}

/* The same, once there are no more than WANTED, or after some time: a thread of the library
   may still be busy with the last signal. */
static inline unsigned settled_names(unsigned wanted)
{
	enum { SETTLE_TRIES = 100, SETTLE_US = 20000 };
	unsigned count = count_names();
	for (int i = 0; i < SETTLE_TRIES && count > wanted; i++) {
		usleep(SETTLE_US);
		count = count_names();
	}
	return count;
}

/* How many kernel threads. */
static inline unsigned count_threads(void)
{
	thread_array_t threads;
	mach_msg_type_number_t count = 0;
	if (task_threads(mach_task_self(), &threads, &count))
		return 0;
	for (unsigned i = 0; i < count; i++)
		mach_port_deallocate(mach_task_self(), threads[i]);
	vm_deallocate(mach_task_self(), (vm_address_t)threads, count * sizeof *threads);
	return count;
}

/* Bytes of address space in use. */
static inline unsigned long virtual_size(void)
{
	struct task_basic_info info;
	mach_msg_type_number_t count = TASK_BASIC_INFO_COUNT;
	return task_info(mach_task_self(), TASK_BASIC_INFO, (task_info_t)&info, &count) ? 0 : info.virtual_size;
}

#endif
