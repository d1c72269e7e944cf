/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The window alone; how it does on a line is in test_endpoint.c.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/congestion.h"
#include "tests/core/link/world.h"

#define DATAGRAM 1000u
#define MOST (4u << 20)

/* ROUNDS round trips of RTT with a full window, LOST of 100 lost, over a line
   that carries at most RATE bytes per round trip.  */
static void
rounds (struct congestion *c, uint64_t *now, uint64_t *number, unsigned n, uint64_t rtt,
	unsigned lost, uint64_t rate)
{
  while (n--)
    {
      uint64_t bytes = c->window < rate ? c->window : rate;
      uint32_t datagrams = (uint32_t) (bytes / DATAGRAM), bad = datagrams * lost / 100;
      *now += rtt;
      *number += datagrams;
      struct congestion_ack a = { (datagrams - bad) * DATAGRAM, datagrams - bad, bad, 0,
	rtt, *number, *number + 1 };
      c->limited = true;
      congestion_acked (c, *now, &a);
    }
}

static void
doubles_then_follows_the_rate (void **state)
{
  struct congestion c;
  uint64_t now = S, number = 0, start;
  congestion_init (&c, DATAGRAM, MOST, now);
  start = c.window;
  rounds (&c, &now, &number, 1, 5 * MS, 0, UINT64_MAX);
  assert_int_equal (c.window, 2 * start);
  rounds (&c, &now, &number, 30, 5 * MS, 0, 200 * DATAGRAM);
  /* 200 per 5 ms, 5 + 10 ms of it, and a quarter.  */
  assert_in_range (c.window, 700 * DATAGRAM, 760 * DATAGRAM);
  assert_false (c.startup);
}

static void
random_losses_change_nothing (void **state)
{
  for (unsigned lost = 1; lost <= 7; lost++)
    {
      struct congestion c;
      uint64_t now = S, number = 0;
      congestion_init (&c, DATAGRAM, MOST, now);
      rounds (&c, &now, &number, 60, 5 * MS, lost, 400 * DATAGRAM);
      assert_true (c.window > 1000 * DATAGRAM);
    }
}

static void
heavy_losses_shrink (void **state)
{
  struct congestion c;
  uint64_t now = S, number = 0;
  congestion_init (&c, DATAGRAM, MOST, now);
  rounds (&c, &now, &number, 10, 5 * MS, 0, UINT64_MAX);
  uint64_t before = c.window;
  rounds (&c, &now, &number, 60, 5 * MS, 30, UINT64_MAX);
  assert_true (c.window < before / 4);
  rounds (&c, &now, &number, 200, 5 * MS, 90, UINT64_MAX);
  assert_int_equal (c.window, LINK_WINDOW_MIN_DATAGRAMS * DATAGRAM);
  /* And it comes back.  */
  rounds (&c, &now, &number, 400, 5 * MS, 0, UINT64_MAX);
  assert_true (c.window > 1000 * DATAGRAM);
}

static void
bounds (void **state)
{
  struct congestion c;
  uint64_t now = S, number = 0;
  congestion_init (&c, DATAGRAM, MOST, now);
  rounds (&c, &now, &number, 100, 5 * MS, 0, UINT64_MAX);
  assert_int_equal (c.window, MOST);
  for (unsigned i = 1; i < 40; i++)
    congestion_probe (&c, i);
  assert_int_equal (c.window, LINK_WINDOW_MIN_DATAGRAMS * DATAGRAM);
  /* Nothing is assumed after a pause.  */
  rounds (&c, &now, &number, 100, 5 * MS, 0, UINT64_MAX);
  congestion_sending (&c, now, 0);
  congestion_sending (&c, now + 2 * LINK_IDLE_US, 0);
  assert_int_equal (c.window, LINK_IDLE_DATAGRAMS * DATAGRAM);
}

/* Who sends little neither grows the window nor spoils what is known.  */
static void
little_to_send (void **state)
{
  struct congestion c;
  uint64_t now = S, number = 0;
  congestion_init (&c, DATAGRAM, MOST, now);
  rounds (&c, &now, &number, 30, 5 * MS, 0, 200 * DATAGRAM);
  uint64_t window = c.window;
  for (unsigned i = 0; i < 5000; i++)
    {
      now += 5 * MS;
      number++;
      struct congestion_ack a = { DATAGRAM, 1, 0, 0, 5 * MS, number, number + 1 };
      congestion_acked (&c, now, &a);
    }
  assert_int_equal (c.window, window);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (doubles_then_follows_the_rate),
    cmocka_unit_test (random_losses_change_nothing),
    cmocka_unit_test (heavy_losses_shrink),
    cmocka_unit_test (bounds),
    cmocka_unit_test (little_to_send),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
