/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DR_SIM_KERNEL_CHECK_H
#define DR_SIM_KERNEL_CHECK_H

#include "sim/kernel/kernel.h"

/* NULL when every count of KERNEL is what its tasks, messages and requests add up
   to; else what is wrong.  */
const char *mk_check (struct mk *kernel);

/* Passes what decides the kernel's future to ABSORB; ports are numbered in the order in
   which they are met, from the oldest task's lowest name on.  */
void mk_digest (struct mk *, void (*absorb) (void *, const void *, size_t), void *ctx);

#endif
