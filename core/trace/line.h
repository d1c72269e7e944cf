/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the trace, piece by piece.  Internal to core/trace.  Each piece leaves room for
   those behind it, so that a line that is cut still ends properly and, in JSON, is whole.  */
#ifndef TRACE_LINE_H
#define TRACE_LINE_H

#include "core/trace/tracer.h"

struct trace_tasks
{
  struct trace_task *tasks;	/* alive, in the order in which they were added */
  uint32_t count, room;
  uint32_t last_number;
};

struct trace_task
{
  uint32_t number;
  int32_t pid;			/* 0: not known */
  trace_key key;		/* TRACE_KEY_NULL: not known, or dead */
};

/* The number of the task with KEY (a new task, when there is none or KEY is none); 0 when out
   of memory or over TRACE_TASKS_MAX.  */
uint32_t trace_tasks_add (struct trace_tasks *tasks, const struct dr_alloc *alloc,
			  trace_key key, int32_t pid);
void trace_tasks_remove (struct trace_tasks *tasks, uint32_t number);
void trace_tasks_key_died (struct trace_tasks *tasks, trace_key key);
/* 0 when not known.  */
int32_t trace_tasks_pid (const struct trace_tasks *tasks, uint32_t number);
void trace_tasks_free (struct trace_tasks *tasks, const struct dr_alloc *alloc);

struct trace_line
{
  struct trace_text text;
  const struct trace_style *style;
  struct trace_names *names;
  const struct trace_tasks *tasks;
  bool times;
  uint64_t start_us;
};

/* Who sends what to where.  */
void trace_line_request (struct trace_line *line, const struct trace_message *m,
			 const struct trace_routine *routine, const struct trace_args *args,
			 uint64_t now_us);
/* Whose call goes on.  As JSON the start of an object of its own, without a target.  */
void trace_line_resumed (struct trace_line *line, const struct trace_call *call,
			 uint64_t now_us);
void trace_line_reply (struct trace_line *line, int32_t id, const struct trace_call *call,
		       const struct trace_args *args);
void trace_line_unanswered (struct trace_line *line, const char *why);
void trace_line_took (struct trace_line *line, uint64_t us);
void trace_line_note (struct trace_line *line, uint32_t task, const char *text,
		      uint64_t now_us);
/* The newline; in JSON also the object's end.  */
void trace_line_end (struct trace_line *line);

#endif
