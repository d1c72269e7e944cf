/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/trace/line.h"

#include <string.h>

/* Room that arguments leave for what comes behind them.  */
#define TAIL_BYTES 256u

/* --- pieces --- */

static void
when (struct trace_line *line, uint64_t now_us)
{
  uint64_t us = now_us - line->start_us;
  if (line->style->json)
    {
      trace_put (&line->text, "\"time\":");
      trace_put_time (&line->text, us);
    }
  else if (line->times)
    {
      trace_put_time (&line->text, us);
      trace_put_char (&line->text, ' ');
    }
}

/* `task 7 (pid 12)'.  */
static void
task_text (struct trace_line *line, uint32_t task)
{
  int32_t pid = trace_tasks_pid (line->tasks, task);
  trace_put (&line->text, "task ");
  trace_put_unsigned (&line->text, task);
  if (pid)
    {
      trace_put (&line->text, " (pid ");
      trace_put_signed (&line->text, pid);
      trace_put_char (&line->text, ')');
    }
}

/* `task 7: ' sent it; `-> task 7: ' gets it from somebody who is not traced.  */
static void
whose (struct trace_line *line, uint32_t from, uint32_t to)
{
  if (!from && !to)
    return;
  if (!from)
    trace_put (&line->text, "-> ");
  task_text (line, from ? from : to);
  trace_put (&line->text, ": ");
}

static void
task_json (struct trace_line *line, const char *key, const char *pid_key, uint32_t task)
{
  int32_t pid = trace_tasks_pid (line->tasks, task);
  if (!task)
    return;
  trace_put (&line->text, key);
  trace_put_unsigned (&line->text, task);
  if (pid)
    {
      trace_put (&line->text, pid_key);
      trace_put_signed (&line->text, pid);
    }
}

static void
routine_name (struct trace_line *line, const struct trace_routine *routine, int32_t id)
{
  if (routine)
    trace_put (&line->text, routine->name);
  else
    {
      trace_put (&line->text, "msg ");
      trace_put_signed (&line->text, id);
    }
}

static void
routine_json (struct trace_line *line, const struct trace_routine *routine, int32_t id)
{
  trace_put (&line->text, ",\"id\":");
  trace_put_signed (&line->text, id);
  if (!routine)
    return;
  trace_put (&line->text, ",\"rpc\":\"");
  trace_put (&line->text, routine->name);
  trace_put (&line->text, "\",\"subsystem\":\"");
  trace_put (&line->text, routine->subsystem);
  trace_put_char (&line->text, '"');
}

/* The arguments, or as many as there is room for.  In JSON half a value is none: then
   `"KEY":null,"KEY_cut":true'.  */
static void
arguments (struct trace_line *line, const char *key, const struct trace_args *args)
{
  struct trace_text *t = &line->text;
  char *end = t->end, *start = t->at;
  bool json = line->style->json;

  t->end = end - TAIL_BYTES > t->at ? end - TAIL_BYTES : t->at;
  if (json)
    {
      trace_put (t, ",\"");
      trace_put (t, key);
      trace_put (t, "\":");
    }
  trace_format_args (t, args, line->names, line->style);
  bool cut = t->cut;
  t->cut = false;
  t->end = end;
  if (!json)
    {
      if (cut)
	trace_put (t, "... <line cut>");
      return;
    }
  if (cut)
    {
      t->at = start;
      trace_put (t, ",\"");
      trace_put (t, key);
      trace_put (t, "\":null,\"");
      trace_put (t, key);
      trace_put (t, "_cut\":true");
    }
  else if (args->truncated)
    {
      trace_put (t, ",\"");
      trace_put (t, key);
      trace_put (t, "_broken\":true");
    }
}

/* --- a request --- */

static void
request_text (struct trace_line *line, const struct trace_message *m,
	      const struct trace_routine *routine, const struct trace_args *args,
	      uint64_t now_us)
{
  struct trace_text *t = &line->text;
  when (line, now_us);
  whose (line, m->from, m->to);
  trace_format_right (t, line->names, m->target, line->style);
  trace_put (t, "->");
  routine_name (line, routine, m->view.id);
  trace_put (t, " (");
  arguments (line, "in", args);
  trace_put_char (t, ')');
}

