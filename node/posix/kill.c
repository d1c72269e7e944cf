/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending signals to other processes: by their message ports. */
#define _GNU_SOURCE
#include "process.h"
#include "files.h"
#include "prototypes.h"
#include "signals.h"
#include <hurd/msg.h>
#include <hurd/process.h>

void process_signal_self(int signal)
{
	mach_port_t port = signal_state.message_port;

	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	msg_sig_post(port, hurd_signal(signal), 0, mach_task_self());
	drop_port(port);
}

static int post_to_message_port(int pid, mach_port_t task, int signal)
{
	mach_port_t port;
	int error = INTERRUPTIBLE(proc_getmsgport(posix_process.proc, pid, &port));

	if (error)
		return error;
	error = msg_sig_post(port, hurd_signal(signal), 0, task);
	drop_port(port);
	return error;
}

/* A process that is being killed is not asked. */
static int send_to_task(int pid, mach_port_t task, int signal)
{
	if (signal == 0)
		return 0;
	return signal == SIGKILL ? task_terminate(task) : post_to_message_port(pid, task, signal);
}

static bool is_answer_of_the_dead(int error)
{
	return error == MACH_SEND_INVALID_DEST || error == MIG_SERVER_DIED;
}

/* A program that is executed is a new task: it does not take what was meant for the one before it, which
   perhaps has died of the signal or not even heard it.  Then it is sent again, to the new one. */
static int send_signal(int pid, int signal)
{
	mach_port_t task, before = MACH_PORT_NULL;
	int error = 0;

	for (;;) {
		int none = proc_pid2task(posix_process.proc, pid, &task);

		if (none || !MACH_PORT_VALID(task))
			task = MACH_PORT_NULL;
		if (before == MACH_PORT_NULL && task == MACH_PORT_NULL)
			return none ? none : HURD_ESRCH;
		if (task == MACH_PORT_NULL || task == before)
			break;
		drop_port(before);
		before = task;
		error = send_to_task(pid, task, signal);
		if (signal != SIGKILL && error != HURD_EPERM && !is_answer_of_the_dead(error)) {
			drop_port(before);
			return error;
		}
	}
	drop_port(task);
	drop_port(before);
	/* It died meanwhile: as good as killed. */
	return is_answer_of_the_dead(error) ? 0 : error;
}

/* Every member of a list; success if one could be reached. */
static long send_to_all(int *pids, unsigned count, int signal, bool but_me)
{
	int result = HURD_ESRCH;
	bool me = false;

	for (unsigned i = 0; i < count; i++) {
		int error;

		if (pids[i] == sys_getpid()) {
			me = !but_me;
			continue;
		}
		if (but_me && pids[i] <= HURD_PID_INIT)
			continue;
		error = send_signal(pids[i], signal);
		if (result)
			result = error;
	}
	if (count)
		vm_deallocate(mach_task_self(), (vm_address_t)pids, count * sizeof *pids);
	if (me) {
		if (signal)
			signal_post(signal);
		result = 0;
	}
	return posix_error(result);
}

long sys_kill(int pid, int signal)
{
	int *pids = NULL;
	unsigned count = 0;
	int error;

	if (signal < 0 || signal > SIGNAL_MAX)
		return -EINVAL;
	if (pid > 0 && pid == sys_getpid()) {
		if (signal)
			signal_post(signal);
		return 0;
	}
	if (!posix_process.proc)
		return -ESRCH;
	if (pid > 0)
		return posix_error(send_signal(pid, signal));
	if (pid == -1)
		error = proc_getallpids(posix_process.proc, &pids, &count);
	else
		error = proc_getpgrppids(posix_process.proc, -pid, &pids, &count);
	if (error)
		return posix_error(error);
	return send_to_all(pids, count, signal, pid == -1);
}

long sys_tkill(int tid, int signal)
{
	if (signal < 0 || signal > SIGNAL_MAX)
		return -EINVAL;
	return signal_post_thread(tid, signal) ? 0 : -ESRCH;
}

long sys_tgkill(int pid, int tid, int signal)
{
	return pid == sys_getpid() ? sys_tkill(tid, signal) : -ESRCH;
}
