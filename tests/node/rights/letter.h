/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mach messages by hand, item by item, for tests that care which dispositions and forms are used. */
#ifndef LETTER_H
#define LETTER_H

#include <mach.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LETTER_BYTES_MAX (64 * 1024)	/* inline */

struct letter
{
	union
	{
		mach_msg_header_t header;
		uint8_t bytes[LETTER_BYTES_MAX];
	};
	size_t at;	/* reading: the next item */
};

/* Writing. */
void letter_begin (struct letter *letter, mach_msg_id_t id);
void letter_add (struct letter *letter, unsigned name, unsigned element_bits, unsigned number, const void *data);
void letter_add_int (struct letter *letter, int32_t value);
void letter_add_right (struct letter *letter, mach_port_t right, mach_msg_type_name_t disposition);
void letter_add_rights (struct letter *letter, const mach_port_t *rights, unsigned number,
	mach_msg_type_name_t disposition, bool is_inline);
/* Out of line; with DEALLOCATE the memory is the kernel's afterwards. */
void letter_add_memory (struct letter *letter, const void *memory, size_t bytes, bool deallocate);

/* Reading a received letter; false: the next item is not of that kind, or there is none. */
struct letter_item
{
	unsigned name, element_bits, number;
	bool is_inline;
	void *data;		/* of an out-of-line item: the memory, the reader's */
	size_t bytes;
};
bool letter_next (struct letter *letter, struct letter_item *item);
bool letter_next_int (struct letter *letter, int32_t *value);
bool letter_next_right (struct letter *letter, mach_port_t *right, mach_msg_type_name_t *disposition);

/* Sends to a send right that is copied.  REPLY (may be null) is made into a send-once right. */
mach_msg_return_t letter_send (struct letter *letter, mach_port_t to, mach_port_t reply, unsigned timeout_ms);
mach_msg_return_t letter_send_disposed (struct letter *letter, mach_port_t to, mach_msg_type_name_t disposition,
	mach_port_t reply, unsigned timeout_ms);

mach_msg_return_t letter_receive (struct letter *letter, mach_port_t from, unsigned timeout_ms);

/* Sends and waits for the answer, which takes the letter's place. */
mach_msg_return_t letter_call (struct letter *letter, mach_port_t to, unsigned timeout_ms);

#endif
