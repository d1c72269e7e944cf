/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switch's program: its sockets, its clock and its main loop. */
#define _GNU_SOURCE
#include "switch.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	CONTROL_CLIENTS = 8,
	CONTROL_LINE_BYTES = 256,
	CONTROL_REPLY_BYTES = 4096,
	CONTROL_WAIT_S = 5,
	SOCKET_BUFFER_BYTES = 1 << 20,
	POLL_MAX = 2 * IMPAIR_PORTS + CONTROL_CLIENTS + 1,
};

struct client {
	int fd;
	size_t used;
	char line[CONTROL_LINE_BYTES];
};

struct program {
	struct ether_switch s;
	const char *dir;
	int control;
	struct client client[CONTROL_CLIENTS];
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	stop = 1;
}

static void die(const char *what, const char *which)
{
	fprintf(stderr, "switch: %s %s: %s\n", what, which, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

static struct sockaddr_un address_of(const char *dir, const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int n = snprintf(a.sun_path, sizeof a.sun_path, "%s%s%s", dir, *name ? "/" : "", name);
	if (n >= (int) sizeof a.sun_path) {
		errno = ENAMETOOLONG;
		die("cannot use socket path", dir);
	}
	return a;
}

static int listen_at(const char *dir, const char *name)
{
	struct sockaddr_un a = address_of(dir, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *) &a, sizeof a) < 0 || listen(fd, 4) < 0)
		die("cannot listen at", a.sun_path);
	return fd;
}

static void open_sockets(struct program *p)
{
	for (unsigned i = 0; i < p->s.ports; i++) {
		char name[16];
		snprintf(name, sizeof name, "port%u", i + 1);
		p->s.port[i].listener = listen_at(p->dir, name);
	}
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		p->client[i].fd = -1;
	/* Last: who can speak to the control socket may rely on the ports. */
	p->control = listen_at(p->dir, "control");
}

static void remove_sockets(struct program *p)
{
	for (unsigned i = 0; i < p->s.ports; i++) {
		char name[16];
		snprintf(name, sizeof name, "port%u", i + 1);
		unlink(address_of(p->dir, name).sun_path);
	}
	unlink(address_of(p->dir, "control").sun_path);
}

