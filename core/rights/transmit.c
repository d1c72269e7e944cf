/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a proxy to the peer: messages come in from the kernel, wait in the queue's
   line `out` until there is a way and room in its window, and leave.  Rights
   become records when the message comes in, and descriptors only when it leaves:
   what they are called depends on the peer and on that moment.  */
#include "core/rights/internal.h"

/* --- In ---------------------------------------------------------------------- */

static bool
right_makes_sense (struct rights *r, const struct wire_right *w)
{
  struct queue *q;
  switch (w->reference)
    {
    case WIRE_PROXY:
      return w->disposition == WIRE_SEND;
    case WIRE_LOCAL:
      q = queue_by_name (r, w->name);
      if (w->disposition == WIRE_SEND_ONCE)
	return !q;
      if (q && q->once)
	return false;
      return w->disposition != WIRE_RECEIVE || !q
	     || (q->place == PLACE_HOME && !q->leaving);
    default:
      return true;
    }
}

static enum dr_status
intern_right (struct rights *r, struct message *m, uint32_t slot)
{
  struct wire_right *w = message_slot (m, slot);
  struct queue *q = NULL;

  if (w->reference == WIRE_PROXY)
    {
      q = queue_by_proxy (r, w->proxy);
      if (!q || q->place == PLACE_DEAD || q->once)
	{
	  w->reference = WIRE_DEAD;
	  q = NULL;
	}
    }
  else if (w->reference == WIRE_LOCAL)
    {
      q = queue_by_name (r, w->name);
      if (!q)
	{
	  q = queue_new (r, NULL, PLACE_HOME, w->disposition == WIRE_SEND_ONCE);
	  if (!q)
	    return DR_NO_MEMORY;
	  queue_set_name (r, q, w->name);
	}
    }
  message_set (m, slot, q);
  return DR_OK;
}

/* From here on the rights are ours.  */
static void
own_right (struct rights *r, struct message *m, uint32_t slot)
{
  struct wire_right *w = message_slot (m, slot);
  struct queue *q = m->queues[slot];

  if (!q || w->reference != WIRE_LOCAL)
    return;
  if (w->disposition != WIRE_RECEIVE)
    {
      if (q->held == 0 && q->place == PLACE_HOME)
	owe (r, &q->work, QUEUE_WATCH);
      q->held++;
    }
  else
    migrate_leave (r, q, m->wire.receives[w->receive].send_onces);
  queue_touch (r, q);
}

/* A body that means nothing in this task.  */
static struct dr_buf *
neutral_body (struct rights *r, const struct wire_message *w, size_t *offset)
{
  struct dr_buf *buf = w->body.buf;
  *offset = w->body.offset;
  if (!buf || !w->complex)
    return buf ? dr_buf_ref (buf) : NULL;
  if (buf->refs == 1)
    return dr_buf_ref (buf);
  buf = dr_buf_new (&r->alloc, w->body.bytes);
  if (buf)
    memcpy (buf->data, dr_slice_data (&w->body), w->body.bytes);
  *offset = 0;
  return buf;
}

static void
give_up (struct rights *r, struct message *m)
{
  for (uint32_t i = 0; i < m->slots; i++)
    if (m->queues[i])
      {
	struct queue *q = m->queues[i];
	m->queues[i] = NULL;
	q->refs--;
	queue_touch (r, q);
      }
  m->wire.body.buf = NULL;
  for (uint32_t i = 0; i < m->wire.regions_count; i++)
    m->wire.regions[i].buf = NULL;
  message_free (r, m);
  reap (r);
}

static bool
sensible (struct rights *r, const struct wire_message *w, uint64_t *bytes)
{
  if (wire_check (w))
    return false;
  *bytes = w->body.bytes;
  for (uint32_t i = 0; i < w->regions_count; i++)
    *bytes += w->regions[i].bytes;
  if (*bytes > r->config.message_bytes_max || !right_makes_sense (r, &w->reply)
      || w->reply.disposition == WIRE_RECEIVE)
    return false;
  for (uint32_t i = 0; i < w->rights_count; i++)
    if (!right_makes_sense (r, &w->rights[i]))
      return false;
  for (uint32_t i = 0; i < w->receives_count; i++)
    if (!right_makes_sense (r, &w->receives[i].no_senders)
	|| !right_makes_sense (r, &w->receives[i].port_destroyed))
      return false;
  return true;
}

