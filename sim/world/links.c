/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/links.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/link/link.h"

enum
{
  FLYING_MAX = 200,		/* datagrams; a full network loses more */
  DATAGRAM_BYTES = 600,		/* small: messages are cut into pieces */
  FLUSH_ROUNDS = 50,		/* of everything, when the world is calm */
  LINK_WAIT_US = 200000,	/* more than time goes at once */
};

/* A SEND that the link did not take yet.  */
struct held
{
  struct held *next;
  uint64_t stream;
  struct dr_buf *buf;
  bool lazy;
};

/* What a node knows of its session with one other.  */
struct link_end
{
  struct link_peer *peer;
  bool up;
  bool shared;			/* the other end was told of the same session */
  uint64_t number, id;		/* the link's, the rights engine's */
  struct held *held;
  uint64_t alone_since;		/* in a session that the other end is not in; calm worlds */
};

struct link_node
{
  struct link *link;
  struct link_end end[WORLD_NODES_MAX];
  bool stuck;			/* the engine had no memory for this message: */
  struct link_event event;
  uint64_t dead_us;
};

struct datagram
{
  struct datagram *next;
  unsigned from, to;
  size_t bytes;
  uint8_t data[];
};

struct links
{
  struct link_node node[WORLD_NODES_MAX];
  struct datagram *flying;		/* oldest first */
  unsigned count;
  unsigned lost, repeated, spoilt, late;	/* of 1000 */
};

/* --- Endpoints ------------------------------------------------------------------- */

static void
fill (void *ctx, void *out, size_t bytes)
{
  for (uint8_t *at = out; bytes > 0; bytes--)
    *at++ = (uint8_t) world_roll (ctx, 256);
}

static void
secret_of (unsigned node, uint8_t secret[LINK_KEY_BYTES])
{
  memset (secret, (int) node + 1, LINK_KEY_BYTES);
}

static void
configure (struct world *w, unsigned i, struct link_config *c)
{
  link_config_default (c);
  secret_of (i, c->secret_key);
  c->epoch = w->node[i].epoch;
  c->random = fill;
  c->random_ctx = w;
  c->datagram_bytes = DATAGRAM_BYTES;
  c->handshakes_per_second = 1000;
  c->connect_us = 2000000;
  /* Where nothing else ends sessions, loss must not.  */
  if (w->options.cuts || w->options.crashes)
    c->dead_us = 300000 + world_roll (w, 700000);
  else if (w->options.hostile)
    c->dead_us = 4000000;
  c->rekey_datagrams = 50 + world_roll (w, 500);
  if (world_roll (w, 2))
    c->send_messages_max = 1 + world_roll (w, 8);
}

static struct links *
make_links (struct world *w)
{
  struct links *l = calloc (1, sizeof *l);
  dr_assert (l != NULL);
  l->lost = world_roll (w, 3) == 0 ? 0 : world_roll (w, 200);
  l->repeated = world_roll (w, 3) == 0 ? 0 : world_roll (w, 100);
  l->spoilt = world_roll (w, 3) == 0 ? 0 : world_roll (w, 50);
  l->late = world_roll (w, 3) == 0 ? 0 : world_roll (w, 500);
  return l;
}

void
links_boot (struct world *w, unsigned i)
{
  if (w->links == NULL)
    w->links = make_links (w);
  struct link_node *n = &w->links->node[i];
  struct link_config config;
  *n = (struct link_node) { 0 };
  configure (w, i, &config);
  n->dead_us = config.dead_us;
  enum dr_status status = link_create (&config, &w->account[i].link.alloc, w->now, &n->link);
  dr_assert (status == DR_OK);
  for (unsigned k = 0; k < w->options.nodes; k++)
    if (k != i)
      {
	struct link_address address = { 1, { (uint8_t) (k + 1) } };
	uint8_t secret[LINK_KEY_BYTES], key[LINK_KEY_BYTES];
	secret_of (k, secret);
	dr_assert (crypto_scalarmult_base (key, secret) == 0);
	status = link_peer_add (n->link, key, &address, (void *) (uintptr_t) k, &n->end[k].peer);
	dr_assert (status == DR_OK);
      }
}

static void
drop_held (struct link_end *e)
{
  for (struct held *h; (h = e->held) != NULL;)
    {
      e->held = h->next;
      dr_buf_drop (h->buf);
      free (h);
    }
}

void
links_crash (struct world *w, unsigned i)
{
  struct link_node *n = &w->links->node[i];
  for (unsigned k = 0; k < WORLD_NODES_MAX; k++)
    drop_held (&n->end[k]);
  if (n->stuck)
    dr_buf_drop (n->event.message);
  link_destroy (n->link);
  *n = (struct link_node) { 0 };
}

