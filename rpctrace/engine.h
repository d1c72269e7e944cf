/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that traces.  It is not the one that the user started and may kill: that one only
   waits.  When it is gone, every traced task gets its own rights back. */
#ifndef RPCTRACE_ENGINE_H
#define RPCTRACE_ENGINE_H

#include "options.h"

/* What the waiting process says. */
#define CONTROL_PROGRAM_ENDED 'E'

/* Traces PID, which is the child that will exec the program, and gets a byte by GO (or -1) when it
   shall.  CONTROL ends when tracing shall.  The exit status. */
int engine_run (const struct options *options, int pid, int go, int control);

#endif
