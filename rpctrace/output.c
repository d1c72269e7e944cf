/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include "limits.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH_BYTES 16384		/* written at once */
#define SMALL_BATCH_BYTES 4096		/* to what may be slow: each is a sign of life */

struct output
{
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	int fd;
	bool broken;			/* the file cannot be written */
	bool writing;
	bool patient, flushing;
	bool never_wait;
	char *ring;
	size_t first, count;		/* what is not written yet */
	bool in_line;			/* a line has been begun, and has no end yet, */
	bool skips_line;		/* and is dropped */
	bool drops;			/* until there is room again */
	unsigned long missing;		/* lines dropped, not told yet */
};

/* With the lock held and something to write. */
static void
write_some (struct output *output)
{
	size_t bytes = output->count, batch = output->patient ? BATCH_BYTES : SMALL_BATCH_BYTES;
	char *from = output->ring + output->first;
	ssize_t done;

	if (bytes > OUTPUT_BYTES_MAX - output->first)
		bytes = OUTPUT_BYTES_MAX - output->first;
	if (bytes > batch)
		bytes = batch;
	output->writing = true;
	pthread_mutex_unlock (&output->lock);
	done = write (output->fd, from, bytes);
	if (done < 0 && errno == EAGAIN)
	{
		poll (&(struct pollfd) { .fd = output->fd, .events = POLLOUT }, 1, -1);
		done = 0;
	}
	else if (done < 0 && errno == EINTR)
		done = 0;
	pthread_mutex_lock (&output->lock);
	output->writing = false;
	if (done < 0)
		output->broken = true;
	if (output->broken)
		done = bytes;
	if (done == 0)
		return;
	output->first = (output->first + done) % OUTPUT_BYTES_MAX;
	output->count -= done;
	pthread_cond_broadcast (&output->emptied);
}

static struct timespec
in_ms (unsigned ms)
{
	struct timespec then;

	clock_gettime (CLOCK_REALTIME, &then);
	then.tv_sec += ms / 1000;
	then.tv_nsec += ms % 1000 * 1000000L;
	then.tv_sec += then.tv_nsec / 1000000000;
	then.tv_nsec %= 1000000000;
	return then;
}

/* With the lock held. */
static void
wait_for_more (struct output *output)
{
	struct timespec until = in_ms (OUTPUT_DELAY_MS);

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

static size_t
room (const struct output *output)
{
	return OUTPUT_BYTES_MAX - output->count;
}

/* For a new line, with the lock held. */
static bool
has_room (struct output *output)
{
	if (output->drops)
		output->drops = room (output) < OUTPUT_BYTES_MAX / 2;
	while (!output->drops && room (output) < OUTPUT_LINE_BYTES_MAX)
	{
		struct timespec until = in_ms (OUTPUT_STALL_MS);

		output->drops = output->never_wait
			|| pthread_cond_timedwait (&output->emptied, &output->lock, &until) == ETIMEDOUT;
	}
	return !output->drops;
}

static void
append (struct output *output, const char *text, size_t bytes)
{
	while (bytes > 0)
	{
		size_t at = (output->first + output->count) % OUTPUT_BYTES_MAX;
		size_t some = OUTPUT_BYTES_MAX - at < bytes ? OUTPUT_BYTES_MAX - at : bytes;

		memcpy (output->ring + at, text, some);
		if (output->count == 0 || (output->count < BATCH_BYTES && output->count + some >= BATCH_BYTES))
			pthread_cond_signal (&output->filled);
		output->count += some;
		text += some;
		bytes -= some;
	}
}

void
output_put (struct output *output, const char *text, size_t bytes)
{
	if (bytes == 0)
		return;
	pthread_mutex_lock (&output->lock);
	if (!output->in_line)
	{
		output->skips_line = !has_room (output);
		output->missing += output->skips_line;
	}
	output->in_line = text[bytes - 1] != '\n';
	if (!output->skips_line && bytes <= room (output))
		append (output, text, bytes);
	pthread_mutex_unlock (&output->lock);
}

void
output_never_wait (struct output *output)
{
	pthread_mutex_lock (&output->lock);
	output->never_wait = true;
	pthread_mutex_unlock (&output->lock);
}

unsigned long
output_missing (struct output *output)
{
	unsigned long missing = 0;

	pthread_mutex_lock (&output->lock);
	if (output->missing > 0 && room (output) >= OUTPUT_BYTES_MAX / 2)
	{
		missing = output->missing;
		output->missing = 0;
	}
	pthread_mutex_unlock (&output->lock);
	return missing;
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
