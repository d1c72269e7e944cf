/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packet numbers of a session have been seen.  A number that fell out of
   the window below counts as seen.  */
#ifndef DR_LINK_REPLAY_H
#define DR_LINK_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/link/limits.h"

/* The word of the newest number is being filled while the oldest one is used
   up, so one word less than there are is certain.  */
#define REPLAY_WINDOW ((LINK_REPLAY_WORDS - 1) * 64u)

struct replay
{
  uint64_t top;				/* greatest number seen; 0: none */
  uint64_t seen[LINK_REPLAY_WORDS];	/* ring of bits */
};

/* Whether NUMBER may be accepted.  */
bool replay_fresh (const struct replay *r, uint64_t number);

/* NUMBER was accepted (it authenticated; not before).  */
void replay_mark (struct replay *r, uint64_t number);

#endif
