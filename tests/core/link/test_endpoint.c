/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two endpoints and a network: what the header promises.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/core/link/world.h"

/* --- Traffic ------------------------------------------------------------ */

/* Messages of STREAMS streams in both directions; each carries its place in its
   stream.  */
#define STREAMS 37

struct traffic
{
  unsigned want;		/* messages per direction */
  unsigned sent[2], got[2];
  uint32_t sent_in[2][STREAMS], got_in[2][STREAMS];
  size_t bytes_max;
  bool blocked[2];
};

static size_t
size_of (const struct traffic *t, uint64_t tag)
{
  uint64_t state = tag;
  uint64_t r = world_random (&state);
  switch (r % 8)
    {
    case 0: return r / 8 % (t->bytes_max + 1);
    case 1: return r / 8 % 3000;
    case 2: return 0;
    default: return r / 8 % 300;
    }
}

static uint64_t
tag_of (unsigned from, unsigned stream, uint32_t place)
{
  return (uint64_t) from << 56 | (uint64_t) stream << 32 | place;
}

static void
push (struct world *w, struct traffic *t, unsigned from)
{
  while (t->sent[from] < t->want && w->node[from].up[1 - from])
    {
      unsigned stream = (unsigned) (world_random (&w->random) % STREAMS);
      uint64_t tag = tag_of (from, stream, t->sent_in[from][stream]);
      enum dr_status status = world_send (w, from, 1 - from, stream, tag, size_of (t, tag));
      if (status == DR_LIMIT)
	return;
      assert_int_equal (status, DR_OK);
      t->sent[from]++;
      t->sent_in[from][stream]++;
    }
}

static void
traffic_event (struct world *w, struct node *n, struct link_event *e, void *ctx)
{
  struct traffic *t = ctx;
  unsigned from = 1 - n->number;
  if (e->kind == LINK_MESSAGE)
    {
      assert_true (e->stream < STREAMS);
      uint64_t tag = tag_of (from, (unsigned) e->stream, t->got_in[from][e->stream]++);
      assert_true (world_is (e->message, tag, size_of (t, tag)));
      t->got[from]++;
    }
}

static bool
traffic_step (struct world *w, void *ctx)
{
  struct traffic *t = ctx;
  push (w, t, 0);
  push (w, t, 1);
  return t->got[0] == t->want && t->got[1] == t->want;
}

static void
small_queues (struct node *n, struct link_config *c)
{
  c->assembly_bytes_max = 256 * 1024;
  c->send_bytes_max = 512 * 1024;
  c->send_messages_max = 300;
}

/* Both directions, all messages, no session lost on the way.  */
static void
exchange (struct world *w, unsigned messages, size_t bytes_max, uint64_t within)
{
  struct traffic *t = calloc (1, sizeof *t);
  t->want = messages;
  t->bytes_max = bytes_max;
  w->event = traffic_event;
  w->ctx = t;
  world_connect (w, 0, 1);
  assert_true (world_run (w, w->now + within, traffic_step));
  /* Nothing comes twice.  */
  world_run (w, w->now + 2 * S, NULL);
  assert_int_equal (t->got[0], messages);
  assert_int_equal (t->got[1], messages);
  for (unsigned i = 0; i < 2; i++)
    {
      struct link_status status;
      link_peer_status (w->node[i].peer[1 - i], &status);
      assert_int_equal (w->node[i].downs[1 - i], 0);
      assert_int_equal (status.queue_messages, 0);
      assert_int_equal (status.queue_bytes, 0);
      assert_int_equal (status.assembly_bytes, 0);
      assert_int_equal (status.flight_bytes, 0);
    }
  w->event = NULL;
  w->ctx = NULL;
  free (t);
}

static void
clean_network (void **state)
{
  struct world w;
  world_init (&w, 1, 2, NULL);
  exchange (&w, 5000, 100000, 60 * S);
  world_free (&w);
}

static void
hostile_network (void **state)
{
  for (uint64_t seed = 1; seed <= 12; seed++)
    {
      struct world w;
      world_init (&w, seed, 2, small_queues);
      w.loss_ppm = (uint32_t) (seed % 4) * 40000;
      w.repeat_ppm = (uint32_t) (seed % 3) * 30000;
      w.reorder_ppm = (uint32_t) (seed % 5) * 50000;
      w.spoil_ppm = seed % 2 ? 10000 : 0;
      w.delay = 100 * (1 + seed * seed);
      w.jitter = 1 + 300 * (seed % 4);
      exchange (&w, 3000, 60000, 300 * S);
      world_free (&w);
    }
}

static const struct
{
  uint64_t at, until;
} cuts[] = { { 200 * MS, 3200 * MS }, { 4 * S, 5 * S } };

static bool
step_with_cuts (struct world *w, void *ctx)
{
  static uint64_t start;
  struct traffic *t = ctx;
  if (t->got[0] == 0)
    start = w->now;
  w->cut = false;
  for (unsigned i = 0; i < 2; i++)
    if (w->now >= start + cuts[i].at && w->now < start + cuts[i].until)
      w->cut = true;
  return traffic_step (w, ctx);
}

static void
line_cut_for_three_seconds (void **state)
{
  struct world w;
  struct traffic *t = calloc (1, sizeof *t);
  world_init (&w, 77, 2, small_queues);
  w.bytes_per_s = 5000000;
  w.queue_bytes = 200000;
  t->want = 8000;
  t->bytes_max = 60000;
  w.event = traffic_event;
  w.ctx = t;
  world_connect (&w, 0, 1);
  assert_true (world_run (&w, w.now + 120 * S, step_with_cuts));
  assert_int_equal (w.node[0].downs[1], 0);
  assert_int_equal (w.node[1].downs[0], 0);
  world_free (&w);
  free (t);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (clean_network),
    cmocka_unit_test (hostile_network),
    cmocka_unit_test (line_cut_for_three_seconds),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