static struct message *
message_copy (struct rights *r, const struct wire_message *w)
{
  struct message *m = message_new (r, w->rights_count, w->regions_count,
				   w->receives_count);
  if (!m)
    return NULL;
  struct wire_message arrays = m->wire;
  m->wire = *w;
  m->wire.rights = arrays.rights;
  m->wire.regions = arrays.regions;
  m->wire.receives = arrays.receives;
  if (w->rights_count)
    memcpy (arrays.rights, w->rights, w->rights_count * sizeof *w->rights);
  if (w->regions_count)
    memcpy (arrays.regions, w->regions, w->regions_count * sizeof *w->regions);
  if (w->receives_count)
    memcpy (arrays.receives, w->receives, w->receives_count * sizeof *w->receives);
  return m;
}

enum dr_status
rights_message (struct rights *r, uint64_t now, uint32_t proxy,
		const struct wire_message *w)
{
  struct queue *q = queue_by_proxy (r, proxy);
  uint64_t bytes;
  size_t offset;

  r->now = now;
  if (!q || q->place != PLACE_PROXY || q->used)
    return DR_SESSION_OVER;
  if (!sensible (r, w, &bytes))
    return DR_INVALID;
  struct message *m = message_copy (r, w);
  if (!m)
    return DR_NO_MEMORY;
  for (uint32_t i = 0; i < m->slots; i++)
    if (intern_right (r, m, i))
      {
	give_up (r, m);
	return DR_NO_MEMORY;
      }
  struct dr_buf *body = neutral_body (r, w, &offset);
  if (w->body.buf && !body)
    {
      give_up (r, m);
      return DR_NO_MEMORY;
    }

  if (body)
    wire_neutral (body->data + offset, w->body.bytes, w->complex);
  /* Ours is the reference that came with the message, or the copy's.  */
  if (w->body.buf)
    dr_buf_drop (w->body.buf);
  m->wire.body = (struct dr_slice) { body, offset, w->body.bytes };
  m->bytes = bytes + MESSAGE_OVERHEAD_BYTES;
  r->message_bytes += m->bytes;
  for (uint32_t i = 0; i < m->slots; i++)
    own_right (r, m, i);
  q->used = q->once;
  if (q->onces && w->used == WIRE_SEND_ONCE)
    q->onces--;
  list_append (&q->out, &m->node);
  q->out_count++;
  owe (r, &q->work, QUEUE_TRANSMIT);
  queue_touch (r, q);
  reap (r);
  return DR_OK;
}

/* --- Offers: what a right is called towards a peer ------------------------------ */

/* Any import of the queue from S will do: S finds its record by it.  */
static struct import *
import_of (struct queue *q, struct session *s)
{
  LIST_EACH (i, &q->imports, struct import, in_queue)
    if (i->session == s && i->count)
      return i;
  return NULL;
}

/* A queue that is just leaving has no other name yet, and may even leave in the
   very message that names it: peers hold it from us, and are told to go on when it
   has arrived.  */
static bool
ours_to_name (const struct queue *q)
{
  return q->place == PLACE_HOME || q->arriving || q->leaving;
}

/* DR_AGAIN: its own way is not known yet, so it has no name for others.  */
enum dr_status
offer_ensure (struct rights *r, struct session *s, const struct wire_right *right,
	      struct queue *q, struct offer *o)
{
  memset (o, 0, sizeof *o);
  if (!q || q->place == PLACE_DEAD || right->disposition == WIRE_RECEIVE)
    return DR_OK;
  if (ours_to_name (q))
    return export_ensure (r, q, s, &o->export);
  if ((o->pin = import_of (q, s)))
    return DR_OK;
  if (!queue_has_path (q))
    return DR_AGAIN;
  o->handoff = handoff_new (r, s, q->next ? q->next : q->path);
  return o->handoff ? DR_OK : DR_NO_MEMORY;
}

void
offer_undo (struct rights *r, struct offer *o)
{
  /* A new export without a count goes when its queue settles.  */
  if (o->export)
    queue_touch (r, o->export->queue);
  if (o->handoff)
    handoff_free (r, o->handoff);
}

static void
describe_receive (struct session *s, const struct message *m, uint32_t state,
		  struct queue *q, struct desc *d)
{
  d->kind = DESC_RECEIVE;
  d->identity = q->identity;
  d->senders = m->wire.receives[state].senders;
  d->queue_limit = m->wire.receives[state].queue_limit;
  q->leaving_to = s->id;
}

