/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/alloc.h"

#include <stdint.h>
#include <string.h>

void *
dr_alloc_zeroed (const struct dr_alloc *a, size_t bytes)
{
  void *p = a->alloc (a->ctx, bytes);
  if (p)
    memset (p, 0, bytes);
  return p;
}

void *
dr_alloc_array (const struct dr_alloc *a, size_t count, size_t bytes)
{
  if (count == 0 || bytes == 0 || count > SIZE_MAX / bytes)
    return NULL;
  return dr_alloc_zeroed (a, count * bytes);
}

void
dr_free_bytes (const struct dr_alloc *a, void *p, size_t bytes)
{
  if (p)
    a->free (a->ctx, p, bytes);
}
