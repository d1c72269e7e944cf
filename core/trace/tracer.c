/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which line comes when.  What a line says is line.c's; what rights are called learn.c's.  */
#include "core/trace/tracer.h"

#include <string.h>

#include "core/trace/learn.h"
#include "core/trace/line.h"

#define MACH_NOTIFY_SEND_ONCE 71

struct tracer
{
  struct dr_alloc alloc;
  struct trace_options options;
  const struct trace_defs *defs;
  const struct trace_filter *filter;
  struct trace_names *names;
  struct trace_match *match;
  struct trace_summary *summary;	/* with options.summary */
  struct trace_tasks tasks;
  uint8_t *teaches;		/* trace_teaches, by routine */
  uint32_t teaches_count;
  uint64_t start_us;
  struct trace_call *open;	/* the call whose line has begun and not ended */
  struct trace_args args;	/* of the message in hand; too large for a stack */
  char line[TRACE_LINE_BYTES_MAX];
};

struct tracer *
tracer_new (const struct dr_alloc *alloc, const struct trace_options *options,
	    const struct trace_defs *defs, const struct trace_filter *filter,
	    struct trace_names *names, uint64_t start_us)
{
  struct tracer *t = dr_alloc_zeroed (alloc, sizeof *t);
  if (!t)
    return NULL;
  t->alloc = *alloc;
  t->options = *options;
  t->defs = defs;
  t->filter = filter;
  t->names = names;
  t->start_us = start_us;
  t->match = trace_match_new (alloc, TRACE_CALLS_MAX);
  t->summary = options->summary ? trace_summary_new (alloc, defs) : NULL;
  t->teaches_count = trace_defs_count (defs);
  t->teaches = dr_alloc_array (alloc, t->teaches_count + 1, sizeof *t->teaches);
  if (!t->match || !t->teaches || (options->summary && !t->summary))
    {
      tracer_free (t);
      return NULL;
    }
  for (uint32_t i = 0; i < t->teaches_count; i++)
    t->teaches[i] = (uint8_t) trace_teaches (trace_defs_at (defs, i));
  return t;
}

void
tracer_free (struct tracer *t)
{
  if (!t)
    return;
  struct dr_alloc alloc = t->alloc;
  trace_match_free (t->match);
  trace_summary_free (t->summary);
  trace_tasks_free (&t->tasks, &alloc);
  dr_free_bytes (&alloc, t->teaches, (t->teaches_count + 1) * sizeof *t->teaches);
  dr_free_bytes (&alloc, t, sizeof *t);
}

static bool
shows (const struct tracer *t, const struct trace_routine *routine, int32_t id)
{
  return !t->filter || trace_filter_shows (t->filter, routine, id);
}

static void
write_out (struct tracer *t, const char *text, size_t bytes)
{
  if (bytes)
    t->options.write (t->options.ctx, text, bytes);
}

static void
write_text (struct tracer *t, const struct trace_text *text)
{
  write_out (t, text->start, trace_text_bytes (text));
}

/* Nothing may stand between the start of a call's line and its end.  */
static void
close_line (struct tracer *t)
{
  static const char end[] = " <unfinished ...>\n";
  if (!t->open)
    return;
  t->open->unfinished = true;
  t->open = NULL;
  write_out (t, end, sizeof end - 1);
}

static struct trace_line
new_line (struct tracer *t)
{
  return (struct trace_line) {
    .text = trace_text (t->line, sizeof t->line), .style = &t->options.style,
    .names = t->names, .tasks = &t->tasks, .times = t->options.times, .start_us = t->start_us,
  };
}

/* --- requests and one-way messages --- */

static void
show_oneway (struct tracer *t, const struct trace_message *m,
	     const struct trace_routine *routine, uint64_t now_us)
{
  close_line (t);
  struct trace_line line = new_line (t);
  trace_line_request (&line, m, routine, &t->args, now_us);
  trace_line_end (&line);
  write_text (t, &line.text);
}

