/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that traces.  It is not the one that the user started and may kill: that one only
   waits.  When it is gone, every traced task gets its own rights back. */
#ifndef RPCTRACE_ENGINE_H
#define RPCTRACE_ENGINE_H

#include "options.h"

/* What the waiting process says. */
#define CONTROL_PROGRAM_ENDED 'E'
/* What it is told. */
#define REPORT_DONE 'D'

/* Traces PID, which is the child that will exec the program, and gets a byte by GO (or -1) when it
   shall.  CONTROL ends when tracing shall.  REPORT is told when all tasks have their rights back and all
   lines are written; from then on only answers that are still to come are passed on, and who waits for
   us need not wait longer.  The exit status. */
int engine_run (const struct options *options, int pid, int go, int control, int report);

#endif
