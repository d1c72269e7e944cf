/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One table says it all but the path of a lookup.  Routines and arguments go by name, so
   that a list of the user's with the same names teaches the same.  */
#include "core/trace/learn.h"

#include <string.h>

enum text
{
  NO_TEXT,
  TARGETS,		/* called as what the call went to */
  PATH,			/* called as the request said */
};

static const struct rule
{
  const char *routine, *argument;
  bool request;			/* the argument is in the request */
  uint8_t thing, text;
} rules[] = {
  { "dir_lookup", "result", false, TRACE_THING_FILE, PATH },
  { "dir_mkfile", "newnode", false, TRACE_THING_FILE, NO_TEXT },
  { "io_duplicate", "newport", false, TRACE_THING_FILE, TARGETS },
  { "io_restrict_auth", "new_object", false, TRACE_THING_FILE, TARGETS },
  { "file_reparent", "new_file", false, TRACE_THING_FILE, TARGETS },
  { "file_getlinknode", "linknode", false, TRACE_THING_FILE, TARGETS },
  { "file_getcontrol", "control", false, TRACE_THING_FILESYSTEM, TARGETS },
  { "file_get_translator_cntl", "translator_cntl", false, TRACE_THING_FILESYSTEM, TARGETS },
  { "fsys_getroot", "file", false, TRACE_THING_FILE, TARGETS },
  { "io_map", "memobjrd", false, TRACE_THING_MEMORY, TARGETS },
  { "io_map", "memobjwt", false, TRACE_THING_MEMORY, TARGETS },
  { "socket_create", "sock", false, TRACE_THING_SOCKET, NO_TEXT },
  { "socket_accept", "conn_sock", false, TRACE_THING_SOCKET, NO_TEXT },
  { "device_open", "device", false, TRACE_THING_DEVICE, PATH },
  { "device_open_new", "device", false, TRACE_THING_DEVICE, PATH },
  { "device_map", "pager", false, TRACE_THING_MEMORY, TARGETS },
  { "task_create", "child_task", false, TRACE_THING_TASK, NO_TEXT },
  { "thread_create", "child_thread", false, TRACE_THING_THREAD, NO_TEXT },
  { "task_threads", "thread_list", false, TRACE_THING_THREAD, NO_TEXT },
  { "vm_region", "object_name", false, TRACE_THING_MEMORY, NO_TEXT },
  { "vm_map", "memory_object", true, TRACE_THING_MEMORY, NO_TEXT },
  { "memory_object_init", "memory_control", true, TRACE_THING_CONTROL, TARGETS },
  { "vm_region_create_proxy", "proxy", false, TRACE_THING_MEMORY, NO_TEXT },
  { "memory_object_create_proxy", "proxy", false, TRACE_THING_MEMORY, NO_TEXT },
  { "exception_raise", "thread", true, TRACE_THING_THREAD, NO_TEXT },
  { "exception_raise", "task", true, TRACE_THING_TASK, NO_TEXT },
  { "proc_task2pid", "task", true, TRACE_THING_TASK, NO_TEXT },
  { "proc_pid2task", "task", false, TRACE_THING_TASK, NO_TEXT },
  { "proc_task2proc", "task", true, TRACE_THING_TASK, NO_TEXT },
  { "proc_task2proc", "proc", false, TRACE_THING_PROCESS, NO_TEXT },
  { "proc_pid2proc", "proc", false, TRACE_THING_PROCESS, NO_TEXT },
  { "proc_child", "child", true, TRACE_THING_TASK, NO_TEXT },
  { "proc_getprivports", "host_priv", false, TRACE_THING_HOST, NO_TEXT },
};

static bool
has_path (const struct trace_routine *routine)
{
  return !strcmp (routine->name, "dir_lookup") || !strcmp (routine->name, "device_open")
	 || !strcmp (routine->name, "device_open_new");
}

