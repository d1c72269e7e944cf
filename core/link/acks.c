/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/link/acks.h"

#include <string.h>

#define RANGES (1 + LINK_ACK_RANGES_MAX)

static void
insert_at (struct acks *a, unsigned i, uint64_t number)
{
  if (i == RANGES)
    return;
  if (a->count == RANGES)
    a->count--;
  memmove (&a->range[i + 1], &a->range[i], (a->count - i) * sizeof a->range[0]);
  a->range[i] = (struct number_range) { number, number };
  a->count++;
}

static void
remove_at (struct acks *a, unsigned i)
{
  a->count--;
  memmove (&a->range[i], &a->range[i + 1], (a->count - i) * sizeof a->range[0]);
}

bool
acks_add (struct acks *a, uint64_t number)
{
  unsigned i = 0;

  if (number < a->floor)
    return true;
  if (a->count && number == a->range[0].last + 1)
    {
      a->range[0].last = number;
      return false;
    }
  while (i < a->count && number + 1 < a->range[i].first)
    i++;
  /* Now range[i], if there is one, touches, contains or is below NUMBER.  */
  if (i == a->count || number > a->range[i].last + 1)
    {
      bool first_ever = a->count == 0;
      insert_at (a, i, number);
      return !first_ever;
    }
  if (number == a->range[i].last + 1)
    a->range[i].last = number;
  else if (number + 1 == a->range[i].first)
    {
      a->range[i].first = number;
      if (i + 1 < a->count && a->range[i + 1].last + 1 == number)
	{
	  a->range[i].first = a->range[i + 1].first;
	  remove_at (a, i + 1);
	}
    }
  return true;
}

void
acks_floor (struct acks *a, uint64_t floor)
{
  if (floor <= a->floor)
    return;
  a->floor = floor;
  while (a->count && a->range[a->count - 1].last < floor)
    a->count--;
  if (a->count && a->range[a->count - 1].first < floor)
    a->range[a->count - 1].first = floor;
}