void
links_free (struct world *w)
{
  if (w->links == NULL)
    return;
  for (unsigned i = 0; i < w->options.nodes; i++)
    links_crash (w, i);
  for (struct datagram *d; (d = w->links->flying) != NULL;)
    {
      w->links->flying = d->next;
      free (d);
    }
  free (w->links);
  w->links = NULL;
}

bool
links_session_between (struct world *w, unsigned a, unsigned b, uint64_t *id_at_a)
{
  struct link_end *e = &w->links->node[a].end[b];
  *id_at_a = e->id;
  return e->up;
}

/* --- From the rights engine to the link -------------------------------------------- */

/* False: not now.  Takes the reference otherwise.  */
static bool
push (struct world *w, unsigned i, struct link_end *e, uint64_t stream, struct dr_buf *buf, bool lazy)
{
  struct dr_slice slice = { buf, 0, buf->bytes };
  enum dr_status status = (lazy ? link_send_lazily : link_send) (w->links->node[i].link, e->peer, stream,
								 &slice, 1, w->now);
  if (status == DR_LIMIT || status == DR_NO_MEMORY)
    return false;
  if (status == DR_INVALID)
    world_violate (w, "link", "node %u: a frame of %zu bytes was refused", i, buf->bytes);
  dr_buf_drop (buf);
  return true;
}

void
links_send (struct world *w, unsigned i, uint64_t session, uint64_t stream, struct dr_buf *buf, bool lazy)
{
  for (unsigned k = 0; k < w->options.nodes; k++)
    {
      struct link_end *e = &w->links->node[i].end[k];
      if (!e->up || e->id != session)
	continue;
      if (e->held == NULL && push (w, i, e, stream, buf, lazy))
	return;
      struct held *h = malloc (sizeof *h), **p = &e->held;
      dr_assert (h != NULL);
      *h = (struct held) { NULL, stream, buf, lazy };
      if (e->held == NULL)
	{
	  world_trace (w, "node %u: the way to %u is blocked", i, k);
	  rights_session_blocked (node_engine (w->node[i].node), session, true);
	}
      while (*p != NULL)
	p = &(*p)->next;
      *p = h;
      return;
    }
  dr_buf_drop (buf);
}

static bool
send_held (struct world *w, unsigned i, struct link_end *e)
{
  bool did = false;
  while (e->held != NULL && push (w, i, e, e->held->stream, e->held->buf, e->held->lazy))
    {
      struct held *h = e->held;
      e->held = h->next;
      free (h);
      did = true;
    }
  if (did && e->held == NULL)
    {
      rights_session_blocked (node_engine (w->node[i].node), e->id, false);
      node_run (w->node[i].node, w->now);
    }
  return did;
}

/* --- From the link to the rights engine -------------------------------------------- */

static void
session_down (struct world *w, unsigned i, unsigned peer)
{
  struct link_end *e = &w->links->node[i].end[peer];
  w->faults |= !world_hostile (w, i) && !world_hostile (w, peer);
  drop_held (e);
  if (!e->up)
    return;
  e->up = false;
  world_trace (w, "node %u learns that session %llu is over", i, (unsigned long long) e->number);
  rights_session_down (node_engine (w->node[i].node), w->now, e->id);
  w->result->events++;
}

static void
session_up (struct world *w, unsigned i, unsigned peer, const struct link_event *event)
{
  struct link_end *e = &w->links->node[i].end[peer];
  struct rights_key key = { { (uint8_t) (peer + 1) } };
  enum dr_status status = rights_session_up (node_engine (w->node[i].node), w->now, &key,
					     event->session, NULL, &e->id);
  w->result->events++;
  if (status != DR_OK)
    {
      if (status != DR_NO_MEMORY)
	world_violate (w, "R5", "a session cannot come up: %s", dr_status_text (status));
      link_close (w->links->node[i].link, e->peer, false, w->now);
      return;
    }
  struct link_end *other = &w->links->node[peer].end[i];
  e->up = true;
  e->number = event->session;
  e->shared = other->up && other->number == e->number;
  other->shared = e->shared;
  world_trace (w, "node %u: session %llu with %u is up", i, (unsigned long long) e->number, peer);
}

