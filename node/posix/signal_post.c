/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Posting signals: who is to take one, and what happens at once. */
#define _GNU_SOURCE
#include "signals.h"
#include "process.h"
#include "prototypes.h"
#include "pthread_impl.h"
#include <hurd/process.h>
#include <mach/mach4.h>

/* The process's threads but for the signal thread, under musl's lock of its list
   of threads, which is held wherever one begins or ends. */
static struct posix_thread *threads;

void signal_thread_begins(struct posix_thread *thread)
{
	thread->next = threads;
	threads = thread;
}

void signal_thread_ends(struct posix_thread *thread)
{
	struct posix_thread **link = &threads;

	while (*link && *link != thread)
		link = &(*link)->next;
	if (*link)
		*link = thread->next;
}

void signal_only_thread(struct posix_thread *thread)
{
	threads = NULL;
	signal_thread_begins(thread);
}

void signal_die(int signal)
{
	int status = hurd_signal(signal);

	if (posix_process.proc)
		proc_mark_exit(posix_process.proc, status ? status : HURD_SIGKILL, 0);
	for (;;)
		task_terminate(mach_task_self());
}

enum verdict { VERDICT_IGNORE, VERDICT_HANDLE, VERDICT_DIE, VERDICT_STOP };

static enum verdict judge(int signal)
{
	const struct kernel_sigaction *action = &signal_state.actions[signal];

	if (signal == SIGKILL)
		return VERDICT_DIE;
	if (signal == SIGSTOP)
		return VERDICT_STOP;
	if (action->handler == SIG_IGN)
		return VERDICT_IGNORE;
	if (action->handler != SIG_DFL)
		return VERDICT_HANDLE;
	if (signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT)
		return VERDICT_IGNORE;
	return SIGNAL_BIT(signal) & SIGNALS_STOPPING ? VERDICT_STOP : VERDICT_DIE;
}

/* A thread in the middle of computing takes it where it is; one in a blocking
   call is brought back from that; any other looks by itself when its call ends. */
static void kick(struct posix_thread *thread)
{
	if (thread == posix_self())
		return;
	if (__atomic_load_n(&thread->interruptible, __ATOMIC_SEQ_CST)) {
		posix_interrupt(thread);
		return;
	}
	if (__atomic_load_n(&thread->in_system, __ATOMIC_SEQ_CST))
		return;
	if (thread_suspend(thread->thread) != KERN_SUCCESS)
		return;
	if (!__atomic_load_n(&thread->in_system, __ATOMIC_SEQ_CST))
		signal_inject(thread);
	thread_resume(thread->thread);
}

/* One that does not block SIGNAL: the caller if it can be, else any. */
static struct posix_thread *find_taker(int signal)
{
	struct posix_thread *self = posix_self();

	if (!(self->blocked_signals & SIGNAL_BIT(signal)))
		return self;
	for (struct posix_thread *at = threads; at; at = at->next)
		if (!(at->blocked_signals & SIGNAL_BIT(signal)))
			return at;
	return NULL;
}

/* With the list of threads locked. */
static void post_locked(int signal, struct posix_thread *target)
{
	struct posix_thread *taker = target;
	enum verdict verdict;

	posix_lock(&signal_state.lock);
	verdict = judge(signal);
	if (!taker)
		taker = find_taker(signal);
	else if (taker->blocked_signals & SIGNAL_BIT(signal))
		taker = NULL;
	if (taker || SIGNAL_BIT(signal) & SIGNALS_UNBLOCKABLE) {
		if (verdict == VERDICT_DIE)
			signal_die(signal);
		if (verdict == VERDICT_IGNORE) {
			posix_unlock(&signal_state.lock);
			return;
		}
		if (verdict == VERDICT_STOP && posix_self()->thread == signal_state.thread) {
			posix_unlock(&signal_state.lock);
			signal_stop_process(signal);
			return;
		}
	}
	__atomic_or_fetch(target ? &target->pending_signals : &signal_state.pending, SIGNAL_BIT(signal), __ATOMIC_SEQ_CST);
	posix_unlock(&signal_state.lock);
	if (taker)
		kick(taker);
}

void signal_post(int signal)
{
	__tl_lock();
	post_locked(signal, NULL);
	__tl_unlock();
}

struct posix_thread *signal_thread_of_port(mach_port_t thread)
{
	struct posix_thread *at = threads;

	while (at && at->thread != thread)
		at = at->next;
	return at;
}

bool signal_post_thread(int tid, int signal)
{
	struct posix_thread *target;

	__tl_lock();
	target = signal_thread_of_port(tid);
	if (target && signal)
		post_locked(signal, target);
	__tl_unlock();
	return target != NULL;
}

void signal_raise_self(int signal)
{
	__atomic_or_fetch(&posix_self()->pending_signals, SIGNAL_BIT(signal), __ATOMIC_SEQ_CST);
}

/* ---- stopping: by the signal thread, while nobody holds a lock that it needs */

static void each_other_thread(kern_return_t (*action)(mach_port_t))
{
	thread_array_t threads = NULL;
	mach_msg_type_number_t count = 0;

	if (task_threads(mach_task_self(), &threads, &count) != KERN_SUCCESS)
		return;
	for (mach_msg_type_number_t i = 0; i < count; i++) {
		if (threads[i] != signal_state.thread)
			action(threads[i]);
		mach_port_deallocate(mach_task_self(), threads[i]);
	}
	vm_deallocate(mach_task_self(), (vm_address_t)threads, count * sizeof *threads);
}

void signal_stop_process(int signal)
{
	__tl_lock();
	posix_lock(&signal_state.lock);
	if (!signal_state.stopped)
		each_other_thread(thread_suspend);
	signal_state.stopped = true;
	__atomic_and_fetch(&signal_state.pending, ~SIGNAL_BIT(SIGCONT), __ATOMIC_SEQ_CST);
	posix_unlock(&signal_state.lock);
	__tl_unlock();
	if (posix_process.proc)
		proc_mark_stop(posix_process.proc, hurd_signal(signal), 0);
}

void signal_continue_process(void)
{
	posix_lock(&signal_state.lock);
	__atomic_and_fetch(&signal_state.pending, ~SIGNALS_STOPPING, __ATOMIC_SEQ_CST);
	if (signal_state.stopped) {
		if (posix_process.proc)
			proc_mark_cont(posix_process.proc);
		each_other_thread(thread_resume);
	}
	signal_state.stopped = false;
	posix_unlock(&signal_state.lock);
}
