/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions: their beginning, their end (where everything counted in them becomes
   void), their credits, and the frames that arrive in them.  */
#include "core/rights/internal.h"

struct session *
session_find (struct rights *r, uint64_t id)
{
  struct hnode *n = table_find (&r->session_ids, table_mix (id, 0));
  for (; n; n = table_more (n))
    {
      struct session *s = CONTAINER (n, struct session, by_id);
      if (s->id == id)
	return s;
    }
  return NULL;
}

struct session *
session_of_key (struct rights *r, const struct rights_key *key)
{
  LIST_EACH (s, &r->sessions, struct session, node)
    if (key_equal (&s->key, key))
      return s;
  return NULL;
}

enum dr_status
rights_session_up (struct rights *r, uint64_t now, const struct rights_key *key,
		   uint64_t number, const struct rights_address *address,
		   uint64_t *session)
{
  r->now = now;
  if (key_equal (key, &r->config.key))
    return DR_INVALID;
  struct session *s = NEW (r, struct session);
  if (!s)
    return DR_NO_MEMORY;
  struct session *old = session_of_key (r, key);
  if (old)
    rights_session_down (r, now, old->id);

  s->id = ++r->last_session;
  s->number = number;
  s->key = *key;
  if (address)
    s->address = *address;
  s->work.kind = WORK_SESSION;
  list_init (&s->exports);
  list_init (&s->imports);
  list_init (&s->takens);
  list_init (&s->owing);
  list_append (&r->sessions, &s->node);
  table_add (&r->session_ids, &r->alloc, &s->by_id, table_mix (s->id, 0));
  handoff_session_up (r, s);
  reap (r);
  *session = s->id;
  return DR_OK;
}

static void
end_imports (struct rights *r, struct session *s)
{
  LIST_EACH (i, &s->imports, struct import, in_session)
    {
      struct queue *q = i->queue;
      /* Hand-offs that rely on it have nothing to rely on any more.  */
      LIST_EACH (h, &r->handoffs, struct handoff, node)
	if (i->pins && h->import == i)
	  {
	    h->import = NULL;
	    i->pins--;
	  }
      if (q)
	import_lost (r, i);
      import_free (r, i);
    }
}

static void
end_exports (struct rights *r, struct session *s)
{
  LIST_EACH (e, &s->exports, struct export, in_session)
    {
      struct queue *q = e->queue;
      export_free (r, e);
      if (CANARY (SEND_ONCE) && q->once)
	q->held = 0;
      if (q->once && q->place == PLACE_HOME && !q->used)
	queue_once_unused (r, q);
      queue_touch (r, q);
    }
}

static void
end_leaving (struct rights *r, struct session *s)
{
  LIST_EACH (q, &r->leaving, struct queue, leaving_node)
    if (q->leaving_to == s->id)
      queue_kill (r, q);
}

void
rights_session_down (struct rights *r, uint64_t now, uint64_t session)
{
  struct session *s = session_find (r, session);
  r->now = now;
  if (!s)
    return;
  table_remove (&r->session_ids, &s->by_id);
  list_remove (&s->node);
  work_end (&s->work);

  LIST_EACH (t, &s->takens, struct taken, node)
    {
      for (uint32_t i = 0; i < t->count; i++)
	t->imports[i]->pins--;
      table_remove (&r->taken_ids, &t->by_id);
      list_remove (&t->node);
      r->takens_count--;
      free_record (r, t, sizeof *t + t->count * sizeof *t->imports);
    }
  LIST_EACH (n, &r->notes, struct note, node)
    if (n->session == session)
      note_drop (r, n);
  handoff_session_down (r, s);
  end_leaving (r, s);
  end_imports (r, s);
  end_exports (r, s);
  root_session_down (r, s);
  queue_wake_blocked (r);
  queue_wake_waiting (r);
  reap (r);
  dr_assert (list_empty (&s->exports) && list_empty (&s->imports));
  FREE (r, s);
}