/* A call that is going to be matched.  */
static void
show_call (struct tracer *t, const struct trace_message *m, struct trace_call *call)
{
  struct trace_line line = new_line (t);
  call->shown = true;
  if (!t->options.style.json)
    close_line (t);
  trace_line_request (&line, m, call->routine, &t->args, call->time_us);
  if (!t->options.style.json)
    {
      write_text (t, &line.text);
      t->open = call;
    }
  else if (trace_match_hold (t->match, call, TRACE_HELD_LINE, line.text.start,
			     trace_text_bytes (&line.text)))
    {
      /* There is no memory to wait for the reply with.  */
      trace_line_unanswered (&line, "lost");
      trace_line_end (&line);
      write_text (t, &line.text);
      call->shown = false;
    }
}

static bool
teaches (const struct tracer *t, const struct trace_routine *routine, unsigned what)
{
  return routine && routine->index < t->teaches_count && t->teaches[routine->index] & what;
}

/* CALL: NULL when there will be no reply.  */
static void
learn (struct tracer *t, const struct trace_message *m, const struct trace_routine *routine,
       struct trace_call *call)
{
  char buffer[2 * TRACE_PATH_BYTES_MAX];
  struct trace_text path = trace_text (buffer, sizeof buffer);
  if (!teaches (t, routine, TRACE_TEACHES_REQUEST))
    return;
  trace_learn_request (t->names, routine, m->target, &t->args, &path);
  if (call && !path.cut)
    /* Without memory the file stays without a name.  */
    (void) trace_match_hold (t->match, call, TRACE_HELD_PATH, buffer, trace_text_bytes (&path));
}

static void
request (struct tracer *t, const struct trace_message *m, const struct trace_routine *routine,
	 uint64_t now_us)
{
  bool shown = shows (t, routine, m->view.id);
  bool waits = m->reply != TRACE_KEY_NULL && m->reply != TRACE_KEY_DEAD
	       && !(routine && !routine->reply_id);
  struct trace_call *call = NULL;

  trace_decode (&m->view, routine, false, &t->args);
  if (waits)
    {
      struct trace_call new_call = {
	.reply = m->reply, .target = m->target, .task = m->from, .to = m->to, .id = m->view.id,
	.routine = routine, .time_us = now_us,
      };
      if (trace_match_begin (t->match, &new_call, &call))
	call = NULL;
    }
  learn (t, m, routine, call);
  if (!shown)
    return;
  if (t->summary)
    {
      if (!call)
	trace_summary_oneway (t->summary, routine, m->view.id);
    }
  else if (call)
    show_call (t, m, call);
  else
    show_oneway (t, m, routine, now_us);
}

/* --- the end of a call --- */

/* The start of what is written when CALL ends.  */
static struct trace_line
resume (struct tracer *t, struct trace_call *call, uint64_t now_us)
{
  struct trace_line line = new_line (t);
  if (t->options.style.json)
    write_out (t, call->held[TRACE_HELD_LINE].text, call->held[TRACE_HELD_LINE].bytes);
  else if (t->open == call)
    t->open = NULL;
  else
    {
      close_line (t);
      trace_line_resumed (&line, call, now_us);
    }
  return line;
}

static void
end_call (struct tracer *t, struct trace_call *call)
{
  if (t->open == call)
    t->open = NULL;
  trace_match_end (t->match, call);
}

static void
reply (struct tracer *t, const struct trace_message *m, struct trace_call *call,
       uint64_t now_us)
{
  uint64_t took = now_us - call->time_us;

  trace_decode (&m->view, call->routine, true, &t->args);
  if (teaches (t, call->routine, TRACE_TEACHES_REPLY))
    trace_learn_reply (t->names, call->routine, call->target, &t->args,
		       call->held[TRACE_HELD_PATH].text, call->held[TRACE_HELD_PATH].bytes);
  if (t->summary && shows (t, call->routine, call->id))
    trace_summary_call (t->summary, call->routine, call->id, took,
			t->args.has_result && t->args.result);
  if (call->shown)
    {
      struct trace_line line = resume (t, call, now_us);
      trace_line_reply (&line, m->view.id, call, &t->args);
      if (t->options.times)
	trace_line_took (&line, took);
      trace_line_end (&line);
      write_text (t, &line.text);
    }
  end_call (t, call);
}

