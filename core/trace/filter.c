/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An expression is checked wholly before anything of it counts, so it is read twice.  */
#include "core/trace/filter.h"

#include <string.h>

#include "core/trace/text.h"

#define IDS_MAX 256u		/* numbers that are in no list */

struct trace_filter
{
  struct dr_alloc alloc;
  const struct trace_defs *defs;
  uint32_t count;
  bool used;			/* an expression has been added */
  bool unknown;			/* whether ids that are in no list are shown */
  uint32_t ids_count;
  struct
  {
    int32_t id;
    bool shows;
  } ids[IDS_MAX];		/* exceptions from UNKNOWN; the last one counts */
  bool *shows;			/* by index */
};

struct trace_filter *
trace_filter_new (const struct dr_alloc *alloc, const struct trace_defs *defs)
{
  struct trace_filter *filter = dr_alloc_zeroed (alloc, sizeof *filter);
  if (!filter)
    return NULL;
  filter->alloc = *alloc;
  filter->defs = defs;
  filter->count = trace_defs_count (defs);
  filter->unknown = true;
  filter->shows = dr_alloc_array (alloc, filter->count + 1, sizeof *filter->shows);
  if (!filter->shows)
    {
      dr_free_bytes (alloc, filter, sizeof *filter);
      return NULL;
    }
  memset (filter->shows, true, filter->count);
  return filter;
}

void
trace_filter_free (struct trace_filter *filter)
{
  if (!filter)
    return;
  struct dr_alloc alloc = filter->alloc;
  dr_free_bytes (&alloc, filter->shows, (filter->count + 1) * sizeof *filter->shows);
  dr_free_bytes (&alloc, filter, sizeof *filter);
}

struct word
{
  const char *at;
  size_t bytes;
};

static bool
is (struct word w, const char *name)
{
  return strlen (name) == w.bytes && !memcmp (w.at, name, w.bytes);
}

/* `*' and `?'; steps back to the last `*' only, which is enough.  */
static bool
fits (struct word pattern, const char *name)
{
  size_t p = 0, star = SIZE_MAX;
  const char *again = NULL;
  while (*name)
    {
      if (p < pattern.bytes && pattern.at[p] == '*')
	{
	  star = p++;
	  again = name;
	}
      else if (p < pattern.bytes && (pattern.at[p] == '?' || pattern.at[p] == *name))
	{
	  p++;
	  name++;
	}
      else if (star != SIZE_MAX)
	{
	  p = star + 1;
	  name = ++again;
	}
      else
	return false;
    }
  while (p < pattern.bytes && pattern.at[p] == '*')
    p++;
  return p == pattern.bytes;
}

static bool
as_id (struct word w, int32_t *id)
{
  uint64_t v = 0;
  for (size_t i = 0; i < w.bytes; i++)
    {
      if (w.at[i] < '0' || w.at[i] > '9')
	return false;
      v = v * 10 + (uint64_t) (w.at[i] - '0');
      if (v > INT32_MAX)
	return false;
    }
  *id = (int32_t) v;
  return w.bytes > 0;
}

static bool
selects (struct word w, const struct trace_routine *r)
{
  if (is (w, "all"))
    return true;
  if (is (w, "oneway"))
    return r->reply_id == 0;
  return is (w, r->subsystem) || fits (w, r->name);
}

static bool
complain (char *error, size_t error_bytes, const char *what, struct word w)
{
  struct trace_text t = trace_text (error, error_bytes - 1);
  trace_put (&t, what);
  if (w.bytes)
    trace_put_quoted (&t, (const uint8_t *) w.at, w.bytes < 64 ? w.bytes : 64);
  *t.at = 0;
  return false;
}

/* One name of an expression that is about to be taken over: is there anything of it?  */
static bool
means_something (const struct trace_filter *filter, struct word w, uint32_t *new_ids,
		 char *error, size_t error_bytes)
{
  int32_t id;
  if (!w.bytes)
    return complain (error, error_bytes, "a name is missing", w);
  if (is (w, "all") || is (w, "none") || is (w, "oneway") || is (w, "unknown"))
    return true;
  if (as_id (w, &id))
    return trace_defs_request (filter->defs, id) || ++*new_ids + filter->ids_count <= IDS_MAX
	   || complain (error, error_bytes, "too many numbers that are in no list", (struct word) { 0 });
  for (uint32_t i = 0; i < filter->count; i++)
    if (selects (w, trace_defs_at (filter->defs, i)))
      return true;
  return complain (error, error_bytes, "no routine or subsystem is called ", w);
}

static void
take_over (struct trace_filter *filter, struct word w, bool shows)
{
  int32_t id;
  if (is (w, "none"))
    return;
  if (is (w, "all") || is (w, "unknown"))
    {
      filter->unknown = shows;
      filter->ids_count = 0;
    }
  if (is (w, "unknown"))
    return;
  if (as_id (w, &id))
    {
      const struct trace_routine *r = trace_defs_request (filter->defs, id);
      if (r)
	filter->shows[r->index] = shows;
      else
	{
	  filter->ids[filter->ids_count].id = id;
	  filter->ids[filter->ids_count++].shows = shows;
	}
      return;
    }
  for (uint32_t i = 0; i < filter->count; i++)
    if (selects (w, trace_defs_at (filter->defs, i)))
      filter->shows[i] = shows;
}

/* The next name; false behind the last one.  */
static bool
next_word (const char **at, struct word *w)
{
  if (!*at)
    return false;
  const char *comma = strchr (*at, ',');
  w->at = *at;
  w->bytes = comma ? (size_t) (comma - *at) : strlen (*at);
  *at = comma ? comma + 1 : NULL;
  return true;
}

enum dr_status
trace_filter_add (struct trace_filter *filter, const char *expression, char *error,
		  size_t error_bytes)
{
  bool without = *expression == '!';
  const char *names = expression + without, *at = names;
  struct word w;
  uint32_t new_ids = 0;

  dr_assert (error_bytes > 0);
  if (strlen (expression) > TRACE_FILTER_BYTES_MAX)
    {
      complain (error, error_bytes, "too long an expression", (struct word) { 0 });
      return DR_INVALID;
    }
  while (next_word (&at, &w))
    if (!means_something (filter, w, &new_ids, error, error_bytes))
      return DR_INVALID;

  if (!filter->used)
    {
      memset (filter->shows, without, filter->count);
      filter->unknown = without;
      filter->used = true;
    }
  for (at = names; next_word (&at, &w);)
    take_over (filter, w, !without);
  return DR_OK;
}

bool
trace_filter_shows (const struct trace_filter *filter, const struct trace_routine *routine,
		    int32_t id)
{
  if (routine)
    return routine->index >= filter->count || filter->shows[routine->index];
  for (uint32_t i = filter->ids_count; i--;)
    if (filter->ids[i].id == id)
      return filter->ids[i].shows;
  return filter->unknown;
}
