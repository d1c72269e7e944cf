/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of core/trace: an allocator that counts and fails, messages built item by
   item, and a place for lines.  */
#ifndef TRACE_HARNESS_H
#define TRACE_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/trace/builtin.h"
#include "core/trace/tracer.h"

struct memory
{
  struct dr_alloc alloc;
  size_t allocations, fail_at;	/* the FAIL_ATth and no other fails; 0: none */
  size_t in_use;
};
void memory_start (struct memory *m);

/* A message.  Inline data is copied, rights and regions are noted beside.  */
struct message
{
  uint8_t body[65536];
  size_t bytes;
  trace_key rights[64];
  uint32_t rights_count;
  struct trace_region regions[16];
  uint32_t regions_count;
  struct trace_view view;
};
void message_start (struct message *m, int32_t id);
void message_item (struct message *m, unsigned name, unsigned bits, uint32_t number,
		   const void *data, size_t bytes);
void message_i32 (struct message *m, int32_t value);
void message_i64 (struct message *m, int64_t value);
void message_chars (struct message *m, const char *text, size_t bytes);
void message_string (struct message *m, const char *text, size_t room);
void message_right (struct message *m, unsigned name, trace_key key);
/* NUMBER elements out of line; AT_HAND bytes of DATA are shown to the tracer.  */
void message_far (struct message *m, unsigned name, unsigned bits, uint32_t number,
		  const void *data, size_t at_hand);
const struct trace_view *message_view (struct message *m);

/* A table with TEXT, which must be right; and what is wrong with TEXT, which must be.  */
struct trace_defs *defs_of (struct memory *m, const char *text);
struct trace_defs *defs_builtin (struct memory *m);

struct lines
{
  char text[1 << 20];
  size_t bytes;
};
void lines_write (void *ctx, const char *text, size_t bytes);
void lines_are (struct lines *l, const char *expected);	/* and forgets them */

/* Every character of it, as a JSON parser would take it; fails the test if it is none.  */
void json_is_valid (const char *text, size_t bytes);

#endif
