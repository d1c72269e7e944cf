/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What calls say about the rights in them: the right that dir_lookup returns is the file
   that was looked up, task_create returns a task.  */
#ifndef TRACE_LEARN_H
#define TRACE_LEARN_H

#include "core/trace/decode.h"
#include "core/trace/names.h"
#include "core/trace/text.h"

/* Whether a routine teaches anything, to be asked once for each.  */
enum
{
  TRACE_TEACHES_REQUEST = 1,
  TRACE_TEACHES_REPLY = 2,
};
unsigned trace_teaches (const struct trace_routine *routine);

/* From a request to TARGET.  PATH gets what its reply's right will be called, if anything.  */
void trace_learn_request (struct trace_names *names, const struct trace_routine *routine,
			  trace_key target, const struct trace_args *args,
			  struct trace_text *path);

/* From the reply to a call of TARGET that succeeded; PATH is what the request gave (PATH may
   be NULL).  */
void trace_learn_reply (struct trace_names *names, const struct trace_routine *routine,
			trace_key target, const struct trace_args *args, const char *path,
			size_t path_bytes);

#endif
