/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the model's kernel to the engine.  */
#include "driver_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_WORDS 12u		/* sender, seq, ghost, count, 4 ghosts, reply's, ... */

static void
put64 (uint8_t *p, uint64_t v)
{
  memcpy (p, &v, 8);
}

uint64_t
driver_get64 (const uint8_t *p)
{
  uint64_t v;
  memcpy (&v, p, 8);
  return v;
}

static uint8_t *
put_item (uint8_t *p, uint32_t name, uint32_t bits, uint32_t number, bool is_inline)
{
  uint32_t type = name | bits << 8 | (is_inline ? 1u << 29 : 0);
  memcpy (p, &type, 4);
  memcpy (p + 4, &number, 4);
  return p + 8;
}

/* The kernel copies a right out to the daemon.  */
void
driver_copy_out (struct node *n, struct kright *k, struct wire_right *out,
	  struct outgoing *o)
{
  memset (out, 0, sizeof *out);
  out->disposition = k->disposition;
  struct port *p = k->port;
  if (!p)
    {
      out->reference = k->dead ? WIRE_DEAD : WIRE_NULL;
      return;
    }
  if (!p->live)
    {
      out->reference = WIRE_DEAD;
      return;
    }
  uint32_t name = k->disposition == WIRE_SEND_ONCE ? 0 : driver_name_of (n, p);
  if (!name)
    name = driver_name_new (n, p);
  struct entry *e = &n->names[name];
  out->reference = WIRE_LOCAL;
  out->name = name;
  if (k->disposition == WIRE_RECEIVE)
    {
      struct wire_receive *v = &o->receives[o->w.receives_count];
      out->receive = o->w.receives_count++;
      memset (v, 0, sizeof *v);
      e->receive = true;
      p->receiver = DAEMON;
      v->queue_limit = p->limit;
      v->senders = p->sends > 0 || p->queued;
      v->send_onces = (uint32_t) p->onces;
      for (struct kmsg *q = p->first; q; q = q->next)
	v->send_onces += q->used == WIRE_SEND_ONCE;
      if (v->send_onces && k->ghost >= 0)
	n->w->ghosts[k->ghost].once_bound = true;
      if (p->no_senders)
	{
	  struct kright ns = { p->no_senders, false, WIRE_SEND_ONCE, -1 };
	  p->no_senders = NULL;
	  driver_copy_out (n, &ns, &v->no_senders, o);
	}
      if (v->no_senders.reference == WIRE_DEAD)
	v->no_senders.reference = WIRE_NULL;
      return;
    }
  e->urefs++;
  e->once = k->disposition == WIRE_SEND_ONCE;
  if (k->disposition == WIRE_SEND)
    for (uint32_t i = 1; i < PROXIES_MAX; i++)
      if (n->proxies[i].known && n->proxies[i].name == name)
	{
	  out->reference = WIRE_PROXY;
	  out->proxy = i;
	  o->proxy_names[o->proxy_count++] = name;
	}
}

static void
build (struct node *n, struct kmsg *m, struct outgoing *o)
{
  uint8_t *p;
  size_t bytes = 8 + BODY_WORDS * 8 + (size_t) m->count * 16 + (m->region ? 16 : 0);
  struct dr_buf *body = dr_buf_new (&n->w->alloc, bytes);

  memset (o, 0, sizeof *o);
  o->w.id = 42;
  o->w.complex = true;
  o->w.used = m->used;
  o->w.rights = o->rights;
  o->w.receives = o->receives;
  o->w.regions = &o->region;
  o->w.body = (struct dr_slice) { body, 0, bytes };
  p = put_item (body->data, 11, 64, BODY_WORDS, true);
  memset (p, 0, BODY_WORDS * 8);
  put64 (p, (uint64_t) m->sender);
  put64 (p + 8, m->seq);
  put64 (p + 16, (uint64_t) m->ghost);
  put64 (p + 24, (uint64_t) m->reply.ghost);
  put64 (p + 64, m->kind);
  put64 (p + 72, m->mscount);
  put64 (p + 80, m->by_once);
  for (int i = 0; i < m->count; i++)
    put64 (p + 32 + 8 * i, (uint64_t) m->rights[i].ghost);
  p += BODY_WORDS * 8;
  for (int i = 0; i < m->count; i++)
    {
      p = put_item (p, m->rights[i].disposition, 64, 1, true);
      put64 (p, 0x1234);
      p += 8;
      driver_copy_out (n, &m->rights[i], &o->rights[i], o);
    }
  o->w.rights_count = (uint32_t) m->count;
  if (m->region)
    {
      p = put_item (p, 9, 8, m->region, false);
      put64 (p, 0xdeadbeef);
      o->region = (struct dr_slice)
	{ dr_buf_new (&n->w->alloc, m->region), 0, m->region };
      memset (o->region.buf->data, (int) m->seq, m->region);
      o->w.regions_count = 1;
    }
  if (m->reply.port || m->reply.dead)
    driver_copy_out (n, &m->reply, &o->w.reply, o);
}

