/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world: nodes, a network between them, random tasks on them, and faults.  One seed
   decides everything.  First it runs under faults; then the faults end and it must
   come to rest with every invariant true; then all tasks end and nothing may be left.  */
#ifndef DR_SIM_WORLD_H
#define DR_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define WORLD_NODES_MAX 4u

struct turns;

struct world_options
{
  uint64_t seed;
  unsigned nodes;		/* 1 .. WORLD_NODES_MAX */
  unsigned steps;		/* under faults */
  bool cuts, crashes, memory;	/* which faults there are */
  bool moves;			/* receive rights travel */
  bool link;			/* by real links over datagrams, instead of whole frames */
  bool slow;			/* slow receivers and nodes, short queues */
  bool wide;			/* also the rarer operations on names */
  bool returns;			/* receive rights are wanted back when they are destroyed */
  bool far;			/* data out of line */
  bool sparse;			/* a node asks only the next one for its root: other
				   sessions are there only where rights need them */
  bool sealed;			/* names of queues cannot be guessed, as in a real node */
  bool hostile;			/* the last node breaks the protocol */
  struct turns *turns;		/* noted, or replayed in parts (turns.h); or NULL */
  FILE *trace;			/* every event, or NULL */
  bool dump;			/* trace what every engine knows when an invariant breaks */
  FILE *frames;			/* what node 0 sends node 1, as fuzz/fuzz_rights.c reads
				   it; or NULL */
};

struct world_result
{
  char violated[8];		/* "R1" ..., "" when all held */
  char what[160];
  uint64_t steps;		/* taken, the coming to rest included */
  uint64_t events;		/* into the engines, and actions out of them */
  uint64_t messages;		/* that tasks received from tasks */
  uint64_t hostile_frames, hostile_closed;
  unsigned memory_percent;	/* of the bound, at the most */
};

/* Runs one world to its end.  True: no invariant was violated.  */
bool world_run (const struct world_options *, struct world_result *);

#endif
