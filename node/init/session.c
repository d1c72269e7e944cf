/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the first task to process 1: rc, then shells on the console. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <hurd_abi.h>
#include "posix.h"
#include "init.h"

enum { RESPAWN_PAUSE_US = 300000 };

static char *const environment[] = {
	"PATH=/bin:/sbin", "HOME=/root", "TERM=vt100", "ENV=/etc/profile", "USER=root", "SHELL=/bin/sh", NULL,
};

void become_process(void)
{
	static mach_port_t ports[HURD_INIT_PORT_MAX];
	static int ints[HURD_INIT_INT_MAX] = { [HURD_INIT_UMASK] = 022 };
	mach_port_mod_refs(mach_task_self(), boot.root, MACH_PORT_RIGHT_SEND, 2);
	ports[HURD_INIT_PORT_CWDIR] = boot.root;
	ports[HURD_INIT_PORT_CRDIR] = boot.root;
	ports[HURD_INIT_PORT_PROC] = boot.proc;
	mach_port_mod_refs(mach_task_self(), boot.proc, MACH_PORT_RIGHT_SEND, 1);
	posix_startup = (struct posix_startup){
		.ports = ports, .port_count = HURD_INIT_PORT_MAX, .ints = ints, .int_count = HURD_INIT_INT_MAX,
	};
	if (posix_files_start)
		posix_files_start(&posix_startup);
	if (posix_process_start)
		posix_process_start(&posix_startup);
}

/* The console as descriptors 0, 1 and 2; false when there is none. */
static bool open_console(void)
{
	int fd = open("/dev/console", O_RDWR);
	if (fd < 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (fd != i && dup2(fd, i) < 0)
			return false;
	if (fd > 2)
		close(fd);
	return true;
}

/* Runs in the child; returns only if the program cannot be started. */
static void exec_shell(char *const arguments[], bool own_session)
{
	if (own_session) {
		setsid();
		ioctl(0, TIOCSCTTY, 0);
		tcsetpgrp(0, getpid());
	}
	chdir("/root");
	execve("/bin/sh", arguments, environment);
}

static pid_t start_shell(char *const arguments[], bool own_session)
{
	pid_t pid = fork();
	if (pid == 0) {
		exec_shell(arguments, own_session);
		report("cannot run /bin/sh: %s", strerror(errno));
		_exit(127);
	}
	if (pid < 0)
		report("cannot fork: %s", strerror(errno));
	return pid;
}

/* Reaps whoever ends, until PID has. */
static void wait_for(pid_t pid)
{
	while (pid > 0) {
		int status;
		pid_t ended = waitpid(-1, &status, 0);
		if (ended == pid || (ended < 0 && errno == ECHILD))
			return;
	}
}

void run_sessions(void)
{
	if (!open_console())
		report("cannot open /dev/console: %s", strerror(errno));
	wait_for(start_shell((char *const[]){ "sh", "/etc/rc", NULL }, false));
	for (;;) {
		wait_for(start_shell((char *const[]){ "-sh", NULL }, true));
		usleep(RESPAWN_PAUSE_US);
	}
}
