/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clock.h"

#include <time.h>

uint64_t machine_now_ms = 1000;

/* In place of clock_gettime, whose declaration is this one's.  */
int
fuzz_clock (clockid_t clock, struct timespec *now)
{
  *now = (struct timespec) { (time_t) (machine_now_ms / 1000), (long) (machine_now_ms % 1000) * 1000000 };
  return 0;
}
