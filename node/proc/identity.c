/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is who: tasks, pids, parents, arguments. */
#include "process.h"
#include <stdlib.h>
#include <string.h>
#include "process_server.h"

#define ARGUMENTS_MAX_BYTES 65536	/* of one process, as proc_getprocargs shows them */
#define ARGUMENTS_MAX_COUNT 4096

kern_return_t S_proc_getprivports(mach_port_t port, mach_port_t *host_priv, mach_msg_type_name_t *host_priv_type,
				  mach_port_t *device_master, mach_msg_type_name_t *device_master_type)
{
	if (!process_of_port(port))
		return HURD_EOPNOTSUPP;
	*host_priv = proc_server.host_priv;
	*device_master = proc_server.device_master;
	*host_priv_type = *device_master_type = MACH_MSG_TYPE_COPY_SEND;
	return 0;
}

static bool descends_from(const struct process *process, const struct process *ancestor)
{
	while (process && process != ancestor)
		process = process->parent;
	return process != NULL;
}

/* Routines that take a task consume its right when they succeed (MIG's rule). */
kern_return_t S_proc_child(mach_port_t port, mach_port_t task)
{
	struct process *parent = process_of_port(port), *child;

	if (!parent)
		return HURD_EOPNOTSUPP;
	/* Nobody would wait for a zombie's child, nor find that its parent has gone. */
	if (!MACH_PORT_VALID(task) || parent->life == LIFE_ZOMBIE)
		return HURD_EINVAL;
	child = process_of_task(task);
	if (!child)
		return process_create(task, parent, true) ? 0 : HURD_ENOMEM;
	if (child->child_declared)
		return HURD_EBUSY;
	if (descends_from(parent, child))
		return HURD_EINVAL;
	child->child_declared = true;
	child->parent = parent;
	child->pgrp = parent->pgrp;
	child->session = parent->session;
	inherit_arguments(child, parent);
	mach_port_deallocate(mach_task_self(), task);	/* it has one already */
	return 0;
}

