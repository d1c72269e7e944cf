/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pipes, socket pairs, poll and select. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "names.h"

enum { THROUGH_BYTES = 3 << 20, LOOPS = 100 };

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void test_pipe(void)
{
	int fds[2], count;
	char buffer[16];
	check(pipe(fds) == 0, "pipe", "errno %d", errno);
	check(write(fds[1], "hello", 5) == 5 && ioctl(fds[0], FIONREAD, &count) == 0 && count == 5, "FIONREAD", "%d", count);
	check(read(fds[0], buffer, 3) == 3 && read(fds[0], buffer + 3, 10) == 2 && !memcmp(buffer, "hello", 5), "read-in-parts", "errno %d", errno);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	check(read(fds[0], buffer, 1) < 0 && errno == EAGAIN, "O_NONBLOCK", "errno %d", errno);
	fcntl(fds[0], F_SETFL, 0);
	close(fds[1]);
	check(read(fds[0], buffer, 1) == 0, "end-of-file", "errno %d", errno);
	close(fds[0]);
	check(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0 && fcntl(fds[0], F_GETFD) == FD_CLOEXEC, "pipe2", "errno %d", errno);
	signal(SIGPIPE, SIG_IGN);
	close(fds[0]);
	check(write(fds[1], "x", 1) < 0 && errno == EPIPE, "EPIPE", "errno %d", errno);
	close(fds[1]);
	check(lseek(fds[0], 0, SEEK_SET) < 0, "no-seek", "errno %d", errno);
}

static void test_through(void)
{
	int fds[2];
	pipe(fds);
	pid_t pid = fork();
	if (pid == 0) {
		char *data = malloc(THROUGH_BYTES);
		for (int i = 0; i < THROUGH_BYTES; i++)
			data[i] = i * 13;
		close(fds[0]);
		_exit(write(fds[1], data, THROUGH_BYTES) == THROUGH_BYTES ? 0 : 1);
	}
	close(fds[1]);
	static char buffer[30000];
	long total = 0, got, bad = 0;
	double start = seconds();
	while ((got = read(fds[0], buffer, sizeof buffer)) > 0)
		for (long i = 0; i < got; i++, total++)
			bad += buffer[i] != (char)(total * 13);
	int status;
	waitpid(pid, &status, 0);
	printf("# %.1f MB/s through a pipe\n", total / 1e6 / (seconds() - start));
	check(total == THROUGH_BYTES && bad == 0 && status == 0, "3-MB-through-a-pipe", "%ld bytes, %ld wrong, status 0x%x", total, bad, status);
	close(fds[0]);
}

static void test_pair(void)
{
	int fds[2];
	char buffer[32];
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0, "socketpair", "errno %d", errno);
	check(write(fds[0], "to", 2) == 2 && read(fds[1], buffer, 32) == 2 && send(fds[1], "fro", 3, 0) == 3 &&
	      recv(fds[0], buffer, 32, 0) == 3, "both-ways", "errno %d", errno);
	check(recv(fds[0], buffer, 32, MSG_DONTWAIT) < 0 && errno == EAGAIN, "MSG_DONTWAIT", "errno %d", errno);
	shutdown(fds[0], SHUT_WR);
	check(read(fds[1], buffer, 1) == 0, "shutdown", "errno %d", errno);
	close(fds[0]), close(fds[1]);
	check(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0 && send(fds[0], "one", 3, 0) == 3 && send(fds[0], "three", 5, 0) == 5 &&
	      recv(fds[1], buffer, 32, 0) == 3 && recv(fds[1], buffer, 32, 0) == 5, "datagrams", "errno %d", errno);
	close(fds[0]), close(fds[1]);
}

static void test_poll(void)
{
	int one[2], two[2];
	pipe(one), pipe(two);
	struct pollfd fds[3] = { { one[0], POLLIN, 0 }, { two[0], POLLIN, 0 }, { -1, POLLIN, 0 } };
	double start = seconds();
	check(poll(fds, 3, 100) == 0 && seconds() - start > 0.09 && seconds() - start < 1, "poll-timeout", "%.2f s", seconds() - start);
	check(poll(fds, 1, 0) == 0 && poll(fds, 2, 0) == 0, "poll-at-once", "ready");
	write(two[1], "x", 1);
	check(poll(fds, 2, 1000) == 1 && fds[0].revents == 0 && fds[1].revents == POLLIN, "poll-second", "%x %x", fds[0].revents, fds[1].revents);
	pid_t pid = fork();
	if (pid == 0) {
		usleep(100000);
		write(one[1], "y", 1);
		_exit(0);
	}
	char c;
	read(two[0], &c, 1);
	start = seconds();
	check(poll(fds, 2, 3000) == 1 && fds[0].revents == POLLIN && seconds() - start < 1, "poll-wakes", "%x after %.2f s", fds[0].revents, seconds() - start);
	waitpid(pid, NULL, 0);
	struct pollfd out = { one[1], POLLOUT, 0 };
	check(poll(&out, 1, 0) == 1 && out.revents == POLLOUT, "poll-writable", "%x", out.revents);
	fd_set reads;
	FD_ZERO(&reads);
	FD_SET(one[0], &reads);
	FD_SET(two[0], &reads);
	struct timeval time = { 1, 0 };
	check(select(two[0] + 1, &reads, NULL, NULL, &time) == 1 && FD_ISSET(one[0], &reads) && !FD_ISSET(two[0], &reads), "select", "wrong");
	close(one[0]);
	fds[0].revents = 0;
	check(poll(fds, 1, 1000) == 1 && fds[0].revents == POLLNVAL, "POLLNVAL", "%x", fds[0].revents);
	close(one[1]);
	close(two[1]);
	fds[1].revents = 0;
	check(poll(fds + 1, 1, 1000) == 1 && fds[1].revents & (POLLIN | POLLHUP), "poll-end-of-file", "%x", fds[1].revents);
	close(two[0]);
	int file = open("/tmp/poll", O_RDWR | O_CREAT, 0600);
	struct pollfd ready = { file, POLLIN | POLLOUT, 0 };
	check(poll(&ready, 1, 1000) == 1 && ready.revents == (POLLIN | POLLOUT), "poll-file", "%x", ready.revents);
	close(file);
}

static void once(void)
{
	int one[2], two[2];
	char c;
	pipe(one);
	socketpair(AF_UNIX, SOCK_STREAM, 0, two);
	struct pollfd fds[2] = { { one[0], POLLIN, 0 }, { two[0], POLLIN, 0 } };
	poll(fds, 2, 1);
	write(two[1], "x", 1);
	poll(fds, 2, 100);
	read(two[0], &c, 1);
	close(one[0]), close(one[1]), close(two[0]), close(two[1]);
}

static void test_leaks(void)
{
	once();
	unsigned names = count_names();
	for (int i = 0; i < LOOPS; i++)
		once();
	unsigned left = settled_names(names);
	check(left <= names, "no-port-leaks", "%u names before, %u after", names, left);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_pipe();
	test_through();
	test_pair();
	test_poll();
	test_leaks();
	return check_result("posix-pipes");
}
