/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_HURD_PROCESS_H
#define FUZZ_HURD_PROCESS_H

#include <hurd.h>

kern_return_t proc_getprivports (mach_port_t process, mach_port_t *host, mach_port_t *device);
kern_return_t proc_reassign (mach_port_t process, mach_port_t task);
kern_return_t proc_set_exe (mach_port_t process, char *path);

#endif
