/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start_translator.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <mach.h>
#include <mach/task_special_ports.h>
#include <hurd_abi.h>

#include "fsys_S.h"

boolean_t fsys_server(mach_msg_header_t *request, mach_msg_header_t *reply);

enum { POLL_MS = 50, REQUEST_BYTES = 4096, CANNOT_EXECUTE = 126 };

static struct translator_start *current;	/* for the stub below, which has no room for it */
static char problem[128];

kern_return_t S_fsys_startup(mach_port_t bootstrap, int flags, mach_port_t control, mach_port_t *node,
			     mach_msg_type_name_t *node_type)
{
	if (!MACH_PORT_VALID(control))
		return HURD_EINVAL;
	current->control = control;
	*node = current->underlying ? current->underlying(flags, current->context) : MACH_PORT_NULL;
	*node_type = MACH_MSG_TYPE_MOVE_SEND;
	return 0;
}

static void be_the_translator(const struct translator_start *start, mach_port_t bootstrap)
{
	/* A program's bootstrap port is handed on by exec. */
	task_set_special_port(mach_task_self(), TASK_BOOTSTRAP_PORT, bootstrap);
	/* It outlives the command that started it, and the terminal's signals are not for it. */
	setpgid(0, 0);
	execv(start->arguments[0], start->arguments);
	fprintf(stderr, "%s: %s\n", start->arguments[0], strerror(errno));
	_exit(CANNOT_EXECUTE);
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* Waits a short time for one request and answers it. */
static void serve_once(mach_port_t bootstrap)
{
	static union { mach_msg_header_t header; char room[REQUEST_BYTES]; } request, reply;
	if (mach_msg(&request.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(request), bootstrap, POLL_MS, MACH_PORT_NULL))
		return;
	if (!fsys_server(&request.header, &reply.header))
		((mig_reply_header_t *)&reply)->RetCode = MIG_BAD_ID;
	if (!(reply.header.msgh_bits & MACH_MSGH_BITS_COMPLEX) && ((mig_reply_header_t *)&reply)->RetCode) {
		request.header.msgh_bits &= ~MACH_MSGH_BITS_REMOTE_MASK;
		request.header.msgh_remote_port = request.header.msgh_local_port = MACH_PORT_NULL;
		mach_msg_destroy(&request.header);
	}
	if (mach_msg(&reply.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, reply.header.msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL))
		mach_msg_destroy(&reply.header);
}

/* Has the program ended?  Then PROBLEM says how. */
static int has_ended(const struct translator_start *start)
{
	int status;
	if (waitpid(start->pid, &status, WNOHANG) != start->pid)
		return 0;
	if (WIFSIGNALED(status))
		snprintf(problem, sizeof(problem), "it was killed by signal %d before it was ready", WTERMSIG(status));
	else
		snprintf(problem, sizeof(problem), "it ended with exit code %d before it was ready", WEXITSTATUS(status));
	return 1;
}

static const char *await(struct translator_start *start, mach_port_t bootstrap)
{
	int64_t deadline = now_ms() + start->timeout_ms;
	while (!start->control) {
		serve_once(bootstrap);
		if (start->control)
			break;
		if (has_ended(start))
			return problem;
		if (start->timeout_ms && now_ms() > deadline) {
			kill(start->pid, SIGKILL);
			waitpid(start->pid, NULL, 0);
			snprintf(problem, sizeof(problem), "it was not ready within %u s", start->timeout_ms / 1000);
			return problem;
		}
	}
	return NULL;
}

const char *translator_start(struct translator_start *start)
{
	mach_port_t bootstrap;
	start->control = MACH_PORT_NULL;
	start->pid = 0;
	if (access(start->arguments[0], X_OK)) {
		snprintf(problem, sizeof(problem), "%s", strerror(errno));
		return problem;
	}
	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &bootstrap) ||
	    mach_port_insert_right(mach_task_self(), bootstrap, bootstrap, MACH_MSG_TYPE_MAKE_SEND))
		return "cannot make a port";
	start->pid = fork();
	if (start->pid == 0)
		be_the_translator(start, bootstrap);
	const char *result;
	if (start->pid < 0) {
		start->pid = 0;
		result = "cannot fork";
	} else {
		current = start;
		result = await(start, bootstrap);
	}
	mach_port_deallocate(mach_task_self(), bootstrap);
	mach_port_mod_refs(mach_task_self(), bootstrap, MACH_PORT_RIGHT_RECEIVE, -1);
	return result;
}
