/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receive rights that move, and senders that change their way.

   Order is kept by markers: a FLUSH follows all messages that a sender sent the old
   way, through every node that passes them on, to the node where the queue lives;
   that one answers FLUSHED, and only then does the sender use the new way.  Where
   the queue comes to the sender's own node, the marker itself comes back.

   The answer goes back as the marker came, from neighbour to neighbour: the node where
   the queue lives need not know the first sender, and nobody takes an answer but from
   the node that it gave the marker to.  */
#include "core/rights/internal.h"

static void
new_token (struct rights *r, struct queue *q)
{
  table_remove (&r->tokens, &q->by_token);
  q->token = ++r->last_id;
  table_add (&r->tokens, &r->alloc, &q->by_token, table_mix (q->token, 0));
  owe (r, &q->work, QUEUE_FLUSH);
}

static struct queue *
queue_by_token (struct rights *r, uint64_t token)
{
  struct hnode *n = table_find (&r->tokens, table_mix (token, 0));
  for (; n; n = table_more (n))
    {
      struct queue *q = CONTAINER (n, struct queue, by_token);
      if (q->token == token)
	return q;
    }
  return NULL;
}

static void
end_flush (struct rights *r, struct queue *q)
{
  table_remove (&r->tokens, &q->by_token);
  q->work.bits &= ~(uint32_t) QUEUE_FLUSH;
}

static void
tell_holders (struct rights *r, struct queue *q)
{
  LIST_EACH (e, &q->exports, struct export, in_queue)
    if (e->moved != MOVED_RELAY)
      owe (r, &e->work, EXPORT_MOVED);
}

enum emitted
migrate_flush_emit (struct rights *r, struct queue *q, struct rights_action *a)
{
  struct frame f = { .type = FRAME_FLUSH, .count = q->token, .key = r->config.key, .id = q->token };

  q->work.bits &= ~(uint32_t) QUEUE_FLUSH;
  if (!q->by_token.linked || !q->path)
    return NOTHING;
  f.handle = q->path->handle;
  if (emit_frame (r, a, q->path->session->id, f.handle, &f))
    return EMITTED;
  q->work.bits |= QUEUE_FLUSH;
  return NO_MEMORY;
}

/* From now on messages wait, until what went the old way has arrived.  */
void
migrate_redirect (struct rights *r, struct queue *q, struct import *way)
{
  if (q->arriving || q->leaving || q->next)
    return;
  if (CANARY (FLUSH))
    {
      q->path = way;
      queue_touch (r, q);
      return;
    }
  q->next = way;
  new_token (r, q);
  queue_touch (r, q);
}

/* The way is another one, or gone, without a flush.  */
void
migrate_path_changed (struct rights *r, struct queue *q)
{
  if (q->arriving == ARRIVING_FLUSH)
    {
      /* What was on its way there is lost with it.  */
      end_flush (r, q);
      q->next = NULL;
      q->arriving = ARRIVING_CLOSE;
    }
  else if (!q->arriving)
    {
      if (!q->next)
	end_flush (r, q);
      if (q->path)
	tell_holders (r, q);
      if (q->out_count)
	owe (r, &q->work, QUEUE_TRANSMIT);
    }
  queue_wake_blocked (r);
  queue_touch (r, q);
}

/* --- Leaving ---------------------------------------------------------------------- */

/* A task sent us the receive right: the port is a proxy from now on.  */
void
migrate_leave (struct rights *r, struct queue *q, uint32_t send_onces)
{
  table_remove (&r->proxies, &q->by_proxy);
  q->arriving = ARRIVING_NOT;
  q->place = PLACE_PROXY;
  q->proxy = queue_proxy_number (r);
  q->created = q->adopted = true;
  q->paused = true;
  q->idle = false;
  q->armed = true;
  q->makes = q->making = 0;
  q->onces = send_onces;
  q->leaving = true;
  q->leaving_to = 0;
  list_append (&r->leaving, &q->leaving_node);
  table_add (&r->proxies, &r->alloc, &q->by_proxy, table_mix (q->proxy, 0));
  owe (r, &q->work, QUEUE_ADOPT);
}

static void
stop_leaving (struct queue *q)
{
  q->leaving = false;
  q->leaving_to = 0;
  list_remove (&q->leaving_node);
}

static enum dr_status
take_accept (struct rights *r, struct session *s, const struct frame *f)
{
  struct queue *q = queue_by_identity (r, &f->identity);
  struct import *i;

  if (f->handle == 0)
    return DR_PEER_FAULT;
  enum dr_status st = import_for (r, s, f->handle, q, &i);
  if (st)
    return st;
  bool ours = q && q->leaving && q->leaving_to == s->id;
  if (ours)
    stop_leaving (q);
  import_named (r, i);
  if (!ours)
    return DR_OK;
  if (i->tombstone)
    queue_kill (r, q);
  else
    {
      tell_holders (r, q);
      if (q->out_count)
	owe (r, &q->work, QUEUE_TRANSMIT);
      queue_wake_blocked (r);
    }
  queue_touch (r, q);
  return DR_OK;
}

