/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The read-only memory object of a pager.  It is a port of its own, because who holds a
   right to a port holds all that the port can do, and a proxy made by the local kernel could
   not be mapped by another one.  */
#include <errno.h>

#include "libpager/internal.h"

/* The lock is held.  */
static struct side_port *
read_only_port (struct pager *pager)
{
  if (!pager->read_only)
    pager->read_only = side_port_new (pager, OBJECT_READ_ONLY, 0);
  return pager->read_only;
}

mach_port_t
pager_create_ro_port (struct pager *pager)
{
  mach_port_t right = MACH_PORT_NULL;
  pthread_mutex_lock (&pager->lock);
  errno = EIO;
  if (!pager->shut && read_only_port (pager))
    right = ports_get_send_right (pager->read_only);
  if (right != MACH_PORT_NULL && !pager->read_only_used)
    {
      pager->read_only_used = true;
      ports_port_ref (pager);
    }
  pthread_mutex_unlock (&pager->lock);
  return right;
}
