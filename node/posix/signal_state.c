/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Actions, masks and waiting for signals. */
#define _GNU_SOURCE
#include "signals.h"
#include "process.h"
#include "prototypes.h"
#include <string.h>
#include <hurd/process.h>

struct signal_state signal_state;

static unsigned long deliverable(const struct posix_thread *self)
{
	unsigned long pending = __atomic_load_n(&self->pending_signals, __ATOMIC_SEQ_CST)
		| __atomic_load_n(&signal_state.pending, __ATOMIC_SEQ_CST);

	return pending & ~self->blocked_signals;
}

bool posix_signals_deliverable(void)
{
	return deliverable(posix_self()) != 0;
}

long sys_rt_sigaction(int signal, const struct kernel_sigaction *new, struct kernel_sigaction *old, size_t size)
{
	if (signal < 1 || signal > SIGNAL_MAX || size != sizeof(long))
		return -EINVAL;
	if (new && SIGNAL_BIT(signal) & SIGNALS_UNBLOCKABLE)
		return -EINVAL;
	posix_lock(&signal_state.lock);
	if (old)
		*old = signal_state.actions[signal];
	if (new)
		signal_state.actions[signal] = *new;
	posix_unlock(&signal_state.lock);
	if (new && signal == SIGCHLD && posix_process.proc)
		proc_mod_stopchild(posix_process.proc, !(new->flags & SA_NOCLDSTOP));
	return 0;
}

long sys_rt_sigprocmask(int how, const unsigned long *new, unsigned long *old, size_t size)
{
	struct posix_thread *self = posix_self();
	unsigned long before = self->blocked_signals;

	if (size != sizeof(long))
		return -EINVAL;
	if (new) {
		unsigned long mask = *new & ~SIGNALS_UNBLOCKABLE;

		switch (how) {
		case SIG_BLOCK: self->blocked_signals |= mask; break;
		case SIG_UNBLOCK: self->blocked_signals &= ~mask; break;
		case SIG_SETMASK: self->blocked_signals = mask; break;
		default: return -EINVAL;
		}
	}
	if (old)
		*old = before;
	return 0;
}

long sys_rt_sigpending(unsigned long *set, size_t size)
{
	if (size != sizeof(long))
		return -EINVAL;
	*set = (posix_self()->pending_signals | signal_state.pending) & posix_self()->blocked_signals;
	return 0;
}

/* Blocks until a signal is deliverable or TIMEOUT_MS (negative: never) is over. */
static void wait_for_signal(long timeout_ms)
{
	mach_msg_header_t nothing;
	mach_port_t nobody = mig_get_reply_port();	/* no request is under way: no reply can come */

	posix_interruptible_begin();
	if (!posix_signals_deliverable())
		mach_msg(&nothing, MACH_RCV_MSG | (timeout_ms < 0 ? 0 : MACH_RCV_TIMEOUT), 0, sizeof nothing, nobody,
			 timeout_ms < 0 ? 0 : timeout_ms, MACH_PORT_NULL);
	posix_interruptible_end();
}

long sys_pause(void)
{
	while (!posix_signals_deliverable())
		wait_for_signal(-1);
	return -EINTR;
}

/* The handlers run here, with the given mask in force. */
long sys_rt_sigsuspend(const unsigned long *mask, size_t size)
{
	struct posix_thread *self = posix_self();
	unsigned long before = self->blocked_signals;

	if (size != sizeof(long))
		return -EINVAL;
	self->blocked_signals = *mask & ~SIGNALS_UNBLOCKABLE;
	sys_pause();
	signals_take(NULL);
	self->blocked_signals = before;
	return -EINTR;
}

/* Takes one of SET without its handler; 0 if none is pending. */
static int accept_pending(unsigned long set)
{
	struct posix_thread *self = posix_self();
	unsigned long found;
	int signal = 0;

	posix_lock(&signal_state.lock);
	found = (self->pending_signals | signal_state.pending) & set;
	if (found) {
		signal = __builtin_ctzl(found) + 1;
		if (self->pending_signals & SIGNAL_BIT(signal))
			__atomic_and_fetch(&self->pending_signals, ~SIGNAL_BIT(signal), __ATOMIC_SEQ_CST);
		else
			__atomic_and_fetch(&signal_state.pending, ~SIGNAL_BIT(signal), __ATOMIC_SEQ_CST);
	}
	posix_unlock(&signal_state.lock);
	return signal;
}

long sys_rt_sigtimedwait(const unsigned long *set, siginfo_t *info, const struct timespec *timeout, size_t size)
{
	struct posix_thread *self = posix_self();
	unsigned long before = self->blocked_signals, wanted = *set & ~SIGNALS_UNBLOCKABLE;
	long end = timeout ? posix_monotonic_ns() + timeout->tv_sec * NS_PER_SECOND + timeout->tv_nsec : 0;
	int signal;

	while (!(signal = accept_pending(wanted))) {
		long left_ms = timeout ? (end - posix_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS : -1;

		if (timeout && left_ms <= 0)
			return -EAGAIN;
		self->blocked_signals = before & ~wanted;	/* so that one of them wakes us */
		wait_for_signal(left_ms);
		self->blocked_signals = before;
		if (posix_signals_deliverable())
			return -EINTR;
	}
	if (info) {
		memset(info, 0, sizeof *info);
		info->si_signo = signal;
		info->si_code = SI_USER;
	}
	return signal;
}

/* Handlers run on the stack that they find; another one is noted only. */
long sys_sigaltstack(const stack_t *new, stack_t *old)
{
	if (old)
		*old = (stack_t){ .ss_flags = SS_DISABLE };
	return 0;
}

/* What survives an exec: ignored signals and the calling thread's mask. */
unsigned long signals_ignored(void)
{
	unsigned long ignored = 0;

	for (int i = 1; i <= SIGNAL_MAX; i++)
		if (signal_state.actions[i].handler == SIG_IGN)
			ignored |= SIGNAL_BIT(i);
	return ignored;
}

void signals_ignore(unsigned long set)
{
	for (int i = 1; i <= SIGNAL_MAX; i++)
		if (set & SIGNAL_BIT(i))
			signal_state.actions[i].handler = SIG_IGN;
}
