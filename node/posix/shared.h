/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the process's memory is shared (MAP_SHARED), and with whom.

   A fork inherits the table and the ranges together. */
#ifndef POSIX_SHARED_H
#define POSIX_SHARED_H

#include "posix.h"

#define SHARED_RANGES_MAX 256

enum posix_sharing {
	POSIX_PRIVATE,
	POSIX_SHARED_HERE,	/* anonymous: by tasks of this kernel only */
	POSIX_SHARED_FILE,	/* a file's memory object, which other kernels may have mapped */
};

enum posix_sharing shared_kind(const volatile void *address);
/* Adds [START, END).  FILE is a send right to the file whose object it is, which is
   the table's on success, or null for anonymous memory.  False when the table is full. */
bool shared_add(unsigned long start, unsigned long end, mach_port_t file);
/* Takes [START, END) out of every range. */
void shared_remove(unsigned long start, unsigned long end);
/* The file mapped at the lowest address within [*START, END), with a reference for the
   caller; *START becomes the end of that mapping.  Null when there is none. */
mach_port_t shared_next_file(unsigned long *start, unsigned long end);

/* Around fork: no other thread is inside the table. */
void shared_fork_prepare(void);
void shared_fork_done(void);

#endif
