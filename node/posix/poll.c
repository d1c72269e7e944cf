/* SPDX-License-Identifier: GPL-2.0-or-later */
/* poll and select: every server is asked by io_select_timeout.

   One descriptor: one request that the server itself answers at the timeout.
   Several: a request to each, with a reply port for each in one port set, and a
   wait for the first reply.  The reply ports are destroyed at the end; a late
   reply then finds a dead port, and a server drops what it kept for one. */
#define _GNU_SOURCE
#include "files.h"
#include "prototypes.h"
#include "signals.h"
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <hurd/io.h>
#include <hurd/io_request.h>

enum {
	ANSWER_SPARE_MS = 2000,		/* for a reply to arrive after the time was over */
	SELECT_REPLY_ID = 21112,
	SELECT_TIMEOUT_REPLY_ID = 21131,
	POLL_AT_ONCE_MAX = FD_MAX,
};
#define FOREVER (-1l)

struct waited {
	struct open_port *open_port;
	int types;			/* wanted; 0: nothing to ask */
	mach_port_t reply;
};

/* An endless wait still names a time; no server keeps a request for longer. */
#define FOREVER_SECONDS (3600l * 24 * 365)

static struct timespec deadline(long timeout_ns)
{
	long now = posix_realtime_ns();
	long until = timeout_ns == FOREVER ? now + FOREVER_SECONDS * NS_PER_SECOND : timeout_ns == 0 ? 0 : now + timeout_ns;

	return (struct timespec){ until / NS_PER_SECOND, until % NS_PER_SECOND };
}

static int wanted_types(short events)
{
	return (events & (POLLIN | POLLRDNORM) ? SELECT_READ : 0)
		| (events & (POLLOUT | POLLWRNORM) ? SELECT_WRITE : 0) | (events & POLLPRI ? SELECT_URG : 0);
}

static short found_events(int types, short wanted)
{
	short events = (types & SELECT_READ ? POLLIN | POLLRDNORM : 0)
		| (types & SELECT_WRITE ? POLLOUT | POLLWRNORM : 0) | (types & SELECT_URG ? POLLPRI : 0);

	return events & wanted;
}

/* What is no stream is always ready; what is gone shows when it is used. */
static short events_of(int error, int types, short wanted)
{
	if (error == 0)
		return found_events(types, wanted);
	if (error == HURD_EOPNOTSUPP || error == MIG_BAD_ID)
		return found_events(SELECT_READ | SELECT_WRITE, wanted);
	return POLLERR;
}

/* Looks once, or lets the only server wait. */
static int ask_one(struct waited *waited, struct pollfd *fd, long timeout_ns)
{
	int types = waited->types;
	int error = INTERRUPTIBLE(io_select_timeout(waited->open_port->port, mig_get_reply_port(), deadline(timeout_ns), &types));

	if (error == HURD_EINTR)
		return -EINTR;
	fd->revents = events_of(error, types, fd->events);
	return fd->revents != 0;
}

/* ---- several at once */

struct select_reply {
	mig_reply_header_t head;
	mach_msg_type_t type;
	int types;
	char room[64];			/* for a trailer or an error reply of another shape */
};

static bool ask(struct waited *waited, mach_port_t set, struct timespec until)
{
	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &waited->reply) != KERN_SUCCESS) {
		waited->reply = MACH_PORT_NULL;
		return false;
	}
	return mach_port_move_member(mach_task_self(), waited->reply, set) == KERN_SUCCESS
		&& io_select_timeout_request(waited->open_port->port, waited->reply, MACH_MSG_TYPE_MAKE_SEND, until,
					     waited->types) == KERN_SUCCESS;
}

static void forget(struct waited *waited, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (waited[i].reply != MACH_PORT_NULL)
			mach_port_mod_refs(mach_task_self(), waited[i].reply, MACH_PORT_RIGHT_RECEIVE, -1);
}

/* Is what it says there?  Who failed says no more than that. */
static bool is_select_reply(const struct select_reply *reply)
{
	mach_msg_size_t size = reply->head.Head.msgh_size;

	if (reply->head.Head.msgh_id != SELECT_REPLY_ID && reply->head.Head.msgh_id != SELECT_TIMEOUT_REPLY_ID)
		return false;
	return size >= sizeof reply->head && (reply->head.RetCode != 0 || size >= offsetof(struct select_reply, room));
}

