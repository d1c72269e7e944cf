/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first right: each peer may ask for the one that we chose for it.  */
#include "core/rights/internal.h"

void
root_free (struct rights *r, struct root_request *q)
{
  work_end (&q->work);
  list_remove (&q->node);
  if (q->answer)
    message_doom (r, q->answer);
  FREE (r, q);
}

static struct root_request *
root_new (struct rights *r, uint64_t session, uint64_t request)
{
  struct root_request *q = NEW (r, struct root_request);
  if (!q)
    return NULL;
  q->session = session;
  q->request = request;
  q->work.kind = WORK_ROOT;
  list_append (&r->roots, &q->node);
  return q;
}

enum dr_status
rights_get_root (struct rights *r, uint64_t now, uint64_t session,
		 uint64_t *request)
{
  struct session *s = session_find (r, session);
  struct frame f = { .type = FRAME_GET_ROOT, .id = r->last_id + 1 };

  r->now = now;
  if (!s)
    return DR_SESSION_OVER;
  struct note *note = note_new (r, session, 0, &f);
  if (!note || !root_new (r, session, f.id))
    {
      note_drop (r, note);
      return DR_NO_MEMORY;
    }
  r->last_id++;
  note_post (r, note);
  *request = f.id;
  return DR_OK;
}

/* The record of the right's queue; made if need be.  */
static enum dr_status
root_queue (struct rights *r, const struct wire_right *right, struct queue **out)
{
  struct queue *q = queue_by_name (r, right->name);
  if (q && (q->once || q->place == PLACE_DEAD))
    return DR_INVALID;
  if (!q && (q = queue_new (r, NULL, PLACE_HOME, false)))
    queue_set_name (r, q, right->name);
  *out = q;
  return q ? DR_OK : DR_NO_MEMORY;
}

/* The answer as a note, whose bytes are written once nothing can fail.  */
static enum dr_status
post_root (struct rights *r, struct session *s, struct frame *f, struct message *m)
{
  uint8_t bytes[FRAME_CONTROL_BYTES_MAX];
  struct offer offer = { 0 };
  struct note *note = note_new (r, s->id, 0, &(struct frame) { .type = FRAME_GET_ROOT });
  struct dr_buf *buf = dr_buf_new (&r->alloc, FRAME_CONTROL_BYTES_MAX);
  enum dr_status st = note && buf ? offer_ensure (r, s, &m->wire.reply, m->queues[0],
						  &offer) : DR_NO_MEMORY;
  if (st == DR_OK && offer.pin)
    st = DR_INVALID;		/* the peer's own right: it needs no root */
  if (st)
    {
      offer_undo (r, &offer);
      note_drop (r, note);
      dr_buf_drop (buf);
      return st == DR_AGAIN ? DR_LIMIT : st;
    }
  offer_commit (r, s, m, 0, &offer, &f->desc);
  note->bytes = frame_write (f, bytes);
  memcpy (buf->data, bytes, note->bytes);
  dr_buf_drop (note->buf);
  note->buf = buf;
  note_post (r, note);
  return DR_OK;
}

enum dr_status
rights_give_root (struct rights *r, uint64_t now, uint64_t session,
		  uint64_t request, const struct wire_right *right, uint32_t error)
{
  struct session *s = session_find (r, session);
  struct frame f = { .type = FRAME_ROOT, .id = request, .error = error };
  bool given = right->reference == WIRE_LOCAL;
  struct queue *q = NULL;
  enum dr_status st;

  r->now = now;
  if (!s)
    return DR_SESSION_OVER;
  if (given ? error != 0 || right->disposition != WIRE_SEND
      : right->reference != WIRE_NULL || error == 0 || error == RIGHTS_ROOT_GONE)
    return DR_INVALID;
  struct message *m = message_new (r, 0, 0, 0);
  if (!m)
    return DR_NO_MEMORY;
  st = given ? root_queue (r, right, &q) : DR_OK;
  if (st == DR_OK)
    {
      m->wire.reply = *right;
      message_set (m, 0, q);
      st = post_root (r, s, &f, m);
    }
  if (st == DR_OK && q)
    {
      if (q->held == 0 && q->place == PLACE_HOME)
	owe (r, &q->work, QUEUE_WATCH);
      q->held++;
    }
  if (m->queues[0])
    {
      m->queues[0]->refs--;
      m->queues[0] = NULL;
    }
  message_free (r, m);
  if (q)
    queue_touch (r, q);
  reap (r);
  return st;
}

enum emitted
root_emit (struct rights *r, struct root_request *q, struct rights_action *a)
{
  a->session = q->session;
  a->request = q->request;
  if (q->work.bits & ROOT_ASK)
    {
      a->kind = RIGHTS_ROOT_WANTED;
      root_free (r, q);
      return EMITTED;
    }
  if (q->answer)
    {
      struct queue *unknown = deliver_unknown (r, q->answer);
      if (unknown)
	{
	  deliver_create (r, unknown, a);
	  owe (r, &q->work, 0);
	  return EMITTED;
	}
      deliver_fill (r, q->answer);
      deliver_ticket (r, q->answer, NULL);
      a->ticket = q->answer->ticket;
      a->to = q->answer->wire.reply;
      q->answer = NULL;
    }
  a->kind = RIGHTS_ROOT;
  a->error = q->error;
  root_free (r, q);
  return EMITTED;
}

static enum dr_status
take_root (struct rights *r, struct session *s, const struct frame *f)
{
  struct root_request *q = NULL;
  struct resolved v;

  LIST_EACH (each, &r->roots, struct root_request, node)
    if (each->session == s->id && each->request == f->id && !each->answered
	&& !(each->work.bits & ROOT_ASK))
      q = each;
  if (!q || (f->desc.kind == DESC_NULL ? f->error == 0 || f->error == RIGHTS_ROOT_GONE
	     : f->error != 0 || f->desc.disposition != WIRE_SEND))
    return DR_PEER_FAULT;
  struct message *m = message_new (r, 0, 0, 0);
  if (!m)
    return DR_NO_MEMORY;
  enum dr_status st = resolve (r, s, &f->desc, &v);
  if (st)
    {
      resolve_undo (r, &v);
      message_free (r, m);
      return st;
    }
  m->wire.reply.disposition = f->desc.disposition;
  m->wire.reply.reference = v.dead ? WIRE_DEAD : WIRE_NULL;
  message_set (m, 0, v.queue);
  resolve_commit (r, s, &f->desc, &v);
  q->answered = true;
  q->error = f->error;
  q->answer = m;
  owe (r, &q->work, ROOT_TELL);
  return DR_OK;
}

enum dr_status
root_frame (struct rights *r, struct session *s, const struct frame *f)
{
  if (f->type == FRAME_ROOT)
    return take_root (r, s, f);
  struct root_request *q = root_new (r, s->id, f->id);
  if (!q)
    return DR_NO_MEMORY;
  owe (r, &q->work, ROOT_ASK);
  return DR_OK;
}

void
root_session_down (struct rights *r, struct session *s)
{
  LIST_EACH (q, &r->roots, struct root_request, node)
    {
      if (q->session != s->id || q->answered)
	continue;
      if (q->work.bits & ROOT_ASK)
	{
	  root_free (r, q);
	  continue;
	}
      q->answered = true;
      q->error = RIGHTS_ROOT_GONE;
      owe (r, &q->work, ROOT_TELL);
    }
}
