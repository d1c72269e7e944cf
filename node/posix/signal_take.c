/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking signals: which one, with what mask, and its handler. */
#define _GNU_SOURCE
#include "signals.h"
#include "process.h"
#include "prototypes.h"
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <mach/machine/thread_status.h>

struct taken {
	int signal;
	struct kernel_sigaction action;
	unsigned long mask_before;
	siginfo_t info;
};

static bool is_ignored(int signal, const struct kernel_sigaction *action)
{
	if (action->handler == SIG_IGN)
		return true;
	return action->handler == SIG_DFL
		&& (signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT);
}

/* Chooses the next deliverable signal, removes it and sets the handler's mask. */
static bool take_one(struct taken *taken)
{
	struct posix_thread *self = posix_self();
	unsigned long found;

	posix_lock(&signal_state.lock);
	found = (self->pending_signals | signal_state.pending) & ~self->blocked_signals;
	if (found) {
		int signal = __builtin_ctzl(found) + 1;
		struct kernel_sigaction *action = &signal_state.actions[signal];

		if (self->pending_signals & SIGNAL_BIT(signal))
			__atomic_and_fetch(&self->pending_signals, ~SIGNAL_BIT(signal), __ATOMIC_SEQ_CST);
		else
			__atomic_and_fetch(&signal_state.pending, ~SIGNAL_BIT(signal), __ATOMIC_SEQ_CST);
		*taken = (struct taken){ signal, *action, self->blocked_signals };
		taken->info.si_signo = signal;
		taken->info.si_code = SI_USER;
		if (action->handler != SIG_DFL && action->handler != SIG_IGN) {
			self->blocked_signals |= action->mask & ~SIGNALS_UNBLOCKABLE;
			if (!(action->flags & SA_NODEFER))
				self->blocked_signals |= SIGNAL_BIT(signal);
			if (action->flags & SA_RESETHAND)
				action->handler = SIG_DFL;
		}
	}
	posix_unlock(&signal_state.lock);
	return found != 0;
}

static const int register_places[][2] = {
#define PLACE(reg, name) { reg, offsetof(struct i386_thread_state, name) }
	PLACE(REG_R8, r8), PLACE(REG_R9, r9), PLACE(REG_R10, r10), PLACE(REG_R11, r11), PLACE(REG_R12, r12),
	PLACE(REG_R13, r13), PLACE(REG_R14, r14), PLACE(REG_R15, r15), PLACE(REG_RDI, rdi), PLACE(REG_RSI, rsi),
	PLACE(REG_RBP, rbp), PLACE(REG_RBX, rbx), PLACE(REG_RDX, rdx), PLACE(REG_RAX, rax), PLACE(REG_RCX, rcx),
	PLACE(REG_RSP, ursp), PLACE(REG_RIP, rip), PLACE(REG_EFL, rfl),
#undef PLACE
};
enum { REGISTER_PLACES = sizeof register_places / sizeof *register_places };

static void fill_context(ucontext_t *context, unsigned long mask, const struct i386_thread_state *registers)
{
	memset(context, 0, sizeof *context);
	memcpy(&context->uc_sigmask, &mask, sizeof mask);
	for (int i = 0; registers && i < REGISTER_PLACES; i++)
		memcpy(&context->uc_mcontext.gregs[register_places[i][0]],
		       (const char *)registers + register_places[i][1], sizeof(long));
}

/* A handler may change where its thread goes on, and with what mask. */
static void use_context(const ucontext_t *context, struct i386_thread_state *registers)
{
	unsigned long mask;

	memcpy(&mask, &context->uc_sigmask, sizeof mask);
	posix_self()->blocked_signals = mask & ~SIGNALS_UNBLOCKABLE;
	for (int i = 0; registers && i < REGISTER_PLACES; i++)
		memcpy((char *)registers + register_places[i][1],
		       &context->uc_mcontext.gregs[register_places[i][0]], sizeof(long));
}

/* User code: it may make calls, be interrupted again, or leave by longjmp; so
   for its time the thread is in no call. */
static void run_handler(struct taken *taken, struct i386_thread_state *registers)
{
	struct posix_thread *self = posix_self();
	int in_system = self->in_system;
	ucontext_t context;

	fill_context(&context, taken->mask_before, registers);
	self->in_system = 0;
	/* One that wants only the number finds it as the first of three. */
	((void (*)(int, siginfo_t *, void *))(void *)taken->action.handler)(taken->signal, &taken->info, &context);
	self->in_system = in_system;
	use_context(&context, registers);
}

static void default_action(int signal)
{
	if (SIGNAL_BIT(signal) & SIGNALS_STOPPING)
		process_signal_self(signal);	/* only the signal thread can stop all others */
	else
		signal_die(signal);
}

bool signals_take(struct i386_thread_state *registers)
{
	struct taken taken;
	bool restart = true;

	while (take_one(&taken)) {
		if (is_ignored(taken.signal, &taken.action))
			continue;
		if (taken.action.handler == SIG_DFL) {
			default_action(taken.signal);
			continue;
		}
		if (!(taken.action.flags & SA_RESTART) || taken.signal == SIGNAL_CANCEL)
			restart = false;
		run_handler(&taken, registers);
	}
	return restart;
}

/* Calls that end with EINTR whatever the handler's flags. */
static bool never_restarts(long number)
{
	switch (number) {
	case SYS_poll: case SYS_ppoll: case SYS_select: case SYS_pselect6: case SYS_nanosleep:
	case SYS_clock_nanosleep: case SYS_pause: case SYS_rt_sigsuspend: case SYS_rt_sigtimedwait:
	case SYS_close:
		return true;
	default:
		return false;
	}
}

/* Calls that may end with EINTR: they wait for others, or POSIX says so.  No program expects it of a
   look at a file, or of a signal that it sends. */
static bool may_end_early(long number)
{
	switch (number) {
	case SYS_read: case SYS_readv: case SYS_pread64: case SYS_preadv: case SYS_write: case SYS_writev:
	case SYS_pwrite64: case SYS_pwritev: case SYS_open: case SYS_openat: case SYS_creat: case SYS_wait4:
	case SYS_waitid: case SYS_accept: case SYS_accept4: case SYS_connect: case SYS_sendto: case SYS_sendmsg:
	case SYS_sendmmsg: case SYS_recvfrom: case SYS_recvmsg: case SYS_recvmmsg: case SYS_fcntl: case SYS_flock:
	case SYS_fsync: case SYS_fdatasync: case SYS_ftruncate: case SYS_ioctl: case SYS_futex:
		return true;
	default:
		return never_restarts(number);
	}
}

bool signals_after_call(long number, long result)
{
	bool restart = signals_take(NULL);

	return result == -EINTR && (restart ? !never_restarts(number) : !may_end_early(number));
}
