/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stated limits of memory, and what happens when there is none.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/core/link/world.h"

static void
send_queue_bounds (void **state)
{
  struct world w;
  unsigned writable = 0, n;
  world_init (&w, 51, 2, world_small_queues);
  world_connect (&w, 0, 1);
  /* The only large one may have any size; small ones pass beside it.  */
  assert_int_equal (world_send (&w, 0, 1, 1, 1, 2000000), DR_OK);
  assert_int_equal (world_send (&w, 0, 1, 2, 1, 20000), DR_LIMIT);
  assert_int_equal (world_send (&w, 0, 1, 2, 1, 1000), DR_OK);
  world_run (&w, w.now + S, NULL);
  for (n = 0; world_send (&w, 0, 1, 1, n, 10) == DR_OK; n++)
    ;
  assert_int_equal (n, 300);
  for (unsigned i = 0; i < 100 && !writable; i++)
    {
      world_run (&w, w.now + 1 * MS, NULL);
      struct link_status status;
      link_peer_status (w.node[0].peer[1], &status);
      writable = status.queue_messages <= 150;
    }
  assert_true (writable);
  assert_int_equal (world_send (&w, 0, 1, 1, 1, 10), DR_OK);
  world_free (&w);
}

static unsigned writables;

static void
count_writable (struct world *w, struct node *n, struct link_event *e, void *ctx)
{
  if (e->kind == LINK_WRITABLE)
    writables++;
}

static void
writable_comes_once (void **state)
{
  struct world w;
  world_init (&w, 52, 2, world_small_queues);
  world_connect (&w, 0, 1);
  w.event = count_writable;
  writables = 0;
  while (world_send (&w, 0, 1, 1, 1, 1000) == DR_OK)
    ;
  world_run (&w, w.now + S, NULL);
  assert_int_equal (writables, 1);
  world_run (&w, w.now + S, NULL);
  assert_int_equal (writables, 1);
  world_free (&w);
}

static void
limits_of_arguments (void **state)
{
  struct world w;
  struct link *l;
  struct link_config c;
  world_init (&w, 53, 2, NULL);
  c = w.node[0].config;
  c.random = NULL;
  assert_int_equal (link_create (&c, &w.node[0].account.alloc, 1, &l), DR_INVALID);
  c = w.node[0].config;
  c.datagram_bytes = LINK_DATAGRAM_BYTES_MIN - 1;
  assert_int_equal (link_create (&c, &w.node[0].account.alloc, 1, &l), DR_INVALID);
  c = w.node[0].config;
  c.message_bytes_max = (uint64_t) UINT32_MAX + 1;
  assert_int_equal (link_create (&c, &w.node[0].account.alloc, 1, &l), DR_INVALID);
  world_connect (&w, 0, 1);
  struct dr_buf huge = { .bytes = SIZE_MAX, .refs = 1 };
  struct dr_slice slice[2] = { { &huge, 0, SIZE_MAX / 2 }, { &huge, 0, SIZE_MAX / 2 + 2 } };
  assert_int_equal (link_send (w.node[0].link, w.node[0].peer[1], 1, slice, 2, w.now), DR_INVALID);
  slice[0].bytes = w.node[0].config.message_bytes_max + 1;
  assert_int_equal (link_send (w.node[0].link, w.node[0].peer[1], 1, slice, 1, w.now), DR_INVALID);
  assert_int_equal (huge.refs, 1);
  assert_int_equal (link_send (w.node[0].link, w.node[0].peer[1], 1, NULL, 0, w.now), DR_OK);
  world_run (&w, w.now + S, NULL);
  assert_int_equal (w.node[1].messages, 1);
  world_free (&w);
}

static void
different_limits (void **state)
{
  struct world w;
  world_init (&w, 54, 2, NULL);
  for (unsigned i = 0; i < 2; i++)
    {
      world_stop (&w, i);
      w.node[i].config.message_bytes_max = i ? 5000 : 100000;
      w.node[i].config.assembly_bytes_max = i ? 1 << 20 : 128 << 10;
      w.node[i].config.datagram_bytes = i ? 9000 : 512;
      world_start (&w, i);
    }
  world_connect (&w, 0, 1);
  assert_int_equal (world_send (&w, 0, 1, 1, 1, 5001), DR_INVALID);
  assert_int_equal (world_send (&w, 1, 0, 1, 1, 5001), DR_INVALID);
  for (unsigned i = 0; i < 2000; i++)
    {
      assert_int_equal (world_send (&w, 1, 0, i % 50, i, 5000), DR_OK);
      assert_int_equal (world_send (&w, 0, 1, i % 50, i, 5000), DR_OK);
    }
  world_run (&w, w.now + 20 * S, NULL);
  assert_int_equal (w.node[0].messages, 2000);
  assert_int_equal (w.node[1].messages, 2000);
  world_free (&w);
}

