/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What we hold from peers.  */
#include "core/rights/internal.h"

static uint64_t
hash (const struct session *s, uint64_t handle)
{
  return table_mix (handle, s->id);
}

struct import *
import_find (struct rights *r, struct session *s, uint64_t handle)
{
  struct hnode *n = table_find (&r->import_handles, hash (s, handle));
  for (; n; n = table_more (n))
    {
      struct import *i = CONTAINER (n, struct import, by_handle);
      if (i->session == s && i->handle == handle)
	return i;
    }
  return NULL;
}

/* With Q NULL: for a tombstone or an orphan.  The count of a new one is 0: the
   caller names it, or frees it when it has to give up.  */
enum dr_status
import_ensure (struct rights *r, struct session *s, uint64_t handle,
	       struct queue *q, struct import **out)
{
  struct import *i = import_find (r, s, handle);
  if (!i)
    {
      if (s->imports_count >= r->config.imports_max)
	return DR_LIMIT;
      i = NEW (r, struct import);
      if (!i)
	return DR_NO_MEMORY;
      i->session = s;
      i->handle = handle;
      i->work.kind = WORK_IMPORT;
      list_append (&s->imports, &i->in_session);
      table_add (&r->import_handles, &r->alloc, &i->by_handle, hash (s, handle));
      s->imports_count++;
      r->imports_count++;
      if (q)
	{
	  i->queue = q;
	  i->once = q->once;
	  list_append (&q->imports, &i->in_queue);
	}
    }
  *out = i;
  return DR_OK;
}

/* The import of HANDLE that belongs to Q: a new one, its own, or one that outlived
   its queue.  Q NULL: whichever there is, or an orphan.  */
enum dr_status
import_for (struct rights *r, struct session *s, uint64_t handle, struct queue *q,
	    struct import **out)
{
  struct import *i = import_find (r, s, handle);
  if (!i)
    return import_ensure (r, s, handle, q, out);
  *out = i;
  if (!q || i->tombstone || i->queue == q)
    return DR_OK;
  if (i->queue && i->queue->place != PLACE_DEAD)
    return DR_PEER_FAULT;
  if (i->queue)
    queue_touch (r, i->queue);
  import_detach (r, i);
  work_end (&i->work);
  i->queue = q;
  i->once = q->once;
  list_append (&q->imports, &i->in_queue);
  return DR_OK;
}

/* Out of its queue; it stays in its session.  */
void
import_detach (struct rights *r, struct import *i)
{
  struct queue *q = i->queue;
  if (!q)
    return;
  migrate_way_gone (r, i);
  list_remove (&i->in_queue);
  if (q->path == i)
    q->path = NULL;
  if (q->next == i)
    q->next = NULL;
  i->queue = NULL;
  i->unacked = 0;
  i->unacked_bytes = 0;
}

void
import_free (struct rights *r, struct import *i)
{
  dr_assert (i->pins == 0 || !i->session->by_id.linked);
  if (i->queue)
    queue_touch (r, i->queue);
  import_detach (r, i);
  work_end (&i->work);
  list_remove (&i->in_session);
  table_remove (&r->import_handles, &i->by_handle);
  i->session->imports_count--;
  r->imports_count--;
  FREE (r, i);
}

void
import_unpin (struct rights *r, struct import *i)
{
  dr_assert (i->pins);
  i->pins--;
  if (i->queue)
    queue_touch (r, i->queue);
  else if (i->pins == 0)
    owe (r, &i->work, IMPORT_GIVE_BACK);
}

void
import_named (struct rights *r, struct import *i)
{
  i->count++;
  if (!i->queue)
    owe (r, &i->work, IMPORT_GIVE_BACK);
  else
    {
      if (!i->queue->path && i->queue->place == PLACE_PROXY && !i->queue->leaving)
	{
	  i->queue->path = i;
	  migrate_path_changed (r, i->queue);
	}
      queue_touch (r, i->queue);
    }
}

/* Its session is over: the way is gone, and if there is no other one so is the
   queue.  */
void
import_lost (struct rights *r, struct import *i)
{
  struct queue *q = i->queue;
  bool was_path = q->path == i;
  import_detach (r, i);
  queue_touch (r, q);
  if (q->place != PLACE_PROXY)
    return;
  if (was_path && !q->path)
    {
      if (q->next)
	q->path = q->next;
      else if (!list_empty (&q->imports))
	q->path = CONTAINER (q->imports.next, struct import, in_queue);
      q->next = NULL;
    }
  if (!q->path && q->claims == 0 && !q->leaving && !q->arriving)
    queue_kill (r, q);
  else
    migrate_path_changed (r, q);
}

bool
import_releasable (const struct import *i)
{
  const struct queue *q = i->queue;
  if (i->pins || i->unacked)
    return false;
  if (!q)
    return !i->tombstone;
  if (q->place == PLACE_PROXY && (q->path == i || q->next == i))
    return false;
  return !q->once;
}

enum emitted
import_emit (struct rights *r, struct import *i, struct rights_action *a)
{
  struct frame f = { .handle = i->handle, .count = i->count };

  if (!i->work.bits)
    return NOTHING;
  i->work.bits = 0;
  if (!i->tombstone && !i->once && !import_releasable (i))
    return NOTHING;
  /* Also of a dead queue: a message that names it may still be on its way home, on
     another stream, and what it names must be counted there until it arrives.  */
  if (i->tombstone && i->pins)
    return NOTHING;
  if (i->count)
    {
      f.type = i->once ? FRAME_ONCE_GONE : FRAME_RELEASE;
      if (!emit_frame (r, a, i->session->id, i->handle, &f))
	{
	  i->work.bits = IMPORT_GIVE_BACK;
	  return NO_MEMORY;
	}
      i->count = 0;
    }
  if (!i->tombstone)
    import_free (r, i);
  return f.type ? EMITTED : NOTHING;
}
