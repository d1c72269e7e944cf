/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text into a buffer of the caller's.  What does not fit is left out and remembered;
   nothing is ever written behind the end.  No terminating zero.  */
#ifndef TRACE_TEXT_H
#define TRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct trace_text
{
  char *at, *end, *start;
  bool cut;			/* something did not fit */
};

static inline struct trace_text
trace_text (void *buffer, size_t bytes)
{
  char *p = buffer;
  return (struct trace_text) { p, p + bytes, p, false };
}

static inline size_t
trace_text_bytes (const struct trace_text *t)
{
  return (size_t) (t->at - t->start);
}

/* As many of COUNT bytes as there is room for; CUT.  */
void trace_put_some (struct trace_text *t, const char *bytes, size_t count);

/* These three are most of what a line costs: with constants they are a few instructions.  */
static inline void
trace_put_bytes (struct trace_text *t, const char *bytes, size_t count)
{
  if (__builtin_expect (count > (size_t) (t->end - t->at), 0))
    {
      trace_put_some (t, bytes, count);
      return;
    }
  if (count)
    memcpy (t->at, bytes, count);
  t->at += count;
}

static inline void
trace_put (struct trace_text *t, const char *string)
{
  trace_put_bytes (t, string, strlen (string));
}

static inline void
trace_put_char (struct trace_text *t, char c)
{
  if (t->at < t->end)
    *t->at++ = c;
  else
    t->cut = true;
}

void trace_put_unsigned (struct trace_text *t, uint64_t value);
void trace_put_signed (struct trace_text *t, int64_t value);
void trace_put_hex (struct trace_text *t, uint64_t value);	/* 0x1f */
void trace_put_octal (struct trace_text *t, uint64_t value);	/* 0644 */
/* Microseconds as seconds with six places.  */
void trace_put_time (struct trace_text *t, uint64_t us);
/* BYTES as they stand between C's quotation marks; what is not printable ASCII as an
   escape.  */
void trace_put_quoted (struct trace_text *t, const uint8_t *bytes, size_t count);
/* A JSON string, quotation marks included.  UTF-8 stays, bytes that are not UTF-8 become
   U+FFFD.  */
void trace_put_json (struct trace_text *t, const uint8_t *bytes, size_t count);

#endif
