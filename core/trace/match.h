/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that wait for their reply, found by the right that the reply goes to.  */
#ifndef TRACE_MATCH_H
#define TRACE_MATCH_H

#include "core/base/alloc.h"
#include "core/base/status.h"
#include "core/trace/defs.h"
#include "core/trace/view.h"

#define TRACE_CALLS_MAX 65536u	/* waiting at a time */

struct trace_call
{
  uint64_t serial;		/* 1, 2, 3... */
  trace_key reply;		/* where the reply goes */
  trace_key target;		/* what was called */
  uint32_t task;		/* who called; 0: not known */
  uint32_t to;			/* who is called; 0: not known */
  int32_t id;
  const struct trace_routine *routine;	/* NULL: not known */
  uint64_t time_us;		/* when */
  bool shown;			/* a line has begun for it */
  bool unfinished;		/* and ended as unfinished */
  /* Text kept for it until it ends (by trace_match_hold), or NULL.  */
  struct
  {
    char *text;
    size_t bytes;
  } held[2];			/* by enum trace_held */
};

enum trace_held
{
  TRACE_HELD_LINE,		/* what is written of it before its reply */
  TRACE_HELD_PATH,		/* what the right in its reply will be called */
};

struct trace_match;

/* LIMIT: calls waiting at a time, at most TRACE_CALLS_MAX.  NULL when out of memory.  */
struct trace_match *trace_match_new (const struct dr_alloc *alloc, uint32_t limit);
void trace_match_free (struct trace_match *match);

/* A call begins: reply, target, task, to, id, routine and time_us of CALL are copied, the
   rest is set.  *OUT is the call, valid until it is ended.  Several may wait for one
   right (a reply port that is a send right).  DR_LIMIT: as many wait as may;
   DR_NO_MEMORY; DR_INVALID: there is no reply right.  Nothing has changed then.  */
enum dr_status trace_match_begin (struct trace_match *match, const struct trace_call *call,
				  struct trace_call **out);

/* The call that a message ID to REPLY answers: of those that wait for that right, the
   oldest that ID is the reply of (its routine's reply id, or without a routine its id
   + 100); if there is only one, that one whatever ID is, when the id is not a request's
   (KNOWN_REQUEST).  NULL: it is no reply.  */
struct trace_call *trace_match_find (struct trace_match *match, trace_key reply, int32_t id,
				     bool known_request);
/* The oldest that waits for REPLY, to end them all when the right has died.  */
struct trace_call *trace_match_oldest_for (struct trace_match *match, trace_key reply);
/* All of them, oldest first; NULL behind the newest.  Take the next one before ending one.  */
struct trace_call *trace_match_oldest (struct trace_match *match);
struct trace_call *trace_match_newer (struct trace_call *call);

/* Keeps a copy of TEXT with CALL (replacing what was kept as WHICH).  */
enum dr_status trace_match_hold (struct trace_match *match, struct trace_call *call,
				 enum trace_held which, const char *text, size_t bytes);

/* CALL is over; it and its text are gone.  */
void trace_match_end (struct trace_match *match, struct trace_call *call);

uint32_t trace_match_count (const struct trace_match *match);

#endif
