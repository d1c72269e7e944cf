/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program may expect of Internet sockets, over 127.0.0.1.  Plain POSIX:
   it runs on the build machine as well, which shows that the expectations are
   not ours alone.  Prints TAP; exit status 0 when all is well. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { limit_s = 120, datagram_max = 65507, stream_bytes = 4 << 20 };

static int number, failures;
static char out[1 << 16], in[1 << 16];

static void report(bool good, const char *name, const char *file, int line)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++number, name);
	if (!good) {
		printf("# %s:%d: errno %d (%s)\n", file, line, errno, strerror(errno));
		failures++;
	}
	fflush(stdout);
}
#define CHECK(condition, name) report(condition, name, __FILE__, __LINE__)

/* What must work for the test to mean anything. */
#define NEED(condition) do { if (!(condition)) { \
	printf("Bail out! %s:%d: %s: %s\n", __FILE__, __LINE__, #condition, strerror(errno)); exit(1); } } while (0)

static void *watch(void *unused)
{
	sleep(limit_s);
	printf("Bail out! not done after %d s, during test %d\n", limit_s, number + 1);
	fflush(stdout);
	_exit(1);
}

static struct sockaddr_in local(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static struct sockaddr_in name_of(int fd)
{
	struct sockaddr_in name = { 0 };
	socklen_t length = sizeof name;
	NEED(getsockname(fd, (struct sockaddr *)&name, &length) == 0);
	return name;
}

static int open_bound(int type)
{
	int fd = socket(AF_INET, type, 0);
	NEED(fd >= 0);
	struct sockaddr_in name = local(0);
	NEED(bind(fd, (struct sockaddr *)&name, sizeof name) == 0);
	return fd;
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void set_receive_timeout(int fd, int ms)
{
	struct timeval time = { ms / 1000, ms % 1000 * 1000 };
	NEED(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0);
}

static void fill(char *bytes, size_t length, unsigned seed)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
}

/* ---- UDP ---- */

static bool datagram_arrives(int from, int to, size_t length)
{
	struct sockaddr_in name = name_of(to), source;
	socklen_t source_length = sizeof source;
	fill(out, length, (unsigned)length);
	memset(in, 0, sizeof in);
	if (sendto(from, out, length, 0, (struct sockaddr *)&name, sizeof name) != (ssize_t)length)
		return false;
	if (recvfrom(to, in, sizeof in, 0, (struct sockaddr *)&source, &source_length) != (ssize_t)length)
		return false;
	return !memcmp(in, out, length) && source_length == sizeof source &&
		source.sin_port == name_of(from).sin_port && source.sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

static void test_datagram_sizes(int a, int b)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 512, 1472, 1473, 2048, 2049, 9000, 32768, datagram_max };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char text[64];
		snprintf(text, sizeof text, "a datagram of %zu bytes arrives, with its source", sizes[i]);
		CHECK(datagram_arrives(a, b, sizes[i]), text);
	}
	struct sockaddr_in name = name_of(b);
	errno = 0;
	CHECK(sendto(a, out, datagram_max + 1, 0, (struct sockaddr *)&name, sizeof name) < 0 && errno == EMSGSIZE,
		"one byte more than the largest is EMSGSIZE");
}

