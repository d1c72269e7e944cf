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
  for (uint64_t seed = 1; seed <= 8; seed++)
    {
      struct world w;
      world_init (&w, seed, 2, world_small_queues);
      w.loss_ppm = (uint32_t) (seed % 4) * 40000;
      w.repeat_ppm = (uint32_t) (seed % 3) * 30000;
      w.reorder_ppm = (uint32_t) (seed % 5) * 50000;
      w.spoil_ppm = seed % 2 ? 10000 : 0;
      w.delay = 100 * (1 + seed * seed);
      w.jitter = 1 + 300 * (seed % 4);
      exchange (&w, 2000, 60000, 300 * S);
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
  world_init (&w, 77, 2, world_small_queues);
  w.bytes_per_s = 5000000;
  w.queue_bytes = 200000;
  t->want = 4000;
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

/* However much is sent and lost, neither side holds more than was agreed.  */
static void
memory_is_bounded (void **state)
{
  struct world w;
  struct traffic *t = calloc (1, sizeof *t);
  world_init (&w, 50, 2, world_small_queues);
  w.loss_ppm = 100000;
  w.reorder_ppm = 200000;
  t->want = 2500;
  t->bytes_max = 100000;
  w.event = traffic_event;
  w.ctx = t;
  world_connect (&w, 0, 1);
  assert_true (world_run (&w, w.now + 300 * S, traffic_step));
  /* 256 KiB of assembly (the greatest message here fits in), the queue's
     descriptions, the rings; the senders' contents are not on this account.  */
  for (unsigned i = 0; i < 2; i++)
    {
      print_message ("  at most %zu KB\n", w.node[i].account.most / 1000);
      assert_true (w.node[i].account.most < 900000);
    }
  world_free (&w);
  free (t);
}

/* --- Fairness ----------------------------------------------------------- */

struct interleave
{
  size_t big;
  uint64_t small_sent, small_got, worst, big_time, sent_at[4096];
  bool big_got;
};

static void
interleave_event (struct world *w, struct node *n, struct link_event *e, void *ctx)
{
  struct interleave *t = ctx;
  if (e->kind != LINK_MESSAGE)
    return;
  if (e->stream == 1)
    {
      assert_true (world_is (e->message, 1, t->big));
      t->big_got = true;
      t->big_time = w->now;
      return;
    }
  uint64_t took = w->now - t->sent_at[t->small_got % 4096];
  assert_true (world_is (e->message, t->small_got, 200));
  t->small_got++;
  if (took > t->worst)
    t->worst = took;
}

static bool
interleave_step (struct world *w, void *ctx)
{
  struct interleave *t = ctx;
  static uint64_t last;
  if (w->now - last >= 3 * MS && !t->big_got)
    {
      last = w->now;
      t->sent_at[t->small_sent % 4096] = w->now;
      assert_int_equal (world_send (w, 0, 1, 2, t->small_sent++, 200), DR_OK);
    }
  return t->big_got && t->small_got == t->small_sent;
}

/* While tens of megabytes go, a small message every few milliseconds arrives
   soon: what is queued in the network is bounded by the link itself.  */
static void
big_and_small (void **state)
{
  for (unsigned lossy = 0; lossy < 2; lossy++)
    {
      struct world w;
      struct interleave *t = calloc (1, sizeof *t);
      world_init (&w, 21, 2, NULL);
      w.bytes_per_s = 50000000;
      w.queue_bytes = 4000000;
      w.loss_ppm = lossy ? 10000 : 0;
      w.event = interleave_event;
      w.ctx = t;
      t->big = lossy ? 12 << 20 : 32 << 20;
      world_connect (&w, 0, 1);
      uint64_t start = w.now;
      assert_int_equal (world_send (&w, 0, 1, 1, 1, t->big), DR_OK);
      assert_true (world_run (&w, w.now + 60 * S, interleave_step));
      assert_true (t->small_got > 30);
      assert_true (t->worst < (lossy ? 80 * MS : 25 * MS));
      double rate = (double) t->big / (double) (t->big_time - start);
      print_message ("  %u MiB at %.1f MB/s of 50, %s; small ones at most %.1f ms late\n",
		     (unsigned) (t->big >> 20), rate, lossy ? "1 %% lost" : "clean",
		     (double) t->worst / 1000);
      assert_true (rate > (lossy ? 35 : 42));
      world_free (&w);
      free (t);
    }
}

static uint64_t got_bytes;

static void
count_bytes (struct world *w, struct node *n, struct link_event *e, void *ctx)
{
  if (e->kind == LINK_MESSAGE)
    got_bytes += e->message->bytes;
}

static bool
keep_sending (struct world *w, void *ctx)
{
  static uint64_t stream;
  struct link_status status;
  link_peer_status (w->node[0].peer[1], &status);
  if (status.queue_bytes < 3000000)
    while (status.queue_bytes < 4000000)
      {
	assert_int_equal (world_send (w, 0, 1, stream++ % 8, 1, 100000), DR_OK);
	status.queue_bytes += 100000;
      }
  return false;
}

/* What arrives per second over a line of 10 MB/s at several rates of random
   loss, and with a short queue (where losses are the only sign of being too
   fast).  */
static void
goodput (void **state)
{
  static const struct
  {
    uint32_t loss_ppm;
    uint64_t delay;
    size_t queue_bytes;
    double least;		/* MB/s */
  } line[] = {
    { 0, 250, 1000000, 9.0 },
    { 0, 10 * MS, 1000000, 8.5 },
    { 10000, 250, 1000000, 9.0 },
    { 10000, 10 * MS, 1000000, 8.2 },
    { 30000, 250, 1000000, 8.8 },
    { 50000, 250, 1000000, 8.5 },
    { 50000, 5 * MS, 1000000, 8.0 },
    { 0, 250, 60000, 8.5 },
    { 0, 5 * MS, 60000, 6.5 },
    { 10000, 250, 60000, 8.5 },
  };
  for (unsigned i = 0; i < sizeof line / sizeof line[0]; i++)
    {
      struct world w;
      struct link_status status;
      world_init (&w, 30 + i, 2, NULL);
      w.bytes_per_s = 10000000;
      w.queue_bytes = line[i].queue_bytes;
      w.delay = line[i].delay;
      w.loss_ppm = line[i].loss_ppm;
      world_connect (&w, 0, 1);
      w.event = count_bytes;
      got_bytes = 0;
      world_run (&w, w.now + 3 * S, keep_sending);
      link_peer_status (w.node[0].peer[1], &status);
      double rate = (double) got_bytes / 3e6;
      print_message ("  %u.%u %% lost, %3u ms, queue %4u KB: %4.1f MB/s of 10; window %4u KB, "
		     "%.1f %% sent again\n", line[i].loss_ppm / 10000,
		     line[i].loss_ppm / 1000 % 10, (unsigned) (2 * line[i].delay / MS),
		     (unsigned) (line[i].queue_bytes / 1000), rate,
		     (unsigned) (status.window_bytes / 1000),
		     100.0 * (double) status.datagrams_lost / (double) status.datagrams_sent);
      assert_true (rate >= line[i].least);
      assert_int_equal (w.node[0].downs[1], 0);
      world_free (&w);
    }
}

/* --- Endings ------------------------------------------------------------ */

static uint64_t place_got;

static unsigned dropped_buffers;

static void
note_drop (struct dr_buf *buf)
{
  dropped_buffers++;
  free (buf);
}

/* References are given back when a message is acknowledged and when the session
   ends, not before and not twice.  */
static void
references (void **state)
{
  struct world w;
  static uint8_t bytes[5000];
  world_init (&w, 70, 2, NULL);
  world_connect (&w, 0, 1);
  dropped_buffers = 0;
  for (unsigned i = 0; i < 20; i++)
    {
      struct dr_buf *buf = malloc (sizeof *buf);
      dr_buf_wrap (buf, bytes, sizeof bytes, note_drop);
      struct dr_slice slice = { buf, 0, sizeof bytes };
      if (i == 10)
	{
	  world_run (&w, w.now + S, NULL);
	  assert_int_equal (dropped_buffers, 10);
	  w.cut = true;
	}
      assert_int_equal (link_send (w.node[0].link, w.node[0].peer[1], i, &slice, 1, w.now), DR_OK);
      dr_buf_drop (buf);
    }
  world_run (&w, w.now + S, NULL);
  assert_int_equal (dropped_buffers, 10);
  link_close (w.node[0].link, w.node[0].peer[1], false, w.now);
  assert_int_equal (dropped_buffers, 20);
  world_free (&w);
}

static void
in_order_until_down (struct world *w, struct node *n, struct link_event *e, void *ctx)
{
  if (n->number == 1 && e->kind == LINK_MESSAGE)
    assert_true (world_is (e->message, place_got++, 3000));
}

/* A session that ends in the middle: what arrived whole is handed up, in order,
   before DOWN; nothing of it afterwards.  */
static void
end_in_the_middle (void **state)
{
  for (uint64_t seed = 1; seed <= 20; seed++)
    {
      struct world w;
      world_init (&w, seed, 2, NULL);
      w.loss_ppm = 100000;
      w.event = in_order_until_down;
      world_connect (&w, 0, 1);
      place_got = 0;
      for (unsigned i = 0; i < 300; i++)
	world_send (&w, 0, 1, 9, i, 3000);
      world_run (&w, w.now + seed * 200, NULL);
      link_close (w.node[seed % 2].link, w.node[seed % 2].peer[1 - seed % 2], false, w.now);
      world_run (&w, w.now + 12 * S, NULL);
      assert_int_equal (w.node[0].downs[1], 1);
      assert_int_equal (w.node[1].downs[0], 1);
      /* A new one begins at nothing.  */
      w.loss_ppm = 0;
      world_connect (&w, 0, 1);
      place_got = 0;
      for (unsigned i = 0; i < 50; i++)
	world_send (&w, 0, 1, 9, i, 3000);
      world_run (&w, w.now + S, NULL);
      assert_int_equal (place_got, 50);
      world_free (&w);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (clean_network),
    cmocka_unit_test (hostile_network),
    cmocka_unit_test (line_cut_for_three_seconds),
    cmocka_unit_test (memory_is_bounded),
    cmocka_unit_test (big_and_small),
    cmocka_unit_test (goodput),
    cmocka_unit_test (references),
    cmocka_unit_test (end_in_the_middle),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
