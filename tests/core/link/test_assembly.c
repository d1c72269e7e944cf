/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receiver alone, against well- and ill-behaved senders.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/assembly.h"
#include "tests/core/link/world.h"

#define BYTES_MAX (256 * 1024)
#define MESSAGE_MAX (1024 * 1024)

static uint8_t zeros[MESSAGE_MAX];

struct bench
{
  struct account account;
  struct assembly a;
};

static void
begin (struct bench *b)
{
  account_init (&b->account, 1);
  assert_int_equal (assembly_init (&b->a, &b->account.alloc, BYTES_MAX, MESSAGE_MAX), DR_OK);
}

static void
end (struct bench *b)
{
  assembly_free (&b->a);
  assert_int_equal (b->account.blocks, 0);
}

static enum assembly_result
whole (struct bench *b, uint64_t number, uint64_t stream, uint64_t previous, uint32_t bytes)
{
  struct frame f = { .kind = FRAME_WHOLE, .number = number, .stream = stream,
    .previous = previous, .total = bytes, .bytes = bytes, .data = zeros };
  return assembly_frame (&b->a, &f);
}

static enum assembly_result
first (struct bench *b, uint64_t number, uint64_t stream, uint64_t previous, uint32_t total,
       uint32_t bytes)
{
  struct frame f = { .kind = FRAME_FIRST, .number = number, .stream = stream,
    .previous = previous, .total = total, .bytes = bytes, .data = zeros };
  return assembly_frame (&b->a, &f);
}

static enum assembly_result
more (struct bench *b, uint64_t number, uint32_t total, uint32_t offset, uint32_t bytes)
{
  struct frame f = { .kind = FRAME_MORE, .number = number, .total = total, .offset = offset,
    .bytes = bytes, .data = zeros };
  return assembly_frame (&b->a, &f);
}

/* The stream of the next message, or -1.  */
static int64_t
take (struct bench *b)
{
  uint64_t stream;
  struct dr_buf *buf;
  if (!assembly_take (&b->a, &stream, &buf))
    return -1;
  dr_buf_drop (buf);
  return (int64_t) stream;
}

static void
predecessors (void **state)
{
  struct bench b;
  begin (&b);
  assert_int_equal (whole (&b, 3, 10, 1, 5), ASSEMBLY_TAKEN);	/* waits for 1 */
  assert_int_equal (whole (&b, 4, 20, 0, 5), ASSEMBLY_TAKEN);	/* does not */
  assert_int_equal (whole (&b, 6, 10, 3, 5), ASSEMBLY_TAKEN);	/* for 3 */
  assert_int_equal (take (&b), 20);
  assert_int_equal (take (&b), -1);
  assert_int_equal (whole (&b, 4, 20, 0, 5), ASSEMBLY_TAKEN);	/* again: nothing */
  assert_int_equal (take (&b), -1);
  assert_int_equal (b.a.below, 0);
  assert_int_equal (whole (&b, 1, 10, 0, 5), ASSEMBLY_TAKEN);
  assert_int_equal (b.a.below, 1);
  assert_int_equal (take (&b), 10);
  assert_int_equal (take (&b), 10);
  assert_int_equal (take (&b), 10);
  assert_int_equal (take (&b), -1);
  assert_int_equal (whole (&b, 2, 30, 0, 0), ASSEMBLY_TAKEN);
  assert_int_equal (take (&b), 30);
  assert_int_equal (whole (&b, 5, 20, 4, 0), ASSEMBLY_TAKEN);
  assert_int_equal (take (&b), 20);
  assert_int_equal (b.a.below, 6);
  assert_int_equal (b.a.held + b.a.ready_bytes, 0);
  end (&b);
}

/* Pieces in every order of a few, with overlaps.  */
static void
pieces (void **state)
{
  static const uint32_t piece[][2] = { { 0, 30 }, { 30, 30 }, { 20, 50 }, { 90, 10 }, { 60, 31 },
    { 1, 98 } };
  uint64_t random = 1;
  for (unsigned round = 0; round < 3000; round++)
    {
      struct bench b;
      bool in[100] = { false };
      begin (&b);
      for (unsigned i = 0; i < 40 && b.a.messages == 0; i++)
	{
	  unsigned p = (unsigned) (world_random (&random) % 6);
	  if (piece[p][0] == 0)
	    assert_int_equal (first (&b, 1, 4, 0, 100, piece[p][1]), ASSEMBLY_TAKEN);
	  else
	    assert_int_equal (more (&b, 1, 100, piece[p][0], piece[p][1]), ASSEMBLY_TAKEN);
	  unsigned have = 0;
	  for (uint32_t j = 0; j < piece[p][1]; j++)
	    in[piece[p][0] + j] = true;
	  for (unsigned j = 0; j < 100; j++)
	    have += in[j];
	  if (have < 100)
	    assert_int_equal (b.a.slot[1].message->received, have);
	  else
	    assert_int_equal (b.a.messages, 1);
	}
      end (&b);
    }
}

