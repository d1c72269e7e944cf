/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals: actions, masks, interruption of calls and of computing. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "names.h"

static volatile sig_atomic_t caught, last;
static volatile int *volatile nowhere = (int *)8;

static void note(int signal)
{
	caught++;
	last = signal;
}

static void handle(int signal, int flags, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	sigaction(signal, &action, NULL);
	caught = 0;
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static int status_of(pid_t pid)
{
	int status = -1;
	waitpid(pid, &status, 0);
	return status;
}

/* A child that sends SIGNAL to us after a while. */
static pid_t sender(int signal, int after_ms)
{
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		usleep(after_ms * 1000);
		kill(parent, signal);
		_exit(0);
	}
	return pid;
}

static void test_self(void)
{
	handle(SIGUSR1, 0, note);
	raise(SIGUSR1);
	check(caught == 1 && last == SIGUSR1, "raise", "%d", caught);
	kill(getpid(), SIGUSR1);
	check(caught == 2, "kill-self", "%d", caught);
	sigset_t set, old, waiting;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	kill(getpid(), SIGUSR1);
	sigpending(&waiting);
	check(caught == 2 && sigismember(&waiting, SIGUSR1), "blocked", "%d", caught);
	sigprocmask(SIG_SETMASK, &old, NULL);
	check(caught == 3, "unblocked", "%d", caught);
	handle(SIGUSR1, SA_RESETHAND, note);
	raise(SIGUSR1);
	struct sigaction now;
	sigaction(SIGUSR1, NULL, &now);
	check(caught == 1 && now.sa_handler == SIG_DFL, "SA_RESETHAND", "%d", caught);
	handle(SIGUSR1, 0, SIG_IGN);
	raise(SIGUSR1);
	check(true, "ignored", "");
}

/* How a child ends that does ACTION when it is sent SIGNAL. */
static int ends(void (*action)(void), int signal)
{
	pid_t pid = fork();
	if (pid == 0) {
		action();
		_exit(0);
	}
	usleep(100000);
	kill(pid, signal);
	return status_of(pid);
}

static void compute(void)
{
	for (volatile unsigned long i = 0;; i++)
		;
}

static void sleep_long(void)
{
	sleep(100);
}

static void read_pipe(void)
{
	int fds[2];
	char c;
	pipe(fds);
	read(fds[0], &c, 1);
}

static void test_defaults(void)
{
	int status = ends(compute, SIGTERM);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "SIGTERM-while-computing", "status 0x%x", status);
	status = ends(sleep_long, SIGINT);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, "SIGINT-while-sleeping", "status 0x%x", status);
	status = ends(read_pipe, SIGHUP);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP, "SIGHUP-while-reading", "status 0x%x", status);
	status = ends(abort, SIGCONT);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "abort", "status 0x%x", status);
	pid_t pid = fork();
	if (pid == 0) {
		int fds[2];
		pipe(fds);
		close(fds[0]);
		write(fds[1], "x", 1);
		_exit(0);
	}
	status = status_of(pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, "SIGPIPE", "status 0x%x", status);
}

static void test_interrupt(void)
{
	int fds[2];
	char c = 0;
	pipe(fds);
	handle(SIGUSR1, 0, note);
	pid_t pid = sender(SIGUSR1, 100);
	double start = seconds();
	long result = read(fds[0], &c, 1);
	check(result < 0 && errno == EINTR && caught == 1 && seconds() - start < 2, "EINTR-of-read", "%ld errno %d caught %d after %.2f s",
	      result, errno, caught, seconds() - start);
	status_of(pid);
	handle(SIGUSR1, SA_RESTART, note);
	pid_t parent = getpid();
	pid = fork();
	if (pid == 0) {
		usleep(100000);
		kill(parent, SIGUSR1);
		usleep(100000);
		write(fds[1], "y", 1);
		_exit(0);
	}
	result = read(fds[0], &c, 1);
	check(result == 1 && c == 'y' && caught == 1, "SA_RESTART-of-read", "%ld errno %d caught %d", result, errno, caught);
	handle(SIGUSR1, 0, note);
	status_of(pid);
	pid = sender(SIGUSR1, 100);
	struct pollfd fd = { fds[0], POLLIN, 0 };
	result = poll(&fd, 1, 5000);
	check(result < 0 && errno == EINTR && caught == 1, "EINTR-of-poll", "%ld errno %d", result, errno);
	status_of(pid);
	handle(SIGUSR1, 0, note);
	pid = sender(SIGUSR1, 100);
	struct timespec time = { 5, 0 }, left;
	result = nanosleep(&time, &left);
	check(result < 0 && errno == EINTR && caught == 1 && left.tv_sec >= 3, "EINTR-of-nanosleep", "%ld errno %d left %ld", result, errno, (long)left.tv_sec);
	status_of(pid);
	handle(SIGCHLD, 0, note);
	pid = fork();
	if (pid == 0) {
		usleep(100000);
		_exit(0);
	}
	result = pause();
	check(result < 0 && errno == EINTR && caught == 1 && last == SIGCHLD, "SIGCHLD", "caught %d", caught);
	status_of(pid);
	signal(SIGCHLD, SIG_DFL);
	close(fds[0]), close(fds[1]);
}