/* A message that came.  False: it must be given again.  */
static bool
message_came (struct world *w, unsigned i, unsigned peer, struct link_event *event)
{
  struct link_end *e = &w->links->node[i].end[peer];
  enum dr_status status = DR_SESSION_OVER;
  if (e->up && e->number == event->session)
    {
      world_trace (w, "frame %u -> %u, stream %llx, %zu bytes, kind %u", peer, i,
		   (unsigned long long) event->stream, event->message->bytes,
		   event->message->bytes ? event->message->data[0] : 0);
      status = memory_frame (w, i, e->id, event->stream, event->message);
    }
  if (status == DR_NO_MEMORY)
    return false;
  dr_buf_drop (event->message);
  if (status == DR_PEER_FAULT)
    {
      world_fault_of (w, i, peer);
      session_down (w, i, peer);
      link_close (w->links->node[i].link, e->peer, true, w->now);
    }
  return true;
}

/* A session that only one end ever had may be replaced without any fault: the other end
   never knew that its answer had arrived.  */
static void
ended (struct world *w, unsigned i, unsigned peer, const struct link_event *event)
{
  world_trace (w, "node %u: link with %u is down: %d", i, peer, event->down);
  bool one_sided = event->down == LINK_DOWN_REPLACED && !w->links->node[i].end[peer].shared;
  if (!one_sided && !w->options.cuts && !w->options.crashes && !w->options.memory && !world_hostile (w, i)
      && !world_hostile (w, peer))
    world_violate (w, "link", "node %u lost its session with %u, for no reason (%d)", i, peer,
		   event->down);
  session_down (w, i, peer);
}

/* The next thing that the node's link has to tell.  */
static bool
take_event (struct world *w, unsigned i)
{
  struct link_node *n = &w->links->node[i];
  if (!n->stuck && !link_event (n->link, &n->event))
    return false;
  unsigned peer = (unsigned) (uintptr_t) n->event.user;
  struct rights_key key = { { (uint8_t) (peer + 1) } };
  n->stuck = false;
  switch (n->event.kind)
    {
    case LINK_UP: session_up (w, i, peer, &n->event); break;
    case LINK_DOWN: ended (w, i, peer, &n->event); break;
    case LINK_FAILED:
      world_trace (w, "node %u cannot connect to %u", i, peer);
      rights_connect_failed (node_engine (w->node[i].node), w->now, &key);
      w->result->events++;
      break;
    case LINK_MESSAGE: n->stuck = !message_came (w, i, peer, &n->event); break;
    case LINK_WRITABLE: break;
    }
  node_run (w->node[i].node, w->now);
  return true;
}

/* --- Datagrams --------------------------------------------------------------------- */

static bool
chance (struct world *w, unsigned of_1000)
{
  return !w->calm && of_1000 > 0 && world_roll (w, 1000) < of_1000;
}

static bool
take_output (struct world *w, unsigned i)
{
  struct links *l = w->links;
  uint8_t data[DATAGRAM_BYTES];
  struct link_address to;
  size_t bytes = link_output (l->node[i].link, w->now, data, sizeof data, &to);
  if (bytes == 0)
    return false;
  unsigned peer = to.data[0] - 1u;
  if (w->cut[i][peer] || chance (w, l->lost) || l->count == FLYING_MAX)
    {
      world_trace (w, "datagram %u -> %u, %zu bytes: lost", i, peer, bytes);
      return true;
    }
  struct datagram *d = malloc (sizeof *d + bytes), **p = &l->flying;
  dr_assert (d != NULL);
  *d = (struct datagram) { NULL, i, peer, bytes };
  memcpy (d->data, data, bytes);
  while (*p != NULL)
    p = &(*p)->next;
  *p = d;
  l->count++;
  return true;
}

static void
spoil (struct world *w, struct datagram *d)
{
  d->data[world_roll (w, (uint32_t) d->bytes)] ^= (uint8_t) (1u << world_roll (w, 8));
}

/* One datagram arrives: the oldest, or a later one.  */
static bool
take_input (struct world *w)
{
  struct links *l = w->links;
  struct datagram **p = &l->flying, *d;
  if (l->count == 0)
    return false;
  if (chance (w, l->late))
    for (unsigned skip = world_roll (w, l->count); skip > 0; skip--)
      p = &(*p)->next;
  d = *p;
  bool again = chance (w, l->repeated), spoilt = chance (w, l->spoilt);
  struct link_address from = { 1, { (uint8_t) (d->from + 1) } };
  uint8_t copy[DATAGRAM_BYTES];
  if (spoilt)
    spoil (w, d);
  memcpy (copy, d->data, d->bytes);
  world_trace (w, "datagram %u -> %u, %zu bytes%s%s", d->from, d->to, d->bytes,
	       spoilt ? ", spoilt" : "", again ? ", comes again" : "");
  link_input (l->node[d->to].link, w->now, &from, copy, d->bytes);
  if (!again)
    {
      *p = d->next;
      l->count--;
      free (d);
    }
  return true;
}