static void
request_json (struct trace_line *line, const struct trace_message *m,
	      const struct trace_routine *routine, const struct trace_args *args,
	      uint64_t now_us)
{
  struct trace_text *t = &line->text;
  trace_put_char (t, '{');
  when (line, now_us);
  task_json (line, ",\"task\":", ",\"pid\":", m->from);
  task_json (line, ",\"to_task\":", ",\"to_pid\":", m->to);
  trace_put (t, ",\"target\":");
  trace_format_right (t, line->names, m->target, line->style);
  routine_json (line, routine, m->view.id);
  arguments (line, "in", args);
}

void
trace_line_request (struct trace_line *line, const struct trace_message *m,
		    const struct trace_routine *routine, const struct trace_args *args,
		    uint64_t now_us)
{
  if (line->style->json)
    request_json (line, m, routine, args, now_us);
  else
    request_text (line, m, routine, args, now_us);
}

/* --- its end --- */

static void
resumed_json (struct trace_line *line, const struct trace_call *call, uint64_t now_us)
{
  trace_put_char (&line->text, '{');
  when (line, now_us);
  task_json (line, ",\"task\":", ",\"pid\":", call->task);
  task_json (line, ",\"to_task\":", ",\"to_pid\":", call->to);
  routine_json (line, call->routine, call->id);
}

void
trace_line_resumed (struct trace_line *line, const struct trace_call *call, uint64_t now_us)
{
  if (line->style->json)
    {
      resumed_json (line, call, now_us);
      return;
    }
  when (line, now_us);
  whose (line, call->task, call->to);
  trace_put (&line->text, "<... ");
  routine_name (line, call->routine, call->id);
  trace_put (&line->text, " resumed>");
}

static bool
expected (const struct trace_call *call, int32_t id)
{
  if (call->routine)
    return call->routine->reply_id == id;
  return (int64_t) call->id + 100 == id;
}

void
trace_line_reply (struct trace_line *line, int32_t id, const struct trace_call *call,
		  const struct trace_args *args)
{
  struct trace_text *t = &line->text;
  bool json = line->style->json, right_id = expected (call, id);

  if (json)
    {
      if (!right_id)
	{
	  trace_put (t, ",\"reply_id\":");
	  trace_put_signed (t, id);
	}
      if (args->has_result)
	{
	  trace_put (t, ",\"result\":");
	  trace_format_result (t, args->result, line->style);
	}
      if (!args->has_result || !args->result || args->count)
	arguments (line, "out", args);
      return;
    }
  trace_put (t, " = ");
  if (!right_id)
    {
      trace_put (t, "msg ");
      trace_put_signed (t, id);
      trace_put_char (t, ' ');
    }
  if (args->has_result)
    trace_format_result (t, args->result, line->style);
  else
    trace_put_char (t, '?');
  if (args->count || args->truncated)
    {
      trace_put (t, " (");
      arguments (line, "out", args);
      trace_put_char (t, ')');
    }
}

void
trace_line_unanswered (struct trace_line *line, const char *why)
{
  if (line->style->json)
    {
      trace_put (&line->text, ",\"unanswered\":");
      trace_put_json (&line->text, (const uint8_t *) why, strlen (why));
    }
  else
    {
      trace_put (&line->text, " = ? <");
      trace_put (&line->text, why);
      trace_put_char (&line->text, '>');
    }
}

void
trace_line_took (struct trace_line *line, uint64_t us)
{
  bool json = line->style->json;
  trace_put (&line->text, json ? ",\"took\":" : " <");
  trace_put_time (&line->text, us);
  if (!json)
    trace_put_char (&line->text, '>');
}

void
trace_line_note (struct trace_line *line, uint32_t task, const char *text, uint64_t now_us)
{
  struct trace_text *t = &line->text;
  if (line->style->json)
    {
      trace_put_char (t, '{');
      when (line, now_us);
      task_json (line, ",\"task\":", ",\"pid\":", task);
      trace_put (t, ",\"note\":");
      size_t bytes = strlen (text);
      trace_put_json (t, (const uint8_t *) text, bytes < 1024 ? bytes : 1024);
      return;
    }
  when (line, now_us);
  trace_put (t, "+++ ");
  if (task)
    {
      task_text (line, task);
      trace_put_char (t, ' ');
    }
  size_t bytes = strlen (text);
  trace_put_bytes (t, text, bytes < 1024 ? bytes : 1024);
  trace_put (t, " +++");
}

void
trace_line_end (struct trace_line *line)
{
  trace_put (&line->text, line->style->json ? "}\n" : "\n");
  /* What stands before and behind the arguments is bounded, and they leave room.  */
  dr_assert (!line->text.cut);
}
