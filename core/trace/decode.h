/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message's body as a list of named, typed arguments.  Counts and lengths in the
   message are believed only as far as there are bytes; a body that does not match
   its routine's layout is decoded by the types that it carries itself.  */
#ifndef TRACE_DECODE_H
#define TRACE_DECODE_H

#include "core/trace/defs.h"
#include "core/trace/view.h"

#define TRACE_ARGS_MAX 128u	/* arguments of one message that are decoded */

struct trace_arg
{
  const char *name;		/* NULL when decoded by type */
  uint8_t name_bytes;
  uint8_t kind;			/* enum trace_kind, never TRACE_ANY */
  uint8_t element_bytes;	/* of one element at DATA; 0 for bits and rights */
  uint8_t disposition;		/* of rights: msgt_name as it stands, 16 to 21 */
  bool array;			/* shown as a list also when there is one element */
  bool out_of_line;
  bool deallocate;
  uint64_t number;		/* elements that the message states */
  uint64_t bytes;		/* of data that the message states */
  /* What of it is at hand; NULL for rights, and when nothing is.  */
  const uint8_t *data;
  size_t data_bytes;
  const struct trace_struct *shape;	/* of TRACE_STRUCT */
  /* Of rights, those that are at hand: view->rights[first...].  */
  const trace_key *rights;
  uint32_t rights_count;
};

struct trace_args
{
  bool has_result;		/* a reply that starts with a return code */
  int32_t result;
  bool by_type;			/* no layout, or the body does not match it */
  bool truncated;		/* broken, or more than TRACE_ARGS_MAX: what could be
				   read is there */
  uint32_t count;
  struct trace_arg args[TRACE_ARGS_MAX];
};

/* Decodes VIEW as ROUTINE's request (or, with REPLY, its reply); ROUTINE may be
   NULL.  OUT points into VIEW and into ROUTINE.  Cannot fail.  */
void trace_decode (const struct trace_view *view, const struct trace_routine *routine,
		   bool reply, struct trace_args *out);

/* The argument of this name, or NULL.  */
const struct trace_arg *trace_arg_find (const struct trace_args *args, const char *name);
/* The single number in ARG (sign extended when it is signed).  False when it is not
   one.  ARG may be NULL.  */
bool trace_arg_number (const struct trace_arg *arg, int64_t *value);
/* The single right in ARG; TRACE_KEY_NULL when it is not one.  ARG may be NULL.  */
trace_key trace_arg_right (const struct trace_arg *arg);
/* The text in ARG, up to its first zero byte; NULL when it is not text.  */
const char *trace_arg_text (const struct trace_arg *arg, size_t *bytes);

#endif
