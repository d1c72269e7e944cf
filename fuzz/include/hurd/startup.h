/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_HURD_STARTUP_H
#define FUZZ_HURD_STARTUP_H

#include <hurd.h>

kern_return_t startup_procinit (mach_port_t startup, mach_port_t proc, mach_msg_type_name_t proc_kind, mach_port_t *task,
				mach_port_t *auth, mach_port_t *host_priv, mach_port_t *device_master);

#endif
