/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For sources that include "../libpager/priv.h", as the Hurd's ext2fs does: what such a header
   has always brought along.  There is nothing private in it: a pager of many kernels has no
   one page map and no one control port that a server could look into.  Whether a kernel has a
   page is told by pager_notify_evict, why it was refused by pager_get_error.  */
#ifndef _LIBPAGER_PRIV_H
#define _LIBPAGER_PRIV_H

#include <mach.h>
#include <hurd.h>
#include <sys/mman.h>
#include <pthread.h>
#include "pager.h"
#include <hurd/ports.h>

#endif
