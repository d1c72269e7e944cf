/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a peer to the kernel: each queue has a line `in`, of which one message at a
   time is with the driver.  */
#include "core/rights/internal.h"

/* --- Credit ------------------------------------------------------------------- */

/* The sender of M may send that much more.  */
void
deliver_credit (struct rights *r, struct queue *q, struct message *m)
{
  struct session *s = m->source ? session_find (r, m->source) : NULL;
  struct export *e = s ? export_find (q, s) : NULL;

  if (!m->credit)
    return;
  m->credit = false;
  if (!e || e->told_dead)
    return;
  e->waiting -= e->waiting > 0;
  export_owe_credit (r, e, m->bytes);
}

static void
left_line (struct rights *r, struct message *m)
{
  struct session *s = m->source && m->kind == MESSAGE_PLAIN ? session_find (r, m->source) : NULL;
  if (s && s->backlog)
    s->backlog--;
}

void
deliver_append (struct rights *r, struct queue *q, struct message *m)
{
  list_append (&q->in, &m->node);
  q->in_count++;
  /* Until the receive right is in its place nothing is delivered; what comes in
     front of our own marker must come in all the same.  */
  if (q->arriving && q->arriving < ARRIVING_HANDED)
    deliver_credit (r, q, m);
  owe (r, &q->work, QUEUE_DELIVER);
}

/* --- What the driver must know first -------------------------------------------- */

static bool
must_create (const struct queue *q)
{
  return q->place == PLACE_PROXY && !q->created;
}

struct queue *
deliver_unknown (struct rights *r, struct message *m)
{
  for (uint32_t i = 0; i < m->slots; i++)
    {
      struct queue *q = m->queues[i];
      if (q && (must_create (q) || q->work.bits & QUEUE_ADOPT))
	return q;
    }
  return NULL;
}

/* One action that makes Q known: CREATE, or the ADOPT that is due.  */
void
deliver_create (struct rights *r, struct queue *q, struct rights_action *a)
{
  a->proxy = q->proxy;
  if (q->work.bits & QUEUE_ADOPT)
    {
      q->work.bits &= ~(uint32_t) QUEUE_ADOPT;
      a->kind = RIGHTS_PROXY_ADOPT;
      a->proxy = q->proxy;
      a->name = q->name;
      return;
    }
  q->proxy = queue_proxy_number (r);
  q->created = true;
  q->paused = false;
  q->armed = true;
  table_add (&r->proxies, &r->alloc, &q->by_proxy, table_mix (q->proxy, 0));
  a->kind = RIGHTS_PROXY_CREATE;
  a->proxy = q->proxy;
  a->once = q->once;
  a->sync = q->once ? 0 : 1;
  /* Armed for the first send right.  As long as none is made it stays idle: the
     message that it was created for may yet be destroyed.  */
}

static bool
receives_ready (const struct message *m)
{
  for (uint32_t i = 0; i < m->slots; i++)
    {
      const struct queue *q = m->queues[i];
      if (q && q->place == PLACE_PROXY && q->arriving
	  && q->arriving != ARRIVING_READY
	  && message_slot ((struct message *) m, i)->disposition == WIRE_RECEIVE)
	return false;
    }
  return true;
}

/* --- Filling in -------------------------------------------------------------------- */

static void
hand_over (struct rights *r, struct queue *q)
{
  q->place = PLACE_HOME;
  q->arriving = ARRIVING_HANDED;
  q->created = false;
  q->adopted = false;
  q->onces = 0;
  q->path = q->next = NULL;
  /* Whoever sent meanwhile had this node for a way, should the right leave again.  */
  LIST_EACH (e, &q->exports, struct export, in_queue)
    {
      e->unflushed |= e->early;
      e->early = false;
    }
  if (!list_empty (&q->in))
    owe (r, &q->work, QUEUE_DELIVER);
}

/* A send right is being made from the proxy.  If its no-senders notification came
   already (and something else kept the proxy alive), it is wanted again.  */
static void
make (struct rights *r, struct queue *q)
{
  q->makes++;
  q->making++;
  if (!q->armed)
    owe (r, &q->work, QUEUE_ARM);
  q->idle = false;
}

