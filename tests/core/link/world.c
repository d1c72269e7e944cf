/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/link/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

uint64_t
world_random (uint64_t *state)
{
  uint64_t z = *state += UINT64_C (0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C (0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* An assertion of the engine's is a failed test, not a dead program.  */
void
dr_assert_failed (const char *what, const char *file, int line)
{
  fprintf (stderr, "%s:%d: assertion failed: %s\n", file, line, what);
  abort ();
}

/* --- Memory ------------------------------------------------------------- */

static void *
take (void *ctx, size_t bytes)
{
  struct account *a = ctx;
  a->calls++;
  if (a->fail_at && --a->fail_at == 0)
    return NULL;
  if (a->fail_ppm && world_random (&a->random) % 1000000 < a->fail_ppm)
    return NULL;
  void *p = malloc (bytes);
  assert_non_null (p);
  a->bytes += bytes;
  a->blocks++;
  if (a->bytes > a->most)
    a->most = a->bytes;
  return p;
}

static void
give (void *ctx, void *p, size_t bytes)
{
  struct account *a = ctx;
  assert_non_null (p);
  assert_true (a->bytes >= bytes && a->blocks > 0);
  a->bytes -= bytes;
  a->blocks--;
  free (p);
}

void
account_init (struct account *a, uint64_t seed)
{
  memset (a, 0, sizeof *a);
  a->alloc = (struct dr_alloc) { take, give, a };
  a->random = seed;
}

/* --- Nodes -------------------------------------------------------------- */

static void
node_random (void *ctx, void *out, size_t bytes)
{
  struct node *n = ctx;
  uint8_t *p = out;
  for (size_t i = 0; i < bytes; i++)
    p[i] = (uint8_t) world_random (&n->random);
}

void
world_start (struct world *w, unsigned number)
{
  struct node *n = &w->node[number];
  n->config.epoch = world_random (&w->random);
  assert_int_equal (link_create (&n->config, &n->account.alloc, w->now, &n->link), DR_OK);
  for (unsigned i = 0; i < w->nodes; i++)
    if (i != number)
      {
	uint8_t key[LINK_KEY_BYTES];
	struct link *other;
	struct link_config c = w->node[i].config;
	struct account account;
	account_init (&account, 1);
	assert_int_equal (link_create (&c, &account.alloc, w->now, &other), DR_OK);
	link_public_key (other, key);
	link_destroy (other);
	assert_int_equal (link_peer_add (n->link, key, &w->node[i].address,
					 (void *) (uintptr_t) i, &n->peer[i]), DR_OK);
      }
}

void
world_stop (struct world *w, unsigned number)
{
  struct node *n = &w->node[number];
  link_destroy (n->link);
  n->link = NULL;
  for (unsigned i = 0; i < w->nodes; i++)
    {
      n->up[i] = false;
      n->peer[i] = NULL;
    }
  assert_int_equal (n->account.blocks, 0);
  assert_int_equal (n->account.bytes, 0);
}

void
world_init (struct world *w, uint64_t seed, unsigned nodes,
	    void (*adjust) (struct node *n, struct link_config *c))
{
  memset (w, 0, sizeof *w);
  w->random = seed;
  w->now = S + world_random (&w->random) % S;
  w->nodes = nodes;
  w->delay = 250;
  w->jitter = 50;
  w->reorder_delay = 2 * MS;
  for (unsigned i = 0; i < nodes; i++)
    {
      struct node *n = &w->node[i];
      n->world = w;
      n->number = i;
      n->random = world_random (&w->random);
      account_init (&n->account, world_random (&w->random));
      n->address.bytes = 6;
      n->address.data[3] = (uint8_t) (i + 1);
      link_config_default (&n->config);
      node_random (n, n->config.secret_key, LINK_KEY_BYTES);
      n->config.random = node_random;
      n->config.random_ctx = n;
      if (adjust)
	adjust (n, &n->config);
    }
  for (unsigned i = 0; i < nodes; i++)
    world_start (w, i);
}

void
world_free (struct world *w)
{
  for (unsigned i = 0; i < w->nodes; i++)
    if (w->node[i].link)
      world_stop (w, i);
  while (w->in_flight)
    free (w->heap[--w->in_flight].data);
  free (w->heap);
  w->heap = NULL;
}

/* --- Network ------------------------------------------------------------ */

static bool
earlier (const struct flying *a, const struct flying *b)
{
  return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void
push (struct world *w, unsigned from, unsigned to, const void *data, size_t bytes, uint64_t time)
{
  if (w->in_flight == w->room)
    {
      w->room = w->room ? 2 * w->room : 64;
      w->heap = realloc (w->heap, w->room * sizeof *w->heap);
    }
  struct flying f = { time, w->order++, from, to, bytes, malloc (bytes) };
  memcpy (f.data, data, bytes);
  size_t i = w->in_flight++;
  for (; i && earlier (&f, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
    w->heap[i] = w->heap[(i - 1) / 2];
  w->heap[i] = f;
}

static struct flying
pop (struct world *w)
{
  struct flying top = w->heap[0], last = w->heap[--w->in_flight];
  size_t i = 0;
  for (;;)
    {
      size_t child = 2 * i + 1;
      if (child >= w->in_flight)
	break;
      if (child + 1 < w->in_flight && earlier (&w->heap[child + 1], &w->heap[child]))
	child++;
      if (!earlier (&w->heap[child], &last))
	break;
      w->heap[i] = w->heap[child];
      i = child;
    }
  w->heap[i] = last;
  return top;
}

static bool
chance (struct world *w, uint32_t ppm)
{
  return ppm && world_random (&w->random) % 1000000 < ppm;
}

static void
carry (struct world *w, unsigned from, unsigned to, uint8_t *data, size_t bytes)
{
  uint64_t time = w->now + w->delay;
  w->datagrams++;
  w->bytes += bytes;
  if (w->tap && !w->tap (w, from, to, data, bytes, w->ctx))
    return;
  if (w->cut || w->cut_from[from] || chance (w, w->loss_ppm))
    return;
  if (w->largest && bytes > w->largest)
    return;
  if (w->bytes_per_s)
    {
      uint64_t *line = &w->line_free[from][to];
      if (*line < w->now)
	*line = w->now;
      if ((*line - w->now) * w->bytes_per_s / S > w->queue_bytes)
	{
	  w->overflowed++;
	  return;
	}
      *line += bytes * S / w->bytes_per_s;
      time = *line + w->delay;
    }
  if (w->jitter && !w->bytes_per_s)
    time += world_random (&w->random) % w->jitter;
  if (chance (w, w->reorder_ppm))
    time += world_random (&w->random) % w->reorder_delay;
  if (chance (w, w->spoil_ppm))
    data[world_random (&w->random) % bytes] ^= (uint8_t) (1u << world_random (&w->random) % 8);
  push (w, from, to, data, bytes, time);
  if (chance (w, w->repeat_ppm))
    push (w, from, to, data, bytes, time + world_random (&w->random) % (5 * MS));
}

static unsigned
node_at (const struct world *w, const struct link_address *a)
{
  for (unsigned i = 0; i < w->nodes; i++)
    if (memcmp (a->data, w->node[i].address.data, a->bytes) == 0)
      return i;
  return WORLD_NODES;
}

static void
drain (struct world *w, struct node *n)
{
  /* Longer than any datagram, and exactly as long: the sanitizer sees every
     byte written behind it.  */
  static uint8_t buffer[LINK_DATAGRAM_BYTES_MAX];
  size_t most = n->config.datagram_bytes_most > n->config.datagram_bytes
    ? n->config.datagram_bytes_most : n->config.datagram_bytes;
  struct link_address to;
  size_t bytes;
  while (n->link && (bytes = link_output (n->link, w->now, buffer, most, &to)))
    {
      unsigned number = node_at (w, &to);
      assert_true (bytes <= most);
      if (number < w->nodes)
	carry (w, n->number, number, buffer, bytes);
    }
}

void
world_events (struct world *w, struct node *n)
{
  struct link_event e;
  while (n->link && link_event (n->link, &e))
    {
      unsigned other = (unsigned) (uintptr_t) e.user;
      assert_ptr_equal (e.peer, n->peer[other]);
      switch (e.kind)
	{
	case LINK_UP:
	  assert_false (n->up[other]);
	  n->up[other] = true;
	  n->ups[other]++;
	  n->session[other] = e.session;
	  assert_int_equal (e.peer_epoch, w->node[other].config.epoch);
	  break;
	case LINK_DOWN:
	  assert_true (n->up[other]);
	  assert_int_equal (e.session, n->session[other]);
	  n->up[other] = false;
	  n->downs[other]++;
	  n->why[other] = e.down;
	  break;
	case LINK_FAILED:
	  assert_false (n->up[other]);
	  n->failures[other]++;
	  break;
	case LINK_MESSAGE:
	  assert_true (n->up[other]);
	  assert_int_equal (e.session, n->session[other]);
	  n->messages++;
	  break;
	case LINK_WRITABLE:
	  break;
	}
      if (w->event)
	w->event (w, n, &e, w->ctx);
      if (e.kind == LINK_MESSAGE)
	dr_buf_drop (e.message);
    }
}

void
world_inject (struct world *w, unsigned to, const struct link_address *from, const void *data,
	      size_t bytes)
{
  /* Exactly as long as it says.  */
  uint8_t *copy = malloc (bytes ? bytes : 1);
  memcpy (copy, data, bytes);
  if (w->node[to].link)
    link_input (w->node[to].link, w->now, from, copy, bytes);
  free (copy);
}

static void
settle (struct world *w)
{
  for (unsigned i = 0; i < w->nodes; i++)
    {
      struct node *n = &w->node[i];
      if (!n->link)
	continue;
      if (link_deadline (n->link) <= w->now)
	link_tick (n->link, w->now);
      world_events (w, n);
      drain (w, n);
    }
}

static uint64_t
next_time (struct world *w)
{
  uint64_t at = w->in_flight ? w->heap[0].time : LINK_NEVER;
  for (unsigned i = 0; i < w->nodes; i++)
    if (w->node[i].link)
      {
	uint64_t deadline = link_deadline (w->node[i].link);
	if (deadline < at)
	  at = deadline;
      }
  return at;
}

bool
world_run (struct world *w, uint64_t time, bool (*done) (struct world *w, void *ctx))
{
  unsigned same = 0;
  for (;;)
    {
      settle (w);
      if (done && done (w, w->ctx))
	return true;
      if (done)
	settle (w);
      uint64_t at = next_time (w);
      if (at > time)
	break;
      /* A deadline in the past must not come again and again.  */
      same = at > w->now ? 0 : same + 1;
      assert_true (same < 100);
      if (at > w->now)
	w->now = at;
      while (w->in_flight && w->heap[0].time <= w->now)
	{
	  struct flying f = pop (w);
	  world_inject (w, f.to, &w->node[f.from].address, f.data, f.bytes);
	  free (f.data);
	  same = 0;
	}
    }
  w->now = time;
  return false;
}

bool
world_both_up (struct world *w, unsigned a, unsigned b)
{
  return w->node[a].up[b] && w->node[b].up[a]
    && w->node[a].session[b] == w->node[b].session[a];
}

void
world_connect (struct world *w, unsigned a, unsigned b)
{
  uint64_t end = w->now + 20 * S;
  assert_int_equal (link_connect (w->node[a].link, w->node[a].peer[b], w->now), DR_OK);
  while (w->now < end && !world_both_up (w, a, b))
    world_run (w, w->now + 10 * MS, NULL);
  assert_true (world_both_up (w, a, b));
}

void
world_quick (struct node *n, struct link_config *c)
{
  c->dead_us = 2 * S;
  c->connect_us = 3 * S;
}

void
world_small_queues (struct node *n, struct link_config *c)
{
  c->assembly_bytes_max = 256 * 1024;
  c->send_bytes_max = 512 * 1024;
  c->send_messages_max = 300;
}

/* --- Messages ----------------------------------------------------------- */

/* Contents are cut from one random text whose length is a prime: a part in the
   wrong place is noticed.  */
#define TEXT 65521u

static const uint8_t *
text (void)
{
  static uint8_t bytes[TEXT];
  static bool made;
  uint64_t state = 42;
  if (!made)
    for (unsigned i = 0; i < TEXT; i++)
      bytes[i] = (uint8_t) world_random (&state);
  made = true;
  return bytes;
}

/* The part of the text at AT of the message TAG, at most *BYTES.  */
static const uint8_t *
part (uint64_t tag, size_t at, size_t *bytes)
{
  size_t from = (size_t) ((tag * 7919 + at) % TEXT);
  if (*bytes > TEXT - from)
    *bytes = TEXT - from;
  return text () + from;
}

enum dr_status
world_send (struct world *w, unsigned from, unsigned to, uint64_t stream, uint64_t tag,
	    size_t bytes)
{
  struct node *n = &w->node[from];
  static struct account kept;
  if (!kept.alloc.alloc)
    account_init (&kept, 1);
  struct dr_buf *buf = dr_buf_new (&kept.alloc, bytes);
  for (size_t i = 0, some; i < bytes; i += some)
    {
      some = bytes - i;
      const uint8_t *source = part (tag, i, &some);
      memcpy (buf->data + i, source, some);
    }
  /* In three slices, one of them empty.  */
  size_t cut = bytes / 3;
  struct dr_slice slice[3] = { { buf, 0, cut }, { buf, cut, 0 }, { buf, cut, bytes - cut } };
  enum dr_status status = link_send (n->link, n->peer[to], stream, slice, 3, w->now);
  dr_buf_drop (buf);
  return status;
}

bool
world_is (const struct dr_buf *buf, uint64_t tag, size_t bytes)
{
  if (buf->bytes != bytes)
    return false;
  for (size_t i = 0, n; i < bytes; i += n)
    {
      n = bytes - i;
      const uint8_t *right = part (tag, i, &n);
      if (memcmp (buf->data + i, right, n) != 0)
	return false;
    }
  return true;
}

void
world_works (struct world *w, unsigned a, unsigned b)
{
  uint64_t before[2] = { w->node[a].messages, w->node[b].messages };
  assert_int_equal (world_send (w, a, b, 5, 1, 5000), DR_OK);
  assert_int_equal (world_send (w, b, a, 5, 1, 5000), DR_OK);
  world_run (w, w->now + S, NULL);
  assert_int_equal (w->node[a].messages, before[0] + 1);
  assert_int_equal (w->node[b].messages, before[1] + 1);
}