/* Looks at files and signals that are sent do not fail with EINTR, however many signals come. */
static void test_calls_without_EINTR(void)
{
	struct stat status;
	pid_t parent = getpid(), pid;
	int refused = 0, calls = 0, ended;

	handle(SIGUSR1, 0, note);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 300; i++) {
			kill(parent, SIGUSR1);
			usleep(500);
		}
		_exit(0);
	}
	while ((ended = waitpid(pid, NULL, WNOHANG)) != pid) {
		refused += stat("/tests/../tests/./posix-signals", &status) < 0;
		refused += access("/etc/passwd", R_OK) < 0;
		refused += kill(pid, SIGCONT) < 0 && errno != ESRCH;
		calls++;
	}
	check(refused == 0 && caught > 100, "no-EINTR-of-stat-and-kill", "%d of %d, %d signals", refused, 3 * calls, caught);
}

static void test_computing(void)
{
	handle(SIGUSR2, 0, note);
	pid_t pid = sender(SIGUSR2, 200);
	double start = seconds(), x = 1;
	unsigned long rounds = 0;
	while (!caught && rounds < 4000000000ul) {
		x = x * 1.0000001 + 0.5;
		rounds++;
	}
	check(caught == 1 && x > 1 && seconds() - start < 5, "handler-while-computing", "caught %d after %.2f s", caught, seconds() - start);
	status_of(pid);
	/* Many of them must not disturb a calculation. */
	handle(SIGUSR2, 0, note);
	pid_t parent = getpid();
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 30; i++) {
			usleep(10000);
			kill(parent, SIGUSR2);
		}
		_exit(0);
	}
	unsigned long a = 1, b = 2;
	double u = 1, v = 1;
	while (caught < 10) {
		for (int i = 0; i < 100000; i++) {
			a = a * 6364136223846793005ul + 1442695040888963407ul;
			b = b * 6364136223846793005ul + 1442695040888963407ul;
			u = u * 1.0000001, v = v * 1.0000001;
		}
		if (seconds() - start > 10)
			break;
	}
	unsigned long expected = (a - b) , factor = 1;
	check(caught >= 10 && u == v && expected != 0 && factor, "registers-survive", "caught %d, %g and %g", caught, u, v);
	kill(pid, SIGKILL);
	status_of(pid);
}

static sigjmp_buf place;

static void jump(int signal)
{
	siglongjmp(place, signal);
}

static void test_faults(void)
{
	handle(SIGSEGV, 0, jump);
	int result = sigsetjmp(place, 1);
	if (result == 0)
		*nowhere = 1;
	check(result == SIGSEGV, "SIGSEGV-handler", "%d", result);
	result = sigsetjmp(place, 1);
	if (result == 0)
		*nowhere = 1;
	check(result == SIGSEGV, "SIGSEGV-handler-again", "%d", result);
	signal(SIGSEGV, SIG_DFL);
}

static void test_timer(void)
{
	handle(SIGALRM, 0, note);
	struct itimerval timer = { { 0, 50000 }, { 0, 50000 } };
	double start = seconds();
	setitimer(ITIMER_REAL, &timer, NULL);
	while (caught < 4 && seconds() - start < 5)
		pause();
	check(caught >= 4 && seconds() - start < 2, "setitimer", "%d after %.2f s", caught, seconds() - start);
	timer = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	setitimer(ITIMER_REAL, &timer, NULL);
	caught = 0;
	start = seconds();
	alarm(1);
	pause();
	check(caught == 1 && seconds() - start > 0.8, "alarm", "%d after %.2f s", caught, seconds() - start);
}

static void test_stop(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		compute();
	usleep(50000);
	kill(pid, SIGSTOP);
	check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "SIGSTOP", "status 0x%x", status);
	kill(pid, SIGTERM);
	usleep(50000);
	kill(pid, SIGCONT);
	status = status_of(pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "SIGCONT", "status 0x%x", status);
}

static void test_suspend(void)
{
	sigset_t block, empty, old;
	sigemptyset(&empty);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	handle(SIGUSR1, 0, note);
	sigprocmask(SIG_BLOCK, &block, &old);
	pid_t pid = sender(SIGUSR1, 50);
	int result = sigsuspend(&empty);
	check(result < 0 && errno == EINTR && caught == 1, "sigsuspend", "caught %d", caught);
	status_of(pid);
	pid = sender(SIGUSR1, 50);
	siginfo_t info;
	check(sigwaitinfo(&block, &info) == SIGUSR1 && caught == 1, "sigwaitinfo", "errno %d caught %d", errno, caught);
	struct timespec time = { 0, 50000000 };
	check(sigtimedwait(&block, &info, &time) < 0 && errno == EAGAIN, "sigtimedwait", "errno %d", errno);
	status_of(pid);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void *wait_here(void *unused)
{
	pause();
	return (void *)pthread_self();
}

static void test_threads(void)
{
	pthread_t thread;
	void *result = NULL;
	handle(SIGUSR1, 0, note);
	pthread_create(&thread, NULL, wait_here, NULL);
	usleep(50000);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, &result);
	check(caught == 1 && result == (void *)thread, "pthread_kill", "caught %d", caught);
}

static void test_leaks(void)
{
	handle(SIGUSR1, 0, note);
	status_of(sender(SIGUSR1, 0));
	unsigned names = count_names();
	for (int i = 0; i < 20; i++)
		status_of(sender(SIGUSR1, 0));
	raise(SIGUSR1);
	unsigned left = settled_names(names);
	check(left <= names, "no-port-leaks", "%u names before, %u after", names, left);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_self();
	test_defaults();
	test_interrupt();
	test_calls_without_EINTR();
	test_computing();
	test_faults();
	test_timer();
	test_stop();
	test_suspend();
	test_threads();
	test_leaks();
	return check_result("posix-signals");
}
