/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world that broke, made as small as can be found.  */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/pages/settings.h"

enum { COARSE_RUNS_MAX = 200, RUNS_MAX = 20000, SECONDS_MAX = 60 };

struct shrinking
{
  struct options *o;
  struct result *found;
  unsigned runs, runs_max, left;
  time_t began, told;
};

struct noted *
note_steps (const struct options *options)
{
  struct options o = *options;
  struct result ignored;
  struct noted *noted = calloc (1, sizeof *noted);
  dr_assert (noted);
  noted->steps = o.steps;
  noted->step = calloc (o.steps + 1, sizeof *noted->step);
  dr_assert (noted->step);
  o.noted = noted;
  o.trace = NULL;
  world_run (&o, &ignored);
  noted->replay = true;
  return noted;
}

void
noted_free (struct noted *noted)
{
  if (!noted)
    return;
  free (noted->step);
  free (noted);
}

unsigned
noted_kept (const struct noted *noted)
{
  unsigned n = 0;
  for (unsigned i = 0; i < noted->steps; i++)
    n += noted->step[i].keep;
  return n;
}

void
noted_print (const struct noted *noted, FILE *out)
{
  const char *comma = "";
  for (unsigned i = 0; i < noted->steps; i++)
    if (noted->step[i].keep)
      {
	fprintf (out, "%s%u", comma, i);
	comma = ",";
      }
  if (!*comma)
    fputs ("none", out);
}

bool
noted_keep (struct noted *noted, const char *list)
{
  bool none = strcmp (list, "none") == 0;
  for (unsigned i = 0; i < noted->steps; i++)
    noted->step[i].keep = false;
  while (!none && isdigit ((unsigned char) *list))
    {
      char *end;
      unsigned long i = strtoul (list, &end, 10);
      if (i >= noted->steps)
	return false;
      noted->step[i].keep = true;
      list = end + (*end == ',');
    }
  return none || !*list;
}

/* TRIED breaks the same property.  */
static bool
still_broken (struct shrinking *s, struct options tried)
{
  struct result result;
  time_t now = time (NULL);
  if (now - s->told >= 2)
    {
      s->told = now;
      fprintf (stderr, "sim-pages: shrinking: %u steps are left, %u worlds tried\n", s->left, s->runs);
    }
  if (s->runs >= s->runs_max || now - s->began >= SECONDS_MAX)
    return false;
  s->runs++;
  tried.trace = NULL;
  if (world_run (&tried, &result) || strcmp (result.violated, s->found->violated) != 0)
    return false;
  *s->o = tried;
  *s->found = result;
  s->left = tried.noted ? s->left : tried.steps;
  return true;
}

/* Fewer steps for this seed, then other seeds with as few.  */
static void
coarsely (struct shrinking *s)
{
  struct options *o = s->o;
  for (unsigned cut = o->steps / 2; cut >= 1; cut /= 2)
    while (o->steps > cut)
      {
	struct options tried = *o;
	tried.steps -= cut;
	if (!still_broken (s, tried))
	  break;
      }
  for (uint64_t seed = o->seed + 1; s->runs < s->runs_max; seed++)
    still_broken (s, options_of (seed, o->kernels, o->steps / 2 + 1));
}

/* Leaves out COUNT steps of LIST at a time.  True: some could be spared.  */
static bool
leave_out (struct shrinking *s, unsigned *list, unsigned *n, unsigned count)
{
  struct noted_step *step = s->o->noted->step;
  bool spared = false;
  /* From the end: what comes later rests on what came before.  */
  for (unsigned to = *n; to > 0;)
    {
      unsigned from = to > count ? to - count : 0;
      for (unsigned i = from; i < to; i++)
	step[list[i]].keep = false;
      s->left = *n;
      if (still_broken (s, *s->o))
	{
	  memmove (list + from, list + to, (*n - to) * sizeof *list);
	  *n -= to - from;
	  spared = true;
	}
      else
	for (unsigned i = from; i < to; i++)
	  step[list[i]].keep = true;
      to = from;
    }
  return spared;
}

static void
by_steps (struct shrinking *s)
{
  struct noted *noted = note_steps (s->o);
  unsigned *list = calloc (noted->steps + 1, sizeof *list), n = 0;
  dr_assert (list);
  for (unsigned i = 0; i < noted->steps; i++)
    if (noted->step[i].keep)
      list[n++] = i;
  s->o->noted = noted;
  for (unsigned count = n; count > 1;)
    leave_out (s, list, &n, count = (count + 1) / 2);
  while (n > 0 && leave_out (s, list, &n, 1))
    ;
  free (list);
}

void
shrink (struct options *options, struct result *result)
{
  struct shrinking s = { .o = options, .found = result, .runs_max = COARSE_RUNS_MAX,
			 .left = options->steps, .began = time (NULL), .told = time (NULL) };
  if (options->noted)
    return;
  coarsely (&s);
  s.runs_max = RUNS_MAX;
  by_steps (&s);
}