static void
fill_right (struct rights *r, struct wire_right *w, struct queue *q)
{
  w->name = 0;
  w->proxy = 0;
  if (q->place == PLACE_DEAD)
    {
      w->reference = WIRE_DEAD;
      return;
    }
  if (q->place == PLACE_HOME && !(q->arriving && w->disposition == WIRE_RECEIVE))
    {
      w->reference = WIRE_LOCAL;
      w->name = q->name;
      if (q->once)
	table_remove (&r->names, &q->by_name);
      return;
    }
  w->reference = WIRE_PROXY;
  w->proxy = q->proxy;
  if (w->disposition == WIRE_RECEIVE)
    hand_over (r, q);
  else if (w->disposition == WIRE_SEND)
    make (r, q);
}

/* The requests of a receive right that died on its way: unused.  */
static void
drop_requests (struct rights *r, struct message *m, uint32_t state)
{
  for (uint32_t n = 0; n < 2; n++)
    {
      uint32_t slot = 1 + m->wire.rights_count + 2 * state + n;
      struct queue *q = m->queues[slot];
      if (!q)
	continue;
      m->queues[slot] = NULL;
      q->refs--;
      message_slot (m, slot)->reference = WIRE_NULL;
      queue_once_unused (r, q);
      queue_touch (r, q);
    }
}

void
deliver_fill (struct rights *r, struct message *m)
{
  for (uint32_t i = 0; i < 1 + m->wire.rights_count; i++)
    {
      const struct wire_right *w = message_slot (m, i);
      if (m->queues[i] && w->disposition == WIRE_RECEIVE
	  && m->queues[i]->place == PLACE_DEAD)
	drop_requests (r, m, w->receive);
    }
  for (uint32_t i = 0; i < m->slots; i++)
    if (m->queues[i])
      {
	fill_right (r, message_slot (m, i), m->queues[i]);
	queue_touch (r, m->queues[i]);
      }
}

void
deliver_ticket (struct rights *r, struct message *m, struct queue *dest)
{
  m->ticket = ++r->last_ticket;
  m->dest = dest;
  table_add (&r->tickets, &r->alloc, &m->by_ticket, table_mix (m->ticket, 0));
}

/* --- One action ----------------------------------------------------------------------- */

static enum emitted
stay (struct queue *q)
{
  q->work.bits &= ~(uint32_t) QUEUE_DELIVER;
  return NOTHING;
}

static void
take_off (struct rights *r, struct queue *q, struct message *m)
{
  list_remove (&m->node);
  q->in_count--;
  left_line (r, m);
}

/* Every message in front of the marker was delivered.  At home that is the end of
   its way; else it goes the way that they went.  */
static enum emitted
deliver_marker (struct rights *r, struct queue *q, struct message *m,
		struct rights_action *a)
{
  if (q->place == PLACE_HOME || q->arriving)
    {
      take_off (r, q, m);
      if (q->arriving == ARRIVING_REFILL && q->refill)
	q->refill--;
      list_append (&q->answers, &m->node);
      owe (r, &q->work, QUEUE_ANSWER);
      queue_touch (r, q);
      return NOTHING;
    }
  take_off (r, q, m);
  q->delivering = m;
  deliver_ticket (r, m, q);
  a->kind = RIGHTS_PROXY_MARK;
  a->proxy = q->proxy;
  a->cookie = m->ticket;
  return EMITTED;
}

static enum emitted
deliver_one (struct rights *r, struct queue *q, struct message *m,
	     struct rights_action *a)
{
  take_off (r, q, m);
  deliver_fill (r, m);
  q->delivering = m;
  deliver_ticket (r, m, q);
  m->wire.used = q->once ? WIRE_SEND_ONCE : WIRE_SEND;
  a->kind = RIGHTS_DELIVER;
  a->ticket = m->ticket;
  a->message = &m->wire;
  a->source = m->source;
  a->to.disposition = m->wire.used;
  if (q->place == PLACE_HOME)
    {
      a->to.reference = WIRE_LOCAL;
      a->to.name = q->name;
      if (q->once)
	table_remove (&r->names, &q->by_name);
      return EMITTED;
    }
  a->to.reference = WIRE_PROXY;
  a->to.proxy = q->proxy;
  m->always = a->always = q->arriving != ARRIVING_NOT;
  if (!m->always)
    {
      m->relay_proxy = q->proxy;
      make (r, q);
    }
  return EMITTED;
}

