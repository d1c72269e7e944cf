/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes together: network, sessions, chance, and what must hold.  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

static void *
counted_alloc (void *ctx, size_t bytes)
{
  struct world *w = ctx;
  if (w->fail_at && ++w->allocs >= w->fail_at)
    {
      w->fail_at = 0;
      return NULL;
    }
  w->allocated++;
  return malloc (bytes);
}

static void
counted_free (void *ctx, void *p, size_t bytes)
{
  struct world *w = ctx;
  (void) bytes;
  w->allocated--;
  free (p);
}

static struct rights_key
key_of (int node)
{
  struct rights_key key = { { 0 } };
  memset (key.bytes, 'A' + node, sizeof key.bytes);
  return key;
}

void
world_init (struct world *w, uint64_t seed, const struct rights_config *config)
{
  memset (w, 0, sizeof *w);
  w->random = seed * 77777 + 1;
  w->now = 1000;
  w->hostile = -1;
  w->alloc = (struct dr_alloc) { counted_alloc, counted_free, w };
  for (int i = 0; i < NODES; i++)
    {
      struct node *n = &w->nodes[i];
      struct rights_config c = *config;
      n->w = w;
      n->index = i;
      c.key = key_of (i);
      c.epoch = 1000 + (uint64_t) i;
      if (rights_create (&c, &w->alloc, &n->rights))
	abort ();
      n->root = task_allocate (w, i, 0);
    }
}

static void
drop_flights (struct world *w, int a, int b)
{
  int kept = 0;
  for (int i = 0; i < w->flights_count; i++)
    {
      struct flight *f = &w->flights[i];
      if ((f->from == a && f->to == b) || (f->from == b && f->to == a))
	dr_buf_drop (f->buf);
      else
	w->flights[kept++] = *f;
    }
  w->flights_count = kept;
}

void
world_done (struct world *w)
{
  for (int i = 0; i < w->flights_count; i++)
    dr_buf_drop (w->flights[i].buf);
  w->flights_count = 0;
  for (int i = 0; i < NODES; i++)
    {
      struct node *n = &w->nodes[i];
      for (size_t d = 0; d < sizeof n->deliveries / sizeof *n->deliveries; d++)
	if (n->deliveries[d].active)
	  {
	    n->deliveries[d].result = RIGHTS_UNDELIVERABLE;
	    delivery_back (n, &n->deliveries[d]);
	  }
      rights_destroy (n->rights);
    }
  for (int i = 0; i < w->ports_count; i++)
    {
      struct kmsg *m;
      while ((m = port_dequeue (&w->ports[i])))
	free (m);
    }
  if (w->allocated)
    FAIL (w, "the engine leaked memory");
}

static void
node_up (struct world *w, int a, int b)
{
  struct rights_key key = key_of (b);
  struct rights_address address = { 1, { (uint8_t) b } };
  enum dr_status st;
  while ((st = rights_session_up (w->nodes[a].rights, w->now, &key, w->link[a][b],
				  &address, &w->nodes[a].session[b])))
    if (st != DR_NO_MEMORY)
      abort ();
}

void
world_link (struct world *w, int a, int b)
{
  if (w->link[a][b] || w->nodes[a].down_due[b] || w->nodes[b].down_due[a])
    return;
  w->link[a][b] = w->link[b][a] = ++w->last_link;
  node_up (w, a, b);
  node_up (w, b, a);
}

static void
node_down (struct world *w, int a, int b)
{
  rights_session_down (w->nodes[a].rights, w->now, w->nodes[a].session[b]);
  w->nodes[a].session[b] = 0;
  w->nodes[a].down_due[b] = false;
}

/* One side learns it now, the other one some time.  */
void
world_cut (struct world *w, int a, int b)
{
  if (!w->link[a][b])
    return;
  drop_flights (w, a, b);
  w->link[a][b] = w->link[b][a] = 0;
  for (int i = 0; i < w->ghosts_count; i++)
    w->ghosts[i].lost = true;
  node_down (w, a, b);
  w->nodes[b].down_due[a] = true;
}

