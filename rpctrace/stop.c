/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stop.h"

#include "limits.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* Freed by who leaves last. */
struct stopping
{
	pthread_mutex_t lock;
	pthread_cond_t changed;
	mach_port_t task;
	kern_return_t result;
	bool done, left;
};

static void
leave (struct stopping *stopping)
{
	bool last = stopping->left;

	stopping->left = true;
	pthread_mutex_unlock (&stopping->lock);
	if (!last)
		return;
	mach_port_deallocate (mach_task_self (), stopping->task);
	pthread_cond_destroy (&stopping->changed);
	pthread_mutex_destroy (&stopping->lock);
	free (stopping);
}

static void *
suspend (void *argument)
{
	struct stopping *stopping = argument;
	kern_return_t result = task_suspend (stopping->task);

	pthread_mutex_lock (&stopping->lock);
	stopping->result = result;
	stopping->done = true;
	pthread_cond_signal (&stopping->changed);
	leave (stopping);
	return NULL;
}

static bool
wait_for (struct stopping *stopping)
{
	struct timespec until;
	bool good;

	clock_gettime (CLOCK_REALTIME, &until);
	until.tv_sec += STOP_MS / 1000;
	pthread_mutex_lock (&stopping->lock);
	while (!stopping->done && pthread_cond_timedwait (&stopping->changed, &stopping->lock, &until) == 0)
		;
	good = stopping->done && stopping->result == KERN_SUCCESS;
	/* the one that is suspending is let go by this too */
	if (!stopping->done)
		task_resume (stopping->task);
	leave (stopping);
	return good;
}

bool
stop_task (mach_port_t task)
{
	struct stopping *stopping = calloc (1, sizeof *stopping);
	pthread_t thread;

	if (stopping == NULL)
		return false;
	/* A reference of a dead name's is not ours to give back. */
	if (mach_port_mod_refs (mach_task_self (), task, MACH_PORT_RIGHT_SEND, 1) != KERN_SUCCESS)
	{
		free (stopping);
		return false;
	}
	pthread_mutex_init (&stopping->lock, NULL);
	pthread_cond_init (&stopping->changed, NULL);
	stopping->task = task;
	if (pthread_create (&thread, NULL, suspend, stopping) == 0)
	{
		pthread_detach (thread);
		return wait_for (stopping);
	}
	stopping->left = true;
	pthread_mutex_lock (&stopping->lock);
	leave (stopping);
	return false;
}
