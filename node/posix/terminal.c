/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ioctl: terminals by the Hurd's tioctl calls, and FIONREAD.  The modes of a
   terminal travel as the Hurd's (BSD's) bits. */
#define _GNU_SOURCE
#include "files.h"
#include "process.h"
#include "prototypes.h"
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <fcntl.h>
#include <hurd/io.h>
#include <hurd/tioctl.h>
#include <hurd/term.h>

struct hurd_termios {
	modes_t modes;
	ccs_t characters;
	speeds_t speeds;
};

static const struct bit_pair { unsigned musl, hurd; } input_bits[] = {
	{ IGNBRK, HURD_IGNBRK }, { BRKINT, HURD_BRKINT }, { IGNPAR, HURD_IGNPAR }, { PARMRK, HURD_PARMRK },
	{ INPCK, HURD_INPCK }, { ISTRIP, HURD_ISTRIP }, { INLCR, HURD_INLCR }, { IGNCR, HURD_IGNCR },
	{ ICRNL, HURD_ICRNL }, { IXON, HURD_IXON }, { IXOFF, HURD_IXOFF }, { IXANY, HURD_IXANY },
	{ IMAXBEL, HURD_IMAXBEL }, { 0, 0 },
}, output_bits[] = {
	{ OPOST, HURD_OPOST }, { ONLCR, HURD_ONLCR }, { OCRNL, HURD_OCRNL }, { ONOCR, HURD_ONOCR },
	{ ONLRET, HURD_ONLRET }, { XTABS, HURD_OXTABS }, { 0, 0 },
}, control_bits[] = {
	{ CSTOPB, HURD_CSTOPB }, { CREAD, HURD_CREAD }, { PARENB, HURD_PARENB }, { PARODD, HURD_PARODD },
	{ HUPCL, HURD_HUPCL }, { CLOCAL, HURD_CLOCAL }, { 0, 0 },
}, local_bits[] = {
	{ ECHOKE, HURD_ECHOKE }, { ECHOE, HURD_ECHOE }, { ECHOK, HURD_ECHOK }, { ECHO, HURD_ECHO },
	{ ECHONL, HURD_ECHONL }, { ECHOCTL, HURD_ECHOCTL }, { ISIG, HURD_ISIG }, { ICANON, HURD_ICANON },
	{ IEXTEN, HURD_IEXTEN }, { TOSTOP, HURD_TOSTOP }, { NOFLSH, HURD_NOFLSH }, { 0, 0 },
};

static const struct { unsigned char musl, hurd; } characters[] = {
	{ VEOF, HURD_VEOF }, { VEOL, HURD_VEOL }, { VEOL2, HURD_VEOL2 }, { VERASE, HURD_VERASE },
	{ VWERASE, HURD_VWERASE }, { VKILL, HURD_VKILL }, { VREPRINT, HURD_VREPRINT }, { VINTR, HURD_VINTR },
	{ VQUIT, HURD_VQUIT }, { VSUSP, HURD_VSUSP }, { VSTART, HURD_VSTART }, { VSTOP, HURD_VSTOP },
	{ VLNEXT, HURD_VLNEXT }, { VDISCARD, HURD_VDISCARD }, { VMIN, HURD_VMIN }, { VTIME, HURD_VTIME },
};
enum { CHARACTERS = sizeof characters / sizeof *characters };

static const struct { unsigned musl; int rate; } speeds[] = {
	{ B0, 0 }, { B50, 50 }, { B75, 75 }, { B110, 110 }, { B134, 134 }, { B150, 150 }, { B200, 200 },
	{ B300, 300 }, { B600, 600 }, { B1200, 1200 }, { B1800, 1800 }, { B2400, 2400 }, { B4800, 4800 },
	{ B9600, 9600 }, { B19200, 19200 }, { B38400, 38400 }, { B57600, 57600 }, { B115200, 115200 },
};
enum { SPEEDS = sizeof speeds / sizeof *speeds };

static unsigned to_hurd(const struct bit_pair *pairs, unsigned musl)
{
	unsigned hurd = 0;

	for (; pairs->musl; pairs++)
		if ((musl & pairs->musl) == pairs->musl)
			hurd |= pairs->hurd;
	return hurd;
}

static unsigned to_musl(const struct bit_pair *pairs, unsigned hurd)
{
	unsigned musl = 0;

	for (; pairs->musl; pairs++)
		if (hurd & pairs->hurd)
			musl |= pairs->musl;
	return musl;
}

static unsigned speed_to_musl(int rate)
{
	for (int i = 0; i < SPEEDS; i++)
		if (speeds[i].rate == rate)
			return speeds[i].musl;
	return B38400;
}

static int speed_to_hurd(unsigned musl)
{
	for (int i = 0; i < SPEEDS; i++)
		if (speeds[i].musl == musl)
			return speeds[i].rate;
	return 38400;
}

