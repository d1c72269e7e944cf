/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One short life of a world: tasks do things at random while everything that can
   be interleaved is; then all rights are dropped and all tables must be empty.  */
#ifndef RUN_H
#define RUN_H

#include "model.h"

struct run
{
  int operations;
  bool faults;			/* sessions end and begin */
  bool unreachable;		/* nodes 0 and 2 know each other by node 1 only */
  bool hostile;			/* one node's frames are tampered with */
  unsigned fail_every;		/* an allocation fails about so often; 0: never */
  long fail_at;			/* this allocation fails, once; 0: none */
};

struct world *run_new (uint64_t seed, const struct run *run);
/* Returns what went wrong, or NULL.  */
const char *run_life (struct world *w, const struct run *run);
/* Frees it; also tells.  */
const char *run_end (struct world *w);
/* Seeds FROM to TO-1; fails the test with the seed's number.  */
void run_seeds (const struct run *run, uint64_t from, uint64_t to);

#endif
