/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/link/replay.h"

#include <assert.h>

static_assert ((LINK_REPLAY_WORDS & (LINK_REPLAY_WORDS - 1)) == 0, "a power of two");

static uint64_t *
word_of (struct replay *r, uint64_t number)
{
  return &r->seen[number / 64 % LINK_REPLAY_WORDS];
}

bool
replay_fresh (const struct replay *r, uint64_t number)
{
  if (number == 0 || number > LINK_NUMBER_MAX)
    return false;
  if (number > r->top)
    return true;
  if (r->top - number >= REPLAY_WINDOW)
    return false;
  return !(*word_of ((struct replay *) (uintptr_t) r, number) >> (number % 64) & 1);
}

void
replay_mark (struct replay *r, uint64_t number)
{
  if (number > r->top)
    {
      uint64_t words = number / 64 - r->top / 64;
      if (words > LINK_REPLAY_WORDS)
	words = LINK_REPLAY_WORDS;
      for (uint64_t i = 0; i < words; i++)
	r->seen[(number / 64 - i) % LINK_REPLAY_WORDS] = 0;
      r->top = number;
    }
  *word_of (r, number) |= (uint64_t) 1 << (number % 64);
}
