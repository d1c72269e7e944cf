/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/trace/text.h"

#include <string.h>

void
trace_put_some (struct trace_text *t, const char *bytes, size_t count)
{
  size_t room = (size_t) (t->end - t->at);
  t->cut = true;
  if (room)
    memcpy (t->at, bytes, room);
  t->at = t->end;
}

static void
put_digits (struct trace_text *t, uint64_t value, unsigned base)
{
  char digits[24];
  char *p = digits + sizeof digits;
  do
    *--p = "0123456789abcdef"[value % base];
  while (value /= base);
  trace_put_bytes (t, p, (size_t) (digits + sizeof digits - p));
}

void
trace_put_unsigned (struct trace_text *t, uint64_t value)
{
  put_digits (t, value, 10);
}

void
trace_put_signed (struct trace_text *t, int64_t value)
{
  if (value < 0)
    trace_put_char (t, '-');
  put_digits (t, value < 0 ? -(uint64_t) value : (uint64_t) value, 10);
}

void
trace_put_hex (struct trace_text *t, uint64_t value)
{
  if (value)
    trace_put (t, "0x");
  put_digits (t, value, 16);
}

void
trace_put_octal (struct trace_text *t, uint64_t value)
{
  if (value)
    trace_put_char (t, '0');
  put_digits (t, value, 8);
}

void
trace_put_time (struct trace_text *t, uint64_t us)
{
  char places[7] = ".000000";
  uint64_t part = us % 1000000;
  for (int i = 6; i > 0; i--, part /= 10)
    places[i] = (char) ('0' + part % 10);
  put_digits (t, us / 1000000, 10);
  trace_put_bytes (t, places, sizeof places);
}

static void
put_octal_escape (struct trace_text *t, uint8_t c)
{
  char escape[4] = { '\\', (char) ('0' + (c >> 6)), (char) ('0' + (c >> 3 & 7)),
		     (char) ('0' + (c & 7)) };
  trace_put_bytes (t, escape, sizeof escape);
}

/* The letter behind the backslash of what C and JSON escape alike; 0 for others.  */
static char
short_escape (uint8_t c)
{
  switch (c)
    {
    case '\n': return 'n';
    case '\t': return 't';
    case '\r': return 'r';
    case '\b': return 'b';
    case '\f': return 'f';
    case '"': return '"';
    case '\\': return '\\';
    default: return 0;
    }
}

/* How many bytes from P on, at most COUNT, stand for themselves in a string.  */
static size_t
plain (const uint8_t *p, size_t count)
{
  size_t n = 0;
  while (n < count && p[n] >= ' ' && p[n] < 127 && p[n] != '"' && p[n] != '\\')
    n++;
  return n;
}

void
trace_put_quoted (struct trace_text *t, const uint8_t *bytes, size_t count)
{
  trace_put_char (t, '"');
  for (size_t i = 0; i < count && !t->cut;)
    {
      size_t run = plain (bytes + i, count - i);
      if (run)
	{
	  trace_put_bytes (t, (const char *) bytes + i, run);
	  i += run;
	  continue;
	}
      char letter = short_escape (bytes[i]);
      if (letter)
	{
	  trace_put_char (t, '\\');
	  trace_put_char (t, letter);
	}
      else
	put_octal_escape (t, bytes[i]);
      i++;
    }
  trace_put_char (t, '"');
}

/* The length of the well-formed UTF-8 sequence at P, 0 when there is none.  */
static size_t
sequence (const uint8_t *p, size_t left)
{
  uint8_t c = p[0];
  size_t length = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : (c & 0xf0) == 0xe0 ? 3
		  : c >= 0xf0 && c < 0xf5 ? 4 : 0;
  if (!length || length > left)
    return 0;
  for (size_t i = 1; i < length; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  /* Overlong forms, surrogates, and what is beyond U+10FFFF.  */
  if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] >= 0xa0)
      || (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] >= 0x90))
    return 0;
  return length;
}

void
trace_put_json (struct trace_text *t, const uint8_t *bytes, size_t count)
{
  trace_put_char (t, '"');
  for (size_t i = 0; i < count && !t->cut;)
    {
      size_t run = plain (bytes + i, count - i);
      if (run)
	{
	  trace_put_bytes (t, (const char *) bytes + i, run);
	  i += run;
	  continue;
	}
      size_t length = sequence (bytes + i, count - i);
      char letter = short_escape (bytes[i]);
      if (!length)
	trace_put (t, "\xef\xbf\xbd");
      else if (letter)
	{
	  trace_put_char (t, '\\');
	  trace_put_char (t, letter);
	}
      else if (bytes[i] < ' ' || bytes[i] == 127)
	{
	  trace_put (t, "\\u00");
	  trace_put_char (t, "01234567"[bytes[i] >> 4]);
	  trace_put_char (t, "0123456789abcdef"[bytes[i] & 15]);
	}
      else
	trace_put_bytes (t, (const char *) bytes + i, length);
      i += length ? length : 1;
    }
  trace_put_char (t, '"');
}
