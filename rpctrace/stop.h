/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stopping a task that may not be stoppable. */
#ifndef RPCTRACE_STOP_H
#define RPCTRACE_STOP_H

#include <mach.h>
#include <stdbool.h>

/* As task_suspend, which waits until each thread has come to where it can stop: one that waits in the kernel
   for a pager that is silent never does.  False after STOP_MS: it goes on as before. */
bool stop_task (mach_port_t task);

#endif
