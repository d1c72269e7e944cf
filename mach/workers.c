/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/workers.h"

#include <pthread.h>
#include <stdlib.h>

#define WORKER_STACK_BYTES (64 * 1024)

struct workers
{
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_attr_t attributes;
	struct job *first, **last;
	size_t waiting;
	unsigned threads, idle, threads_max;
};

/* With the lock held. */
static struct job *
take_job (struct workers *workers)
{
	struct job *job = workers->first;

	workers->first = job->next;
	if (workers->first == NULL)
		workers->last = &workers->first;
	workers->waiting--;
	return job;
}

static void *
work (void *argument)
{
	struct workers *workers = argument;

	pthread_mutex_lock (&workers->lock);
	for (;;)
	{
		while (workers->first != NULL)
		{
			struct job *job = take_job (workers);

			pthread_mutex_unlock (&workers->lock);
			job->run (job);
			pthread_mutex_lock (&workers->lock);
		}
		if (workers->idle >= WORKERS_IDLE_MAX)
			break;
		workers->idle++;
		pthread_cond_wait (&workers->work, &workers->lock);
		workers->idle--;
	}
	workers->threads--;
	pthread_mutex_unlock (&workers->lock);
	return NULL;
}

/* With the lock held. */
static bool
add_thread (struct workers *workers)
{
	pthread_t thread;

	if (pthread_create (&thread, &workers->attributes, work, workers) != 0)
		return false;
	workers->threads++;
	return true;
}

struct workers *
workers_create (unsigned threads_max)
{
	struct workers *workers = calloc (1, sizeof *workers);
	bool good;

	if (workers == NULL)
		return NULL;
	workers->last = &workers->first;
	workers->threads_max = threads_max;
	pthread_mutex_init (&workers->lock, NULL);
	pthread_cond_init (&workers->work, NULL);
	pthread_attr_init (&workers->attributes);
	pthread_attr_setdetachstate (&workers->attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize (&workers->attributes, WORKER_STACK_BYTES);
	pthread_mutex_lock (&workers->lock);
	good = add_thread (workers);	/* so that a later failure to make one is only a delay */
	pthread_mutex_unlock (&workers->lock);
	if (good)
		return workers;
	free (workers);
	return NULL;
}

void
workers_submit (struct workers *workers, struct job *job)
{
	job->next = NULL;
	pthread_mutex_lock (&workers->lock);
	*workers->last = job;
	workers->last = &job->next;
	workers->waiting++;
	if (workers->waiting > workers->idle && workers->threads < workers->threads_max)
		add_thread (workers);
	pthread_cond_signal (&workers->work);
	pthread_mutex_unlock (&workers->lock);
}

void
workers_status (struct workers *workers, struct workers_status *status)
{
	pthread_mutex_lock (&workers->lock);
	*status = (struct workers_status) { workers->threads, workers->idle, workers->waiting };
	pthread_mutex_unlock (&workers->lock);
}
