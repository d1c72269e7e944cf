/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model driver: actions of the engine done on the model kernel.  */
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_WORDS 12u		/* sender, seq, ghost, count, 4 ghosts, reply's, ... */

/* --- Names in the daemon's task -------------------------------------------------- */

static struct entry *
entry (struct node *n, uint32_t name)
{
  if (name == 0 || name >= NAMES_MAX)
    {
      FAIL (n->w, "the engine used a name that never was");
      return NULL;
    }
  return &n->names[name];
}

static uint32_t
name_of (struct node *n, struct port *p)
{
  for (uint32_t i = 1; i < NAMES_MAX; i++)
    if (n->names[i].port == p && !n->names[i].once)
      return i;
  return 0;
}

/* The lowest free one: names are used again as soon as they can be.  */
static uint32_t
name_new (struct node *n, struct port *p)
{
  for (uint32_t i = 1; i < NAMES_MAX; i++)
    if (!n->names[i].port)
      {
	memset (&n->names[i], 0, sizeof n->names[i]);
	n->names[i].port = p;
	return i;
      }
  fprintf (stderr, "model: too many names\n");
  abort ();
}

static void
name_tidy (struct entry *e)
{
  if (e->urefs == 0 && !e->receive)
    e->port = NULL;
}

void
daemon_port_died (struct world *w, struct port *p)
{
  struct node *n = &w->nodes[p->node];
  for (uint32_t i = 1; i < NAMES_MAX; i++)
    {
      struct entry *e = &n->names[i];
      if (e->port != p)
	continue;
      e->receive = false;
      if (e->watch && e->urefs)
	{
	  /* The notification carries a user reference.  */
	  e->urefs++;
	  n->dead_names[n->dead_names_count++] = i;
	}
      e->watch = false;
      name_tidy (e);
    }
}

static void
name_drop (struct node *n, uint32_t name, int count)
{
  struct entry *e = entry (n, name);
  if (!e)
    return;
  if (!e->port || e->urefs < count)
    {
      FAIL (n->w, "the engine gave back more than it had");
      return;
    }
  struct port *p = e->port;
  e->urefs -= count;
  bool once = e->once;
  if (e->urefs == 0 && !e->receive)
    e->watch = false;
  name_tidy (e);
  if (!p->live)
    return;
  struct kright k = { p, false, once ? WIRE_SEND_ONCE : WIRE_SEND, -1 };
  for (int i = 0; i < count; i++)
    {
      struct kright one = k;
      right_drop (n->w, &one);
    }
}

/* --- Messages ------------------------------------------------------------------------ */

static void
put64 (uint8_t *p, uint64_t v)
{
  memcpy (p, &v, 8);
}

static uint64_t
get64 (const uint8_t *p)
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

struct outgoing
{
  struct wire_message w;
  struct wire_right rights[RIGHTS_PER_MESSAGE];
  struct wire_receive receives[RIGHTS_PER_MESSAGE];
  struct dr_slice region;
  uint32_t proxy_names[RIGHTS_PER_MESSAGE + 1];	/* references to give back */
  int proxy_count;
};

/* The kernel copies a right out to the daemon.  */
static void
copy_out (struct node *n, struct kright *k, struct wire_right *out,
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
  uint32_t name = k->disposition == WIRE_SEND_ONCE ? 0 : name_of (n, p);
  if (!name)
    name = name_new (n, p);
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
	  copy_out (n, &ns, &v->no_senders, o);
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
      copy_out (n, &m->rights[i], &o->rights[i], o);
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
    copy_out (n, &m->reply, &o->w.reply, o);
}

static void
give_back_proxies (struct node *n, struct outgoing *o)
{
  for (int i = 0; i < o->proxy_count; i++)
    name_drop (n, o->proxy_names[i], 1);
}

