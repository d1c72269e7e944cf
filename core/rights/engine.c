/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instance, its work list, and the end of every event.  */
#include "core/rights/internal.h"

void
rights_config_default (struct rights_config *config)
{
  memset (config, 0, sizeof *config);
  config->window_messages = 16;
  config->window_bytes = 1 << 20;
  config->credit_us = 20000;
  config->connect_us = 5000000;
  config->message_bytes_max = 1 << 30;
  config->imports_max = 1 << 20;
  config->exports_max = 1 << 20;
  config->backlog_messages_max = 65536;
}

bool
key_equal (const struct rights_key *a, const struct rights_key *b)
{
  return memcmp (a->bytes, b->bytes, RIGHTS_KEY_BYTES) == 0;
}

bool
identity_equal (const struct identity *a, const struct identity *b)
{
  return a->serial == b->serial && a->epoch == b->epoch
	 && key_equal (&a->origin, &b->origin);
}

void *
new_record (struct rights *r, size_t bytes)
{
  return dr_alloc_zeroed (&r->alloc, bytes);
}

void
free_record (struct rights *r, void *p, size_t bytes)
{
  dr_free_bytes (&r->alloc, p, bytes);
}

enum dr_status
rights_create (const struct rights_config *config, const struct dr_alloc *alloc,
	       struct rights **out)
{
  if (config->window_messages == 0 || config->window_messages > WINDOW_MESSAGES_MAX
      || config->window_bytes == 0 || config->message_bytes_max == 0)
    return DR_INVALID;
  struct rights *r = dr_alloc_zeroed (alloc, sizeof *r);
  if (!r)
    return DR_NO_MEMORY;
  r->config = *config;
  r->alloc = *alloc;
  r->last_proxy = FIRST_PROXY;
  r->last_session = r->last_handle = r->last_ticket = r->last_id = FIRST_NUMBER;
  r->retry_at = RIGHTS_NEVER;
  struct list *lists[] = { &r->sessions, &r->queues, &r->handoffs, &r->claims,
    &r->grants, &r->pendings, &r->notes, &r->roots, &r->work, &r->touched,
    &r->doomed, &r->blocked, &r->waiting, &r->leaving };
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    list_init (lists[i]);
  struct table *tables[] = { &r->session_ids, &r->identities, &r->names,
    &r->proxies, &r->handles, &r->tokens, &r->hops, &r->import_handles, &r->tickets,
    &r->handoff_ids, &r->claim_ids, &r->grant_ids, &r->pending_ids, &r->taken_ids };
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    table_init (tables[i]);
  *out = r;
  return DR_OK;
}

/* --- Work ----------------------------------------------------------------- */

void
owe (struct rights *r, struct work *work, uint32_t bits)
{
  work->bits |= bits;
  if (!work->node.next)
    list_append (&r->work, &work->node);
}

void
work_end (struct work *work)
{
  list_remove (&work->node);
  work->bits = 0;
}

void
emit_buf (struct rights *r, struct rights_action *a, uint64_t session,
	  uint64_t stream, struct dr_buf *buf)
{
  dr_assert (r->slices_capacity >= 1);
  r->slices[0] = (struct dr_slice) { buf, 0, buf->bytes };
  a->kind = RIGHTS_SEND;
  a->session = session;
  a->stream = stream;
  a->slices = r->slices;
  a->slices_count = 1;
}

bool
emit_frame (struct rights *r, struct rights_action *a, uint64_t session,
	    uint64_t stream, const struct frame *frame)
{
  uint8_t bytes[FRAME_CONTROL_BYTES_MAX];
  size_t size = frame_write (frame, bytes);
  struct dr_buf *buf = dr_buf_new (&r->alloc, size);
  if (!buf)
    return false;
  memcpy (buf->data, bytes, size);
  emit_buf (r, a, session, stream, buf);
  a->lazy = frame->type == FRAME_RELEASE;
  return true;
}

