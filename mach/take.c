/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/take.h"

#include "mach/memory.h"

#include <mach/notify.h>
#include <string.h>

/* Everything is allocated before anything changes hands, so that running out of memory leaves the
   kernel's message as it was. */

static bool
allocate (struct taken *taken, const struct wire_needs *needs, size_t body_bytes)
{
	struct wire_message *message = &taken->message;
	const struct dr_alloc *alloc = taken->alloc;

	message->body.buf = dr_buf_new (alloc, body_bytes);
	message->body.bytes = body_bytes;
	message->rights = dr_alloc_array (alloc, needs->rights + 1, sizeof *message->rights);
	message->regions = dr_alloc_array (alloc, needs->regions + 1, sizeof *message->regions);
	message->receives = dr_alloc_array (alloc, needs->receives + 1, sizeof *message->receives);
	taken->proxy_uses = dr_alloc_array (alloc, needs->rights + 1, sizeof *taken->proxy_uses);
	message->rights_count = needs->rights;
	message->regions_count = needs->regions;
	taken->needs = *needs;
	return message->body.buf != NULL && message->rights != NULL && message->regions != NULL
		&& message->receives != NULL && taken->proxy_uses != NULL;
}

static void
free_arrays (struct taken *taken)
{
	struct wire_message *message = &taken->message;
	const struct wire_needs *needs = &taken->needs;

	dr_free_bytes (taken->alloc, message->rights, (needs->rights + 1) * sizeof *message->rights);
	dr_free_bytes (taken->alloc, message->regions, (needs->regions + 1) * sizeof *message->regions);
	dr_free_bytes (taken->alloc, message->receives, (needs->receives + 1) * sizeof *message->receives);
	dr_free_bytes (taken->alloc, taken->proxy_uses, (needs->rights + 1) * sizeof *taken->proxy_uses);
}

/* A buffer over each out-of-line item, allocated but not yet owning its memory. */
static bool
wrap_regions (struct taken *taken)
{
	struct wire_message *message = &taken->message;
	struct wire_walk walk;
	struct wire_item item;
	uint32_t region = 0;

	if (!message->complex)
		return true;
	wire_walk (&walk, message->body.buf->data, message->body.bytes);
	while (wire_next (&walk, &item))
	{
		if (item.is_inline || item.ports)
			continue;
		if (item.bytes > 0)
		{
			message->regions[region].buf = memory_wrap (wire_get_address (walk.body, &item), item.bytes);
			if (message->regions[region].buf == NULL)
				return false;
			message->regions[region].bytes = item.bytes;
		}
		region++;
	}
	return true;
}

/* Frees the structures of buffers whose memory must stay. */
static void
unwrap_regions (struct taken *taken)
{
	for (uint32_t i = 0; i < taken->message.regions_count; i++)
		if (taken->message.regions[i].buf != NULL)
			memory_unwrap (taken->message.regions[i].buf);
}

static struct wire_right
take_right (struct taken *taken, const struct proxies *proxies, uint32_t name, uint8_t disposition)
{
	struct wire_right right = { .disposition = disposition };
	struct proxy *proxy;

	if (name == MACH_PORT_NULL)
		right.reference = WIRE_NULL;
	else if (name == MACH_PORT_DEAD)
		right.reference = WIRE_DEAD;
	else if (disposition == WIRE_SEND && (proxy = proxies_by_port (proxies, name)) != NULL)
	{
		right.reference = proxy->destroyed ? WIRE_DEAD : WIRE_PROXY;
		right.proxy = proxy->destroyed ? 0 : proxy->number;
		taken->proxy_uses[taken->proxy_uses_count++] = name;
	}
	else
	{
		right.reference = WIRE_LOCAL;
		right.name = name;
	}
	return right;
}

/* Takes back the request for a notification; what was registered becomes a right of the message. */
static struct wire_right
take_back_request (mach_port_t port, mach_msg_id_t kind)
{
	struct wire_right right = { .disposition = WIRE_SEND_ONCE };
	mach_port_t previous = MACH_PORT_NULL;

	if (mach_port_request_notification (mach_task_self (), port, kind, 0, MACH_PORT_NULL,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous) == KERN_SUCCESS && MACH_PORT_VALID (previous))
	{
		right.reference = WIRE_LOCAL;
		right.name = previous;
	}
	return right;
}

static void
take_receive (struct wire_receive *state, mach_port_t port)
{
	mach_port_status_t status = { .mps_qlimit = MACH_PORT_QLIMIT_DEFAULT };

	mach_port_get_receive_status (mach_task_self (), port, &status);
	state->queue_limit = status.mps_qlimit;
	state->senders = status.mps_srights || status.mps_msgcount > 0;
	state->send_onces = status.mps_sorights;
	state->no_senders.disposition = state->port_destroyed.disposition = WIRE_SEND_ONCE;
	if (status.mps_nsrequest)
		state->no_senders = take_back_request (port, MACH_NOTIFY_NO_SENDERS);
	if (status.mps_pdrequest)
		state->port_destroyed = take_back_request (port, MACH_NOTIFY_PORT_DESTROYED);
}

