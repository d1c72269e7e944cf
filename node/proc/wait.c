/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that wait: for a child to change, for a process's message port. */
#include "process.h"
#include <stdlib.h>
#include <string.h>
#include "process_server.h"
#include "process_reply_user.h"

enum wanted { WANT_CHILD, WANT_CHILD_BY_ID, WANT_MESSAGE_PORT };

struct waiter {
	struct waiter *next;
	enum wanted wanted;
	struct process *who;
	pid_t pid;
	int options;
	mach_port_t reply;
	mach_msg_type_name_t reply_type;
};

static struct waiter *waiters;		/* oldest first */

static int add_waiter(enum wanted wanted, struct process *who, pid_t pid, int options, mach_port_t reply,
		      mach_msg_type_name_t reply_type)
{
	struct waiter *waiter, **link = &waiters;

	if (!MACH_PORT_VALID(reply))
		return HURD_EINVAL;	/* nobody would hear */
	waiter = malloc(sizeof *waiter);
	if (!waiter)
		return HURD_ENOMEM;
	*waiter = (struct waiter){ NULL, wanted, who, pid, options, reply, reply_type };
	while (*link)
		link = &(*link)->next;
	*link = waiter;
	return MIG_NO_REPLY;
}

/* A reply that cannot be sent has lost its asker. */
static void answer_child(struct waiter *waiter, int error, int status, int sigcode, pid_t pid)
{
	rusage_t none = { 0 };
	kern_return_t sent;

	if (waiter->wanted == WANT_CHILD)
		sent = proc_wait_reply(waiter->reply, waiter->reply_type, error, status, sigcode, none, pid);
	else
		sent = proc_waitid_reply(waiter->reply, waiter->reply_type, error, status, sigcode, none, pid);
	if (sent != KERN_SUCCESS)
		mach_port_deallocate(mach_task_self(), waiter->reply);
}

static void answer_message_port(struct waiter *waiter, int error, mach_port_t message_port)
{
	if (proc_getmsgport_reply(waiter->reply, waiter->reply_type, error, message_port, MACH_MSG_TYPE_COPY_SEND))
		mach_port_deallocate(mach_task_self(), waiter->reply);
}

static bool is_wanted(const struct process *child, const struct process *who, pid_t pid)
{
	if (child->parent != who)
		return false;
	if (pid > 0)
		return child->pid == pid;
	if (pid == -1)
		return true;
	return pid == 0 ? child->pgrp == who->pgrp : child->pgrp == -(int64_t)pid;	/* the lowest has no opposite */
}

/* Has CHILD something to report? */
static bool has_news(const struct process *child, int options)
{
	switch (child->life) {
	case LIFE_ZOMBIE:
		return options & HURD_WEXITED;
	case LIFE_STOPPED:
		return options & HURD_WUNTRACED && !child->change_reported;
	default:
		return options & HURD_WCONTINUED && child->continued && !child->change_reported;
	}
}

/* Finds a child with news and reports it, or says ECHILD or EWOULDBLOCK. */
static int look(struct process *who, pid_t pid, int options, int *status, int *sigcode, pid_t *pid_status)
{
	int error = HURD_ECHILD;

	for (struct process *child = proc_server.processes; child; child = child->next) {
		if (!is_wanted(child, who, pid))
			continue;
		error = HURD_EWOULDBLOCK;
		if (!has_news(child, options))
			continue;
		*status = child->life == LIFE_RUNNING ? 0xffff : child->status;
		*sigcode = child->sigcode;
		*pid_status = child->pid;
		if (options & HURD_WNOWAIT)
			return 0;
		child->change_reported = true;
		if (child->life == LIFE_ZOMBIE)
			process_free(child);
		return 0;
	}
	return error;
}