static void test_datagram_reading(int a, int b)
{
	struct sockaddr_in name = name_of(b);
	sendto(a, "0123456789", 10, 0, (struct sockaddr *)&name, sizeof name);
	CHECK(recv(b, in, sizeof in, MSG_PEEK) == 10, "MSG_PEEK sees it");
	int waiting = 0;
	CHECK(ioctl(b, FIONREAD, &waiting) == 0 && waiting == 10, "FIONREAD says its length");
	struct iovec part = { in, 4 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	CHECK(recvmsg(b, &message, 0) == 4 && message.msg_flags & MSG_TRUNC, "a short buffer cuts it, and MSG_TRUNC says so");
	errno = 0;
	CHECK(recv(b, in, sizeof in, MSG_DONTWAIT) < 0 && errno == EAGAIN, "the rest is gone; MSG_DONTWAIT does not wait");
	NEED(fcntl(b, F_SETFL, O_NONBLOCK) == 0);
	errno = 0;
	CHECK(recv(b, in, sizeof in, 0) < 0 && errno == EAGAIN, "O_NONBLOCK does not wait");
	NEED(fcntl(b, F_SETFL, 0) == 0);
	set_receive_timeout(b, 150);
	double before = seconds();
	errno = 0;
	bool timed_out = recv(b, in, sizeof in, 0) < 0 && errno == EAGAIN;
	double took = seconds() - before;
	CHECK(timed_out && took > 0.1 && took < 5, "SO_RCVTIMEO ends a wait");
	set_receive_timeout(b, 0);
}

static void test_datagram_connection(int a, int b)
{
	struct sockaddr_in name = name_of(b), peer = { 0 };
	socklen_t length = sizeof peer;
	errno = 0;
	CHECK(send(a, "x", 1, 0) < 0 && (errno == EDESTADDRREQ || errno == ENOTCONN), "sending without an address needs a connection");
	NEED(connect(a, (struct sockaddr *)&name, sizeof name) == 0);
	CHECK(getpeername(a, (struct sockaddr *)&peer, &length) == 0 && peer.sin_port == name.sin_port, "getpeername after connect");
	CHECK(write(a, "hello", 5) == 5 && read(b, in, sizeof in) == 5, "write and read on a connected socket");
}

/* Far more than a queue holds: some arrive whole, the others are dropped. */
static void test_datagram_bound(void)
{
	enum { sent = 4000, size = 1000 };
	int a = open_bound(SOCK_DGRAM), b = open_bound(SOCK_DGRAM), got = 0;
	struct sockaddr_in name = name_of(b);
	int room = 64 << 10;
	NEED(setsockopt(b, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) == 0);
	for (int i = 0; i < sent; i++) {
		memcpy(out, &i, sizeof i);
		sendto(a, out, size, 0, (struct sockaddr *)&name, sizeof name);
	}
	bool ordered = true;
	for (int last = -1, i; recv(b, in, sizeof in, MSG_DONTWAIT) == size; got++, last = i) {
		memcpy(&i, in, sizeof i);
		ordered = ordered && i > last;
	}
	CHECK(got > 10 && got < sent && ordered, "the queue is bounded by SO_RCVBUF, and in order");
	close(a);
	close(b);
}

/* One send becomes several datagrams; one receive may take several. */
static void test_datagram_batches(void)
{
	enum { size = 1400, pieces = 20, last = 100, total = (pieces - 1) * size + last };
	int a = open_bound(SOCK_DGRAM), b = open_bound(SOCK_DGRAM), segment = size, on = 1;
	struct sockaddr_in name = name_of(b);
	fill(out, total, 3);
	if (setsockopt(a, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) < 0 ||
			setsockopt(b, IPPROTO_UDP, UDP_GRO, &on, sizeof on) < 0) {
		CHECK(false, "UDP_SEGMENT and UDP_GRO can be set");
		return;
	}
	CHECK(sendto(a, out, total, 0, (struct sockaddr *)&name, sizeof name) == total, "UDP_SEGMENT takes more than a datagram");
	size_t got = 0;
	bool good = true;
	set_receive_timeout(b, 5000);
	while (good && got < total) {
		union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
		struct iovec part = { in, sizeof in };
		struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
		ssize_t n = recvmsg(b, &message, 0);
		int told = 0;
		struct cmsghdr *item = CMSG_FIRSTHDR(&message);
		if (item && item->cmsg_level == IPPROTO_UDP && item->cmsg_type == UDP_GRO)
			memcpy(&told, CMSG_DATA(item), sizeof told);
		good = n > 0 && got + (size_t)n <= total && !memcmp(in, out + got, (size_t)n) &&
			(told == size || (!told && n <= size));
		got += n > 0 ? (size_t)n : 0;
	}
	CHECK(good && got == total, "UDP_GRO says what size the datagrams had, and the bytes are all there");
	close(a);
	close(b);
}

/* The loopback takes what no card does. */
static void test_datagram_whole(void)
{
	int a = open_bound(SOCK_DGRAM), b = open_bound(SOCK_DGRAM), how = IP_PMTUDISC_DO;
	socklen_t length = sizeof how;
	CHECK(setsockopt(a, IPPROTO_IP, IP_MTU_DISCOVER, &how, sizeof how) == 0, "fragments can be forbidden");
	how = 0;
	CHECK(getsockopt(a, IPPROTO_IP, IP_MTU_DISCOVER, &how, &length) == 0 && how == IP_PMTUDISC_DO, "and are then");
	CHECK(datagram_arrives(a, b, 20000), "then a large datagram still arrives where it need not be cut");
	struct sockaddr_in elsewhere = local(2345);
	elsewhere.sin_addr.s_addr = htonl(0x0a4d0063);	/* a bare node's network, 10.77.0.99 */
	close(a);
	NEED((a = socket(AF_INET, SOCK_DGRAM, 0)) >= 0);
	how = IP_PMTUDISC_DO;
	NEED(!setsockopt(a, IPPROTO_IP, IP_MTU_DISCOVER, &how, sizeof how));
	errno = 0;
	CHECK(sendto(a, out, 20000, 0, (struct sockaddr *)&elsewhere, sizeof elsewhere) < 0 &&
		(errno == EMSGSIZE || errno == ENETUNREACH), "where it would have to be cut it is EMSGSIZE");
	close(a);
	close(b);
}

static void test_addresses(void)
{
	int a = open_bound(SOCK_DGRAM), b = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in name = name_of(a), foreign = local(0);
	CHECK(name.sin_port != 0, "binding to port 0 gives a port");
	errno = 0;
	CHECK(bind(b, (struct sockaddr *)&name, sizeof name) < 0 && errno == EADDRINUSE, "a port in use is EADDRINUSE");
	foreign.sin_addr.s_addr = htonl(0xc0000201);
	errno = 0;
	CHECK(bind(b, (struct sockaddr *)&foreign, sizeof foreign) < 0 && errno == EADDRNOTAVAIL, "another machine's address is EADDRNOTAVAIL");
	close(a);
	CHECK(bind(b, (struct sockaddr *)&name, sizeof name) == 0, "a closed socket's port is free again");
	close(b);
}

/* ---- waiting ---- */

struct later { int fd; struct sockaddr_in to; };

static void *send_later(void *argument)
{
	struct later *later = argument;
	usleep(150000);
	sendto(later->fd, "late", 4, 0, (struct sockaddr *)&later->to, sizeof later->to);
	return NULL;
}

static void test_waiting(void)
{
	int a = open_bound(SOCK_DGRAM), b = open_bound(SOCK_DGRAM);
	struct pollfd wait = { .fd = b, .events = POLLIN };
	CHECK(poll(&wait, 1, 0) == 0, "poll with time 0 says that nothing is there");
	double before = seconds();
	bool nothing = poll(&wait, 1, 200) == 0;
	double took = seconds() - before;
	CHECK(nothing && took > 0.15 && took < 5, "poll's time ends");
	wait.events = POLLOUT;
	CHECK(poll(&wait, 1, 1000) == 1 && wait.revents == POLLOUT, "a datagram socket is writable");

	struct later later = { a, name_of(b) };
	pthread_t thread;
	NEED(!pthread_create(&thread, NULL, send_later, &later));
	wait.events = POLLIN;
	CHECK(poll(&wait, 1, 10000) == 1 && wait.revents == POLLIN, "poll wakes for a datagram");
	pthread_join(thread, NULL);
	CHECK(recv(b, in, sizeof in, 0) == 4, "which is there");

	NEED(!pthread_create(&thread, NULL, send_later, &later));
	fd_set set;
	FD_ZERO(&set);
	FD_SET(b, &set);
	struct timeval time = { 10, 0 };
	CHECK(select(b + 1, &set, NULL, NULL, &time) == 1 && FD_ISSET(b, &set), "select wakes for a datagram");
	pthread_join(thread, NULL);
	CHECK(recv(b, in, sizeof in, 0) == 4, "which is there, too");

	NEED(!pthread_create(&thread, NULL, send_later, &later));
	CHECK(recv(b, in, sizeof in, 0) == 4, "a blocking recv wakes");
	pthread_join(thread, NULL);
	close(a);
	close(b);
}

/* ---- TCP ---- */

static int listener(void)
{
	int fd = open_bound(SOCK_STREAM);
	NEED(listen(fd, 5) == 0);
	return fd;
}

static int connect_to(int server)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in name = name_of(server);
	NEED(fd >= 0 && connect(fd, (struct sockaddr *)&name, sizeof name) == 0);
	return fd;
}

