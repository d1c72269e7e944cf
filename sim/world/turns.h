/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a world's life that can be left out one by one, so that a failure can be
   shrunk to what it takes.

   A step has a turn of each kind below.  While a world is *recorded* the random number
   generator's state is noted at each turn; when it is *replayed* a turn that is kept
   starts from that state again, so it chooses as it did, whatever was left out before.  */
#ifndef DR_SIM_TURNS_H
#define DR_SIM_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum turn
{
  TURN_DO,			/* a task's, the network's or a node's step */
  TURN_WIDE,			/* what the task does besides */
  TURN_TASK,			/* what it does */
  TURN_RIGHT,			/* the first right in a message; two more follow */
  TURN_ARRAY = TURN_RIGHT + 3,
  TURN_REPLY,
  TURN_FAULT,			/* whom the faults of this step are about; never left out */
  TURN_CRASH, TURN_END, TURN_CUT, TURN_MEMORY, TURN_HOSTILE, TURN_SLOW, TURN_DEAF,
  TURN_TIME,
  TURN_RETURN,			/* what a task does about receive rights that come back */
  TURNS
};

/* A letter for each, in a list of turns to keep.  */
#define TURN_LETTERS "dworsuay.xecmhlftb"

struct turns
{
  unsigned steps;
  bool replay;
  /* A row of TURNS for each step, one for the end of the world (converge.c), and the state
     when the faults end; 0: not reached.  */
  uint64_t *random;
  uint32_t *keep;		/* a row too, a bit for each kind; when replayed */
};

static inline size_t
turns_words (unsigned steps)
{
  return ((size_t) steps + 1) * TURNS + 1;
}

struct turns *turns_new (unsigned steps);
void turns_free (struct turns *);
/* How many turns are kept, and in how many steps.  */
unsigned turns_kept (const struct turns *, unsigned *steps);
/* The list as text, "3dw,17t"; the caller frees it.  */
char *turns_text (const struct turns *);
/* Keeps what TEXT lists.  False: it is no such list.  */
bool turns_parse (struct turns *, const char *text);

#endif
