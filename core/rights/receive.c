/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message frame: decoded wholly, checked against what this peer may name, all
   memory found; only then does anything change.  */
#include "core/rights/internal.h"

/* --- What a descriptor means here --------------------------------------------- */

static enum dr_status
resolve_mine (struct rights *r, struct session *s, const struct desc *d,
	      struct resolved *v)
{
  bool once = d->disposition == WIRE_SEND_ONCE;
  struct import *i = import_find (r, s, d->handle);
  struct identity identity = d->identity;
  struct queue *q;

  if (d->handle == 0)
    return DR_PEER_FAULT;
  if (i && i->tombstone)
    {
      v->import = i;
      v->dead = true;
      i->once = once;
      return DR_OK;
    }
  if (i && i->queue && i->queue->place != PLACE_DEAD)
    {
      if (once || i->once)
	return DR_PEER_FAULT;
      v->import = i;
      v->queue = i->queue;
      return DR_OK;
    }
  if (d->kind == DESC_MINE)
    {
      identity.origin = s->key;
      identity.serial = d->handle;
    }
  q = once ? NULL : queue_by_identity (r, &identity);
  if (!q)
    q = queue_new (r, &identity, PLACE_PROXY, once);
  if (!q)
    return DR_NO_MEMORY;
  enum dr_status st = import_for (r, s, d->handle, q, &i);
  if (st)
    return st;
  v->import = i;
  v->queue = q;
  return DR_OK;
}

static enum dr_status
resolve_yours (struct rights *r, struct session *s, const struct desc *d,
	       struct resolved *v)
{
  struct queue *q = queue_by_handle (r, d->handle);
  struct export *e = q ? export_find (q, s) : NULL;

  if (!e || e->count == 0 || q->once)
    return DR_PEER_FAULT;
  if (q->place == PLACE_DEAD)
    v->dead = true;
  else
    v->queue = q;
  return DR_OK;
}

static enum dr_status
resolve_other (struct rights *r, struct session *s, const struct desc *d,
	       struct resolved *v)
{
  struct queue *q = queue_by_identity (r, &d->identity);
  bool here = key_equal (&d->at.home, &r->config.key);

  if (d->handoff == 0 || key_equal (&d->at.home, &s->key))
    return DR_PEER_FAULT;
  if ((q && (q->place == PLACE_HOME || q->path || q->leaving || q->arriving))
      || (!q && here))
    {
      /* Nothing to claim: it is here already, or was and died.  */
      struct frame f = { .type = FRAME_DONE, .id = d->handoff };
      v->note = note_new (r, s->id, 0, &f);
      v->queue = q;
      v->dead = !q;
      return v->note ? DR_OK : DR_NO_MEMORY;
    }
  if (here || s->claims_count >= r->config.imports_max
      || claim_find (r, &s->key, d->handoff))
    return DR_PEER_FAULT;
  if (!q)
    q = queue_new (r, &d->identity, PLACE_PROXY, false);
  if (!q)
    return DR_NO_MEMORY;
  v->queue = q;
  v->claim = claim_new (r, s, d->handoff, &d->at);
  return v->claim ? DR_OK : DR_NO_MEMORY;
}

static enum dr_status
resolve_receive (struct rights *r, struct session *s, const struct desc *d,
		 struct resolved *v)
{
  struct queue *q = queue_by_identity (r, &d->identity);

  if (q && (q->place == PLACE_HOME || q->arriving || q->resolving
	    || (q->leaving && q->leaving_to != s->id)))
    return DR_PEER_FAULT;
  if (!q)
    q = queue_new (r, &d->identity, PLACE_PROXY, false);
  if (!q)
    return DR_NO_MEMORY;
  enum dr_status st = export_ensure (r, q, s, &v->export);
  queue_touch (r, q);
  if (st)
    return st;
  struct frame f = { .type = FRAME_ACCEPT, .handle = q->handle,
    .identity = q->identity };
  v->note = note_new (r, s->id, 0, &f);
  if (!v->note)
    return DR_NO_MEMORY;
  q->resolving = true;
  v->queue = q;
  return DR_OK;
}

