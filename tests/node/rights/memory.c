/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data in messages, inline and out of line, and memory whose pager fails. */
#include "steps.h"
#include "paged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BIG_BYTES (64u << 20)
#define PAGED_BYTES (16u << 10)
#define PAGED_VALUE 77

/* --- data ------------------------------------------------------------------------- */

static bool
every_inline_type_survives (void)
{
	static const struct { unsigned name, bits, number; } types[] = {
		{ MACH_MSG_TYPE_BIT, 1, 13 }, { MACH_MSG_TYPE_INTEGER_16, 16, 3 }, { MACH_MSG_TYPE_INTEGER_32, 32, 5 },
		{ MACH_MSG_TYPE_CHAR, 8, 7 }, { MACH_MSG_TYPE_INTEGER_8, 8, 1 }, { MACH_MSG_TYPE_REAL, 32, 2 },
		{ MACH_MSG_TYPE_INTEGER_64, 64, 3 }, { MACH_MSG_TYPE_STRING, 8, 11 }, { MACH_MSG_TYPE_BYTE, 8, 0 },
		{ MACH_MSG_TYPE_BYTE, 8, 40000 }, { MACH_MSG_TYPE_PORT_NAME, 32, 2 },
	};
	enum { COUNT = sizeof types / sizeof types[0] };
	static uint8_t data[40000];
	struct letter_item item;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = i * 7 + i / 256;
	letter_begin (&letter, BOX_ECHO);
	for (int i = 0; i < COUNT; i++)
		letter_add (&letter, types[i].name, types[i].bits, types[i].number, data);
	CHECK (letter_call (&letter, box, WAIT_MS) == MACH_MSG_SUCCESS);
	for (int i = 0; i < COUNT; i++)
	{
		size_t bytes = ((size_t) types[i].bits * types[i].number + 7) / 8;

		CHECK (letter_next (&letter, &item));
		CHECK (item.name == types[i].name && item.element_bits == types[i].bits && item.number == types[i].number);
		CHECK (memcmp (item.data, data, bytes - (types[i].bits == 1)) == 0);
	}
	CHECK (!letter_next (&letter, &item));
	return true;
}

static uint32_t
word_at (size_t i)
{
	return (uint32_t) i * UINT32_C (2654435761);
}

