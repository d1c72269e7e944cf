/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/recovery.h"
#include "tests/core/link/world.h"

#define DATAGRAM 1000

struct bench
{
  struct account account;
  struct recovery r;
  struct fragment pool[40000];
  unsigned used;
  uint64_t now;
  unsigned acked, lost;
};

static struct bench *
begin (void)
{
  struct bench *b = calloc (1, sizeof *b);
  account_init (&b->account, 1);
  b->now = S;
  assert_int_equal (recovery_init (&b->r, &b->account.alloc), DR_OK);
  return b;
}

static unsigned
count (struct fragment_list *list)
{
  unsigned n = 0;
  while (fragment_pop (list))
    n++;
  return n;
}

static void
settle (struct bench *b, struct recovery_result *result)
{
  b->acked += count (&result->acked);
  b->lost += count (&result->lost);
}

static void
end (struct bench *b)
{
  struct fragment_list list = { NULL, NULL };
  recovery_free (&b->r, &b->account.alloc, &list);
  assert_int_equal (b->acked + b->lost + count (&list), b->used);
  assert_int_equal (b->account.blocks, 0);
  free (b);
}

static void
sent (struct bench *b, unsigned n)
{
  while (n--)
    {
      struct recovery_result result = { 0 };
      struct fragment *f = &b->pool[b->used++];
      f->next = NULL;
      recovery_sent (&b->r, &b->account.alloc, b->now, DATAGRAM, true, f, &result);
      settle (b, &result);
    }
}

static enum dr_status
ack (struct bench *b, uint64_t first, uint64_t last, uint32_t delay)
{
  struct recovery_result result = { 0 };
  struct frame f = { .kind = FRAME_ACK, .delay_us = delay, .ranges = 1, .range = { { first, last } } };
  enum dr_status status = recovery_ack (&b->r, &f, b->now, &result);
  settle (b, &result);
  return status;
}

static void
tick (struct bench *b)
{
  struct recovery_result result = { 0 };
  recovery_tick (&b->r, b->now, &result);
  settle (b, &result);
}

static void
round_trips (void **state)
{
  struct bench *b = begin ();
  sent (b, 1);
  b->now += 10 * MS;
  ack (b, 1, 1, 4 * MS);	/* the first sample counts whole */
  assert_int_equal (b->r.rtt, 10 * MS);
  sent (b, 1);
  b->now += 20 * MS;
  ack (b, 2, 2, 10 * MS);	/* then the peer's delay does not count */
  assert_int_equal (b->r.rtt, 10 * MS);
  assert_int_equal (b->r.rtt_min, 10 * MS);
  sent (b, 1);
  b->now += 5 * MS;
  ack (b, 3, 3, 10 * MS);	/* a delay that cannot be is not believed */
  assert_int_equal (b->r.rtt_min, 5 * MS);
  assert_int_equal (b->acked, 3);
  end (b);
}

static void
packet_threshold (void **state)
{
  struct bench *b = begin ();
  sent (b, 10);
  b->now += MS;
  ack (b, 3, 3, 0);
  assert_int_equal (b->lost, 0);
  ack (b, 4, 4, 0);
  assert_int_equal (b->lost, 1);	/* 1; 2 is two below */
  ack (b, 5, 5, 0);
  assert_int_equal (b->lost, 2);
  assert_int_equal (b->r.flight, 5);
  assert_int_equal (b->r.flight_bytes, 5 * DATAGRAM);
  /* It was only late: from now on more reordering is tolerated.  */
  ack (b, 1, 2, 0);
  assert_true (b->r.reorder > LINK_REORDER_MIN);
  assert_int_equal (b->r.flight, 5);
  end (b);
}

static void
time_threshold (void **state)
{
  struct bench *b = begin ();
  sent (b, 2);
  b->now += 8 * MS;
  ack (b, 2, 2, 0);
  assert_int_equal (b->lost, 0);
  assert_int_equal (recovery_deadline (&b->r), b->now + MS);	/* 9/8 of 8 ms */
  b->now += MS - 1;
  tick (b);
  assert_int_equal (b->lost, 0);
  b->now += 1;
  tick (b);
  assert_int_equal (b->lost, 1);
  assert_int_equal (recovery_deadline (&b->r), UINT64_MAX);
  end (b);
}

static void
probes (void **state)
{
  struct bench *b = begin ();
  sent (b, 1);
  b->now += MS;
  ack (b, 1, 1, 0);
  sent (b, 5);
  uint64_t last = 0;
  for (unsigned i = 0; i < 8; i++)
    {
      uint64_t wait = recovery_deadline (&b->r) - b->now;
      assert_true (wait >= LINK_PEER_ACK_DELAY_US && wait <= LINK_PROBE_MAX_US);
      assert_true (wait >= last);
      last = wait;
      b->now += wait;
      tick (b);
      assert_int_equal (b->r.probes, LINK_PROBE_DATAGRAMS);
      assert_true (b->r.flight >= 1);	/* so that the timer goes on */
      assert_true (recovery_deadline (&b->r) > b->now);
    }
  assert_int_equal (b->lost, 5);
  assert_int_equal (last, LINK_PROBE_MAX_US);
  sent (b, 2);
  assert_int_equal (b->r.probes, 0);
  b->now += MS;
  ack (b, 7, 8, 0);
  assert_int_equal (b->r.probe_count, 0);
  end (b);
}

/* Acknowledging what was never sent is a fault and changes nothing.  */
static void
lies (void **state)
{
  struct bench *b = begin ();
  sent (b, 5);
  assert_int_equal (ack (b, 1, 6, 0), DR_PEER_FAULT);
  assert_int_equal (ack (b, 6, 6, 0), DR_PEER_FAULT);
  assert_int_equal (ack (b, 1, LINK_NUMBER_MAX, 0), DR_PEER_FAULT);
  assert_int_equal (b->r.flight, 5);
  assert_int_equal (ack (b, 1, 5, 0), DR_OK);
  assert_int_equal (ack (b, 1, 5, 0), DR_OK);
  assert_int_equal (b->acked, 5);
  end (b);
}

/* With more in flight than can be remembered, the oldest counts as lost; a ring
   that cannot grow loses sooner, and nothing worse.  */
static void
full_ring (void **state)
{
  for (unsigned poor = 0; poor < 2; poor++)
    {
      struct bench *b = begin ();
      uint32_t room = poor ? LINK_RING_MIN : LINK_RING_MAX;
      if (poor)
	b->account.fail_ppm = 1000000;
      sent (b, room);
      assert_int_equal (b->lost, 0);
      sent (b, 100);
      assert_int_equal (b->lost, 100);
      assert_int_equal (b->r.flight, room);
      b->now += MS;
      ack (b, 101, room + 100, 0);
      assert_int_equal (b->r.flight, 0);
      assert_int_equal (b->r.flight_bytes, 0);
      end (b);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (round_trips),
    cmocka_unit_test (packet_threshold),
    cmocka_unit_test (time_threshold),
    cmocka_unit_test (probes),
    cmocka_unit_test (lies),
    cmocka_unit_test (full_ring),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