enum dr_status
resolve (struct rights *r, struct session *s, const struct desc *d,
	 struct resolved *v)
{
  memset (v, 0, sizeof *v);
  switch (d->kind)
    {
    case DESC_MINE:
    case DESC_MINE_FOREIGN:
      return resolve_mine (r, s, d, v);
    case DESC_YOURS:
      return resolve_yours (r, s, d, v);
    case DESC_OTHER:
      return resolve_other (r, s, d, v);
    case DESC_RECEIVE:
      return resolve_receive (r, s, d, v);
    default:
      v->dead = d->kind == DESC_DEAD;
      return DR_OK;
    }
}

void
resolve_undo (struct rights *r, struct resolved *v)
{
  note_drop (r, v->note);
  if (v->claim)
    claim_free (r, v->claim);
  if (v->queue)
    {
      if (v->export)
	v->queue->resolving = false;
      queue_touch (r, v->queue);
    }
  memset (v, 0, sizeof *v);
}

void
resolve_commit (struct rights *r, struct session *s, const struct desc *d,
		struct resolved *v)
{
  if (v->import)
    import_named (r, v->import);
  if (v->export)
    {
      v->export->count++;
      v->queue->resolving = false;
      migrate_arrive (r, v->queue);
    }
  if (v->claim)
    claim_start (r, v->claim, v->queue);
  note_post (r, v->note);
}

/* --- The message ------------------------------------------------------------------- */

struct arrival
{
  struct rights *r;
  struct session *s;
  struct dr_buf *frame;
  struct dr_in in;
  struct message_head head;
  struct queue *dest;
  struct export *export;
  struct message *m;
  struct desc *descs;
  struct resolved *resolved;
  uint32_t slots, resolved_count;
  struct note *taken;
};

static struct dr_slice
slice_of (struct arrival *v, uint64_t bytes)
{
  struct dr_slice slice = { NULL, 0, 0 };
  const uint8_t *p = dr_in_bytes (&v->in, (size_t) bytes);
  if (p && bytes)
    slice = (struct dr_slice)
      { v->frame, (size_t) (p - v->frame->data), (size_t) bytes };
  return slice;
}

static bool
read_descs (struct arrival *v)
{
  uint32_t receives = 0;
  for (uint32_t i = 0; i < v->slots; i++)
    {
      struct desc *d = &v->descs[i];
      struct wire_right *w;
      if (!desc_read (&v->in, d))
	return false;
      w = message_slot (v->m, i);
      w->disposition = d->disposition;
      w->reference = d->kind == DESC_NULL ? WIRE_NULL
		     : d->kind == DESC_DEAD ? WIRE_DEAD : WIRE_PROXY;
      if (i > v->head.rights && d->kind != DESC_NULL
	  && d->disposition != WIRE_SEND_ONCE)
	return false;
      if (d->kind == DESC_RECEIVE)
	{
	  if (i == 0 || receives == v->head.receives)
	    return false;
	  v->m->wire.receives[receives].senders = d->senders;
	  v->m->wire.receives[receives].queue_limit = d->queue_limit;
	  w->receive = receives++;
	}
    }
  return receives == v->head.receives;
}

static bool
read_contents (struct arrival *v)
{
  struct wire_message *w = &v->m->wire;
  uint64_t sum = v->head.body_bytes;

  for (uint32_t i = 0; i < v->head.regions; i++)
    {
      uint64_t bytes = dr_in_u64 (&v->in);
      if (bytes > WIRE_REGION_BYTES_MAX)
	return false;
      w->regions[i].bytes = (size_t) bytes;
      sum += bytes;
    }
  while (!v->in.bad && (size_t) (v->in.at - v->frame->data) % 8)
    if (dr_in_u8 (&v->in))
      return false;
  if (v->in.bad || sum != dr_in_left (&v->in)
      || sum > v->r->config.message_bytes_max)
    return false;
  w->body = slice_of (v, v->head.body_bytes);
  for (uint32_t i = 0; i < v->head.regions; i++)
    w->regions[i] = slice_of (v, w->regions[i].bytes);
  w->id = v->head.id;
  w->complex = v->head.complex;
  w->used = WIRE_SEND;
  v->m->bytes = sum + MESSAGE_OVERHEAD_BYTES;
  return dr_in_done (&v->in) && wire_check (w) == DR_OK;
}

static enum dr_status
allowed (struct arrival *v)
{
  v->dest = queue_by_handle (v->r, v->head.handle);
  v->export = v->dest ? export_find (v->dest, v->s) : NULL;
  if (!v->export || v->export->count == 0
      || v->export->waiting >= WINDOW_MESSAGES_MAX
      || v->s->backlog >= v->r->config.backlog_messages_max)
    return DR_PEER_FAULT;
  return DR_OK;
}

