/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which routines are shown:

     EXPRESSION = ["!"] NAME {"," NAME}
     NAME       = routine, subsystem, number of a request, or a pattern of routines
                  with `*' and `?'; or one of `all', `none', `oneway'
                  (routines without a reply), `unknown' (ids that are in no list)

   Without "!" only what is named is shown, with it everything else.  Several
   expressions are taken one after the other: the first decides on everything, a
   later one adds what it names, or with "!" takes it away.  A name that fits nothing
   in the lists is an error, so that a slip of the pen does not show nothing.  */
#ifndef TRACE_FILTER_H
#define TRACE_FILTER_H

#include "core/trace/defs.h"

#define TRACE_FILTER_BYTES_MAX 4096u	/* of one expression */

struct trace_filter;

/* Shows everything.  NULL when out of memory.  DEFS must outlive it; the lists must
   all have been read.  */
struct trace_filter *trace_filter_new (const struct dr_alloc *alloc,
				       const struct trace_defs *defs);
void trace_filter_free (struct trace_filter *filter);

/* DR_INVALID: ERROR (a phrase, with a terminating zero) says what is wrong; nothing has
   changed.  */
enum dr_status trace_filter_add (struct trace_filter *filter, const char *expression,
				 char *error, size_t error_bytes);

/* ROUTINE may be NULL (not in the lists): shown unless the filter says otherwise.  ID is
   that of the request.  */
bool trace_filter_shows (const struct trace_filter *filter,
			 const struct trace_routine *routine, int32_t id);

#endif
