/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "paged.h"

#include "letter.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define STEP_MS 20		/* between looks at what the other thread does */
#define REQUESTS_MAX 64		/* unanswered ones */

enum { MEMORY_OBJECT_INIT = 2200, MEMORY_OBJECT_TERMINATE = 2201, MEMORY_OBJECT_DATA_REQUEST = 2203 };

struct request
{
	vm_offset_t offset;
	vm_size_t bytes;
};

struct paged
{
	pthread_mutex_t lock;
	enum paged_kind kind;
	bool answers;
	mach_port_t object, control, name;
	struct request unanswered[REQUESTS_MAX];
	int unanswered_count;
	bool asked, terminated;
	vm_address_t address;
	vm_size_t bytes;
	struct letter letter;
};

/* --- the pager's thread; all of these with the lock held ------------------------------------- */

static void
initialised (struct paged *paged)
{
	mach_msg_type_name_t disposition;

	letter_next_right (&paged->letter, &paged->control, &disposition);
	letter_next_right (&paged->letter, &paged->name, &disposition);
	/* a delayed copy: the memory stays ours while it travels */
	memory_object_ready (paged->control, FALSE, MEMORY_OBJECT_COPY_DELAY);
}

static bool
next_word (struct letter *letter, uint64_t *value)
{
	struct letter_item item;

	if (!letter_next (letter, &item) || item.bytes != sizeof *value)
		return false;
	*value = *(uint64_t *) item.data;
	return true;
}

static void
requested (struct paged *paged)
{
	mach_msg_type_name_t disposition;
	mach_port_t control;
	uint64_t offset, bytes;

	if (!letter_next_right (&paged->letter, &control, &disposition))
		return;
	mach_port_deallocate (mach_task_self (), control);
	if (!next_word (&paged->letter, &offset) || !next_word (&paged->letter, &bytes))
		return;
	paged->asked = true;
	if (paged->kind == PAGED_FAILS)
		memory_object_data_error (paged->control, offset, bytes, KERN_FAILURE);
	else if (paged->answers)
		memory_object_data_unavailable (paged->control, offset, bytes);
	else if (paged->unanswered_count < REQUESTS_MAX)
		paged->unanswered[paged->unanswered_count++] = (struct request) { offset, bytes };
}

static void
terminate (struct paged *paged)
{
	mach_msg_destroy (&paged->letter.header);	/* the receive rights of control and name */
	mach_port_deallocate (mach_task_self (), paged->control);
	mach_port_deallocate (mach_task_self (), paged->name);
	mach_port_mod_refs (mach_task_self (), paged->object, MACH_PORT_RIGHT_RECEIVE, -1);
	paged->terminated = true;
}

static void *
serve (void *argument)
{
	struct paged *paged = argument;
	bool more = true;

	while (more)
	{
		if (letter_receive (&paged->letter, paged->object, 1000000) != MACH_MSG_SUCCESS)
			continue;
		pthread_mutex_lock (&paged->lock);
		switch (paged->letter.header.msgh_id)
		{
		case MEMORY_OBJECT_INIT:
			initialised (paged);
			break;
		case MEMORY_OBJECT_DATA_REQUEST:
			requested (paged);
			break;
		case MEMORY_OBJECT_TERMINATE:
			terminate (paged);
			more = false;
			break;
		default:
			mach_msg_destroy (&paged->letter.header);
		}
		pthread_mutex_unlock (&paged->lock);
	}
	return NULL;
}

/* --- the test's side ---------------------------------------------------------------------------- */

struct paged *
paged_new (enum paged_kind kind, vm_size_t bytes, vm_address_t *address)
{
	struct paged *paged = calloc (1, sizeof *paged);
	pthread_t thread;
	kern_return_t result;

	if (paged == NULL)
		return NULL;
	pthread_mutex_init (&paged->lock, NULL);
	paged->kind = kind;
	paged->bytes = bytes;
	if (mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &paged->object) != KERN_SUCCESS
		|| pthread_create (&thread, NULL, serve, paged) != 0)
		return NULL;
	pthread_detach (thread);
	mach_port_insert_right (mach_task_self (), paged->object, paged->object, MACH_MSG_TYPE_MAKE_SEND);
	result = vm_map (mach_task_self (), &paged->address, bytes, 0, TRUE, paged->object, 0, FALSE,
		VM_PROT_READ | VM_PROT_WRITE, VM_PROT_READ | VM_PROT_WRITE, VM_INHERIT_NONE);
	mach_port_deallocate (mach_task_self (), paged->object);
	*address = paged->address;
	return result == KERN_SUCCESS ? paged : NULL;
}

static bool
comes_true (struct paged *paged, const bool *condition, unsigned timeout_ms)
{
	bool now = false;

	for (unsigned waited = 0; !now && waited <= timeout_ms; waited += STEP_MS)
	{
		if (waited > 0)
			usleep (STEP_MS * 1000);
		pthread_mutex_lock (&paged->lock);
		now = *condition;
		pthread_mutex_unlock (&paged->lock);
	}
	return now;
}

bool
paged_was_asked (struct paged *paged, unsigned timeout_ms)
{
	return comes_true (paged, &paged->asked, timeout_ms);
}

void
paged_answer (struct paged *paged)
{
	pthread_mutex_lock (&paged->lock);
	paged->answers = true;
	while (paged->unanswered_count > 0)
	{
		struct request request = paged->unanswered[--paged->unanswered_count];

		memory_object_data_unavailable (paged->control, request.offset, request.bytes);
	}
	pthread_mutex_unlock (&paged->lock);
}

void
paged_give_up (struct paged *paged)
{
	pthread_mutex_lock (&paged->lock);
	paged->kind = PAGED_FAILS;
	while (paged->unanswered_count > 0)
	{
		struct request request = paged->unanswered[--paged->unanswered_count];

		memory_object_data_error (paged->control, request.offset, request.bytes, KERN_FAILURE);
	}
	pthread_mutex_unlock (&paged->lock);
}

bool
paged_end (struct paged *paged, unsigned timeout_ms)
{
	vm_deallocate (mach_task_self (), paged->address, paged->bytes);
	if (!comes_true (paged, &paged->terminated, timeout_ms))
		return false;
	free (paged);
	return true;
}
