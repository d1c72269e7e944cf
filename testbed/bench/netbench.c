/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netbench: what `drove bench` runs on the nodes.  Plain POSIX: the same
 * program measures raw sockets, and files on whatever they are mounted from.
 * A seek on a remote file is one RPC that does nothing: the null RPC.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	ROUNDS_MAX = 100000,
	WARM_UP_ROUNDS = 50,
	DATAGRAM_MAX_BYTES = 1472,
	ANSWER_WAIT_MS = 1000,
	BLOCK_BYTES = 65536,
	READ_BYTES = 1048576,	/* what a program that reads much asks for at once */
};

static void die(const char *what)
{
	fprintf(stderr, "netbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		die("no clock");
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

static struct sockaddr_in address_of(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	if (inet_pton(AF_INET, host, &a.sin_addr) != 1) {
		errno = EINVAL;
		die(host);
	}
	return a;
}

static int socket_at(int type, const char *port)
{
	struct sockaddr_in a = address_of("0.0.0.0", port);
	int fd = socket(AF_INET, type, 0), on = 1;
	if (fd < 0)
		die("no socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *) &a, sizeof a) < 0)
		die("cannot bind");
	return fd;
}

static int socket_to(int type, const char *host, const char *port)
{
	struct sockaddr_in a = address_of(host, port);
	int fd = socket(AF_INET, type, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *) &a, sizeof a) < 0)
		die("cannot connect");
	return fd;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
	return (x > y) - (x < y);
}

/* Clocks that tick coarsely make single rounds useless: the mean is over all. */
static void say_rounds(uint64_t *took, unsigned rounds, uint64_t total_ns)
{
	qsort(took, rounds, sizeof *took, compare);
	printf("mean_us %.1f median_us %.1f p99_us %.1f rounds %u\n", total_ns / 1e3 / rounds,
	       took[rounds / 2] / 1e3, took[rounds * 99 / 100] / 1e3, rounds);
}

static unsigned rounds_of(const char *word)
{
	unsigned rounds = atoi(word);
	if (rounds < 1 || rounds > ROUNDS_MAX) {
		errno = EINVAL;
		die("number of rounds");
	}
	return rounds;
}

static int udp_server(char **arg)
{
	char bytes[DATAGRAM_MAX_BYTES];
	int fd = socket_at(SOCK_DGRAM, arg[0]);
	for (;;) {
		struct sockaddr_in peer;
		socklen_t length = sizeof peer;
		ssize_t n = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *) &peer, &length);
		if (n < 0)
			return 1;
		sendto(fd, bytes, n, 0, (struct sockaddr *) &peer, length);
	}
}

static int udp_client(char **arg)
{
	static uint64_t took[ROUNDS_MAX];
	char bytes[DATAGRAM_MAX_BYTES] = { 0 };
	int fd = socket_to(SOCK_DGRAM, arg[0], arg[1]);
	unsigned rounds = rounds_of(arg[2]), lost = 0;
	size_t length = atoi(arg[3]);
	uint64_t total = 0;
	if (length > sizeof bytes)
		length = sizeof bytes;
	for (int i = -WARM_UP_ROUNDS; i < (int) rounds; ) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t start = now_ns();
		if (send(fd, bytes, length, 0) < 0)
			die("cannot send");
		if (poll(&p, 1, ANSWER_WAIT_MS) <= 0) {
			if (++lost > rounds / 10 + 3) {
				errno = ETIMEDOUT;
				die("no answers");
			}
			continue;
		}
		if (recv(fd, bytes, sizeof bytes, 0) < 0)
			die("cannot receive");
		if (i >= 0)
			total += took[i] = now_ns() - start;
		i++;
	}
	say_rounds(took, rounds, total);
	return 0;
}

static void say_bytes(uint64_t bytes, uint64_t ns)
{
	printf("mib_s %.3f bytes %llu ms %.1f\n", bytes / 1048576.0 / (ns / 1e9),
	       (unsigned long long) bytes, ns / 1e6);
}

