/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Internet sockets over 127.0.0.1, and named local ones. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "names.h"

enum { DATAGRAMS = 200, STREAM_BYTES = 1 << 20 };

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static int bound(int type, struct sockaddr_in *name)
{
	socklen_t size = sizeof *name;
	int fd = socket(AF_INET, type, 0);
	*name = loopback(0);
	if (fd < 0 || bind(fd, (struct sockaddr *)name, size) || getsockname(fd, (struct sockaddr *)name, &size))
		return -1;
	return fd;
}

static void test_udp(void)
{
	struct sockaddr_in here, there, from;
	socklen_t size = sizeof from;
	char buffer[2000];
	int one = bound(SOCK_DGRAM, &here), two = bound(SOCK_DGRAM, &there);
	check(one >= 0 && two >= 0 && here.sin_port && here.sin_port != there.sin_port, "udp-bind", "errno %d", errno);
	check(sendto(one, "ping", 4, 0, (struct sockaddr *)&there, sizeof there) == 4, "sendto", "errno %d", errno);
	check(recvfrom(two, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &size) == 4 && size == sizeof from &&
	      from.sin_port == here.sin_port && from.sin_addr.s_addr == here.sin_addr.s_addr, "recvfrom", "errno %d, port %d", errno, ntohs(from.sin_port));
	check(recv(two, buffer, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN, "udp-MSG_DONTWAIT", "errno %d", errno);
	struct iovec parts[2] = { { "ab", 2 }, { "cde", 3 } }, in[2] = { { buffer, 1 }, { buffer + 100, 50 } };
	struct msghdr message = { .msg_name = &there, .msg_namelen = sizeof there, .msg_iov = parts, .msg_iovlen = 2 };
	check(sendmsg(one, &message, 0) == 5, "sendmsg", "errno %d", errno);
	message = (struct msghdr){ .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = in, .msg_iovlen = 2 };
	check(recvmsg(two, &message, 0) == 5 && buffer[0] == 'a' && !memcmp(buffer + 100, "bcde", 4), "recvmsg", "errno %d", errno);
	check(connect(one, (struct sockaddr *)&there, sizeof there) == 0 && send(one, "c", 1, 0) == 1 && recv(two, buffer, 10, 0) == 1, "udp-connect", "errno %d", errno);
	size = sizeof from;
	check(getpeername(one, (struct sockaddr *)&from, &size) == 0 && from.sin_port == there.sin_port, "getpeername", "errno %d", errno);
	size = sizeof from;
	send(one, "x", 1, 0);
	recvfrom(two, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &size);	/* the address is known now */
	double start = seconds();	/* before counting: the clock, too, has a port */
	unsigned names = count_names();
	int bad = 0;
	for (int i = 0; i < DATAGRAMS; i++) {
		size = sizeof from;
		bad += send(one, &i, sizeof i, 0) != sizeof i || recvfrom(two, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &size) != sizeof i;
	}
	printf("# datagram sent and received: %.0f us\n", (seconds() - start) / DATAGRAMS * 1e6);
	check(bad == 0, "datagrams", "%d lost", bad);
	unsigned left = settled_names(names);
	check(left <= names, "datagrams-leave-no-name", "%u before, %u after", names, left);
	close(one), close(two);
}

static void serve(int listener)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof peer;
	static char buffer[8192];
	int fd = accept(listener, (struct sockaddr *)&peer, &size);
	long got;
	while ((got = read(fd, buffer, sizeof buffer)) > 0)
		for (long done = 0; done < got;) {
			long put = write(fd, buffer + done, got - done);
			if (put <= 0)
				_exit(1);
			done += put;
		}
	_exit(0);
}