static void test_connecting(void)
{
	int server = listener(), gone = open_bound(SOCK_STREAM);
	struct sockaddr_in nobody = name_of(gone), peer = { 0 };
	socklen_t length = sizeof peer;
	close(gone);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	errno = 0;
	CHECK(connect(fd, (struct sockaddr *)&nobody, sizeof nobody) < 0 && errno == ECONNREFUSED, "nobody listens: ECONNREFUSED");
	close(fd);
	NEED(fcntl(server, F_SETFL, O_NONBLOCK) == 0);
	errno = 0;
	CHECK(accept(server, NULL, NULL) < 0 && errno == EAGAIN, "accept does not wait with O_NONBLOCK");
	NEED(fcntl(server, F_SETFL, 0) == 0);
	fd = connect_to(server);
	struct pollfd wait = { .fd = server, .events = POLLIN };
	CHECK(poll(&wait, 1, 5000) == 1, "a connection makes the listening socket readable");
	int other = accept(server, (struct sockaddr *)&peer, &length);
	CHECK(other >= 0 && peer.sin_port == name_of(fd).sin_port, "accept says who it is");
	length = sizeof peer;
	CHECK(getpeername(fd, (struct sockaddr *)&peer, &length) == 0 && peer.sin_port == name_of(server).sin_port, "getpeername");
	errno = 0;
	CHECK(connect(fd, (struct sockaddr *)&peer, sizeof peer) < 0 && errno == EISCONN, "connecting twice is EISCONN");
	CHECK(write(fd, "ping", 4) == 4 && read(other, in, sizeof in) == 4, "bytes pass");
	close(fd);
	CHECK(read(other, in, sizeof in) == 0, "the peer's close is the end of file");
	close(other);
	close(server);
}

