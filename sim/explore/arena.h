/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All memory of one world, so that the world can be put back to where it was.

   The explorer is linked with --wrap for malloc and its kin: whatever the model, the
   driver and the engines allocate comes from here.  A snapshot is a copy of the used
   part; putting it back puts every pointer back too, since the arena never moves.  */
#ifndef DR_SIM_ARENA_H
#define DR_SIM_ARENA_H

#include <stddef.h>

void arena_open (void);
size_t arena_used (void);		/* bytes that arena_save writes */
void arena_save (void *copy);
void arena_restore (const void *copy);
/* Forgets everything.  */
void arena_reset (void);

/* Memory of the explorer's own, outside the arena.  Aborts when there is none.  */
void *outside_alloc (size_t bytes);
void *outside_realloc (void *p, size_t bytes);
void outside_free (void *p);

#endif
