/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines to a file, written by a thread of their own: the file's server may be what is traced, or may
   wait for it. */
#ifndef RPCTRACE_OUTPUT_H
#define RPCTRACE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct output;

/* FD is the output's from now on.  A PATIENT one writes only when there is much or OUTPUT_DELAY_MS have
   passed: what is traced may be the file's server, and each write makes new lines.  NULL: no memory or
   threads. */
struct output *output_new (int fd, bool patient);

/* TEXT is a line, or a piece of the one begun before; what began a line is followed by the rest of it.  A new
   line that there is no room for is waited for as long as the file takes anything, but not longer than
   OUTPUT_STALL_MS otherwise; then this and all further lines are dropped and counted, until half of what
   waited has been written. */
void output_put (struct output *output, const char *text, size_t bytes);

/* What is traced serves the file: nothing of it would be written while we wait, so nobody waits. */
void output_never_wait (struct output *output);

/* How many lines were dropped since it was last asked, once there is room again; else 0. */
unsigned long output_missing (struct output *output);

/* Everything so far is written, or cannot be. */
void output_flush (struct output *output);

#endif
