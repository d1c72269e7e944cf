/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls on files, processes, signals and sockets; see calls.h. */

/* fd.c, fcntl.c */
CALL1(close, int)
CALL1(dup, int)
CALL2(dup2, int, int)
CALL3(dup3, int, int, int)
CALL3(fcntl, int, int, long)
CALL2(flock, int, int)

/* lookup.c */
CALL1(umask, int)

/* io.c */
CALL3(open, const char *, int, unsigned)
CALL4(openat, int, const char *, int, unsigned)
CALL2(creat, const char *, unsigned)
CALL3(read, int, void *, size_t)
CALL3(write, int, const void *, size_t)
CALL4(pread64, int, void *, size_t, long)
CALL4(pwrite64, int, const void *, size_t, long)
CALL3(readv, int, const struct iovec *, int)
CALL3(writev, int, const struct iovec *, int)
CALL4(preadv, int, const struct iovec *, int, long)
CALL4(pwritev, int, const struct iovec *, int, long)
CALL3(lseek, int, long, int)
CALL2(truncate, const char *, long)
CALL2(ftruncate, int, long)
CALL1(fsync, int)
CALL1(fdatasync, int)
CALL0(sync)

/* stat.c */
CALL2(stat, const char *, struct stat *)
CALL2(lstat, const char *, struct stat *)
CALL2(fstat, int, struct stat *)
CALL4(newfstatat, int, const char *, struct stat *, int)
CALL2(statfs, const char *, struct statfs *)
CALL2(fstatfs, int, struct statfs *)
CALL2(access, const char *, int)
CALL3(faccessat, int, const char *, int)
CALL4(faccessat2, int, const char *, int, int)

/* attributes.c */
CALL2(chmod, const char *, unsigned)
CALL2(fchmod, int, unsigned)
CALL3(fchmodat, int, const char *, unsigned)
CALL3(chown, const char *, unsigned, unsigned)
CALL3(lchown, const char *, unsigned, unsigned)
CALL3(fchown, int, unsigned, unsigned)
CALL5(fchownat, int, const char *, unsigned, unsigned, int)
CALL4(utimensat, int, const char *, const struct timespec *, int)

/* names.c */
CALL2(mkdir, const char *, unsigned)
CALL3(mkdirat, int, const char *, unsigned)
CALL1(rmdir, const char *)
CALL1(unlink, const char *)
CALL3(unlinkat, int, const char *, int)
CALL2(rename, const char *, const char *)
CALL4(renameat, int, const char *, int, const char *)
CALL5(renameat2, int, const char *, int, const char *, unsigned)
CALL2(link, const char *, const char *)
CALL5(linkat, int, const char *, int, const char *, int)
CALL2(symlink, const char *, const char *)
CALL3(symlinkat, const char *, int, const char *)
CALL3(readlink, const char *, char *, size_t)
CALL4(readlinkat, int, const char *, char *, size_t)
CALL3(mknod, const char *, unsigned, unsigned long)
CALL4(mknodat, int, const char *, unsigned, unsigned long)

/* directory.c */
CALL3(getdents64, int, void *, size_t)
CALL1(chdir, const char *)
CALL1(fchdir, int)
CALL1(chroot, const char *)
CALL2(getcwd, char *, size_t)

/* terminal.c */
CALL3(ioctl, int, unsigned, void *)

/* process.c, fork.c, exec.c */
CALL1(exit_group, int)
CALL0(getpid)
CALL0(getppid)
CALL1(getpgid, int)
CALL0(getpgrp)
CALL2(setpgid, int, int)
CALL1(getsid, int)
CALL0(setsid)
CALL4(wait4, int, int *, int, struct rusage *)
CALL5(waitid, int, int, siginfo_t *, int, struct rusage *)
CALL0(fork)
CALL0(vfork)
CALL3(execve, const char *, char *const *, char *const *)

/* signal_state.c, signal_thread.c, kill.c */
CALL4(rt_sigaction, int, const struct kernel_sigaction *, struct kernel_sigaction *, size_t)
CALL4(rt_sigprocmask, int, const unsigned long *, unsigned long *, size_t)
CALL2(rt_sigpending, unsigned long *, size_t)
CALL2(rt_sigsuspend, const unsigned long *, size_t)
CALL4(rt_sigtimedwait, const unsigned long *, siginfo_t *, const struct timespec *, size_t)
CALL2(sigaltstack, const stack_t *, stack_t *)
CALL0(pause)
CALL2(kill, int, int)
CALL2(tkill, int, int)
CALL3(tgkill, int, int, int)
CALL2(getitimer, int, struct itimerval *)
CALL3(setitimer, int, const struct itimerval *, struct itimerval *)
CALL1(alarm, unsigned)