/* CSIZE is a number of four values, in the same order in both. */
static void convert_to_musl(const struct hurd_termios *from, struct termios *to)
{
	memset(to, 0, sizeof *to);
	to->c_iflag = to_musl(input_bits, from->modes[HURD_IFLAG]);
	to->c_oflag = to_musl(output_bits, from->modes[HURD_OFLAG]);
	to->c_cflag = to_musl(control_bits, from->modes[HURD_CFLAG])
		| (from->modes[HURD_CFLAG] & HURD_CSIZE) / HURD_CS6 * CS6
		| (speed_to_musl(from->speeds[HURD_OSPEED]) & CBAUD);
	to->c_lflag = to_musl(local_bits, from->modes[HURD_LFLAG]);
	for (int i = 0; i < CHARACTERS; i++) {
		unsigned char c = from->characters[characters[i].hurd];

		to->c_cc[characters[i].musl] = c == 0xff ? 0 : c;	/* off */
	}
	to->__c_ispeed = speed_to_musl(from->speeds[HURD_ISPEED]);
	to->__c_ospeed = speed_to_musl(from->speeds[HURD_OSPEED]);
}

static void convert_to_hurd(const struct termios *from, struct hurd_termios *to)
{
	to->modes[HURD_IFLAG] = to_hurd(input_bits, from->c_iflag);
	to->modes[HURD_OFLAG] = to_hurd(output_bits, from->c_oflag);
	to->modes[HURD_CFLAG] = to_hurd(control_bits, from->c_cflag) | (from->c_cflag & CSIZE) / CS6 * HURD_CS6;
	to->modes[HURD_LFLAG] = to_hurd(local_bits, from->c_lflag);
	memset(to->characters, 0xff, sizeof to->characters);
	for (int i = 0; i < CHARACTERS; i++) {
		unsigned char c = from->c_cc[characters[i].musl];
		bool number = characters[i].musl == VMIN || characters[i].musl == VTIME;

		to->characters[characters[i].hurd] = c == 0 && !number ? 0xff : c;
	}
	to->speeds[HURD_ISPEED] = to->speeds[HURD_OSPEED] = speed_to_hurd(from->c_cflag & CBAUD);
}

static int set_modes(mach_port_t port, unsigned long request, struct hurd_termios *t)
{
	switch (request) {
	case TCSETS:
		return tioctl_tiocseta(port, t->modes, t->characters, t->speeds);
	case TCSETSW:
		return INTERRUPTIBLE(tioctl_tiocsetaw(port, t->modes, t->characters, t->speeds));
	default:
		return INTERRUPTIBLE(tioctl_tiocsetaf(port, t->modes, t->characters, t->speeds));
	}
}

/* tcgetattr and the Hurd's TIOCGETA; anything else is no terminal. */
static int terminal_error(int error)
{
	return error == MIG_BAD_ID || error == HURD_EOPNOTSUPP ? HURD_ENOTTY : error;
}

static int readable(mach_port_t port, int *count)
{
	vm_size_t amount = 0;
	int error = io_readable(port, &amount);

	*count = amount;
	return error;
}

static int control(mach_port_t port, unsigned long request, void *argument)
{
	struct hurd_termios t;
	struct termios musl;
	int value = (int)(long)argument, error;

	switch (request) {
	case TCGETS:
		error = tioctl_tiocgeta(port, t.modes, t.characters, t.speeds);
		if (error == 0) {
			convert_to_musl(&t, &musl);
			memcpy(argument, &musl, sizeof musl);
		}
		return error;
	case TCSETS: case TCSETSW: case TCSETSF:
		convert_to_hurd(argument, &t);
		return set_modes(port, request, &t);
	case TIOCGWINSZ:
		return tioctl_tiocgwinsz(port, argument);
	case TIOCSWINSZ:
		return tioctl_tiocswinsz(port, *(struct winsize *)argument);
	case TIOCGPGRP:
		return tioctl_tiocgpgrp(port, argument);
	case TIOCSPGRP:
		return tioctl_tiocspgrp(port, *(int *)argument);
	case TIOCGSID:
		*(int *)argument = sys_getsid(0);
		return 0;
	case TCSBRK:
		return value ? INTERRUPTIBLE(tioctl_tiocdrain(port)) : 0;
	case TCFLSH:	/* which of input (1), output (2) and both (0) */
		return tioctl_tiocflush(port, value == TCIFLUSH ? 1 : value == TCOFLUSH ? 2 : 0);
	case TCXONC:
		return value == TCOOFF ? tioctl_tiocstop(port) : value == TCOON ? tioctl_tiocstart(port) : 0;
	case TIOCSCTTY:	/* the terminal keeps a foreground group, which tcsetpgrp names */
		return 0;
	default:
		return HURD_ENOTTY;
	}
}

long sys_ioctl(int fd, unsigned request, void *argument)
{
	struct open_port *open_port;
	int error, bits;

	switch (request) {
	case FIOCLEX: return sys_fcntl(fd, F_SETFD, FD_CLOEXEC);
	case FIONCLEX: return sys_fcntl(fd, F_SETFD, 0);
	}
	open_port = fd_get(fd);
	if (!open_port)
		return -EBADF;
	switch (request) {
	case FIONREAD:
		error = readable(open_port->port, argument);
		break;
	case FIONBIO:
		bits = HURD_O_NONBLOCK;
		error = *(int *)argument ? io_set_some_openmodes(open_port->port, bits)
			: io_clear_some_openmodes(open_port->port, bits);
		break;
	default:
		error = terminal_error(control(open_port->port, request, argument));
	}
	open_port_put(open_port);
	return posix_error(error);
}
