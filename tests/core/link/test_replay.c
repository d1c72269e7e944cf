/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/replay.h"
#include "tests/core/link/world.h"

/* Numbers in a row: M marks (it must be fresh), F is fresh, S is seen.  */
static void
table (void **state)
{
  static const struct
  {
    char what;
    uint64_t number;
  } step[] = {
    { 'S', 0 }, { 'F', 1 }, { 'F', LINK_NUMBER_MAX }, { 'S', LINK_NUMBER_MAX + 1 },
    { 'S', UINT64_MAX }, { 'M', 1 }, { 'S', 1 }, { 'F', 2 }, { 'M', 63 }, { 'M', 64 },
    { 'M', 65 }, { 'S', 63 }, { 'S', 64 }, { 'S', 65 }, { 'F', 62 }, { 'F', 66 },
    { 'M', REPLAY_WINDOW }, { 'F', 2 }, { 'S', 1 },
    { 'M', REPLAY_WINDOW + 1 }, { 'S', 1 }, { 'M', 2 }, { 'S', 2 },
    { 'M', REPLAY_WINDOW + 2 }, { 'S', 2 }, { 'F', 3 },
    { 'M', REPLAY_WINDOW + 3 }, { 'S', 3 }, { 'F', 4 },
    { 'M', 10 * REPLAY_WINDOW }, { 'S', 9 * REPLAY_WINDOW }, { 'F', 9 * REPLAY_WINDOW + 1 },
    { 'M', 9 * REPLAY_WINDOW + 1 }, { 'S', 9 * REPLAY_WINDOW + 1 },
    { 'M', LINK_NUMBER_MAX }, { 'S', LINK_NUMBER_MAX }, { 'F', LINK_NUMBER_MAX - 1 },
    { 'S', LINK_NUMBER_MAX - REPLAY_WINDOW }, { 'F', LINK_NUMBER_MAX - REPLAY_WINDOW + 1 },
    { 'S', 10 * REPLAY_WINDOW },
  };
  struct replay r = { 0 };
  for (unsigned i = 0; i < sizeof step / sizeof step[0]; i++)
    {
      assert_int_equal (replay_fresh (&r, step[i].number), step[i].what != 'S');
      if (step[i].what == 'M')
	replay_mark (&r, step[i].number);
    }
}

/* Every step from a window that is full: by JUMP from a top at each place in a word.  What
   falls out is old, what stays was seen, what is new was not.  */
static void
jumps (void **state)
{
  static const uint64_t jump[] = { 1, 2, 63, 64, 65, 127, 128, 129, REPLAY_WINDOW - 64, REPLAY_WINDOW - 1,
    REPLAY_WINDOW, REPLAY_WINDOW + 1, REPLAY_WINDOW + 63, REPLAY_WINDOW + 64, REPLAY_WINDOW + 65,
    2 * REPLAY_WINDOW, LINK_NUMBER_MAX / 2 };
  static const unsigned place[] = { 0, 1, 31, 62, 63 };
  for (unsigned i = 0; i < sizeof jump / sizeof *jump; i++)
    for (unsigned k = 0; k < sizeof place / sizeof *place; k++)
      {
	struct replay r = { 0 };
	uint64_t top = 4 * (uint64_t) REPLAY_WINDOW / 64 * 64 + place[k], now = top + jump[i];
	for (uint64_t n = 1; n <= top; n++)
	  replay_mark (&r, n);
	replay_mark (&r, now);
	assert_false (replay_fresh (&r, now));
	assert_true (replay_fresh (&r, now + 1));
	for (uint64_t back = 1; back < REPLAY_WINDOW + 70 && back < now; back++)
	  {
	    uint64_t n = now - back;
	    assert_int_equal (replay_fresh (&r, n), n > top && back < REPLAY_WINDOW);
	  }
      }
}

/* Against a plain list of what was marked.  */
static void
against_a_model (void **state)
{
  for (uint64_t seed = 1; seed <= 20; seed++)
    {
      struct replay r = { 0 };
      static uint8_t marked[1 << 18];
      uint64_t random = seed, top = 0;
      memset (marked, 0, sizeof marked);
      for (unsigned i = 0; i < 20000; i++)
	{
	  uint64_t reach = seed % 2 ? 2 * REPLAY_WINDOW : 300;
	  uint64_t base = top > reach ? top - reach : 0;
	  uint64_t n = 1 + base + world_random (&random) % (reach + 1 + world_random (&random) % 40);
	  if (n >= sizeof marked)
	    break;
	  bool fresh = n > top || (top - n < REPLAY_WINDOW && !marked[n]);
	  assert_int_equal (replay_fresh (&r, n), fresh);
	  if (!fresh || world_random (&random) % 4 == 0)
	    continue;
	  replay_mark (&r, n);
	  marked[n] = 1;
	  if (n > top)
	    top = n;
	}
      assert_true (top > 1000);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (table),
    cmocka_unit_test (jumps),
    cmocka_unit_test (against_a_model),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
