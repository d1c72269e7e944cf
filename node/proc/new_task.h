/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a task that runs a program, and telling it what exec_startup_get_info
   asks.  Used by the exec server and by the first task.

   A new task starts at the program's entry with a stack that is all zeroes, its
   bootstrap port being one that answers exec_startup_get_info once.

   The first task does:
	new_task_make(&source, &startup, &task); new_task_run(&task, &startup);
	then receives on task.boot_port and hands each message to startup_demux. */
#ifndef DROVE_NEW_TASK_H
#define DROVE_NEW_TASK_H

#include "elf_load.h"

/* Bytes of a new task's stack; it is zero-filled on demand. */
#define NEW_TASK_STACK_SIZE (UINT64_C(8) << 20)
#define NEW_TASK_STACK_TOP UINT64_C(0x7fffff000000)

/* What the program shall learn.  Each array lies in memory of its own from
   vm_allocate (or a received message), so that it can be given away; a size of
   0 has no memory.  Each port is a send right (or MACH_PORT_NULL). */
struct startup {
	int flags;
	char *argv;		size_t argv_size;	/* bytes; strings each ended by 0 */
	char *envp;		size_t envp_size;
	mach_port_t *fds;	size_t fd_count;
	mach_port_t *ports;	size_t port_count;	/* INIT_PORT_* */
	int *ints;		size_t int_count;	/* INIT_* */
	/* Filled by new_task_make. */
	struct elf_program program;
	vm_address_t stack_base;
	vm_size_t stack_size;
};

struct new_task {
	mach_port_t task;	/* send right */
	mach_port_t thread;	/* send right; not yet running */
	mach_port_t boot_port;	/* receive right, asks for no-senders notification of itself */
};

/* Copies SIZE bytes to fresh memory for a member of struct startup; NULL if
   there is none left (or SIZE is 0). */
void *startup_copy(const void *bytes, size_t size);
/* Frees what STARTUP holds, rights and memory, and clears it. */
void startup_release(struct startup *startup);

/* Loads SOURCE into a new task and fills the last members of STARTUP.  On success
   *TASK holds its rights; on failure (HURD_ENOEXEC, ...) nothing is left. */
int new_task_make(const struct elf_source *source, struct startup *startup, struct new_task *task);
/* Lets it run and drops the task and thread rights; boot_port stays, to be served.
   On success STARTUP is moved: it is kept until the task asks for it or dies, and
   *STARTUP is cleared.  On failure all stays the caller's. */
int new_task_run(struct new_task *task, struct startup *startup);
/* Kills it and drops everything of TASK. */
void new_task_abandon(struct new_task *task);

/* Answers a message received on the boot_port of a new_task: exec_startup_get_info,
   or the no-senders notification of a task that died before asking.  Either ends
   the boot_port: *DONE (if not NULL) is set.  Returns FALSE for any other message. */
boolean_t startup_demux(mach_msg_header_t *request, mach_msg_header_t *reply, boolean_t *done);
/* Largest reply that startup_demux makes. */
#define STARTUP_REPLY_SIZE 16384

#endif
