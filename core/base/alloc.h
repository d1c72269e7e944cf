/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The allocator that the owner of an engine hands to it.  No engine in core
   allocates anything any other way, so a test can fail every allocation in
   turn and a driver can bound an engine's memory.  NULL is an ordinary event:
   the call that asked fails with DR_NO_MEMORY and has changed nothing.  */
#ifndef DR_ALLOC_H
#define DR_ALLOC_H

#include <stddef.h>

struct dr_alloc
{
  /* Returns memory aligned for any object, or NULL.  BYTES is never 0.  */
  void *(*alloc) (void *ctx, size_t bytes);
  /* P came from alloc with the same CTX and BYTES.  Never NULL.  */
  void (*free) (void *ctx, void *p, size_t bytes);
  void *ctx;
};

static inline void *
dr_alloc_bytes (const struct dr_alloc *a, size_t bytes)
{
  return a->alloc (a->ctx, bytes);
}

/* The same, zeroed.  */
void *dr_alloc_zeroed (const struct dr_alloc *a, size_t bytes);

/* An array of COUNT elements, zeroed; NULL also when the product overflows.  */
void *dr_alloc_array (const struct dr_alloc *a, size_t count, size_t bytes);

/* P may be NULL.  */
void dr_free_bytes (const struct dr_alloc *a, void *p, size_t bytes);

#endif
