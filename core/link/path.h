/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How large a session's datagrams may be: packetization layer path MTU discovery for datagram
   transports (RFC 8899).  Larger sizes are tried one after the other, each by a datagram that
   carries nothing else; its loss says nothing about congestion.  When what is larger than the
   base gets lost again and again the path has changed: back to the base.  */
#ifndef DR_LINK_PATH_H
#define DR_LINK_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/link/limits.h"

struct path
{
  uint32_t base, most;		/* sure to pass; the largest that is tried */
  uint32_t bytes;		/* what datagrams may have now */
  uint32_t trying;		/* a datagram of this size is under way; 0: none */
  unsigned tries;		/* of the next size that got lost */
  unsigned lost;		/* datagrams larger than the base, in a row */
  uint64_t at;			/* when the next size may be tried */
};

/* MOST at most BASE: nothing is tried.  */
void path_init (struct path *p, uint32_t base, uint32_t most);

/* The size to be tried now; 0: none.  It is taken for sent.  */
uint32_t path_try (struct path *p, uint64_t now);

/* A datagram of BYTES that tried a size arrived; or it is lost.  */
void path_passed (struct path *p, uint64_t now, uint32_t bytes);
void path_failed (struct path *p, uint64_t now);

/* Of the other datagrams larger than the base so many arrived, or were lost.  */
void path_used (struct path *p, uint64_t now, unsigned arrived, unsigned lost);

/* When path_try should be called; UINT64_MAX: not before something else happens.  */
uint64_t path_deadline (const struct path *p);

#endif
