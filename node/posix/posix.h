/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of node/posix: the POSIX system calls that musl makes, on Mach.

   Dispatch.  Every call is one function `long sys_NAME(...)` with its natural
   arguments; it returns a result or -errno (musl's numbers) and never touches
   errno itself.  calls.h lists them, one line each: from that list come the
   prototypes and the table.  What is not listed returns -ENOSYS.  To add a
   call: write the function in the file of its subject, add its line (and, for a
   struct that calls.h has not named before, a forward declaration in prototypes.h).

   Which file has what:
     dispatch.c   the table              start.c      from the first instruction to main
     memory.c     mmap and the like      entropy.c    random numbers
     shared.c     what of it is shared
     clock*.c     time and sleeping      interrupt.c  blocking calls that return -EINTR
     futex.c      futexes on gsync       identity.c   uname, sysinfo, limits, user ids
     threads.c    clone, exit, join
   files, processes, signals, sockets and poll: see the headers of those files. */
#ifndef POSIX_H
#define POSIX_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <mach.h>
#include "posix_thread.h"
#include "prototypes.h"

#define POSIX_PAGE_SIZE 4096ul
#define POSIX_PAGE_ROUND(n) (((n) + POSIX_PAGE_SIZE - 1) & -POSIX_PAGE_SIZE)
#define NS_PER_SECOND 1000000000l
#define NS_PER_MS 1000000l

/* ---- dispatch.c */
long posix_syscall(long number, long a, long b, long c, long d, long e, long f);
/* A Mach, MIG or Hurd error code as -errno; 0 for success. */
long posix_error(kern_return_t code);
/* How many calls were made that nobody serves, for tests. */
extern unsigned long posix_unknown_calls;

/* ---- start.c */
/* The first task of a node gets these from the kernel's boot script; else null. */
extern mach_port_t posix_boot_host_priv, posix_boot_device_master;
/* What the program was started with, exec_startup's arrays.  Null and 0 in the
   first task.  The memory stays mapped; the owner of the rights is the caller
   of posix_files_start and its like. */
struct posix_startup {
	mach_port_t *fds;	unsigned fd_count;	/* the descriptor table */
	mach_port_t *ports;	unsigned port_count;	/* INIT_PORT_* */
	int *ints;		unsigned int_count;	/* INIT_* */
};
extern struct posix_startup posix_startup;
/* The arguments, where they lie. */
extern char **posix_argv;
/* Called before main, in this order, when libc works; each is weak and may be
   missing.  Files, then processes and signals. */
void posix_files_start(const struct posix_startup *) __attribute__((__weak__));
void posix_process_start(const struct posix_startup *) __attribute__((__weak__));
/* On the kernel's console, for those who have no other output. */
void posix_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- threads.c */
/* Gives THREAD, newly made in TASK and not running, a stack, a place to start
   and its thread pointer.  ARG1 and ARG2 arrive as the function's arguments. */
kern_return_t posix_thread_setup(mach_port_t thread, void *function, void *stack_top, const void *thread_pointer,
				 long arg1, long arg2);
/* In the child of a fork, on its only thread, before anything else: forgets
   what was not inherited (reply port, interruption, clocks, entropy).  The names
   of the task and of this thread stay what they were in the parent. */
void posix_thread_after_fork(void);
/* A thread of the system's own (for signals, say), unknown to musl: it never
   ends, blocks all signals and must not call malloc or anything that takes a
   lock that it could hold during a fork.  STACK_SIZE in bytes, pages. */
kern_return_t posix_service_thread(void (*function)(void *), void *argument, size_t stack_size, mach_port_t *thread);

/* ---- signal_post.c.  The threads that signals may be given to; with musl's
   list of threads locked, as it is when pthread_create clones and a thread exits. */
void signal_thread_begins(struct posix_thread *thread);
void signal_thread_ends(struct posix_thread *thread);
/* At the start and after a fork. */
void signal_only_thread(struct posix_thread *thread);

/* ---- interrupt.c */
/* Around a call that may be interrupted:

	posix_interruptible_begin();
	if (posix_interrupted()) result = -EINTR; else result = the RPC;
	posix_interruptible_end();

   An RPC that was interrupted ends with MACH_SEND_INTERRUPTED or
   MACH_RCV_INTERRUPTED (posix_error: -EINTR), and its reply is lost. */
void posix_interruptible_begin(void);
bool posix_interrupted(void);
void posix_interruptible_end(void);
/* Makes TARGET's present interruptible call, or its next, return -EINTR.  The
   caller makes sure that TARGET does not end meanwhile. */
void posix_interrupt(struct posix_thread *target);

/* Has the calling thread a signal to take?  (signal_state.c) */
bool posix_signals_deliverable(void);

/* ---- clock_page.c */
#define POSIX_TICK_NS 10000000l		/* the kernel's clock steps so far at once */
/* Nanoseconds since boot; never goes back within a process. */
long posix_monotonic_ns(void);
long posix_realtime_ns(void);
void posix_clock_after_fork(void);
/* ---- clock.c */
/* Waits until posix_monotonic_ns() >= UNTIL_NS; 0 or -EINTR. */
long posix_sleep_until(long until_ns);

/* ---- memory.c */
/* (io.c) Memory objects of the file FD, with the reference for the caller: *RD for
   reading and, when it may be written, *WR.  If FILE is not NULL, *FILE becomes a
   further right to the file itself. */
long posix_file_map(int fd, mach_port_t *rd, mach_port_t *wr, mach_port_t *file);
/* (io.c) Reads SIZE bytes at OFFSET of FD to BUFFER, fewer at the end of the file. */
long posix_file_read_at(int fd, void *buffer, size_t size, long offset);

/* ---- entropy.c */
void posix_random(void *buffer, size_t size);
void posix_entropy_after_fork(void);

#endif
