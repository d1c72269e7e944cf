/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard: run one program of the testbed and see to its end.
 *
 * The program dies with its guard (by the parent-death signal), and the guard
 * ends it when it is told to (SIGTERM) or when a watched process ends, so that
 * a crashed launcher leaves nothing behind.  The pid file exists exactly as
 * long as the program does, unless the guard itself was killed outright.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILL_AFTER_MS = 2000 };

struct guard {
	const char *pid_file, *status_file, *log_file;
	pid_t watched, child;
	int watched_fd, child_fd, signal_fd;
};

static void die(const char *what, const char *which)
{
	fprintf(stderr, "guard: %s %s: %s\n", what, which, strerror(errno));
	exit(125);
}

static void write_number(const char *path, long number)
{
	char temporary[4096];
	if (path == NULL)
		return;
	snprintf(temporary, sizeof temporary, "%s.new", path);
	FILE *file = fopen(temporary, "we");
	if (file == NULL || fprintf(file, "%ld\n", number) < 0 || fclose(file) != 0 ||
	    rename(temporary, path) < 0)
		die("cannot write", path);
}

static int open_process(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

static void become_program(const struct guard *g, pid_t guard, const sigset_t *signals, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != guard)                 /* it died before the call above */
		_exit(125);
	if (g->log_file) {
		int fd = open(g->log_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd < 0)
			die("cannot write", g->log_file);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		die("cannot open", "/dev/null");
	sigprocmask(SIG_UNBLOCK, signals, NULL);
	execvp(argv[0], argv);
	die("cannot run", argv[0]);
}

static void start(struct guard *g, char **argv)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	g->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	g->watched_fd = -1;
	if (g->watched && (g->watched_fd = open_process(g->watched)) < 0)
		die("cannot watch", "the given process");
	pid_t self = getpid();
	g->child = fork();
	if (g->child < 0)
		die("cannot start", argv[0]);
	if (g->child == 0)
		become_program(g, self, &signals, argv);
	if ((g->child_fd = open_process(g->child)) < 0)
		die("cannot watch", argv[0]);
	write_number(g->pid_file, g->child);
}

/* Sleep until the program has ended or should end; true when it has ended. */
static bool wait_for_end(const struct guard *g, int timeout_ms)
{
	struct pollfd fds[3] = {
		{ .fd = g->child_fd, .events = POLLIN },
		{ .fd = g->signal_fd, .events = POLLIN },
		{ .fd = g->watched_fd, .events = POLLIN },
	};
	/* With a limit the end is under way: only the program counts. */
	while (poll(fds, timeout_ms < 0 ? 3 : 1, timeout_ms) < 0 && errno == EINTR)
		;
	return fds[0].revents != 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pid", required_argument, NULL, 'p' }, { "status", required_argument, NULL, 's' },
		{ "log", required_argument, NULL, 'l' }, { "watch", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	static const char usage[] =
		"usage: guard [--pid FILE] [--status FILE] [--log FILE] [--watch PID] PROGRAM [ARG...]\n"
		"Run PROGRAM; end it on SIGTERM or when process PID ends.  Its pid is kept in the pid\n"
		"file while it runs, its exit status (128 + signal) goes to the status file.\n";
	struct guard g = { 0 };
	int c;
	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1)
		switch (c) {
		case 'p': g.pid_file = optarg; break;
		case 's': g.status_file = optarg; break;
		case 'l': g.log_file = optarg; break;
		case 'w': g.watched = strtol(optarg, NULL, 10); break;
		case 'h': fputs(usage, stdout); return 0;
		default: fputs(usage, stderr); return 2;
		}
	if (optind == argc) {
		fputs(usage, stderr);
		return 2;
	}
	if (g.status_file)
		unlink(g.status_file);
	start(&g, argv + optind);
	if (!wait_for_end(&g, -1)) {
		kill(g.child, SIGTERM);
		if (!wait_for_end(&g, KILL_AFTER_MS))
			kill(g.child, SIGKILL);
	}
	int status;
	while (waitpid(g.child, &status, 0) < 0 && errno == EINTR)
		;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	write_number(g.status_file, code);
	if (g.pid_file)
		unlink(g.pid_file);
	return code;
}