/* --- Arriving --------------------------------------------------------------------- */

void
migrate_arrive (struct rights *r, struct queue *q)
{
  stop_leaving (q);
  q->arriving = q->path ? ARRIVING_FLUSH : ARRIVING_CLOSE;
  /* Our own messages are among those that the old home sends here, and it must
     not run out of window before it sends the marker.  */
  LIST_EACH (m, &q->in, struct message, node)
    {
      deliver_credit (r, q, m);
      m->later = true;
    }
  if (q->path && !q->next)
    new_token (r, q);
  queue_touch (r, q);
}

void
migrate_step (struct rights *r, struct queue *q)
{
  switch ((enum arriving) q->arriving)
    {
    case ARRIVING_FLUSH:
      if (q->created && q->paused)
	owe (r, &q->work, QUEUE_PAUSE);
      break;
    case ARRIVING_CLOSE:
      if (q->created && q->paused && q->delivering)
	owe (r, &q->work, QUEUE_PAUSE);
      if (!q->delivering)
	owe (r, &q->work, QUEUE_CLOSE);
      break;
    case ARRIVING_REFILL:
      if (q->refill == 0 && !q->delivering)
	{
	  q->arriving = ARRIVING_READY;
	  queue_wake_waiting (r);
	}
      else if (!q->delivering)
	owe (r, &q->work, QUEUE_DELIVER);
      break;
    default:
      break;
    }
}

enum emitted
migrate_close_emit (struct rights *r, struct queue *q, struct rights_action *a)
{
  if (q->arriving != ARRIVING_CLOSE || q->delivering)
    {
      q->work.bits &= ~(uint32_t) QUEUE_CLOSE;
      return NOTHING;
    }
  if (!q->created || q->work.bits & QUEUE_ADOPT)
    {
      deliver_create (r, q, a);
      return EMITTED;
    }
  q->work.bits &= ~(uint32_t) QUEUE_CLOSE;
  q->arriving = ARRIVING_CLOSING;
  q->closing = true;
  a->kind = RIGHTS_PROXY_CLOSE;
  a->proxy = q->proxy;
  return EMITTED;
}

static void
to_line (struct list *line, struct message *m)
{
  list_remove (&m->node);
  list_append (line, &m->node);
}

/* What is put into the port before a task gets it, in this order: what came in as to
   a home, from nodes that the queue has left or that know its new place (our own
   earlier messages are among it); then what waited to be sent.  What peers sent us to
   pass on comes later: their earlier messages are among those that waited.  A receive
   right in a message that waited arrives here after all.  */
static void
splice (struct rights *r, struct queue *q)
{
  struct list line;
  list_init (&line);
  q->refill = q->out_count;
  LIST_EACH (m, &q->in, struct message, node)
    if (!m->later)
      {
	to_line (&line, m);
	q->refill++;
      }
  while (!list_empty (&q->out))
    {
      struct message *m = CONTAINER (q->out.next, struct message, node);
      to_line (&line, m);
      for (uint32_t i = 0; i < m->slots; i++)
	if (m->queues[i] && m->queues[i]->leaving
	    && message_slot (m, i)->disposition == WIRE_RECEIVE)
	  migrate_arrive (r, m->queues[i]);
    }
  while (!list_empty (&q->in))
    to_line (&line, CONTAINER (q->in.next, struct message, node));
  while (!list_empty (&line))
    to_line (&q->in, CONTAINER (line.next, struct message, node));
  q->in_count += q->out_count;
  q->out_count = 0;
}

void
rights_proxy_closed (struct rights *r, uint64_t now, uint32_t proxy, uint32_t name)
{
  struct queue *q = queue_by_proxy (r, proxy);
  r->now = now;
  if (!q || !q->closing)
    return;
  q->closing = false;
  q->held++;
  queue_set_name (r, q, name);
  if (q->arriving == ARRIVING_CLOSING)
    {
      splice (r, q);
      q->arriving = ARRIVING_REFILL;
      owe (r, &q->work, QUEUE_WATCH);
    }
  queue_touch (r, q);
  reap (r);
}

/* --- Markers ---------------------------------------------------------------------- */

static struct message *
passed_by_hop (struct rights *r, uint64_t hop)
{
  struct hnode *n = table_find (&r->hops, table_mix (hop, 0));
  for (; n; n = table_more (n))
    {
      struct message *m = CONTAINER (n, struct message, by_hop);
      if (m->hop == hop)
	return m;
    }
  return NULL;
}

void
migrate_passed (struct rights *r, struct queue *q, struct message *m, struct import *way,
		uint64_t hop)
{
  m->hop = hop;
  m->way = way;
  way->pins++;
  list_append (&q->passed, &m->node);
  table_add (&r->hops, &r->alloc, &m->by_hop, table_mix (hop, 0));
}

