/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of system calls, made from calls.h. */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include "posix.h"

unsigned long posix_unknown_calls;

/* First the prototypes ... */
#define CALL0(name)			long sys_##name(void);
#define CALL1(name, A)			long sys_##name(A);
#define CALL2(name, A, B)		long sys_##name(A, B);
#define CALL3(name, A, B, C)		long sys_##name(A, B, C);
#define CALL4(name, A, B, C, D)		long sys_##name(A, B, C, D);
#define CALL5(name, A, B, C, D, E)	long sys_##name(A, B, C, D, E);
#define CALL6(name, A, B, C, D, E, F)	long sys_##name(A, B, C, D, E, F);
#include "calls.h"
#undef CALL0
#undef CALL1
#undef CALL2
#undef CALL3
#undef CALL4
#undef CALL5
#undef CALL6

/* ... then, for each, the function that gives it its arguments ... */
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

long posix_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if ((unsigned long)number >= sizeof calls / sizeof *calls || !calls[number]) {
		posix_unknown_calls++;
		return -ENOSYS;
	}
	return calls[number]((const long[6]){ a, b, c, d, e, f });
}