kern_return_t S_proc_task2proc(mach_port_t port, mach_port_t task, mach_port_t *proc, mach_msg_type_name_t *proc_type)
{
	struct process *process = process_of_task(task);

	if (!process_of_port(port))
		return HURD_EOPNOTSUPP;
	if (!MACH_PORT_VALID(task))
		return HURD_ESRCH;
	if (process) {
		mach_port_deallocate(mach_task_self(), task);
	} else {
		process = process_create(task, proc_server.init, false);
		if (!process)
			return HURD_ENOMEM;
	}
	*proc = process->port;
	*proc_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_proc_task2pid(mach_port_t port, mach_port_t task, pid_t *pid)
{
	struct process *process = process_of_task(task);

	if (!process)
		return HURD_ESRCH;
	*pid = process->pid;
	mach_port_deallocate(mach_task_self(), task);
	return 0;
}

kern_return_t S_proc_pid2task(mach_port_t port, pid_t pid, mach_port_t *task)
{
	struct process *self = process_of_port(port), *process = self ? process_of_pid(self, pid) : NULL;

	if (!process || process->task == MACH_PORT_NULL)
		return HURD_ESRCH;
	*task = process->task;
	return 0;
}

kern_return_t S_proc_proc2task(mach_port_t port, mach_port_t *task)
{
	return S_proc_pid2task(port, 0, task);
}

kern_return_t S_proc_pid2proc(mach_port_t port, pid_t pid, mach_port_t *proc, mach_msg_type_name_t *proc_type)
{
	struct process *self = process_of_port(port), *process = self ? process_of_pid(self, pid) : NULL;

	if (!process)
		return HURD_ESRCH;
	*proc = process->port;
	*proc_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_proc_getpids(mach_port_t port, pid_t *pid, pid_t *parent, int *orphaned)
{
	struct process *process = process_of_port(port);

	if (!process)
		return HURD_EOPNOTSUPP;
	*pid = process->pid;
	*parent = process->parent ? process->parent->pid : 0;
	*orphaned = process->parent == proc_server.init;
	return 0;
}

/* The new task continues as the old process; the port stays the same, so that
   everyone who knows the process goes on knowing it. */
kern_return_t S_proc_reassign(mach_port_t port, mach_port_t task)
{
	struct process *process = process_of_port(port), *stub = process_of_task(task);
	mach_port_t old_task;

	if (!process || process->life == LIFE_ZOMBIE || !MACH_PORT_VALID(task) || stub == process
	    || process_of_port(task))
		return HURD_EINVAL;
	if (stub) {		/* someone asked about the task before it was this process */
		struct process *parent = stub->parent;

		if (stub->child_declared || stub == proc_server.init)
			return HURD_EINVAL;
		process_free(stub);
		wait_child_changed(parent);
	}
	wait_cancel(process, HURD_EINTR);
	old_task = process->task;
	if (MACH_PORT_VALID(process->message_port))
		mach_port_deallocate(mach_task_self(), process->message_port);
	process->message_port = MACH_PORT_NULL;
	process->argv = process->envp = 0;
	process->life = LIFE_RUNNING;
	if (!process_set_task(process, task))
		process_died(process);
	task_terminate(old_task);
	mach_port_deallocate(mach_task_self(), old_task);
	return 0;
}

kern_return_t S_proc_setmsgport(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type,
				mach_port_t new_port, mach_port_t *old_port, mach_msg_type_name_t *old_type)
{
	struct process *process = process_of_port(port);

	if (!process || process->life == LIFE_ZOMBIE)
		return HURD_EOPNOTSUPP;
	*old_port = process->message_port;
	*old_type = MACH_MSG_TYPE_MOVE_SEND;
	process->message_port = new_port;
	if (new_port != MACH_PORT_NULL)
		wait_message_port(process);
	return 0;
}

kern_return_t S_proc_set_exe(mach_port_t port, const_string_t path)
{
	struct process *process = process_of_port(port);

	if (!process)
		return HURD_EOPNOTSUPP;
	strncpy(process->executable, path, sizeof process->executable - 1);
	return 0;
}

kern_return_t S_proc_get_exe(mach_port_t port, pid_t pid, string_t path)
{
	struct process *self = process_of_port(port), *process = self ? process_of_pid(self, pid) : NULL;

	if (!process)
		return HURD_ESRCH;
	strcpy(path, process->executable);
	return 0;
}

kern_return_t S_proc_set_arg_locations(mach_port_t port, vm_address_t argv, vm_address_t envp)
{
	struct process *process = process_of_port(port);

	if (!process)
		return HURD_EOPNOTSUPP;
	process->argv = argv;
	process->envp = envp;
	return 0;
}

kern_return_t S_proc_get_arg_locations(mach_port_t port, vm_address_t *argv, vm_address_t *envp)
{
	struct process *process = process_of_port(port);

	if (!process)
		return HURD_EOPNOTSUPP;
	*argv = process->argv;
	*envp = process->envp;
	return 0;
}

/* Copies bytes out of a task; the number of bytes copied, less than SIZE at the end of its memory. */
static size_t peek(mach_port_t task, vm_address_t address, void *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		vm_address_t page = trunc_page(address + done), data;
		mach_msg_type_number_t count;
		size_t skip = address + done - page, part = vm_page_size - skip;

		if (vm_read(task, page, vm_page_size, &data, &count) != KERN_SUCCESS)
			break;
		if (part > size - done)
			part = size - done;
		memcpy((char *)buffer + done, (char *)data + skip, part);
		vm_deallocate(mach_task_self(), data, count);
		done += part;
	}
	return done;
}

/* The strings of a null-terminated vector in the task, one after the other. */
static kern_return_t read_vector(mach_port_t task, vm_address_t vector, char **out, mach_msg_type_number_t *size)
{
	vm_address_t result = 0;
	size_t used = 0;

	if (vm_allocate(mach_task_self(), &result, ARGUMENTS_MAX_BYTES, TRUE) != KERN_SUCCESS)
		return HURD_ENOMEM;
	for (int i = 0; vector && i < ARGUMENTS_MAX_COUNT && used < ARGUMENTS_MAX_BYTES; i++) {
		vm_address_t string;
		char *to = (char *)result + used;
		size_t got, length;

		if (peek(task, vector + i * sizeof string, &string, sizeof string) != sizeof string || !string)
			break;
		got = peek(task, string, to, ARGUMENTS_MAX_BYTES - used < 1024 ? ARGUMENTS_MAX_BYTES - used : 1024);
		length = strnlen(to, got);
		if (length == got)
			break;		/* no end in sight */
		used += length + 1;
	}
	*out = (char *)result;
	*size = used;
	if (round_page(used) < ARGUMENTS_MAX_BYTES)
		vm_deallocate(mach_task_self(), result + round_page(used), ARGUMENTS_MAX_BYTES - round_page(used));
	return 0;
}

static kern_return_t read_strings(mach_port_t port, pid_t pid, bool environment, char **out, mach_msg_type_number_t *size)
{
	struct process *self = process_of_port(port), *process = self ? process_of_pid(self, pid) : NULL;

	if (!process || process->task == MACH_PORT_NULL)
		return HURD_ESRCH;
	return read_vector(process->task, environment ? process->envp : process->argv, out, size);
}

kern_return_t S_proc_getprocargs(mach_port_t port, pid_t pid, data_t *out, mach_msg_type_number_t *size)
{
	return read_strings(port, pid, false, out, size);
}

kern_return_t S_proc_getprocenv(mach_port_t port, pid_t pid, data_t *out, mach_msg_type_number_t *size)
{
	return read_strings(port, pid, true, out, size);
}
