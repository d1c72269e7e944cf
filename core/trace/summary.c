/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/trace/summary.h"

#include <string.h>

struct row
{
  const struct trace_routine *routine;	/* NULL: not known */
  int32_t id;
  uint64_t calls, oneway, errors, unanswered, us;
};

struct trace_summary
{
  struct dr_alloc alloc;
  uint32_t count;		/* routines, whose rows come first; then ids that are */
  uint32_t unknown;		/* not known, then one row for all further ones */
  struct row *rows;		/* COUNT + TRACE_SUMMARY_UNKNOWN_MAX + 1 */
  uint32_t *order;
  uint32_t ordered;
};

static uint32_t
rows_room (const struct trace_summary *s)
{
  return s->count + TRACE_SUMMARY_UNKNOWN_MAX + 1;
}

struct trace_summary *
trace_summary_new (const struct dr_alloc *alloc, const struct trace_defs *defs)
{
  struct trace_summary *s = dr_alloc_zeroed (alloc, sizeof *s);
  if (!s)
    return NULL;
  s->alloc = *alloc;
  s->count = trace_defs_count (defs);
  s->rows = dr_alloc_array (alloc, rows_room (s), sizeof *s->rows);
  s->order = dr_alloc_array (alloc, rows_room (s), sizeof *s->order);
  if (!s->rows || !s->order)
    {
      trace_summary_free (s);
      return NULL;
    }
  for (uint32_t i = 0; i < s->count; i++)
    {
      s->rows[i].routine = trace_defs_at (defs, i);
      s->rows[i].id = s->rows[i].routine->id;
    }
  return s;
}

void
trace_summary_free (struct trace_summary *s)
{
  if (!s)
    return;
  struct dr_alloc alloc = s->alloc;
  dr_free_bytes (&alloc, s->rows, rows_room (s) * sizeof *s->rows);
  dr_free_bytes (&alloc, s->order, rows_room (s) * sizeof *s->order);
  dr_free_bytes (&alloc, s, sizeof *s);
}

static struct row *
row_of (struct trace_summary *s, const struct trace_routine *routine, int32_t id)
{
  if (routine && routine->index < s->count)
    return &s->rows[routine->index];
  struct row *unknown = s->rows + s->count;
  for (uint32_t i = 0; i < s->unknown; i++)
    if (unknown[i].id == id)
      return &unknown[i];
  if (s->unknown == TRACE_SUMMARY_UNKNOWN_MAX)
    return &unknown[s->unknown];
  unknown[s->unknown].id = id;
  return &unknown[s->unknown++];
}

void
trace_summary_oneway (struct trace_summary *s, const struct trace_routine *routine, int32_t id)
{
  row_of (s, routine, id)->oneway++;
}

void
trace_summary_call (struct trace_summary *s, const struct trace_routine *routine, int32_t id,
		    uint64_t us, bool error)
{
  struct row *row = row_of (s, routine, id);
  row->calls++;
  row->us += us;
  row->errors += error;
}

void
trace_summary_unanswered (struct trace_summary *s, const struct trace_routine *routine,
			  int32_t id)
{
  row_of (s, routine, id)->unanswered++;
}

static uint64_t
messages (const struct row *row)
{
  return row->calls + row->oneway + row->unanswered;
}

/* Whether A comes behind B: less time, then fewer messages, then a higher id.  */
static bool
behind (const struct row *a, const struct row *b)
{
  if (a->us != b->us)
    return a->us < b->us;
  if (messages (a) != messages (b))
    return messages (a) < messages (b);
  return a->id > b->id;
}

static void
sink (struct trace_summary *s, uint32_t at, uint32_t end)
{
  for (;;)
    {
      uint32_t child = 2 * at + 1;
      if (child >= end)
	return;
      if (child + 1 < end && behind (&s->rows[s->order[child + 1]], &s->rows[s->order[child]]))
	child++;
      if (!behind (&s->rows[s->order[child]], &s->rows[s->order[at]]))
	return;
      uint32_t other = s->order[child];
      s->order[child] = s->order[at];
      s->order[at] = other;
      at = child;
    }
}

static void
sort (struct trace_summary *s)
{
  s->ordered = 0;
  for (uint32_t i = 0; i < rows_room (s); i++)
    if (messages (&s->rows[i]))
      s->order[s->ordered++] = i;
  for (uint32_t i = s->ordered / 2; i--;)
    sink (s, i, s->ordered);
  for (uint32_t end = s->ordered; end-- > 1;)
    {
      uint32_t last = s->order[0];
      s->order[0] = s->order[end];
      s->order[end] = last;
      sink (s, 0, end);
    }
}

