/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pflocal-test: pipes and local sockets as a program sees them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ATOMIC_BYTES = 4096, BIG_BYTES = 1 << 20 };

static unsigned passed, failed;

static void check_equal(const char *what, long got, long expected)
{
	if (got == expected) {
		passed++;
		printf("PASS %s\n", what);
	} else {
		failed++;
		printf("FAIL %s: got %ld, expected %ld (errno: %s)\n", what, got, expected, strerror(errno));
	}
}
#define CHECK(what, condition) check_equal(what, !!(condition), 1)

static long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_pipe(void)
{
	int ends[2];
	char text[64] = "";
	struct stat info;
	check_equal("pipe", pipe(ends), 0);
	check_equal("write", write(ends[1], "hello", 5), 5);
	check_equal("read less", read(ends[0], text, 2), 2);
	check_equal("read the rest", read(ends[0], text + 2, 60), 3);
	CHECK("... in order", !strcmp(text, "hello"));
	CHECK("fstat says fifo", fstat(ends[0], &info) == 0 && S_ISFIFO(info.st_mode));
	check_equal("seeking", lseek(ends[0], 0, SEEK_SET), -1);
	check_equal("... is ESPIPE", errno, ESPIPE);
	check_equal("writing the read end", write(ends[0], "x", 1), -1);
	check_equal("write before the end", write(ends[1], "last", 4), 4);
	close(ends[1]);
	check_equal("what was written is read", read(ends[0], text, 64), 4);
	check_equal("then the end", read(ends[0], text, 64), 0);
	check_equal("and again", read(ends[0], text, 64), 0);
	close(ends[0]);
	check_equal("pipe", pipe(ends), 0);
	close(ends[0]);
	check_equal("writing without a reader", write(ends[1], "x", 1), -1);
	check_equal("... is EPIPE", errno, EPIPE);
	close(ends[1]);
}

