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

/* Waits only when OUTPUT_BYTES_MAX have not been written yet. */
void output_put (struct output *output, const char *text, size_t bytes);

/* Everything so far is written, or cannot be. */
void output_flush (struct output *output);

#endif
