/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting calls: all of them in the order in which they began, and those of one reply
   right in one chain of a hash table, oldest first.  Places come from slabs, so that a
   call's address does not change, and are used again.  */
#include "core/trace/match.h"

#include <string.h>

struct waiting
{
  struct trace_call call;	/* first: its address is the call's */
  struct waiting *older, *newer;	/* of all */
  struct waiting *next;		/* in its chain; of free ones, the next free one */
};

#define SLAB_CALLS 32u

struct slab
{
  struct slab *next;
  struct waiting calls[SLAB_CALLS];
};

struct trace_match
{
  struct dr_alloc alloc;
  uint32_t limit, count;
  uint64_t last_serial;
  struct waiting *oldest, *newest;
  struct waiting *unused;
  struct slab *slabs;
  struct waiting **chains;
  uint32_t room;		/* a power of two */
};

#define FIRST_ROOM 64u

struct trace_match *
trace_match_new (const struct dr_alloc *alloc, uint32_t limit)
{
  struct trace_match *match = dr_alloc_zeroed (alloc, sizeof *match);
  if (!match)
    return NULL;
  match->alloc = *alloc;
  match->limit = limit < TRACE_CALLS_MAX ? limit : TRACE_CALLS_MAX;
  match->room = FIRST_ROOM;
  match->chains = dr_alloc_array (alloc, match->room, sizeof *match->chains);
  if (!match->chains)
    {
      dr_free_bytes (alloc, match, sizeof *match);
      return NULL;
    }
  return match;
}

static void
drop_held (const struct dr_alloc *alloc, struct trace_call *call)
{
  for (int i = 0; i < 2; i++)
    dr_free_bytes (alloc, call->held[i].text, call->held[i].bytes);
}

void
trace_match_free (struct trace_match *match)
{
  if (!match)
    return;
  struct dr_alloc alloc = match->alloc;
  for (struct waiting *w = match->oldest; w; w = w->newer)
    drop_held (&alloc, &w->call);
  while (match->slabs)
    {
      struct slab *slab = match->slabs;
      match->slabs = slab->next;
      dr_free_bytes (&alloc, slab, sizeof *slab);
    }
  dr_free_bytes (&alloc, match->chains, match->room * sizeof *match->chains);
  dr_free_bytes (&alloc, match, sizeof *match);
}

static struct waiting **
chain (struct waiting **chains, uint32_t room, trace_key reply)
{
  return &chains[(uint32_t) (reply * UINT64_C (0x9e3779b97f4a7c15) >> 32) & (room - 1)];
}

static void
append (struct waiting **chains, uint32_t room, struct waiting *w)
{
  struct waiting **at = chain (chains, room, w->call.reply);
  while (*at)
    at = &(*at)->next;
  w->next = NULL;
  *at = w;
}

/* Longer chains are slower, not wrong: growing may fail.  */
static void
grow (struct trace_match *match)
{
  uint32_t room = match->room * 4;
  struct waiting **chains = dr_alloc_array (&match->alloc, room, sizeof *chains);
  if (!chains)
    return;
  for (struct waiting *w = match->oldest; w; w = w->newer)
    append (chains, room, w);
  dr_free_bytes (&match->alloc, match->chains, match->room * sizeof *chains);
  match->chains = chains;
  match->room = room;
}

static bool
more_places (struct trace_match *match)
{
  struct slab *slab = dr_alloc_zeroed (&match->alloc, sizeof *slab);
  if (!slab)
    return false;
  slab->next = match->slabs;
  match->slabs = slab;
  for (uint32_t i = 0; i < SLAB_CALLS; i++)
    {
      slab->calls[i].next = match->unused;
      match->unused = &slab->calls[i];
    }
  return true;
}

enum dr_status
trace_match_begin (struct trace_match *match, const struct trace_call *call,
		   struct trace_call **out)
{
  if (call->reply == TRACE_KEY_NULL || call->reply == TRACE_KEY_DEAD)
    return DR_INVALID;
  if (match->count >= match->limit)
    return DR_LIMIT;
  if (!match->unused && !more_places (match))
    return DR_NO_MEMORY;
  if (match->count >= 2 * match->room)
    grow (match);
  struct waiting *w = match->unused;
  match->unused = w->next;
  w->call = (struct trace_call) {
    .serial = ++match->last_serial, .reply = call->reply, .target = call->target,
    .task = call->task, .to = call->to, .id = call->id, .routine = call->routine, .time_us = call->time_us,
  };
  w->newer = NULL;
  w->older = match->newest;
  *(match->newest ? &match->newest->newer : &match->oldest) = w;
  match->newest = w;
  append (match->chains, match->room, w);
  match->count++;
  *out = &w->call;
  return DR_OK;
}

static bool
answers (const struct trace_call *call, int32_t id)
{
  if (call->routine && call->routine->reply_id)
    return call->routine->reply_id == id;
  return (int64_t) call->id + 100 == id;
}

struct trace_call *
trace_match_find (struct trace_match *match, trace_key reply, int32_t id, bool known_request)
{
  struct waiting *only = NULL;
  uint32_t waiting = 0;
  for (struct waiting *w = *chain (match->chains, match->room, reply); w; w = w->next)
    if (w->call.reply == reply)
      {
	if (answers (&w->call, id))
	  return &w->call;
	only = w;
	waiting++;
      }
  return waiting == 1 && !known_request ? &only->call : NULL;
}

struct trace_call *
trace_match_oldest_for (struct trace_match *match, trace_key reply)
{
  for (struct waiting *w = *chain (match->chains, match->room, reply); w; w = w->next)
    if (w->call.reply == reply)
      return &w->call;
  return NULL;
}

struct trace_call *
trace_match_oldest (struct trace_match *match)
{
  return match->oldest ? &match->oldest->call : NULL;
}

struct trace_call *
trace_match_newer (struct trace_call *call)
{
  struct waiting *w = (struct waiting *) call;
  return w->newer ? &w->newer->call : NULL;
}

enum dr_status
trace_match_hold (struct trace_match *match, struct trace_call *call, enum trace_held which,
		  const char *text, size_t bytes)
{
  char *copy = NULL;
  if (bytes)
    {
      copy = dr_alloc_bytes (&match->alloc, bytes);
      if (!copy)
	return DR_NO_MEMORY;
      memcpy (copy, text, bytes);
    }
  dr_free_bytes (&match->alloc, call->held[which].text, call->held[which].bytes);
  call->held[which].text = copy;
  call->held[which].bytes = bytes;
  return DR_OK;
}

void
trace_match_end (struct trace_match *match, struct trace_call *call)
{
  struct waiting *w = (struct waiting *) call;
  struct waiting **at = chain (match->chains, match->room, call->reply);
  while (*at != w)
    {
      dr_assert (*at);
      at = &(*at)->next;
    }
  *at = w->next;
  *(w->older ? &w->older->newer : &match->oldest) = w->newer;
  *(w->newer ? &w->newer->older : &match->newest) = w->older;
  drop_held (&match->alloc, call);
  match->count--;
  w->next = match->unused;
  match->unused = w;
}

uint32_t
trace_match_count (const struct trace_match *match)
{
  return match->count;
}
