/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What peers hold from us.  The count says how often a name went out to the peer
   in this session; what it gives back is subtracted; so a name that is still on
   its way keeps the count above zero whatever crosses it.  */
#include "core/rights/internal.h"

struct export *
export_find (struct queue *q, struct session *s)
{
  LIST_EACH (e, &q->exports, struct export, in_queue)
    if (e->session == s)
      return e;
  return NULL;
}

enum dr_status
export_ensure (struct rights *r, struct queue *q, struct session *s,
	       struct export **out)
{
  struct export *e = export_find (q, s);
  if (!e)
    {
      if (s->exports_count >= r->config.exports_max)
	return DR_LIMIT;
      e = NEW (r, struct export);
      if (!e)
	return DR_NO_MEMORY;
      e->queue = q;
      e->session = s;
      e->work.kind = WORK_EXPORT;
      list_append (&q->exports, &e->in_queue);
      list_append (&s->exports, &e->in_session);
      s->exports_count++;
      r->exports_count++;
    }
  *out = e;
  return DR_OK;
}

void
export_free (struct rights *r, struct export *e)
{
  work_end (&e->work);
  list_remove (&e->in_queue);
  list_remove (&e->in_session);
  list_remove (&e->in_owing);
  e->session->exports_count--;
  r->exports_count--;
  queue_touch (r, e->queue);
  FREE (r, e);
}

void
export_returned (struct rights *r, struct export *e, uint64_t count)
{
  dr_assert (count <= e->count);
  e->count -= count;
  if (e->count == 0)
    {
      if (e->told_dead)
	owe (r, &e->work, EXPORT_FORGET);
      else
	export_free (r, e);
      return;
    }
  /* More of them were on their way when it left: tell it again.  */
  if (e->moved == MOVED_TOLD)
    e->moved = MOVED_NOT;
  if (queue_has_path (e->queue))
    owe (r, &e->work, EXPORT_MOVED);
}

void
export_owe_credit (struct rights *r, struct export *e, uint64_t bytes)
{
  struct session *s = e->session;
  if (list_empty (&s->owing))
    s->credit_at = r->now + r->config.credit_us;
  if (!e->in_owing.next)
    list_append (&s->owing, &e->in_owing);
  e->owed_messages++;
  e->owed_bytes += bytes;
  if (e->owed_messages >= r->config.window_messages / 2
      || e->owed_bytes >= r->config.window_bytes / 2)
    owe (r, &s->work, SESSION_CREDIT);
}

static enum emitted
emit_moved (struct rights *r, struct export *e, struct rights_action *a)
{
  struct queue *q = e->queue;
  struct frame f = { .type = FRAME_MOVED };

  e->work.bits &= ~(uint32_t) EXPORT_MOVED;
  if (e->moved != MOVED_NOT || e->count == 0 || !queue_has_path (q) || q->next
      || q->arriving || q->path->session == e->session)
    return NOTHING;
  struct handoff *h = handoff_new (r, e->session, q->path);
  if (!h)
    {
      e->work.bits |= EXPORT_MOVED;
      return NO_MEMORY;
    }
  f.handle = q->handle;
  f.at.home = q->path->session->key;
  f.at.address = q->path->session->address;
  f.at.number = q->path->session->number;
  f.id = h->id;
  if (!emit_frame (r, a, e->session->id, 0, &f))
    {
      handoff_free (r, h);
      e->work.bits |= EXPORT_MOVED;
      return NO_MEMORY;
    }
  h->export_handle = q->handle;
  e->moved = MOVED_TOLD;
  return EMITTED;
}

enum emitted
export_emit (struct rights *r, struct export *e, struct rights_action *a)
{
  struct frame f = { .handle = e->queue->handle };

  if (e->work.bits & EXPORT_DEAD)
    {
      f.type = FRAME_DEAD;
      if (!emit_frame (r, a, e->session->id, 0, &f))
	return NO_MEMORY;
      e->told_dead = true;
      e->work.bits &= ~(uint32_t) (EXPORT_DEAD | EXPORT_MOVED);
      if (e->count == 0)
	owe (r, &e->work, EXPORT_FORGET);
      return EMITTED;
    }
  if (e->work.bits & EXPORT_FORGET)
    {
      f.type = FRAME_FORGET;
      if (!emit_frame (r, a, e->session->id, 0, &f))
	return NO_MEMORY;
      export_free (r, e);
      return EMITTED;
    }
  if (e->work.bits & EXPORT_MOVED)
    return emit_moved (r, e, a);
  return NOTHING;
}