static void
faults (void **state)
{
  struct bench b;
  begin (&b);
  assert_int_equal (whole (&b, LINK_WINDOW_MESSAGES, 1, 0, 1), ASSEMBLY_TAKEN);
  assert_int_equal (whole (&b, LINK_WINDOW_MESSAGES + 1, 1, 0, 1), ASSEMBLY_FAULT);
  assert_int_equal (whole (&b, UINT64_MAX, 1, 0, 1), ASSEMBLY_FAULT);
  assert_int_equal (first (&b, 5, 1, 0, MESSAGE_MAX + 1, 10), ASSEMBLY_FAULT);
  /* Another size, stream or predecessor than before.  */
  assert_int_equal (first (&b, 5, 1, 0, 1000, 10), ASSEMBLY_TAKEN);
  assert_int_equal (first (&b, 5, 1, 0, 1001, 10), ASSEMBLY_FAULT);
  assert_int_equal (more (&b, 5, 999, 10, 10), ASSEMBLY_FAULT);
  assert_int_equal (first (&b, 5, 2, 0, 1000, 10), ASSEMBLY_FAULT);
  assert_int_equal (first (&b, 5, 1, 3, 1000, 10), ASSEMBLY_FAULT);
  /* Two messages behind the same one.  */
  assert_int_equal (whole (&b, 7, 1, 5, 1), ASSEMBLY_TAKEN);
  assert_int_equal (whole (&b, 8, 1, 5, 1), ASSEMBLY_FAULT);
  end (&b);
}

static void
bounds (void **state)
{
  struct bench b;
  begin (&b);
  /* Two giants.  */
  assert_int_equal (first (&b, 1, 1, 0, MESSAGE_MAX, 10), ASSEMBLY_TAKEN);
  assert_int_equal (first (&b, 2, 2, 0, MESSAGE_MAX, 10), ASSEMBLY_FAULT);
  /* More than the bound beside it.  */
  unsigned n = 3;
  while (first (&b, n, n, 0, 20000, 10) == ASSEMBLY_TAKEN)
    n++;
  assert_int_equal (n - 3, BYTES_MAX / (20000 + 256));
  assert_int_equal (first (&b, n, n, 0, 20000, 10), ASSEMBLY_FAULT);
  assert_true (b.account.bytes < BYTES_MAX + MESSAGE_MAX + 100000);
  end (&b);
  /* What was completed and not taken is our driver's fault, not the peer's.  */
  begin (&b);
  for (n = 1; whole (&b, n, 1, 0, 60000) == ASSEMBLY_TAKEN; n++)
    ;
  assert_int_equal (whole (&b, n, 1, 0, 60000), ASSEMBLY_DROPPED);
  assert_true (b.account.bytes < 2 * BYTES_MAX + 100000);
  assert_int_equal (take (&b), 1);
  assert_int_equal (whole (&b, n, 1, 0, 60000), ASSEMBLY_TAKEN);
  end (&b);
}

/* A sender of single bytes far apart: bounded, and not acknowledged beyond.  */
static void
crumbs (void **state)
{
  struct bench b;
  unsigned n;
  begin (&b);
  for (n = 1; n < MESSAGE_MAX / 2; n++)
    if (more (&b, 1, MESSAGE_MAX, 2 * n, 1) != ASSEMBLY_TAKEN)
      break;
  assert_int_equal (n - 1, LINK_GAPS_MAX);
  assert_int_equal (more (&b, 1, MESSAGE_MAX, 2 * n, 1), ASSEMBLY_DROPPED);
  assert_int_equal (first (&b, 1, 1, 0, MESSAGE_MAX, 2), ASSEMBLY_TAKEN);	/* joins */
  assert_true (b.account.bytes < MESSAGE_MAX + 16 * LINK_GAPS_MAX + 100000);
  /* The rest in one piece heals it.  */
  assert_int_equal (more (&b, 1, MESSAGE_MAX, 1, MESSAGE_MAX - 1), ASSEMBLY_TAKEN);
  assert_int_equal (take (&b), 1);
  end (&b);
}

/* Every allocation fails once: dropped, and the repetition is taken.  */
static void
no_memory (void **state)
{
  for (unsigned fail = 1; fail < 42; fail++)
    {
      struct bench b;
      unsigned got = 0, tries = 0;
      begin (&b);
      b.account.fail_at = fail;
      for (unsigned n = 1; n <= 200; n += 5)
	{
	  while (whole (&b, n, 1, n > 1 ? n - 5 : 0, 10) == ASSEMBLY_DROPPED)
	    tries++;
	  while (more (&b, n + 1, 100, 50, 10) == ASSEMBLY_DROPPED)
	    tries++;
	  while (more (&b, n + 1, 100, 70, 10) == ASSEMBLY_DROPPED)
	    tries++;
	  while (more (&b, n + 1, 100, 1, 99) == ASSEMBLY_DROPPED)
	    tries++;
	  while (first (&b, n + 1, 2, 0, 100, 1) == ASSEMBLY_DROPPED)
	    tries++;
	}
      /* Far ahead: the numbers that are kept apart have to be more.  */
      while (whole (&b, 20000, 1, 196, 10) == ASSEMBLY_DROPPED)
	tries++;
      while (take (&b) >= 0)
	got++;
      assert_int_equal (got, 81);
      assert_int_equal (tries, 1);
      end (&b);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (predecessors),
    cmocka_unit_test (pieces),
    cmocka_unit_test (faults),
    cmocka_unit_test (bounds),
    cmocka_unit_test (crumbs),
    cmocka_unit_test (no_memory),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