static void test_tcp(void)
{
	struct sockaddr_in name;
	int listener = bound(SOCK_STREAM, &name), one = 1, value = 0;
	socklen_t size = sizeof value;
	check(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0, "SO_REUSEADDR", "errno %d", errno);
	check(listen(listener, 5) == 0, "listen", "errno %d", errno);
	pid_t pid = fork();
	if (pid == 0)
		serve(listener);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	check(connect(fd, (struct sockaddr *)&name, sizeof name) == 0, "connect", "errno %d", errno);
	check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0, "TCP_NODELAY", "errno %d", errno);
	check(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size) == 0 && value == SOCK_STREAM, "SO_TYPE", "%d", value);
	size = sizeof value;
	check(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size) == 0 && value == 0, "SO_ERROR", "%d", value);
	static char data[4096], back[4096];
	long total = 0, bad = 0;
	for (; total < STREAM_BYTES && !bad; total += sizeof data) {
		for (unsigned i = 0; i < sizeof data; i++)
			data[i] = total + i * 3;
		bad += write(fd, data, sizeof data) != sizeof data;
		for (unsigned got = 0; got < sizeof back && !bad;) {
			long part = read(fd, back + got, sizeof back - got);
			bad += part <= 0;
			got += part;
		}
		bad += memcmp(data, back, sizeof data) != 0;
	}
	check(bad == 0, "1-MB-there-and-back", "wrong after %ld", total);
	shutdown(fd, SHUT_WR);
	check(read(fd, back, 1) == 0, "tcp-end", "errno %d", errno);
	int status;
	waitpid(pid, &status, 0);
	check(status == 0, "server", "status 0x%x", status);
	close(fd), close(listener);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	check(connect(fd, (struct sockaddr *)&name, sizeof name) < 0 && errno == ECONNREFUSED, "ECONNREFUSED", "errno %d", errno);
	close(fd);
}

static void test_accept(void)
{
	struct sockaddr_in name, peer;
	socklen_t size = sizeof peer;
	int listener = bound(SOCK_STREAM, &name);
	listen(listener, 5);
	fcntl(listener, F_SETFL, O_NONBLOCK);
	check(accept(listener, NULL, NULL) < 0 && errno == EAGAIN, "accept-O_NONBLOCK", "errno %d", errno);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int result = connect(client, (struct sockaddr *)&name, sizeof name);
	check(result == 0 || errno == EINPROGRESS, "connect-O_NONBLOCK", "errno %d", errno);
	struct pollfd fds[2] = { { listener, POLLIN, 0 }, { client, POLLOUT, 0 } };
	check(poll(fds, 1, 3000) == 1 && poll(fds + 1, 1, 3000) == 1, "poll-of-sockets", "%x %x", fds[0].revents, fds[1].revents);
	int server = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);
	check(server >= 0 && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK) && fcntl(server, F_GETFD) == FD_CLOEXEC, "accept4", "errno %d", errno);
	close(server), close(client), close(listener);
}

static void test_local(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/tmp/posix-sockets" };
	char buffer[16];
	unlink(name.sun_path);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	check(bind(listener, (struct sockaddr *)&name, sizeof name) == 0, "local-bind", "errno %d", errno);
	check(listen(listener, 3) == 0, "local-listen", "errno %d", errno);
	check(connect(client, (struct sockaddr *)&name, sizeof name) == 0, "local-connect", "errno %d", errno);
	int server = accept(listener, NULL, NULL);
	check(server >= 0 && write(client, "hi", 2) == 2 && read(server, buffer, 16) == 2, "local-talk", "errno %d", errno);
	close(client), close(server), close(listener);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	check(connect(client, (struct sockaddr *)&name, sizeof name) < 0 && errno == ECONNREFUSED, "local-ECONNREFUSED", "errno %d", errno);
	close(client);
}

static void test_errors(void)
{
	int fd = open("/tmp/plain", O_RDWR | O_CREAT, 0600);
	check(listen(fd, 1) < 0 && (errno == ENOTSOCK || errno == EOPNOTSUPP), "no-socket", "errno %d", errno);
	close(fd);
	check(socket(77, SOCK_STREAM, 0) < 0 && errno == EAFNOSUPPORT, "EAFNOSUPPORT", "errno %d", errno);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_udp();
	test_tcp();
	test_accept();
	test_local();
	test_errors();
	return check_result("posix-sockets");
}