/* Receives one reply and notes what it says; an IPC error code when none came. */
static mach_msg_return_t receive(mach_port_t set, struct waited *waited, struct pollfd *fds, unsigned count,
				 mach_msg_option_t option, mach_msg_timeout_t timeout_ms)
{
	struct select_reply reply;
	mach_msg_return_t result = mach_msg(&reply.head.Head, MACH_RCV_MSG | option, 0, sizeof reply, set, timeout_ms,
					    MACH_PORT_NULL);

	if (result == MACH_RCV_TOO_LARGE)	/* one server's nonsense is not the end of the wait for others */
		return MACH_MSG_SUCCESS;
	if (result != MACH_MSG_SUCCESS)
		return result;
	for (unsigned i = 0; i < count; i++) {
		if (waited[i].reply != reply.head.Head.msgh_local_port)
			continue;
		if (!is_select_reply(&reply))
			fds[i].revents = POLLERR;
		else if (reply.head.RetCode != HURD_EINTR && fds[i].revents == 0)	/* the first word counts */
			fds[i].revents = events_of(reply.head.RetCode, reply.types, fds[i].events);
		break;
	}
	mach_msg_destroy(&reply.head.Head);	/* it may have brought what was not asked for */
	return MACH_MSG_SUCCESS;
}

static unsigned count_ready(const struct pollfd *fds, unsigned count)
{
	unsigned ready = 0;

	for (unsigned i = 0; i < count; i++)
		ready += fds[i].revents != 0;
	return ready;
}

/* Waits until something is ready, then takes what else has come. */
static int collect(mach_port_t set, struct waited *waited, struct pollfd *fds, unsigned count, long end_ns)
{
	mach_msg_return_t result = MACH_MSG_SUCCESS;

	while (result == MACH_MSG_SUCCESS && count_ready(fds, count) == 0) {
		long left_ms = end_ns == FOREVER ? 0 : (end_ns - posix_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;

		posix_interruptible_begin();
		result = posix_signals_deliverable() ? MACH_RCV_INTERRUPTED
			: receive(set, waited, fds, count, end_ns == FOREVER ? 0 : MACH_RCV_TIMEOUT, left_ms < 0 ? 0 : left_ms);
		posix_interruptible_end();
		if (result == MACH_RCV_INTERRUPTED && !posix_signals_deliverable())
			result = MACH_MSG_SUCCESS;
	}
	if (result == MACH_RCV_INTERRUPTED)
		return -EINTR;
	while (receive(set, waited, fds, count, MACH_RCV_TIMEOUT, 0) == MACH_MSG_SUCCESS)
		;
	return count_ready(fds, count);
}

static int ask_all(struct waited *waited, struct pollfd *fds, unsigned count, long timeout_ns)
{
	struct timespec until = deadline(timeout_ns == FOREVER ? FOREVER : timeout_ns + ANSWER_SPARE_MS * NS_PER_MS);
	long end_ns = timeout_ns == FOREVER ? FOREVER : posix_monotonic_ns() + timeout_ns;
	mach_port_t set;
	int result;

	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set) != KERN_SUCCESS)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++)
		if (waited[i].types && !ask(&waited[i], set, until))
			fds[i].revents = POLLERR;
	result = collect(set, waited, fds, count, end_ns);
	forget(waited, count);
	mach_port_mod_refs(mach_task_self(), set, MACH_PORT_RIGHT_PORT_SET, -1);
	return result;
}

static long sleep_interruptibly(long timeout_ns)
{
	return timeout_ns == FOREVER ? sys_pause() : posix_sleep_until(posix_monotonic_ns() + timeout_ns);
}

/* Nothing to wait for but the time: descriptors that are closed are reported at once. */
static int do_wait(struct waited *waited, struct pollfd *fds, unsigned count, long timeout_ns)
{
	unsigned asked = 0, last = 0, ready = count_ready(fds, count);
	int found = ready;

	for (unsigned i = 0; i < count; i++)
		if (waited[i].types) {
			asked++;
			last = i;
		}
	if (asked == 0)
		return ready ? (int)ready : timeout_ns == 0 ? 0 : (int)sleep_interruptibly(timeout_ns);
	if (asked == 1) {
		int result = ask_one(&waited[last], &fds[last], ready ? 0 : timeout_ns);

		return result < 0 && !ready ? result : (int)ready + (result > 0);
	}
	if (!ready && timeout_ns != 0)
		return ask_all(waited, fds, count, timeout_ns);
	for (unsigned i = 0; i < count; i++)
		if (waited[i].types)
			found += ask_one(&waited[i], &fds[i], 0) > 0;
	return found;
}