unsigned
trace_teaches (const struct trace_routine *routine)
{
  unsigned teaches = has_path (routine) ? TRACE_TEACHES_REQUEST : 0;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (!strcmp (rules[i].routine, routine->name))
      teaches |= rules[i].request ? TRACE_TEACHES_REQUEST : TRACE_TEACHES_REPLY;
  return teaches;
}

static void
say (struct trace_names *names, const struct rule *rule, trace_key key, trace_key target,
     const char *path, size_t path_bytes)
{
  const char *text = NULL;
  size_t bytes = 0;
  char copy[TRACE_PATH_BYTES_MAX];

  if (rule->text == PATH)
    {
      text = path;
      bytes = path_bytes;
    }
  else if (rule->text == TARGETS)
    {
      trace_names_get (names, target, &text, &bytes);
      /* NAMES' own text may move when a right gets in.  */
      if (text)
	text = memcpy (copy, text, bytes);
    }
  if (rule->text == PATH && !text)
    return;
  trace_names_set (names, key, rule->thing, text, bytes, false);
}

static void
apply (struct trace_names *names, const struct trace_routine *routine, bool request,
       trace_key target, const struct trace_args *args, const char *path, size_t path_bytes)
{
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    {
      const struct rule *rule = &rules[i];
      if (rule->request != request || strcmp (rule->routine, routine->name))
	continue;
      const struct trace_arg *arg = trace_arg_find (args, rule->argument);
      for (uint32_t r = 0; arg && r < arg->rights_count; r++)
	say (names, rule, arg->rights[r], target, path, path_bytes);
    }
}

/* What TARGET and NAME below it are together.  */
static void
join (struct trace_names *names, trace_key target, const char *name, size_t bytes,
      struct trace_text *path)
{
  const char *base;
  size_t base_bytes;
  trace_names_get (names, target, &base, &base_bytes);
  if (base)
    {
      trace_put_bytes (path, base, base_bytes);
      if (bytes && (!base_bytes || base[base_bytes - 1] != '/'))
	trace_put_char (path, '/');
    }
  trace_put_bytes (path, name, bytes);
}

void
trace_learn_request (struct trace_names *names, const struct trace_routine *routine,
		     trace_key target, const struct trace_args *args, struct trace_text *path)
{
  const char *text;
  size_t bytes;
  if (!routine || args->by_type)
    return;
  apply (names, routine, true, target, args, NULL, 0);
  if (!has_path (routine))
    return;
  if (!strcmp (routine->name, "dir_lookup"))
    {
      text = trace_arg_text (trace_arg_find (args, "file_name"), &bytes);
      if (text)
	join (names, target, text, bytes, path);
    }
  else
    {
      text = trace_arg_text (trace_arg_find (args, "name"), &bytes);
      if (text)
	trace_put_bytes (path, text, bytes);
    }
}

/* A lookup that is to go on elsewhere with RETRY (the end of the path): what came back is
   where it goes on.  Returns false when PATH does not end so.  */
static bool
without_rest (const char *path, size_t *bytes, const char *retry, size_t retry_bytes)
{
  if (retry_bytes > *bytes || memcmp (path + *bytes - retry_bytes, retry, retry_bytes))
    return false;
  *bytes -= retry_bytes;
  while (*bytes > 1 && path[*bytes - 1] == '/')
    --*bytes;
  return true;
}

void
trace_learn_reply (struct trace_names *names, const struct trace_routine *routine,
		   trace_key target, const struct trace_args *args, const char *path,
		   size_t path_bytes)
{
  size_t retry_bytes;
  if (!routine || args->by_type || !args->has_result || args->result)
    return;
  const char *retry = trace_arg_text (trace_arg_find (args, "retry_name"), &retry_bytes);
  if (path && retry && retry_bytes && !without_rest (path, &path_bytes, retry, retry_bytes))
    path = NULL;
  apply (names, routine, false, target, args, path, path_bytes);
}
