/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Out-of-line memory that came in a message may belong to anybody's pager: touching it can wait for
   ever, or fail.  Here it is touched once, under guard, before anything relies on it. */
#ifndef DR_MACH_RESIDENT_H
#define DR_MACH_RESIDENT_H

#include <mach.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes over SIGBUS and SIGSEGV of the program; outside of a guarded touch they end it as before. */
void resident_prepare (void);

/* Whether a received MESSAGE has out-of-line memory that its sender provided. */
bool resident_needed (const mach_msg_header_t *message);

/* Touches all such memory of MESSAGE, waiting for its pagers as long as they take.  True: from now on
   the pages are private, and no pager of the sender's is asked again.  False: some of it cannot be
   had. */
bool resident_touch (const mach_msg_header_t *message);

/* Copies memory that may be anybody's pager's.  False: some of it cannot be had. */
bool resident_copy (void *to, const void *from, size_t bytes);

#endif