static int do_poll(struct pollfd *fds, unsigned count, long timeout_ns)
{
	vm_address_t memory = 0;
	struct waited few[16] = { { 0 } }, *waited = few;
	int result;

	if (count > POLL_AT_ONCE_MAX)
		return -EINVAL;
	if (count > sizeof few / sizeof *few) {
		if (vm_allocate(mach_task_self(), &memory, count * sizeof *waited, TRUE) != KERN_SUCCESS)
			return -ENOMEM;
		waited = (struct waited *)memory;
	}
	for (unsigned i = 0; i < count; i++) {
		fds[i].revents = 0;
		if (fds[i].fd < 0)
			continue;
		waited[i].open_port = fd_get(fds[i].fd);
		if (!waited[i].open_port)
			fds[i].revents = POLLNVAL;
		else
			waited[i].types = wanted_types(fds[i].events);
	}
	result = do_wait(waited, fds, count, timeout_ns);
	for (unsigned i = 0; i < count; i++)
		if (waited[i].open_port)
			open_port_put(waited[i].open_port);
	if (memory)
		vm_deallocate(mach_task_self(), memory, count * sizeof *waited);
	return result;
}

static long timespec_ns(const struct timespec *t)
{
	if (!t)
		return FOREVER;
	return t->tv_sec >= FOREVER_SECONDS ? FOREVER : t->tv_sec * NS_PER_SECOND + t->tv_nsec;
}

long sys_poll(struct pollfd *fds, unsigned long count, int timeout_ms)
{
	return do_poll(fds, count, timeout_ms < 0 ? FOREVER : timeout_ms * NS_PER_MS);
}

/* ---- with another signal mask meanwhile */

static unsigned long mask_begin(const unsigned long *mask)
{
	struct posix_thread *self = posix_self();
	unsigned long before = self->blocked_signals;

	if (mask)
		self->blocked_signals = *mask & ~SIGNALS_UNBLOCKABLE;
	return before;
}

static long mask_end(const unsigned long *mask, unsigned long before, long result)
{
	if (!mask)
		return result;
	if (posix_signals_deliverable()) {
		signals_take(NULL);
		if (result == 0)
			result = -EINTR;
	}
	posix_self()->blocked_signals = before;
	return result;
}

long sys_ppoll(struct pollfd *fds, unsigned long count, const struct timespec *timeout, const unsigned long *mask, size_t size)
{
	unsigned long before = mask_begin(mask);

	return mask_end(mask, before, do_poll(fds, count, timespec_ns(timeout)));
}

/* ---- select: the sets as a list of descriptors */

static bool is_in(const fd_set *set, int fd)
{
	return set && FD_ISSET(fd, set);
}

static int list_sets(int limit, const fd_set *reads, const fd_set *writes, const fd_set *others, struct pollfd *fds)
{
	int count = 0;

	for (int fd = 0; fd < limit; fd++) {
		short events = (is_in(reads, fd) ? POLLIN : 0) | (is_in(writes, fd) ? POLLOUT : 0)
			| (is_in(others, fd) ? POLLPRI : 0);

		if (events)
			fds[count++] = (struct pollfd){ .fd = fd, .events = events };
	}
	return count;
}

static int mark(fd_set *set, const struct pollfd *fd, short events)
{
	if (!set || !(fd->events & events))
		return 0;
	if (fd->revents & (events | POLLERR))
		return 1;
	FD_CLR(fd->fd, set);
	return 0;
}

static long do_select(int limit, fd_set *reads, fd_set *writes, fd_set *others, long timeout_ns)
{
	struct pollfd fds[FD_SETSIZE];
	int count, result, marked = 0;

	if (limit < 0)
		return -EINVAL;
	count = list_sets(limit > FD_SETSIZE ? FD_SETSIZE : limit, reads, writes, others, fds);
	result = do_poll(fds, count, timeout_ns);
	if (result < 0)
		return result;
	for (int i = 0; i < count; i++)
		if (fds[i].revents & POLLNVAL)
			return -EBADF;
	for (int i = 0; i < count; i++)
		marked += mark(reads, &fds[i], POLLIN) + mark(writes, &fds[i], POLLOUT) + mark(others, &fds[i], POLLPRI);
	return marked;
}

long sys_select(int limit, fd_set *reads, fd_set *writes, fd_set *others, struct timeval *timeout)
{
	struct timespec time;

	if (timeout)
		time = (struct timespec){ timeout->tv_sec, timeout->tv_usec * 1000 };
	return do_select(limit, reads, writes, others, timespec_ns(timeout ? &time : NULL));
}

struct mask_argument { const unsigned long *mask; size_t size; };

long sys_pselect6(int limit, fd_set *reads, fd_set *writes, fd_set *others, const struct timespec *timeout,
		  const struct mask_argument *argument)
{
	const unsigned long *mask = argument ? argument->mask : NULL;
	unsigned long before = mask_begin(mask);

	return mask_end(mask, before, do_select(limit, reads, writes, others, timespec_ns(timeout)));
}