void
world_transmit (struct world *w, struct node *n, const struct rights_action *a)
{
  int to = -1;
  size_t bytes = 0, at = 0;
  for (int i = 0; i < NODES; i++)
    if (n->session[i] == a->session)
      to = i;
  for (uint32_t i = 0; i < a->slices_count; i++)
    bytes += a->slices[i].bytes;
  long fail_at = w->fail_at;
  w->fail_at = 0;
  struct dr_buf *buf = dr_buf_new (&w->alloc, bytes);
  w->fail_at = fail_at;
  for (uint32_t i = 0; i < a->slices_count; i++)
    {
      memcpy (buf->data + at, dr_slice_data (&a->slices[i]), a->slices[i].bytes);
      at += a->slices[i].bytes;
      dr_buf_drop (a->slices[i].buf);
    }
  if (to < 0 || !w->link[n->index][to])
    {
      dr_buf_drop (buf);
      return;
    }
  if (w->flights_count == FRAMES_MAX)
    abort ();
  w->frames++;
  if (w->trace)
    fprintf (stderr, "  %d>%d s%llu type %d\n", n->index, to,
	     (unsigned long long) a->stream, buf->data[0]);
  w->flights[w->flights_count++] = (struct flight)
    { a->stream, n->index, to, w->link[n->index][to], buf };
}

void
world_connect (struct world *w, struct node *n, const struct rights_action *a)
{
  int to = a->key.bytes[0] - 'A';
  if (to >= 0 && to < NODES)
    n->connect_due[to] = true;
  (void) w;
}

/* --- Steps -------------------------------------------------------------------------- */

/* Changes, cuts or lengthens a frame, in place of the one in flight.  */
static void
tamper (struct world *w, struct flight *f)
{
  size_t bytes = f->buf->bytes, size = bytes;
  switch (world_random (w, 4))
    {
    case 0:
      size = world_random (w, bytes + 1);
      break;
    case 1:
      size = bytes + world_random (w, 40);
      break;
    }
  struct dr_buf *buf = dr_buf_new (&w->alloc, size);
  for (size_t i = 0; i < size; i++)
    buf->data[i] = i < bytes ? f->buf->data[i] : (uint8_t) world_random (w, 256);
  for (uint64_t n = world_random (w, 4); n && size; n--)
    {
      /* Rather in the head, where the meaning is.  */
      size_t at = world_random (w, world_random (w, 3) ? (size < 60 ? size : 60) : size);
      buf->data[at] = (uint8_t) (world_random (w, 2) ? world_random (w, 256)
				 : buf->data[at] + 1 - 2 * world_random (w, 2));
    }
  if (world_random (w, 8) == 0)
    f->stream = world_random (w, 30);
  for (int i = 0; i < w->flights_count; i++)
    if (w->flights[i].buf == f->buf)
      w->flights[i].buf = buf;
  dr_buf_drop (f->buf);
  f->buf = buf;
}

