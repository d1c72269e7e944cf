/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One list of routines as it was read.  Internal to core/trace.  */
#ifndef TRACE_LIST_H
#define TRACE_LIST_H

#include "core/trace/defs.h"

struct trace_list
{
  struct dr_alloc alloc;
  struct trace_list *older;
  char *text;			/* a copy; all names point into it */
  size_t text_bytes;
  struct trace_routine *routines;
  uint32_t *lines;		/* where each routine stands */
  struct trace_struct *structs;
  struct trace_field *fields;	/* of both, in order */
  uint32_t routines_count, structs_count, fields_count;
  uint32_t lines_room, fields_room;	/* as allocated */
};

/* Reads TEXT.  Structures that are not in it are looked for in OLDER and what is older.
   *LIST is set on success only, and freed by trace_list_free.  */
enum dr_status trace_list_read (const struct dr_alloc *alloc, const char *text, size_t bytes,
				const struct trace_list *older, struct trace_list **list,
				struct trace_list_error *error);
void trace_list_free (struct trace_list *list);

/* Sets ERROR to WHAT followed by WORD (cut if need be).  */
void trace_list_complain (struct trace_list_error *error, uint32_t line, const char *what,
			  const char *word);

#endif
