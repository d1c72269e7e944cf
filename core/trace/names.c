/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rights by key, in open addressing without tombstones: what is behind a hole moves up.  */
#include "core/trace/names.h"

#include <string.h>

struct entry
{
  trace_key key;		/* TRACE_KEY_NULL: free */
  uint32_t number;
  uint8_t thing;
  uint32_t text_bytes;
  char *text;
};

struct trace_names
{
  struct dr_alloc alloc;
  uint32_t limit, count;
  uint32_t last_number;
  uint32_t room;		/* a power of two, more than half of it free */
  struct entry *entries;
};

#define FIRST_ROOM 64u

struct trace_names *
trace_names_new (const struct dr_alloc *alloc, uint32_t limit)
{
  struct trace_names *names = dr_alloc_zeroed (alloc, sizeof *names);
  if (!names)
    return NULL;
  names->alloc = *alloc;
  names->limit = limit < TRACE_NAMES_MAX ? limit : TRACE_NAMES_MAX;
  names->room = FIRST_ROOM;
  names->entries = dr_alloc_array (alloc, names->room, sizeof *names->entries);
  if (!names->entries)
    {
      dr_free_bytes (alloc, names, sizeof *names);
      return NULL;
    }
  return names;
}

void
trace_names_free (struct trace_names *names)
{
  if (!names)
    return;
  struct dr_alloc alloc = names->alloc;
  for (uint32_t i = 0; i < names->room; i++)
    dr_free_bytes (&alloc, names->entries[i].text, names->entries[i].text_bytes);
  dr_free_bytes (&alloc, names->entries, names->room * sizeof *names->entries);
  dr_free_bytes (&alloc, names, sizeof *names);
}

static uint32_t
home (trace_key key, uint32_t room)
{
  return (uint32_t) (key * UINT64_C (0x9e3779b97f4a7c15) >> 32) & (room - 1);
}

/* The entry of KEY or the free one where it belongs.  */
static struct entry *
place (struct entry *entries, uint32_t room, trace_key key)
{
  uint32_t at = home (key, room);
  while (entries[at].key != TRACE_KEY_NULL && entries[at].key != key)
    at = (at + 1) & (room - 1);
  return &entries[at];
}

static bool
grow (struct trace_names *names)
{
  uint32_t room = names->room * 2;
  struct entry *entries = dr_alloc_array (&names->alloc, room, sizeof *entries);
  if (!entries)
    return false;
  for (uint32_t i = 0; i < names->room; i++)
    if (names->entries[i].key != TRACE_KEY_NULL)
      *place (entries, room, names->entries[i].key) = names->entries[i];
  dr_free_bytes (&names->alloc, names->entries, names->room * sizeof *entries);
  names->entries = entries;
  names->room = room;
  return true;
}

static bool
no_right (trace_key key)
{
  return key == TRACE_KEY_NULL || key == TRACE_KEY_DEAD;
}

/* The entry of KEY, made if need be; NULL when that cannot be.  */
static struct entry *
entry_of (struct trace_names *names, trace_key key)
{
  if (no_right (key))
    return NULL;
  struct entry *e = place (names->entries, names->room, key);
  if (e->key == key)
    return e;
  if (names->count >= names->limit)
    return NULL;
  if (2 * (names->count + 1) > names->room)
    {
      if (!grow (names))
	return NULL;
      e = place (names->entries, names->room, key);
    }
  names->count++;
  *e = (struct entry) { .key = key, .number = ++names->last_number };
  return e;
}

uint32_t
trace_names_number (struct trace_names *names, trace_key key)
{
  struct entry *e = entry_of (names, key);
  return e ? e->number : 0;
}

void
trace_names_set (struct trace_names *names, trace_key key, enum trace_thing thing,
		 const char *text, size_t bytes, bool again)
{
  struct entry *e = entry_of (names, key);
  char *copy = NULL;

  dr_assert (thing < TRACE_THING_COUNT);
  if (!e || (e->thing != TRACE_THING_PORT && !again))
    return;
  const char *dots = bytes > TRACE_PATH_BYTES_MAX ? "..." : "";
  size_t dots_bytes = strlen (dots);
  if (dots_bytes)
    {
      text += bytes - (TRACE_PATH_BYTES_MAX - dots_bytes);
      bytes = TRACE_PATH_BYTES_MAX - dots_bytes;
    }
  if (bytes)
    {
      copy = dr_alloc_bytes (&names->alloc, dots_bytes + bytes);
      if (!copy)
	return;
      memcpy (copy, dots, dots_bytes);
      memcpy (copy + dots_bytes, text, bytes);
    }
  dr_free_bytes (&names->alloc, e->text, e->text_bytes);
  e->thing = (uint8_t) thing;
  e->text = copy;
  e->text_bytes = copy ? (uint32_t) (dots_bytes + bytes) : 0;
}

enum trace_thing
trace_names_get (const struct trace_names *names, trace_key key, const char **text,
		 size_t *bytes)
{
  const struct entry *e = no_right (key) ? NULL : place (names->entries, names->room, key);
  bool known = e && e->key == key;
  if (text)
    {
      *text = known ? e->text : NULL;
      *bytes = known ? e->text_bytes : 0;
    }
  return known ? e->thing : TRACE_THING_PORT;
}

void
trace_names_died (struct trace_names *names, trace_key key)
{
  if (no_right (key))
    return;
  struct entry *hole = place (names->entries, names->room, key);
  if (hole->key != key)
    return;
  dr_free_bytes (&names->alloc, hole->text, hole->text_bytes);
  names->count--;
  uint32_t mask = names->room - 1, at = (uint32_t) (hole - names->entries), next = at;
  for (;;)
    {
      next = (next + 1) & mask;
      if (names->entries[next].key == TRACE_KEY_NULL)
	break;
      /* It may move up when its home is not between the hole and it.  */
      uint32_t from = home (names->entries[next].key, names->room);
      if (((next - from) & mask) >= ((next - at) & mask))
	{
	  names->entries[at] = names->entries[next];
	  at = next;
	}
    }
  memset (&names->entries[at], 0, sizeof names->entries[at]);
}

uint32_t
trace_names_count (const struct trace_names *names)
{
  return names->count;
}
