/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls that node/posix serves: CALLn(name, argument types).
   Included by dispatch.c, with CALL0..CALL6 defined, as often as it needs. */

/* memory.c */
CALL6(mmap, void *, size_t, int, int, int, long)
CALL2(munmap, void *, size_t)
CALL3(mprotect, void *, size_t, int)
CALL5(mremap, void *, size_t, size_t, int, void *)
CALL3(madvise, void *, size_t, int)
CALL3(msync, void *, size_t, int)
CALL1(brk, void *)
CALL2(mlock, const void *, size_t)
CALL2(munlock, const void *, size_t)

/* clock.c */
CALL2(clock_gettime, int, struct timespec *)
CALL2(clock_getres, int, struct timespec *)
CALL2(clock_settime, int, const struct timespec *)
CALL4(clock_nanosleep, int, int, const struct timespec *, struct timespec *)
CALL2(nanosleep, const struct timespec *, struct timespec *)
CALL2(gettimeofday, struct timeval *, void *)
CALL1(times, struct tms *)
CALL2(getrusage, int, struct rusage *)

/* threads.c and futex.c */
CALL6(futex, volatile int *, int, int, const struct timespec *, volatile int *, int)
CALL1(set_tid_address, volatile int *)
CALL0(gettid)
CALL1(exit, int)
CALL0(sched_yield)
CALL2(set_robust_list, void *, size_t)
CALL3(sched_getaffinity, int, size_t, void *)

/* entropy.c */
CALL3(getrandom, void *, size_t, unsigned)

/* identity.c */
CALL1(uname, struct utsname *)
CALL1(sysinfo, struct sysinfo *)
CALL2(getrlimit, int, struct rlimit *)
CALL2(setrlimit, int, const struct rlimit *)
CALL4(prlimit64, int, int, const struct rlimit *, struct rlimit *)
CALL0(getuid)
CALL0(geteuid)
CALL0(getgid)
CALL0(getegid)
CALL2(getgroups, int, unsigned *)
CALL5(prctl, int, unsigned long, unsigned long, unsigned long, unsigned long)

/* files, processes, signals, sockets, poll */
#include "calls_files.h"
