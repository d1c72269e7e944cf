/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/pages/settings.h"

#include <string.h>

enum { STEPS_LEAST = 200 };

struct options
options_of (uint64_t seed, unsigned kernels, unsigned steps)
{
  uint64_t bits = seed * 0x9e3779b97f4a7c15u;
  bits ^= bits >> 32;
  static const uint64_t holds[] = { 0, 20, 100, 0 };
  static const unsigned aheads[] = { 1, 1, 2, 8 };
  struct options o = {
    .seed = seed,
    .kernels = kernels ? kernels : 2 + (unsigned) (bits & 1) + (unsigned) (bits >> 1 & 1),
    .pages = 1 + (unsigned) (bits >> 2 & 3) + 4 * (unsigned) (bits >> 4 & 1),
    .threads = 1 + (unsigned) (bits >> 5 & 1),
    .steps = steps ? steps : (unsigned) STEPS_LEAST << (bits >> 6 & 3),
    .evictions = bits >> 8 & 3, .calls = bits >> 10 & 1, .leaving = bits >> 11 & 1,
    .deaths = (bits >> 12 & 3) == 3, .silence = (bits >> 14 & 3) == 3,
    .store_fails = (bits >> 16 & 3) == 3 ? 10 : 0, .memory_fails = (bits >> 18 & 3) == 3 ? 8 : 0,
    .read_only = (bits >> 20 & 3) == 3, .notify = (bits >> 22 & 3) == 3,
    .unlocks = (bits >> 24 & 3) == 3, .hold_us = holds[bits >> 26 & 3],
    .ahead = aheads[bits >> 28 & 3], .limit_us = 20000,
  };
  return o;
}

struct options
small_world (unsigned kernels, unsigned pages)
{
  return (struct options) { .kernels = kernels, .pages = pages, .threads = 1, .ahead = 1,
			    .limit_us = 1000 };
}

struct budget
budget_of (const char *list)
{
  return (struct budget) {
    .evictions = strstr (list, "evict") != NULL, .ticks = strstr (list, "time") != NULL,
    .calls = strstr (list, "call") != NULL, .deaths = strstr (list, "die") != NULL,
    .silences = strstr (list, "silent") != NULL, .leaves = strstr (list, "leave") != NULL,
    .store_fails = strstr (list, "fail") != NULL,
  };
}
