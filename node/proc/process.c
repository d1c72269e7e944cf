/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process.h"
#include <stdlib.h>

struct proc_server proc_server;

static bool pid_is_used(pid_t pid)
{
	for (struct process *p = proc_server.processes; p; p = p->next)
		if (p->pid == pid || p->pgrp == pid || p->session == pid)
			return true;
	return false;
}

/* 0 when there is none free. */
static pid_t next_pid(void)
{
	for (int tries = 0; tries < PROC_PID_MAX; tries++) {
		proc_server.last_pid = proc_server.last_pid >= PROC_PID_MAX ? 2 : proc_server.last_pid + 1;
		if (!pid_is_used(proc_server.last_pid))
			return proc_server.last_pid;
	}
	return 0;
}

static mach_port_t make_port(void)
{
	mach_port_t port;

	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS)
		return MACH_PORT_NULL;
	if (mach_port_move_member(mach_task_self(), port, proc_server.port_set) == KERN_SUCCESS)
		return port;
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	return MACH_PORT_NULL;
}

void inherit_arguments(struct process *child, const struct process *parent)
{
	child->argv = parent->argv;
	child->envp = parent->envp;
}

struct process *process_create(mach_port_t task, struct process *parent, bool declared)
{
	struct process *process = calloc(1, sizeof *process);

	if (!process)
		return NULL;
	process->pid = next_pid();
	process->port = process->pid ? make_port() : MACH_PORT_NULL;
	if (process->port == MACH_PORT_NULL) {
		free(process);
		return NULL;
	}
	process->parent = parent;
	process->child_declared = declared;
	if (declared)
		inherit_arguments(process, parent);
	process->pgrp = parent ? parent->pgrp : process->pid;
	process->session = parent ? parent->session : process->pid;
	process->next = proc_server.processes;
	proc_server.processes = process;
	if (task == MACH_PORT_NULL || process_set_task(process, task))
		return process;
	if (declared) {
		process_died(process);
		return process;
	}
	process->task = MACH_PORT_NULL;		/* it stays the caller's */
	process_free(process);
	return NULL;
}

bool process_set_task(struct process *process, mach_port_t task)
{
	mach_port_t previous = MACH_PORT_NULL;
	/* A process's port, which dies with us only, is no task. */
	bool alive = MACH_PORT_VALID(task) && !process_of_port(task)
		&& mach_port_request_notification(mach_task_self(), task, MACH_NOTIFY_DEAD_NAME, 1, proc_server.notify_port,
						  MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous) == KERN_SUCCESS;

	if (MACH_PORT_VALID(previous))
		mach_port_deallocate(mach_task_self(), previous);
	process->task = task;
	return alive;
}

struct process *process_of_port(mach_port_t port)
{
	for (struct process *p = proc_server.processes; p; p = p->next)
		if (p->port == port)
			return p;
	return NULL;
}

struct process *process_of_task(mach_port_t task)
{
	if (!MACH_PORT_VALID(task))
		return NULL;
	for (struct process *p = proc_server.processes; p; p = p->next)
		if (p->task == task)
			return p;
	return NULL;
}

struct process *process_of_pid(struct process *self, pid_t pid)
{
	if (pid == 0)
		return self->life != LIFE_ZOMBIE ? self : NULL;
	for (struct process *p = proc_server.processes; p; p = p->next)
		if (p->pid == pid && p->life != LIFE_ZOMBIE)
			return p;
	return NULL;
}

static void drop(mach_port_t *right)
{
	if (MACH_PORT_VALID(*right))
		mach_port_deallocate(mach_task_self(), *right);
	*right = MACH_PORT_NULL;
}

/* An orphan that ended and that init never declared its own has nobody who would wait for it. */
static void give_children_to_init(struct process *parent)
{
	struct process *child, *next;

	for (child = proc_server.processes; child; child = next) {
		next = child->next;
		if (child->parent != parent)
			continue;
		child->parent = proc_server.init;
		child->child_declared = false;
		if (child->life == LIFE_ZOMBIE)
			process_free(child);
	}
}

void process_died(struct process *process)
{
	if (process->life == LIFE_ZOMBIE)
		return;
	process->life = LIFE_ZOMBIE;
	if (!process->exit_marked)
		process->status = HURD_SIGKILL;
	process->change_reported = false;
	drop(&process->task);
	drop(&process->message_port);
	wait_message_port(process);
	wait_cancel(process, HURD_ESRCH);
	give_children_to_init(process);
	if (!process->parent || !process->child_declared) {
		struct process *parent = process->parent;

		process_free(process);
		if (parent)		/* it may have been the last that someone waited for */
			wait_child_changed(parent);
		return;
	}
	process_changed(process);
}

void process_changed(struct process *process)
{
	struct process *parent = process->parent;

	if (!parent)
		return;
	if (process->life != LIFE_STOPPED || parent->wants_stopped_children)
		post_signal(parent, HURD_SIGCHLD);
	wait_child_changed(parent);
}

void process_free(struct process *process)
{
	struct process **link = &proc_server.processes;

	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	if (process == proc_server.init)
		proc_server.init = NULL;
	drop(&process->task);
	drop(&process->message_port);
	wait_message_port(process);
	wait_cancel(process, HURD_ESRCH);
	give_children_to_init(process);
	mach_port_mod_refs(mach_task_self(), process->port, MACH_PORT_RIGHT_RECEIVE, -1);
	free(process);
}

mach_port_t process_make_send(struct process *process)
{
	mach_port_insert_right(mach_task_self(), process->port, process->port, MACH_MSG_TYPE_MAKE_SEND);
	return process->port;
}