void
rights_session_blocked (struct rights *r, uint64_t session, bool blocked)
{
  struct session *s = session_find (r, session);
  if (!s || s->blocked == blocked)
    return;
  s->blocked = blocked;
  LIST_EACH (i, &s->imports, struct import, in_session)
    if (i->queue && i->queue->path == i)
      {
	if (!blocked && i->queue->out_count)
	  owe (r, &i->queue->work, QUEUE_TRANSMIT);
	queue_touch (r, i->queue);
      }
  reap (r);
}

/* --- Credits ---------------------------------------------------------------- */

enum emitted
session_emit (struct rights *r, struct session *s, struct rights_action *a)
{
  struct frame f = { .type = FRAME_CREDIT };

  LIST_EACH (e, &s->owing, struct export, in_owing)
    {
      if (f.credits_count == FRAME_CREDITS_MAX)
	break;
      f.credits[f.credits_count++] = (struct credit)
	{ e->queue->handle, e->owed_messages, e->owed_bytes };
    }
  if (f.credits_count == 0)
    {
      s->work.bits = 0;
      return NOTHING;
    }
  if (!emit_frame (r, a, s->id, 0, &f))
    return NO_MEMORY;
  for (uint32_t n = 0; n < f.credits_count; n++)
    {
      struct export *e = CONTAINER (s->owing.next, struct export, in_owing);
      list_remove (&e->in_owing);
      e->owed_messages = 0;
      e->owed_bytes = 0;
    }
  s->work.bits = 0;
  if (!list_empty (&s->owing))
    owe (r, &s->work, SESSION_CREDIT);
  return EMITTED;
}

/* --- Notes ------------------------------------------------------------------- */

struct note *
note_new (struct rights *r, uint64_t session, uint64_t stream,
	  const struct frame *frame)
{
  uint8_t bytes[FRAME_CONTROL_BYTES_MAX];
  size_t size = frame_write (frame, bytes);
  struct note *n = NEW (r, struct note);
  if (!n)
    return NULL;
  n->buf = dr_buf_new (&r->alloc, size);
  if (!n->buf)
    {
      FREE (r, n);
      return NULL;
    }
  memcpy (n->buf->data, bytes, size);
  n->bytes = size;
  n->session = session;
  n->stream = stream;
  n->work.kind = WORK_NOTE;
  return n;
}

void
note_post (struct rights *r, struct note *n)
{
  if (!n)
    return;
  list_append (&r->notes, &n->node);
  owe (r, &n->work, 1);
}

void
note_drop (struct rights *r, struct note *n)
{
  if (!n)
    return;
  work_end (&n->work);
  list_remove (&n->node);
  dr_buf_drop (n->buf);
  FREE (r, n);
}

enum emitted
note_emit (struct rights *r, struct note *n, struct rights_action *a)
{
  emit_buf (r, a, n->session, n->stream, dr_buf_ref (n->buf));
  r->slices[0].bytes = n->bytes;
  note_drop (r, n);
  return EMITTED;
}

/* --- Frames -------------------------------------------------------------------- */

static enum dr_status
take_credits (struct rights *r, struct session *s, const struct frame *f)
{
  for (uint32_t n = 0; n < f->credits_count; n++)
    {
      const struct credit *c = &f->credits[n];
      struct import *i = import_find (r, s, c->handle);
      /* Credits for a queue that died meanwhile mean nothing, and too many harm
	 only the peer that gave them.  */
      if (!i || !i->queue)
	continue;
      i->unacked -= c->messages < i->unacked ? c->messages : i->unacked;
      i->unacked_bytes -= c->bytes < i->unacked_bytes ? c->bytes : i->unacked_bytes;
      if (i->queue->out_count)
	owe (r, &i->queue->work, QUEUE_TRANSMIT);
      queue_touch (r, i->queue);
    }
  return DR_OK;
}

static enum dr_status
take_taken (struct rights *r, struct session *s, uint64_t id)
{
  struct hnode *n = table_find (&r->taken_ids, table_mix (id, 0));
  for (; n; n = table_more (n))
    {
      struct taken *t = CONTAINER (n, struct taken, by_id);
      if (t->id != id || t->session != s->id)
	continue;
      for (uint32_t i = 0; i < t->count; i++)
	import_unpin (r, t->imports[i]);
      table_remove (&r->taken_ids, &t->by_id);
      list_remove (&t->node);
      r->takens_count--;
      free_record (r, t, sizeof *t + t->count * sizeof *t->imports);
      return DR_OK;
    }
  return DR_PEER_FAULT;
}