static enum emitted
emit (struct rights *r, struct work *w, struct rights_action *a)
{
  switch ((enum work_kind) w->kind)
    {
    case WORK_QUEUE:
      return queue_emit (r, CONTAINER (w, struct queue, work), a);
    case WORK_EXPORT:
      return export_emit (r, CONTAINER (w, struct export, work), a);
    case WORK_IMPORT:
      return import_emit (r, CONTAINER (w, struct import, work), a);
    case WORK_CLAIM:
      return claim_emit (r, CONTAINER (w, struct claim, work), a);
    case WORK_HANDOFF:
      return handoff_emit (r, CONTAINER (w, struct handoff, work), a);
    case WORK_PENDING:
      return pending_emit (r, CONTAINER (w, struct pending, work), a);
    case WORK_SESSION:
      return session_emit (r, CONTAINER (w, struct session, work), a);
    case WORK_NOTE:
      return note_emit (r, CONTAINER (w, struct note, work), a);
    case WORK_ROOT:
      return root_emit (r, CONTAINER (w, struct root_request, work), a);
    }
  dr_assert (!"known work");
  return NOTHING;
}

static bool
have_slices (struct rights *r)
{
  if (r->slices)
    return true;
  r->slices = dr_alloc_array (&r->alloc, ACTION_SLICES_MAX, sizeof *r->slices);
  r->slices_capacity = r->slices ? ACTION_SLICES_MAX : 0;
  return r->slices != NULL;
}

bool
rights_next (struct rights *r, struct rights_action *a)
{
  /* Most calls find nothing, and the action is large.  */
  if (list_empty (&r->work))
    return false;
  memset (a, 0, sizeof *a);
  while (!list_empty (&r->work))
    {
      struct work *w = CONTAINER (r->work.next, struct work, node);
      if (!have_slices (r))
	{
	  r->retry_at = r->now + RETRY_US;
	  return false;
	}
      /* Out of the list first: the record may be freed, or come back at the end
	 (so that no record keeps the others from their turn).  */
      list_remove (&w->node);
      switch (emit (r, w, a))
	{
	case EMITTED:
	  reap (r);
	  return true;
	case NOTHING:
	  reap (r);
	  break;
	case NO_MEMORY:
	  if (!w->node.next)
	    {
	      /* Back to the head: order is kept.  */
	      w->node.next = r->work.next;
	      w->node.prev = &r->work;
	      r->work.next->prev = &w->node;
	      r->work.next = &w->node;
	    }
	  reap (r);
	  r->retry_at = r->now + RETRY_US;
	  return false;
	}
    }
  return false;
}

void
reap (struct rights *r)
{
  for (;;)
    {
      if (!list_empty (&r->doomed))
	{
	  struct message *m = CONTAINER (r->doomed.next, struct message, node);
	  list_remove (&m->node);
	  message_release_slots (r, m);
	  message_free (r, m);
	}
      else if (!list_empty (&r->touched))
	{
	  struct queue *q = CONTAINER (r->touched.next, struct queue, touched);
	  list_remove (&q->touched);
	  queue_settle (r, q);
	}
      else
	return;
    }
}

/* --- Time ------------------------------------------------------------------- */

void
rights_tick (struct rights *r, uint64_t now)
{
  r->now = now;
  if (now >= r->retry_at)
    r->retry_at = RIGHTS_NEVER;
  handoff_tick (r);
  LIST_EACH (s, &r->sessions, struct session, node)
    if (!list_empty (&s->owing) && now >= s->credit_at)
      owe (r, &s->work, SESSION_CREDIT);
  reap (r);
}

uint64_t
rights_deadline (const struct rights *r)
{
  uint64_t at = r->retry_at, claims = handoff_deadline (r);
  if (claims < at)
    at = claims;
  LIST_EACH (s, &r->sessions, struct session, node)
    if (!list_empty (&s->owing) && !(s->work.bits & SESSION_CREDIT)
	&& s->credit_at < at)
      at = s->credit_at;
  return at;
}

/* --- Status -------------------------------------------------------------------- */

static enum rights_place
place_shown (const struct queue *q)
{
  if (q->place == PLACE_DEAD)
    return RIGHTS_DEAD;
  if (q->arriving && q->arriving < ARRIVING_HANDED)
    return RIGHTS_ARRIVING;
  if (q->place == PLACE_HOME)
    return RIGHTS_AT_HOME;
  if (q->leaving)
    return RIGHTS_LEAVING;
  if (!q->path)
    return RIGHTS_CLAIMING;
  if (q->next)
    return RIGHTS_FLUSHING;
  return q->path->relayed ? RIGHTS_RELAYED : RIGHTS_IMPORTED;
}

