/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of routines: what all lists together say.  One list is read by list.c.  */
#include "core/trace/defs.h"

#include <string.h>

#include "core/trace/list.h"

struct trace_defs
{
  struct dr_alloc alloc;
  struct trace_list *lists;	/* the latest first */
  struct trace_routine **all;	/* by index */
  uint32_t count, room;
  /* Open addressing: index + 1 of the routine, 0 is free.  TABLE_ROOM is a power of two
     and at least twice the count.  */
  uint32_t *requests, *replies;
  uint32_t table_room;
};

struct trace_defs *
trace_defs_new (const struct dr_alloc *alloc)
{
  struct trace_defs *defs = dr_alloc_zeroed (alloc, sizeof *defs);
  if (defs)
    defs->alloc = *alloc;
  return defs;
}

void
trace_defs_free (struct trace_defs *defs)
{
  if (!defs)
    return;
  struct dr_alloc alloc = defs->alloc;
  while (defs->lists)
    {
      struct trace_list *list = defs->lists;
      defs->lists = list->older;
      trace_list_free (list);
    }
  dr_free_bytes (&alloc, defs->all, defs->room * sizeof *defs->all);
  dr_free_bytes (&alloc, defs->requests, defs->table_room * sizeof *defs->requests);
  dr_free_bytes (&alloc, defs->replies, defs->table_room * sizeof *defs->replies);
  dr_free_bytes (&alloc, defs, sizeof *defs);
}

static uint32_t
spread (int32_t id)
{
  return (uint32_t) id * UINT32_C (2654435769);
}

/* The place of ID in TABLE, or of the free entry where it belongs.  */
static uint32_t *
place (uint32_t *table, uint32_t room, struct trace_routine *const *all, int32_t id,
       bool reply)
{
  uint32_t at = spread (id) & (room - 1);
  while (table[at])
    {
      const struct trace_routine *r = all[table[at] - 1];
      if ((reply ? r->reply_id : r->id) == id)
	break;
      at = (at + 1) & (room - 1);
    }
  return &table[at];
}

static void
fill (uint32_t *requests, uint32_t *replies, uint32_t room,
      struct trace_routine *const *all, uint32_t count)
{
  for (uint32_t i = 0; i < count; i++)
    {
      *place (requests, room, all, all[i]->id, false) = i + 1;
      if (all[i]->reply_id)
	*place (replies, room, all, all[i]->reply_id, true) = i + 1;
    }
}

/* Two routines of one list may not have one id: it would be chance which is found.  */
static bool
unique (uint32_t *requests, uint32_t room, struct trace_routine *const *all,
	const struct trace_list *list, struct trace_list_error *error)
{
  for (uint32_t i = 0; i < list->routines_count; i++)
    {
      const struct trace_routine *r = &list->routines[i];
      const struct trace_routine *found = all[*place (requests, room, all, r->id, false) - 1];
      if (found == r)
	continue;
      uint32_t line = list->lines[found - list->routines];
      trace_list_complain (error, line, "id of two routines in this list:", found->name);
      return false;
    }
  return true;
}

/* Takes LIST into the table; on failure nothing has changed and LIST is the caller's.  */
static enum dr_status
take (struct trace_defs *defs, struct trace_list *list, struct trace_list_error *error)
{
  const struct dr_alloc *a = &defs->alloc;
  uint32_t count = defs->count + list->routines_count;
  uint32_t table_room = 64;
  while (table_room < 2 * count)
    table_room *= 2;

  uint32_t room = count ? count : 1;
  struct trace_routine **all = dr_alloc_array (a, room, sizeof *all);
  uint32_t *requests = dr_alloc_array (a, table_room, sizeof *requests);
  uint32_t *replies = dr_alloc_array (a, table_room, sizeof *replies);
  enum dr_status status = DR_NO_MEMORY;
  if (all && requests && replies)
    {
      if (defs->count)
	memcpy (all, defs->all, defs->count * sizeof *all);
      for (uint32_t i = 0; i < list->routines_count; i++)
	{
	  all[defs->count + i] = &list->routines[i];
	  list->routines[i].index = defs->count + i;
	}
      fill (requests, replies, table_room, all, count);
      status = unique (requests, table_room, all, list, error) ? DR_OK : DR_INVALID;
    }
  if (status)
    {
      dr_free_bytes (a, all, room * sizeof *all);
      dr_free_bytes (a, requests, table_room * sizeof *requests);
      dr_free_bytes (a, replies, table_room * sizeof *replies);
      return status;
    }

  dr_free_bytes (a, defs->all, defs->room * sizeof *defs->all);
  dr_free_bytes (a, defs->requests, defs->table_room * sizeof *defs->requests);
  dr_free_bytes (a, defs->replies, defs->table_room * sizeof *defs->replies);
  defs->all = all;
  defs->count = count;
  defs->room = room;
  defs->requests = requests;
  defs->replies = replies;
  defs->table_room = table_room;
  list->older = defs->lists;
  defs->lists = list;
  return DR_OK;
}

enum dr_status
trace_defs_parse (struct trace_defs *defs, const char *text, size_t bytes,
		  struct trace_list_error *error)
{
  struct trace_list *list;

  memset (error, 0, sizeof *error);
  enum dr_status status = trace_list_read (&defs->alloc, text, bytes, defs->lists, &list, error);
  if (status)
    return status;
  if (list->routines_count > TRACE_ROUTINES_MAX - defs->count)
    {
      trace_list_complain (error, 0, "more routines than the lists together may have", "");
      status = DR_LIMIT;
    }
  else if (list->routines_count || list->structs_count)
    status = take (defs, list, error);
  else
    {
      trace_list_free (list);
      return DR_OK;
    }
  if (status)
    trace_list_free (list);
  return status;
}

static const struct trace_routine *
find (const struct trace_defs *defs, uint32_t *table, int32_t id, bool reply)
{
  if (!defs->count)
    return NULL;
  uint32_t found = *place (table, defs->table_room, defs->all, id, reply);
  return found ? defs->all[found - 1] : NULL;
}

const struct trace_routine *
trace_defs_request (const struct trace_defs *defs, int32_t id)
{
  return find (defs, defs->requests, id, false);
}

const struct trace_routine *
trace_defs_reply (const struct trace_defs *defs, int32_t id)
{
  return id ? find (defs, defs->replies, id, true) : NULL;
}

uint32_t
trace_defs_count (const struct trace_defs *defs)
{
  return defs->count;
}

const struct trace_routine *
trace_defs_at (const struct trace_defs *defs, uint32_t index)
{
  dr_assert (index < defs->count);
  return defs->all[index];
}