static void plug(struct port *port)
{
	int fd = accept4(port->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	int bytes = SOCKET_BUFFER_BYTES;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	port_plug(port, fd);
}

static void welcome(struct program *p)
{
	int fd = accept4(p->control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		if (p->client[i].fd < 0) {
			p->client[i] = (struct client) { .fd = fd };
			return;
		}
	close(fd);
}

static void dismiss(struct client *c)
{
	close(c->fd);
	c->fd = -1;
}

/* False when the client does not take its reply. */
static bool answer(struct program *p, struct client *c, const char *line)
{
	char reply[CONTROL_REPLY_BYTES + 1];
	switch_command(&p->s, line, reply, CONTROL_REPLY_BYTES);
	strcat(reply, "\n");
	size_t length = strlen(reply);
	return send(c->fd, reply, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t) length;
}

static void serve(struct program *p, struct client *c)
{
	ssize_t n = recv(c->fd, c->line + c->used, sizeof c->line - 1 - c->used, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		dismiss(c);
		return;
	}
	c->used += n;
	c->line[c->used] = '\0';
	char *end;
	while ((end = strchr(c->line, '\n')) != NULL) {
		*end = '\0';
		if (!answer(p, c, c->line)) {
			dismiss(c);
			return;
		}
		c->used -= end + 1 - c->line;
		memmove(c->line, end + 1, c->used + 1);
	}
	if (c->used == sizeof c->line - 1)
		dismiss(c);
}

/* Sleep until something comes in or a held frame is due. */
static void wait_for_work(struct program *p, struct pollfd *fds, unsigned count)
{
	struct timespec timeout, *limit = NULL;
	uint64_t due = delayline_due(&p->s.line), now = clock_ns(CLOCK_MONOTONIC);
	if (due != UINT64_MAX) {
		uint64_t left = due > now ? due - now : 0;
		timeout.tv_sec = left / 1000000000;
		timeout.tv_nsec = left % 1000000000;
		limit = &timeout;
	}
	sigset_t none;
	sigemptyset(&none);
	if (ppoll(fds, count, limit, &none) < 0)
		for (unsigned i = 0; i < count; i++)
			fds[i].revents = 0;
	p->s.now_ns = clock_ns(CLOCK_MONOTONIC);
	if (p->s.pcap)
		p->s.wall_ns = clock_ns(CLOCK_REALTIME);
}

/* Fixed places: ports, listeners, clients, control; ppoll ignores fd -1. */
static unsigned fill(struct program *p, struct pollfd *fds)
{
	unsigned n = 0;
	for (unsigned i = 0; i < p->s.ports; i++)
		fds[n++] = (struct pollfd) { .fd = p->s.port[i].fd,
			.events = POLLIN | (p->s.port[i].out_used ? POLLOUT : 0) };
	for (unsigned i = 0; i < p->s.ports; i++)
		fds[n++] = (struct pollfd) { .fd = p->s.port[i].listener, .events = POLLIN };
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		fds[n++] = (struct pollfd) { .fd = p->client[i].fd, .events = POLLIN };
	fds[n++] = (struct pollfd) { .fd = p->control, .events = POLLIN };
	return n;
}

static void step(struct program *p)
{
	struct pollfd fds[POLL_MAX], *f = fds;
	wait_for_work(p, fds, fill(p, fds));
	/* Held frames first: a frame that comes in now must not overtake them. */
	switch_release(&p->s);
	for (unsigned i = 0; i < p->s.ports; i++, f++)
		if (f->revents & (POLLIN | POLLHUP | POLLERR) && p->s.port[i].fd == f->fd)
			switch_read(&p->s, i);
	switch_flush(&p->s);
	for (unsigned i = 0; i < p->s.ports; i++, f++)
		if (f->revents & POLLIN)
			plug(&p->s.port[i]);
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++, f++)
		if (f->revents)
			serve(p, &p->client[i]);
	if (f->revents & POLLIN)
		welcome(p);
}

static void run(struct program *p)
{
	struct sigaction act = { .sa_handler = on_signal };
	sigset_t blocked;
	/* Delivered inside ppoll only, so that no signal is missed before it. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	prctl(PR_SET_TIMERSLACK, 1UL);
	open_sockets(p);
	while (!stop)
		step(p);
	remove_sockets(p);
	if (p->s.pcap && fclose(p->s.pcap) != 0)
		die("cannot finish", "the recording");
}

/* Send one command to a running switch and print its reply. */
static int tell(const char *dir, const char *command)
{
	struct sockaddr_un a = address_of(dir, "control");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval wait = { .tv_sec = CONTROL_WAIT_S };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	if (fd < 0 || connect(fd, (struct sockaddr *) &a, sizeof a) < 0) {
		fprintf(stderr, "switch: no switch answers at %s; is the cluster up?\n", a.sun_path);
		return 1;
	}
	char reply[CONTROL_REPLY_BYTES + 1];
	size_t used = 0;
	if (dprintf(fd, "%s\n", command) < 0)
		die("cannot write to", a.sun_path);
	while (used < CONTROL_REPLY_BYTES) {
		ssize_t n = read(fd, reply + used, CONTROL_REPLY_BYTES - used);
		if (n <= 0)
			die("no reply from", a.sun_path);
		used += n;
		if (reply[used - 1] == '\n')
			break;
	}
	close(fd);
	fwrite(reply, 1, used, stdout);
	return strncmp(reply, "error:", 6) == 0;
}

static void usage(FILE *out)
{
	fprintf(out,
		"usage: switch [--ports N] [--seed N] [--pcap FILE] DIR\n"
		"       switch --tell DIR COMMAND...\n"
		"An Ethernet switch for QEMU: -netdev stream,server=off,addr.type=unix,addr.path=DIR/portK\n"
		"plugs a machine into port K (1..N, at most %d).  DIR/control takes commands, a line\n"
		"each; --tell sends one and prints the reply.\n%s", IMPAIR_PORTS, switch_command_help);
}

static int tell_words(int count, char **word)
{
	char command[CONTROL_LINE_BYTES] = "";
	if (count < 2) {
		usage(stderr);
		return 2;
	}
	for (int i = 1; i < count; i++) {
		if (strlen(command) + strlen(word[i]) + 2 > sizeof command) {
			fprintf(stderr, "switch: the command is too long\n");
			return 2;
		}
		strcat(strcat(command, i > 1 ? " " : ""), word[i]);
	}
	return tell(word[0], command);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ports", required_argument, NULL, 'n' }, { "seed", required_argument, NULL, 's' },
		{ "pcap", required_argument, NULL, 'w' }, { "tell", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	unsigned long ports = 4, seed = 1;
	const char *record = NULL;
	int c;
	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1)
		switch (c) {
		case 'n': ports = strtoul(optarg, NULL, 10); break;
		case 's': seed = strtoul(optarg, NULL, 10); break;
		case 'w': record = optarg; break;
		case 't': return tell_words(argc - optind, argv + optind);
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	if (optind + 1 != argc || ports < 1 || ports > IMPAIR_PORTS) {
		usage(stderr);
		return 2;
	}
	struct program *p = malloc(sizeof *p);
	if (p == NULL)
		die("no memory for", "the ports");
	switch_init(&p->s, ports, seed);
	p->dir = argv[optind];
	if (record && (p->s.pcap = pcap_open(record)) == NULL)
		die("cannot write", record);
	run(p);
	free(p);
	return 0;
}