static void
give_back_proxies (struct node *n, struct outgoing *o)
{
  for (int i = 0; i < o->proxy_count; i++)
    driver_name_drop (n, o->proxy_names[i], 1);
}

void
driver_destroy_local (struct node *n, struct wire_right *r)
{
  if (r->reference != WIRE_LOCAL)
    return;
  if (r->disposition != WIRE_RECEIVE)
    driver_name_drop (n, r->name, 1);
  else
    {
      struct port *p = n->names[r->name].port;
      n->names[r->name].receive = false;
      port_kill (n->w, p);
      driver_name_tidy (&n->names[r->name]);
    }
}

static void
destroy_outgoing (struct node *n, struct outgoing *o)
{
  for (uint32_t i = 0; i < o->w.receives_count; i++)
    driver_destroy_local (n, &o->receives[i].no_senders);
  for (uint32_t i = 0; i < o->w.rights_count; i++)
    driver_destroy_local (n, &o->rights[i]);
  driver_destroy_local (n, &o->w.reply);
  dr_buf_drop (o->w.body.buf);
  dr_buf_drop (o->region.buf);
}

void
node_check (struct node *n, enum dr_status st)
{
  if (st != DR_OK && st != DR_NO_MEMORY && st != DR_SESSION_OVER)
    FAIL (n->w, "the engine refused");
}

static void
pass_message (struct node *n, uint32_t proxy, struct kmsg *m)
{
  struct world *w = n->w;
  struct outgoing *o = malloc (sizeof *o);
  if (w->trace)
    {
      fprintf (stderr, "  node %d: from proxy %u: seq %d of task %d to queue %d", n->index,
	       proxy, (int) m->seq, m->sender, m->ghost);
      for (int i = 0; i < m->count; i++)
	fprintf (stderr, " right(%d queue %d)", m->rights[i].disposition,
		 m->rights[i].ghost);
      fprintf (stderr, "\n");
    }
  long fail_at = w->fail_at;
  w->fail_at = 0;
  build (n, m, o);
  w->fail_at = fail_at;
  if (m->ghost >= 0 && w->faults)
    w->ghosts[m->ghost].lost = true;
  enum dr_status st;
  /* Memory fails once, then there is some again.  */
  while ((st = rights_message (n->rights, w->now, proxy, &o->w)) == DR_NO_MEMORY)
    ;
  node_check (n, st);
  if (st != DR_OK)
    destroy_outgoing (n, o);
  give_back_proxies (n, o);
  free (m);
  free (o);
}

/* One message of a proxy, whatever it is.  */
bool
daemon_receive (struct node *n, uint32_t proxy)
{
  struct proxy *x = &n->proxies[proxy];
  struct port *p = n->names[x->name].port;
  struct kmsg *m = port_dequeue (p);
  struct world *w = n->w;
  if (!m)
    return false;
  if ((x->adopted && m->kind == SEND_ONCE_GONE)
      || (m->kind == NO_SENDERS && m->about != p))
    {
      pass_message (n, proxy, m);
      return true;
    }
  switch (m->kind)
    {
    case NO_SENDERS:
      if (w->trace)
	fprintf (stderr, "  node %d: no senders of proxy %u, mscount %u\n", n->index, proxy,
		 m->mscount);
      rights_no_senders (n->rights, w->now, proxy, m->mscount);
      free (m);
      break;
    case SEND_ONCE_GONE:
      /* Of a send proxy: a no-senders request that was replaced.  */
      if (x->once)
	rights_send_once_gone (n->rights, w->now, proxy);
      free (m);
      break;
    case MARKER:
      rights_marked (n->rights, w->now, proxy, m->cookie);
      free (m);
      break;
    default:
      pass_message (n, proxy, m);
    }
  return true;
}
