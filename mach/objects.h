/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory objects of this machine that another machine's kernel maps, though only one kernel may have
   them.

   Most pagers serve one kernel: the Hurd's libpager takes the first that comes, forgets all others, and
   waits for ever for a first one that has died.  And what such a server gives out for reading only is a
   proxy object of the local kernel's (memory_object_create_proxy): a request by message to that one stops
   the kernel, as to any port of its own.  For both there are stand-ins: we map the object here, where its
   one kernel is, and are the pager for all others.  What they read is what is there now; what they return
   is written there.  Between kernels nothing is kept the same: that is what a pager for many kernels is
   for, which says that it is one (PAGES_ARE_FOR_MANY). */
#ifndef DR_MACH_OBJECTS_H
#define DR_MACH_OBJECTS_H

#include "mach/give.h"
#include "mach/map.h"

#include <pthread.h>

struct objects
{
	pthread_mutex_t lock;
	struct map stand_ins;		/* by the object's name */
};

void objects_init (struct objects *objects);

/* Whether a message with this ID to the send right NAME is to be shown to objects_take. */
bool objects_look_at (struct objects *objects, mach_port_t name, int32_t id);

/* GIVEN, an owned message to a send right, is about to be sent, by a thread that may wait.  True: it must
   not be, and has been dealt with and destroyed.  Else nothing has happened. */
bool objects_take (struct objects *objects, struct given *given);

/* We have fewer references to NAME than before. */
void objects_dropped (struct objects *objects, mach_port_t name);

#endif
