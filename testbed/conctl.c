/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conctl: use a node's serial console, which QEMU offers on a unix socket.
 * One user at a time: QEMU serves one connection, and a lock file keeps others
 * from waiting on it unheard.
 */
#define _GNU_SOURCE
#include "marks.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
	STATUS_USAGE = 2,
	STATUS_TIMEOUT = 124,
	STATUS_NODE_GONE = 125,
	STATUS_NO_CONSOLE = 126,

	TIMEOUT_DEFAULT_S = 60,
	LOCK_WAIT_MS = 10000,
	INTERRUPT_WAIT_MS = 2000,
	KNOCK_FIRST_MS = 400,
	LINE_BYTES = 200,               /* of one typed line: far below any terminal's limit */
	COMMAND_BYTES = 64 << 10,
	READ_BYTES = 16384,

	KEY_INTERRUPT = 3,              /* ^C */
	KEY_LEAVE = 29,                 /* ^] */
};

struct console {
	int fd;
	uint64_t deadline_ms;
	char nonce[NONCE_BYTES + 1];
	struct marks marks;
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000) + t.tv_nsec / 1000000;
}

static void fail(int status, const char *what, const char *which)
{
	fflush(stdout);
	fprintf(stderr, "conctl: %s%s%s\n", what, *which ? ": " : "", which);
	exit(status);
}

static void lock_console(const char *path)
{
	char name[4096];
	snprintf(name, sizeof name, "%s.lock", path);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		fail(STATUS_NO_CONSOLE, "no such console; is the node up?", path);
	/* Kept until this process ends. */
	for (uint64_t end = now_ms() + LOCK_WAIT_MS; flock(fd, LOCK_EX | LOCK_NB) < 0; usleep(20000))
		if (now_ms() > end)
			fail(STATUS_NO_CONSOLE, "the console is in use", path);
}

static void open_console(struct console *c, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	if (snprintf(a.sun_path, sizeof a.sun_path, "%s", path) >= (int) sizeof a.sun_path)
		fail(STATUS_NO_CONSOLE, "the socket's path is too long", path);
	lock_console(path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *) &a, sizeof a) < 0)
		fail(STATUS_NODE_GONE, "no console answers; is the node up?", path);
}

static void type(struct console *c, const char *text, size_t length)
{
	while (length > 0) {
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };
		uint64_t now = now_ms();
		if (now >= c->deadline_ms)
			fail(STATUS_TIMEOUT, "timed out: the console takes no input", "");
		poll(&p, 1, c->deadline_ms - now);
		ssize_t n = send(c->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			fail(STATUS_NODE_GONE, "the node has ended", "");
		if (n > 0) {
			text += n;
			length -= n;
		}
	}
}

/* Listen for at most until END; false when the time is over. */
static bool listen_until(struct console *c, uint64_t end_ms)
{
	char bytes[READ_BYTES];
	uint64_t now = now_ms();
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	if (now >= end_ms)
		return false;
	if (poll(&p, 1, end_ms - now) <= 0)
		return true;
	ssize_t n = read(c->fd, bytes, sizeof bytes);
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		fail(STATUS_NODE_GONE, "the node has ended", "");
	if (n > 0) {
		marks_feed(&c->marks, bytes, n);
		fflush(stdout);
	}
	return true;
}

static void to_stdout(void *context, const char *bytes, size_t count)
{
	if (fwrite(bytes, 1, count, stdout) != count)
		fail(STATUS_NO_CONSOLE, "cannot write the output", strerror(errno));
}

static void to_nowhere(void *context, const char *bytes, size_t count)
{
}

static void new_nonce(struct console *c, marks_output_fn *output)
{
	uint64_t random;
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		fail(STATUS_NO_CONSOLE, "no random numbers", strerror(errno));
	snprintf(c->nonce, sizeof c->nonce, "%016llx", (unsigned long long) random);
	marks_init(&c->marks, c->nonce, output, NULL);
}

/*
 * Quote as much of the command as goes into one typed line, from *AT on; a
 * single quote becomes '\''.  Returns the piece's length in OUT.
 */
static size_t quote_piece(const char **at, char *out)
{
	size_t n = 0;
	while (**at && n < LINE_BYTES - 80) {
		if (**at == '\'') {
			memcpy(out + n, "'\\''", 4);
			n += 4;
		} else
			out[n++] = **at;
		/* A line of the command is a line to the terminal: end the piece there,
		 * so that no typed line gets longer than LINE_BYTES. */
		if (*(*at)++ == '\n')
			break;
	}
	out[n] = '\0';
	return n;
}

static void type_pieces(struct console *c, const char *command)
{
	char piece[LINE_BYTES], line[2 * LINE_BYTES];
	/* A first newline ends whatever half line somebody left behind. */
	const char *assign = "\n_c=";
	unsigned sent = 0;
	do {
		quote_piece(&command, piece);
		int n = snprintf(line, sizeof line, "%s'%s';printf '\\n@%%s@A\\n' %s\n",
				 assign, piece, c->nonce);
		type(c, line, n);
		assign = "_c=$_c";
		/* Wait for each: an input queue that overflows drops silently. */
		for (sent++; c->marks.acknowledged < sent; )
			if (!listen_until(c, c->deadline_ms))
				fail(STATUS_TIMEOUT, "timed out: the shell does not answer", "");
	} while (*command);
}

static void check_command(const char *command)
{
	if (strlen(command) > COMMAND_BYTES)
		fail(STATUS_USAGE, "the command is too long", "put it into a file on the node");
	for (const unsigned char *p = (const unsigned char *) command; *p; p++)
		if ((*p < ' ' && *p != '\n' && *p != '\t') || *p == 127)
			fail(STATUS_USAGE, "a control character in the command cannot be typed", "");
}

