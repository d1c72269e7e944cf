/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "new_task.h"
#include "startup_table.h"
#include <string.h>
#include <mach/mach4.h>
#include <mach/machine/thread_status.h>
#include <mach/task_special_ports.h>
#include <hurd_abi.h>

void *startup_copy(const void *bytes, size_t size)
{
	vm_address_t copy = 0;

	if (size == 0 || vm_allocate(mach_task_self(), &copy, size, TRUE) != KERN_SUCCESS)
		return NULL;
	memcpy((void *)copy, bytes, size);
	return (void *)copy;
}

static void release_ports(mach_port_t *ports, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (MACH_PORT_VALID(ports[i]))
			mach_port_deallocate(mach_task_self(), ports[i]);
	if (count > 0)
		vm_deallocate(mach_task_self(), (vm_address_t)ports, count * sizeof *ports);
}

void startup_release(struct startup *startup)
{
	release_ports(startup->fds, startup->fd_count);
	release_ports(startup->ports, startup->port_count);
	if (startup->argv_size > 0)
		vm_deallocate(mach_task_self(), (vm_address_t)startup->argv, startup->argv_size);
	if (startup->envp_size > 0)
		vm_deallocate(mach_task_self(), (vm_address_t)startup->envp, startup->envp_size);
	if (startup->int_count > 0)
		vm_deallocate(mach_task_self(), (vm_address_t)startup->ints, startup->int_count * sizeof(int));
	memset(startup, 0, sizeof *startup);
}

/* The boot port: its no-senders notification comes to itself, so that whoever
   serves it learns of a task that died without asking. */
static int make_boot_port(mach_port_t *port)
{
	mach_port_t previous;
	int error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, port);

	if (error)
		return error;
	error = mach_port_insert_right(mach_task_self(), *port, *port, MACH_MSG_TYPE_MAKE_SEND);
	if (error == 0)
		error = mach_port_request_notification(mach_task_self(), *port, MACH_NOTIFY_NO_SENDERS, 1, *port,
						       MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (error)
		mach_port_destroy(mach_task_self(), *port);
	return error;
}

static int make_thread(mach_port_t task, vm_address_t entry, vm_address_t stack_pointer, mach_port_t *thread)
{
	struct i386_thread_state state = { .rip = entry, .ursp = stack_pointer };
	int error = thread_create(task, thread);

	if (error)
		return error;
	error = thread_set_state(*thread, i386_THREAD_STATE, (thread_state_t)&state, i386_THREAD_STATE_COUNT);
	if (error)
		mach_port_deallocate(mach_task_self(), *thread);
	return error;
}

/* Gives TASK its stack and first thread. */
static int make_runnable(struct new_task *new, struct startup *startup)
{
	int error;

	startup->stack_size = NEW_TASK_STACK_SIZE;
	startup->stack_base = NEW_TASK_STACK_TOP - NEW_TASK_STACK_SIZE;
	error = vm_allocate(new->task, &startup->stack_base, startup->stack_size, FALSE);
	if (error == 0)
		error = task_set_special_port(new->task, TASK_BOOTSTRAP_PORT, new->boot_port);
	if (error == 0)		/* a page of zeroes above: no arguments in the boot script's way */
		error = make_thread(new->task, startup->program.entry, NEW_TASK_STACK_TOP - vm_page_size, &new->thread);
	return error;
}

int new_task_make(const struct elf_source *source, struct startup *startup, struct new_task *new)
{
	int error = task_create(mach_task_self(), FALSE, &new->task);

	if (error)
		return error;
	new->thread = MACH_PORT_NULL;
	error = elf_load(new->task, source, &startup->program);
	if (error)
		goto no_port;
	error = make_boot_port(&new->boot_port);
	if (error)
		goto no_port;
	error = make_runnable(new, startup);
	/* Our own send right goes: only the task's is left. */
	mach_port_deallocate(mach_task_self(), new->boot_port);
	if (error == 0)
		return 0;
	mach_port_mod_refs(mach_task_self(), new->boot_port, MACH_PORT_RIGHT_RECEIVE, -1);
no_port:
	task_terminate(new->task);
	mach_port_deallocate(mach_task_self(), new->task);
	return error;
}

int new_task_run(struct new_task *new, struct startup *startup)
{
	if (!startup_table_add(new->boot_port, startup))
		return HURD_ENOMEM;
	/* A task that was killed meanwhile is no failure of ours: its boot port
	   has no senders any more, which frees what was put into the table. */
	thread_resume(new->thread);
	mach_port_deallocate(mach_task_self(), new->thread);
	mach_port_deallocate(mach_task_self(), new->task);
	return 0;
}

void new_task_abandon(struct new_task *new)
{
	task_terminate(new->task);
	mach_port_deallocate(mach_task_self(), new->thread);
	mach_port_deallocate(mach_task_self(), new->task);
	mach_port_mod_refs(mach_task_self(), new->boot_port, MACH_PORT_RIGHT_RECEIVE, -1);
}
