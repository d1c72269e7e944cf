/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/buf.h"

#include "core/base/status.h"

static void
drop_own (struct dr_buf *buf)
{
  struct dr_alloc alloc = buf->alloc;
  alloc.free (alloc.ctx, buf, sizeof *buf + buf->bytes);
}

struct dr_buf *
dr_buf_new (const struct dr_alloc *alloc, size_t bytes)
{
  if (bytes > SIZE_MAX - sizeof (struct dr_buf))
    return NULL;
  struct dr_buf *buf = alloc->alloc (alloc->ctx, sizeof *buf + bytes);
  if (!buf)
    return NULL;
  dr_buf_wrap (buf, buf + 1, bytes, drop_own);
  buf->alloc = *alloc;
  return buf;
}

void
dr_buf_wrap (struct dr_buf *buf, void *data, size_t bytes,
	     void (*drop) (struct dr_buf *))
{
  buf->data = data;
  buf->bytes = bytes;
  buf->refs = 1;
  buf->drop = drop;
}

struct dr_buf *
dr_buf_ref (struct dr_buf *buf)
{
  uint32_t before = __atomic_fetch_add (&buf->refs, 1, __ATOMIC_RELAXED);
  dr_assert (before > 0 && before < UINT32_MAX);
  return buf;
}

void
dr_buf_drop (struct dr_buf *buf)
{
  if (!buf)
    return;
  uint32_t before = __atomic_fetch_sub (&buf->refs, 1, __ATOMIC_ACQ_REL);
  dr_assert (before > 0);
  if (before == 1)
    buf->drop (buf);
}
