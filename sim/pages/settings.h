/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which worlds there are: by a seed, and the small ones that are explored.  */
#ifndef SIM_PAGES_SETTINGS_H
#define SIM_PAGES_SETTINGS_H

#include "sim/pages/model.h"

/* KERNELS and STEPS 0: by the seed.  */
struct options options_of (uint64_t seed, unsigned kernels, unsigned steps);

/* --- shrink.c ------------------------------------------------------------------- */

/* Runs the world of OPTIONS and notes its steps, for parts of it to be replayed.  */
struct noted *note_steps (const struct options *options);
void noted_free (struct noted *noted);
unsigned noted_kept (const struct noted *noted);
void noted_print (const struct noted *noted, FILE *out);
/* Keeps the steps of LIST only.  False: it is no such list.  */
bool noted_keep (struct noted *noted, const char *list);
/* Looks for a shorter run that breaks the same; then OPTIONS->noted has its steps.  */
void shrink (struct options *options, struct result *result);

struct options small_world (unsigned kernels, unsigned pages);
/* Each thing in the LIST once.  */
struct budget budget_of (const char *list);

#endif