void
rights_each_queue (const struct rights *r,
		   void (*visit) (void *, const struct rights_queue_status *),
		   void *ctx)
{
  LIST_EACH (q, &r->queues, struct queue, node)
    {
      struct rights_queue_status st = { 0 };
      st.origin = q->identity.origin;
      st.epoch = q->identity.epoch;
      st.serial = q->identity.serial;
      st.place = place_shown (q);
      st.once = q->once;
      st.name = q->name;
      st.proxy = q->proxy;
      st.home = q->path ? q->path->session->key : r->config.key;
      LIST_EACH (e, &q->exports, struct export, in_queue)
	{
	  st.holders++;
	  st.holds += e->count;
	}
      LIST_EACH (i, &q->imports, struct import, in_queue)
	{
	  st.received += i->count;
	  st.pins += i->pins;
	  st.in_window += i->unacked;
	}
      st.waiting = q->in_count + q->out_count;
      visit (ctx, &st);
    }
}

static uint64_t
list_count (const struct list *l)
{
  uint64_t n = 0;
  for (const struct list *at = l->next; at != l; at = at->next)
    n++;
  return n;
}

void
rights_count (const struct rights *r, struct rights_counts *c)
{
  memset (c, 0, sizeof *c);
  c->sessions = list_count (&r->sessions);
  LIST_EACH (q, &r->queues, struct queue, node)
    {
      c->queues++;
      c->proxies += q->created;
      c->locals += q->held != 0;
    }
  c->exports = r->exports_count;
  c->imports = r->imports_count;
  LIST_EACH (s, &r->sessions, struct session, node)
    LIST_EACH (i, &s->imports, struct import, in_session)
      c->tombstones += !i->queue;
  c->handoffs = list_count (&r->handoffs);
  c->claims = list_count (&r->claims);
  c->grants = list_count (&r->grants) + list_count (&r->pendings);
  c->pins = r->takens_count;
  c->messages = r->messages_count;
  c->deliveries = r->tickets.count;
  c->message_bytes = r->message_bytes;
}

/* --- The end -------------------------------------------------------------------- */

void
rights_destroy (struct rights *r)
{
  if (!r)
    return;
  while (!list_empty (&r->sessions))
    rights_session_down (r, r->now,
			 CONTAINER (r->sessions.next, struct session, node)->id);
  LIST_EACH (q, &r->queues, struct queue, node)
    {
      if (q->delivering)
	{
	  struct message *m = q->delivering;
	  q->delivering = NULL;
	  table_remove (&r->tickets, &m->by_ticket);
	  message_doom (r, m);
	}
      queue_kill (r, q);
    }
  LIST_EACH (p, &r->roots, struct root_request, node)
    root_free (r, p);
  reap (r);
  /* Actions that nobody will take.  */
  for (;;)
    {
      struct rights_action a;
      if (!rights_next (r, &a))
	break;
      for (uint32_t i = 0; i < a.slices_count; i++)
	dr_buf_drop (a.slices[i].buf);
      if (a.ticket)
	rights_delivered (r, r->now, a.ticket, RIGHTS_UNDELIVERABLE);
    }
  /* With no memory some of them are still due.  */
  LIST_EACH (n, &r->notes, struct note, node)
    note_drop (r, n);
  LIST_EACH (c, &r->claims, struct claim, node)
    claim_free (r, c);
  LIST_EACH (h, &r->handoffs, struct handoff, node)
    handoff_free (r, h);
  LIST_EACH (q, &r->queues, struct queue, node)
    {
      work_end (&q->work);
      q->drop = 0;
      q->created = q->closing = false;
      queue_touch (r, q);
    }
  reap (r);
  dr_assert (list_empty (&r->queues));
  dr_assert (list_empty (&r->notes) && list_empty (&r->claims));
  struct table *tables[] = { &r->session_ids, &r->identities, &r->names,
    &r->proxies, &r->handles, &r->tokens, &r->hops, &r->import_handles, &r->tickets,
    &r->handoff_ids, &r->claim_ids, &r->grant_ids, &r->pending_ids, &r->taken_ids };
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    table_done (tables[i], &r->alloc);
  dr_free_bytes (&r->alloc, r->slices, r->slices_capacity * sizeof *r->slices);
  struct dr_alloc alloc = r->alloc;
  dr_free_bytes (&alloc, r, sizeof *r);
}
