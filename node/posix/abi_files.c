/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open flags, signals and wait statuses: musl's numbers and the Hurd's. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <hurd_abi.h>

static const struct { int musl, hurd; } open_bits[] = {
	{ O_CREAT, HURD_O_CREAT }, { O_EXCL, HURD_O_EXCL }, { O_TRUNC, HURD_O_TRUNC },
	{ O_APPEND, HURD_O_APPEND }, { O_NONBLOCK, HURD_O_NONBLOCK }, { O_ASYNC, HURD_O_ASYNC },
	{ O_SYNC, HURD_O_FSYNC }, { O_NOFOLLOW, HURD_O_NOFOLLOW }, { O_DIRECTORY, HURD_O_DIRECTORY },
	{ O_NOATIME, HURD_O_NOATIME },
};
enum { OPEN_BITS = sizeof open_bits / sizeof *open_bits };

int hurd_open_flags(int musl_flags)
{
	static const int access[4] = { HURD_O_READ, HURD_O_WRITE, HURD_O_READ | HURD_O_WRITE, 0 };
	int flags = musl_flags & O_PATH ? 0 : access[musl_flags & O_ACCMODE & 3];

	for (int i = 0; i < OPEN_BITS; i++)
		if ((musl_flags & open_bits[i].musl) == open_bits[i].musl)
			flags |= open_bits[i].hurd;
	return flags;
}

int hurd_open_flags_to_musl(int hurd_flags)
{
	int reads = hurd_flags & HURD_O_READ, writes = hurd_flags & HURD_O_WRITE;
	int flags = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;

	if (hurd_flags & HURD_O_APPEND)
		flags |= O_APPEND;
	if (hurd_flags & HURD_O_NONBLOCK)
		flags |= O_NONBLOCK;
	if (hurd_flags & HURD_O_ASYNC)
		flags |= O_ASYNC;
	if (hurd_flags & HURD_O_FSYNC)
		flags |= O_SYNC;
	return flags;
}

static const unsigned char hurd_of_musl_signal[] = {
	[SIGHUP] = HURD_SIGHUP, [SIGINT] = HURD_SIGINT, [SIGQUIT] = HURD_SIGQUIT, [SIGILL] = HURD_SIGILL,
	[SIGTRAP] = HURD_SIGTRAP, [SIGABRT] = HURD_SIGABRT, [SIGFPE] = HURD_SIGFPE, [SIGKILL] = HURD_SIGKILL,
	[SIGBUS] = HURD_SIGBUS, [SIGSEGV] = HURD_SIGSEGV, [SIGSYS] = HURD_SIGSYS, [SIGPIPE] = HURD_SIGPIPE,
	[SIGALRM] = HURD_SIGALRM, [SIGTERM] = HURD_SIGTERM, [SIGURG] = HURD_SIGURG, [SIGSTOP] = HURD_SIGSTOP,
	[SIGTSTP] = HURD_SIGTSTP, [SIGCONT] = HURD_SIGCONT, [SIGCHLD] = HURD_SIGCHLD, [SIGTTIN] = HURD_SIGTTIN,
	[SIGTTOU] = HURD_SIGTTOU, [SIGIO] = HURD_SIGIO, [SIGXCPU] = HURD_SIGXCPU, [SIGXFSZ] = HURD_SIGXFSZ,
	[SIGVTALRM] = HURD_SIGVTALRM, [SIGPROF] = HURD_SIGPROF, [SIGWINCH] = HURD_SIGWINCH,
	[SIGUSR1] = HURD_SIGUSR1, [SIGUSR2] = HURD_SIGUSR2,
};

/* Signals above the classic ones (real-time ones) have the same number in both. */
#define FIRST_COMMON_SIGNAL 33

int hurd_signal(int musl_signal)
{
	if (musl_signal >= FIRST_COMMON_SIGNAL && musl_signal <= 64)
		return musl_signal;
	if (musl_signal <= 0 || musl_signal >= (int)sizeof hurd_of_musl_signal)
		return 0;
	return hurd_of_musl_signal[musl_signal];
}

int hurd_signal_to_musl(int number)
{
	if (number >= FIRST_COMMON_SIGNAL && number <= 64)
		return number;
	for (int i = 1; number > 0 && i < (int)sizeof hurd_of_musl_signal; i++)
		if (hurd_of_musl_signal[i] == number)
			return i;
	return 0;
}

/* exit << 8, or signal with 0x80 for a core, or signal << 8 | 0x7f, or 0xffff. */
static int convert_status(int status, int (*signal_number)(int))
{
	int low = status & 0x7f;

	if (status == 0xffff || low == 0)
		return status;
	if (low == 0x7f)
		return signal_number(status >> 8 & 0xff) << 8 | 0x7f;
	return (status & 0x80) | signal_number(low);
}

int hurd_wait_status_to_musl(int status)
{
	return convert_status(status, hurd_signal_to_musl);
}

int hurd_wait_status(int musl_status)
{
	return convert_status(musl_status, hurd_signal);
}
