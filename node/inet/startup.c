/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "startup.h"
#include <hurd.h>
#include <hurd/fsys.h>

kern_return_t startup_as_translator(mach_port_t control)
{
	mach_port_t bootstrap = MACH_PORT_NULL, node = MACH_PORT_NULL;
	kern_return_t error = task_get_bootstrap_port(mach_task_self(), &bootstrap);
	if (error)
		return error;
	if (bootstrap == MACH_PORT_NULL)
		return KERN_FAILURE;
	error = fsys_startup(bootstrap, 0, control, MACH_MSG_TYPE_MAKE_SEND, &node);
	mach_port_deallocate(mach_task_self(), bootstrap);
	if (!error && node != MACH_PORT_NULL)
		mach_port_deallocate(mach_task_self(), node);
	return error;
}

kern_return_t startup_privileged_ports(mach_port_t *host_priv, mach_port_t *device_master)
{
	return get_privileged_ports(host_priv, device_master);
}
