/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A running task becomes traced, and stops being it: each of its rights is exchanged for another one
   under the same name, with as many user references.

   Queues that the world knows are the world's still: when the task is attached, the receive right that
   the world sends to becomes ours and the task gets another one; when it is detached, it gets the one
   that the world knows.  So the world's names never change either. */
#ifndef RPCTRACE_ATTACH_H
#define RPCTRACE_ATTACH_H

#include "options.h"
#include "relay.h"

/* Takes the lock itself. */
bool attach_pid (struct relay *relay, int pid, struct complaint *complaint);

/* With the lock held: the threads of a stopped TASK that wait in the kernel will look anew at what they
   wait for. */
void attach_abort_waits (mach_port_t task);

#endif
