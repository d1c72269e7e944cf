/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/turns.h"

#include "sim/world/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

_Static_assert (sizeof TURN_LETTERS == TURNS + 1, "a letter for each turn");

struct turns *
turns_new (unsigned steps)
{
  struct turns *t = calloc (1, sizeof *t);
  dr_assert (t != NULL);
  t->steps = steps;
  t->random = calloc (turns_words (steps), sizeof *t->random);
  t->keep = calloc ((size_t) steps + 1, sizeof *t->keep);
  dr_assert (t->random != NULL && t->keep != NULL);
  return t;
}

void
turns_free (struct turns *t)
{
  if (t == NULL)
    return;
  free (t->random);
  free (t->keep);
  free (t);
}

unsigned
turns_kept (const struct turns *t, unsigned *steps)
{
  unsigned kept = 0;
  *steps = 0;
  for (unsigned i = 0; i <= t->steps; i++)
    {
      kept += (unsigned) __builtin_popcount (t->keep[i]);
      *steps += t->keep[i] != 0;
    }
  return kept;
}

char *
turns_text (const struct turns *t)
{
  char *text = NULL;
  size_t bytes;
  FILE *out = open_memstream (&text, &bytes);
  const char *comma = "";
  dr_assert (out != NULL);
  for (unsigned i = 0; i <= t->steps; i++)
    if (t->keep[i] != 0)
      {
	fprintf (out, "%s%u", comma, i);
	for (unsigned k = 0; k < TURNS; k++)
	  if (t->keep[i] >> k & 1)
	    fputc (TURN_LETTERS[k], out);
	comma = ",";
      }
  fclose (out);
  return text;
}

bool
turns_parse (struct turns *t, const char *text)
{
  while (isdigit ((unsigned char) *text))
    {
      char *end;
      const char *letter;
      unsigned long step = strtoul (text, &end, 10);
      if (step > t->steps)
	return false;
      for (; isalpha ((unsigned char) *end) && (letter = strchr (TURN_LETTERS, *end)) != NULL; end++)
	t->keep[step] |= 1u << (letter - TURN_LETTERS);
      if (*end != ',')
	return *end == '\0';
      text = end + 1;
    }
  return *text == '\0';
}

bool
world_turn_noted (struct world *w, enum turn kind)
{
  struct turns *t = w->options.turns;
  uint64_t *random = &t->random[(size_t) w->step * TURNS + kind];
  if (!t->replay)
    {
      *random = w->random;
      return true;
    }
  if (*random == 0 || !(kind == TURN_FAULT || t->keep[w->step] >> kind & 1))
    return false;
  w->random = *random;
  return true;
}

void
world_turns_end (struct world *w)
{
  struct turns *t = w->options.turns;
  if (t == NULL)
    return;
  uint64_t *rest = &t->random[turns_words (t->steps) - 1];
  if (!t->replay)
    *rest = w->random;
  else
    w->random = *rest != 0 ? *rest : w->options.seed;
}
