/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The allocator of a target, that counts what is out.  */
#ifndef FUZZ_HEAP_H
#define FUZZ_HEAP_H

#include <stdlib.h>

#include "core/base/alloc.h"

static size_t held;	/* bytes */

static void *
heap_take (void *ctx, size_t bytes)
{
  void *p = malloc (bytes);
  held += p ? bytes : 0;
  return p;
}

static void
heap_give (void *ctx, void *p, size_t bytes)
{
  held -= bytes;
  free (p);
}

static const struct dr_alloc heap = { heap_take, heap_give, NULL };

#endif
