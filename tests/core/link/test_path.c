/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How large datagrams become: the ladder by itself, and on paths that take less or change.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/path.h"
#include "tests/core/link/world.h"

#define BASE 1200u
#define MOST 8952u
#define MESSAGE_BYTES 40000u

/* --- The ladder ---------------------------------------------------------------------------- */

static void
one_size_after_the_other (void **state)
{
  struct path p;
  path_init (&p, BASE, MOST);
  assert_int_equal (p.bytes, BASE);
  for (unsigned i = 0; i < 4; i++)
    {
      uint32_t size = path_try (&p, S);
      assert_in_range (size, p.bytes + 1, MOST);
      /* One at a time.  */
      assert_int_equal (path_try (&p, S), 0);
      assert_true (path_deadline (&p) == UINT64_MAX);
      path_passed (&p, S, size);
      assert_int_equal (p.bytes, size);
    }
  assert_int_equal (p.bytes, MOST);
  assert_int_equal (path_try (&p, S), 0);
  assert_true (path_deadline (&p) == UINT64_MAX);
}

static void
what_gets_lost_is_tried_again_much_later (void **state)
{
  struct path p;
  uint64_t now = S;
  path_init (&p, BASE, MOST);
  for (unsigned i = 0; i < LINK_PATH_TRIES; i++)
    {
      assert_int_not_equal (path_try (&p, now), 0);
      path_failed (&p, now);
    }
  assert_int_equal (p.bytes, BASE);
  assert_int_equal (path_try (&p, now), 0);
  assert_true (path_deadline (&p) == now + LINK_PATH_RAISE_US);
  uint32_t size = path_try (&p, now + LINK_PATH_RAISE_US);
  assert_int_not_equal (size, 0);
  path_failed (&p, now);
  /* It was only late.  */
  path_passed (&p, now, size);
  assert_int_equal (p.bytes, size);
}

static void
a_path_that_changed_is_noticed (void **state)
{
  struct path p;
  path_init (&p, BASE, MOST);
  path_passed (&p, S, path_try (&p, S));
  /* Losses among what arrives are none of ours.  */
  for (unsigned i = 0; i < 100; i++)
    path_used (&p, S, 1, LINK_PATH_LOST_MAX);
  path_used (&p, S, 0, LINK_PATH_LOST_MAX - 1);
  assert_int_not_equal (p.bytes, BASE);
  path_used (&p, S, 0, 1);
  assert_int_equal (p.bytes, BASE);
  assert_int_equal (path_try (&p, S), 0);
  assert_int_not_equal (path_try (&p, S + LINK_PATH_RETRY_US), 0);
}

static void
nothing_is_tried_above_the_most (void **state)
{
  struct path p;
  path_init (&p, BASE, 0);
  assert_int_equal (path_try (&p, S), 0);
  assert_true (path_deadline (&p) == UINT64_MAX);
  path_init (&p, BASE, BASE + 1);
  assert_int_equal (path_try (&p, S), BASE + 1);
  path_passed (&p, S, BASE + 1);
  assert_int_equal (path_try (&p, S), 0);
}

/* --- On a path ------------------------------------------------------------------------------- */

static void
tries (struct node *n, struct link_config *c)
{
  c->datagram_bytes = BASE;
  c->datagram_bytes_most = MOST;
}

static void
count_whole (struct world *w, struct node *n, struct link_event *e, void *ctx)
{
  unsigned *got = ctx;
  if (e->kind != LINK_MESSAGE)
    return;
  assert_true (world_is (e->message, *got, MESSAGE_BYTES));
  ++*got;
}

static struct link_status
status_of (struct world *w)
{
  struct link_status status;
  link_peer_status (w->node[0].peer[1], &status);
  return status;
}

/* Sends COUNT messages and has them arrive, in order, within SECONDS.  */
static void
transfer (struct world *w, unsigned count, unsigned seconds)
{
  unsigned sent = 0, got = 0;
  uint64_t end = w->now + seconds * S;
  w->event = count_whole;
  w->ctx = &got;
  while (got < count && w->now < end)
    {
      while (sent < count && world_send (w, 0, 1, 3, sent, MESSAGE_BYTES) == DR_OK)
	sent++;
      world_run (w, w->now + 5 * MS, NULL);
    }
  assert_int_equal (got, count);
  w->event = NULL;
}

