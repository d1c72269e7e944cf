/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process server's processes.  One thread serves everything, so nothing
   here is locked.

   A process lives from the first word of its task (proc_child, proc_task2proc)
   until its parent has waited for it.  Its port carries every request; the name
   of that receive right is what the demultiplexer hands to the routines. */
#ifndef DROVE_PROCESS_H
#define DROVE_PROCESS_H

#include <mach.h>
#include <stdbool.h>
#include <sys/types.h>
#include <hurd_abi.h>

#define PROC_PID_MAX 32768

enum life { LIFE_RUNNING, LIFE_STOPPED, LIFE_ZOMBIE };

struct process {
	struct process *next;
	pid_t pid, pgrp, session;
	struct process *parent;		/* NULL only for the first process */
	bool child_declared;		/* proc_child named the parent */
	mach_port_t port;		/* receive right, in the server's port set */
	mach_port_t task;		/* send right; MACH_PORT_NULL once it is dead */
	mach_port_t message_port;	/* send right or MACH_PORT_NULL */
	enum life life;
	bool exit_marked;		/* STATUS was given by the process itself */
	bool change_reported;		/* of stop or continue */
	bool continued;
	bool wants_stopped_children;
	int status;			/* as waitpid's, in the Hurd's numbers */
	int sigcode;
	vm_address_t argv, envp;	/* in the task; 0 when unknown */
	char executable[HURD_NAME_SIZE];
};

struct proc_server {
	mach_port_t port_set;
	mach_port_t notify_port;	/* dead-name notifications of tasks */
	mach_port_t host_priv, device_master;
	struct process *processes;	/* newest first */
	struct process *init;
	pid_t last_pid;
};
extern struct proc_server proc_server;

/* ---- process.c */
/* A new process for TASK (a send right, taken over on success, or MACH_PORT_NULL)
   as PARENT's child; DECLARED as in the struct.  NULL when out of memory, pids or
   ports, or when the task is dead and nobody would wait for it: TASK stays the
   caller's.  A declared child whose task is dead becomes a zombie, which is gone already
   if someone waits for it: of one that was declared the result is not to be used. */
struct process *process_create(mach_port_t task, struct process *parent, bool declared);
/* A child's memory is a copy of its parent's, until it becomes another program. */
void inherit_arguments(struct process *child, const struct process *parent);
/* Gives PROCESS its (other) task: takes over the right and asks for its death.
   FALSE: it is dead already, and the caller goes on with process_died. */
bool process_set_task(struct process *process, mach_port_t task);
struct process *process_of_port(mach_port_t port);
struct process *process_of_task(mach_port_t task);
/* A process that is not a zombie, by pid (0 is SELF's own); NULL if there is none. */
struct process *process_of_pid(struct process *self, pid_t pid);
/* Its task is gone: it becomes a zombie, its children init's. */
void process_died(struct process *process);
/* Stopped or continued: tells the parent. */
void process_changed(struct process *process);
/* Forgets a zombie, or one that never was more than a question about its task. */
void process_free(struct process *process);
/* A send right to the port (a new reference). */
mach_port_t process_make_send(struct process *process);

/* ---- wait.c */
/* Someone's child changed: answers whoever waits for that. */
void wait_child_changed(struct process *parent);
/* PROCESS has got a message port, or will never have one: answers who waits for it. */
void wait_message_port(struct process *process);
/* Ends all that PROCESS waits for with ERROR. */
void wait_cancel(struct process *process, int error);

/* ---- post.c */
/* Sends a signal; one that cannot be queued at once is dropped. */
void post_signal(struct process *process, int signal);

/* ---- init.c */
/* Asks the first task who it is and for the privileged ports. */
int proc_greet_init(mach_port_t bootstrap);

#endif
