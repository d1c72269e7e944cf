/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of system calls, made from calls.h. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include "files.h"
#include "signals.h"

unsigned long posix_unknown_calls;

/* For each call, the function that gives it its arguments ... */
#define CALL0(name) \
	static long call_##name(const long a[6]) { return sys_##name(); }
#define CALL1(name, A) \
	static long call_##name(const long a[6]) { return sys_##name((A)a[0]); }
#define CALL2(name, A, B) \
	static long call_##name(const long a[6]) { return sys_##name((A)a[0], (B)a[1]); }
#define CALL3(name, A, B, C) \
	static long call_##name(const long a[6]) { return sys_##name((A)a[0], (B)a[1], (C)a[2]); }
#define CALL4(name, A, B, C, D) \
	static long call_##name(const long a[6]) { return sys_##name((A)a[0], (B)a[1], (C)a[2], (D)a[3]); }
#define CALL5(name, A, B, C, D, E) \
	static long call_##name(const long a[6]) { return sys_##name((A)a[0], (B)a[1], (C)a[2], (D)a[3], (E)a[4]); }
#define CALL6(name, A, B, C, D, E, F) \
	static long call_##name(const long a[6]) \
	{ return sys_##name((A)a[0], (B)a[1], (C)a[2], (D)a[3], (E)a[4], (F)a[5]); }
#include "calls.h"
#undef CALL0
#undef CALL1
#undef CALL2
#undef CALL3
#undef CALL4
#undef CALL5
#undef CALL6

/* ... and the table. */
#define CALL0(name)	[SYS_##name] = call_##name,
#define CALL1(name, ...) [SYS_##name] = call_##name,
#define CALL2(name, ...) [SYS_##name] = call_##name,
#define CALL3(name, ...) [SYS_##name] = call_##name,
#define CALL4(name, ...) [SYS_##name] = call_##name,
#define CALL5(name, ...) [SYS_##name] = call_##name,
#define CALL6(name, ...) [SYS_##name] = call_##name,
static long (*const calls[])(const long a[6]) = {
#include "calls.h"
};

/* Signals that arrive meanwhile are taken at the end; a call that one interrupted
   is made again if all its handlers want that. */
long posix_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	struct posix_thread *self = posix_self();
	long result;

	if ((unsigned long)number >= sizeof calls / sizeof *calls || !calls[number]) {
		posix_unknown_calls++;
		return -ENOSYS;
	}
	do {
		self->in_system++;
		result = calls[number]((const long[6]){ a, b, c, d, e, f });
		self->in_system--;
	} while (self->in_system == 0 && posix_signals_deliverable() && signals_after_call(number, result));
	return result;
}
