/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way back from attach.h.  Takes the lock itself. */
#ifndef RPCTRACE_DETACH_H
#define RPCTRACE_DETACH_H

#include "relay.h"

/* Every tracked task gets its own rights back. */
void detach_all (struct relay *relay);

/* Whether something still comes through us: answers to what a task had asked for while it was traced,
   and what was under way.  The relay has to go on as long.  Takes the lock itself. */
bool detach_is_needed (struct relay *relay);

#endif