/* --- Lack of memory ----------------------------------------------------- */

static uint64_t place_sent, place_got;

static void
in_order (struct world *w, struct node *n, struct link_event *e, void *ctx)
{
  if (e->kind == LINK_MESSAGE)
    {
      assert_int_equal (n->number, 1);
      assert_true (world_is (e->message, place_got, place_got % 9 * 1500));
      place_got++;
    }
}

static bool
all_arrived (struct world *w, void *ctx)
{
  return place_got == place_sent;
}

/* A connection, traffic and the end, with one allocation failing: the call that
   needed it fails, or the peer repeats what could not be kept; nothing leaks,
   nothing is lost.  Returns false when there was no such allocation.  */
static bool
with_failure (uint64_t fail_at, unsigned node)
{
  struct world w;
  world_init (&w, 60, 2, NULL);
  w.event = in_order;
  place_sent = place_got = 0;
  struct account *a = &w.node[node].account;
  a->fail_at = fail_at;
  world_connect (&w, 0, 1);
  for (unsigned i = 0; i < 60; i++)
    {
      enum dr_status status;
      w.loss_ppm = i > 30 ? 100000 : 0;
      while ((status = world_send (&w, 0, 1, i % 30, place_sent, place_sent % 9 * 1500))
	     == DR_NO_MEMORY)
	assert_int_equal (node, 0);
      assert_int_equal (status, DR_OK);
      place_sent++;
      if (i % 7 == 0)
	world_run (&w, w.now + 300, NULL);
      /* One stream after the other is enough for order to be total.  */
      assert_true (world_run (&w, w.now + 10 * S, all_arrived));
    }
  for (unsigned i = 0; i < 40; i++)
    {
      while (world_send (&w, 0, 1, 77, place_sent, place_sent % 9 * 1500) == DR_NO_MEMORY)
	;
      place_sent++;
    }
  assert_true (world_run (&w, w.now + 10 * S, all_arrived));
  bool failed = fail_at && a->fail_at == 0;
  world_free (&w);
  return failed;
}

static void
every_allocation_fails_once (void **state)
{
  for (unsigned node = 0; node < 2; node++)
    {
      uint64_t n = 0;
      while (with_failure (n + 1, node))
	n++;
      print_message ("  %u allocations of node %u failed, one by one\n", (unsigned) n, node);
      assert_true (n > 40);
    }
}

/* And a tenth of all of them, with losses.  */
static void
many_allocations_fail (void **state)
{
  for (uint64_t seed = 1; seed <= 5; seed++)
    {
      struct world w;
      world_init (&w, seed, 2, NULL);
      world_connect (&w, 0, 1);
      w.event = in_order;
      w.loss_ppm = 30000;
      place_sent = place_got = 0;
      w.node[0].account.fail_ppm = w.node[1].account.fail_ppm = 100000;
      while (place_sent < 2000)
	{
	  enum dr_status status =
	    world_send (&w, 0, 1, 5, place_sent, place_sent % 9 * 1500);
	  if (status == DR_OK)
	    place_sent++;
	  else
	    assert_int_equal (status, DR_NO_MEMORY);
	  if (place_sent % 50 == 0)
	    world_run (&w, w.now + MS, NULL);
	}
      assert_true (world_run (&w, w.now + 60 * S, all_arrived));
      assert_int_equal (w.node[0].downs[1] + w.node[1].downs[0], 0);
      w.node[0].account.fail_ppm = w.node[1].account.fail_ppm = 0;
      world_free (&w);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (send_queue_bounds),
    cmocka_unit_test (writable_comes_once),
    cmocka_unit_test (limits_of_arguments),
    cmocka_unit_test (different_limits),
    cmocka_unit_test (every_allocation_fails_once),
    cmocka_unit_test (many_allocations_fail),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
