/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sender's queue: order, turns, the receiver's bounds, and forgetting.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/sendqueue.h"
#include "tests/core/link/world.h"

#define ROOM 1400
#define ASSEMBLY (1 << 20)

struct bench
{
  struct account account, others;
  struct sendqueue q;
};

static void
begin (struct bench *b)
{
  account_init (&b->account, 1);
  account_init (&b->others, 1);
  assert_int_equal (sendqueue_init (&b->q, &b->account.alloc, ASSEMBLY, 1 << 30,
				    (uint64_t) 1 << 40, 1000000), DR_OK);
}

static void
end (struct bench *b, struct fragment_list *flying)
{
  struct fragment_list none = { NULL, NULL };
  sendqueue_free (&b->q, flying ? flying : &none);
  assert_int_equal (b->account.blocks, 0);
  assert_int_equal (b->others.blocks, 0);
}

static void
push (struct bench *b, uint64_t stream, size_t bytes)
{
  struct dr_buf *buf = dr_buf_new (&b->others.alloc, bytes);
  struct dr_slice slice = { buf, 0, bytes };
  assert_int_equal (sendqueue_push (&b->q, stream, &slice, 1), DR_OK);
  dr_buf_drop (buf);
}

static struct fragment *
take (struct bench *b, struct frame *f)
{
  return sendqueue_ready (&b->q) ? sendqueue_take (&b->q, ROOM, true, f) : NULL;
}

static void
ack (struct bench *b, struct fragment *f)
{
  struct fragment_list list = { NULL, NULL };
  fragment_append (&list, f);
  sendqueue_acked (&b->q, &list);
}

static void
lose (struct bench *b, struct fragment *f)
{
  struct fragment_list list = { NULL, NULL };
  fragment_append (&list, f);
  sendqueue_lost (&b->q, &list);
}

static void
streams_are_forgotten (void **state)
{
  struct bench b;
  struct frame f;
  begin (&b);
  size_t idle = b.account.bytes;
  for (unsigned i = 0; i < 1000; i++)
    push (&b, i * 1000003, 10);
  assert_int_equal (b.q.streams, 1000);
  struct fragment *one;
  while ((one = take (&b, &f)))
    {
      assert_int_equal (f.previous, 0);
      ack (&b, one);
    }
  assert_int_equal (b.q.streams, 0);
  assert_int_equal (b.q.bytes, 0);
  assert_true (b.account.bytes < idle + 60000);	/* the table, spare fragments */
  end (&b, NULL);
}

/* A message names its predecessor until it is known handed up, which needs all
   before it too.  */
static void
chains (void **state)
{
  struct bench b;
  struct frame f;
  begin (&b);
  push (&b, 5, 10);
  push (&b, 5, 10);
  push (&b, 5, 10);
  struct fragment *one = take (&b, &f), *two = take (&b, &f);
  assert_int_equal (f.number, 2);
  assert_int_equal (f.previous, 1);
  ack (&b, two);
  assert_int_equal (b.q.messages, 2);
  assert_int_equal (b.q.oldest->number, 1);
  struct fragment *three = take (&b, &f);
  assert_int_equal (f.previous, 2);	/* 2 may still wait for 1 over there */
  lose (&b, one);
  one = take (&b, &f);
  assert_int_equal (f.number, 1);
  assert_int_equal (f.previous, 0);
  ack (&b, one);
  lose (&b, three);
  three = take (&b, &f);
  assert_int_equal (f.previous, 2);	/* the same as the first time */
  ack (&b, three);
  assert_null (b.q.oldest);
  push (&b, 5, 10);
  ack (&b, take (&b, &f));
  assert_int_equal (f.number, 4);
  assert_int_equal (f.previous, 0);
  end (&b, NULL);
}

/* Turns: bulk streams one datagram each; small ones between.  */
static void
turns (void **state)
{
  struct bench b;
  struct frame f;
  struct fragment_list flying = { NULL, NULL };
  unsigned count[5] = { 0 };
  begin (&b);
  for (unsigned i = 0; i < 4; i++)
    push (&b, i, 100000);
  for (unsigned i = 0; i < 400; i++)
    push (&b, 4, 1000);
  for (unsigned i = 0; i < 120; i++)
    {
      fragment_append (&flying, take (&b, &f));
      count[flying.tail->message->stream->id]++;
    }
  for (unsigned i = 0; i < 4; i++)
    assert_in_range (count[i], count[0] - 1, count[0] + 1);
  assert_in_range (count[0], 4, 8);
  assert_in_range (count[4], 80, 104);
  end (&b, &flying);
}

/* The receiver's bounds, whatever is queued: one giant, and the rest within the
   bound; giants do not hold up others.  */