/* Each client gets as many bytes as it asks for in its first eight. */
static int tcp_server(char **arg)
{
	static char block[BLOCK_BYTES];
	int listener = socket_at(SOCK_STREAM, arg[0]);
	if (listen(listener, 4) < 0)
		die("cannot listen");
	for (;;) {
		uint64_t left;
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			return 1;
		if (recv(fd, &left, sizeof left, MSG_WAITALL) == sizeof left)
			while (left > 0) {
				ssize_t n = send(fd, block, left < sizeof block ? left : sizeof block,
						 MSG_NOSIGNAL);
				if (n <= 0)
					break;
				left -= n;
			}
		close(fd);
	}
}

static int tcp_client(char **arg)
{
	static char block[BLOCK_BYTES];
	uint64_t wanted = strtoull(arg[2], NULL, 10), got = 0;
	int fd = socket_to(SOCK_STREAM, arg[0], arg[1]);
	uint64_t start = now_ns();
	if (send(fd, &wanted, sizeof wanted, 0) != sizeof wanted)
		die("cannot ask");
	while (got < wanted) {
		ssize_t n = recv(fd, block, sizeof block, 0);
		if (n <= 0)
			die("the stream ended early");
		got += n;
	}
	say_bytes(got, now_ns() - start);
	return 0;
}

static int seek_file(char **arg)
{
	static uint64_t took[ROUNDS_MAX];
	int fd = open(arg[0], O_RDONLY);
	unsigned rounds = rounds_of(arg[1]);
	uint64_t total = 0;
	if (fd < 0)
		die(arg[0]);
	for (int i = -WARM_UP_ROUNDS; i < (int) rounds; i++) {
		uint64_t start = now_ns();
		if (lseek(fd, i & 1, SEEK_SET) < 0)
			die("cannot seek");
		if (i >= 0)
			total += took[i] = now_ns() - start;
	}
	say_rounds(took, rounds, total);
	return 0;
}

static int read_file(char **arg)
{
	static char block[READ_BYTES];
	uint64_t got = 0;
	int fd = open(arg[0], O_RDONLY);
	if (fd < 0)
		die(arg[0]);
	uint64_t start = now_ns();
	for (ssize_t n; (n = read(fd, block, sizeof block)) != 0; got += n)
		if (n < 0)
			die("cannot read");
	say_bytes(got, now_ns() - start);
	return 0;
}

/* The same bytes to the same place, by way of a mapping. */
static int map_file(char **arg)
{
	static char block[READ_BYTES];
	struct stat status;
	int fd = open(arg[0], O_RDONLY);
	if (fd < 0 || fstat(fd, &status) < 0)
		die(arg[0]);
	uint64_t start = now_ns(), size = status.st_size;
	const char *at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		die("cannot map");
	for (uint64_t got = 0; got < size; got += sizeof block)
		memcpy(block, at + got, size - got < sizeof block ? size - got : sizeof block);
	munmap((void *) at, size);
	say_bytes(size, now_ns() - start);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int operands;
		int (*run)(char **arg);
		const char *help;
	} verbs[] = {
		{ "udp-server", 1, udp_server, "PORT: answer each datagram with itself" },
		{ "udp-client", 4, udp_client, "ADDRESS PORT ROUNDS BYTES: time round trips" },
		{ "tcp-server", 1, tcp_server, "PORT: send each client what it asks for" },
		{ "tcp-client", 3, tcp_client, "ADDRESS PORT BYTES: time a stream" },
		{ "seek", 2, seek_file, "FILE ROUNDS: time the smallest RPC on a file" },
		{ "read", 1, read_file, "FILE: time a sequential read" },
		{ "mmap", 1, map_file, "FILE: time the same through a mapping" },
	};
	enum { VERBS = sizeof verbs / sizeof *verbs };
	for (unsigned i = 0; argc > 1 && i < VERBS; i++)
		if (!strcmp(argv[1], verbs[i].name) && argc == 2 + verbs[i].operands)
			return verbs[i].run(argv + 2);
	FILE *out = argc > 1 && !strcmp(argv[1], "--help") ? stdout : stderr;
	for (unsigned i = 0; i < VERBS; i++)
		fprintf(out, "netbench %s %s\n", verbs[i].name, verbs[i].help);
	return out == stderr ? 2 : 0;
}
