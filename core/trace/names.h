/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tracer calls a right: what it is, once that is known, else a number that
   stays the same as long as the right lives and is never given to another.  */
#ifndef TRACE_NAMES_H
#define TRACE_NAMES_H

#include "core/base/alloc.h"
#include "core/base/status.h"
#include "core/trace/view.h"

#define TRACE_NAMES_MAX 1048576u	/* rights known at a time */
#define TRACE_PATH_BYTES_MAX 1024u	/* of what a right is called; longer ones keep
					   their end behind "..." */

enum trace_thing
{
  TRACE_THING_PORT = 0,		/* not known: `port 12' */
  TRACE_THING_TASK,		/* `task 7' */
  TRACE_THING_THREAD,
  TRACE_THING_HOST,
  TRACE_THING_FILE,		/* `file "/etc/passwd"' */
  TRACE_THING_DEVICE,		/* `device "hd0"' */
  TRACE_THING_MEMORY,		/* memory object */
  TRACE_THING_CONTROL,		/* the kernel's side of a memory object */
  TRACE_THING_PROCESS,		/* what a process server knows a task by */
  TRACE_THING_SOCKET,
  TRACE_THING_FILESYSTEM,	/* control port of a translator */
  TRACE_THING_OTHER,		/* TEXT says what: `proc server' */
  TRACE_THING_COUNT
};

struct trace_names;

/* LIMIT: rights known at a time, at most TRACE_NAMES_MAX; beyond it a right gets no
   number and is shown as `port ?'.  NULL when out of memory.  */
struct trace_names *trace_names_new (const struct dr_alloc *alloc, uint32_t limit);
void trace_names_free (struct trace_names *names);

/* The number of KEY, a new one when it was not known; 0 for the two keys that are no
   rights, over the limit and when out of memory.  */
uint32_t trace_names_number (struct trace_names *names, trace_key key);

/* KEY is THING; TEXT (BYTES of it, may be 0) is copied.  Tasks and threads are shown
   by their number, everything else by its text when it has one.  A right keeps the
   first thing that is said of it, unless AGAIN.  When out of memory nothing changes.  */
void trace_names_set (struct trace_names *names, trace_key key, enum trace_thing thing,
		      const char *text, size_t bytes, bool again);

/* What KEY is.  TRACE_THING_PORT when it is not known.  TEXT may be NULL; *TEXT is
   valid until the next call that changes NAMES, and NULL when there is none.  */
enum trace_thing trace_names_get (const struct trace_names *names, trace_key key,
				  const char **text, size_t *bytes);

/* KEY is no more: its number is not used again, and KEY may come back as another
   right.  */
void trace_names_died (struct trace_names *names, trace_key key);

uint32_t trace_names_count (const struct trace_names *names);

#endif
