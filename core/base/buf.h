/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reference-counted contiguous bytes, and slices of them.  A buffer may wrap
   memory of any kind (allocated, mapped, received out of line): its drop
   callback gives the memory back.  The count is atomic because a driver hands
   buffers between an engine under its lock and workers outside it; the bytes
   may be written only while there is a single reference.  */
#ifndef DR_BUF_H
#define DR_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/alloc.h"

struct dr_buf
{
  uint8_t *data;
  size_t bytes;
  uint32_t refs;
  /* Frees the bytes and the struct itself; called once, at the last drop.  */
  void (*drop) (struct dr_buf *buf);
  struct dr_alloc alloc;	/* for dr_buf_new's own drop; free for others */
};

struct dr_slice
{
  struct dr_buf *buf;		/* NULL only when bytes is 0 */
  size_t offset;
  size_t bytes;
};

/* A new buffer of BYTES (may be 0) uninitialised bytes, in one allocation,
   with one reference that the caller owns; NULL when out of memory.  */
struct dr_buf *dr_buf_new (const struct dr_alloc *alloc, size_t bytes);

/* Make BUF, memory of the caller's, a buffer with one reference over DATA.
   DROP must release DATA and BUF.  */
void dr_buf_wrap (struct dr_buf *buf, void *data, size_t bytes,
		  void (*drop) (struct dr_buf *));

/* Take another reference.  Returns BUF.  */
struct dr_buf *dr_buf_ref (struct dr_buf *buf);

/* Give one back.  BUF may be NULL.  */
void dr_buf_drop (struct dr_buf *buf);

static inline const uint8_t *
dr_slice_data (const struct dr_slice *s)
{
  return s->buf ? s->buf->data + s->offset : NULL;
}

#endif
