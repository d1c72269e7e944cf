/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reauth.h"

#include "forward.h"
#include "hurd_numbers.h"
#include "service.h"

#include <hurd.h>
#include <hurd/io.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX 64			/* rendezvous at once */
#define USER_MS 60000			/* the user comes at once, or not */
#define REPLY_BYTES 8192
#define ID_AUTH_SERVER_AUTHENTICATE 25003
#define ID_IO_REAUTHENTICATE 21014
#define ID_IO_DUPLICATE 21016
#define REPLY_OFFSET 100

struct reauthentication
{
	struct job job;
	struct service *service;
	mach_port_t rendezvous;		/* a send right of ours */
	mach_port_t reply;		/* a receive right, where the file's duplicate comes */
};

union reply
{
	mig_reply_header_t head;
	uint8_t bytes[REPLY_BYTES];
};

struct identity
{
	idarray_t ids;
	mach_msg_type_number_t count;
};

static void
drop (mach_port_t port)
{
	if (MACH_PORT_VALID (port))
		mach_port_deallocate (mach_task_self (), port);
}

static void
drop_receive (mach_port_t port)
{
	mach_port_mod_refs (mach_task_self (), port, MACH_PORT_RIGHT_RECEIVE, -1);
}

/* The INDEXth item of MESSAGE's body. */
static bool
find_item (const mach_msg_header_t *message, unsigned index, struct wire_item *item)
{
	struct wire_walk walk;

	wire_walk (&walk, (const uint8_t *) message + WIRE_HEADER_BYTES, message->msgh_size - WIRE_HEADER_BYTES);
	while (wire_next (&walk, item))
		if (index-- == 0)
			return true;
	return false;
}

static mach_port_t
send_right_at (const mach_msg_header_t *message, unsigned index)
{
	struct wire_item item;

	if (!(message->msgh_bits & MACH_MSGH_BITS_COMPLEX) || !find_item (message, index, &item) || !item.ports
		|| !item.is_inline || item.number != 1 || item.disposition != WIRE_SEND)
		return MACH_PORT_NULL;
	return wire_get_port ((const uint8_t *) message + WIRE_HEADER_BYTES, &item, 0);
}

static bool
is_good (const union reply *reply, int32_t request)
{
	return reply->head.Head.msgh_id == request + REPLY_OFFSET && reply->head.Head.msgh_size >= sizeof reply->head
		&& reply->head.RetCode == KERN_SUCCESS;
}

/* --- at the file ------------------------------------------------------------------ */

/* Asks for the file's duplicate as its holder would, through the proxy.  It is a right that stays when the
   holder gives up its own. */
static bool
ask_for_duplicate (struct service *service, uint32_t number, mach_port_t proxy, mach_port_t reply)
{
	mach_msg_type_name_t type;
	mach_msg_header_t request =
	{
		.msgh_bits = MACH_MSGH_BITS (MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND),
		.msgh_size = sizeof request,
		.msgh_local_port = proxy,
		.msgh_id = ID_IO_DUPLICATE,
	};
	mach_port_t once;

	if (mach_port_extract_right (mach_task_self (), reply, MACH_MSG_TYPE_MAKE_SEND_ONCE, &once, &type) != KERN_SUCCESS)
		return false;
	request.msgh_remote_port = once;
	bridge_pass_on (service->bridge, number, &request);
	return true;
}

