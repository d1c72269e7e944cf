/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DR_SIM_EXCERPT_H
#define DR_SIM_EXCERPT_H

#include <stdbool.h>
#include <stdio.h>

enum { EXCERPT_LINES = 500 };

/* Prints what was written to TRACE, the beginning and the end if it is longer than that, and
   closes it.  */
static inline void
excerpt (FILE *trace, FILE *out)
{
  unsigned long lines = 0, line = 0;
  int c;
  rewind (trace);
  while ((c = getc (trace)) != EOF)
    lines += c == '\n';
  rewind (trace);
  for (bool shown = true; (c = getc (trace)) != EOF;)
    {
      shown = lines <= EXCERPT_LINES || line < EXCERPT_LINES / 2 || line >= lines - EXCERPT_LINES / 2;
      if (shown)
	putc (c, out);
      if (c == '\n' && ++line == EXCERPT_LINES / 2 && lines > EXCERPT_LINES)
	fprintf (out, "... %lu lines ...\n", lines - EXCERPT_LINES);
    }
  fclose (trace);
}

#endif
