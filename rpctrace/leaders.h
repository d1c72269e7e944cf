/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads that receive, one at a time.  All is called with the relay's lock held. */
#ifndef RPCTRACE_LEADERS_H
#define RPCTRACE_LEADERS_H

#include "relay.h"

/* Another thread becomes the leader.  When none can be made the old one stays, and it can be tried again. */
void leaders_next (struct relay *relay);

/* Whether the calling thread is the one that receives. */
bool leaders_lead (const struct relay *relay);

mach_port_t leaders_this_thread (void);

/* Starts the thread that sees to it that somebody receives.  False: no threads. */
bool leaders_watch (struct relay *relay);

#endif
