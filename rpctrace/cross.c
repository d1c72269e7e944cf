/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cross.h"

#include "moves.h"

#include <mach/notify.h>
#include <stdlib.h>
#include <string.h>

#define INIT_PORT_PROC 3	/* where an exec's array of ports has the process port */

/* What one right becomes. */
enum how { AS_IT_IS, BY_QUEUE, BY_END, BY_ONCE, BY_RECEIVE };
struct passage
{
	enum how how;
	mach_port_t name;
	struct queue *queue;
	struct end *end;
};

void
cross_begin (struct crossing *crossing, struct rights *rights, mach_msg_header_t *header)
{
	uint64_t *keys = crossing->keys;
	struct queue **pinned = crossing->pinned;
	uint32_t keys_room = crossing->keys_room, pinned_room = crossing->pinned_room;

	*crossing = (struct crossing) { .rights = rights, .header = header, .keys = keys, .keys_room = keys_room,
		.pinned = pinned, .pinned_room = pinned_room };
}

void
cross_free (struct crossing *crossing)
{
	free (crossing->keys);
	free (crossing->pinned);
}

static void *
grow (void *array, uint32_t *room, uint32_t wanted, size_t element)
{
	void *larger;

	if (wanted <= *room)
		return array;
	larger = rights_memory (2 * wanted * element);
	if (array != NULL)
		memcpy (larger, array, *room * element);
	free (array);
	*room = 2 * wanted;
	return larger;
}

static void
add_key (struct crossing *crossing, uint64_t key)
{
	crossing->keys = grow (crossing->keys, &crossing->keys_room, crossing->keys_count + 1, sizeof *crossing->keys);
	crossing->keys[crossing->keys_count++] = key;
}

static void
pin (struct crossing *crossing, struct queue *queue)
{
	crossing->pinned = grow (crossing->pinned, &crossing->pinned_room, crossing->pinned_count + 1,
		sizeof *crossing->pinned);
	crossing->pinned[crossing->pinned_count++] = queue;
	queue->pins++;
}

void
cross_unpin (struct crossing *crossing)
{
	for (uint32_t i = 0; i < crossing->pinned_count; i++)
	{
		crossing->pinned[i]->pins--;
		rights_look_later (crossing->rights, crossing->pinned[i]);
	}
	crossing->pinned_count = 0;
}

/* --- one right ---------------------------------------------------------------------- */

static struct passage
send_right (struct crossing *crossing, mach_port_t name, struct party *to, bool wraps, uint64_t *key)
{
	struct rights *rights = crossing->rights;
	struct passage passage = { AS_IT_IS, name };
	struct queue *queue;

	if (rights_end_at (rights, name) == NULL && rights_queue_at (rights, name) == NULL
		&& crossing->raws == to && !wraps)
	{
		*key = ++rights->last_key | CROSSING_KEY_PASSING;	/* it goes home at once: we keep nothing of it */
		return passage;
	}
	queue = rights_identify (rights, name, crossing->raws);
	*key = queue->key;
	if (crossing->about == NULL)
		crossing->about = queue;
	pin (crossing, queue);
	passage.queue = queue;
	passage.how = queue->home == to || (queue->home->world && to->world) ? BY_QUEUE : BY_END;
	if (wraps && queue->home->world)
	{
		passage.how = BY_END;
		if (to->world)
			to = rights->door;	/* an exec server that is traced has an end of its own */
		if (queue->process_of == NULL)
		{
			queue->process_of = crossing->execs;
			party_use (crossing->execs);
		}
	}
	if (passage.how == BY_END)
		passage.end = rights_end (rights, queue, to);
	return passage;
}

static struct passage
once_right (struct crossing *crossing, mach_port_t name, struct party *to, uint64_t *key)
{
	struct passage passage = { BY_ONCE, name };

	if (crossing->recalled || (crossing->from->world && to->world))
	{
		passage.how = AS_IT_IS;
		*key = ++crossing->rights->last_key | CROSSING_KEY_PASSING;
		return passage;
	}
	passage.end = rights_once (crossing->rights, name, to, crossing->from);
	*key = passage.end->key;
	return passage;
}

/* The kernel gives a port back that was to be destroyed: to its home, which knows it by itself.  One that we do
   not know has never been anybody else's. */
