/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/objects.h"

#include "core/pages/many.h"
#include "mach/resident.h"

#include <mach/mig_errors.h>
#include <mach_debug/mach_debug.h>
#include <stdlib.h>
#include <string.h>

/* What kernels say to pagers (memory_object.defs), and kernels to themselves by the same numbers. */
enum
{
	ID_FIRST = 2200, ID_INIT = 2200, ID_DATA_REQUEST = 2203, ID_DATA_UNLOCK = 2204, ID_DATA_RETURN = 2208,
	ID_LAST = 2299,
};

/* Types of kernel objects (mach_port_kernel_object).  A port is a memory object as long as it is mapped. */
enum { KERNEL_OBJECT_NONE = 0, KERNEL_OBJECT_MEMORY = 8, KERNEL_OBJECT_PAGER_PROXY = 27 };

#define PAGES_AT_ONCE_MAX 64
#define ANSWER_MS 2000			/* for a pager to say whether it is for many kernels */
#define REFUSED KERN_FAILURE

struct stand_in
{
	mach_port_t object;		/* a send right of ours */
	vm_prot_t access;		/* what may be done with it here; VM_PROT_NONE: nothing */
	vm_address_t anchor;		/* a page that keeps the object mapped */
	unsigned users;			/* threads that are at it, and one more unless it is gone */
};

void
objects_init (struct objects *objects)
{
	pthread_mutex_init (&objects->lock, NULL);
	objects->stand_ins = (struct map) { 0 };
}

static bool
is_about_memory (int32_t id)
{
	return id >= ID_FIRST && id <= ID_LAST;
}

bool
objects_look_at (struct objects *objects, mach_port_t name, int32_t id)
{
	bool has;

	if (!is_about_memory (id))
		return false;
	pthread_mutex_lock (&objects->lock);
	has = map_get (&objects->stand_ins, name) != NULL;
	pthread_mutex_unlock (&objects->lock);
	return has || id == ID_INIT;
}

/* --- stand-ins ---------------------------------------------------------------------------------- */

static kern_return_t
map_object (mach_port_t object, vm_offset_t offset, vm_size_t bytes, vm_prot_t access, vm_address_t *address)
{
	*address = 0;
	return vm_map (mach_task_self (), address, bytes, 0, TRUE, object, offset, FALSE, access, access,
		VM_INHERIT_NONE);
}

/* With the lock held. */
static void
leave (struct stand_in *stand_in)
{
	if (--stand_in->users > 0)
		return;
	if (stand_in->access != VM_PROT_NONE)
		vm_deallocate (mach_task_self (), stand_in->anchor, vm_page_size);
	if (stand_in->object != MACH_PORT_NULL)
		mach_port_deallocate (mach_task_self (), stand_in->object);
	free (stand_in);
}

static struct stand_in *
enter (struct objects *objects, mach_port_t name)
{
	struct stand_in *stand_in;

	pthread_mutex_lock (&objects->lock);
	stand_in = map_get (&objects->stand_ins, name);
	if (stand_in != NULL)
		stand_in->users++;
	pthread_mutex_unlock (&objects->lock);
	return stand_in;
}

/* Entered, as by the function above.  NULL: out of memory.  Nobody else makes one of the same name: the
   messages to one right are delivered one by one. */
static struct stand_in *
make (struct objects *objects, mach_port_t name, vm_prot_t access)
{
	struct stand_in *stand_in = calloc (1, sizeof *stand_in);
	bool known;

	if (stand_in == NULL)
		return NULL;
	/* if it has died meanwhile there is nothing to keep, nor to drop later */
	if (mach_port_mod_refs (mach_task_self (), name, MACH_PORT_RIGHT_SEND, 1) == KERN_SUCCESS)
		stand_in->object = name;
	/* what the object may not be used for the kernel takes away from the mapping, or refuses it */
	if (stand_in->object != MACH_PORT_NULL
		&& (map_object (name, 0, vm_page_size, access, &stand_in->anchor) == KERN_SUCCESS
			|| map_object (name, 0, vm_page_size, access = VM_PROT_READ, &stand_in->anchor) == KERN_SUCCESS))
		stand_in->access = access;
	stand_in->users = 2;
	pthread_mutex_lock (&objects->lock);
	known = map_put (&objects->stand_ins, name, stand_in);
	if (!known)
	{
		stand_in->users = 1;
		leave (stand_in);
	}
	pthread_mutex_unlock (&objects->lock);
	return known ? stand_in : NULL;
}

void
objects_dropped (struct objects *objects, mach_port_t name)
{
	struct stand_in *stand_in;
	mach_port_urefs_t refs = 0;

	pthread_mutex_lock (&objects->lock);
	stand_in = map_get (&objects->stand_ins, name);
	if (stand_in != NULL && (mach_port_get_refs (mach_task_self (), name, MACH_PORT_RIGHT_SEND, &refs) != KERN_SUCCESS
		|| refs <= 1))
	{
		map_remove (&objects->stand_ins, name);
		leave (stand_in);
	}
	pthread_mutex_unlock (&objects->lock);
}

