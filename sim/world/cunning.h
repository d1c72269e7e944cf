/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a node says that breaks no rule of form: other names in frames of its own, and
   frames about hand-offs, markers, deaths and windows that are none of its business.  In
   these worlds a key is the node's number and zeros, and numbers are small, so all that
   an insider could guess is guessed often.  (A file of its own: core/rights/frames.h has
   other frames than the world.)  */
#ifndef DR_SIM_CUNNING_H
#define DR_SIM_CUNNING_H

#include "sim/world/world.h"

#include <stddef.h>

#define CUNNING_BYTES_MAX 256u

struct world;
struct cunning
{
  struct world *world;
  unsigned nodes;
  uint64_t epoch[WORLD_NODES_MAX];
};

/* Puts other queues' and nodes' names into a frame.  */
void cunning_forge (struct cunning *, uint8_t *frame, size_t bytes);
/* The handle that a frame's message is for, or 0: it is no message.  */
uint64_t cunning_handle (const uint8_t *frame, size_t bytes);
/* A message to HANDLE whose reply right is somebody else's.  */
size_t cunning_message (struct cunning *, uint8_t frame[CUNNING_BYTES_MAX], uint64_t handle);
/* Makes a frame; returns its size.  */
size_t cunning_invent (struct cunning *, uint8_t frame[CUNNING_BYTES_MAX], uint64_t *stream);

#endif
