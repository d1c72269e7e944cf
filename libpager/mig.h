/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How memory_object.defs' server finds the object of a message: the port that it was sent
   to, with a reference for as long as the message is served.  Included by the stubs.  */
#ifndef LIBPAGER_MIG_H
#define LIBPAGER_MIG_H

#include <hurd/ports.h>

typedef struct port_info *libpager_object_t;

static inline libpager_object_t
libpager_begin (mach_port_t port)
{
  return ports_lookup_port (NULL, port, NULL);
}

static inline libpager_object_t
libpager_begin_payload (uintptr_t payload)
{
  return ports_lookup_payload (NULL, payload, NULL);
}

static inline void
libpager_end (libpager_object_t object)
{
  if (object)
    ports_port_deref (object);
}

#endif