void
offer_commit (struct rights *r, struct session *s, struct message *m,
	      uint32_t slot, struct offer *o, struct desc *d)
{
  const struct wire_right *w = message_slot (m, slot);
  struct queue *q = m->queues[slot];

  memset (d, 0, sizeof *d);
  d->disposition = w->disposition;
  if (!q)
    {
      d->kind = w->reference == WIRE_NULL ? DESC_NULL : DESC_DEAD;
      return;
    }
  m->queues[slot] = NULL;
  q->refs--;
  queue_touch (r, q);
  if (q->place == PLACE_DEAD)
    d->kind = DESC_DEAD;
  else if (w->disposition == WIRE_RECEIVE)
    describe_receive (s, m, w->receive, q, d);
  else if (o->export)
    {
      o->export->count++;
      d->handle = q->handle;
      d->kind = DESC_MINE;
      d->identity.epoch = q->identity.epoch;
      if (!key_equal (&q->identity.origin, &r->config.key)
	  || q->identity.serial != q->handle)
	{
	  d->kind = DESC_MINE_FOREIGN;
	  d->identity = q->identity;
	}
    }
  else if (o->pin)
    {
      d->kind = DESC_YOURS;
      d->handle = o->pin->handle;
    }
  else
    {
      struct import *home = o->handoff->import;
      d->kind = DESC_OTHER;
      d->identity = q->identity;
      d->at.home = home->session->key;
      d->at.address = home->session->address;
      d->at.number = home->session->number;
      d->handoff = o->handoff->id;
    }
}

/* --- Out ----------------------------------------------------------------------- */

struct parcel			/* one message being made ready */
{
  struct offer *offers;
  struct taken *taken;
  uint32_t pins;
  struct dr_buf *head;
  struct dr_slice *slices;
};

static size_t
slices_needed (const struct message *m)
{
  return 2 + m->wire.regions_count;
}

static enum dr_status
parcel_offers (struct rights *r, struct session *s, struct message *m,
	       struct parcel *p)
{
  p->offers = dr_alloc_array (&r->alloc, m->slots, sizeof *p->offers);
  if (!p->offers)
    return DR_NO_MEMORY;
  for (uint32_t i = 0; i < m->slots; i++)
    {
      enum dr_status st = offer_ensure (r, s, message_slot (m, i), m->queues[i],
					&p->offers[i]);
      if (st)
	return st;
      p->pins += p->offers[i].pin != NULL;
    }
  return DR_OK;
}

static enum dr_status
parcel_memory (struct rights *r, struct message *m, struct parcel *p)
{
  size_t head = MESSAGE_HEAD_BYTES + (size_t) m->slots * DESC_BYTES_MAX
		+ (size_t) m->wire.regions_count * 8 + 8;
  if (p->pins)
    {
      p->taken = new_record (r, sizeof *p->taken + p->pins * sizeof (struct import *));
      if (!p->taken)
	return DR_NO_MEMORY;
    }
  p->head = dr_buf_new (&r->alloc, head);
  if (!p->head)
    return DR_NO_MEMORY;
  if (slices_needed (m) > r->slices_capacity)
    {
      p->slices = dr_alloc_array (&r->alloc, slices_needed (m), sizeof *p->slices);
      if (!p->slices)
	return DR_NO_MEMORY;
    }
  return DR_OK;
}

static void
parcel_undo (struct rights *r, struct message *m, struct parcel *p)
{
  if (p->offers)
    for (uint32_t i = 0; i < m->slots; i++)
      offer_undo (r, &p->offers[i]);
  dr_free_bytes (&r->alloc, p->offers, m->slots * sizeof *p->offers);
  dr_free_bytes (&r->alloc, p->taken,
		 sizeof *p->taken + p->pins * sizeof (struct import *));
  dr_buf_drop (p->head);
}

static void
parcel_pin (struct rights *r, struct session *s, struct message *m,
	    struct parcel *p)
{
  struct taken *t = p->taken;
  if (!t)
    return;
  t->id = ++r->last_id;
  t->session = s->id;
  for (uint32_t i = 0; i < m->slots; i++)
    if (p->offers[i].pin)
      {
	p->offers[i].pin->pins++;
	t->imports[t->count++] = p->offers[i].pin;
      }
  list_append (&s->takens, &t->node);
  table_add (&r->taken_ids, &r->alloc, &t->by_id, table_mix (t->id, 0));
  r->takens_count++;
}

/* Returns how much of the head is used.  */
static size_t
parcel_write (struct rights *r, struct session *s, struct import *way,
	      struct message *m, struct parcel *p)
{
  struct dr_out out = dr_out (p->head->data, p->head->bytes);
  struct message_head head = {
    .complex = m->wire.complex, .id = m->wire.id, .handle = way->handle,
    .ticket = p->taken ? p->taken->id : 0,
    .body_bytes = (uint32_t) m->wire.body.bytes, .rights = m->wire.rights_count,
    .regions = m->wire.regions_count, .receives = m->wire.receives_count };
  message_head_write (&out, &head);
  for (uint32_t i = 0; i < m->slots; i++)
    {
      struct desc d;
      offer_commit (r, s, m, i, &p->offers[i], &d);
      desc_write (&out, &d);
    }
  for (uint32_t i = 0; i < m->wire.regions_count; i++)
    dr_out_u64 (&out, m->wire.regions[i].bytes);
  while ((size_t) (out.at - p->head->data) % 8)
    dr_out_u8 (&out, 0);
  dr_assert (!out.bad);
  return (size_t) (out.at - p->head->data);
}