static void
receiver_bounds (void **state)
{
  struct bench b;
  struct frame f;
  struct fragment_list flying = { NULL, NULL };
  struct fragment *one;
  uint64_t begun[200] = { 0 }, sum = 0, giants = 0, smalls = 0;
  begin (&b);
  for (unsigned i = 0; i < 3; i++)
    push (&b, 100 + i, 2 * ASSEMBLY);
  for (unsigned i = 0; i < 50; i++)
    push (&b, i, 100000);
  for (unsigned i = 50; i < 90; i++)
    push (&b, i, 10000);
  while ((one = take (&b, &f)))
    {
      fragment_append (&flying, one);
      if (begun[f.number]++)
	continue;
      if (f.total > ASSEMBLY / 2)
	giants++;
      else
	sum += f.total + LINK_MESSAGE_OVERHEAD_BYTES;
      if (f.total == 10000)
	smalls++;
    }
  assert_int_equal (giants, 1);
  assert_true (sum <= ASSEMBLY);
  assert_true (sum > ASSEMBLY / 2);
  assert_int_equal (smalls, 25);	/* a quarter of the bound */
  /* Acknowledging makes room for the others, to the last.  */
  unsigned rounds = 0;
  while (b.q.messages)
    {
      struct fragment_list again = flying;
      flying.head = NULL;
      sendqueue_acked (&b.q, &again);
      while ((one = take (&b, &f)))
	fragment_append (&flying, one);
      assert_true (rounds++ < 1000);
    }
  assert_int_equal (b.q.small_held + b.q.bulk_held, 0);
  end (&b, &flying);
}

static void
message_window (void **state)
{
  struct bench b;
  struct frame f;
  struct fragment_list flying = { NULL, NULL };
  begin (&b);
  b.q.assembly_max = (uint64_t) 1 << 40;
  for (unsigned i = 0; i < LINK_WINDOW_MESSAGES + 10; i++)
    push (&b, i, 1);
  struct fragment *held = take (&b, &f), *one;
  while ((one = take (&b, &f)))
    ack (&b, one);
  assert_int_equal (f.number, LINK_WINDOW_MESSAGES);
  ack (&b, held);
  one = take (&b, &f);
  assert_int_equal (f.number, LINK_WINDOW_MESSAGES + 1);
  fragment_append (&flying, one);
  end (&b, &flying);
}

/* Fragments that are lost in any order and at any rate, in any room: each byte
   arrives, and is counted once.  */
static void
splitting (void **state)
{
  uint64_t random = 1;
  for (unsigned round = 0; round < 200; round++)
    {
      struct bench b;
      struct frame f;
      static uint8_t seen[50000];
      uint32_t total = (uint32_t) (world_random (&random) % sizeof seen);
      uint64_t bytes = 0;
      memset (seen, 0, sizeof seen);
      begin (&b);
      push (&b, 1, total);
      while (b.q.messages)
	{
	  size_t room = 64 + world_random (&random) % 1400;
	  bool empty = world_random (&random) % 4 != 0;
	  struct fragment *one = sendqueue_take (&b.q, room, empty, &f);
	  if (!one)
	    {
	      assert_false (empty);
	      continue;
	    }
	  assert_true (frame_head_bytes (f.kind) + f.bytes <= room);
	  assert_int_equal (f.total, total);
	  if (world_random (&random) % 3 == 0)
	    {
	      lose (&b, one);
	      continue;
	    }
	  for (uint32_t i = 0; i < f.bytes; i++)
	    assert_int_equal (seen[f.offset + i]++, 0);
	  bytes += f.bytes;
	  ack (&b, one);
	}
      assert_int_equal (bytes, total);
      end (&b, NULL);
    }
}

/* Contents over many slices, in whatever pieces.  */
static void
slices (void **state)
{
  struct bench b;
  struct frame f;
  struct dr_slice slice[50];
  uint64_t random = 9;
  uint32_t total = 0;
  static uint8_t right[100000], got[100000];
  begin (&b);
  for (unsigned i = 0; i < 50; i++)
    {
      size_t n = world_random (&random) % 1500, skip = world_random (&random) % 50;
      struct dr_buf *buf = dr_buf_new (&b.others.alloc, n + 100);
      for (size_t j = 0; j < n + 100; j++)
	buf->data[j] = (uint8_t) world_random (&random);
      slice[i] = (struct dr_slice) { buf, skip, n };
      memcpy (right + total, buf->data + skip, n);
      total += (uint32_t) n;
    }
  assert_int_equal (sendqueue_push (&b.q, 1, slice, 50), DR_OK);
  for (unsigned i = 0; i < 50; i++)
    dr_buf_drop (slice[i].buf);
  while (b.q.messages)
    {
      struct fragment *one = sendqueue_take (&b.q, 64 + world_random (&random) % 1400, true, &f);
      sendqueue_copy (one, got + f.offset);
      if (world_random (&random) % 4 == 0)
	lose (&b, one);
      else
	ack (&b, one);
    }
  assert_memory_equal (got, right, total);
  end (&b, NULL);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (streams_are_forgotten),
    cmocka_unit_test (chains),
    cmocka_unit_test (turns),
    cmocka_unit_test (receiver_bounds),
    cmocka_unit_test (message_window),
    cmocka_unit_test (splitting),
    cmocka_unit_test (slices),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
