/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments and results as text, for people and as JSON.  */
#ifndef TRACE_FORMAT_H
#define TRACE_FORMAT_H

#include "core/trace/decode.h"
#include "core/trace/names.h"
#include "core/trace/text.h"

struct trace_style
{
  bool json;
  size_t string_bytes;		/* of text and data that are shown */
  uint32_t elements;		/* of an array that are shown */
};

/* A right as it is called.  In JSON an object.  */
void trace_format_right (struct trace_text *t, struct trace_names *names, trace_key key,
			 const struct trace_style *style);

/* `name: value, name: value'; in JSON `{"name":value,...}'.  New rights get numbers in
   NAMES.  */
void trace_format_args (struct trace_text *t, const struct trace_args *args,
			struct trace_names *names, const struct trace_style *style);

/* `0', `ENOENT (0x40000002)'; in JSON `{"code":0,"name":"KERN_SUCCESS"}'.  */
void trace_format_result (struct trace_text *t, int32_t result, const struct trace_style *style);

#endif