static bool
is_given_back (const struct crossing *crossing, mach_port_t name, const struct party *to)
{
	const struct queue *queue = rights_queue_at (crossing->rights, name);

	return crossing->header->msgh_id == MACH_NOTIFY_PORT_DESTROYED && crossing->from->world
		&& (queue != NULL ? queue->home == to : rights_end_at (crossing->rights, name) == NULL);
}

static struct passage
receive_right (struct crossing *crossing, mach_port_t name, struct party *to, uint64_t *key)
{
	struct passage passage = { BY_RECEIVE, name };

	if (crossing->from->world && to->world)
	{
		passage.how = AS_IT_IS;
		*key = ++crossing->rights->last_key | CROSSING_KEY_PASSING;
		return passage;
	}
	if (is_given_back (crossing, name, to))
	{
		passage.how = AS_IT_IS;
		passage.queue = rights_queue_at (crossing->rights, name);
		*key = passage.queue != NULL ? passage.queue->key : ++crossing->rights->last_key | CROSSING_KEY_PASSING;
		return passage;
	}
	if (crossing->queue != NULL && crossing->queue->port == name)
	{
		crossing->circular = true;
		passage.how = AS_IT_IS;
		*key = crossing->queue->key;
		return passage;
	}
	passage.name = moves_receive (crossing->rights, name, crossing->from, to, &passage.queue);
	pin (crossing, passage.queue);
	*key = passage.queue->key;
	return passage;
}

static struct passage
find (struct crossing *crossing, mach_port_t name, uint8_t disposition, struct party *to, bool wraps, uint64_t *key)
{
	struct passage passage = { AS_IT_IS, name };

	*key = name == MACH_PORT_NULL ? 0 : UINT64_MAX;
	if (!MACH_PORT_VALID (name))
		return passage;
	switch (disposition)
	{
	case WIRE_RECEIVE:
		return receive_right (crossing, name, to, key);
	case WIRE_SEND_ONCE:
		return once_right (crossing, name, to, key);
	default:
		return send_right (crossing, name, to, wraps, key);
	}
}

/* A right alone may be made, copied or moved, as it suits us. */
static mach_port_t
hand_over (const struct passage *passage, uint8_t received_as, mach_msg_type_name_t *disposition)
{
	switch (passage->how)
	{
	case BY_QUEUE:
		*disposition = passage->queue->urefs > 1 ? MACH_MSG_TYPE_MOVE_SEND : MACH_MSG_TYPE_COPY_SEND;
		passage->queue->urefs -= passage->queue->urefs > 1;
		return passage->queue->port;
	case BY_END:
		*disposition = passage->end->extra > 0 ? MACH_MSG_TYPE_MOVE_SEND : MACH_MSG_TYPE_MAKE_SEND;
		if (passage->end->extra > 0)
			passage->end->extra--;
		else
			passage->end->makes++;
		return passage->end->port;
	case BY_ONCE:
		*disposition = MACH_MSG_TYPE_MAKE_SEND_ONCE;
		return passage->end->port;
	case BY_RECEIVE:
		*disposition = MACH_MSG_TYPE_MOVE_RECEIVE;
		return passage->name;
	default:
		*disposition = received_as;	/* what is received as a right is sent by moving it */
		return passage->name;
	}
}

/* --- arrays --------------------------------------------------------------------------- */

/* All rights of an array are handed over in one way. */
static bool
all_alike (const struct passage *passages, uint32_t count, enum how how)
{
	for (uint32_t i = 0; i < count; i++)
		if (passages[i].how != how && MACH_PORT_VALID (passages[i].name))
			return false;
	return true;
}

/* Our own send right to it, which is to be moved. */
static mach_port_t
own_right (struct rights *rights, const struct passage *passage)
{
	struct queue *queue = passage->queue;

	switch (passage->how)
	{
	case BY_QUEUE:
		if (queue->urefs > 1)
			queue->urefs--;
		else if (mach_port_mod_refs (mach_task_self (), queue->port, MACH_PORT_RIGHT_SEND, 1) != KERN_SUCCESS)
			return MACH_PORT_DEAD;
		return queue->port;
	case BY_END:
		rights_make (rights, passage->end);
		passage->end->extra--;
		return passage->end->port;
	default:
		return passage->name;
	}
}

static mach_port_t
array_right (struct rights *rights, const struct passage *passage, mach_msg_type_name_t disposition)
{
	if (!MACH_PORT_VALID (passage->name))
		return passage->name;
	switch (disposition)
	{
	case MACH_MSG_TYPE_MAKE_SEND:
		passage->end->makes++;
		return passage->end->port;
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return passage->end->port;
	case MACH_MSG_TYPE_COPY_SEND:
		return passage->queue->port;
	default:
		return own_right (rights, passage);
	}
}

