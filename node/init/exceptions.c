/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Crashes.  A task inherits its exception port from the task that made it, so
   all tasks of the node report here, unless they chose otherwise. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <mach/exception.h>
#include <mach/machine/thread_status.h>
#include <mach/task_special_ports.h>
#include <hurd/process.h>
#include <hurd_abi.h>
#include "init.h"
#include "exc_server.h"

boolean_t exc_server(mach_msg_header_t *request, mach_msg_header_t *reply);

static int signal_of(int exception)
{
	switch (exception) {
	case EXC_BAD_ACCESS:
		return HURD_SIGSEGV;
	case EXC_BAD_INSTRUCTION:
		return HURD_SIGILL;
	case EXC_ARITHMETIC:
		return HURD_SIGFPE;
	case EXC_BREAKPOINT:
		return HURD_SIGTRAP;
	}
	return HURD_SIGABRT;
}

/* Tells the process server how the task ends, before it does; returns its pid or 0. */
static int mark_exit(mach_port_t task, int signal, char *name)
{
	mach_port_t process = MACH_PORT_NULL;
	pid_t pid = 0;
	strcpy(name, "?");
	if (boot.proc == MACH_PORT_NULL || proc_task2proc(boot.proc, task, &process))
		return 0;
	proc_task2pid(boot.proc, task, &pid);
	proc_get_exe(boot.proc, pid, name);
	proc_mark_exit(process, signal, 0);
	mach_port_deallocate(mach_task_self(), process);
	return pid;
}

kern_return_t catch_exception_raise(mach_port_t port, mach_port_t thread, mach_port_t task, integer_t exception,
				    integer_t code, long_integer_t subcode)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	string_t name;
	int signal = signal_of(exception);

	memset(&state, 0, sizeof state);
	thread_get_state(thread, i386_REGS_SEGS_STATE, (thread_state_t)&state, &count);
	int pid = mark_exit(task, signal, name);
	report("process %d (%s) crashed: signal %d, rip 0x%lx, rsp 0x%lx, address 0x%lx, code %d", pid, name, signal,
	       (unsigned long)state.rip, (unsigned long)state.ursp, (unsigned long)subcode, code);
	task_terminate(task);
	mach_port_deallocate(mach_task_self(), thread);
	mach_port_deallocate(mach_task_self(), task);
	return KERN_SUCCESS;
}

static void *serve_exceptions(void *port)
{
	kern_return_t error = mach_msg_server(exc_server, 0, (mach_port_t)(unsigned long)port);
	fail("cannot receive exceptions: 0x%x", error);
}

void exceptions_prepare(void)
{
	mach_port_t port;
	pthread_t thread;
	kern_return_t error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	if (!error)
		error = mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	if (!error)
		error = task_set_special_port(mach_task_self(), TASK_EXCEPTION_PORT, port);
	if (error || pthread_create(&thread, NULL, serve_exceptions, (void *)(unsigned long)port))
		fail("no exception port: 0x%x", error);
}
