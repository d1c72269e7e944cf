/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the engine to the model's kernel.  */
#include "driver_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_WORDS 12u		/* sender, seq, ghost, count, 4 ghosts, reply's, ... */

struct port *
driver_proxy_port (struct node *n, uint32_t proxy)
{
  if (!n->proxies[proxy].known)
    return NULL;
  return n->names[n->proxies[proxy].name].port;
}

static void install (struct node *n, struct port *p, const struct wire_receive *v,
		     struct kmsg *m);

void
driver_copy_in (struct node *n, const struct wire_right *r, const struct wire_message *w,
	 int ghost, struct kright *k, struct kmsg *m)
{
  struct port *p = NULL;
  memset (k, 0, sizeof *k);
  k->disposition = r->disposition;
  k->ghost = ghost;
  switch (r->reference)
    {
    case WIRE_NULL:
      return;
    case WIRE_DEAD:
      k->dead = true;
      return;
    case WIRE_LOCAL:
      {
	struct entry *e = driver_entry (n, r->name);
	if (!e)
	  return;
	p = e->port;
	if (!p || (r->disposition == WIRE_SEND_ONCE) != e->once || e->urefs == 0)
	  {
	    FAIL (n->w, "the engine used a right that it has not");
	    k->dead = true;
	    return;
	  }
	right_make (k, p, r->disposition);
	k->ghost = ghost;
	if (r->disposition == WIRE_SEND_ONCE)
	  {
	    e->urefs--;
	    if (p->live)
	      p->onces--;
	    driver_name_tidy (e);
	  }
	return;
      }
    case WIRE_PROXY:
      p = driver_proxy_port (n, r->proxy);
      if (!p)
	{
	  k->dead = true;
	  return;
	}
      if (r->disposition == WIRE_SEND)
	p->mscount++;
      if (r->disposition == WIRE_RECEIVE)
	{
	  struct entry *e = &n->names[n->proxies[r->proxy].name];
	  install (n, p, &w->receives[r->receive], m);
	  n->proxies[r->proxy].known = false;
	  e->receive = false;
	  p->receiver = NOWHERE;
	  p->mscount = 0;
	  if (p->ghost < 0)
	    p->ghost = ghost;
	  k->port = p;
	  return;
	}
      right_make (k, p, r->disposition);
      k->ghost = ghost;
    }
}

static void
install (struct node *n, struct port *p, const struct wire_receive *v, struct kmsg *m)
{
  p->limit = v->queue_limit;
  if (v->no_senders.reference == WIRE_NULL)
    return;
  struct kright k;
  driver_copy_in (n, &v->no_senders, NULL, -1, &k, m);
  if (!k.port)
    return;
  if (p->no_senders)
    FAIL (n->w, "a moved receive right has a request already");
  p->no_senders = k.port;
  port_check_senders (n->w, p, 1);
}

/* A hostile peer's payload may say anything.  */
static int
ghost_at (struct node *n, const uint8_t *p)
{
  uint64_t ghost = driver_get64 (p);
  return ghost < (uint64_t) n->w->ghosts_count ? (int) ghost : -1;
}

static struct kmsg *
rebuild (struct node *n, const struct wire_message *w)
{
  struct kmsg *m = calloc (1, sizeof *m);
  uint8_t body[8 + BODY_WORDS * 8] = { 0 };
  size_t known = w->body.bytes < sizeof body ? w->body.bytes : sizeof body;
  if (known)
    memcpy (body, dr_slice_data (&w->body), known);
  const uint8_t *p = body + 8;
  m->sender = (int) (driver_get64 (p) % (NODES * TASKS));
  m->seq = driver_get64 (p + 8);
  m->ghost = ghost_at (n, p + 16);
  m->kind = (uint8_t) (driver_get64 (p + 64) % MARKER);
  m->mscount = (uint32_t) driver_get64 (p + 72);
  m->by_once = driver_get64 (p + 80);
  m->used = w->used;
  m->reply.ghost = -1;
  driver_copy_in (n, &w->reply, w, ghost_at (n, p + 24), &m->reply, m);
  m->count = (int) (w->rights_count < RIGHTS_PER_MESSAGE ? w->rights_count
		    : RIGHTS_PER_MESSAGE);
  for (int i = 0; i < m->count; i++)
    driver_copy_in (n, &w->rights[i], w, ghost_at (n, p + 32 + 8 * i), &m->rights[i], m);
  if (w->regions_count)
    {
      const uint8_t *data = dr_slice_data (&w->regions[0]);
      m->region = (uint32_t) w->regions[0].bytes;
      for (uint32_t i = 0; i < m->region; i++)
	if (data[i] != (uint8_t) m->seq)
	  {
	    FAIL (n->w, "out-of-line memory changed");
	    break;
	  }
    }
  return m;
}

