/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interned states: most pages of an object are in one of a few.  References are
   counted exactly; a set that no page is in is free.  */
#include <string.h>

#include "core/pages/internal.h"

enum { FIRST_SETS = 16 };

_Static_assert (sizeof (struct state) == 40, "compared byte by byte: no padding");

static uint32_t
hash (const struct state *s)
{
  uint64_t words[sizeof *s / 8], h = 0;
  memcpy (words, s, sizeof words);
  for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
    {
      h = (h ^ words[i]) * 0x9e3779b97f4a7c15u;
      h ^= h >> 29;
    }
  return (uint32_t) (h ^ h >> 32);
}

static bool
equal (const struct state *a, const struct state *b)
{
  return memcmp (a, b, sizeof *a) == 0;
}

static void
link_set (struct pages *p, uint32_t index)
{
  uint32_t *bucket = &p->buckets[hash (&p->sets[index].state) & p->buckets_mask];
  p->sets[index].next = *bucket;
  *bucket = index;
}

static void
unlink_set (struct pages *p, uint32_t index)
{
  uint32_t *at = &p->buckets[hash (&p->sets[index].state) & p->buckets_mask];
  while (*at != index)
    at = &p->sets[*at].next;
  *at = p->sets[index].next;
}

static uint32_t
find (const struct pages *p, const struct state *s)
{
  uint32_t i = p->buckets[hash (s) & p->buckets_mask];
  while (i != NO_INDEX && !equal (&p->sets[i].state, s))
    i = p->sets[i].next;
  return i;
}

bool
sets_init (struct pages *p)
{
  p->sets = get_bytes (p, FIRST_SETS * sizeof *p->sets);
  p->buckets = get_bytes (p, FIRST_SETS * sizeof *p->buckets);
  if (!p->sets || !p->buckets)
    return false;
  p->sets_size = FIRST_SETS;
  p->buckets_mask = FIRST_SETS - 1;
  memset (p->buckets, 0xff, FIRST_SETS * sizeof *p->buckets);
  p->sets_free = NO_INDEX;
  p->sets_used = 1;
  p->sets[0].refs = 1;		/* not a page's: keeps it for ever */
  link_set (p, 0);
  return true;
}

void
sets_done (struct pages *p)
{
  uint32_t size = p->sets_size ? p->sets_size : FIRST_SETS;
  put_bytes (p, p->sets, size * sizeof *p->sets);
  put_bytes (p, p->buckets, size * sizeof *p->buckets);
}

static bool
grow (struct pages *p)
{
  uint32_t size = p->sets_size * 2;
  if (size >= ACTIVE_BIT)
    return false;
  struct set *sets = get_bytes (p, size * sizeof *sets);
  uint32_t *buckets = get_bytes (p, size * sizeof *buckets);
  if (!sets || !buckets)
    {
      put_bytes (p, sets, size * sizeof *sets);
      put_bytes (p, buckets, size * sizeof *buckets);
      return false;
    }
  memcpy (sets, p->sets, p->sets_size * sizeof *sets);
  memset (buckets, 0xff, size * sizeof *buckets);
  sets_done (p);
  p->sets = sets;
  p->buckets = buckets;
  p->sets_size = size;
  p->buckets_mask = size - 1;
  for (uint32_t i = 0; i < p->sets_used; i++)
    link_set (p, i);		/* the free list is empty, or we would not grow */
  return true;
}

uint32_t
set_intern (struct pages *p, const struct state *s)
{
  uint32_t i = find (p, s);
  if (i == NO_INDEX)
    {
      if (p->sets_free == NO_INDEX && p->sets_used == p->sets_size && !grow (p))
	return NO_INDEX;
      i = p->sets_free;
      if (i != NO_INDEX)
	p->sets_free = p->sets[i].next;
      else
	i = p->sets_used++;
      p->sets[i] = (struct set) { .state = *s };
      link_set (p, i);
    }
  p->sets[i].refs++;
  return i;
}

void
set_drop (struct pages *p, uint32_t index, uint32_t refs)
{
  struct set *set = &p->sets[index];
  dr_assert (set->refs >= refs);
  set->refs -= refs;
  if (set->refs)
    return;
  unlink_set (p, index);
  set->next = p->sets_free;
  p->sets_free = index;
}

/* Pages of sets that became equal to another one go over to it.  */
static void
move_pages (struct pages *p)
{
  for (uint64_t n = map_next (p, 0); n < map_pages (p); n = map_next (p, n + 1))
    {
      uint32_t word = map_word (p, n);
      if (word & ACTIVE_BIT || p->sets[word].moved == NO_INDEX)
	continue;
      uint32_t to = p->sets[word].moved;
      p->sets[to].refs += to != 0;	/* the map does not count set 0 */
      map_set_word (p, n, to);
      p->sets[word].refs--;
    }
}

/* Replaces the states of all sets by what CHANGE makes of them, in place, so that no
   memory is needed.  */
static void
change_all (struct pages *p, void (*change) (struct state *s, unsigned slot, bool lost),
	    unsigned slot, bool lost)
{
  bool moves = false;
  for (uint32_t i = 0; i < p->sets_used; i++)
    p->sets[i].moved = NO_INDEX;
  for (uint32_t i = 1; i < p->sets_used; i++)
    {
      struct set *set = &p->sets[i];
      struct state s = set->state;
      if (!set->refs)
	continue;
      change (&s, slot, lost);
      if (equal (&s, &set->state))
	continue;
      uint32_t same = find (p, &s);
      unlink_set (p, i);
      set->state = s;
      if (same == NO_INDEX)
	link_set (p, i);
      else
	{
	  set->moved = same;	/* never moved itself: those are not in buckets */
	  moves = true;
	}
    }
  if (!moves)
    return;
  move_pages (p);
  for (uint32_t i = 1; i < p->sets_used; i++)
    if (p->sets[i].moved != NO_INDEX)
      {
	dr_assert (p->sets[i].refs == 0);
	p->sets[i].next = p->sets_free;
	p->sets_free = i;
      }
}

static void
forget (struct state *s, unsigned slot, bool lost)
{
  s->readers &= ~bit_of (slot);
  s->refused &= ~bit_of (slot);
  s->failed &= ~bit_of (slot);
  if (!s->refused)
    s->next_error = 0;
  if (s->writer != slot + 1)
    return;
  s->writer = NOBODY;
  s->certain = 0;
  s->lost |= lost;
}

static void
forgive (struct state *s, unsigned slot, bool lost)
{
  s->lost = 0;
}

void
sets_forget_client (struct pages *p, unsigned slot, bool lost)
{
  change_all (p, forget, slot, lost);
}

void
sets_forgive (struct pages *p)
{
  change_all (p, forgive, 0, false);
}