static enum dr_status
arrival_resolve (struct arrival *v)
{
  for (uint32_t i = 0; i < v->slots; i++)
    {
      enum dr_status st = resolve (v->r, v->s, &v->descs[i], &v->resolved[i]);
      v->resolved_count = i + 1;
      if (st)
	return st;
      message_set (v->m, i, v->resolved[i].queue);
    }
  if (v->head.ticket)
    {
      struct frame f = { .type = FRAME_TAKEN, .id = v->head.ticket };
      v->taken = note_new (v->r, v->s->id, 0, &f);
      if (!v->taken)
	return DR_NO_MEMORY;
    }
  return DR_OK;
}

static void
arrival_undo (struct arrival *v)
{
  struct rights *r = v->r;
  for (uint32_t i = 0; i < v->resolved_count; i++)
    resolve_undo (r, &v->resolved[i]);
  if (!v->m)
    return;
  for (uint32_t i = 0; i < v->slots; i++)
    if (v->m->queues[i])
      {
	v->m->queues[i]->refs--;
	queue_touch (r, v->m->queues[i]);
	v->m->queues[i] = NULL;
      }
  v->m->wire.body.buf = NULL;
  for (uint32_t i = 0; i < v->m->wire.regions_count; i++)
    v->m->wire.regions[i].buf = NULL;
  v->m->bytes = 0;
  message_free (r, v->m);
}

static void
arrival_commit (struct arrival *v)
{
  struct rights *r = v->r;
  struct message *m = v->m;
  struct queue *q = v->dest;
  bool dead = q->place == PLACE_DEAD;

  for (uint32_t i = 0; i < v->slots; i++)
    {
      if (v->resolved[i].dead)
	message_slot (m, i)->reference = WIRE_DEAD;
      resolve_commit (r, v->s, &v->descs[i], &v->resolved[i]);
    }
  note_post (r, v->taken);
  if (m->wire.body.buf)
    dr_buf_ref (v->frame);
  for (uint32_t i = 0; i < m->wire.regions_count; i++)
    if (m->wire.regions[i].buf)
      dr_buf_ref (v->frame);
  r->message_bytes += m->bytes;
  m->source = v->s->id;

  if (q->once)
    {
      q->used = true;
      export_returned (r, v->export, 1);
    }
  else
    {
      m->credit = true;
      v->export->waiting++;
      if (q->arriving && q->arriving < ARRIVING_HANDED)
	{
	  m->later = v->export->unflushed;
	  v->export->early = true;
	}
      else
	v->export->unflushed = true;
      if (queue_has_path (q))
	owe (r, &v->export->work, EXPORT_MOVED);
    }
  queue_touch (r, q);
  if (dead)
    {
      message_doom (r, m);
      return;
    }
  v->s->backlog++;
  deliver_append (r, q, m);
}

enum dr_status
receive_message (struct rights *r, struct session *s, struct dr_buf *frame)
{
  struct arrival v = { .r = r, .s = s, .frame = frame };
  enum dr_status st;

  v.in = dr_in (frame->data, frame->bytes);
  if (!message_head_read (&v.in, &v.head)
      /* Every slot takes bytes: no more memory than the frame justifies.  */
      || v.head.rights + 2 * v.head.receives > frame->bytes / 2
      || v.head.regions > frame->bytes / 8)
    return DR_PEER_FAULT;
  st = allowed (&v);
  if (st)
    return st;
  v.slots = 1 + v.head.rights + 2 * v.head.receives;
  v.m = message_new (r, v.head.rights, v.head.regions, v.head.receives);
  v.descs = dr_alloc_array (&r->alloc, v.slots, sizeof *v.descs);
  v.resolved = dr_alloc_array (&r->alloc, v.slots, sizeof *v.resolved);
  if (!v.m || !v.descs || !v.resolved)
    st = DR_NO_MEMORY;
  else if (!read_descs (&v) || !read_contents (&v))
    st = DR_PEER_FAULT;
  else
    st = arrival_resolve (&v);
  if (st)
    arrival_undo (&v);
  else
    arrival_commit (&v);
  dr_free_bytes (&r->alloc, v.descs, v.slots * sizeof *v.descs);
  dr_free_bytes (&r->alloc, v.resolved, v.slots * sizeof *v.resolved);
  return st;
}
