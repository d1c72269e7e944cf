/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other network of a world: each node has a real endpoint of core/link, and what
   travels are its sealed datagrams, of which any may be lost, repeated, late or spoilt.
   Sessions come and go as the endpoints find.  network.c hands over to these when the
   world has links.  */
#ifndef DR_SIM_LINKS_H
#define DR_SIM_LINKS_H

#include "sim/world/internal.h"

/* The node has just been booted: with a new endpoint of the same key.  */
void links_boot (struct world *, unsigned node);
/* It went down, without a word to its peers.  */
void links_crash (struct world *, unsigned node);
bool links_session_between (struct world *, unsigned a, unsigned b, uint64_t *id_at_a);
/* Takes the reference.  */
void links_send (struct world *, unsigned node, uint64_t session, uint64_t stream,
		 struct dr_buf *, bool lazy);
/* A random session of the node's is closed by it.  */
void links_cut (struct world *, unsigned node);
/* Something that may happen next.  True: it matters to more than the links.  */
bool links_step (struct world *);
void links_tick (struct world *);
void links_free (struct world *);

#endif
