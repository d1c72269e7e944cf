/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "letter.h"

#include <string.h>

#define WORD 8
#define ROUND(bytes) (((bytes) + WORD - 1) & ~(size_t) (WORD - 1))

void
letter_begin (struct letter *letter, mach_msg_id_t id)
{
	memset (&letter->header, 0, sizeof letter->header);
	letter->header.msgh_id = id;
	letter->header.msgh_size = sizeof letter->header;
}

static void *
add_item (struct letter *letter, mach_msg_type_t type, size_t data_bytes)
{
	uint8_t *at = letter->bytes + letter->header.msgh_size;

	memcpy (at, &type, sizeof type);
	memset (at + sizeof type, 0, ROUND (data_bytes));
	letter->header.msgh_size += sizeof type + ROUND (data_bytes);
	return at + sizeof type;
}

static mach_msg_type_t
make_type (unsigned name, unsigned element_bits, unsigned number, bool is_inline)
{
	return (mach_msg_type_t) { .msgt_name = name, .msgt_size = element_bits, .msgt_number = number,
		.msgt_inline = is_inline };
}

void
letter_add (struct letter *letter, unsigned name, unsigned element_bits, unsigned number, const void *data)
{
	size_t bytes = ((size_t) element_bits * number + 7) / 8;

	memcpy (add_item (letter, make_type (name, element_bits, number, true), bytes), data, bytes);
	letter->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
}

void
letter_add_int (struct letter *letter, int32_t value)
{
	letter_add (letter, MACH_MSG_TYPE_INTEGER_32, 32, 1, &value);
}

void
letter_add_right (struct letter *letter, mach_port_t right, mach_msg_type_name_t disposition)
{
	letter_add_rights (letter, &right, 1, disposition, true);
}

void
letter_add_rights (struct letter *letter, const mach_port_t *rights, unsigned number,
	mach_msg_type_name_t disposition, bool is_inline)
{
	letter->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	if (is_inline)
	{
		uint64_t *slots = add_item (letter, make_type (disposition, 64, number, true), number * sizeof *slots);

		for (unsigned i = 0; i < number; i++)
			slots[i] = rights[i];
	}
	else
		memcpy (add_item (letter, make_type (disposition, 32, number, false), sizeof rights), &rights, sizeof rights);
}

void
letter_add_memory (struct letter *letter, const void *memory, size_t bytes, bool deallocate)
{
	mach_msg_type_t type = make_type (MACH_MSG_TYPE_BYTE, 8, bytes, false);

	type.msgt_deallocate = deallocate;
	letter->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	memcpy (add_item (letter, type, sizeof memory), &memory, sizeof memory);
}

bool
letter_next (struct letter *letter, struct letter_item *item)
{
	mach_msg_type_t type;

	/* the kernel clears the COMPLEX bit when a message holds plain data only */
	if (letter->at + sizeof type > letter->header.msgh_size)
		return false;
	memcpy (&type, letter->bytes + letter->at, sizeof type);
	letter->at += sizeof type;
	item->name = type.msgt_name;
	item->element_bits = type.msgt_size;
	item->number = type.msgt_number;
	item->is_inline = type.msgt_inline;
	item->bytes = ((size_t) type.msgt_size * type.msgt_number + 7) / 8;
	item->data = letter->bytes + letter->at;
	if (!item->is_inline)
		memcpy (&item->data, letter->bytes + letter->at, sizeof item->data);
	letter->at += item->is_inline ? ROUND (item->bytes) : WORD;
	return letter->at <= letter->header.msgh_size;
}

bool
letter_next_int (struct letter *letter, int32_t *value)
{
	struct letter_item item;

	if (!letter_next (letter, &item) || item.name != MACH_MSG_TYPE_INTEGER_32 || item.bytes != sizeof *value)
		return false;
	memcpy (value, item.data, sizeof *value);
	return true;
}

bool
letter_next_right (struct letter *letter, mach_port_t *right, mach_msg_type_name_t *disposition)
{
	struct letter_item item;

	if (!letter_next (letter, &item) || !MACH_MSG_TYPE_PORT_ANY (item.name) || !item.is_inline || item.number != 1)
		return false;
	memcpy (right, item.data, sizeof *right);
	*disposition = item.name;
	return true;
}

mach_msg_return_t
letter_send_disposed (struct letter *letter, mach_port_t to, mach_msg_type_name_t disposition, mach_port_t reply,
	unsigned timeout_ms)
{
	mach_msg_return_t result;

	letter->header.msgh_bits = (letter->header.msgh_bits & MACH_MSGH_BITS_COMPLEX)
		| MACH_MSGH_BITS (disposition, reply != MACH_PORT_NULL ? MACH_MSG_TYPE_MAKE_SEND_ONCE : 0);
	letter->header.msgh_remote_port = to;
	letter->header.msgh_local_port = reply;
	result = mach_msg (&letter->header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, letter->header.msgh_size, 0, MACH_PORT_NULL,
		timeout_ms, MACH_PORT_NULL);
	if (result == MACH_SEND_TIMED_OUT)
	{
		/* the kernel took it in and gave it back: all rights in it are extra ones now */
		mach_port_deallocate (mach_task_self (), letter->header.msgh_remote_port);
		if (reply != MACH_PORT_NULL)
			mach_port_deallocate (mach_task_self (), letter->header.msgh_local_port);
		letter->header.msgh_remote_port = letter->header.msgh_local_port = MACH_PORT_NULL;
		mach_msg_destroy (&letter->header);
	}
	return result;
}

mach_msg_return_t
letter_send (struct letter *letter, mach_port_t to, mach_port_t reply, unsigned timeout_ms)
{
	return letter_send_disposed (letter, to, MACH_MSG_TYPE_COPY_SEND, reply, timeout_ms);
}

mach_msg_return_t
letter_receive (struct letter *letter, mach_port_t from, unsigned timeout_ms)
{
	letter->at = sizeof letter->header;
	return mach_msg (&letter->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof letter->bytes, from, timeout_ms,
		MACH_PORT_NULL);
}

mach_msg_return_t
letter_call (struct letter *letter, mach_port_t to, unsigned timeout_ms)
{
	mach_port_t reply = mach_reply_port ();
	mach_msg_return_t result = letter_send (letter, to, reply, timeout_ms);

	if (result == MACH_MSG_SUCCESS)
		result = letter_receive (letter, reply, timeout_ms);
	mach_port_mod_refs (mach_task_self (), reply, MACH_PORT_RIGHT_RECEIVE, -1);
	return result;
}
