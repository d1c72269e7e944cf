/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In place of the node's own library, what a server's main asks of it.  */
#ifndef FUZZ_POSIX_H
#define FUZZ_POSIX_H

#include <mach.h>
#include <mach/task_special_ports.h>

extern struct posix_startup
{
  mach_port_t *ports;
  size_t port_count;
} posix_startup;

kern_return_t task_get_special_port (mach_port_t task, int which, mach_port_t *port);

#endif
