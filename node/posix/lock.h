/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks of node/posix.  musl's own think that a process with one thread needs
   none; the signal thread is one that musl does not know.  A holder never runs
   signal handlers and never waits for anything but the kernel or a server, so
   a lock can be taken anywhere in a system call.  0 is unlocked. */
#ifndef POSIX_LOCK_H
#define POSIX_LOCK_H

typedef int posix_lock_t;

void posix_lock(posix_lock_t *lock);
void posix_unlock(posix_lock_t *lock);

#endif