static bool
echo_memory (size_t bytes, bool deallocate)
{
	struct letter_item item;
	vm_address_t memory = 0;
	uint32_t *words, *echoed;
	bool same = true;

	CHECK (vm_allocate (mach_task_self (), &memory, bytes, TRUE) == KERN_SUCCESS);
	words = (uint32_t *) memory;
	for (size_t i = 0; i < bytes / sizeof *words; i++)
		words[i] = word_at (i);
	((uint8_t *) memory)[bytes - 1] = 0x5a;
	letter_begin (&letter, BOX_ECHO);
	letter_add_memory (&letter, (void *) memory, bytes, deallocate);
	CHECK (letter_call (&letter, box, 6 * WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (letter_next (&letter, &item) && !item.is_inline && item.bytes == bytes);
	echoed = item.data;
	for (size_t i = 0; i + 1 < bytes / sizeof *words && same; i++)
		same = echoed[i] == word_at (i);
	CHECK (same && ((uint8_t *) item.data)[bytes - 1] == 0x5a);
	vm_deallocate (mach_task_self (), (vm_address_t) item.data, bytes);
	if (!deallocate)
		CHECK (vm_deallocate (mach_task_self (), memory, bytes) == KERN_SUCCESS);
	return true;
}

static bool one_byte_out_of_line (void) { return echo_memory (1, false); }
static bool a_page_less_one_byte_out_of_line (void) { return echo_memory (vm_page_size - 1, false); }
static bool a_page_out_of_line_deallocated (void) { return echo_memory (vm_page_size, true); }
static bool three_pages_and_a_bit_out_of_line (void) { return echo_memory (3 * vm_page_size + 17, true); }
static bool sixty_four_megabytes_out_of_line (void) { return echo_memory (BIG_BYTES, true); }

/* --- memory whose pager fails ------------------------------------------------------ */

void
warm_up (void)
{
	vm_address_t address;
	struct paged *paged = paged_new (PAGED_SILENT, PAGED_BYTES, &address);

	an_empty_message_is_answered ();
	if (paged == NULL || !paged_end (paged, WAIT_MS))
		fprintf (stderr, "rights-test: no paged memory\n");
}

/* A request to the box with a send right to RIGHT, moved, and the paged memory at ADDRESS. */
static void
write_paged (mach_msg_id_t id, mach_port_t right, vm_address_t address)
{
	letter_begin (&letter, id);
	letter_add_int (&letter, PAGED_VALUE);
	if (right != MACH_PORT_NULL)
		letter_add_right (&letter, right, MACH_MSG_TYPE_MOVE_SEND);
	letter_add_memory (&letter, (void *) address, PAGED_BYTES, false);
}

static bool
a_failing_pager_loses_its_message_only (void)
{
	mach_port_t port = new_pair (), notices = new_port ();
	struct paged *paged;
	vm_address_t address;
	int32_t value;

	request_notice (port, MACH_NOTIFY_NO_SENDERS, notices);
	paged = paged_new (PAGED_FAILS, PAGED_BYTES, &address);
	CHECK (paged != NULL);
	write_paged (BOX_ECHO, port, address);
	CHECK (letter_call (&letter, box, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (letter.header.msgh_id == MACH_NOTIFY_SEND_ONCE);
	CHECK (arrived (notices, WAIT_MS, &value) == MACH_NOTIFY_NO_SENDERS);
	CHECK (an_empty_message_is_answered ());
	CHECK (paged_end (paged, WAIT_MS));
	destroy_receive (notices);
	destroy_receive (port);
	return true;
}

static bool
a_failing_pager_in_an_answer_is_reported (void)
{
	struct paged *paged;
	vm_address_t address;
	mach_msg_type_name_t disposition;
	mach_port_t once;
	int32_t place, id;

	CHECK (ask_ints (box, BOX_NEW, 1, &place, 0));
	CHECK (letter_next_right (&letter, &once, &disposition));
	drop (once);
	CHECK (give (box, place, MACH_MSG_TYPE_MAKE_SEND_ONCE, &once));
	paged = paged_new (PAGED_FAILS, PAGED_BYTES, &address);
	CHECK (paged != NULL);
	write_paged (ID_PLAIN, MACH_PORT_NULL, address);
	CHECK (letter_send_disposed (&letter, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL, WAIT_MS) == 0);
	CHECK (ask_ints (box, BOX_RECEIVE, 1, &id, 2, place, WAIT_MS) && id == MACH_NOTIFY_SEND_ONCE);
	CHECK (paged_end (paged, WAIT_MS));
	return clear (box);
}

/* The message waits for its memory, and what is behind it at the same port waits for it. */
static bool
wait_for_pager (struct paged *paged, vm_address_t address, mach_port_t right, int32_t place)
{
	int32_t answer[2];

	write_paged (ID_PLAIN, MACH_PORT_NULL, address);
	CHECK (letter_send (&letter, right, MACH_PORT_NULL, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (send_value (right, PAGED_VALUE + 1, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (paged_was_asked (paged, WAIT_MS));
	for (int i = 0; i < 20; i++)
		CHECK (an_empty_message_is_answered ());
	CHECK (ask_ints (box, BOX_RECEIVE, 2, answer, 2, place, SHORT_MS) && answer[0] == 0);
	return true;
}

static bool
a_silent_pager (bool answers_at_last)
{
	int32_t place, answer[2];
	mach_port_t right;
	mach_msg_type_name_t disposition;
	struct paged *paged;
	vm_address_t address;

	CHECK (ask_ints (box, BOX_NEW, 1, &place, 0));
	CHECK (letter_next_right (&letter, &right, &disposition));
	paged = paged_new (PAGED_SILENT, PAGED_BYTES, &address);
	CHECK (paged != NULL && wait_for_pager (paged, address, right, place));
	if (answers_at_last)
	{
		paged_answer (paged);
		CHECK (ask_ints (box, BOX_RECEIVE, 2, answer, 2, place, WAIT_MS));
		CHECK (answer[0] == ID_PLAIN && answer[1] == PAGED_VALUE);
	}
	else
		paged_give_up (paged);
	CHECK (ask_ints (box, BOX_RECEIVE, 2, answer, 2, place, WAIT_MS));
	CHECK (answer[0] == ID_PLAIN && answer[1] == PAGED_VALUE + 1);
	CHECK (paged_end (paged, WAIT_MS));
	drop (right);
	return clear (box);
}

static bool a_slow_pager_makes_only_its_port_wait (void) { return a_silent_pager (true); }
static bool a_pager_that_gives_up_loses_its_message_only (void) { return a_silent_pager (false); }

/* More than the receive thread lets strand, one after the other. */
static bool
many_silent_pagers_make_only_their_ports_wait (void)
{
	enum { PAGERS = 12 };
	struct paged *paged[PAGERS];
	vm_address_t address[PAGERS];
	mach_port_t right[PAGERS];
	mach_msg_type_name_t disposition;
	int32_t place[PAGERS], answer[2];

	for (int i = 0; i < PAGERS; i++)
	{
		CHECK (ask_ints (box, BOX_NEW, 1, &place[i], 0));
		CHECK (letter_next_right (&letter, &right[i], &disposition));
		paged[i] = paged_new (PAGED_SILENT, PAGED_BYTES, &address[i]);
		CHECK (paged[i] != NULL && wait_for_pager (paged[i], address[i], right[i], place[i]));
	}
	for (int i = 0; i < PAGERS; i++)
	{
		paged_answer (paged[i]);
		for (int k = 0; k < 2; k++)
		{
			CHECK (ask_ints (box, BOX_RECEIVE, 2, answer, 2, place[i], WAIT_MS));
			CHECK (answer[0] == ID_PLAIN && answer[1] == PAGED_VALUE + k);
		}
		CHECK (paged_end (paged[i], WAIT_MS));
		drop (right[i]);
	}
	return clear (box);
}

/* The port goes while a message to it waits for its memory. */
static bool
a_port_dies_while_its_message_waits (void)
{
	int32_t place;
	mach_port_t right, port = new_pair (), notices = new_port ();
	mach_msg_type_name_t disposition;
	struct paged *paged;
	vm_address_t address;

	CHECK (ask_ints (box, BOX_NEW, 1, &place, 0));
	CHECK (letter_next_right (&letter, &right, &disposition));
	request_notice (port, MACH_NOTIFY_NO_SENDERS, notices);
	request_notice (right, MACH_NOTIFY_DEAD_NAME, notices);
	paged = paged_new (PAGED_SILENT, PAGED_BYTES, &address);
	CHECK (paged != NULL);
	write_paged (ID_PLAIN, port, address);
	CHECK (letter_send (&letter, right, MACH_PORT_NULL, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (paged_was_asked (paged, WAIT_MS));
	CHECK (ask_ints (box, BOX_DESTROY, 0, NULL, 1, place));
	CHECK (arrived (notices, WAIT_MS, &place) == MACH_NOTIFY_DEAD_NAME);
	paged_answer (paged);
	CHECK (arrived (notices, WAIT_MS, &place) == MACH_NOTIFY_NO_SENDERS);
	CHECK (paged_end (paged, WAIT_MS));
	drop (right);
	drop (right);	/* the notification's */
	destroy_receive (notices);
	destroy_receive (port);
	return clear (box);
}

const struct test memory_tests[] =
{
	TEST (an_empty_message_is_answered), TEST (every_inline_type_survives), TEST (one_byte_out_of_line),
	TEST (a_page_less_one_byte_out_of_line), TEST (a_page_out_of_line_deallocated),
	TEST (three_pages_and_a_bit_out_of_line), TEST (sixty_four_megabytes_out_of_line),
	TEST (a_failing_pager_loses_its_message_only), TEST (a_slow_pager_makes_only_its_port_wait),
	TEST (a_failing_pager_in_an_answer_is_reported), TEST (a_pager_that_gives_up_loses_its_message_only),
	TEST (many_silent_pagers_make_only_their_ports_wait), TEST (a_port_dies_while_its_message_waits),
	{ NULL, NULL, false },
};
