/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which worlds there are: by a seed, and the small ones that are explored.  */
#ifndef SIM_PAGES_SETTINGS_H
#define SIM_PAGES_SETTINGS_H

#include "sim/pages/model.h"

/* KERNELS and STEPS 0: by the seed.  */
struct options options_of (uint64_t seed, unsigned kernels, unsigned steps);
/* Looks for a shorter run that breaks the same.  */
void shrink (struct options *options, struct result *result);

struct options small_world (unsigned kernels, unsigned pages);
/* Each thing in the LIST once.  */
struct budget budget_of (const char *list);

#endif
