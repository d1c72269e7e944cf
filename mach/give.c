/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/give.h"

#include "mach/memory.h"

#include <mach/mig_errors.h>
#include <mach/notify.h>
#include <stdlib.h>
#include <string.h>


struct builder
{
	struct given *given;
	const struct wire_message *from;
	struct proxies *proxies;
	uint8_t *body;
	uint32_t right, region;		/* the next ones */
};

/* How a list of rights refers to its ports; the kernel wants one disposition for all of them. */
struct mixture
{
	bool locals, proxies;
};

static void *
body_of (mach_msg_header_t *message)
{
	return (uint8_t *) message + WIRE_HEADER_BYTES;
}

static mach_port_t
proxy_port (const struct builder *builder, const struct wire_right *right)
{
	struct proxy *proxy = proxies_by_number (builder->proxies, right->proxy);

	return proxy != NULL ? proxy->port : MACH_PORT_DEAD;
}

static struct mixture
look_through (const struct wire_right *rights, uint32_t count)
{
	struct mixture mixture = { false, false };

	for (uint32_t i = 0; i < count; i++)
	{
		mixture.locals |= rights[i].reference == WIRE_LOCAL;
		mixture.proxies |= rights[i].reference == WIRE_PROXY;
	}
	return mixture;
}

static mach_msg_type_name_t
common_disposition (uint8_t disposition, struct mixture mixture)
{
	bool only_proxies = mixture.proxies && !mixture.locals;

	switch (disposition)
	{
	case WIRE_RECEIVE:
		return MACH_MSG_TYPE_MOVE_RECEIVE;
	case WIRE_SEND_ONCE:
		return only_proxies ? MACH_MSG_TYPE_MAKE_SEND_ONCE : MACH_MSG_TYPE_MOVE_SEND_ONCE;
	default:
		return only_proxies ? MACH_MSG_TYPE_MAKE_SEND : MACH_MSG_TYPE_COPY_SEND;
	}
}

/* A proxy's right within a list that also has rights which are no proxies'. */
static mach_port_t
made_right (struct builder *builder, const struct wire_right *right)
{
	mach_port_t port = proxy_port (builder, right);
	mach_msg_type_name_t type;
	mach_port_t name;

	if (port == MACH_PORT_DEAD)
		return port;
	if (right->disposition == WIRE_SEND_ONCE)
		return mach_port_extract_right (mach_task_self (), port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &name, &type)
			== KERN_SUCCESS ? name : MACH_PORT_DEAD;
	if (mach_port_insert_right (mach_task_self (), port, port, MACH_MSG_TYPE_MAKE_SEND) != KERN_SUCCESS)
		return MACH_PORT_DEAD;
	builder->given->extras[builder->given->extras_count++] = port;
	return port;
}

static void
request_notification (mach_port_t port, mach_msg_id_t kind, mach_port_mscount_t sync,
	const struct builder *builder, const struct wire_right *right)
{
	mach_port_t previous = MACH_PORT_NULL, to;
	mach_msg_type_name_t type;

	if (right->reference != WIRE_LOCAL && right->reference != WIRE_PROXY)
		return;
	to = right->reference == WIRE_LOCAL ? right->name : proxy_port (builder, right);
	type = right->reference == WIRE_LOCAL ? MACH_MSG_TYPE_MOVE_SEND_ONCE : MACH_MSG_TYPE_MAKE_SEND_ONCE;
	if (MACH_PORT_VALID (to)
		&& mach_port_request_notification (mach_task_self (), port, kind, sync, to, type, &previous) == KERN_SUCCESS
		&& MACH_PORT_VALID (previous))
		mach_port_deallocate (mach_task_self (), previous);
}

/* The proxy becomes a plain receive right again, with the state that moved here with it. */
static mach_port_t
give_receive (struct builder *builder, const struct wire_right *right)
{
	struct proxy *proxy = proxies_by_number (builder->proxies, right->proxy);
	const struct wire_receive *state = &builder->from->receives[right->receive];
	mach_port_t port;

	if (proxy == NULL)
		return MACH_PORT_DEAD;
	port = proxies_release (builder->proxies, proxy);
	mach_port_set_qlimit (mach_task_self (), port, state->queue_limit < MACH_PORT_QLIMIT_MAX
		? state->queue_limit : MACH_PORT_QLIMIT_MAX);
	request_notification (port, MACH_NOTIFY_NO_SENDERS, 1, builder, &state->no_senders);
	request_notification (port, MACH_NOTIFY_PORT_DESTROYED, 0, builder, &state->port_destroyed);
	return port;
}

static mach_port_t
give_right (struct builder *builder, const struct wire_right *right, struct mixture mixture)
{
	switch (right->reference)
	{
	case WIRE_NULL:
		return MACH_PORT_NULL;
	case WIRE_LOCAL:
		return right->name;
	case WIRE_PROXY:
		if (right->disposition == WIRE_RECEIVE)
			return give_receive (builder, right);
		return mixture.locals ? made_right (builder, right) : proxy_port (builder, right);
	default:
		return MACH_PORT_DEAD;
	}
}

