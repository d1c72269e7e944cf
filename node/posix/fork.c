/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fork: a task that inherits a copy of all memory, with the same send rights
   under the same names and one thread that comes out of the same setjmp.

   Receive rights do not carry over, so the child makes its own reply port and
   its own signal thread.  musl's locks are musl's matter (fork.c there); ours
   are held here while the copy is made, so the child finds them consistent. */
#define _GNU_SOURCE
#include "process.h"
#include "files.h"
#include "prototypes.h"
#include "shared.h"
#include "signals.h"
#include "pthread_impl.h"
#include <setjmp.h>
#include <hurd/process.h>
#include <mach/mach4.h>

enum { CHILD_STACK_GAP = 8192 };	/* below this function's frame */

struct floating_point { unsigned mxcsr; unsigned short control; };

static void fork_prepare(void)
{
	posix_files_fork_prepare();
	shared_fork_prepare();
	posix_lock(&signal_state.lock);
}

static void fork_done(void)
{
	posix_unlock(&signal_state.lock);
	shared_fork_done();
	posix_files_fork_done();
}

static bool is_thread_of_ours(mach_port_t name)
{
	return name == signal_state.thread || signal_thread_of_port(name);
}

/* Names that mean something else in the child, or nothing. */
static bool stays_behind(mach_port_t name, mach_port_t child, mach_port_t thread)
{
	return name == mach_task_self() || name == child || name == thread || name == posix_process.proc
		|| name == signal_state.message_port || name == signal_state.exception_port || is_thread_of_ours(name);
}

/* With as many references, for the child will drop each of them.  The name of a
   right that is dead must be taken in the child too: else its next port would get
   that name, and a descriptor of the dead one would mean the new one. */
static void copy_right(mach_port_t child, mach_port_t name)
{
	mach_port_right_t right = MACH_PORT_RIGHT_SEND;
	mach_port_urefs_t references;

	if (mach_port_insert_right(child, name, name, MACH_MSG_TYPE_COPY_SEND) != 0) {
		right = MACH_PORT_RIGHT_DEAD_NAME;
		if (mach_port_allocate_name(child, right, name) != 0)
			return;
	}
	if (mach_port_get_refs(mach_task_self(), name, right, &references) == 0 && references > 1)
		mach_port_mod_refs(child, name, right, references - 1);
}

static int copy_rights(mach_port_t child, mach_port_t thread)
{
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t count, type_count;
	int error = mach_port_names(mach_task_self(), &names, &count, &types, &type_count);

	if (error)
		return error;
	for (mach_msg_type_number_t i = 0; i < count; i++)
		if (types[i] & (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_DEAD_NAME) && !stays_behind(names[i], child, thread))
			copy_right(child, names[i]);
	vm_deallocate(mach_task_self(), (vm_address_t)names, count * sizeof *names);
	vm_deallocate(mach_task_self(), (vm_address_t)types, count * sizeof *types);
	error = mach_port_insert_right(child, mach_task_self(), child, MACH_MSG_TYPE_COPY_SEND);
	return error ? error : mach_port_insert_right(child, posix_self()->thread, thread, MACH_MSG_TYPE_COPY_SEND);
}

/* Makes the child a process of ours and gives it its process port. */
static int declare_child(mach_port_t child, int *pid)
{
	mach_port_t proc;
	int error;

	if (!posix_process.proc)
		return 0;
	error = proc_child(posix_process.proc, child);
	if (error == 0)
		error = proc_task2pid(posix_process.proc, child, pid);
	if (error == 0)
		error = proc_task2proc(posix_process.proc, child, &proc);
	if (error)
		return error;
	error = mach_port_insert_right(child, posix_process.proc, proc, MACH_MSG_TYPE_COPY_SEND);
	drop_port(proc);
	return error;
}

/* The child of a task that the process server does not know has no pid; any
   positive number tells the parent that it is the parent. */
static int start_child(mach_port_t child, jmp_buf environment, char *stack, int *pid)
{
	mach_port_t thread;
	int error = thread_create(child, &thread);

	*pid = 1;
	if (error)
		return error;
	error = posix_thread_setup(thread, (void *)longjmp, stack, __pthread_self(), (long)environment, 1);
	if (error == 0)
		error = copy_rights(child, thread);
	if (error == 0)
		error = declare_child(child, pid);
	if (error == 0)
		error = thread_resume(thread);
	drop_port(thread);
	return error;
}

static long in_child(void)
{
	posix_thread_after_fork();
	posix_self()->pending_signals = 0;
	signal_state.pending = 0;
	signal_state.alarm_ns = signal_state.alarm_interval_ns = 0;
	signal_state.thread = MACH_PORT_NULL;
	posix_process.pid = 0;
	posix_boot_host_priv = posix_boot_device_master = MACH_PORT_NULL;	/* the first task's alone */
	fork_done();
	signal_thread_start();
	return 0;
}

long sys_fork(void)
{
	struct floating_point fp;
	jmp_buf environment;
	mach_port_t child;
	int error, pid;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(fp.mxcsr), "=m"(fp.control));
	fork_prepare();
	if (setjmp(environment)) {
		__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(fp.mxcsr), "m"(fp.control));
		return in_child();
	}
	error = task_create(mach_task_self(), TRUE, &child);
	if (error == 0) {
		error = start_child(child, environment, (char *)__builtin_frame_address(0) - CHILD_STACK_GAP, &pid);
		if (error)
			task_terminate(child);
		drop_port(child);
	}
	fork_done();
	return error ? -EAGAIN : pid;
}

long sys_vfork(void)
{
	return sys_fork();
}
