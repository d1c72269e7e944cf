/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a peer that says nothing is dead, and when it was us who were away.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/packet.h"
#include "tests/core/link/world.h"

static void
silent_peer (void **state)
{
  for (unsigned busy = 0; busy < 2; busy++)
    {
      struct world w;
      world_init (&w, 6, 2, world_quick);
      world_connect (&w, 0, 1);
      world_works (&w, 0, 1);
      /* Idle, it stays up.  */
      world_run (&w, w.now + 30 * S, NULL);
      assert_int_equal (w.node[0].downs[1], 0);
      w.cut = true;
      if (busy)
	world_send (&w, 0, 1, 1, 1, 100000);
      world_run (&w, w.now + 1300 * MS, NULL);
      assert_int_equal (w.node[0].downs[1], 0);
      world_run (&w, w.now + 1500 * MS, NULL);
      assert_int_equal (w.node[0].downs[1], 1);
      assert_int_equal (w.node[0].why[1], LINK_DOWN_DEAD);
      assert_int_equal (w.node[1].downs[0], 1);
      world_free (&w);
    }
}

/* Whoever did not run for a while must not think that the others died.  */
static void
own_absence (void **state)
{
  struct world w;
  world_init (&w, 7, 2, world_quick);
  world_connect (&w, 0, 1);
  w.cut_from[1] = true;		/* what it would answer is lost */
  world_send (&w, 0, 1, 1, 1, 10);
  world_run (&w, w.now + 10 * MS, NULL);
  w.now += 60 * S;
  link_tick (w.node[0].link, w.now);
  world_events (&w, &w.node[0]);
  assert_int_equal (w.node[0].downs[1], 0);
  /* The excuse counts once.  */
  world_run (&w, w.now + 3 * S, NULL);
  assert_int_equal (w.node[0].downs[1], 1);
  world_free (&w);
}

/* Nor is the excuse good twice, however late we come again.  */
static void
absent_again (void **state)
{
  struct world w;
  world_init (&w, 7, 2, world_quick);
  world_connect (&w, 0, 1);
  w.cut_from[1] = true;
  world_send (&w, 0, 1, 1, 1, 10);
  world_run (&w, w.now + 10 * MS, NULL);
  for (unsigned i = 0; i < 2; i++)
    {
      assert_int_equal (w.node[0].downs[1], 0);
      w.now += 60 * S;
      link_tick (w.node[0].link, w.now);
      world_events (&w, &w.node[0]);
    }
  assert_int_equal (w.node[0].downs[1], 1);
  world_free (&w);
}

/* Between the end of a session and the news of the next one nothing can be
   sent: the caller would mean the old one.  */
static void
no_sending_before_the_news (void **state)
{
  struct world w;
  uint8_t buffer[1500];
  struct link_address to;
  size_t bytes;
  world_init (&w, 16, 2, world_quick);
  world_connect (&w, 0, 1);
  world_stop (&w, 1);
  world_start (&w, 1);
  link_connect (w.node[1].link, w.node[1].peer[0], w.now);
  struct link *a = w.node[0].link, *b = w.node[1].link;
  /* By hand, so that node 0's events stay where they are.  */
  for (unsigned i = 0; i < 3; i++)
    {
      while ((bytes = link_output (b, w.now, buffer, sizeof buffer, &to)))
	link_input (a, w.now, &w.node[1].address, buffer, bytes);
      assert_int_equal (world_send (&w, 0, 1, 1, 1, 10), i ? DR_SESSION_OVER : DR_OK);
      while ((bytes = link_output (a, w.now, buffer, sizeof buffer, &to)))
	link_input (b, w.now, &w.node[0].address, buffer, bytes);
    }
  world_run (&w, w.now + S, NULL);
  assert_int_equal (w.node[0].why[1], LINK_DOWN_REPLACED);
  assert_int_equal (w.node[1].messages, 0);
  world_works (&w, 0, 1);
  world_free (&w);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (silent_peer),
    cmocka_unit_test (own_absence),
    cmocka_unit_test (absent_again),
    cmocka_unit_test (no_sending_before_the_news),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
