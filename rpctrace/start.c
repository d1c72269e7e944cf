/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start.h"

#include <hurd.h>
#include <hurd/process.h>

/* Exchanges TASK's right NAME for one to END, with as many references. */
static bool
exchange (mach_port_t task, mach_port_t name, struct end *end)
{
	mach_port_urefs_t urefs = 1;

	if (mach_port_get_refs (task, name, MACH_PORT_RIGHT_SEND, &urefs) != KERN_SUCCESS
		|| mach_port_mod_refs (task, name, MACH_PORT_RIGHT_SEND, -(int) urefs) != KERN_SUCCESS
		|| mach_port_insert_right (task, name, end->port, MACH_MSG_TYPE_MAKE_SEND) != KERN_SUCCESS)
		return false;
	end->makes++;
	if (urefs > 1)
		mach_port_mod_refs (task, name, MACH_PORT_RIGHT_SEND, urefs - 1);
	return true;
}

static bool
is_right (mach_port_t task, mach_port_t name, mach_port_t wanted)
{
	mach_msg_type_name_t type;
	mach_port_t right;

	if (mach_port_extract_right (task, name, MACH_MSG_TYPE_COPY_SEND, &right, &type) != KERN_SUCCESS)
		return false;
	mach_port_deallocate (mach_task_self (), right);
	return right == wanted;
}

/* WANTED stays known to us meanwhile, so its name stays what it is. */
static bool
exchange_all (mach_port_t task, mach_port_t wanted, struct end *end)
{
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t count, types_count;
	bool found = false;

	if (mach_port_names (task, &names, &count, &types, &types_count) != KERN_SUCCESS)
		return false;
	for (mach_msg_type_number_t i = 0; i < count; i++)
		if (types[i] & MACH_PORT_TYPE_SEND && is_right (task, names[i], wanted))
			found |= exchange (task, names[i], end);
	vm_deallocate (mach_task_self (), (vm_address_t) names, count * sizeof *names);
	vm_deallocate (mach_task_self (), (vm_address_t) types, types_count * sizeof *types);
	return found;
}

bool
start_prepare (struct relay *relay, int pid, struct complaint *complaint)
{
	struct rights *rights = &relay->rights;
	mach_port_t proc = getproc (), task, process;
	struct queue *queue;
	bool good;

	if (proc_pid2task (proc, pid, &task) != 0 || proc_task2proc (proc, task, &process) != 0)
		return complain (complaint, "the process server does not know process %d", pid);
	pthread_mutex_lock (&relay->lock);
	queue = rights_identify (rights, process, rights->world);
	queue->process_of = rights_party (rights, task);
	party_use (queue->process_of);
	queue->process_of->pid = pid;
	good = exchange_all (task, process, rights_end (rights, queue, rights->door));
	pthread_mutex_unlock (&relay->lock);
	return good || complain (complaint, "cannot get between process %d and the process server", pid);
}
