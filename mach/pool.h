/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An allocator for the engines: small blocks are kept for reuse by size, which dr_alloc tells when
   one is given back; the C library has to find it out.  One message makes and drops some dozens. */
#ifndef DR_MACH_POOL_H
#define DR_MACH_POOL_H

#include "core/base/alloc.h"

#include <stdbool.h>

#define POOL_STEP_BYTES 64u
#define POOL_CLASSES 32u		/* so blocks up to 2 KiB; larger ones are the C library's */
#define POOL_KEPT_MAX 64u		/* blocks kept of one size: 4 MiB at most in all */

struct pool
{
	struct pool_class
	{
		bool busy;		/* somebody is at it; whoever comes then goes to the C library */
		unsigned kept;
		struct pool_block { struct pool_block *next; } *first;
	} classes[POOL_CLASSES];
};

/* A pool is all zero at first, and must outlive all that was allocated by it.  Any thread may use it. */
struct dr_alloc pool_alloc (struct pool *pool);

#endif
