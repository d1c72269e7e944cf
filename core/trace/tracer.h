/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole of core/trace as one step function: messages go in as they are seen, lines
   come out.  A program that interposes needs this header, defs.h to read lists, filter.h
   to choose, and view.h.

   A call's line begins when it is seen, so that one which hangs is visible:

     task 7 (pid 12): file "/etc/passwd"->io_read (offset: -1, amount: 4096) = 0 (data: "root:x:0"..., 4096 bytes)

   When another line comes before the reply, it ends with ` <unfinished ...>', and later

     task 7 (pid 12): <... io_read resumed> = 0 (...)

   So is the reply shown to a call that began before its task was traced.

   As JSON a call is one object, written when it has ended.  */
#ifndef TRACE_TRACER_H
#define TRACE_TRACER_H

#include "core/trace/filter.h"
#include "core/trace/format.h"
#include "core/trace/match.h"
#include "core/trace/names.h"
#include "core/trace/summary.h"
#include "core/trace/view.h"

#define TRACE_LINE_BYTES_MAX 16384u	/* longer lines are cut, and say so */
#define TRACE_TASKS_MAX 4096u

struct trace_options
{
  struct trace_style style;
  bool times;			/* -t: when each line began, how long each call took */
  bool summary;			/* -c: count; no lines */
  /* Where lines go: whole or in pieces, in order, from inside the calls below.  */
  void (*write) (void *ctx, const char *text, size_t bytes);
  void *ctx;
};

struct tracer;

/* DEFS, FILTER (may be NULL: everything) and NAMES are the caller's and outlive it.
   NULL when out of memory.  START_US: the time that lines count from.  */
struct tracer *tracer_new (const struct dr_alloc *alloc, const struct trace_options *options,
			   const struct trace_defs *defs, const struct trace_filter *filter,
			   struct trace_names *names, uint64_t start_us);
void tracer_free (struct tracer *tracer);

/* A traced task: KEY its task port (TRACE_KEY_NULL when not known), PID 0 when not known.
   Returns its number, from 1; it is the one that NAMES shows as `task N'.  Again with the
   same KEY: the same number, and PID is taken over when it is not 0.  0 when out of
   memory or over TRACE_TASKS_MAX.  */
uint32_t tracer_task (struct tracer *tracer, trace_key key, int32_t pid);
/* The task has ended; what its calls waited for is over.  */
void tracer_task_ended (struct tracer *tracer, uint32_t task, uint64_t now_us);

/* One message, in the order in which the receivers will see them.  */
struct trace_message
{
  uint32_t from;		/* the traced task that sent it; 0: another, or the kernel */
  uint32_t to;			/* the traced task that receives it; 0: another */
  trace_key target;		/* the right that it was sent to, on both sides the same key */
  trace_key reply;		/* its reply right, or TRACE_KEY_NULL */
  struct trace_view view;
};

/* Call and reply are told apart here: a message to a right that a call waits for is its
   reply.  NOW_US must not go back.  */
void tracer_message (struct tracer *tracer, const struct trace_message *message,
		     uint64_t now_us);

/* No message can come to REPLY any more: the right was destroyed unused (when the kernel
   says so by MACH_NOTIFY_SEND_ONCE to the caller, that message may be given to
   tracer_message instead).  */
void tracer_reply_died (struct tracer *tracer, trace_key reply, uint64_t now_us);

/* KEY is a right no more (all who had it lost it, or it died).  */
void tracer_right_died (struct tracer *tracer, trace_key key, uint64_t now_us);

/* A line of the program's own: `+++ TEXT +++'.  */
void tracer_note (struct tracer *tracer, uint32_t task, const char *text, uint64_t now_us);

/* The end: calls that still wait are shown as such, then the summary if asked for.  */
void tracer_end (struct tracer *tracer, uint64_t now_us);

#endif