static void
column (struct trace_text *t, uint64_t value, size_t width)
{
  char digits[24];
  struct trace_text d = trace_text (digits, sizeof digits);
  trace_put_unsigned (&d, value);
  for (size_t n = trace_text_bytes (&d); n < width; n++)
    trace_put_char (t, ' ');
  trace_put_bytes (t, digits, trace_text_bytes (&d));
  trace_put_char (t, ' ');
}

static void
time_column (struct trace_text *t, uint64_t us, size_t width)
{
  char digits[32];
  struct trace_text d = trace_text (digits, sizeof digits);
  trace_put_time (&d, us);
  for (size_t n = trace_text_bytes (&d); n < width; n++)
    trace_put_char (t, ' ');
  trace_put_bytes (t, digits, trace_text_bytes (&d));
  trace_put_char (t, ' ');
}

/* Hundredths of a per cent as 12.34, six wide.  */
static void
share_column (struct trace_text *t, uint64_t part, uint64_t whole)
{
  /* Microseconds: this overflows after fifty years of waiting.  */
  uint64_t share = whole ? (part * 10000 + whole / 2) / whole : 0;
  char digits[32];
  struct trace_text d = trace_text (digits, sizeof digits);
  trace_put_unsigned (&d, share / 100);
  trace_put_char (&d, '.');
  trace_put_char (&d, (char) ('0' + share / 10 % 10));
  trace_put_char (&d, (char) ('0' + share % 10));
  for (size_t n = trace_text_bytes (&d); n < 6; n++)
    trace_put_char (t, ' ');
  trace_put_bytes (t, digits, trace_text_bytes (&d));
  trace_put_char (t, ' ');
}

static void
name (const struct trace_summary *s, const struct row *row, struct trace_text *t)
{
  if (row->routine)
    trace_put (t, row->routine->name);
  else if (row == &s->rows[s->count + TRACE_SUMMARY_UNKNOWN_MAX])
    trace_put (t, "(further ids)");
  else
    {
      trace_put (t, "id ");
      trace_put_signed (t, row->id);
    }
}

static void
text_row (const struct trace_summary *s, const struct row *row, uint64_t whole,
	  struct trace_text *t)
{
  share_column (t, row->us, whole);
  time_column (t, row->us, 12);
  column (t, row->calls ? row->us / row->calls : 0, 10);
  column (t, row->calls, 9);
  column (t, row->errors, 8);
  column (t, row->oneway, 8);
  column (t, row->unanswered, 8);
  name (s, row, t);
}

static void
json_member (struct trace_text *t, const char *key, uint64_t value)
{
  trace_put (t, ",\"");
  trace_put (t, key);
  trace_put (t, "\":");
  trace_put_unsigned (t, value);
}

static void
json_row (const struct trace_summary *s, const struct row *row, struct trace_text *t)
{
  char buffer[TRACE_NAME_BYTES_MAX + 16];
  struct trace_text n = trace_text (buffer, sizeof buffer);
  name (s, row, &n);
  trace_put (t, "{\"summary\":");
  trace_put_json (t, (const uint8_t *) buffer, trace_text_bytes (&n));
  if (row->routine)
    {
      trace_put (t, ",\"subsystem\":");
      trace_put_json (t, (const uint8_t *) row->routine->subsystem, strlen (row->routine->subsystem));
    }
  if (row->routine || row->id)
    json_member (t, "id", (uint32_t) row->id);
  json_member (t, "calls", row->calls);
  json_member (t, "errors", row->errors);
  json_member (t, "oneway", row->oneway);
  json_member (t, "unanswered", row->unanswered);
  trace_put (t, ",\"seconds\":");
  trace_put_time (t, row->us);
  trace_put_char (t, '}');
}

bool
trace_summary_line (struct trace_summary *s, uint32_t line, bool json, struct trace_text *t)
{
  struct row total = { 0 };
  if (line == 0)
    sort (s);
  if (json)
    {
      if (line >= s->ordered)
	return false;
      json_row (s, &s->rows[s->order[line]], t);
      return true;
    }
  for (uint32_t i = 0; i < s->ordered; i++)
    {
      const struct row *row = &s->rows[s->order[i]];
      total.calls += row->calls;
      total.errors += row->errors;
      total.oneway += row->oneway;
      total.unanswered += row->unanswered;
      total.us += row->us;
    }
  if (line == 0)
    trace_put (t, "% time      seconds usecs/call     calls   errors   oneway no reply rpc");
  else if (line == 1 || line == s->ordered + 2)
    trace_put (t, "------ ------------ ---------- --------- -------- -------- -------- ----------------");
  else if (line < s->ordered + 2)
    text_row (s, &s->rows[s->order[line - 2]], total.us, t);
  else if (line == s->ordered + 3)
    {
      static const struct trace_routine everything = { .name = "total" };
      total.routine = &everything;
      text_row (s, &total, total.us, t);
    }
  else
    return false;
  return true;
}