static void
give_ports (struct builder *builder, const struct wire_item *item, uint32_t *array)
{
	const struct wire_right *rights = builder->from->rights + builder->right;
	struct mixture mixture = look_through (rights, item->number);

	wire_set_item (builder->body, item, common_disposition (item->disposition, mixture), !item->is_inline);
	for (uint32_t i = 0; i < item->number; i++)
	{
		mach_port_t name = give_right (builder, &rights[i], mixture);

		if (item->is_inline)
			wire_set_port (builder->body, item, i, name);
		else
			array[i] = name;
	}
	if (!item->is_inline)
		wire_set_address (builder->body, item, (uintptr_t) array);
	builder->right += item->number;
}

static bool
is_lent (const struct given *given, vm_address_t address)
{
	return given->lent != NULL && address == (vm_address_t) given->lent->data;
}

/* Pages that have been used before.  Nobody sees what is left in them. */
static vm_address_t
lend_memory (struct given *given, size_t bytes)
{
	given->lent = memory_new (bytes);
	if (given->lent == NULL)
		return 0;
	memset (given->lent->data + bytes, 0, round_page (bytes) - bytes);
	return (vm_address_t) given->lent->data;
}

/* Out-of-line memory is page-aligned, for receivers such as the kernel's memory objects demand whole
   pages.  It is made for this message only, unless LEND. */
static bool
give_memory (const struct wire_message *from, struct given *given, uint8_t *body, bool lend)
{
	struct wire_walk walk;
	struct wire_item item;
	uint32_t region = 0;

	wire_walk (&walk, body, from->body.bytes);
	while (wire_next (&walk, &item))
	{
		vm_address_t memory = 0;

		if (item.is_inline)
			continue;
		if (lend && !item.ports && item.bytes > 0 && given->lent == NULL)
			memory = lend_memory (given, item.bytes);
		if (item.bytes > 0 && memory == 0
			&& vm_allocate (mach_task_self (), &memory, item.bytes, TRUE) != KERN_SUCCESS)
			return false;
		wire_set_address (body, &item, memory);
		if (item.ports)
			continue;
		if (item.bytes > 0)
			memcpy ((void *) memory, dr_slice_data (&from->regions[region]), item.bytes);
		wire_set_item (body, &item, item.name, item.bytes > 0 && !is_lent (given, memory));
		region++;
	}
	return true;
}

/* Frees out-of-line memory as far as it was made: addresses not yet set are zero. */
static void
free_memory (const struct given *given, uint8_t *body, size_t bytes)
{
	struct wire_walk walk;
	struct wire_item item;

	wire_walk (&walk, body, bytes);
	while (wire_next (&walk, &item))
		if (!item.is_inline && item.bytes > 0 && wire_get_address (body, &item) != 0
			&& !is_lent (given, wire_get_address (body, &item)))
			vm_deallocate (mach_task_self (), wire_get_address (body, &item), item.bytes);
}

static void
build_rights (struct builder *builder)
{
	struct wire_walk walk;
	struct wire_item item;

	wire_walk (&walk, builder->body, builder->from->body.bytes);
	while (wire_next (&walk, &item))
		if (item.ports)
			give_ports (builder, &item, item.is_inline ? NULL
				: (uint32_t *) wire_get_address (builder->body, &item));
}

static void
build_header (struct builder *builder, mach_port_t to, mach_msg_type_name_t disposition)
{
	const struct wire_message *from = builder->from;
	struct mixture mixture = look_through (&from->reply, 1);
	mach_port_t reply = give_right (builder, &from->reply, mixture);
	struct wire_header header =
	{
		.complex = from->complex,
		.remote_disposition = disposition,
		.local_disposition = reply == MACH_PORT_NULL ? 0 : common_disposition (from->reply.disposition, mixture),
		.size = WIRE_HEADER_BYTES + from->body.bytes,
		.remote_name = to,
		.local_name = reply,
		.id = from->id,
	};

	wire_header_write (builder->given->message, &header);
}

static void
drop_lent (struct given *given)
{
	if (given->lent != NULL)
		dr_buf_drop (given->lent);
	given->lent = NULL;
}

bool
give_build (struct given *given, const struct wire_message *message, mach_port_t to,
	mach_msg_type_name_t disposition, struct proxies *proxies, bool lend)
{
	struct builder builder = { given, message, proxies, NULL, 0, 0 };

	*given = (struct given) { 0 };
	given->message = malloc (WIRE_HEADER_BYTES + message->body.bytes);
	if (message->rights_count > 1)
		given->extras = malloc (message->rights_count * sizeof *given->extras);
	if (given->message == NULL || (message->rights_count > 1 && given->extras == NULL))
		goto no_memory;
	builder.body = body_of (given->message);
	memcpy (builder.body, dr_slice_data (&message->body), message->body.bytes);
	if (message->complex && !give_memory (message, given, builder.body, lend))
	{
		free_memory (given, builder.body, message->body.bytes);
		goto no_memory;
	}
	build_header (&builder, to, disposition);
	if (message->complex)
		build_rights (&builder);
	return true;

no_memory:
	drop_lent (given);
	free (given->message);
	free (given->extras);
	return false;
}