/* It waits no more, and its sender is to be told.  */
static void
answer_due (struct rights *r, struct queue *q, struct message *m)
{
  m->way = NULL;
  table_remove (&r->hops, &m->by_hop);
  list_remove (&m->node);
  list_append (&q->answers, &m->node);
  owe (r, &q->work, QUEUE_ANSWER);
  queue_touch (r, q);
}

void
migrate_way_gone (struct rights *r, struct import *i)
{
  LIST_EACH (m, &i->queue->passed, struct message, node)
    if (m->way == i)
      {
	i->pins--;
	answer_due (r, i->queue, m);
      }
}

void
migrate_kill (struct rights *r, struct queue *q)
{
  LIST_EACH (m, &q->passed, struct message, node)
    {
      table_remove (&r->hops, &m->by_hop);
      import_unpin (r, m->way);
      message_doom (r, m);
    }
  LIST_EACH (m, &q->answers, struct message, node)
    message_doom (r, m);
}

enum emitted
migrate_answer_emit (struct rights *r, struct queue *q, struct rights_action *a)
{
  while (!list_empty (&q->answers))
    {
      struct message *m = CONTAINER (q->answers.next, struct message, node);
      struct session *s = session_find (r, m->source);
      struct frame f = { .type = FRAME_FLUSHED, .id = m->marker_hop };
      if (s && !emit_frame (r, a, s->id, 0, &f))
	return NO_MEMORY;
      list_remove (&m->node);
      message_free (r, m);
      if (s)
	{
	  queue_touch (r, q);
	  return EMITTED;
	}
    }
  q->work.bits &= ~(uint32_t) QUEUE_ANSWER;
  queue_touch (r, q);
  return NOTHING;
}

/* The peer's own marker: it sends no more this way.  */
static void
marked (struct session *s, struct export *e, const struct frame *f)
{
  if (key_equal (&s->key, &f->key))
    e->unflushed = e->early = false;
}

static enum dr_status
take_flush (struct rights *r, struct session *s, const struct frame *f)
{
  struct queue *q = queue_by_handle (r, f->handle);
  struct export *e = q ? export_find (q, s) : NULL;
  bool own = key_equal (&f->key, &r->config.key);

  if (!e || e->count == 0 || q->once
      || s->backlog >= r->config.backlog_messages_max)
    return DR_PEER_FAULT;
  if (q->place == PLACE_DEAD)
    return DR_OK;
  /* While the queue arrives, a peer that used us as its way must wait for its own
     earlier messages; anybody else must not, for our own marker may be behind.  */
  if (q->place == PLACE_HOME || (q->arriving && (own || !e->unflushed)))
    {
      struct frame done = { .type = FRAME_FLUSHED, .id = f->count };
      struct note *note = note_new (r, s->id, 0, &done);
      if (!note)
	return DR_NO_MEMORY;
      note_post (r, note);
      if (own && q->arriving == ARRIVING_FLUSH && f->id == q->token)
	{
	  end_flush (r, q);
	  q->next = NULL;
	  q->arriving = ARRIVING_CLOSE;
	  queue_touch (r, q);
	}
      marked (s, e, f);
      return DR_OK;
    }
  struct message *m = marker_new (r, &f->key, f->id, f->count);
  if (!m)
    return DR_NO_MEMORY;
  m->source = s->id;
  m->later = q->arriving && e->unflushed;
  s->backlog++;
  marked (s, e, f);
  deliver_append (r, q, m);
  return DR_OK;
}

static enum dr_status
take_flushed (struct rights *r, struct session *s, const struct frame *f)
{
  struct message *m = passed_by_hop (r, f->id);
  struct queue *q = queue_by_token (r, f->id);

  if (m && m->way && m->way->session == s)
    {
      q = m->way->queue;
      import_unpin (r, m->way);
      answer_due (r, q, m);
      return DR_OK;
    }
  /* Nobody else can say so, and an answer may come after its way has changed.  */
  if (!q || !q->path || q->path->session != s)
    return DR_OK;
  end_flush (r, q);
  if (q->next)
    {
      q->path = q->next;
      q->next = NULL;
      if (q->arriving)
	new_token (r, q);
      else
	migrate_path_changed (r, q);
    }
  else if (q->arriving == ARRIVING_FLUSH)
    /* The node that we send to says that the queue lives there: the receive right
       that another one sent us is none.  */
    queue_kill (r, q);
  else if (q->out_count)
    owe (r, &q->work, QUEUE_TRANSMIT);
  queue_touch (r, q);
  return DR_OK;
}

enum dr_status
migrate_frame (struct rights *r, struct session *s, const struct frame *f)
{
  switch (f->type)
    {
    case FRAME_FLUSH: return take_flush (r, s, f);
    case FRAME_FLUSHED: return take_flushed (r, s, f);
    default: return take_accept (r, s, f);
    }
}
