/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What decides an engine's future, for explorers that must know a state again.  No
   pointer and no counter that only makes new numbers goes in; queues go in by the order
   of their names, so that two histories that led to the same tables look the same.  */
#include "core/rights/internal.h"

#define SORTED_MAX 256u			/* beyond, the engine's own order is taken */

struct digest
{
  void (*absorb) (void *ctx, const void *data, size_t bytes);
  void *ctx;
  const struct rights *rights;
};

#define PUT(d, value) (d)->absorb ((d)->ctx, &(value), sizeof (value))

static void
put_number (struct digest *d, uint64_t n)
{
  PUT (d, n);
}

static void
put_identity (struct digest *d, const struct queue *q)
{
  static const struct identity none;
  const struct identity *i = q ? &q->identity : &none;
  PUT (d, i->origin);
  put_number (d, i->epoch);
  put_number (d, i->serial);
}

static void
put_due (struct digest *d, uint64_t at)
{
  put_number (d, at > d->rights->now ? at - d->rights->now : 0);
}

static void
put_right (struct digest *d, const struct wire_right *w, const struct queue *q)
{
  put_number (d, w->reference | w->disposition << 8);
  put_number (d, q ? 0 : w->name);
  put_identity (d, q);
}

static void
put_message (struct digest *d, const struct message *m)
{
  const struct wire_message *w = &m->wire;
  put_number (d, m->kind | m->credit << 8 | m->always << 9 | w->complex << 10 | w->used << 16);
  put_number (d, m->source);
  put_number (d, m->ticket);
  put_number (d, m->marker_token);
  put_number (d, m->marker_hop);
  put_number (d, m->hop);
  put_number (d, m->way ? m->way->session->id : 0);
  put_number (d, (uint32_t) w->id);
  put_number (d, w->body.bytes);
  if (w->body.bytes)
    d->absorb (d->ctx, dr_slice_data (&w->body), w->body.bytes);
  put_number (d, m->slots);
  for (uint32_t i = 0; i < m->slots; i++)
    put_right (d, message_slot ((struct message *) m, i), m->queues[i]);
}

static void
put_messages (struct digest *d, const struct list *list)
{
  uint32_t n = 0;
  LIST_EACH (m, list, struct message, node)
    {
      put_message (d, m);
      n++;
    }
  put_number (d, n);
}

static void
put_export (struct digest *d, const struct export *e)
{
  put_number (d, e->session->id);
  put_number (d, e->count);
  put_number (d, e->waiting);
  put_number (d, e->owed_messages);
  put_number (d, e->told_dead | e->moved << 1 | e->unflushed << 4 | e->early << 5 | (uint64_t) e->work.bits << 8);
}

static void
put_import (struct digest *d, const struct import *i)
{
  put_number (d, i->session->id);
  put_number (d, i->handle);
  put_number (d, i->count);
  put_number (d, i->pins);
  put_number (d, i->unacked);
  put_number (d, i->once | i->tombstone << 1 | (uint64_t) i->work.bits << 8);
}

static void
put_queue (struct digest *d, const struct queue *q)
{
  put_identity (d, q);
  put_number (d, q->once | q->place << 8 | (uint64_t) q->name << 32);
  put_number (d, q->held | (uint64_t) q->drop << 32);
  put_number (d, q->created | q->adopted << 1 | q->idle << 2 | q->paused << 3 | q->used << 4
	      | q->given << 5 | q->resolving << 6 | q->leaving << 7 | q->closing << 8 | q->armed << 9
	      | q->arriving << 16 | (uint64_t) q->work.bits << 32);
  put_number (d, q->onces | (uint64_t) q->making << 32);
  put_number (d, q->token);
  put_number (d, q->claims | (uint64_t) q->refill << 32);
  put_number (d, q->leaving_to);
  put_number (d, q->path ? q->path->session->id : 0);
  put_number (d, q->next ? q->next->session->id : 0);
  LIST_EACH (e, &q->exports, struct export, in_queue)
    put_export (d, e);
  put_number (d, 1);
  LIST_EACH (i, &q->imports, struct import, in_queue)
    put_import (d, i);
  put_number (d, 2);
  put_messages (d, &q->in);
  put_messages (d, &q->out);
  put_messages (d, &q->passed);
  put_messages (d, &q->answers);
  if (q->delivering)
    put_message (d, q->delivering);
}