enum emitted
deliver_emit (struct rights *r, struct queue *q, struct rights_action *a)
{
  if (q->delivering || list_empty (&q->in) || q->place == PLACE_DEAD)
    return stay (q);
  struct message *m = CONTAINER (q->in.next, struct message, node);
  if (q->place == PLACE_PROXY && q->arriving
      && !(q->arriving == ARRIVING_REFILL && q->refill))
    return stay (q);
  if (!receives_ready (m))
    {
      list_remove (&q->waiting);
      list_append (&r->waiting, &q->waiting);
      return stay (q);
    }
  struct queue *unknown = must_create (q) || q->work.bits & QUEUE_ADOPT ? q
			  : deliver_unknown (r, m);
  if (unknown)
    {
      deliver_create (r, unknown, a);
      return EMITTED;
    }
  if (m->kind == MESSAGE_MARKER)
    return deliver_marker (r, q, m, a);
  return deliver_one (r, q, m, a);
}

/* --- It came back ------------------------------------------------------------------------ */

static void
slot_done (struct rights *r, struct message *m, uint32_t slot, bool made)
{
  struct wire_right *w = message_slot (m, slot);
  struct queue *q = m->queues[slot];

  if (!q)
    return;
  m->queues[slot] = NULL;
  q->refs--;
  queue_touch (r, q);
  if (w->disposition == WIRE_RECEIVE)
    {
      if (q->arriving == ARRIVING_HANDED)
	{
	  q->arriving = ARRIVING_NOT;
	  table_remove (&r->proxies, &q->by_proxy);
	}
      return;
    }
  if (w->disposition == WIRE_SEND_ONCE)
    {
      if (w->reference == WIRE_LOCAL)
	{
	  q->held = 0;
	  queue_kill (r, q);
	}
      else if (!made || w->reference == WIRE_DEAD)
	queue_once_unused (r, q);
      else
	q->given = true;
      return;
    }
  /* A proxy that was handed over and came back is another one.  */
  if (w->reference != WIRE_PROXY || w->proxy != q->proxy)
    return;
  q->making--;
  if (!made)
    {
      q->makes--;
      owe (r, &q->work, QUEUE_ARM);
    }
}

static void
dest_done (struct rights *r, struct queue *q, struct message *m, bool made)
{
  q->delivering = NULL;
  if (m->relay_proxy && m->relay_proxy == q->proxy)
    {
      q->making--;
      if (!made)
	{
	  q->makes--;
	  owe (r, &q->work, QUEUE_ARM);
	}
    }
  if (q->once)
    {
      q->held = 0;
      queue_kill (r, q);
    }
  if (m->always && q->refill)
    q->refill--;
  deliver_credit (r, q, m);
  if (!list_empty (&q->in))
    owe (r, &q->work, QUEUE_DELIVER);
  queue_touch (r, q);
}

static struct message *
ticket_take (struct rights *r, uint64_t ticket)
{
  struct hnode *n = table_find (&r->tickets, table_mix (ticket, 0));
  for (; n; n = table_more (n))
    {
      struct message *m = CONTAINER (n, struct message, by_ticket);
      if (m->ticket == ticket)
	{
	  table_remove (&r->tickets, n);
	  return m;
	}
    }
  return NULL;
}

void
rights_delivered (struct rights *r, uint64_t now, uint64_t ticket,
		  enum rights_result result)
{
  struct message *m = ticket_take (r, ticket);
  r->now = now;
  if (!m)
    return;
  dr_assert (m->kind == MESSAGE_PLAIN);
  bool made = result == RIGHTS_DELIVERED;
  for (uint32_t i = 0; i < m->slots; i++)
    slot_done (r, m, i, made);
  if (m->dest)
    dest_done (r, m->dest, m, made);
  message_free (r, m);
  reap (r);
}

void
rights_marked (struct rights *r, uint64_t now, uint32_t proxy, uint64_t cookie)
{
  struct queue *q = queue_by_proxy (r, proxy);
  r->now = now;
  if (!q || !q->delivering || q->delivering->kind != MESSAGE_MARKER
      || q->delivering->ticket != cookie)
    return;
  struct message *m = q->delivering;
  table_remove (&r->tickets, &m->by_ticket);
  q->delivering = NULL;
  if (q->place == PLACE_DEAD)
    message_doom (r, m);
  else
    {
      list_append (&q->out, &m->node);
      q->out_count++;
      owe (r, &q->work, QUEUE_TRANSMIT | QUEUE_DELIVER);
    }
  queue_touch (r, q);
  reap (r);
}
