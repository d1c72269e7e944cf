/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time of a target that is built with clock_gettime=fuzz_clock: it passes when the target says so.  */
#ifndef FUZZ_MACHINE_CLOCK_H
#define FUZZ_MACHINE_CLOCK_H

#include <stdint.h>

extern uint64_t machine_now_ms;

#endif