static bool
step_network (struct world *w)
{
  if (w->flights_count == 0)
    return false;
  int i = (int) world_random (w, (uint64_t) w->flights_count);
  struct flight chosen = w->flights[i];
  /* The first of its stream.  */
  for (i = 0; w->flights[i].from != chosen.from || w->flights[i].to != chosen.to
	      || w->flights[i].stream != chosen.stream; i++)
    ;
  chosen = w->flights[i];
  struct node *n = &w->nodes[chosen.to];
  if (w->trace)
    fprintf (stderr, "  deliver %d>%d s%llu type %d\n", chosen.from, chosen.to,
	     (unsigned long long) chosen.stream, chosen.buf->data[0]);
  if (chosen.from == w->hostile && world_random (w, 4) == 0)
    tamper (w, &chosen);
  enum dr_status st = rights_frame (n->rights, w->now, n->session[chosen.from],
				    chosen.stream, chosen.buf);
  if (st == DR_NO_MEMORY)
    return true;
  if (w->hostile >= 0 && st == DR_PEER_FAULT)
    {
      world_cut (w, chosen.to, chosen.from);
      w->refused++;
      return true;
    }
  if (st != DR_OK && st != DR_SESSION_OVER)
    {
      FAIL (w, "a frame of an honest peer was refused");
      fprintf (stderr, "refused: %d>%d stream %llu type %d: %s\n", chosen.from,
	       chosen.to, (unsigned long long) chosen.stream, chosen.buf->data[0],
	       dr_status_text (st));
    }
  memmove (w->flights + i, w->flights + i + 1,
	   (size_t) (--w->flights_count - i) * sizeof *w->flights);
  dr_buf_drop (chosen.buf);
  return true;
}

static bool
step_delivery (struct world *w, struct node *n, bool back)
{
  int start = (int) world_random (w, 200);
  for (int i = 0; i < 200; i++)
    {
      struct delivery *d = &n->deliveries[(start + i) % 200];
      if (!d->active || d->done != back)
	continue;
      if (back)
	{
	  delivery_back (n, d);
	  return true;
	}
      if (delivery_try (n, d))
	return true;
    }
  return false;
}

static bool
step_proxy (struct world *w, struct node *n)
{
  int start = (int) world_random (w, PROXIES_MAX);
  for (int i = 0; i < PROXIES_MAX; i++)
    {
      uint32_t id = (uint32_t) ((start + i) % PROXIES_MAX);
      if (n->proxies[id].known && !n->proxies[id].paused && daemon_receive (n, id))
	return true;
    }
  return false;
}

static bool
step_connect (struct world *w, struct node *n)
{
  for (int to = 0; to < NODES; to++)
    if (n->connect_due[to])
      {
	struct rights_key key = key_of (to);
	if (w->nodes[to].down_due[n->index] || n->down_due[to])
	  continue;
	n->connect_due[to] = false;
	if (w->unreachable)
	  rights_connect_failed (n->rights, w->now, &key);
	else
	  world_link (w, n->index, to);
	return true;
      }
  return false;
}

static bool
step_down (struct world *w, struct node *n)
{
  for (int of = 0; of < NODES; of++)
    if (n->down_due[of])
      {
	node_down (w, n->index, of);
	return true;
      }
  return false;
}

static bool
step_one (struct world *w, struct node *n, int what)
{
  struct rights_action a;
  switch (what)
    {
    case 0: case 1: case 2:
      if (!rights_next (n->rights, &a))
	return false;
      node_action (n, &a);
      return true;
    case 3: return step_delivery (w, n, false);
    case 4: return step_delivery (w, n, true);
    case 5: return step_proxy (w, n);
    case 6: return daemon_dead_name (n);
    case 7: return step_connect (w, n);
    case 8: return step_down (w, n);
    default: return step_network (w);
    }
}

#define KINDS 12
bool
world_step (struct world *w)
{
  int start = (int) world_random (w, NODES * KINDS);
  w->now += 1 + world_random (w, 50);
  for (int i = 0; i < NODES * KINDS; i++)
    {
      int k = (start + i * 7) % (NODES * KINDS);
      if (step_one (w, &w->nodes[k / KINDS], k % KINDS))
	{
	  w->steps++;
	  return true;
	}
    }
  return false;
}

void
world_settle (struct world *w)
{
  long limit = 200000;
  for (int quiet = 0; quiet < 3 && !w->failed;)
    {
      while (world_step (w) && --limit > 0 && !w->failed)
	quiet = 0;
      if (limit <= 0)
	{
	  FAIL (w, "it never comes to rest");
	  return;
	}
      uint64_t next = w->now;
      for (int i = 0; i < NODES; i++)
	{
	  uint64_t at = rights_deadline (w->nodes[i].rights);
	  if (at != RIGHTS_NEVER && at > next)
	    next = at;
	}
      w->now = next + 1;
      for (int i = 0; i < NODES; i++)
	rights_tick (w->nodes[i].rights, w->now);
      quiet++;
    }
}

