/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include "limits.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH_BYTES 16384		/* written at once */

struct output
{
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	int fd;
	bool broken;			/* the file cannot be written */
	bool writing;
	bool patient, flushing;
	char *ring;
	size_t first, count;		/* what is not written yet */
};

/* With the lock held and something to write. */
static void
write_some (struct output *output)
{
	size_t bytes = output->count;
	char *from = output->ring + output->first;
	ssize_t done;

	if (bytes > OUTPUT_BYTES_MAX - output->first)
		bytes = OUTPUT_BYTES_MAX - output->first;
	if (bytes > BATCH_BYTES)
		bytes = BATCH_BYTES;
	output->writing = true;
	pthread_mutex_unlock (&output->lock);
	done = write (output->fd, from, bytes);
	pthread_mutex_lock (&output->lock);
	output->writing = false;
	if (done < 0 && errno != EINTR && errno != EAGAIN)
		output->broken = true;
	if (output->broken)
		done = bytes;
	if (done > 0)
	{
		output->first = (output->first + done) % OUTPUT_BYTES_MAX;
		output->count -= done;
	}
	pthread_cond_broadcast (&output->emptied);
}

/* With the lock held. */
static void
wait_for_more (struct output *output)
{
	struct timespec until;

	clock_gettime (CLOCK_REALTIME, &until);
	until.tv_nsec += OUTPUT_DELAY_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (output->count < BATCH_BYTES && !output->flushing
		&& pthread_cond_timedwait (&output->filled, &output->lock, &until) == 0)
		;
}

static void *
write_all (void *argument)
{
	struct output *output = argument;

	pthread_mutex_lock (&output->lock);
	for (;;)
	{
		while (output->count == 0)
			pthread_cond_wait (&output->filled, &output->lock);
		if (output->patient)
			wait_for_more (output);
		write_some (output);
	}
	return NULL;
}

struct output *
output_new (int fd, bool patient)
{
	struct output *output = calloc (1, sizeof *output);
	pthread_t thread;

	if (output == NULL || (output->ring = malloc (OUTPUT_BYTES_MAX)) == NULL)
		return NULL;
	output->fd = fd;
	output->patient = patient;
	pthread_mutex_init (&output->lock, NULL);
	pthread_cond_init (&output->filled, NULL);
	pthread_cond_init (&output->emptied, NULL);
	if (pthread_create (&thread, NULL, write_all, output) != 0)
		return NULL;
	pthread_detach (thread);
	return output;
}

void
output_put (struct output *output, const char *text, size_t bytes)
{
	pthread_mutex_lock (&output->lock);
	while (bytes > 0)
	{
		size_t at = (output->first + output->count) % OUTPUT_BYTES_MAX;
		size_t room = OUTPUT_BYTES_MAX - output->count;

		if (room == 0)
		{
			pthread_cond_wait (&output->emptied, &output->lock);
			continue;
		}
		if (room > OUTPUT_BYTES_MAX - at)
			room = OUTPUT_BYTES_MAX - at;
		if (room > bytes)
			room = bytes;
		memcpy (output->ring + at, text, room);
		if (output->count == 0 || (output->count < BATCH_BYTES && output->count + room >= BATCH_BYTES))
			pthread_cond_signal (&output->filled);
		output->count += room;
		text += room;
		bytes -= room;
	}
	pthread_mutex_unlock (&output->lock);
}

void
output_flush (struct output *output)
{
	pthread_mutex_lock (&output->lock);
	output->flushing = true;
	pthread_cond_signal (&output->filled);
	while (output->count > 0 || output->writing)
		pthread_cond_wait (&output->emptied, &output->lock);
	output->flushing = false;
	pthread_mutex_unlock (&output->lock);
}
