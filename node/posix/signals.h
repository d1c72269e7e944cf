/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals inside of node/posix.  Numbers and masks are musl's: bit N-1 is signal N.

   A signal is posted (by another process through the signal thread, or by a
   thread of this one) and taken.  Posting decides at once about default actions
   that end or stop the process.  A handler runs on the thread that takes the
   signal: when its running call ends, or right where it computes.

   Locks, in this order: musl's thread list (which keeps threads from ending),
   then signal_state.lock. */
#ifndef POSIX_SIGNALS_H
#define POSIX_SIGNALS_H

#include <signal.h>
#include "posix.h"
#include "lock.h"
#include <hurd_abi.h>

enum { SIGNAL_MAX = 64, SIGNAL_CANCEL = 33 /* musl's own, for pthread_cancel */ };
#define SIGNAL_BIT(n) (1ul << ((n) - 1))
#define SIGNALS_UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define SIGNALS_STOPPING (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))

/* As musl hands it to rt_sigaction. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

struct signal_state {
	posix_lock_t lock;
	struct kernel_sigaction actions[SIGNAL_MAX + 1];
	unsigned long pending;		/* for the process */
	bool stopped;
	mach_port_t port_set;		/* what the signal thread receives from */
	mach_port_t message_port;	/* msg_sig_post comes here */
	mach_port_t exception_port;
	mach_port_t thread;		/* the signal thread */
	/* ITIMER_REAL: posix_monotonic_ns() of the next alarm, 0 for none. */
	long alarm_ns, alarm_interval_ns;
};
extern struct signal_state signal_state;

/* ---- signal_post.c */
/* For the process, from anywhere.  May not return. */
void signal_post(int signal);
/* For one thread of this process.  FALSE: there is none of that id. */
bool signal_post_thread(int tid, int signal);
/* For the calling thread; it is taken when the running call ends. */
void signal_raise_self(int signal);
/* The thread of this process whose kernel port that is, or NULL. */
struct posix_thread *signal_thread_of_port(mach_port_t thread);
/* Ends the process as killed by SIGNAL. */
void signal_die(int signal) __attribute__((noreturn));
/* Stops or continues all threads but the signal thread, which is the caller. */
void signal_stop_process(int signal);
void signal_continue_process(void);

/* ---- signal_take.c */
/* Runs what is deliverable to the calling thread.  REGISTERS are those that it
   was interrupted with, or NULL at the end of a call.  TRUE if every handler that
   ran wants interrupted calls restarted. */
struct i386_thread_state;
bool signals_take(struct i386_thread_state *registers);
/* At the end of system call NUMBER with RESULT: takes signals; TRUE if the call
   shall be made again. */
bool signals_after_call(long number, long result);

/* ---- signal_async.c */
/* Makes THREAD (suspended, computing, with a deliverable signal) take signals
   before it goes on. */
void signal_inject(struct posix_thread *thread);

/* ---- signal_thread.c */
/* Starts the signal thread (once for a task) and tells the process server. */
void signal_thread_start(void);
/* Makes it look at the alarm again. */
void signal_thread_wake(void);

#endif