/* --- Steps ------------------------------------------------------------------------- */

static bool
answer_connects (struct world *w)
{
  bool did = false;
  for (unsigned a = 0; a < w->options.nodes; a++)
    for (unsigned b = 0; b < w->options.nodes; b++)
      if (w->connect[a][b])
	{
	  w->connect[a][b] = false;
	  did = true;
	  if (a != b && link_connect (w->links->node[a].link, w->links->node[a].end[b].peer, w->now)
	      != DR_OK)
	    world_violate (w, "link", "node %u cannot try to connect to %u", a, b);
	}
  return did;
}

static bool
node_held (struct world *w, unsigned i)
{
  bool did = false;
  for (unsigned k = 0; k < w->options.nodes; k++)
    did |= send_held (w, i, &w->links->node[i].end[k]);
  return did;
}

/* Anything that the links still have to do for the engines.  */
static bool
busy (struct world *w)
{
  for (unsigned i = 0; i < w->options.nodes; i++)
    for (unsigned k = 0; k < w->options.nodes; k++)
      {
	struct link_status status;
	if (i == k)
	  continue;
	link_peer_status (w->links->node[i].end[k].peer, &status);
	if (status.queue_messages > 0 || status.state == LINK_CONNECTING
	    || w->links->node[i].end[k].held != NULL)
	  return true;
      }
  return false;
}

/* In a calm world nothing waits.  */
static bool
flush (struct world *w)
{
  bool did = answer_connects (w), any = true;
  for (unsigned round = 0; round < FLUSH_ROUNDS && any; round++)
    {
      any = false;
      for (unsigned i = 0; i < w->options.nodes; i++)
	{
	  while (take_output (w, i))
	    any = true;
	  while (take_input (w))
	    any = true;
	  while (take_event (w, i))
	    did = any = true;
	  did |= node_held (w, i);
	}
    }
  return did || busy (w);
}

bool
links_step (struct world *w)
{
  if (w->calm)
    return flush (w);
  unsigned start = world_roll (w, w->options.nodes), what = world_roll (w, 8);
  if (what == 0 && answer_connects (w))
    return true;
  if (what < 3 && take_input (w))
    return true;
  for (unsigned k = 0; k < w->options.nodes; k++)
    {
      unsigned i = (start + k) % w->options.nodes;
      if (what < 5 ? take_event (w, i) : take_output (w, i))
	return true;
      if (what == 7 && node_held (w, i))
	return true;
    }
  return take_input (w);
}

/* R5, its time: a silent peer is asked after a third of dead_us and given up after all of it;
   our own absence, for time goes in strides here, is forgiven once.  */
static void
check_alone (struct world *w, unsigned i, unsigned k)
{
  struct link_node *n = &w->links->node[i];
  struct link_end *e = &n->end[k], *other = &w->links->node[k].end[i];
  if (!w->calm || !e->up || (other->up && other->number == e->number))
    e->alone_since = 0;
  else if (e->alone_since == 0)
    e->alone_since = w->now;
  else if (w->now - e->alone_since > 3 * n->dead_us + LINK_WAIT_US)
    world_violate (w, "R5", "node %u believes in its session with %u since %llu us", i, k,
		   (unsigned long long) (w->now - e->alone_since));
}

void
links_tick (struct world *w)
{
  for (unsigned i = 0; i < w->options.nodes; i++)
    for (unsigned k = 0; k < w->options.nodes; k++)
      if (i != k)
	check_alone (w, i, k);
  for (unsigned i = 0; i < w->options.nodes; i++)
    if (link_deadline (w->links->node[i].link) <= w->now)
      link_tick (w->links->node[i].link, w->now);
}

void
links_cut (struct world *w, unsigned i)
{
  struct link_node *n = &w->links->node[i];
  unsigned start = world_roll (w, w->options.nodes);
  for (unsigned k = 0; k < w->options.nodes; k++)
    {
      struct link_end *e = &n->end[(start + k) % w->options.nodes];
      if (e->up)
	{
	  world_trace (w, "node %u closes session %llu", i, (unsigned long long) e->number);
	  w->faults |= !world_hostile (w, i) && !world_hostile (w, (start + k) % w->options.nodes);
	  link_close (n->link, e->peer, false, w->now);
	  return;
	}
    }
}