/* --- whose object it is ------------------------------------------------------------------------- */

struct answer
{
	mig_reply_header_t head;
	uint8_t more[64];
};

/* Asks OBJECT; the answer comes to REPLY. */
static mach_msg_return_t
ask (mach_port_t object, mach_port_t reply)
{
	mach_msg_header_t request =
	{
		.msgh_bits = MACH_MSGH_BITS (MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_size = sizeof request,
		.msgh_remote_port = object,
		.msgh_local_port = reply,
		.msgh_id = PAGES_ARE_FOR_MANY,
	};
	mach_msg_return_t result = mach_msg (&request, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof request, 0,
		MACH_PORT_NULL, ANSWER_MS, MACH_PORT_NULL);

	if (result == MACH_SEND_TIMED_OUT || result == MACH_SEND_INTERRUPTED)
		mach_msg_destroy (&request);
	return result;
}

static bool
says_no (const struct answer *answer)
{
	return answer->head.Head.msgh_id == PAGES_ARE_FOR_MANY + MIG_REPLY_OFFSET
		&& answer->head.Head.msgh_size >= sizeof answer->head && answer->head.RetCode == MIG_BAD_ID;
}

/* True also when there is no telling: a pager that does not answer is none that we know. */
static bool
is_for_many (mach_port_t object)
{
	mach_port_t reply = mach_reply_port ();
	struct answer answer;
	bool no = false;

	if (ask (object, reply) == MACH_MSG_SUCCESS
		&& mach_msg (&answer.head.Head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof answer, reply, ANSWER_MS,
			MACH_PORT_NULL) == MACH_MSG_SUCCESS)
	{
		no = says_no (&answer);
		mach_msg_destroy (&answer.head.Head);
	}
	mach_port_mod_refs (mach_task_self (), reply, MACH_PORT_RIGHT_RECEIVE, -1);
	return !no;
}

/* What the kernel takes NAME for. */
static unsigned
kernel_type (mach_port_t name)
{
	vm_offset_t address;
	unsigned type = KERNEL_OBJECT_NONE;

	/* where it does not tell, its ports say at least that they do not know our question */
	mach_port_kernel_object (mach_task_self (), name, &type, &address);
	return type;
}

/* A memory object may be a pager's or, of a device, the kernel's. */
static bool
may_be_a_pagers (unsigned type)
{
	return type == KERNEL_OBJECT_NONE || type == KERNEL_OBJECT_MEMORY;
}

/* A kernel asks to have the object for the first time.  *GOES: it may have the object itself.  Else NULL: it
   may not have anything. */
static struct stand_in *
decide (struct objects *objects, mach_port_t object, bool *goes)
{
	unsigned type = kernel_type (object);

	if (type == KERNEL_OBJECT_PAGER_PROXY)
		return make (objects, object, VM_PROT_READ);
	*goes = may_be_a_pagers (type) && is_for_many (object);
	return *goes || !may_be_a_pagers (type) ? NULL : make (objects, object, VM_PROT_READ | VM_PROT_WRITE);
}

/* --- messages ------------------------------------------------------------------------------------- */

struct request
{
	mach_port_t control;
	uint64_t numbers[3];		/* an offset; a length; what access */
	const uint8_t *data;		/* what was returned */
	uint64_t bytes;
	bool dirty;
};

static uint64_t
number (const uint8_t *body, const struct wire_item *item)
{
	uint64_t whole = 0;
	uint32_t half = 0;

	if (item->bytes == sizeof half)
		memcpy (&half, body + item->data_offset, sizeof half);
	else if (item->bytes == sizeof whole)
		memcpy (&whole, body + item->data_offset, sizeof whole);
	return item->bytes == sizeof half ? half : whole;
}

/* What all of these messages have in common: the control port, an offset, a length or data, flags. */
static struct request
read_request (const mach_msg_header_t *message)
{
	const uint8_t *body = (const uint8_t *) message + WIRE_HEADER_BYTES;
	struct request request = { .control = MACH_PORT_NULL };
	struct wire_walk walk;
	struct wire_item item;
	unsigned numbers = 0;

	if (!(message->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return request;
	wire_walk (&walk, body, message->msgh_size - WIRE_HEADER_BYTES);
	while (wire_next (&walk, &item))
		if (item.ports)
		{
			if (request.control == MACH_PORT_NULL && item.is_inline && item.number == 1)
				request.control = wire_get_port (body, &item, 0);
		}
		else if (!item.is_inline)
		{
			request.data = (const uint8_t *) (uintptr_t) wire_get_address (body, &item);
			request.bytes = item.bytes;
		}
		else if (request.data != NULL)
		{
			request.dirty = number (body, &item) != 0;
			break;
		}
		else if (numbers < 3)
			request.numbers[numbers++] = number (body, &item);
	return request;
}

/* How many of BYTES could be copied: whole pages.  The object's memory is at HERE, the other at THERE. */
static size_t
copy_pages (vm_address_t here, uint8_t *there, size_t bytes, bool to_object)
{
	size_t done = 0;

	while (done < bytes && (to_object ? resident_copy ((uint8_t *) here + done, there + done, vm_page_size)
		: resident_copy (there + done, (uint8_t *) here + done, vm_page_size)))
		done += vm_page_size;
	return done;
}

static size_t
transfer (const struct stand_in *stand_in, uint64_t offset, uint8_t *data, size_t bytes, bool to_object)
{
	vm_prot_t access = to_object ? VM_PROT_READ | VM_PROT_WRITE : VM_PROT_READ;
	vm_address_t window;
	size_t done;

	if ((stand_in->access & access) != access
		|| map_object (stand_in->object, offset, bytes, access, &window) != KERN_SUCCESS)
		return 0;
	done = copy_pages (window, data, bytes, to_object);
	vm_deallocate (mach_task_self (), window, bytes);
	return done;
}

static bool
are_pages (uint64_t offset, uint64_t bytes)
{
	return offset % vm_page_size == 0 && bytes % vm_page_size == 0 && bytes > 0
		&& bytes <= PAGES_AT_ONCE_MAX * vm_page_size && offset + bytes > offset;
}

static void
supply (const struct stand_in *stand_in, const struct request *request)
{
	uint64_t offset = request->numbers[0], bytes = request->numbers[1];
	vm_prot_t locked = stand_in->access & VM_PROT_WRITE ? VM_PROT_NONE : VM_PROT_WRITE;
	vm_address_t data = 0;
	size_t good = 0;

	/* who writes a copy of his own asks for the page to read it */
	if (!are_pages (offset, bytes) || (locked && request->numbers[2] & VM_PROT_WRITE)
		|| vm_allocate (mach_task_self (), &data, bytes, TRUE) != KERN_SUCCESS)
	{
		memory_object_data_error (request->control, offset, bytes, REFUSED);
		return;
	}
	good = transfer (stand_in, offset, (uint8_t *) data, bytes, false);
	if (good < bytes)
		vm_deallocate (mach_task_self (), data + good, bytes - good);
	if (good > 0 && memory_object_data_supply (request->control, offset, data, good, TRUE, locked, FALSE,
		MACH_PORT_NULL) == MACH_SEND_INVALID_DEST)
		vm_deallocate (mach_task_self (), data, good);	/* only then it was not looked at */
	if (good < bytes)
		memory_object_data_error (request->control, offset + good, bytes - good, REFUSED);
}

static void
answer (const struct stand_in *stand_in, const mach_msg_header_t *message)
{
	struct request request = read_request (message);

	if (!MACH_PORT_VALID (request.control))
		return;
	switch (message->msgh_id)
	{
	case ID_INIT:
		memory_object_ready (request.control, FALSE, MEMORY_OBJECT_COPY_DELAY);
		break;
	case ID_DATA_REQUEST:
		supply (stand_in, &request);
		break;
	case ID_DATA_UNLOCK:
		/* nothing refuses a page that the kernel has; without it, it asks again, and as above */
		memory_object_lock_request (request.control, request.numbers[0], request.numbers[1],
			MEMORY_OBJECT_RETURN_NONE, TRUE, VM_PROT_NO_CHANGE, MACH_PORT_NULL);
		break;
	case ID_DATA_RETURN:
		if (request.dirty && are_pages (request.numbers[0], request.bytes))
			transfer (stand_in, request.numbers[0], (uint8_t *) request.data, request.bytes, true);
		break;
	default:
		break;		/* the end, and answers that nobody waits for */
	}
}

bool
objects_take (struct objects *objects, struct given *given)
{
	mach_port_t name = given->message->msgh_remote_port;
	struct stand_in *stand_in;
	bool goes = false;

	if (!is_about_memory (given->message->msgh_id))
		return false;
	stand_in = enter (objects, name);
	if (stand_in == NULL && given->message->msgh_id == ID_INIT)
		stand_in = decide (objects, name, &goes);
	else if (stand_in == NULL)
		goes = may_be_a_pagers (kernel_type (name));
	if (goes)
		return false;
	if (stand_in != NULL)
	{
		answer (stand_in, given->message);
		pthread_mutex_lock (&objects->lock);
		leave (stand_in);
		pthread_mutex_unlock (&objects->lock);
	}
	give_destroy (given);
	return true;
}