static void
destroy_local (struct node *n, struct wire_right *r)
{
  if (r->reference != WIRE_LOCAL)
    return;
  if (r->disposition != WIRE_RECEIVE)
    name_drop (n, r->name, 1);
  else
    {
      struct port *p = n->names[r->name].port;
      n->names[r->name].receive = false;
      port_kill (n->w, p);
      name_tidy (&n->names[r->name]);
    }
}

static void
destroy_outgoing (struct node *n, struct outgoing *o)
{
  for (uint32_t i = 0; i < o->w.receives_count; i++)
    destroy_local (n, &o->receives[i].no_senders);
  for (uint32_t i = 0; i < o->w.rights_count; i++)
    destroy_local (n, &o->rights[i]);
  destroy_local (n, &o->w.reply);
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

/* --- DELIVER ------------------------------------------------------------------------- */

static struct port *
proxy_port (struct node *n, uint32_t proxy)
{
  if (!n->proxies[proxy].known)
    return NULL;
  return n->names[n->proxies[proxy].name].port;
}

static void install (struct node *n, struct port *p, const struct wire_receive *v,
		     struct kmsg *m);

static void
copy_in (struct node *n, const struct wire_right *r, const struct wire_message *w,
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
	struct entry *e = entry (n, r->name);
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
	    name_tidy (e);
	  }
	return;
      }
    case WIRE_PROXY:
      p = proxy_port (n, r->proxy);
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
  copy_in (n, &v->no_senders, NULL, -1, &k, m);
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
  uint64_t ghost = get64 (p);
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
  m->sender = (int) (get64 (p) % (NODES * TASKS));
  m->seq = get64 (p + 8);
  m->ghost = ghost_at (n, p + 16);
  m->kind = (uint8_t) (get64 (p + 64) % MARKER);
  m->mscount = (uint32_t) get64 (p + 72);
  m->by_once = get64 (p + 80);
  m->used = w->used;
  m->reply.ghost = -1;
  copy_in (n, &w->reply, w, ghost_at (n, p + 24), &m->reply, m);
  m->count = (int) (w->rights_count < RIGHTS_PER_MESSAGE ? w->rights_count
		    : RIGHTS_PER_MESSAGE);
  for (int i = 0; i < m->count; i++)
    copy_in (n, &w->rights[i], w, ghost_at (n, p + 32 + 8 * i), &m->rights[i], m);
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
	name_drop (n, r->name, 1);
      if (r->reference == WIRE_PROXY && r->disposition == WIRE_RECEIVE)
	{
	  struct kright k;
	  int ghost = i && i <= RIGHTS_PER_MESSAGE && w->body.bytes >= 8 + BODY_WORDS * 8
		      ? ghost_at (n, dr_slice_data (&w->body) + 40 + 8 * (i - 1)) : -1;
	  copy_in (n, r, w, ghost, &k, NULL);
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
      struct entry *e = entry (n, name);
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
    p = proxy_port (n, a->to.proxy);
  if (p && p->live && !a->always && a->to.disposition == WIRE_SEND && port_full (p))
    return false;
  d->done = true;
  if (!p || !p->live)
    {
      destroy_delivery (n, a->message);
      if (a->to.disposition == WIRE_SEND_ONCE)
	name_drop (n, name, 1);
      d->result = RIGHTS_UNDELIVERABLE;
      return true;
    }
  if (a->to.disposition == WIRE_SEND_ONCE)
    {
      struct entry *e = entry (n, name);
      e->urefs--;
      p->onces--;
      name_tidy (e);
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

/* --- Other actions ------------------------------------------------------------------ */

static void
arm (struct node *n, uint32_t proxy, uint32_t sync)
{
  struct port *p = proxy_port (n, proxy);
  if (!p || !p->live)
    return;
  if (p->no_senders && p->no_senders != p)
    {
      FAIL (n->w, "somebody else's request");
      return;
    }
  if (!p->no_senders)
    p->onces++;
  p->no_senders = p;
  port_check_senders (n->w, p, sync);
}

static void
proxy_close (struct node *n, uint32_t proxy)
{
  struct port *p = proxy_port (n, proxy);
  if (!p)
    {
      FAIL (n->w, "closing a proxy that is not there");
      return;
    }
  p->limit = 0;
  while (p->live && daemon_receive (n, proxy))
    ;
  if (p->no_senders == p)
    {
      p->no_senders = NULL;
      p->onces--;
    }
  n->proxies[proxy].paused = true;
  n->names[n->proxies[proxy].name].urefs++;
  p->sends++;
  rights_proxy_closed (n->rights, n->w->now, proxy, n->proxies[proxy].name);
}

static void
proxy_destroy (struct node *n, uint32_t proxy)
{
  struct proxy *x = &n->proxies[proxy];
  if (!x->known)
    return;
  struct entry *e = &n->names[x->name];
  struct port *p = e->port;
  x->known = false;
  e->receive = false;
  if (p->no_senders == p)
    {
      p->no_senders = NULL;
      p->onces--;
    }
  if (p->queued)
    for (struct kmsg *m = p->first; m; m = m->next)
      if (m->kind == PLAIN && !n->w->faults && !n->w->ghosts[m->ghost].destroyed)
	n->w->ghosts[m->ghost].lost = true;
  port_kill (n->w, p);
  name_tidy (e);
}

static void
add_delivery (struct node *n, const struct rights_action *a)
{
  for (size_t i = 0; i < sizeof n->deliveries / sizeof *n->deliveries; i++)
    {
      struct delivery *d = &n->deliveries[i];
      if (d->active)
	{
	  if (d->a.to.reference == a->to.reference && d->a.to.name == a->to.name
	      && d->a.to.proxy == a->to.proxy && !d->done)
	    FAIL (n->w, "two deliveries for one port");
	  continue;
	}
      memset (d, 0, sizeof *d);
      d->active = true;
      d->a = *a;
      return;
    }
  abort ();
}

static void
got_root (struct node *n, const struct rights_action *a)
{
  n->root_answered = true;
  if (!a->ticket)
    return;
  struct kright k;
  copy_in (n, &a->to, NULL, -1, &k, NULL);
  if (k.port)
    {
      int of = -1;
      for (int i = 0; i < NODES; i++)
	if (n->session[i] == a->session)
	  of = i;
      if (k.port->ghost < 0 && of >= 0)
	k.port->ghost = n->w->nodes[of].root->ghost;
      task_hold (n->w, n->index, 0, k.port, WIRE_SEND);
    }
  rights_delivered (n->rights, n->w->now, a->ticket, RIGHTS_DELIVERED);
}

static void
root_wanted (struct node *n, const struct rights_action *a)
{
  struct outgoing o = { 0 };
  struct kright k;
  struct wire_right r;
  right_make (&k, n->root, WIRE_SEND);
  n->root->mscount++;
  copy_out (n, &k, &r, &o);
  enum dr_status st;
  while ((st = rights_give_root (n->rights, n->w->now, a->session, a->request, &r, 0))
	 == DR_NO_MEMORY)
    ;
  if (st)
    name_drop (n, r.name, 1);
}

static void
trace_action (struct node *n, const struct rights_action *a)
{
  static const char *const names[] = { "?", "SEND", "CONNECT", "DELIVER", "CREATE",
    "ADOPT", "ARM", "PAUSE", "RESUME", "MARK", "CLOSE", "DESTROY", "WATCH", "DROP",
    "ROOT_WANTED", "ROOT" };
  struct port *p = a->proxy ? proxy_port (n, a->proxy) : NULL;
  if (a->kind == RIGHTS_SEND)
    return;
  fprintf (stderr, "  node %d: %s proxy %u (queue %d) name %u count %u to %d/%u/%u "
	   "always %d\n", n->index, names[a->kind], a->proxy, p ? p->ghost : -1, a->name,
	   a->count, a->to.reference, a->to.name, a->to.proxy, a->always);
  if (a->kind == RIGHTS_DELIVER)
    {
      const uint8_t *body = dr_slice_data (&a->message->body) + 8;
      fprintf (stderr, "     seq %d of task %d to queue %d", (int) get64 (body + 8),
	       (int) get64 (body), (int) get64 (body + 16));
      for (uint32_t i = 0; i < a->message->rights_count; i++)
	fprintf (stderr, " right(%d ref %d name %u proxy %u queue %d)",
		 a->message->rights[i].disposition, a->message->rights[i].reference,
		 a->message->rights[i].name, a->message->rights[i].proxy,
		 (int) get64 (body + 32 + 8 * i));
      fprintf (stderr, "\n");
    }
}

void
node_action (struct node *n, const struct rights_action *a)
{
  struct world *w = n->w;
  struct port *p;
  if (w->trace)
    trace_action (n, a);
  switch (a->kind)
    {
    case RIGHTS_SEND:
      world_transmit (w, n, a);
      break;
    case RIGHTS_CONNECT:
      world_connect (w, n, a);
      break;
    case RIGHTS_DELIVER:
      add_delivery (n, a);
      break;
    case RIGHTS_PROXY_CREATE:
      if (a->proxy >= PROXIES_MAX)
	abort ();
      p = port_new (w, n->index, DAEMON);
      n->proxies[a->proxy] = (struct proxy)
	{ name_new (n, p), false, a->once, true, false };
      n->names[n->proxies[a->proxy].name].receive = true;
      if (!a->once)
	arm (n, a->proxy, a->sync);
      break;
    case RIGHTS_PROXY_ADOPT:
      if (a->proxy >= PROXIES_MAX)
	abort ();
      if (!n->names[a->name].receive)
	FAIL (w, "adopting what is no receive right");
      n->proxies[a->proxy] = (struct proxy) { a->name, true, false, true, true };
      arm (n, a->proxy, a->sync);
      break;
    case RIGHTS_PROXY_ARM:
      arm (n, a->proxy, a->sync);
      break;
    case RIGHTS_PROXY_PAUSE:
    case RIGHTS_PROXY_RESUME:
      n->proxies[a->proxy].paused = a->kind == RIGHTS_PROXY_PAUSE;
      break;
    case RIGHTS_PROXY_MARK:
      p = proxy_port (n, a->proxy);
      if (p && p->live)
	{
	  struct kmsg *m = calloc (1, sizeof *m);
	  m->kind = MARKER;
	  m->cookie = a->cookie;
	  m->ghost = -1;
	  port_enqueue (w, p, m);
	}
      break;
    case RIGHTS_PROXY_CLOSE:
      proxy_close (n, a->proxy);
      break;
    case RIGHTS_PROXY_DESTROY:
      proxy_destroy (n, a->proxy);
      break;
    case RIGHTS_LOCAL_WATCH:
      {
	struct entry *e = entry (n, a->name);
	if (!e || !e->port)
	  break;
	if (e->port->live)
	  e->watch = true;
	else
	  {
	    e->urefs++;
	    n->dead_names[n->dead_names_count++] = a->name;
	  }
	break;
      }
    case RIGHTS_LOCAL_DROP:
      name_drop (n, a->name, (int) a->count);
      break;
    case RIGHTS_ROOT_WANTED:
      root_wanted (n, a);
      break;
    case RIGHTS_ROOT:
      got_root (n, a);
      break;
    }
}

bool
daemon_dead_name (struct node *n)
{
  if (n->dead_names_count == 0)
    return false;
  uint32_t name = n->dead_names[0];
  memmove (n->dead_names, n->dead_names + 1,
	   (size_t) --n->dead_names_count * sizeof *n->dead_names);
  rights_local_dead (n->rights, n->w->now, name);
  name_drop (n, name, 1);
  return true;
}