/* The peer gives back holds, or the one hold of a send-once right.  */
static enum dr_status
take_back (struct rights *r, struct session *s, const struct frame *f)
{
  struct queue *q = queue_by_handle (r, f->handle);
  struct export *e = q ? export_find (q, s) : NULL;
  bool once = f->type == FRAME_ONCE_GONE;
  uint64_t count = once ? 1 : CANARY (RELEASE) && e ? e->count : f->count;
  dr_assert (!CANARY (CRASH) || count < 3);

  if (!e || count == 0 || count > e->count || q->once != once)
    return DR_PEER_FAULT;
  if (once && q->place == PLACE_HOME)
    queue_once_unused (r, q);
  export_returned (r, e, count);
  queue_touch (r, q);
  return DR_OK;
}

static enum dr_status
take_dead (struct rights *r, struct session *s, const struct frame *f)
{
  struct import *i = import_find (r, s, f->handle);
  struct queue *q;

  if (f->handle == 0)
    return DR_PEER_FAULT;
  if (!i)
    {
      /* Its name is still on the way to us: remember that it is dead.  */
      enum dr_status st = import_ensure (r, s, f->handle, NULL, &i);
      if (st == DR_OK)
	i->tombstone = true;
      return st;
    }
  if (i->tombstone)
    return DR_PEER_FAULT;
  q = i->queue;
  import_detach (r, i);
  i->tombstone = true;
  if (i->count)
    owe (r, &i->work, IMPORT_GIVE_BACK);
  if (q)
    {
      if (q->place == PLACE_PROXY && !q->arriving)
	queue_kill (r, q);
      else if (q->arriving)
	migrate_path_changed (r, q);
      queue_touch (r, q);
    }
  return DR_OK;
}

static enum dr_status
take_forget (struct rights *r, struct session *s, const struct frame *f)
{
  struct import *i = import_find (r, s, f->handle);
  if (!i || !i->tombstone || i->count)
    return DR_PEER_FAULT;
  i->tombstone = false;
  if (i->pins == 0)
    import_free (r, i);
  return DR_OK;
}

static enum dr_status
take_control (struct rights *r, struct session *s, uint64_t stream,
	      const struct frame *f)
{
  if (stream != (f->type < FRAME_CREDIT ? f->handle : 0))
    return DR_PEER_FAULT;
  switch (f->type)
    {
    case FRAME_RELEASE:
    case FRAME_ONCE_GONE:
      return take_back (r, s, f);
    case FRAME_CREDIT:
      return take_credits (r, s, f);
    case FRAME_DEAD:
      return take_dead (r, s, f);
    case FRAME_FORGET:
      return take_forget (r, s, f);
    case FRAME_TAKEN:
      return take_taken (r, s, f->id);
    case FRAME_FLUSH:
    case FRAME_ACCEPT:
    case FRAME_FLUSHED:
      return migrate_frame (r, s, f);
    case FRAME_GET_ROOT:
    case FRAME_ROOT:
      return root_frame (r, s, f);
    default:
      return handoff_frame (r, s, f);
    }
}

enum dr_status
rights_frame (struct rights *r, uint64_t now, uint64_t session, uint64_t stream,
	      struct dr_buf *buf)
{
  struct session *s = session_find (r, session);
  enum dr_status st;

  r->now = now;
  if (!s)
    return DR_SESSION_OVER;
  if (buf->bytes && buf->data[0] == FRAME_MESSAGE)
    {
      struct dr_in in = dr_in (buf->data, buf->bytes);
      struct message_head head;
      if (!message_head_read (&in, &head) || head.handle != stream)
	return DR_PEER_FAULT;
      st = receive_message (r, s, buf);
    }
  else
    {
      struct frame f;
      if (!frame_read (buf->data, buf->bytes, &f))
	return DR_PEER_FAULT;
      st = take_control (r, s, stream, &f);
    }
  if (st == DR_LIMIT)
    st = DR_PEER_FAULT;
  reap (r);
  if (st == DR_NO_MEMORY)
    r->retry_at = now + RETRY_US;
  return st;
}
