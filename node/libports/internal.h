/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIBPORTS_INTERNAL_H
#define LIBPORTS_INTERNAL_H

#include <stdbool.h>

#include "ports.h"

/* In the flags of a class or bucket: who makes a port waits.  */
#define NO_ALLOC 0x0800

/* Guards everything of this library.  */
extern pthread_mutex_t libports_lock;
/* A class or a bucket may make ports again.  */
extern pthread_cond_t libports_enabled;

/* The table of all ports with a receive right, by its name.  The lock is held.  */
void libports_enter (struct port_info *port);
void libports_remove (struct port_info *port);
struct port_info *libports_find (mach_port_t name);
/* From the first (AFTER NULL) to the last; NULL behind it.  */
struct port_info *libports_each (const struct port_info *after);

#endif