static void
drop_extras (struct given *given)
{
	for (uint32_t i = 0; i < given->extras_count; i++)
		mach_port_deallocate (mach_task_self (), given->extras[i]);
	free (given->extras);
	given->extras = NULL;
	given->extras_count = 0;
}

static void
forget (struct given *given)
{
	drop_extras (given);
	drop_lent (given);
	free (given->message);
	given->message = NULL;
}

void
give_own (struct given *given, mach_port_t stage)
{
	mach_msg_header_t *message = given->message;
	mach_msg_bits_t bits = message->msgh_bits;
	mach_port_t to = message->msgh_remote_port;
	mach_msg_return_t result;

	if (given->owned)
		return;
	message->msgh_bits = (bits & ~MACH_MSGH_BITS_REMOTE_MASK) | MACH_MSG_TYPE_MAKE_SEND_ONCE;
	message->msgh_remote_port = stage;
	result = mach_msg (message, MACH_SEND_MSG | MACH_RCV_MSG, message->msgh_size, message->msgh_size, stage, 0,
		MACH_PORT_NULL);
	dr_assert (result == MACH_MSG_SUCCESS);
	drop_extras (given);
	/* it came in as to a receiver: turn it round again */
	message->msgh_local_port = message->msgh_remote_port;
	message->msgh_remote_port = to;
	message->msgh_bits = (message->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		| MACH_MSGH_BITS (MACH_MSGH_BITS_REMOTE (bits), MACH_MSGH_BITS_REMOTE (message->msgh_bits));
	given->owned = true;
}

static mach_msg_return_t
send (struct given *given, mach_msg_option_t option)
{
	mach_msg_return_t result;

	do
	{
		result = mach_msg (given->message, MACH_SEND_MSG | option, given->message->msgh_size, 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL);
		if (result == MACH_SEND_TIMED_OUT || result == MACH_SEND_INTERRUPTED)
			given->owned = true;	/* the kernel took it in and gave it back */
	}
	while (result == MACH_SEND_INTERRUPTED);
	if (result == MACH_MSG_SUCCESS)
		forget (given);
	return result;
}

mach_msg_return_t
give_try (struct given *given)
{
	return send (given, MACH_SEND_TIMEOUT);
}

mach_msg_return_t
give_wait (struct given *given)
{
	dr_assert (given->owned);
	return send (given, 0);
}

static void
destroy_port (mach_port_t name, mach_msg_type_name_t disposition)
{
	if (!MACH_PORT_VALID (name))
		return;
	if (disposition == MACH_MSG_TYPE_MOVE_RECEIVE)
		mach_port_mod_refs (mach_task_self (), name, MACH_PORT_RIGHT_RECEIVE, -1);
	else if (disposition == MACH_MSG_TYPE_MOVE_SEND || disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE)
		mach_port_deallocate (mach_task_self (), name);
}

static void
destroy_body (const struct given *given, uint8_t *body, size_t bytes)
{
	struct wire_walk walk;
	struct wire_item item;

	wire_walk (&walk, body, bytes);
	while (wire_next (&walk, &item))
	{
		const uint32_t *array = item.is_inline ? NULL : (const uint32_t *) wire_get_address (body, &item);

		for (uint32_t i = 0; item.ports && i < item.number; i++)
			destroy_port (item.is_inline ? wire_get_port (body, &item, i) : array[i], item.name);
	}
	free_memory (given, body, bytes);
}

void
give_destroy (struct given *given)
{
	mach_msg_header_t *message = given->message;

	dr_assert (given->owned);
	destroy_port (message->msgh_remote_port, MACH_MSGH_BITS_REMOTE (message->msgh_bits));
	destroy_port (message->msgh_local_port, MACH_MSGH_BITS_LOCAL (message->msgh_bits));
	if (message->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		destroy_body (given, body_of (message), message->msgh_size - WIRE_HEADER_BYTES);
	forget (given);
}

void
give_refuse (struct given *given, int code)
{
	mach_msg_header_t *message = given->message;
	mig_reply_header_t reply =
	{
		.Head =
		{
			.msgh_bits = MACH_MSGH_BITS (MACH_MSGH_BITS_LOCAL (message->msgh_bits), 0),
			.msgh_size = sizeof reply,
			.msgh_remote_port = message->msgh_local_port,
			.msgh_id = message->msgh_id + MIG_REPLY_OFFSET,
		},
		.RetCodeType = { .msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32, .msgt_number = 1, .msgt_inline = TRUE },
		.RetCode = code,
	};

	dr_assert (given->owned);
	if (MACH_PORT_VALID (message->msgh_local_port)
		&& mach_msg (&reply.Head, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof reply, 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL) == MACH_MSG_SUCCESS)
		message->msgh_local_port = MACH_PORT_NULL;	/* used up by the answer */
	give_destroy (given);
}
