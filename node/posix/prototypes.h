/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The prototypes of all calls, from calls.h. */
#ifndef POSIX_PROTOTYPES_H
#define POSIX_PROTOTYPES_H

#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

/* Types of which the calls take pointers only. */
struct itimerval;
struct kernel_sigaction;
struct mask_argument;
struct rlimit;
struct rusage;
struct stat;
struct statfs;
struct sysinfo;
struct timeval;
struct timespec;
struct tms;
struct utsname;

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

#endif
