/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world that broke an invariant, made as small as can be found.  */
#ifndef DR_SIM_SHRINK_H
#define DR_SIM_SHRINK_H

#include "sim/world/world.h"

/* What a world may have, as --faults names it.  */
struct feature { const char *name; size_t at; uint32_t bits; };
extern const struct feature features[];
extern const unsigned features_count;
bool *feature_of (struct world_options *, const struct feature *);

/* Runs the world in a process of its own.  An engine that ends the process violates
   "crash".  */
bool run_apart (const struct world_options *, struct world_result *);

/* Notes the turns of the world of OPTIONS, which then may be left out.  */
struct turns *record_turns (const struct world_options *);

/* Looks for less that still breaks what FOUND says: features, steps, other seeds, then
   single turns of *O, whose list becomes o->turns.  */
void shrink (struct world_options *o, struct world_result *found);

#endif