/* --- What must hold in the end ------------------------------------------------------- */

/* A receive right that was sent to a queue which died is destroyed unseen.  */
static bool
has_receiver (struct world *w, int ghost)
{
  for (int i = 0; i < w->ports_count; i++)
    if (w->ports[i].live && w->ports[i].ghost == ghost && w->ports[i].receiver >= 0)
      return true;
  return !w->ghosts[ghost].moved;
}

void
world_check_delivered (struct world *w)
{
  for (int i = 0; i < w->ghosts_count; i++)
    {
      struct ghost *g = &w->ghosts[i];
      if (!g->destroyed && !g->lost && g->sent != g->received
	  && has_receiver (w, i))
	{
	  fprintf (stderr, "queue %d: %llu sent, %llu received\n", i,
		   (unsigned long long) g->sent, (unsigned long long) g->received);
	  for (int p = 0; p < w->ports_count; p++)
	    if (w->ports[p].ghost == i)
	      fprintf (stderr, "  port at node %d: live %d receiver %d queued %d sends %d\n",
		       w->ports[p].node, w->ports[p].live, w->ports[p].receiver,
		       w->ports[p].queued, w->ports[p].sends);
	  FAIL (w, "messages were lost");
	}
    }
}

static void
show_queue (void *ctx, const struct rights_queue_status *s)
{
  fprintf (stderr, "   node %d: queue %c/%llu place %d once %d name %u proxy %u "
	   "holders %u holds %llu received %llu waiting %u window %u pins %u home %c\n",
	   *(int *) ctx, s->origin.bytes[0], (unsigned long long) s->serial, s->place,
	   s->once, s->name, s->proxy, s->holders, (unsigned long long) s->holds,
	   (unsigned long long) s->received, s->waiting, s->in_window, s->pins,
	   s->home.bytes[0]);
}

void
world_check_empty (struct world *w)
{
  for (int i = 0; i < NODES; i++)
    {
      struct node *n = &w->nodes[i];
      struct rights_counts c;
      rights_count (n->rights, &c);
      if (c.queues + c.proxies + c.locals + c.exports + c.imports + c.handoffs
	  + c.claims + c.grants + c.pins + c.messages + c.deliveries + c.message_bytes)
	{
	  fprintf (stderr, "node %d: queues %llu exports %llu imports %llu (tomb %llu) "
		   "handoffs %llu claims %llu grants %llu pins %llu messages %llu "
		   "deliveries %llu bytes %llu\n", i, (unsigned long long) c.queues,
		   (unsigned long long) c.exports, (unsigned long long) c.imports,
		   (unsigned long long) c.tombstones, (unsigned long long) c.handoffs,
		   (unsigned long long) c.claims, (unsigned long long) c.grants,
		   (unsigned long long) c.pins, (unsigned long long) c.messages,
		   (unsigned long long) c.deliveries, (unsigned long long) c.message_bytes);
	  rights_each_queue (n->rights, show_queue, &i);
	  FAIL (w, "a table is not empty");
	}
      for (int name = 1; name < NAMES_MAX; name++)
	if (n->names[name].port)
	  {
	    fprintf (stderr, "node %d: name %d urefs %d receive %d once %d\n", i, name,
		     n->names[name].urefs, n->names[name].receive, n->names[name].once);
	    struct port *p = n->names[name].port;
	    fprintf (stderr, "   its port: queue %d live %d sends %d mscount %u queued %d "
		     "request %d\n", p->ghost, p->live, p->sends, p->mscount, p->queued,
		     p->no_senders != NULL);
	    FAIL (w, "a right is left over");
	  }
    }
}
