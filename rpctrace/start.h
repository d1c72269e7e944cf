/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tracing a program from its first instruction: the process that is about to exec it gets, in place
   of its process port, one of ours that leads there.  So we see the exec server hand the process over
   to the program's new task, before that runs. */
#ifndef RPCTRACE_START_H
#define RPCTRACE_START_H

#include "options.h"
#include "relay.h"

/* PID waits, and execs when it is told to. */
bool start_prepare (struct relay *relay, int pid, struct complaint *complaint);

#endif
