/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a send-once right leads to cannot be asked.  But when it leads to one of our ports, a message
   through it comes back to us: it is used up, and we know for what. */
#ifndef RPCTRACE_RECALL_H
#define RPCTRACE_RECALL_H

#include "relay.h"

/* NAME, a send-once right of ours that leads to one of our ports, is given up.  With the lock held, which
   is let go meanwhile; no end may be paused.  Another one for the same thing, without an end of ours for
   it; NAME itself, when it is dead; null when it led elsewhere, or has not come back yet.
   *ORIGIN is who had sent on the one that came out, which may lead to one of our ports again; NULL: it does not. */
mach_port_t recall_once (struct relay *relay, mach_port_t name, const struct party **origin);

/* After a null: looks again, RECALL_LOOK_MS later.  Another tracer, which traces us or once did, passes on what
   was asked of the kernel before it let us go, and takes its time. */
mach_port_t recall_later (struct relay *relay, const struct party **origin);

/* What comes too late from now on is nobody's. */
void recall_end (struct relay *relay);

/* With the lock held, which is let go meanwhile: what was received until now has been looked at.  The thread
   that receives has nothing else in its hands than what it calls for. */
void recall_fence (struct relay *relay);

/* HEADER came to the rights' notices. */
void recall_notice (struct relay *relay, const mach_msg_header_t *header);

/* Whether HEADER, received from an end, was a message of recall_once; then it is done with. */
bool recall_came (struct relay *relay, struct end *end, const mach_msg_header_t *header);

#endif