/* Undeliverable: what the kernel would have taken is destroyed.  */
static void
destroy_delivery (struct node *n, const struct wire_message *w)
{
  for (uint32_t i = 0; i <= w->rights_count; i++)
    {
      const struct wire_right *r = i ? &w->rights[i - 1] : &w->reply;
      if (r->reference == WIRE_LOCAL && r->disposition == WIRE_SEND_ONCE)
	driver_name_drop (n, r->name, 1);
      if (r->reference == WIRE_PROXY && r->disposition == WIRE_RECEIVE)
	{
	  struct kright k;
	  int ghost = i && i <= RIGHTS_PER_MESSAGE && w->body.bytes >= 8 + BODY_WORDS * 8
		      ? ghost_at (n, dr_slice_data (&w->body) + 40 + 8 * (i - 1)) : -1;
	  driver_copy_in (n, r, w, ghost, &k, NULL);
	  if (ghost >= 0)
	    n->w->ghosts[ghost].destroyed = true;
	  if (k.port)
	    port_kill (n->w, k.port);
	}
    }
}

/* One try; false: it blocks.  */
bool
delivery_try (struct node *n, struct delivery *d)
{
  const struct rights_action *a = &d->a;
  struct port *p = NULL;
  uint32_t name = 0;

  if (a->to.reference == WIRE_LOCAL)
    {
      name = a->to.name;
      struct entry *e = driver_entry (n, name);
      if (!e || !e->port || e->urefs == 0
	  || e->once != (a->to.disposition == WIRE_SEND_ONCE))
	{
	  FAIL (n->w, "a delivery to a right that is not there");
	  d->result = RIGHTS_UNDELIVERABLE;
	  d->done = true;
	  return true;
	}
      p = e->port;
    }
  else
    p = driver_proxy_port (n, a->to.proxy);
  if (p && p->live && !a->always && a->to.disposition == WIRE_SEND && port_full (p))
    return false;
  d->done = true;
  if (!p || !p->live)
    {
      destroy_delivery (n, a->message);
      if (a->to.disposition == WIRE_SEND_ONCE)
	driver_name_drop (n, name, 1);
      d->result = RIGHTS_UNDELIVERABLE;
      return true;
    }
  if (a->to.disposition == WIRE_SEND_ONCE)
    {
      struct entry *e = driver_entry (n, name);
      e->urefs--;
      p->onces--;
      driver_name_tidy (e);
    }
  if (a->to.reference == WIRE_PROXY && !a->always)
    {
      p->mscount++;
      p->sends++;		/* the header's right, until it is received */
    }
  struct kmsg *m = rebuild (n, a->message);
  port_enqueue (n->w, p, m);
  if (a->to.reference == WIRE_PROXY && !a->always)
    {
      struct kright k = { p, false, WIRE_SEND, -1 };
      right_drop (n->w, &k);
    }
  d->result = RIGHTS_DELIVERED;
  n->w->delivered++;
  return true;
}

void
delivery_back (struct node *n, struct delivery *d)
{
  d->active = false;
  rights_delivered (n->rights, n->w->now, d->a.ticket, d->result);
}
