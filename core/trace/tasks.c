/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The traced tasks that are alive.  Numbers are never used again.  */
#include <string.h>

#include "core/trace/line.h"

static struct trace_task *
with_number (const struct trace_tasks *tasks, uint32_t number)
{
  for (uint32_t i = 0; i < tasks->count; i++)
    if (tasks->tasks[i].number == number)
      return &tasks->tasks[i];
  return NULL;
}

static struct trace_task *
with_key (const struct trace_tasks *tasks, trace_key key)
{
  for (uint32_t i = 0; key != TRACE_KEY_NULL && i < tasks->count; i++)
    if (tasks->tasks[i].key == key)
      return &tasks->tasks[i];
  return NULL;
}

static bool
make_room (struct trace_tasks *tasks, const struct dr_alloc *alloc)
{
  if (tasks->count < tasks->room)
    return true;
  if (tasks->count == TRACE_TASKS_MAX)
    return false;
  uint32_t room = tasks->room ? 2 * tasks->room : 16;
  struct trace_task *more = dr_alloc_array (alloc, room, sizeof *more);
  if (!more)
    return false;
  if (tasks->count)
    memcpy (more, tasks->tasks, tasks->count * sizeof *more);
  dr_free_bytes (alloc, tasks->tasks, tasks->room * sizeof *more);
  tasks->tasks = more;
  tasks->room = room;
  return true;
}

uint32_t
trace_tasks_add (struct trace_tasks *tasks, const struct dr_alloc *alloc, trace_key key,
		 int32_t pid)
{
  struct trace_task *task = with_key (tasks, key);
  if (!task)
    {
      if (!make_room (tasks, alloc))
	return 0;
      task = &tasks->tasks[tasks->count++];
      *task = (struct trace_task) { .number = ++tasks->last_number, .key = key };
    }
  if (pid)
    task->pid = pid;
  return task->number;
}

void
trace_tasks_remove (struct trace_tasks *tasks, uint32_t number)
{
  struct trace_task *task = with_number (tasks, number);
  if (!task)
    return;
  size_t behind = (size_t) (tasks->tasks + tasks->count - task) - 1;
  memmove (task, task + 1, behind * sizeof *task);
  tasks->count--;
}

void
trace_tasks_key_died (struct trace_tasks *tasks, trace_key key)
{
  struct trace_task *task = with_key (tasks, key);
  if (task)
    task->key = TRACE_KEY_NULL;
}

int32_t
trace_tasks_pid (const struct trace_tasks *tasks, uint32_t number)
{
  const struct trace_task *task = with_number (tasks, number);
  return task ? task->pid : 0;
}

void
trace_tasks_free (struct trace_tasks *tasks, const struct dr_alloc *alloc)
{
  dr_free_bytes (alloc, tasks->tasks, tasks->room * sizeof *tasks->tasks);
}
