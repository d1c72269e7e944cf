/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers exec_startup_get_info, once for each new task. */
#include "startup_table.h"
#include <hurd_abi.h>
#include "exec_startup_server.h"

boolean_t exec_startup_server(mach_msg_header_t *request, mach_msg_header_t *reply);

static void drop_boot_port(mach_port_t boot_port)
{
	mach_port_mod_refs(mach_task_self(), boot_port, MACH_PORT_RIGHT_RECEIVE, -1);
}

/* Memory and rights go to the task with the reply. */
kern_return_t S_exec_startup_get_info(mach_port_t boot_port, vm_address_t *user_entry, vm_address_t *phdr_data,
				      vm_size_t *phdr_size, vm_address_t *stack_base, vm_size_t *stack_size, int *flags,
				      data_t *argv, mach_msg_type_number_t *argv_size,
				      data_t *envp, mach_msg_type_number_t *envp_size,
				      portarray_t *fds, mach_msg_type_name_t *fds_right, mach_msg_type_number_t *fd_count,
				      portarray_t *ports, mach_msg_type_name_t *ports_right, mach_msg_type_number_t *port_count,
				      intarray_t *ints, mach_msg_type_number_t *int_count)
{
	struct startup startup;

	if (!startup_table_take(boot_port, &startup))
		return HURD_EOPNOTSUPP;
	*user_entry = startup.program.entry;
	*phdr_data = startup.program.phdr;
	*phdr_size = startup.program.phdr_size;
	*stack_base = startup.stack_base;
	*stack_size = startup.stack_size;
	*flags = startup.flags;
	if ((*argv_size = startup.argv_size) > 0)
		*argv = startup.argv;
	if ((*envp_size = startup.envp_size) > 0)
		*envp = startup.envp;
	*fds_right = *ports_right = MACH_MSG_TYPE_MOVE_SEND;
	if ((*fd_count = startup.fd_count) > 0)
		*fds = startup.fds;
	if ((*port_count = startup.port_count) > 0)
		*ports = startup.ports;
	if ((*int_count = startup.int_count) > 0)
		*ints = startup.ints;
	return 0;
}

boolean_t startup_demux(mach_msg_header_t *request, mach_msg_header_t *reply, boolean_t *done)
{
	mach_port_t boot_port = request->msgh_local_port;
	struct startup startup;

	if (request->msgh_id == MACH_NOTIFY_NO_SENDERS) {
		if (!startup_table_take(boot_port, &startup))
			return FALSE;
		startup_release(&startup);
	} else if (!exec_startup_server(request, reply) || ((mig_reply_header_t *)reply)->RetCode != KERN_SUCCESS) {
		return FALSE;	/* who asked wrongly may ask again: what it is to learn is still kept */
	}
	drop_boot_port(boot_port);
	if (done)
		*done = TRUE;
	return TRUE;
}
