/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc: the process server.  Started by the first task, which is process 1. */
#include "process.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mach/task_special_ports.h>
#include <hurd/startup.h>

boolean_t process_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t interrupt_server(mach_msg_header_t *request, mach_msg_header_t *reply);

#define REQUEST_SIZE 8192	/* bytes; larger messages than any of process.defs are refused */

static void die(const char *what, int error)
{
	fprintf(stderr, "proc: cannot %s (error 0x%x)\n", what, error);
	exit(1);
}

/* The notification brings a reference of its own to the dead name. */
static void task_is_dead(mach_port_t task)
{
	struct process *process = process_of_task(task);

	if (process)
		process_died(process);
	mach_port_deallocate(mach_task_self(), task);
}

static boolean_t demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	if (request->msgh_local_port == proc_server.notify_port) {
		if (request->msgh_id == MACH_NOTIFY_DEAD_NAME)
			task_is_dead(((mach_dead_name_notification_t *)request)->not_port);
		((mig_reply_header_t *)reply)->RetCode = MIG_NO_REPLY;
		return TRUE;
	}
	return process_server(request, reply) || interrupt_server(request, reply);
}

static void make_ports(void)
{
	int error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &proc_server.port_set);

	if (error == 0)
		error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &proc_server.notify_port);
	if (error == 0)
		error = mach_port_move_member(mach_task_self(), proc_server.notify_port, proc_server.port_set);
	if (error)
		die("make its ports", error);
}

/* Tells the first task its process port, learns its task and the privileged ports. */
static void greet_first_task(void)
{
	mach_port_t bootstrap, task, auth;
	int error = task_get_special_port(mach_task_self(), TASK_BOOTSTRAP_PORT, &bootstrap);

	if (error || !MACH_PORT_VALID(bootstrap))
		die("find the first task; it is started by init, not by hand", error);
	proc_server.init = process_create(MACH_PORT_NULL, NULL, false);
	if (!proc_server.init)
		die("make process 1", HURD_ENOMEM);
	error = startup_procinit(bootstrap, process_make_send(proc_server.init), MACH_MSG_TYPE_MOVE_SEND, &task, &auth,
				 &proc_server.host_priv, &proc_server.device_master);
	if (error)
		die("greet the first task", error);
	mach_port_deallocate(mach_task_self(), bootstrap);
	strcpy(proc_server.init->executable, "init");
	if (!process_set_task(proc_server.init, task))
		die("watch the first task", HURD_ESRCH);
}

/* The server is a process like others, with a pid of its own. */
static void register_self(void)
{
	struct process *self = process_create(mach_task_self(), proc_server.init, false);

	if (!self)
		return;
	mach_port_mod_refs(mach_task_self(), mach_task_self(), MACH_PORT_RIGHT_SEND, 1);
	strcpy(self->executable, "/hurd/proc");
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		fprintf(stderr, "usage: proc\nThe process server; init starts it, with no arguments.\n");
		return strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	make_ports();
	greet_first_task();
	register_self();
	die("receive", mach_msg_server(demux, REQUEST_SIZE, proc_server.port_set));
}
