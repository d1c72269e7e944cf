/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process says about its own life. */
#include "process.h"
#include "process_server.h"
#include "interrupt_server.h"

kern_return_t S_proc_mark_exit(mach_port_t port, int status, int sigcode)
{
	struct process *process = process_of_port(port);

	if (!process)
		return HURD_EOPNOTSUPP;
	if (process->exit_marked)
		return HURD_EBUSY;	/* the first word counts */
	process->exit_marked = true;
	process->status = status;
	process->sigcode = sigcode;
	return 0;
}

kern_return_t S_proc_mark_stop(mach_port_t port, int signal, int sigcode)
{
	struct process *process = process_of_port(port);

	if (!process || process->life == LIFE_ZOMBIE)
		return HURD_EOPNOTSUPP;
	process->life = LIFE_STOPPED;
	process->status = (signal & 0xff) << 8 | 0x7f;
	process->sigcode = sigcode;
	process->change_reported = false;
	process_changed(process);
	return 0;
}

kern_return_t S_proc_mark_cont(mach_port_t port)
{
	struct process *process = process_of_port(port);

	if (!process || process->life == LIFE_ZOMBIE)
		return HURD_EOPNOTSUPP;
	process->life = LIFE_RUNNING;
	process->continued = true;
	process->change_reported = false;
	if (process->parent)
		wait_child_changed(process->parent);
	return 0;
}

kern_return_t S_proc_mark_exec(mach_port_t port)
{
	return process_of_port(port) ? 0 : HURD_EOPNOTSUPP;
}

kern_return_t S_proc_mod_stopchild(mach_port_t port, int doit)
{
	struct process *process = process_of_port(port);

	if (!process)
		return HURD_EOPNOTSUPP;
	process->wants_stopped_children = doit != 0;
	return 0;
}

kern_return_t S_interrupt_operation(mach_port_t port, mach_port_seqno_t seqno)
{
	struct process *process = process_of_port(port);

	if (!process)
		return HURD_EOPNOTSUPP;
	wait_cancel(process, HURD_EINTR);
	return 0;
}
