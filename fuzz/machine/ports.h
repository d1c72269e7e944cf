/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rights of our task, by the model of Mach's ports: the calls of mach_port.defs are its.
   Who deallocates what it does not have ends the run.  */
#ifndef FUZZ_MACHINE_PORTS_H
#define FUZZ_MACHINE_PORTS_H

#include <stdbool.h>

#include "sim/kernel/kernel.h"

/* A new kernel with our task in it.  */
struct mk *machine_ports_begin (void);
struct mk_task *machine_task (void);
/* Every count of the kernel must be right still.  */
void machine_ports_check (void);
void machine_ports_end (void);
/* The end of both, when our task has no right and no page of its own left.  */
void machine_end (void);

#endif
