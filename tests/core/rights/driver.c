/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model driver: actions of the engine done on the model kernel.  */
#include "driver_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_WORDS 12u		/* sender, seq, ghost, count, 4 ghosts, reply's, ... */

/* --- Names in the daemon's task -------------------------------------------------- */

struct entry *
driver_entry (struct node *n, uint32_t name)
{
  if (name == 0 || name >= NAMES_MAX)
    {
      FAIL (n->w, "the engine used a name that never was");
      return NULL;
    }
  return &n->names[name];
}

uint32_t
driver_name_of (struct node *n, struct port *p)
{
  for (uint32_t i = 1; i < NAMES_MAX; i++)
    if (n->names[i].port == p && !n->names[i].once)
      return i;
  return 0;
}

/* The lowest free one: names are used again as soon as they can be.  */
uint32_t
driver_name_new (struct node *n, struct port *p)
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

void
driver_name_tidy (struct entry *e)
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
      driver_name_tidy (e);
    }
}

void
driver_name_drop (struct node *n, uint32_t name, int count)
{
  struct entry *e = driver_entry (n, name);
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
  driver_name_tidy (e);
  if (!p->live)
    return;
  struct kright k = { p, false, once ? WIRE_SEND_ONCE : WIRE_SEND, -1 };
  for (int i = 0; i < count; i++)
    {
      struct kright one = k;
      right_drop (n->w, &one);
    }
}

/* --- Other actions ------------------------------------------------------------------ */

static void
arm (struct node *n, uint32_t proxy, uint32_t sync)
{
  struct port *p = driver_proxy_port (n, proxy);
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
  struct port *p = driver_proxy_port (n, proxy);
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
  driver_name_tidy (e);
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
  driver_copy_in (n, &a->to, NULL, -1, &k, NULL);
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
  driver_copy_out (n, &k, &r, &o);
  enum dr_status st;
  while ((st = rights_give_root (n->rights, n->w->now, a->session, a->request, &r, 0))
	 == DR_NO_MEMORY)
    ;
  if (st)
    driver_name_drop (n, r.name, 1);
}

static void
trace_action (struct node *n, const struct rights_action *a)
{
  static const char *const names[] = { "?", "SEND", "CONNECT", "DELIVER", "CREATE",
    "ADOPT", "ARM", "PAUSE", "RESUME", "MARK", "CLOSE", "DESTROY", "WATCH", "DROP",
    "ROOT_WANTED", "ROOT" };
  struct port *p = a->proxy ? driver_proxy_port (n, a->proxy) : NULL;
  if (a->kind == RIGHTS_SEND)
    return;
  fprintf (stderr, "  node %d: %s proxy %u (queue %d) name %u count %u to %d/%u/%u "
	   "always %d\n", n->index, names[a->kind], a->proxy, p ? p->ghost : -1, a->name,
	   a->count, a->to.reference, a->to.name, a->to.proxy, a->always);
  if (a->kind == RIGHTS_DELIVER)
    {
      const uint8_t *body = dr_slice_data (&a->message->body) + 8;
      fprintf (stderr, "     seq %d of task %d to queue %d", (int) driver_get64 (body + 8),
	       (int) driver_get64 (body), (int) driver_get64 (body + 16));
      for (uint32_t i = 0; i < a->message->rights_count; i++)
	fprintf (stderr, " right(%d ref %d name %u proxy %u queue %d)",
		 a->message->rights[i].disposition, a->message->rights[i].reference,
		 a->message->rights[i].name, a->message->rights[i].proxy,
		 (int) driver_get64 (body + 32 + 8 * i));
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
	{ driver_name_new (n, p), false, a->once, true, false };
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
      p = driver_proxy_port (n, a->proxy);
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
	struct entry *e = driver_entry (n, a->name);
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
      driver_name_drop (n, a->name, (int) a->count);
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
  driver_name_drop (n, name, 1);
  return true;
}