static void test_nonblocking_connect(void)
{
	int server = listener(), gone = open_bound(SOCK_STREAM), error = -1;
	struct sockaddr_in nobody = name_of(gone), name = name_of(server);
	socklen_t length = sizeof error;
	close(gone);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	NEED(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	errno = 0;
	int result = connect(fd, (struct sockaddr *)&name, sizeof name);
	CHECK(result == 0 || errno == EINPROGRESS, "connect without waiting is in progress");
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	CHECK(poll(&wait, 1, 5000) == 1 && wait.revents & POLLOUT, "writable when connected");
	CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0, "without an error");
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	NEED(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	errno = 0;
	if (connect(fd, (struct sockaddr *)&nobody, sizeof nobody) < 0 && errno == EINPROGRESS) {
		wait.fd = fd;
		poll(&wait, 1, 5000);
		length = sizeof error;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	} else {
		error = errno;
	}
	CHECK(error == ECONNREFUSED, "a refused one says so in SO_ERROR");
	close(fd);
	close(server);
}

static void *send_much(void *argument)
{
	int fd = *(int *)argument;
	size_t length = 1, sent = 0;
	/* Pieces of all sizes, out-of-line ones among them. */
	while (sent < stream_bytes) {
		if (length > stream_bytes - sent)
			length = stream_bytes - sent;
		fill(out, length, (unsigned)sent);
		if (write(fd, out, length) != (ssize_t)length)
			break;
		sent += length;
		length = length * 3 / 2 + 1;
		if (length > sizeof out)
			length = 1;
	}
	shutdown(fd, SHUT_WR);
	return NULL;
}

static bool receive_much(int fd)
{
	static char expected[sizeof out];
	size_t length = 1, got = 0;
	while (got < stream_bytes) {
		if (length > stream_bytes - got)
			length = stream_bytes - got;
		for (size_t have = 0; have < length; ) {
			ssize_t n = read(fd, in + have, length - have);
			if (n <= 0)
				return false;
			have += (size_t)n;
		}
		fill(expected, length, (unsigned)got);
		if (memcmp(in, expected, length))
			return false;
		got += length;
		length = length * 3 / 2 + 1;
		if (length > sizeof out)
			length = 1;
	}
	return read(fd, in, sizeof in) == 0;
}

static void test_stream(void)
{
	int server = listener(), a = connect_to(server), b = accept(server, NULL, NULL), on = 1;
	pthread_t thread;
	NEED(b >= 0 && !pthread_create(&thread, NULL, send_much, &a));
	CHECK(receive_much(b), "4 MiB in pieces of many sizes arrive whole, and then the end");
	pthread_join(thread, NULL);
	CHECK(write(b, "back", 4) == 4 && read(a, in, sizeof in) == 4, "after SHUT_WR the other direction still works");
	errno = 0;
	CHECK(send(a, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE, "sending after SHUT_WR is EPIPE");
	CHECK(setsockopt(b, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
	socklen_t length = sizeof on;
	on = 0;
	CHECK(getsockopt(b, IPPROTO_TCP, TCP_NODELAY, &on, &length) == 0 && on, "and it stays");
	on = 0;
	CHECK(getsockopt(b, SOL_SOCKET, SO_TYPE, &on, &length) == 0 && on == SOCK_STREAM, "SO_TYPE");
	close(a);
	close(b);
	close(server);
}

static void test_full_stream(void)
{
	int server = listener(), a = connect_to(server), b = accept(server, NULL, NULL);
	size_t sent = 0, got = 0;
	NEED(b >= 0 && fcntl(a, F_SETFL, O_NONBLOCK) == 0);
	ssize_t n;
	while ((n = write(a, out, sizeof out)) > 0 && sent < (64u << 20))
		sent += (size_t)n;
	CHECK(n < 0 && errno == EAGAIN && sent > 0, "a reader that does not read stops the writer");
	struct pollfd wait = { .fd = a, .events = POLLOUT };
	CHECK(poll(&wait, 1, 100) == 0, "which is not writable");
	while (got < sent && (n = read(b, in, sizeof in)) > 0)
		got += (size_t)n;
	CHECK(got == sent, "what was written can be read");
	CHECK(poll(&wait, 1, 5000) == 1 && wait.revents & POLLOUT, "after which it is writable again");
	close(a);
	close(b);
	close(server);
}

static void test_reset(void)
{
	int server = listener(), a = connect_to(server), b = accept(server, NULL, NULL);
	NEED(b >= 0);
	NEED(write(a, "unread", 6) == 6);
	struct pollfd wait = { .fd = b, .events = POLLIN };
	NEED(poll(&wait, 1, 5000) == 1);
	close(b);
	errno = 0;
	ssize_t n = read(a, in, sizeof in);
	CHECK(n < 0 && errno == ECONNRESET, "closing with unread data resets the connection");
	close(a);
	close(server);
}

static void test_many(void)
{
	enum { rounds = 200 };
	int server = listener(), good = 0;
	for (int i = 0; i < rounds; i++) {
		int a = connect_to(server), b = accept(server, NULL, NULL);
		if (b >= 0 && write(a, "x", 1) == 1 && read(b, in, 1) == 1)
			good++;
		close(a);
		close(b);
	}
	CHECK(good == rounds, "200 connections, one after the other");
	close(server);
}

int main(void)
{
	pthread_t watcher;
	signal(SIGPIPE, SIG_IGN);
	NEED(!pthread_create(&watcher, NULL, watch, NULL));
	int a = open_bound(SOCK_DGRAM), b = open_bound(SOCK_DGRAM);
	test_datagram_sizes(a, b);
	test_datagram_reading(a, b);
	test_datagram_connection(a, b);
	test_datagram_bound();
	test_datagram_batches();
	test_datagram_whole();
	test_addresses();
	test_waiting();
	test_connecting();
	test_nonblocking_connect();
	test_stream();
	test_full_stream();
	test_reset();
	test_many();
	printf("1..%d\n", number);
	return failures != 0;
}