static void
take_item (struct taken *taken, const struct proxies *proxies, const struct wire_item *item, uint32_t *right,
	uint32_t *receive)
{
	struct wire_message *message = &taken->message;
	const void *body = message->body.buf->data;
	const uint32_t *array = item->is_inline ? NULL : (const uint32_t *) wire_get_address (body, item);

	for (uint32_t i = 0; i < item->number; i++, (*right)++)
	{
		uint32_t name = item->is_inline ? wire_get_port (body, item, i) : array[i];

		message->rights[*right] = take_right (taken, proxies, name, item->disposition);
		if (item->disposition != WIRE_RECEIVE)
			continue;
		if (message->rights[*right].reference == WIRE_LOCAL)
		{
			message->rights[*right].receive = *receive;
			take_receive (&message->receives[(*receive)++], name);
		}
	}
	if (!item->is_inline && item->number > 0)
		vm_deallocate (mach_task_self (), (vm_address_t) array, item->number * sizeof *array);
}

static void
take_rights (struct taken *taken, const struct proxies *proxies)
{
	struct wire_message *message = &taken->message;
	uint32_t right = 0, receive = 0;
	struct wire_walk walk;
	struct wire_item item;

	if (message->complex)
	{
		wire_walk (&walk, message->body.buf->data, message->body.bytes);
		while (wire_next (&walk, &item))
			if (item.ports)
				take_item (taken, proxies, &item, &right, &receive);
	}
	message->receives_count = receive;	/* slots that hold no receive right have no state */
}

enum dr_status
take_message (struct taken *taken, const mach_msg_header_t *header, const struct proxies *proxies,
	const struct dr_alloc *alloc)
{
	const uint8_t *body = (const uint8_t *) header + WIRE_HEADER_BYTES;
	size_t bytes = header->msgh_size - WIRE_HEADER_BYTES;
	struct wire_header fields;
	struct wire_needs needs;
	enum dr_status status;

	wire_header_read (header, &fields);
	status = wire_measure (body, bytes, fields.complex, &needs);
	if (status != DR_OK)
		return status;
	*taken = (struct taken) { .alloc = alloc };
	taken->message.id = fields.id;
	taken->message.complex = fields.complex;
	taken->message.used = fields.local_disposition;
	if (!allocate (taken, &needs, bytes))
	{
		dr_buf_drop (taken->message.body.buf);
		free_arrays (taken);
		return DR_NO_MEMORY;
	}
	memcpy (taken->message.body.buf->data, body, bytes);
	if (!wrap_regions (taken))
	{
		unwrap_regions (taken);
		dr_buf_drop (taken->message.body.buf);
		free_arrays (taken);
		return DR_NO_MEMORY;
	}
	/* in a received header the remote port is the reply port */
	taken->message.reply = take_right (taken, proxies, fields.remote_name, fields.remote_disposition);
	take_rights (taken, proxies);
	return DR_OK;
}

static void
drop_buffers (struct taken *taken)
{
	dr_buf_drop (taken->message.body.buf);
	for (uint32_t i = 0; i < taken->message.regions_count; i++)
		dr_buf_drop (taken->message.regions[i].buf);
}

static void
drop_proxy_uses (struct taken *taken)
{
	for (uint32_t i = 0; i < taken->proxy_uses_count; i++)
		mach_port_deallocate (mach_task_self (), taken->proxy_uses[i]);
}

void
take_done (struct taken *taken)
{
	drop_proxy_uses (taken);
	free_arrays (taken);
}

static void
destroy_right (const struct wire_right *right)
{
	if (right->reference != WIRE_LOCAL)
		return;
	if (right->disposition == WIRE_RECEIVE)
		mach_port_mod_refs (mach_task_self (), right->name, MACH_PORT_RIGHT_RECEIVE, -1);
	else
		mach_port_deallocate (mach_task_self (), right->name);
}

void
take_destroy (struct taken *taken)
{
	const struct wire_message *message = &taken->message;

	destroy_right (&message->reply);
	for (uint32_t i = 0; i < message->rights_count; i++)
		destroy_right (&message->rights[i]);
	for (uint32_t i = 0; i < message->receives_count; i++)
	{
		destroy_right (&message->receives[i].no_senders);
		destroy_right (&message->receives[i].port_destroyed);
	}
	drop_buffers (taken);
	take_done (taken);
}