static void test_nonblocking(void)
{
	static char block[ATOMIC_BYTES];
	int ends[2];
	long total = 0, got;
	check_equal("pipe", pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	check_equal("reading nothing", read(ends[0], block, 1), -1);
	check_equal("... is EAGAIN", errno, EAGAIN);
	while ((got = write(ends[1], block, 1000)) > 0)
		total += got;
	check_equal("filling it ends in EAGAIN", errno, EAGAIN);
	CHECK("it held at least 16 KiB", total >= 16384);
	CHECK("small writes are whole", total % 1000 == 0);
	struct pollfd poll_write = { ends[1], POLLOUT, 0 };
	check_equal("poll: full", poll(&poll_write, 1, 0), 0);
	check_equal("take a block", read(ends[0], block, ATOMIC_BYTES), ATOMIC_BYTES);
	check_equal("take another", read(ends[0], block, ATOMIC_BYTES), ATOMIC_BYTES);
	check_equal("poll: room", poll(&poll_write, 1, 1000), 1);
	close(ends[0]);
	close(ends[1]);
}

static void *write_big(void *fd)
{
	char *data = malloc(BIG_BYTES);
	long done = 0, got;
	for (long i = 0; i < BIG_BYTES; i++)
		data[i] = (char)(i * 31 + i / 5000);
	while (done < BIG_BYTES && (got = write(*(int *)fd, data + done, BIG_BYTES - done)) > 0)
		done += got;
	free(data);
	close(*(int *)fd);
	return (void *)done;
}

static void test_blocking(void)
{
	int ends[2];
	pthread_t thread;
	void *written;
	char part[3000];
	long total = 0, got;
	bool same = true;
	check_equal("pipe", pipe(ends), 0);
	pthread_create(&thread, NULL, write_big, &ends[1]);
	while ((got = read(ends[0], part, sizeof(part))) > 0)
		for (long i = 0; i < got; i++, total++)
			same = same && part[i] == (char)(total * 31 + total / 5000);
	pthread_join(thread, &written);
	check_equal("a megabyte was written", (long)written, BIG_BYTES);
	check_equal("a megabyte was read", total, BIG_BYTES);
	CHECK("... the same", same);
	close(ends[0]);
}

static void test_poll(void)
{
	int pair[2];
	struct pollfd watched = { .events = POLLIN };
	check_equal("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	watched.fd = pair[0];
	long start = now_ms();
	check_equal("poll: nothing comes", poll(&watched, 1, 100), 0);
	CHECK("... in its time", now_ms() - start >= 90 && now_ms() - start < 1000);
	pid_t child = fork();
	if (child == 0) {
		usleep(50000);
		_exit(write(pair[1], "x", 1) != 1);
	}
	check_equal("poll: a child writes", poll(&watched, 1, 5000), 1);
	CHECK("... readable", watched.revents & POLLIN);
	waitpid(child, NULL, 0);
	char byte;
	check_equal("read it", read(pair[0], &byte, 1), 1);
	check_equal("both ways", write(pair[0], "y", 1), 1);
	check_equal("... too", read(pair[1], &byte, 1), 1);
	check_equal("shutdown", shutdown(pair[1], SHUT_WR), 0);
	check_equal("poll: the end", poll(&watched, 1, 1000), 1);
	check_equal("read the end", read(pair[0], &byte, 1), 0);
	check_equal("the other way works on", write(pair[0], "z", 1), 1);
	close(pair[0]);
	close(pair[1]);
}

static void test_packets(void)
{
	int pair[2];
	char text[64];
	check_equal("datagram pair", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	check_equal("send one", send(pair[0], "first", 5, 0), 5);
	check_equal("send two", send(pair[0], "second", 6, 0), 6);
	check_equal("peek", recv(pair[1], text, 64, MSG_PEEK), 5);
	check_equal("receive part of one", recv(pair[1], text, 3, 0), 3);
	check_equal("the rest of it is lost", recv(pair[1], text, 64, 0), 6);
	check_equal("nothing more", recv(pair[1], text, 64, MSG_DONTWAIT), -1);
	check_equal("... is EAGAIN", errno, EAGAIN);
	close(pair[0]);
	close(pair[1]);
}

static void *connect_and_talk(void *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char text[16] = "";
	strcpy(name.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	long bad = connect(fd, (struct sockaddr *)&name, sizeof(name)) != 0;
	bad |= write(fd, "ping", 4) != 4;
	bad |= read(fd, text, sizeof(text)) != 4 || strcmp(text, "pong");
	close(fd);
	return (void *)bad;
}

static void test_named(void)
{
	static char path[] = "/tmp/pflocal-test.socket";
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct stat info;
	pthread_t thread;
	void *bad = (void *)1L;
	char text[16] = "";
	strcpy(name.sun_path, path);
	unlink(path);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), second = socket(AF_UNIX, SOCK_STREAM, 0);
	check_equal("bind", bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
	CHECK("... makes a socket file", stat(path, &info) == 0 && S_ISSOCK(info.st_mode));
	check_equal("bind again", bind(second, (struct sockaddr *)&name, sizeof(name)), -1);
	check_equal("... is EADDRINUSE", errno, EADDRINUSE);
	check_equal("connecting before listen", connect(second, (struct sockaddr *)&name, sizeof(name)), -1);
	check_equal("... is ECONNREFUSED", errno, ECONNREFUSED);
	check_equal("listen", listen(listener, 5), 0);
	pthread_create(&thread, NULL, connect_and_talk, path);
	int connection = accept(listener, NULL, NULL);
	CHECK("accept", connection >= 0);
	check_equal("receive", read(connection, text, 4), 4);
	check_equal("answer", write(connection, "pong", 4), 4);
	pthread_join(thread, &bad);
	check_equal("the client is content", (long)bad, 0);
	check_equal("it closed", read(connection, text, 4), 0);
	close(connection);
	close(listener);
	check_equal("nobody there", connect(second, (struct sockaddr *)&name, sizeof(name)), -1);
	check_equal("... is ECONNREFUSED", errno, ECONNREFUSED);
	close(second);
	unlink(path);
}

/* A reader that was killed while it waited must not swallow what is written later. */
static void test_dead_reader(void)
{
	int ends[2];
	char byte = 0;
	check_equal("pipe", pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		_exit(read(ends[0], &byte, 1) != 1);
	}
	usleep(100000);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	check_equal("write after a reader died", write(ends[1], "k", 1), 1);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	check_equal("... is read by the living", read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(60);
	signal(SIGPIPE, SIG_IGN);
	test_pipe();
	test_nonblocking();
	test_blocking();
	test_poll();
	test_packets();
	test_named();
	test_dead_reader();
	printf("pflocal-test: %u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
