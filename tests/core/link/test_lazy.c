/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that wait for company: with which datagram they go, and when.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/limits.h"
#include "tests/core/link/world.h"

#define MESSAGES 400

struct seen
{
  unsigned count;
  uint8_t last[2];		/* of each stream: its messages are 1, 2, 3, ... */
  uint64_t at;			/* when the last one came */
};

static void
see (struct world *w, struct node *n, struct link_event *e, void *ctx)
{
  struct seen *seen = ctx;
  if (e->kind != LINK_MESSAGE)
    return;
  assert_int_equal (e->message->bytes, 1);
  assert_int_equal (e->message->data[0], (uint8_t) (seen->last[e->stream] + 1));
  seen->last[e->stream]++;
  seen->count++;
  seen->at = w->now;
}

static void
begin (struct world *w, struct seen *seen, uint64_t seed)
{
  memset (seen, 0, sizeof *seen);
  world_init (w, seed, 2, NULL);
  world_connect (w, 0, 1);
  world_run (w, w->now + S, NULL);
  w->event = see;
  w->ctx = seen;
}

static void
send (struct world *w, unsigned stream, uint8_t content, bool lazily)
{
  struct node *n = &w->node[0];
  struct dr_buf *buf = dr_buf_new (&n->account.alloc, 1);
  assert_non_null (buf);
  buf->data[0] = content;
  struct dr_slice slice = { buf, 0, 1 };
  enum dr_status status = (lazily ? link_send_lazily : link_send) (n->link, n->peer[1], stream,
								   &slice, 1, w->now);
  assert_int_equal (status, DR_OK);
  dr_buf_drop (buf);
}

static uint64_t
datagrams_sent (struct world *w)
{
  struct link_status status;
  link_peer_status (w->node[0].peer[1], &status);
  return status.datagrams_sent;
}

static void
alone_it_waits (void **state)
{
  struct world w;
  struct seen seen;
  begin (&w, &seen, 1);
  uint64_t sent = datagrams_sent (&w), start = w.now;
  send (&w, 0, 1, true);
  world_run (&w, start + LINK_LAZY_US - 1, NULL);
  assert_int_equal (seen.count, 0);
  assert_int_equal (datagrams_sent (&w), sent);
  world_run (&w, start + S, NULL);
  assert_int_equal (seen.count, 1);
  assert_true (seen.at >= start + LINK_LAZY_US);
  assert_true (seen.at <= start + LINK_LAZY_US + w.delay + w.jitter + MS);
  assert_int_equal (datagrams_sent (&w), sent + 1);
  world_free (&w);
}

static void
it_goes_with_the_next (void **state)
{
  for (unsigned other_stream = 0; other_stream < 2; other_stream++)
    {
      struct world w;
      struct seen seen;
      begin (&w, &seen, 2);
      uint64_t sent = datagrams_sent (&w), start = w.now;
      send (&w, 0, 1, true);
      world_run (&w, start + LINK_LAZY_US / 2, NULL);
      send (&w, other_stream, other_stream ? 1 : 2, false);
      world_run (&w, start + S, NULL);
      assert_int_equal (seen.count, 2);
      assert_true (seen.at < start + LINK_LAZY_US);
      assert_int_equal (datagrams_sent (&w), sent + 1);
      world_free (&w);
    }
}

/* What is in a hurry is not held up by what came lazily behind it.  */
static void
it_makes_nobody_wait (void **state)
{
  struct world w;
  struct seen seen;
  begin (&w, &seen, 3);
  uint64_t start = w.now;
  send (&w, 0, 1, false);
  send (&w, 0, 2, true);
  world_run (&w, start + S, NULL);
  assert_int_equal (seen.count, 2);
  assert_true (seen.at < start + LINK_LAZY_US);
  world_free (&w);
}

static void
none_is_lost (void **state)
{
  for (uint64_t seed = 1; seed <= 20; seed++)
    {
      struct world w;
      struct seen seen;
      uint8_t next[2] = { 0, 0 };
      begin (&w, &seen, seed);
      w.loss_ppm = 100000;
      w.reorder_ppm = w.repeat_ppm = 50000;
      for (unsigned i = 0; i < MESSAGES; i++)
	{
	  unsigned stream = (unsigned) (world_random (&w.random) & 1);
	  send (&w, stream, ++next[stream], world_random (&w.random) % 4);
	  world_run (&w, w.now + world_random (&w.random) % (2 * LINK_LAZY_US), NULL);
	}
      world_run (&w, w.now + 5 * S, NULL);
      assert_int_equal (seen.count, MESSAGES);
      assert_int_equal (w.node[0].downs[1] + w.node[1].downs[0], 0);
      world_free (&w);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (alone_it_waits),
    cmocka_unit_test (it_goes_with_the_next),
    cmocka_unit_test (it_makes_nobody_wait),
    cmocka_unit_test (none_is_lost),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