static mach_msg_type_name_t
array_disposition (const struct passage *passages, const struct wire_item *item)
{
	switch (item->disposition)
	{
	case WIRE_RECEIVE:
		return MACH_MSG_TYPE_MOVE_RECEIVE;
	case WIRE_SEND_ONCE:
		return MACH_MSG_TYPE_MAKE_SEND_ONCE;
	default:
		return all_alike (passages, item->number, BY_END) ? MACH_MSG_TYPE_MAKE_SEND
			: all_alike (passages, item->number, BY_QUEUE) ? MACH_MSG_TYPE_COPY_SEND : MACH_MSG_TYPE_MOVE_SEND;
	}
}

static void
cross_array (struct crossing *crossing, uint8_t *body, const struct wire_item *item, bool last)
{
	struct passage *passages = rights_memory (item->number * sizeof *passages);
	uint32_t *array = item->is_inline ? NULL : (uint32_t *) wire_get_address (body, item);
	mach_msg_type_name_t disposition;

	for (uint32_t i = 0; i < item->number; i++)
	{
		uint64_t key;

		passages[i] = find (crossing, array != NULL ? array[i] : wire_get_port (body, item, i), item->disposition,
			crossing->body_to, last && crossing->execs != NULL && i == INIT_PORT_PROC, &key);
		add_key (crossing, key);
	}
	disposition = array_disposition (passages, item);
	for (uint32_t i = 0; i < item->number; i++)
	{
		mach_port_t name = array_right (crossing->rights, &passages[i], disposition);

		if (array != NULL)
			array[i] = name;
		else
			wire_set_port (body, item, i, name);
	}
	wire_set_item (body, item, disposition, !item->is_inline);
	free (passages);
}

static void
cross_single (struct crossing *crossing, uint8_t *body, const struct wire_item *item)
{
	mach_msg_type_name_t disposition;
	uint64_t key;
	struct passage passage = find (crossing, wire_get_port (body, item, 0), item->disposition, crossing->body_to, false,
		&key);

	add_key (crossing, key);
	wire_set_port (body, item, 0, hand_over (&passage, item->disposition, &disposition));
	wire_set_item (body, item, disposition, false);
}

/* --- the message ------------------------------------------------------------------------ */

static size_t
last_port_item (const uint8_t *body, size_t bytes)
{
	struct wire_walk walk;
	struct wire_item item;
	size_t last = 0;

	wire_walk (&walk, body, bytes);
	while (wire_next (&walk, &item))
		if (item.ports)
			last = item.offset;
	return last;
}

static void
cross_body (struct crossing *crossing)
{
	uint8_t *body = (uint8_t *) crossing->header + WIRE_HEADER_BYTES;
	size_t bytes = crossing->header->msgh_size - WIRE_HEADER_BYTES;
	size_t last = crossing->execs != NULL ? last_port_item (body, bytes) : 0;
	struct wire_walk walk;
	struct wire_item item;

	wire_walk (&walk, body, bytes);
	while (wire_next (&walk, &item))
		if (!item.ports && !item.is_inline)
			wire_set_item (body, &item, item.name, item.bytes > 0);	/* its memory goes along */
		else if (item.ports && item.number == 1 && item.is_inline)
			cross_single (crossing, body, &item);
		else if (item.ports && item.number > 0)
			cross_array (crossing, body, &item, item.offset == last);
}

void
cross (struct crossing *crossing, mach_port_t destination, mach_msg_type_name_t destination_disposition)
{
	mach_msg_header_t *header = crossing->header;
	uint8_t received_as = MACH_MSGH_BITS_REMOTE (header->msgh_bits);
	mach_msg_type_name_t disposition = 0;
	struct passage reply = find (crossing, header->msgh_remote_port, received_as, crossing->to, false,
		&crossing->reply_key);
	mach_port_t reply_name = hand_over (&reply, received_as, &disposition);

	if (reply.how == BY_ONCE)
		crossing->reply = reply.end;
	if (header->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		cross_body (crossing);
	header->msgh_bits = (header->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		| MACH_MSGH_BITS (destination_disposition, disposition);
	header->msgh_remote_port = destination;
	header->msgh_local_port = reply_name;
}
