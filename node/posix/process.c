/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process's start and end, its ids, and waiting for children. */
#define _GNU_SOURCE
#include "process.h"
#include "files.h"
#include "prototypes.h"
#include "signals.h"
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <hurd/process.h>
#include <mach/task_special_ports.h>

struct posix_process posix_process;

/* Masks travel as the Hurd's, 32 signals wide. */
static unsigned long mask_to_musl(unsigned hurd_mask)
{
	unsigned long mask = 0;

	for (int i = 1; i <= 32; i++)
		if (hurd_mask & 1u << (i - 1) && hurd_signal_to_musl(i))
			mask |= SIGNAL_BIT(hurd_signal_to_musl(i));
	return mask;
}

static mach_port_t take_port(const struct posix_startup *startup, int which)
{
	return which < (int)startup->port_count ? startup->ports[which] : MACH_PORT_NULL;
}

/* Rights that nobody here uses; files has taken the descriptors and directories.
   The arrays stay (they may be the caller's own). */
static void drop_unused(const struct posix_startup *startup)
{
	for (unsigned i = 0; i < startup->port_count; i++)
		if (i == INIT_PORT_AUTH || i == INIT_PORT_CTTYID || i >= INIT_PORT_MAX)
			drop_port(startup->ports[i]);
}

static void tell_arguments(void)
{
	if (posix_process.proc && posix_argv)
		proc_set_arg_locations(posix_process.proc, (vm_address_t)posix_argv, (vm_address_t)environ);
}

void posix_process_start(const struct posix_startup *startup)
{
	mach_port_t bootstrap = take_port(startup, INIT_PORT_BOOTSTRAP);

	posix_process.proc = take_port(startup, INIT_PORT_PROC);
	posix_process.pid = 0;
	if (startup->port_count > 0) {
		/* A translator finds here who waits for its fsys_startup. */
		task_set_special_port(mach_task_self(), TASK_BOOTSTRAP_PORT, bootstrap);
		drop_port(bootstrap);
	}
	if (startup->int_count > INIT_SIGIGN) {
		posix_self()->blocked_signals = mask_to_musl(startup->ints[INIT_SIGMASK]) & ~SIGNALS_UNBLOCKABLE;
		signals_ignore(mask_to_musl(startup->ints[INIT_SIGIGN]));
		if (startup->int_count > INIT_SIGPENDING)
			signal_state.pending |= mask_to_musl(startup->ints[INIT_SIGPENDING]);
	}
	drop_unused(startup);
	signal_thread_start();
	tell_arguments();
}

long sys_exit_group(int status)
{
	if (posix_process.proc)
		proc_mark_exit(posix_process.proc, (status & 0xff) << 8, 0);
	if (posix_boot_host_priv)	/* the first task: nothing can go on */
		host_reboot(posix_boot_host_priv, 0);
	for (;;)
		task_terminate(mach_task_self());
}

/* ---- ids */

static int ids(int *parent)
{
	int pid = 0, orphaned;

	*parent = 0;
	if (!posix_process.proc || proc_getpids(posix_process.proc, &pid, parent, &orphaned) != 0)
		return 0;
	return pid;
}

long sys_getpid(void)
{
	int parent;

	if (posix_process.pid == 0)
		posix_process.pid = ids(&parent);
	return posix_process.pid;
}

long sys_getppid(void)
{
	int parent;

	ids(&parent);
	return parent;
}

#define WITH_PROC(rpc) (posix_process.proc ? posix_error(rpc) : -ESRCH)

long sys_getpgid(int pid)
{
	int group = 0;
	long result = WITH_PROC(proc_getpgrp(posix_process.proc, pid, &group));

	return result ? result : group;
}

long sys_getpgrp(void)
{
	return sys_getpgid(0);
}

long sys_setpgid(int pid, int group)
{
	if (pid < 0 || group < 0)
		return -EINVAL;
	return WITH_PROC(proc_setpgrp(posix_process.proc, pid, group));
}

long sys_getsid(int pid)
{
	int session = 0;
	long result = WITH_PROC(proc_getsid(posix_process.proc, pid, &session));

	return result ? result : session;
}

long sys_setsid(void)
{
	long result = WITH_PROC(proc_setsid(posix_process.proc));

	return result ? result : sys_getpid();
}

/* ---- children */

/* musl's options and the Hurd's agree but for WNOWAIT. */
static int wait_options(int options)
{
	return (options & (HURD_WNOHANG | HURD_WUNTRACED | HURD_WEXITED | HURD_WCONTINUED))
		| (options & WNOWAIT ? HURD_WNOWAIT : 0);
}

static int wait_child(int pid, int options, int *status, int *child)
{
	rusage_t usage;
	int code;

	if (!posix_process.proc)
		return HURD_ECHILD;
	return INTERRUPTIBLE(proc_waitid(posix_process.proc, pid, options, status, &code, &usage, child));
}

long sys_wait4(int pid, int *status, int options, struct rusage *usage)
{
	int hurd_status = 0, child = 0;
	int error = wait_child(pid, wait_options(options) | HURD_WEXITED, &hurd_status, &child);

	if (error == HURD_EWOULDBLOCK)
		return 0;
	if (error)
		return posix_error(error);
	if (status)
		*status = hurd_wait_status_to_musl(hurd_status);
	if (usage)
		memset(usage, 0, sizeof *usage);
	return child;
}

static void fill_info(siginfo_t *info, int child, int status)
{
	memset(info, 0, sizeof *info);
	if (child == 0)
		return;
	info->si_signo = SIGCHLD;
	info->si_pid = child;
	if (WIFEXITED(status)) {
		info->si_code = CLD_EXITED;
		info->si_status = WEXITSTATUS(status);
	} else if (WIFSIGNALED(status)) {
		info->si_code = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
		info->si_status = WTERMSIG(status);
	} else if (WIFSTOPPED(status)) {
		info->si_code = CLD_STOPPED;
		info->si_status = WSTOPSIG(status);
	} else {
		info->si_code = CLD_CONTINUED;
		info->si_status = SIGCONT;
	}
}

long sys_waitid(int type, int id, siginfo_t *info, int options, struct rusage *usage)
{
	int pid = type == P_ALL ? -1 : type == P_PGID ? -id : id, status = 0, child = 0, error;

	if (type != P_ALL && type != P_PGID && type != P_PID)
		return -EINVAL;
	error = wait_child(pid, wait_options(options), &status, &child);
	if (error && error != HURD_EWOULDBLOCK)
		return posix_error(error);
	if (info)
		fill_info(info, error ? 0 : child, hurd_wait_status_to_musl(status));
	if (usage)
		memset(usage, 0, sizeof *usage);
	return 0;
}