/* The driver gets the buffers' references, which were the message's.  */
static void
parcel_post (struct rights *r, struct message *m, struct rights_action *a,
	     struct dr_buf *head, size_t used)
{
  uint32_t n = 0;
  r->slices[n++] = (struct dr_slice) { head, 0, used };
  if (m->wire.body.bytes)
    {
      r->slices[n++] = m->wire.body;
      m->wire.body.buf = NULL;
    }
  for (uint32_t i = 0; i < m->wire.regions_count; i++)
    if (m->wire.regions[i].bytes)
      {
	r->slices[n++] = m->wire.regions[i];
	m->wire.regions[i].buf = NULL;
      }
  a->slices = r->slices;
  a->slices_count = n;
}

static void
take_slices (struct rights *r, struct message *m, struct dr_slice *slices)
{
  if (!slices)
    return;
  dr_free_bytes (&r->alloc, r->slices, r->slices_capacity * sizeof *r->slices);
  r->slices = slices;
  r->slices_capacity = slices_needed (m);
}

static enum emitted
send_marker (struct rights *r, struct queue *q, struct message *m,
	     struct rights_action *a)
{
  struct frame f = { .type = FRAME_FLUSH, .handle = q->path->handle,
    .count = r->last_id + 1, .key = m->marker_key, .id = m->marker_token };
  if (!emit_frame (r, a, q->path->session->id, q->path->handle, &f))
    return NO_MEMORY;
  list_remove (&m->node);
  q->out_count--;
  migrate_passed (r, q, m, q->path, ++r->last_id);
  return EMITTED;
}

/* Credits that have waited a while go in one datagram with a message: alone they
   would cost the peer a wake-up in the middle of a request and its reply.  */
static void
take_credits_along (struct rights *r, struct session *s)
{
  if (!list_empty (&s->owing) && r->now + r->config.credit_us / 4 * 3 >= s->credit_at)
    owe (r, &s->work, SESSION_CREDIT);
}

static enum emitted
send_message (struct rights *r, struct queue *q, struct message *m,
	      struct rights_action *a)
{
  struct import *way = q->path;
  struct session *s = way->session;
  struct parcel p = { 0 };
  enum dr_status st = parcel_offers (r, s, m, &p);

  if (!st)
    st = parcel_memory (r, m, &p);
  if (st)
    {
      parcel_undo (r, m, &p);
      if (st == DR_AGAIN)
	{
	  list_remove (&q->blocked);
	  list_append (&r->blocked, &q->blocked);
	  return NOTHING;
	}
      return NO_MEMORY;
    }
  take_slices (r, m, p.slices);
  parcel_pin (r, s, m, &p);
  size_t used = parcel_write (r, s, way, m, &p);
  dr_free_bytes (&r->alloc, p.offers, m->slots * sizeof *p.offers);

  a->kind = RIGHTS_SEND;
  a->session = s->id;
  a->stream = way->handle;
  parcel_post (r, m, a, p.head, used);
  take_credits_along (r, s);
  list_remove (&m->node);
  q->out_count--;
  if (q->once)
    {
      import_free (r, way);
      queue_kill (r, q);
    }
  else
    {
      way->unacked++;
      way->unacked_bytes += m->bytes;
    }
  message_free (r, m);
  queue_touch (r, q);
  return EMITTED;
}

static bool
window_open (const struct rights *r, const struct queue *q, const struct message *m)
{
  const struct import *i = q->path;
  if (q->once || i->unacked == 0)
    return true;
  return i->unacked < r->config.window_messages
	 && i->unacked_bytes + m->bytes <= r->config.window_bytes;
}

enum emitted
transmit_emit (struct rights *r, struct queue *q, struct rights_action *a)
{
  enum emitted e = NOTHING;

  if (!list_empty (&q->out) && queue_has_path (q) && !q->next && !q->arriving
      && !q->path->session->blocked)
    {
      struct message *m = CONTAINER (q->out.next, struct message, node);
      if (m->kind == MESSAGE_MARKER)
	e = send_marker (r, q, m, a);
      else if (window_open (r, q, m))
	e = send_message (r, q, m, a);
    }
  if (e == NOTHING || list_empty (&q->out))
    q->work.bits &= ~(uint32_t) QUEUE_TRANSMIT;
  queue_touch (r, q);
  return e;
}
