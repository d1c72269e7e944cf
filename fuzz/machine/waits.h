/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In place of pthread_cond_wait, where there is one thread: the target lets happen what is
   waited for.  */
#ifndef FUZZ_MACHINE_WAITS_H
#define FUZZ_MACHINE_WAITS_H

#include <pthread.h>

int machine_wait (pthread_cond_t *condition, pthread_mutex_t *lock);

#endif