static int
compare (const struct queue *a, const struct queue *b)
{
  int keys = memcmp (&a->identity.origin, &b->identity.origin, sizeof a->identity.origin);
  if (keys != 0)
    return keys;
  if (a->identity.epoch != b->identity.epoch)
    return a->identity.epoch < b->identity.epoch ? -1 : 1;
  return a->identity.serial < b->identity.serial ? -1 : a->identity.serial > b->identity.serial;
}

static void
put_queues (struct digest *d)
{
  const struct queue *sorted[SORTED_MAX];
  size_t n = 0;
  LIST_EACH (q, &d->rights->queues, struct queue, node)
    {
      if (n == SORTED_MAX)
	{
	  put_queue (d, q);
	  continue;
	}
      size_t at = n++;
      for (; at > 0 && compare (sorted[at - 1], q) > 0; at--)
	sorted[at] = sorted[at - 1];
      sorted[at] = q;
    }
  for (size_t i = 0; i < n; i++)
    put_queue (d, sorted[i]);
}

static void
put_session (struct digest *d, const struct session *s)
{
  put_number (d, s->id);
  PUT (d, s->key);
  put_number (d, s->blocked | (uint64_t) s->backlog << 32);
  if (!list_empty (&s->owing))
    put_due (d, s->credit_at);
  LIST_EACH (t, &s->takens, struct taken, node)
    {
      put_number (d, t->id);
      for (uint32_t i = 0; i < t->count; i++)
	put_identity (d, t->imports[i] ? t->imports[i]->queue : NULL);
    }
  /* Those without a queue are found from here alone.  */
  LIST_EACH (i, &s->imports, struct import, in_session)
    if (!i->queue)
      put_import (d, i);
}

static void
put_handoffs (struct digest *d)
{
  LIST_EACH (h, &d->rights->handoffs, struct handoff, node)
    {
      put_number (d, h->id);
      put_number (d, h->to);
      put_number (d, h->export_handle);
      put_number (d, h->granted | (uint64_t) h->work.bits << 8);
      put_identity (d, h->import ? h->import->queue : NULL);
    }
  put_number (d, 3);
  LIST_EACH (c, &d->rights->claims, struct claim, node)
    {
      PUT (d, c->granter);
      put_number (d, c->granter_session);
      put_number (d, c->handoff);
      PUT (d, c->at.home);
      put_number (d, c->home_session);
      put_number (d, c->state | c->moved << 8 | c->succeeded << 9 | (uint64_t) c->work.bits << 16);
      put_due (d, c->deadline);
      put_identity (d, c->queue);
    }
  put_number (d, 4);
  LIST_EACH (g, &d->rights->grants, struct grant, node)
    {
      put_number (d, g->granter);
      put_number (d, g->handoff);
      put_number (d, g->handle);
      PUT (d, g->to);
    }
  put_number (d, 5);
  LIST_EACH (p, &d->rights->pendings, struct pending, node)
    {
      PUT (d, p->granter_key);
      put_number (d, p->granter);
      put_number (d, p->claimant);
      put_number (d, p->handoff);
    }
}

void
rights_digest (const struct rights *rights,
	       void (*absorb) (void *ctx, const void *data, size_t bytes), void *ctx)
{
  struct digest d = { absorb, ctx, rights };
  LIST_EACH (s, &rights->sessions, struct session, node)
    put_session (&d, s);
  put_queues (&d);
  put_handoffs (&d);
  LIST_EACH (n, &rights->notes, struct note, node)
    {
      put_number (&d, n->session);
      put_number (&d, n->stream);
      absorb (ctx, n->buf->data, n->bytes);
    }
  LIST_EACH (q, &rights->roots, struct root_request, node)
    {
      put_number (&d, q->session);
      put_number (&d, q->request);
      put_number (&d, q->answered | (uint64_t) q->error << 32);
      if (q->answer)
	put_message (&d, q->answer);
    }
}
