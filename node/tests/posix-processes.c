/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fork, exec, wait, groups. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "names.h"

enum { FORKS = 60, EXECS = 20, THREADED_FORKS = 20, KILLED_EXECS = 30 };

static const char *self;
static char big[1 << 20];
static volatile int *volatile nowhere = (int *)8;

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static int status_of(pid_t pid)
{
	int status = -1;
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* Runs this program again with the words; its exit status. */
static int run_again(const char *word, const char *more)
{
	pid_t pid = fork();
	if (pid == 0) {
		execl(self, self, word, more, (char *)NULL);
		_exit(99);
	}
	int status = status_of(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_fork(void)
{
	memset(big, 1, sizeof big);
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		bool good = getppid() == parent && getpid() != parent && big[5000] == 1;
		memset(big, 2, sizeof big);
		_exit(good ? 42 : 1);
	}
	int status = status_of(pid);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 42, "fork", "status 0x%x", status);
	check(big[5000] == 1, "copy-on-write", "the child's write is seen");
	check(waitpid(-1, &status, 0) < 0 && errno == ECHILD, "ECHILD", "errno %d", errno);
	pid = fork();
	if (pid == 0) {
		pid_t inner = fork();
		if (inner == 0)
			_exit(7);
		int s = status_of(inner);
		_exit(WEXITSTATUS(s) + 1);
	}
	status = status_of(pid);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 8, "grandchild", "status 0x%x", status);
	usleep(50000);		/* the signal thread has its ports now */
	unsigned names = count_names();
	double start = seconds();
	int bad = 0;
	for (int i = 0; i < FORKS; i++) {
		if ((pid = fork()) == 0)
			_exit(i);
		bad += status_of(pid) != i << 8;
	}
	printf("# fork, exit and wait: %.2f ms\n", (seconds() - start) / FORKS * 1e3);
	check(bad == 0, "many-forks", "%d wrong", bad);
	unsigned left = settled_names(names);
	check(left <= names, "forks-leave-no-name", "%u before, %u after", names, left);
}

static void test_wait(void)
{
	int status;
	pid_t slow = fork();
	if (slow == 0) {
		usleep(300000);
		_exit(1);
	}
	pid_t quick = fork();
	if (quick == 0)
		_exit(2);
	check(waitpid(slow, &status, WNOHANG) == 0, "WNOHANG", "errno %d", errno);
	check(waitpid(-1, &status, 0) == quick && WEXITSTATUS(status) == 2, "first-to-end", "status 0x%x", status);
	siginfo_t info;
	check(waitid(P_PID, slow, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == slow && info.si_status == 1 &&
	      info.si_code == CLD_EXITED, "waitid", "errno %d", errno);
	check(waitpid(slow, &status, 0) == slow && WEXITSTATUS(status) == 1, "wait-after-WNOWAIT", "errno %d", errno);
	pid_t pid = fork();
	if (pid == 0) {
		for (;;)
			pause();
	}
	kill(pid, SIGKILL);
	status = status_of(pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "killed", "status 0x%x", status);
	check(kill(pid, 0) < 0 && errno == ESRCH, "ESRCH", "errno %d", errno);
	pid = fork();
	if (pid == 0)
		*nowhere = 1;
	status = status_of(pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "crashed", "status 0x%x", status);
}

static void test_groups(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		bool good = setpgid(0, 0) == 0 && getpgrp() == getpid();
		good = good && setsid() < 0 && errno == EPERM;
		_exit(good ? 0 : 1);
	}
	check(status_of(pid) == 0, "setpgid", "no");
	pid = fork();
	if (pid == 0)
		_exit(setsid() == getpid() && getsid(0) == getpid() ? 0 : 1);
	check(status_of(pid) == 0, "setsid", "no");
}