static kern_return_t wait_for_child(enum wanted wanted, mach_port_t port, mach_port_t reply,
				    mach_msg_type_name_t reply_type, pid_t pid, int options,
				    int *status, int *sigcode, rusage_t *rusage, pid_t *pid_status)
{
	struct process *who = process_of_port(port);
	int error;

	if (!who)
		return HURD_EOPNOTSUPP;
	*status = *sigcode = *pid_status = 0;
	memset(rusage, 0, sizeof *rusage);
	error = look(who, pid, options, status, sigcode, pid_status);
	if (error != HURD_EWOULDBLOCK || options & HURD_WNOHANG)
		return error;
	return add_waiter(wanted, who, pid, options, reply, reply_type);
}

kern_return_t S_proc_wait(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, pid_t pid, int options,
			  int *status, int *sigcode, rusage_t *rusage, pid_t *pid_status)
{
	return wait_for_child(WANT_CHILD, port, reply, reply_type, pid, options | HURD_WEXITED,
			      status, sigcode, rusage, pid_status);
}

kern_return_t S_proc_waitid(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, pid_t pid, int options,
			    int *status, int *sigcode, rusage_t *rusage, pid_t *pid_status)
{
	if (!(options & (HURD_WEXITED | HURD_WSTOPPED | HURD_WCONTINUED)))
		return HURD_EINVAL;
	return wait_for_child(WANT_CHILD_BY_ID, port, reply, reply_type, pid, options,
			      status, sigcode, rusage, pid_status);
}

kern_return_t S_proc_getmsgport(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, pid_t pid,
				mach_port_t *message_port, mach_msg_type_name_t *message_port_type)
{
	struct process *self = process_of_port(port), *target;

	if (!self)
		return HURD_EOPNOTSUPP;
	target = process_of_pid(self, pid);
	if (!target)
		return HURD_ESRCH;
	if (target->message_port == MACH_PORT_NULL)
		return add_waiter(WANT_MESSAGE_PORT, self, target->pid, 0, reply, reply_type);
	*message_port = target->message_port;
	*message_port_type = MACH_MSG_TYPE_COPY_SEND;
	return 0;
}

/* Takes the oldest waiter that MATCHES out of the list. */
static struct waiter *take(bool (*matches)(struct waiter *, void *), void *cookie)
{
	for (struct waiter **link = &waiters; *link; link = &(*link)->next) {
		struct waiter *waiter = *link;

		if (matches(waiter, cookie)) {
			*link = waiter->next;
			return waiter;
		}
	}
	return NULL;
}

struct news { struct process *parent; int error, status, sigcode; pid_t pid; };

static bool has_answer(struct waiter *waiter, void *cookie)
{
	struct news *news = cookie;

	if (waiter->wanted == WANT_MESSAGE_PORT || waiter->who != news->parent)
		return false;
	news->error = look(waiter->who, waiter->pid, waiter->options, &news->status, &news->sigcode, &news->pid);
	return news->error != HURD_EWOULDBLOCK;
}

void wait_child_changed(struct process *parent)
{
	struct news news = { parent };
	struct waiter *waiter;

	while ((waiter = take(has_answer, &news))) {
		answer_child(waiter, news.error, news.status, news.sigcode, news.error ? 0 : news.pid);
		free(waiter);
		news = (struct news){ parent };
	}
}

static bool wants_port_of(struct waiter *waiter, void *cookie)
{
	return waiter->wanted == WANT_MESSAGE_PORT && waiter->pid == ((struct process *)cookie)->pid;
}

void wait_message_port(struct process *process)
{
	struct waiter *waiter;

	while ((waiter = take(wants_port_of, process))) {
		answer_message_port(waiter, process->message_port ? 0 : HURD_ESRCH, process->message_port);
		free(waiter);
	}
}

static bool is_of(struct waiter *waiter, void *cookie)
{
	return waiter->who == cookie;
}

void wait_cancel(struct process *process, int error)
{
	struct waiter *waiter;

	while ((waiter = take(is_of, process))) {
		if (waiter->wanted == WANT_MESSAGE_PORT)
			answer_message_port(waiter, error, MACH_PORT_NULL);
		else
			answer_child(waiter, error, 0, 0, 0);
		free(waiter);
	}
}