static mach_port_t
receive_duplicate (const struct reauthentication *work)
{
	unsigned limit_ms = (work->service->options->silence_seconds + 1) * 1000;
	union reply reply;
	mach_port_t file;

	if (mach_msg (&reply.head.Head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof reply, work->reply, limit_ms,
		MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		return MACH_PORT_NULL;
	file = is_good (&reply, ID_IO_DUPLICATE) ? send_right_at (&reply.head.Head, 1) : MACH_PORT_NULL;
	if (file == MACH_PORT_NULL)
		mach_msg_destroy (&reply.head.Head);
	return file;
}

/* --- at the auth server ------------------------------------------------------------- */

struct port_item { mach_msg_type_t type; mach_port_name_inlined_t port; };

static struct port_item
right (mach_port_t port, mach_msg_type_name_t disposition)
{
	struct port_item item = { .type = { .msgt_name = disposition, .msgt_size = 8 * sizeof item.port,
		.msgt_number = 1, .msgt_inline = TRUE } };

	item.port.name = port;
	return item;
}

/* Meets the user and gives it PORT.  The ids are in REPLY, which is to be destroyed. */
static bool
meet_user (const struct reauthentication *work, mach_port_t auth, mach_port_t port, union reply *reply)
{
	struct { mach_msg_header_t header; struct port_item rendezvous, port; } request =
	{
		.header = { .msgh_bits = MACH_MSGH_BITS_COMPLEX
				| MACH_MSGH_BITS (MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
			.msgh_size = sizeof request, .msgh_remote_port = auth, .msgh_local_port = work->reply,
			.msgh_id = ID_AUTH_SERVER_AUTHENTICATE },
		.rendezvous = right (work->rendezvous, MACH_MSG_TYPE_COPY_SEND),
		.port = right (port, MACH_MSG_TYPE_MAKE_SEND),
	};

	if (mach_msg (&request.header, MACH_SEND_MSG, sizeof request, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL)
		!= MACH_MSG_SUCCESS)
		return false;
	if (mach_msg (&reply->head.Head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof *reply, work->reply, USER_MS,
		MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		return false;
	if (is_good (reply, ID_AUTH_SERVER_AUTHENTICATE))
		return true;
	mach_msg_destroy (&reply->head.Head);
	return false;
}

/* The INDEXth array of ids of the auth server's answer: effective and available users, then groups. */
static struct identity
identity_at (const union reply *reply, unsigned index)
{
	const uint8_t *body = reply->bytes + WIRE_HEADER_BYTES;
	struct identity identity = { NULL, 0 };
	struct wire_item item;

	if (!find_item (&reply->head.Head, 1 + index, &item) || item.ports || item.element_bits != 8 * sizeof *identity.ids)
		return identity;
	identity.count = item.number;
	identity.ids = (idarray_t) (item.is_inline ? body + item.data_offset
		: (const uint8_t *) (uintptr_t) wire_get_address (body, &item));
	return identity;
}

static bool
includes_root (const struct identity *users)
{
	for (mach_msg_type_number_t i = 0; i < users->count; i++)
		if (users->ids[i] == 0)
			return true;
	return false;
}

/* FILE as who is described in REPLY may use it; consumes both. */
static mach_port_t
restricted (mach_port_t file, union reply *reply)
{
	struct identity users = identity_at (reply, 0), groups = identity_at (reply, 2);
	mach_port_t result = file;

	if (!includes_root (&users))
	{
		if (io_restrict_auth (file, &result, users.ids, users.count, groups.ids, groups.count) != KERN_SUCCESS)
			result = MACH_PORT_NULL;
		drop (file);
	}
	mach_msg_destroy (&reply->head.Head);
	return result;
}

/* --- one reauthentication -------------------------------------------------------------- */

static void
stand_in (const struct reauthentication *work, mach_port_t file)
{
	mach_port_t auth = getauth (), port;
	union reply reply;

	if (mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS)
		drop (file);
	else if (!meet_user (work, auth, port, &reply))
	{
		drop (file);
		drop_receive (port);
	}
	else if ((file = restricted (file, &reply)) == MACH_PORT_NULL)
		drop_receive (port);	/* who was given it has a dead right */
	else
		forwards_add (work->service->forwards, port, file);
	drop (auth);
}

static void
reauthenticate (struct job *job)
{
	struct reauthentication *work = (struct reauthentication *) job;
	mach_port_t file = receive_duplicate (work);

	if (file != MACH_PORT_NULL)
		stand_in (work, file);
	drop (work->rendezvous);
	drop_receive (work->reply);
	free (work);
}

void
reauth_look (void *argument, uint32_t number, const mach_msg_header_t *message)
{
	struct service *service = argument;
	struct reauthentication *work;
	mach_port_t rendezvous;

	if (message->msgh_id != ID_IO_REAUTHENTICATE || service->forwards == NULL
		|| !MACH_PORT_VALID (rendezvous = send_right_at (message, 0))
		|| (work = calloc (1, sizeof *work)) == NULL)
		return;
	*work = (struct reauthentication) { { NULL, reauthenticate }, service, rendezvous, MACH_PORT_NULL };
	if (mach_port_mod_refs (mach_task_self (), rendezvous, MACH_PORT_RIGHT_SEND, 1) != KERN_SUCCESS)
	{
		free (work);
		return;
	}
	if (mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &work->reply) == KERN_SUCCESS)
	{
		if (ask_for_duplicate (service, number, message->msgh_local_port, work->reply))
		{
			workers_submit (service->reauth_workers, &work->job);
			return;
		}
		drop_receive (work->reply);
	}
	drop (rendezvous);
	free (work);
}

bool
reauth_init (struct service *service)
{
	mach_port_t auth = getauth ();

	if (!MACH_PORT_VALID (auth))
		return true;
	drop (auth);
	service->reauth_workers = workers_create (WORKERS_MAX);
	service->forwards = service->reauth_workers != NULL ? forwards_create () : NULL;
	return service->forwards != NULL;
}