/* The command did not end in time: interrupt it, so that the shell is of use again. */
static void interrupt(struct console *c)
{
	char key = KEY_INTERRUPT;
	c->marks.output = to_nowhere;
	c->deadline_ms = now_ms() + INTERRUPT_WAIT_MS;
	type(c, &key, 1);
	while (c->marks.state != MARKS_ENDED && listen_until(c, c->deadline_ms))
		;
}

static int run(struct console *c, const char *command)
{
	char line[2 * LINE_BYTES];
	check_command(command);
	new_nonce(c, to_stdout);
	type_pieces(c, command);
	int n = snprintf(line, sizeof line,
		"printf '\\n@%%s@B\\n' %s;(eval \"$_c\")</dev/null;printf '\\n@%%s@E%%d\\n' %s $?\n",
		c->nonce, c->nonce);
	type(c, line, n);
	while (c->marks.state != MARKS_ENDED)
		if (!listen_until(c, c->deadline_ms)) {
			interrupt(c);
			fail(STATUS_TIMEOUT, "timed out", command);
		}
	return c->marks.status;
}

/*
 * Knock until a shell answers the last knock.  QEMU throws away what it has not
 * read when we hang up: an earlier knock's answer would leave half a line with
 * the shell.  The kernel eats typed bytes while it boots: whatever part of a
 * knock arrives must leave no quote open.  Each waits longer than the one
 * before, for a machine that answers slower than we knock.
 */
static int wait_for_shell(struct console *c)
{
	char line[2 * LINE_BYTES];
	uint64_t wait_ms = KNOCK_FIRST_MS;
	do {
		if (now_ms() >= c->deadline_ms)
			fail(STATUS_TIMEOUT, "timed out: no shell answers", "");
		new_nonce(c, to_nowhere);
		int n = snprintf(line, sizeof line, "\nprintf \\\\n@%%s@A\\\\n %s\n", c->nonce);
		type(c, line, n);
		uint64_t knock_again = now_ms() + wait_ms;
		wait_ms += wait_ms / 4;
		while (c->marks.acknowledged == 0 && listen_until(c, knock_again))
			;
	} while (c->marks.acknowledged == 0);
	return 0;
}

static struct termios saved_terminal;

static void restore_terminal(void)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_terminal);
}

static void make_raw(void)
{
	struct termios raw;
	if (tcgetattr(STDIN_FILENO, &saved_terminal) < 0)
		return;
	atexit(restore_terminal);
	raw = saved_terminal;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	fprintf(stderr, "(^] leaves the console; the node stays up)\r\n");
}

/* Pass the keys on; false when it is time to leave. */
static bool pass_keys(struct console *c)
{
	char keys[256];
	ssize_t n = read(STDIN_FILENO, keys, sizeof keys);
	if (n <= 0)
		return n < 0 && errno == EINTR;
	char *leave = memchr(keys, KEY_LEAVE, n);
	c->deadline_ms = UINT64_MAX;
	type(c, keys, leave ? leave - keys : n);
	return leave == NULL;
}

static int attach(struct console *c)
{
	char bytes[READ_BYTES];
	make_raw();
	for (;;) {
		struct pollfd p[2] = {
			{ .fd = STDIN_FILENO, .events = POLLIN }, { .fd = c->fd, .events = POLLIN },
		};
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			fail(STATUS_NO_CONSOLE, "cannot wait", strerror(errno));
		if (p[1].revents) {
			ssize_t n = read(c->fd, bytes, sizeof bytes);
			if (n == 0 || (n < 0 && errno != EINTR))
				fail(STATUS_NODE_GONE, "the node has ended", "\r");
			fwrite(bytes, 1, n, stdout);
			fflush(stdout);
		}
		if (p[0].revents && !pass_keys(c))
			return 0;
	}
}

static void usage(FILE *out)
{
	fputs("usage: conctl SOCKET run [--timeout SECONDS] 'SHELL COMMAND'\n"
	      "       conctl SOCKET wait [--timeout SECONDS]\n"
	      "       conctl SOCKET attach\n"
	      "run     let the node's shell run a command (in a subshell, without input); its output\n"
	      "        appears as it comes and its exit status is conctl's, but: 124 time is over,\n"
	      "        125 the node has ended or is not up, 126 the console is in use\n"
	      "wait    until a shell answers on the console\n"
	      "attach  use the console by hand; ^] leaves\n", out);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	double timeout_s = TIMEOUT_DEFAULT_S;
	int o;
	while ((o = getopt_long(argc, argv, "t:h", options, NULL)) != -1)
		switch (o) {
		case 't': timeout_s = strtod(optarg, NULL); break;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return STATUS_USAGE;
		}
	argc -= optind;
	argv += optind;
	const char *verb = argc >= 2 ? argv[1] : "";
	bool is_run = !strcmp(verb, "run");
	if (argc != (is_run ? 3 : 2) || timeout_s <= 0 || timeout_s > 1e6 ||
	    (!is_run && strcmp(verb, "wait") && strcmp(verb, "attach"))) {
		usage(stderr);
		return STATUS_USAGE;
	}
	struct console c = { .deadline_ms = now_ms() + timeout_s * 1000 };
	open_console(&c, argv[0]);
	if (is_run)
		return run(&c, argv[2]);
	return !strcmp(verb, "wait") ? wait_for_shell(&c) : attach(&c);
}