/* No reply comes; WHY in one word.  */
static void
unanswered (struct tracer *t, struct trace_call *call, const char *why, uint64_t now_us)
{
  if (t->summary && shows (t, call->routine, call->id))
    trace_summary_unanswered (t->summary, call->routine, call->id);
  if (call->shown)
    {
      struct trace_line line = resume (t, call, now_us);
      trace_line_unanswered (&line, why);
      if (t->options.times)
	trace_line_took (&line, now_us - call->time_us);
      trace_line_end (&line);
      write_text (t, &line.text);
    }
  end_call (t, call);
}

/* A reply to a call that began before its task was traced: there was no line for it yet.  */
static void
late_reply (struct tracer *t, const struct trace_message *m, const struct trace_routine *routine,
	    uint64_t now_us)
{
  const struct trace_call call = {
    .task = m->to, .to = m->from, .id = routine->id, .routine = routine, .time_us = now_us,
  };

  if (t->summary || !shows (t, routine, routine->id))
    return;
  trace_decode (&m->view, routine, true, &t->args);
  close_line (t);
  struct trace_line line = new_line (t);
  trace_line_resumed (&line, &call, now_us);
  trace_line_reply (&line, m->view.id, &call, &t->args);
  trace_line_end (&line);
  write_text (t, &line.text);
}

/* --- what the program calls --- */

void
tracer_message (struct tracer *t, const struct trace_message *m, uint64_t now_us)
{
  const struct trace_routine *routine = trace_defs_request (t->defs, m->view.id);
  const struct trace_routine *replied = routine ? NULL : trace_defs_reply (t->defs, m->view.id);
  struct trace_call *call;

  if (m->view.id == MACH_NOTIFY_SEND_ONCE
      && (call = trace_match_oldest_for (t->match, m->target)))
    {
      unanswered (t, call, "send-once right destroyed", now_us);
      return;
    }
  call = trace_match_find (t->match, m->target, m->view.id, routine != NULL);
  if (call)
    reply (t, m, call, now_us);
  else if (replied && m->reply == TRACE_KEY_NULL)
    late_reply (t, m, replied, now_us);
  else
    request (t, m, routine, now_us);
}

void
tracer_reply_died (struct tracer *t, trace_key key, uint64_t now_us)
{
  struct trace_call *call;
  while ((call = trace_match_oldest_for (t->match, key)))
    unanswered (t, call, "reply right destroyed", now_us);
}

void
tracer_right_died (struct tracer *t, trace_key key, uint64_t now_us)
{
  tracer_reply_died (t, key, now_us);
  trace_tasks_key_died (&t->tasks, key);
  trace_names_died (t->names, key);
}

void
tracer_note (struct tracer *t, uint32_t task, const char *text, uint64_t now_us)
{
  if (t->summary)
    return;
  close_line (t);
  struct trace_line line = new_line (t);
  trace_line_note (&line, task, text, now_us);
  trace_line_end (&line);
  write_text (t, &line.text);
}

uint32_t
tracer_task (struct tracer *t, trace_key key, int32_t pid)
{
  uint32_t number = trace_tasks_add (&t->tasks, &t->alloc, key, pid);
  if (number && key != TRACE_KEY_NULL)
    {
      char buffer[16];
      struct trace_text text = trace_text (buffer, sizeof buffer);
      trace_put_unsigned (&text, number);
      trace_names_set (t->names, key, TRACE_THING_TASK, buffer, trace_text_bytes (&text), true);
    }
  return number;
}

void
tracer_task_ended (struct tracer *t, uint32_t task, uint64_t now_us)
{
  struct trace_call *call = trace_match_oldest (t->match), *next;
  for (; call; call = next)
    {
      next = trace_match_newer (call);
      if (call->task == task)
	unanswered (t, call, "the task ended", now_us);
    }
  tracer_note (t, task, "ended", now_us);
  trace_tasks_remove (&t->tasks, task);
}

void
tracer_end (struct tracer *t, uint64_t now_us)
{
  struct trace_call *call;
  while ((call = trace_match_oldest (t->match)))
    unanswered (t, call, "not answered yet", now_us);
  if (!t->summary)
    return;
  for (uint32_t number = 0;; number++)
    {
      struct trace_text text = trace_text (t->line, sizeof t->line - 1);
      if (!trace_summary_line (t->summary, number, t->options.style.json, &text))
	return;
      *text.at++ = '\n';
      write_text (t, &text);
    }
}