static void test_exec(void)
{
	check(run_again("exit", "5") == 5, "exec-status", "wrong");
	setenv("POSIX_TEST", "value with spaces", 1);
	check(run_again("environment", NULL) == 0, "exec-environment", "wrong");
	check(run_again("arguments", "two words") == 0, "exec-arguments", "wrong");
	int kept = open("/etc/hostname", O_RDONLY | O_CREAT, 0644), closed = fcntl(kept, F_DUPFD_CLOEXEC, 50);
	char number[16];
	snprintf(number, sizeof number, "%d", kept);
	check(closed == 50 && run_again("descriptors", number) == 0, "exec-CLOEXEC", "wrong");
	close(kept), close(closed);
	pid_t pid = fork();
	if (pid == 0) {
		snprintf(number, sizeof number, "%d", getpid());
		execl(self, self, "pid", number, (char *)NULL);
		_exit(99);
	}
	check(status_of(pid) == 0, "exec-keeps-the-pid", "no");
	check(execl("/no/such/program", "x", (char *)NULL) < 0 && errno == ENOENT, "exec-ENOENT", "errno %d", errno);
	int fd = open("/tmp/not-a-program", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	write(fd, "just text\n", 10);
	close(fd);
	check(execl("/tmp/not-a-program", "x", (char *)NULL) < 0 && errno == ENOEXEC, "exec-ENOEXEC", "errno %d", errno);
	fd = open("/tmp/script", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	dprintf(fd, "#! %s script\n", self);
	close(fd);
	pid = fork();
	if (pid == 0) {
		execl("/tmp/script", "script", "argument", (char *)NULL);
		_exit(99);
	}
	int status = status_of(pid);
	check(status == 0, "exec-of-a-script", "status 0x%x", status);
	unlink("/tmp/script");
	char *large = malloc(900000);
	memset(large, 'x', 899999);
	large[899999] = '\0';
	check(run_again("length", large) == 0, "exec-900-KB-of-arguments", "wrong");
	char *huge = realloc(large, 2000000);
	memset(huge, 'x', 1999999);
	huge[1999999] = '\0';
	check(execl(self, self, huge, (char *)NULL) < 0 && errno == E2BIG, "exec-E2BIG", "errno %d", errno);
	free(huge);
	unsigned names = count_names();
	double start = seconds();
	int bad = 0;
	for (int i = 0; i < EXECS; i++)
		bad += run_again("exit", "3") != 3;
	printf("# fork, exec, exit and wait: %.1f ms\n", (seconds() - start) / EXECS * 1e3);
	check(bad == 0, "many-execs", "%d wrong", bad);
	unsigned left = settled_names(names);
	check(left <= names, "execs-leave-no-name", "%u before, %u after", names, left);
}

/* A signal finds whoever is the process: the program before or the one behind an exec. */
static void test_kill_while_execing(void)
{
	int refused = 0, missed = 0;
	for (int i = 0; i < KILLED_EXECS; i++) {
		int signal = i % 3 == 2 ? SIGKILL : SIGTERM;
		pid_t pid = fork();
		if (pid == 0) {
			execl(self, self, "chain", "200", (char *)NULL);
			_exit(99);
		}
		nanosleep(&(struct timespec){ 0, 3000000 + i * 700000 }, NULL);
		if (kill(pid, signal) != 0) {
			refused++;
			kill(pid, SIGKILL);
		}
		int status = status_of(pid);
		missed += !WIFSIGNALED(status) || (WTERMSIG(status) != signal && WTERMSIG(status) != SIGKILL);
	}
	check(refused == 0, "kill-while-it-execs", "%d of %d refused", refused, KILLED_EXECS);
	check(missed == 0, "a-signal-survives-exec", "%d of %d lost", missed, KILLED_EXECS);
}

static void test_spawn(void)
{
	extern char **environ;
	pid_t pid;
	int error = posix_spawn(&pid, self, NULL, NULL, (char *[]){ (char *)self, "exit", "6", NULL }, environ);
	int status = error ? -1 : status_of(pid);
	check(status == 6 << 8, "posix_spawn", "error %d, status 0x%x", error, status);
	error = posix_spawn(&pid, "/no/such/program", NULL, NULL, (char *[]){ "x", NULL }, environ);
	check(error == ENOENT, "posix_spawn-error", "error %d", error);
	status = system("exit 4");
	check(WIFEXITED(status) && WEXITSTATUS(status) == 4, "system", "status 0x%x", status);
	FILE *stream = popen("echo from the shell", "r");
	char line[64] = "";
	check(stream && fgets(line, sizeof line, stream) && !strcmp(line, "from the shell\n") && pclose(stream) == 0, "popen", "%s", line);
}

static volatile bool stop;

static void *allocate(void *unused)
{
	while (!stop) {
		free(malloc(1000));
		usleep(1000);
	}
	return NULL;
}

static void *nothing(void *argument)
{
	return argument;
}

static void test_threaded_fork(void)
{
	pthread_t threads[3];
	int bad = 0;
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, allocate, NULL);
	for (int i = 0; i < THREADED_FORKS; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			pthread_t thread;
			void *result = NULL;
			char *block = malloc(3000);
			memset(block, 1, 3000);
			if (pthread_create(&thread, NULL, nothing, block) || pthread_join(thread, &result) || result != block)
				_exit(1);
			_exit(3);
		}
		bad += status_of(pid) != 3 << 8;
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	check(bad == 0, "fork-with-threads", "%d of %d wrong", bad, THREADED_FORKS);
}

/* What the program does when it runs itself. */
static int again(int argc, char **argv)
{
	const char *word = argv[1], *more = argc > 2 ? argv[2] : "";
	if (!strcmp(word, "exit"))
		exit(atoi(more));
	if (!strcmp(word, "chain")) {
		char left[16];
		snprintf(left, sizeof left, "%d", atoi(more) - 1);
		if (atoi(more) > 0)
			execl("/tests/posix-processes", "posix-processes", "chain", left, (char *)NULL);
		return 7;
	}
	if (!strcmp(word, "environment"))
		return !getenv("POSIX_TEST") || strcmp(getenv("POSIX_TEST"), "value with spaces");
	if (!strcmp(word, "arguments"))
		return argc != 3 || strcmp(more, "two words");
	if (!strcmp(word, "descriptors"))
		return fcntl(atoi(more), F_GETFD) < 0 || fcntl(50, F_GETFD) >= 0;
	if (!strcmp(word, "pid"))
		return getpid() != atoi(more);
	if (!strcmp(word, "length"))
		return strlen(more) != 899999;
	if (!strcmp(word, "script"))
		return argc != 4 || strcmp(more, "/tmp/script") || strcmp(argv[3], "argument");
	return 1;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return again(argc, argv);
	self = "/tests/posix-processes";
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_fork();
	test_wait();
	test_groups();
	test_exec();
	test_kill_while_execing();
	test_spawn();
	test_threaded_fork();
	return check_result("posix-processes");
}
