/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small worlds that are explored: what each node's task does, in order.  The
   explorer decides when.  */
#ifndef DR_SIM_SCRIPTS_H
#define DR_SIM_SCRIPTS_H

#include "sim/world/internal.h"

enum verb
{
  END,
  GIVE,			/* a send right to port P to the root task of node TO */
  GIVE_ONCE,		/* a send-once right, from the receive right */
  PASS_ONCE,		/* the send-once right it has */
  USE_ONCE,		/* a message to it */
  MOVE,			/* the receive right */
  SEND,			/* a message to port P */
  DROP,			/* all send rights to port P */
  KILL,			/* the receive right */
  WATCH,		/* no-senders, from P to itself */
  CUT,			/* the session between the nodes PORT and TO dies */
  CRASH,		/* the node PORT loses everything and starts again */
};

struct operation
{
  enum verb verb;
  unsigned port;		/* 0 or 1 */
  unsigned to;
};

enum { OPERATIONS_MAX = 8, ACTORS_MAX = 5, PORTS = 2 };

struct script
{
  const char *name;
  unsigned nodes;
  /* Of each node, in that order; the last one is fate: what it does comes at any time.  */
  struct operation actor[ACTORS_MAX][OPERATIONS_MAX];
};

extern const struct script scripts[];
extern const unsigned scripts_count;

/* Port P is made by node P's task.  True if it did the actor's operation NUMBER; false:
   not possible now.  */
bool script_step (struct world *, const struct script *, unsigned actor, unsigned number,
		  const uid *ports);

#endif
