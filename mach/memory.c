/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void
give_back (struct dr_buf *buffer)
{
	vm_deallocate (mach_task_self (), (vm_address_t) buffer->data, buffer->bytes);
	free (buffer);
}

struct dr_buf *
memory_wrap (vm_address_t address, vm_size_t bytes)
{
	struct dr_buf *buffer = malloc (sizeof *buffer);

	if (buffer != NULL)
		dr_buf_wrap (buffer, (void *) address, bytes, give_back);
	return buffer;
}

void
memory_unwrap (struct dr_buf *buffer)
{
	free (buffer);
}

/* --- pages that have been touched ------------------------------------------------

   A fresh page costs a fault and a zeroing when it is first written: more than decrypting what goes
   into it.  So the pages of messages that have been delivered serve for the next ones. */

struct spare
{
	vm_address_t address;
	vm_size_t bytes;
};

static struct
{
	pthread_mutex_t lock;
	struct spare list[MEMORY_SPARES_MAX];
	unsigned count;
} spares = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Of at least BYTES, and not much more. */
static bool
take_spare (vm_size_t bytes, struct spare *spare)
{
	bool found = false;

	pthread_mutex_lock (&spares.lock);
	for (unsigned i = 0; i < spares.count && !found; i++)
		if (spares.list[i].bytes >= bytes && spares.list[i].bytes / 2 <= bytes)
		{
			*spare = spares.list[i];
			spares.list[i] = spares.list[--spares.count];
			found = true;
		}
	pthread_mutex_unlock (&spares.lock);
	return found;
}

/* One buffer of a size that nobody wants any more must not keep its place for ever: the oldest goes. */
static void
keep_spare (struct spare spare)
{
	struct spare oldest = spare;

	if (spare.bytes <= MEMORY_SPARE_BYTES_MAX)
	{
		pthread_mutex_lock (&spares.lock);
		if (spares.count < MEMORY_SPARES_MAX)
			oldest.bytes = 0;
		else
		{
			oldest = spares.list[0];
			memmove (spares.list, spares.list + 1, --spares.count * sizeof spares.list[0]);
		}
		spares.list[spares.count++] = spare;
		pthread_mutex_unlock (&spares.lock);
	}
	if (oldest.bytes > 0)
		vm_deallocate (mach_task_self (), oldest.address, oldest.bytes);
}

struct block
{
	struct dr_buf buffer;
	vm_size_t bytes;	/* of the pages: no less than the buffer's */
};

static void
give_back_block (struct dr_buf *buffer)
{
	struct block *block = (struct block *) buffer;

	keep_spare ((struct spare) { (vm_address_t) buffer->data, block->bytes });
	free (block);
}

struct dr_buf *
memory_new (vm_size_t bytes)
{
	struct block *block = malloc (sizeof *block);
	struct spare spare = { 0, bytes };

	if (block == NULL)
		return NULL;
	if (!take_spare (bytes, &spare)
		&& vm_allocate (mach_task_self (), &spare.address, spare.bytes, TRUE) != KERN_SUCCESS)
	{
		free (block);
		return NULL;
	}
	block->bytes = spare.bytes;
	dr_buf_wrap (&block->buffer, (void *) spare.address, bytes, give_back_block);
	return &block->buffer;
}
