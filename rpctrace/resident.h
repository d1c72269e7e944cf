/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RPCTRACE_RESIDENT_H
#define RPCTRACE_RESIDENT_H

/* This process needs no file server any more for its own program's pages: it may be about to trace the
   one that they come from, and would wait for itself. */
void resident_make (void);

#endif
