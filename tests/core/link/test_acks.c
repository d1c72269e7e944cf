/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/acks.h"
#include "tests/core/link/world.h"

static void
in_order_and_not (void **state)
{
  struct acks a = { 0 };
  assert_false (acks_add (&a, 1));
  assert_false (acks_add (&a, 2));
  assert_true (acks_add (&a, 5));	/* a gap */
  assert_false (acks_add (&a, 6));
  assert_int_equal (a.count, 2);
  assert_true (acks_add (&a, 4));
  assert_true (acks_add (&a, 3));	/* closes it */
  assert_int_equal (a.count, 1);
  assert_int_equal (a.range[0].first, 1);
  assert_int_equal (a.range[0].last, 6);
  acks_floor (&a, 4);
  assert_int_equal (a.range[0].first, 4);
  assert_true (acks_add (&a, 2));
  assert_int_equal (a.range[0].first, 4);
  acks_floor (&a, 100);
  assert_int_equal (a.count, 0);
}

static bool
holds (const struct acks *a, uint64_t n)
{
  for (unsigned i = 0; i < a->count; i++)
    if (n >= a->range[i].first && n <= a->range[i].last)
      return true;
  return false;
}

/* Descending, apart, and nothing that did not come; everything that came, as
   long as the ranges suffice.  */
static void
against_a_model (void **state)
{
  for (uint64_t seed = 1; seed <= 30; seed++)
    {
      struct acks a = { 0 };
      static uint8_t in[20000];
      uint64_t random = seed, top = 1, span = seed % 2 ? 60 : 200;
      memset (in, 0, sizeof in);
      for (unsigned i = 0; i < 5000; i++)
	{
	  uint64_t n = top > span ? top - span : 1;
	  n += world_random (&random) % (span + 3);
	  if (in[n])
	    continue;
	  in[n] = 1;
	  if (n > top)
	    top = n;
	  acks_add (&a, n);
	  if (i % 500 == 499)
	    acks_floor (&a, top > span / 2 ? top - span / 2 : 0);
	  assert_true (a.count >= 1 && a.count <= 1 + LINK_ACK_RANGES_MAX);
	  assert_int_equal (a.range[0].last, top);
	  for (unsigned r = 0; r < a.count; r++)
	    {
	      assert_true (a.range[r].first <= a.range[r].last);
	      if (r)
		assert_true (a.range[r].last + 1 < a.range[r - 1].first);
	    }
	  uint64_t least = a.range[a.count - 1].first;
	  for (uint64_t m = least; m <= top; m++)
	    if (span == 60)
	      assert_int_equal (holds (&a, m), in[m]);
	    else
	      assert_true (in[m] || !holds (&a, m));
	}
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (in_order_and_not),
    cmocka_unit_test (against_a_model),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
