/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signal thread: requests to the process's message port, exceptions of its
   threads, and the alarm clock. */
#define _GNU_SOURCE
#include "signals.h"
#include "process.h"
#include "files.h"
#include "prototypes.h"
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <mach/exception.h>
#include <mach/machine/thread_status.h>
#include <mach/task_special_ports.h>
#include <hurd/process.h>
#include "msg_server.h"
#include "exc_server.h"

boolean_t msg_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t exc_server(mach_msg_header_t *request, mach_msg_header_t *reply);

enum {
	SIGNAL_STACK_BYTES = 32768,
	MESSAGE_BYTES = 2048,
	WAKE_MESSAGE_ID = 23199,	/* only this process sends it: look at the clock again */
	ALARM_MAX_WAIT_MS = 3600000,
};

/* The calling thread may be any; the signal thread's wait is broken by a message. */
void signal_thread_wake(void)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.msgh_size = sizeof message,
		.msgh_remote_port = signal_state.message_port,
		.msgh_id = WAKE_MESSAGE_ID,
	};

	/* A full queue will make it look, too. */
	mach_msg(&message, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof message, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

/* ---- alarms */

static mach_msg_timeout_t alarm_wait_ms(void)
{
	long left_ms = (signal_state.alarm_ns - posix_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;

	return left_ms < 0 ? 0 : left_ms > ALARM_MAX_WAIT_MS ? ALARM_MAX_WAIT_MS : left_ms;
}

static void ring_alarm(void)
{
	bool due;

	posix_lock(&signal_state.lock);
	due = signal_state.alarm_ns && posix_monotonic_ns() >= signal_state.alarm_ns;
	if (due)
		signal_state.alarm_ns = signal_state.alarm_interval_ns
			? posix_monotonic_ns() + signal_state.alarm_interval_ns : 0;
	posix_unlock(&signal_state.lock);
	if (due)
		signal_post(SIGALRM);
}

static long timeval_ns(const struct timeval *t)
{
	return t->tv_sec * NS_PER_SECOND + t->tv_usec * 1000;
}

static struct timeval ns_timeval(long ns)
{
	return (struct timeval){ ns / NS_PER_SECOND, ns % NS_PER_SECOND / 1000 };
}

long sys_getitimer(int which, struct itimerval *value)
{
	long left;

	if (which != ITIMER_REAL)
		return -EINVAL;
	posix_lock(&signal_state.lock);
	left = signal_state.alarm_ns ? signal_state.alarm_ns - posix_monotonic_ns() : 0;
	value->it_value = ns_timeval(signal_state.alarm_ns && left < 1000 ? 1000 : left);
	value->it_interval = ns_timeval(signal_state.alarm_interval_ns);
	posix_unlock(&signal_state.lock);
	return 0;
}

long sys_setitimer(int which, const struct itimerval *new, struct itimerval *old)
{
	if (which != ITIMER_REAL)
		return -EINVAL;
	if (old)
		sys_getitimer(which, old);
	posix_lock(&signal_state.lock);
	signal_state.alarm_ns = timeval_ns(&new->it_value) ? posix_monotonic_ns() + timeval_ns(&new->it_value) : 0;
	signal_state.alarm_interval_ns = timeval_ns(&new->it_interval);
	posix_unlock(&signal_state.lock);
	signal_thread_wake();
	return 0;
}

long sys_alarm(unsigned seconds)
{
	struct itimerval new = { .it_value.tv_sec = seconds }, old;

	sys_setitimer(ITIMER_REAL, &new, &old);
	return old.it_value.tv_sec + !!old.it_value.tv_usec;
}

/* ---- msg.defs */

/* Our own task port may do everything; without it only what a session or a
   terminal may ask for. */
static bool is_permitted(int signal, mach_port_t reference)
{
	if (reference == mach_task_self())
		return true;
	return signal == SIGCONT || signal == SIGINT || signal == SIGQUIT || signal == SIGHUP || signal == SIGTSTP
		|| signal == SIGWINCH || signal == SIGIO || signal == SIGURG;
}

/* A parent that ignores SIGCHLD has its children forgotten for it. */
static void forget_children(void)
{
	rusage_t usage;
	int status, code, pid;

	while (posix_process.proc
	       && proc_wait(posix_process.proc, -1, HURD_WNOHANG, &status, &code, &usage, &pid) == 0)
		;
}

static void arrived(int signal)
{
	if (signal == SIGCHLD && signal_state.actions[SIGCHLD].handler == SIG_IGN)
		forget_children();
	if (signal == SIGCONT)
		signal_continue_process();
	if (signal)
		signal_post(signal);
}

kern_return_t posix_S_msg_sig_post(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int number,
			     natural_t code, mach_port_t reference)
{
	int signal = hurd_signal_to_musl(number);

	if (number != 0 && signal == 0)
		return HURD_EINVAL;
	if (!is_permitted(signal, reference))
		return HURD_EPERM;
	drop_port(reference);
	arrived(signal);
	return 0;
}

kern_return_t posix_S_msg_sig_post_untraced(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int number,
				      natural_t code, mach_port_t reference)
{
	return posix_S_msg_sig_post(port, reply, reply_type, number, code, reference);
}

kern_return_t posix_S_msg_proc_newids(mach_port_t port, mach_port_t task, pid_t parent, pid_t group, int orphaned)
{
	return HURD_EOPNOTSUPP;
}

kern_return_t posix_S_msg_get_init_port(mach_port_t port, mach_port_t reference, int which, mach_port_t *result,
				  mach_msg_type_name_t *type)
{
	if (reference != mach_task_self())
		return HURD_EPERM;
	switch (which) {
	case INIT_PORT_CWDIR: *result = current_directory(); break;
	case INIT_PORT_CRDIR: *result = root_directory(); break;
	default: return HURD_EINVAL;
	}
	*type = MACH_MSG_TYPE_MOVE_SEND;
	drop_port(reference);
	return 0;
}

kern_return_t posix_S_msg_get_fd(mach_port_t port, mach_port_t reference, int fd, mach_port_t *result, mach_msg_type_name_t *type)
{
	struct open_port *open_port = reference == mach_task_self() ? fd_get(fd) : NULL;

	if (!open_port)
		return reference == mach_task_self() ? HURD_EBADF : HURD_EPERM;
	refer_port(open_port->port);
	*result = open_port->port;
	*type = MACH_MSG_TYPE_MOVE_SEND;
	open_port_put(open_port);
	drop_port(reference);
	return 0;
}

/* ---- exceptions */

static int signal_of_exception(int exception, int code)
{
	switch (exception) {
	case EXC_BAD_ACCESS:
		return code == KERN_MEMORY_ERROR || code == KERN_MEMORY_FAILURE ? SIGBUS : SIGSEGV;
	case EXC_BAD_INSTRUCTION:
		return SIGILL;
	case EXC_ARITHMETIC:
		return SIGFPE;
	case EXC_BREAKPOINT:
		return SIGTRAP;
	default:
		return SIGILL;
	}
}

/* On the kernel's console, where it is seen whatever the program's output is. */
static void report_crash(mach_port_t thread, int signal, long address)
{
	struct i386_thread_state state = { 0 };
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	thread_get_state(thread, i386_REGS_SEGS_STATE, (thread_state_t)&state, &count);
	posix_debug("pid %ld (%s): %s at address 0x%lx, rip 0x%lx, rsp 0x%lx\n", sys_getpid(), program_invocation_name,
		    signal == SIGFPE ? "arithmetic fault" : signal == SIGILL ? "illegal instruction" : "memory fault", address,
		    (unsigned long)state.rip, (unsigned long)state.ursp);
}

/* The thread waits in the kernel; it goes on, with what signal_inject made of
   it, when this replies success. */
kern_return_t posix_S_exception_raise(mach_port_t port, mach_port_t thread, mach_port_t task, integer_t exception, integer_t code,
				long subcode)
{
	int signal = signal_of_exception(exception, code);
	struct posix_thread *target = signal_thread_of_port(thread);
	void (*handler)(int) = signal_state.actions[signal].handler;

	if (task != mach_task_self()) {		/* a child that has no exception port of its own yet */
		task_terminate(task);
		drop_port(thread);
		drop_port(task);
		return KERN_SUCCESS;
	}

	if (!target || handler == SIG_DFL || handler == SIG_IGN || target->in_system
	    || target->blocked_signals & SIGNAL_BIT(signal)) {
		report_crash(thread, signal, subcode);
		signal_die(signal);
	}
	__atomic_or_fetch(&target->pending_signals, SIGNAL_BIT(signal), __ATOMIC_SEQ_CST);
	signal_inject(target);
	drop_port(thread);
	drop_port(task);
	return KERN_SUCCESS;
}

/* ---- the loop */

static void serve_one(mach_msg_header_t *request, mig_reply_header_t *reply)
{
	if (request->msgh_id == WAKE_MESSAGE_ID) {
		mach_msg_destroy(request);
		return;
	}
	if (!msg_server(request, &reply->Head) && !exc_server(request, &reply->Head))
		mig_reply_setup(request, &reply->Head);
	if (reply->RetCode == MIG_NO_REPLY)
		return;
	if (reply->RetCode != KERN_SUCCESS && !(reply->Head.msgh_bits & MACH_MSGH_BITS_COMPLEX)) {
		request->msgh_remote_port = MACH_PORT_NULL;	/* the reply uses it */
		mach_msg_destroy(request);
	}
	if (!MACH_PORT_VALID(reply->Head.msgh_remote_port)
	    || mach_msg(&reply->Head, MACH_SEND_MSG | MACH_SEND_TIMEOUT, reply->Head.msgh_size, 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		mach_msg_destroy(&reply->Head);		/* with what it would carry to nobody */
}

static void serve(void *unused)
{
	static char request[MESSAGE_BYTES] __attribute__((aligned(16))), reply[MESSAGE_BYTES] __attribute__((aligned(16)));

	/* Now, and not when a signal first meets a thread in a call: what a program holds must not
	   depend on such chance, or nobody can tell a leak from it. */
	mig_get_reply_port();
	for (;;) {
		bool timed = signal_state.alarm_ns != 0;
		mach_msg_return_t result = mach_msg((mach_msg_header_t *)request,
						    MACH_RCV_MSG | (timed ? MACH_RCV_TIMEOUT : 0), 0, sizeof request,
						    signal_state.port_set, timed ? alarm_wait_ms() : 0, MACH_PORT_NULL);

		if (result == MACH_MSG_SUCCESS)
			serve_one((mach_msg_header_t *)request, (mig_reply_header_t *)reply);
		ring_alarm();
	}
}

static mach_port_t receive_right(void)
{
	mach_port_t port = MACH_PORT_NULL;

	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	mach_port_move_member(mach_task_self(), port, signal_state.port_set);
	return port;
}

/* Tells the process server where signals go, and drops what it knew before. */
void signal_thread_announce(void)
{
	mach_port_t old = MACH_PORT_NULL;

	if (!posix_process.proc)
		return;
	mach_port_insert_right(mach_task_self(), signal_state.message_port, signal_state.message_port, MACH_MSG_TYPE_MAKE_SEND);
	if (proc_setmsgport(posix_process.proc, signal_state.message_port, &old) == 0)
		drop_port(old);
	drop_port(signal_state.message_port);
}

static void take_exceptions(void)
{
	mach_port_insert_right(mach_task_self(), signal_state.exception_port, signal_state.exception_port,
			       MACH_MSG_TYPE_MAKE_SEND);
	task_set_special_port(mach_task_self(), TASK_EXCEPTION_PORT, signal_state.exception_port);
	drop_port(signal_state.exception_port);
}

void signal_thread_start(void)
{
	if (signal_state.thread != MACH_PORT_NULL) {	/* the first task starts again as a process */
		signal_thread_announce();
		return;
	}
	signal_only_thread(posix_self());
	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &signal_state.port_set) != KERN_SUCCESS)
		return;
	signal_state.message_port = receive_right();
	signal_state.exception_port = receive_right();
	if (posix_service_thread(serve, NULL, SIGNAL_STACK_BYTES, &signal_state.thread) != KERN_SUCCESS)
		return;
	take_exceptions();
	signal_thread_announce();
}
