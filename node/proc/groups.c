/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Process groups, sessions, and lists of pids. */
#include "process.h"
#include "process_server.h"

static bool is_any(const struct process *p, pid_t id) { return true; }
static bool is_in_group(const struct process *p, pid_t id) { return p->pgrp == id; }
static bool is_in_session(const struct process *p, pid_t id) { return p->session == id; }
static bool leads_group_of_session(const struct process *p, pid_t id) { return p->session == id && p->pgrp == p->pid; }

/* The pids of all living processes that ARE such, in memory that goes away with the reply. */
static kern_return_t list_pids(bool (*are)(const struct process *, pid_t), pid_t id, pid_t **pids, mach_msg_type_number_t *count)
{
	mach_msg_type_number_t found = 0;
	vm_address_t memory = 0;

	for (struct process *p = proc_server.processes; p; p = p->next)
		found += p->life != LIFE_ZOMBIE && are(p, id);
	*count = found;
	if (found == 0)
		return 0;
	if (vm_allocate(mach_task_self(), &memory, found * sizeof(pid_t), TRUE) != KERN_SUCCESS)
		return HURD_ENOMEM;
	*pids = (pid_t *)memory;
	for (struct process *p = proc_server.processes; p; p = p->next)
		if (p->life != LIFE_ZOMBIE && are(p, id))
			(*pids)[--found] = p->pid;	/* oldest first */
	return 0;
}

kern_return_t S_proc_getallpids(mach_port_t port, pidarray_t *pids, mach_msg_type_number_t *count)
{
	return list_pids(is_any, 0, pids, count);
}

kern_return_t S_proc_getpgrppids(mach_port_t port, pid_t group, pidarray_t *pids, mach_msg_type_number_t *count)
{
	struct process *self = process_of_port(port);

	if (!self)
		return HURD_EOPNOTSUPP;
	kern_return_t error = list_pids(is_in_group, group ? group : self->pgrp, pids, count);
	return error == 0 && *count == 0 ? HURD_ESRCH : error;
}

kern_return_t S_proc_getsessionpids(mach_port_t port, pid_t session, pidarray_t *pids, mach_msg_type_number_t *count)
{
	return list_pids(is_in_session, session, pids, count);
}

kern_return_t S_proc_getsessionpgids(mach_port_t port, pid_t session, pidarray_t *pids, mach_msg_type_number_t *count)
{
	return list_pids(leads_group_of_session, session, pids, count);
}

kern_return_t S_proc_setsid(mach_port_t port)
{
	struct process *self = process_of_port(port);

	if (!self)
		return HURD_EOPNOTSUPP;
	if (self->pgrp == self->pid)
		return HURD_EPERM;
	self->pgrp = self->session = self->pid;
	return 0;
}

kern_return_t S_proc_getsid(mach_port_t port, pid_t pid, pid_t *session)
{
	struct process *self = process_of_port(port), *process = self ? process_of_pid(self, pid) : NULL;

	if (!process)
		return HURD_ESRCH;
	*session = process->session;
	return 0;
}

/* The session is known by its leader's process port: no one listens for requests of members there. */
kern_return_t S_proc_getsidport(mach_port_t port, mach_port_t *session_port, mach_msg_type_name_t *type)
{
	struct process *self = process_of_port(port), *leader = self ? process_of_pid(self, self->session) : NULL;

	if (!leader)
		return HURD_ESRCH;
	*session_port = leader->port;
	*type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

static bool group_exists_in_session(pid_t group, pid_t session)
{
	for (struct process *p = proc_server.processes; p; p = p->next)
		if (p->pgrp == group && p->session == session)
			return true;
	return false;
}

kern_return_t S_proc_setpgrp(mach_port_t port, pid_t pid, pid_t group)
{
	struct process *self = process_of_port(port), *process = self ? process_of_pid(self, pid) : NULL;

	if (!process || (process != self && process->parent != self))
		return HURD_ESRCH;
	if (group == 0)
		group = process->pid;
	if (process->pid == process->session || process->session != self->session)
		return HURD_EPERM;
	if (group != process->pid && !group_exists_in_session(group, self->session))
		return HURD_EPERM;
	process->pgrp = group;
	return 0;
}

kern_return_t S_proc_getpgrp(mach_port_t port, pid_t pid, pid_t *group)
{
	struct process *self = process_of_port(port), *process = self ? process_of_pid(self, pid) : NULL;

	if (!process)
		return HURD_ESRCH;
	*group = process->pgrp;
	return 0;
}
