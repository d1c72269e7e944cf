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
  struct side_port *side = NULL;
  if (pager->read_only)
    return pager->read_only;
  errno = ports_create_port_noinstall (libpager_side_class, pager->port.bucket, sizeof *side,
				       &side);
  if (errno)
    return NULL;
  side->kind = OBJECT_READ_ONLY;
  side->pager = pager;
  side->client = 0;
  mach_port_move_member (mach_task_self (), side->port.port_right, side->port.bucket->portset);
  pager->read_only = side;
  return side;
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
