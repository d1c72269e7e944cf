/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads for work that may block for as long as the kernel likes: sending to a full queue, to a
   kernel object whose call waits (vm_map, gsync_wait), to a slow server.  The pool grows with the
   number of jobs that block, up to a bound, and shrinks again. */
#ifndef DR_MACH_WORKERS_H
#define DR_MACH_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#define WORKERS_IDLE_MAX 4	/* threads kept for the next job */

struct workers;

/* Lives inside what the job is about; the pool never frees it. */
struct job
{
	struct job *next;
	void (*run) (struct job *job);
};

struct workers_status
{
	unsigned threads, idle;
	size_t waiting;			/* jobs that no thread has taken */
};

/* At most THREADS_MAX jobs run at once; more wait in order.  NULL when out of memory. */
struct workers *workers_create (unsigned threads_max);

/* Runs JOB->run (JOB) on some thread, soon.  Never fails and never waits: when no thread can be
   made the job waits for one that exists, and one always exists. */
void workers_submit (struct workers *workers, struct job *job);

void workers_status (struct workers *workers, struct workers_status *status);

#endif
