/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls, errors and time by routine.  */
#ifndef TRACE_SUMMARY_H
#define TRACE_SUMMARY_H

#include "core/trace/defs.h"
#include "core/trace/text.h"

#define TRACE_SUMMARY_UNKNOWN_MAX 1024u	/* ids without a routine; further ones are
					   counted together */

struct trace_summary;

struct trace_summary *trace_summary_new (const struct dr_alloc *alloc,
					 const struct trace_defs *defs);
void trace_summary_free (struct trace_summary *summary);

/* A message that wants no reply; a call that was answered after US microseconds (ERROR:
   with a return code other than 0); a call that got no answer.  ROUTINE may be NULL.  */
void trace_summary_oneway (struct trace_summary *summary,
			   const struct trace_routine *routine, int32_t id);
void trace_summary_call (struct trace_summary *summary, const struct trace_routine *routine,
			 int32_t id, uint64_t us, bool error);
void trace_summary_unanswered (struct trace_summary *summary,
			       const struct trace_routine *routine, int32_t id);

/* The table, most time first.  Called with LINE = 0, 1, 2... until it returns false;
   each puts one line without a newline (in JSON one object).  */
bool trace_summary_line (struct trace_summary *summary, uint32_t line, bool json,
			 struct trace_text *t);

#endif