static void
it_finds_what_passes (void **state)
{
  static const struct { size_t passes; uint32_t found; } paths[] = {
    { 1200, 1200 }, { 1371, 1200 }, { 1372, 1372 }, { 1451, 1372 }, { 1452, 1452 },
    { 4415, 1452 }, { 4416, 4416 }, { 8951, 4416 }, { 8952, 8952 }, { 60000, 8952 },
  };
  for (unsigned i = 0; i < sizeof paths / sizeof paths[0]; i++)
    {
      struct world w;
      world_init (&w, i + 1, 2, tries);
      w.largest = paths[i].passes;
      w.jitter = 0;
      world_connect (&w, 0, 1);
      world_run (&w, w.now + 5 * S, NULL);
      transfer (&w, 50, 10);
      assert_int_equal (status_of (&w).datagram_bytes, paths[i].found);
      /* What only tried the path was no loss.  */
      assert_int_equal (status_of (&w).datagrams_lost, 0);
      world_free (&w);
    }
}

static void
fewer_datagrams_for_the_same (void **state)
{
  uint64_t sent[2];
  for (unsigned large = 0; large < 2; large++)
    {
      struct world w;
      world_init (&w, 9, 2, tries);
      w.largest = large ? 9000 : 1200;
      world_connect (&w, 0, 1);
      world_run (&w, w.now + 5 * S, NULL);
      transfer (&w, 100, 20);
      sent[large] = status_of (&w).datagrams_sent;
      world_free (&w);
    }
  assert_true (sent[1] * 5 < sent[0]);
}

/* A tunnel comes into the way in the middle of a transfer, and goes again.  */
static void
a_path_that_shrinks_loses_nothing (void **state)
{
  for (uint64_t seed = 1; seed <= 10; seed++)
    {
      struct world w;
      world_init (&w, seed, 2, tries);
      world_connect (&w, 0, 1);
      world_run (&w, w.now + S, NULL);
      transfer (&w, 20, 10);
      assert_int_equal (status_of (&w).datagram_bytes, MOST);
      w.largest = 1400;
      transfer (&w, 200, 20);
      world_run (&w, w.now + 2 * LINK_PATH_RETRY_US, NULL);
      assert_int_equal (status_of (&w).datagram_bytes, 1372);
      w.largest = 0;
      world_run (&w, w.now + LINK_PATH_RAISE_US + S, NULL);
      assert_int_equal (status_of (&w).datagram_bytes, MOST);
      transfer (&w, 20, 10);
      assert_int_equal (w.node[0].downs[1], 0);
      world_free (&w);
    }
}

static void
on_a_bad_path (void **state)
{
  for (uint64_t seed = 1; seed <= 20; seed++)
    {
      struct world w;
      world_init (&w, seed, 2, tries);
      w.loss_ppm = 50000;
      w.reorder_ppm = w.repeat_ppm = 50000;
      w.largest = seed % 2 ? 9000 : 1500;
      world_connect (&w, 0, 1);
      transfer (&w, 200, 60);
      world_free (&w);
    }
}

/* Without a larger size no datagram is spent on the search.  */
static void
by_default_nothing_is_tried (void **state)
{
  struct world w;
  world_init (&w, 3, 2, NULL);
  world_connect (&w, 0, 1);
  world_run (&w, w.now + 20 * S, NULL);
  assert_true (w.bytes < 5000);
  assert_int_equal (status_of (&w).datagram_bytes, w.node[0].config.datagram_bytes);
  world_free (&w);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (one_size_after_the_other),
    cmocka_unit_test (what_gets_lost_is_tried_again_much_later),
    cmocka_unit_test (a_path_that_changed_is_noticed),
    cmocka_unit_test (nothing_is_tried_above_the_most),
    cmocka_unit_test (it_finds_what_passes),
    cmocka_unit_test (fewer_datagrams_for_the_same),
    cmocka_unit_test (a_path_that_shrinks_loses_nothing),
    cmocka_unit_test (on_a_bad_path),
    cmocka_unit_test (by_default_nothing_is_tried),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
