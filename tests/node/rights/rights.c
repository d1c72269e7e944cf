/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rights-test BOX [THIRD]: what happens to port rights between this node and the box of another
   one (and of a third one).  Prints "ok NAME" or "not ok NAME: why" per test and a last line. */
#include "box.h"
#include "letter.h"
#include "paged.h"

#include <fcntl.h>
#include <hurd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 10000
#define SHORT_MS 300		/* long enough to see that something does not happen */
#define MANY_PORTS 1000
#define SOME_PORTS 40
#define BIG_BYTES (64u << 20)
#define ID_PLAIN 4711
#define PAGED_BYTES (16u << 10)
#define PAGED_VALUE 77

static mach_port_t box, third;
static struct letter letter;
static char why[256];

static bool
fail (const char *format, ...)
{
	va_list arguments;

	va_start (arguments, format);
	vsnprintf (why, sizeof why, format, arguments);
	va_end (arguments);
	return false;
}

#define CHECK(condition) do { if (!(condition)) return fail ("%s:%d: %s", __FILE__, __LINE__, #condition); } while (0)

/* --- small steps ---------------------------------------------------------------- */

static mach_port_t
new_port (void)
{
	mach_port_t port = MACH_PORT_NULL;

	mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &port);
	return port;
}

/* A receive right with a send right of the same name. */
static mach_port_t
new_pair (void)
{
	mach_port_t port = new_port ();

	mach_port_insert_right (mach_task_self (), port, port, MACH_MSG_TYPE_MAKE_SEND);
	return port;
}

static void
destroy_receive (mach_port_t port)
{
	mach_port_mod_refs (mach_task_self (), port, MACH_PORT_RIGHT_RECEIVE, -1);
}

static void
drop (mach_port_t port)
{
	mach_port_deallocate (mach_task_self (), port);
}

static unsigned
refs (mach_port_t port, mach_port_right_t right)
{
	mach_port_urefs_t count = 0;

	mach_port_get_refs (mach_task_self (), port, right, &count);
	return count;
}

/* Asks BOX_AT with the letter as it is and takes the first COUNT ints of the answer behind its status. */
static bool
ask (mach_port_t box_at, int count, int32_t *values)
{
	int32_t status = BOX_NOTHING;

	mach_msg_id_t request = letter.header.msgh_id;
	mach_msg_return_t result = letter_call (&letter, box_at, WAIT_MS);

	if (result != MACH_MSG_SUCCESS)
		return fail ("request %d: %#x", request, result);
	if (!letter_next_int (&letter, &status) || status != 0)
		return fail ("request %d: the box said %d", request, status);
	for (int i = 0; i < count; i++)
		if (!letter_next_int (&letter, &values[i]))
			return fail ("box's answer is too short");
	return true;
}

static bool
ask_ints (mach_port_t box_at, enum box_request request, int count, int32_t *values, int arguments, ...)
{
	va_list rest;

	letter_begin (&letter, request);
	va_start (rest, arguments);
	for (int i = 0; i < arguments; i++)
		letter_add_int (&letter, va_arg (rest, int));
	va_end (rest);
	return ask (box_at, count, values);
}

static bool
keep (mach_port_t box_at, mach_port_t right, mach_msg_type_name_t disposition, int32_t *place)
{
	letter_begin (&letter, BOX_KEEP);
	letter_add_right (&letter, right, disposition);
	return ask (box_at, 1, place);
}

static bool
clear (mach_port_t box_at)
{
	return ask_ints (box_at, BOX_CLEAR, 0, NULL, 0);
}

static bool
give (mach_port_t box_at, int32_t place, mach_msg_type_name_t disposition, mach_port_t *right)
{
	mach_msg_type_name_t got;

	if (!ask_ints (box_at, BOX_GIVE, 0, NULL, 2, place, (int) disposition))
		return false;
	return letter_next_right (&letter, right, &got) || fail ("no right came");
}

/* Waits for one message at PORT; its id, or 0. */
static mach_msg_id_t
arrived (mach_port_t port, unsigned timeout_ms, int32_t *value)
{
	mach_msg_id_t id = 0;

	*value = BOX_NOTHING;
	if (letter_receive (&letter, port, timeout_ms) != MACH_MSG_SUCCESS)
		return 0;
	id = letter.header.msgh_id;
	letter_next_int (&letter, value);
	mach_msg_destroy (&letter.header);
	return id;
}

static mach_msg_return_t
send_value (mach_port_t to, int32_t value, unsigned timeout_ms)
{
	letter_begin (&letter, ID_PLAIN);
	letter_add_int (&letter, value);
	return letter_send (&letter, to, MACH_PORT_NULL, timeout_ms);
}

static void
request_notice (mach_port_t name, mach_msg_id_t kind, mach_port_t to)
{
	mach_port_t previous = MACH_PORT_NULL;

	mach_port_request_notification (mach_task_self (), name, kind, 1, to, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
}

static int32_t
names_here (void)
{
	mach_msg_type_number_t names_count = 0, types_count = 0;
	mach_port_array_t names;
	mach_port_type_array_t types;

	if (mach_port_names (mach_task_self (), &names, &names_count, &types, &types_count) != KERN_SUCCESS)
		return BOX_NOTHING;
	vm_deallocate (mach_task_self (), (vm_address_t) names, names_count * sizeof *names);
	vm_deallocate (mach_task_self (), (vm_address_t) types, types_count * sizeof *types);
	return names_count;
}

/* --- data ------------------------------------------------------------------------- */

static bool
an_empty_message_is_answered (void)
{
	letter_begin (&letter, BOX_ECHO);
	CHECK (letter_call (&letter, box, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (letter.header.msgh_id == BOX_ECHO + 100);
	CHECK (letter.header.msgh_size == sizeof letter.header);
	return true;
}

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

static void
warm_up_paged (void)
{
	vm_address_t address;
	struct paged *paged = paged_new (PAGED_SILENT, PAGED_BYTES, &address);

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

/* --- send rights ------------------------------------------------------------------- */

static bool
null_and_dead_rights_stay_so (void)
{
	mach_port_t rights[] = { MACH_PORT_NULL, MACH_PORT_DEAD, MACH_PORT_NULL }, right;
	mach_msg_type_name_t disposition;
	struct letter_item item;

	letter_begin (&letter, BOX_ECHO);
	letter_add_right (&letter, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND);
	letter_add_right (&letter, MACH_PORT_DEAD, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	letter_add_rights (&letter, rights, 3, MACH_MSG_TYPE_COPY_SEND, false);
	CHECK (letter_call (&letter, box, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (letter_next_right (&letter, &right, &disposition) && right == MACH_PORT_NULL);
	CHECK (letter_next_right (&letter, &right, &disposition) && right == MACH_PORT_DEAD);
	CHECK (letter_next (&letter, &item) && !item.is_inline && item.number == 3);
	CHECK (memcmp (item.data, rights, sizeof rights) == 0);
	vm_deallocate (mach_task_self (), (vm_address_t) item.data, sizeof rights);
	return true;
}

static bool
a_send_right_comes_back_under_its_name (void)
{
	mach_port_t port = new_pair (), right;
	mach_msg_type_name_t disposition;

	letter_begin (&letter, BOX_ECHO);
	letter_add_right (&letter, port, MACH_MSG_TYPE_COPY_SEND);
	CHECK (letter_call (&letter, box, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (letter_next_right (&letter, &right, &disposition));
	CHECK (right == port && disposition == MACH_MSG_TYPE_MOVE_SEND);
	CHECK (refs (port, MACH_PORT_RIGHT_SEND) == 2);
	drop (port);
	drop (port);
	destroy_receive (port);
	return true;
}

static bool
the_box_itself_comes_back_under_its_name (void)
{
	unsigned before = refs (box, MACH_PORT_RIGHT_SEND);
	mach_msg_type_name_t disposition;
	mach_port_t right;

	letter_begin (&letter, BOX_ECHO);
	letter_add_right (&letter, box, MACH_MSG_TYPE_COPY_SEND);
	CHECK (letter_call (&letter, box, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (letter_next_right (&letter, &right, &disposition) && right == box);
	CHECK (refs (box, MACH_PORT_RIGHT_SEND) == before + 1);
	drop (box);
	return true;
}

static bool
one_queue_has_one_name_there (void)
{
	mach_port_t port = new_pair (), right;
	int32_t first, second, same;

	CHECK (keep (box, port, MACH_MSG_TYPE_COPY_SEND, &first));
	CHECK (keep (box, port, MACH_MSG_TYPE_COPY_SEND, &second));
	letter_begin (&letter, BOX_SAME);
	letter_add_right (&letter, port, MACH_MSG_TYPE_MAKE_SEND);
	CHECK (ask (box, 1, &same));
	CHECK (first != second && same == second);
	CHECK (give (box, first, MACH_MSG_TYPE_COPY_SEND, &right) && right == port);
	drop (port);
	CHECK (clear (box));
	drop (port);
	destroy_receive (port);
	return true;
}

static bool
messages_through_a_passed_right_keep_their_order (void)
{
	mach_port_t port = new_pair ();
	int32_t place, value;

	CHECK (keep (box, port, MACH_MSG_TYPE_MOVE_SEND, &place));
	letter_begin (&letter, BOX_SEND);
	letter_add_int (&letter, place);
	letter_add_int (&letter, ID_PLAIN);
	letter_add_int (&letter, 100);
	letter_add_int (&letter, 5);
	CHECK (ask (box, 0, NULL));
	for (int i = 0; i < 5; i++)
		CHECK (arrived (port, WAIT_MS, &value) == ID_PLAIN && value == 100 + i);
	CHECK (clear (box));
	destroy_receive (port);
	return true;
}

static bool
rights_in_arrays (bool is_inline)
{
	mach_port_t ports[SOME_PORTS];
	struct letter_item item;

	for (int i = 0; i < SOME_PORTS; i++)
		ports[i] = i % 7 == 3 ? MACH_PORT_NULL : i % 7 == 4 ? box : new_pair ();
	letter_begin (&letter, BOX_ECHO);
	letter_add_rights (&letter, ports, SOME_PORTS, MACH_MSG_TYPE_COPY_SEND, is_inline);
	CHECK (letter_call (&letter, box, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (letter_next (&letter, &item) && item.number == SOME_PORTS && item.is_inline == is_inline);
	for (int i = 0; i < SOME_PORTS; i++)
	{
		mach_port_t right = is_inline ? ((uint64_t *) item.data)[i] : ((mach_port_t *) item.data)[i];

		CHECK (right == ports[i]);
		if (right == MACH_PORT_NULL)
			continue;
		drop (right);
		if (right == box)
			continue;
		drop (right);
		destroy_receive (right);
	}
	if (!is_inline)
		vm_deallocate (mach_task_self (), (vm_address_t) item.data, sizeof ports);
	return true;
}

static bool rights_in_inline_arrays (void) { return rights_in_arrays (true); }
static bool rights_in_out_of_line_arrays (void) { return rights_in_arrays (false); }

static bool
a_thousand_ports_at_once (void)
{
	static mach_port_t ports[MANY_PORTS];
	int32_t first, value;

	for (int i = 0; i < MANY_PORTS; i++)
		ports[i] = new_pair ();
	letter_begin (&letter, BOX_KEEP);
	letter_add_rights (&letter, ports, MANY_PORTS, MACH_MSG_TYPE_MOVE_SEND, false);
	CHECK (ask (box, 1, &first));
	for (int i = 0; i < MANY_PORTS; i += 111)
	{
		CHECK (ask_ints (box, BOX_SEND, 0, NULL, 4, first + i, ID_PLAIN, i, 1));
		CHECK (arrived (ports[i], WAIT_MS, &value) == ID_PLAIN && value == i);
	}
	CHECK (clear (box));
	for (int i = 0; i < MANY_PORTS; i++)
		destroy_receive (ports[i]);
	return true;
}

static bool
a_message_without_reply_port_arrives (void)
{
	mach_port_t port = new_pair ();
	int32_t same = BOX_NOTHING;

	letter_begin (&letter, BOX_KEEP);
	letter_add_right (&letter, port, MACH_MSG_TYPE_COPY_SEND);
	CHECK (letter_send (&letter, box, MACH_PORT_NULL, WAIT_MS) == MACH_MSG_SUCCESS);
	letter_begin (&letter, BOX_SAME);
	letter_add_right (&letter, port, MACH_MSG_TYPE_MOVE_SEND);
	CHECK (ask (box, 1, &same) && same >= 0);
	CHECK (clear (box));
	destroy_receive (port);
	return true;
}

/* --- send-once rights ----------------------------------------------------------------- */

static bool
a_send_once_right_is_used_once_there (void)
{
	mach_port_t port = new_port ();
	int32_t place, value;

	CHECK (keep (box, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &place));
	CHECK (ask_ints (box, BOX_SEND, 0, NULL, 4, place, ID_PLAIN, 7, 1));
	CHECK (arrived (port, WAIT_MS, &value) == ID_PLAIN && value == 7);
	CHECK (arrived (port, SHORT_MS, &value) == 0);
	CHECK (clear (box));
	destroy_receive (port);
	return true;
}

static bool
a_send_once_right_destroyed_there_is_reported (void)
{
	mach_port_t port = new_port ();
	int32_t place, value;

	CHECK (keep (box, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &place));
	CHECK (ask_ints (box, BOX_DESTROY, 0, NULL, 1, place));
	CHECK (arrived (port, WAIT_MS, &value) == MACH_NOTIFY_SEND_ONCE);
	CHECK (clear (box));
	destroy_receive (port);
	return true;
}

static bool
a_send_once_right_comes_back_and_works (void)
{
	mach_port_t port = new_port (), right;
	mach_msg_type_name_t disposition;
	int32_t value;

	letter_begin (&letter, BOX_ECHO);
	letter_add_right (&letter, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	CHECK (letter_call (&letter, box, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (letter_next_right (&letter, &right, &disposition) && disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE);
	letter_begin (&letter, ID_PLAIN);
	letter_add_int (&letter, 9);
	CHECK (letter_send_disposed (&letter, right, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL, WAIT_MS) == 0);
	CHECK (arrived (port, WAIT_MS, &value) == ID_PLAIN && value == 9);
	destroy_receive (port);
	return true;
}

/* --- notifications and death ------------------------------------------------------------ */

static bool
no_senders_comes_when_the_last_right_is_gone_there (void)
{
	mach_port_t port = new_pair (), notices = new_port ();
	int32_t first, second, value;

	request_notice (port, MACH_NOTIFY_NO_SENDERS, notices);
	CHECK (keep (box, port, MACH_MSG_TYPE_COPY_SEND, &first));
	CHECK (keep (box, port, MACH_MSG_TYPE_MOVE_SEND, &second));
	CHECK (ask_ints (box, BOX_DESTROY, 0, NULL, 1, first));
	CHECK (arrived (notices, SHORT_MS, &value) == 0);
	CHECK (ask_ints (box, BOX_DESTROY, 0, NULL, 1, second));
	CHECK (arrived (notices, WAIT_MS, &value) == MACH_NOTIFY_NO_SENDERS);
	CHECK (clear (box));
	destroy_receive (notices);
	destroy_receive (port);
	return true;
}

static bool
no_senders_is_not_lost_when_rights_cross (void)
{
	mach_port_t port = new_port (), notices = new_port ();
	int32_t place, value;

	request_notice (port, MACH_NOTIFY_NO_SENDERS, notices);
	for (int i = 0; i < 30; i++)
	{
		CHECK (keep (box, port, MACH_MSG_TYPE_MAKE_SEND, &place));
		CHECK (ask_ints (box, BOX_DESTROY, 0, NULL, 1, place));
	}
	CHECK (arrived (notices, WAIT_MS, &value) == MACH_NOTIFY_NO_SENDERS);
	CHECK (clear (box));
	destroy_receive (notices);
	destroy_receive (port);
	return true;
}

static bool
death_of_a_port_here_is_seen_there (void)
{
	mach_port_t port = new_pair ();
	int32_t place, id;

	CHECK (keep (box, port, MACH_MSG_TYPE_MOVE_SEND, &place));
	CHECK (ask_ints (box, BOX_WATCH, 0, NULL, 2, place, MACH_NOTIFY_DEAD_NAME));
	destroy_receive (port);
	CHECK (ask_ints (box, BOX_EVENT, 1, &id, 1, WAIT_MS));
	CHECK (id == MACH_NOTIFY_DEAD_NAME);
	CHECK (clear (box));
	return true;
}

static bool
death_of_a_port_there_is_seen_here (void)
{
	mach_port_t notices = new_port (), right;
	mach_msg_type_name_t disposition;
	int32_t place, value;

	CHECK (ask_ints (box, BOX_NEW, 1, &place, 0));
	CHECK (letter_next_right (&letter, &right, &disposition));
	request_notice (right, MACH_NOTIFY_DEAD_NAME, notices);
	CHECK (ask_ints (box, BOX_DESTROY, 0, NULL, 1, place));
	CHECK (arrived (notices, WAIT_MS, &value) == MACH_NOTIFY_DEAD_NAME);
	CHECK (send_value (right, 1, WAIT_MS) == MACH_SEND_INVALID_DEST);
	drop (right);
	drop (right);	/* the notification's */
	CHECK (clear (box));
	destroy_receive (notices);
	return true;
}

/* --- queues -------------------------------------------------------------------------------- */

static bool
a_full_queue_blocks_its_sender_and_nobody_else (void)
{
	enum { TRIES = 200 };
	mach_port_t right;
	mach_msg_type_name_t disposition;
	int32_t place, answer[2];
	int sent = 0;

	CHECK (ask_ints (box, BOX_NEW, 1, &place, 0));
	CHECK (letter_next_right (&letter, &right, &disposition));
	while (sent < TRIES && send_value (right, sent, SHORT_MS) == MACH_MSG_SUCCESS)
		sent++;
	CHECK (sent > 0 && sent < TRIES);
	CHECK (an_empty_message_is_answered ());
	for (int i = 0; i < sent; i++)
	{
		CHECK (ask_ints (box, BOX_RECEIVE, 2, answer, 2, place, WAIT_MS));
		CHECK (answer[0] == ID_PLAIN && answer[1] == i);
	}
	CHECK (send_value (right, sent, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (ask_ints (box, BOX_RECEIVE, 2, answer, 2, place, WAIT_MS));
	CHECK (answer[1] == sent);
	drop (right);
	CHECK (clear (box));
	return true;
}

/* --- receive rights -------------------------------------------------------------------------- */

static bool
a_receive_right_moves_with_its_queue (void)
{
	mach_port_t port = new_pair ();
	int32_t place, answer[2];

	for (int i = 0; i < 3; i++)
		CHECK (send_value (port, i, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (keep (box, port, MACH_MSG_TYPE_MOVE_RECEIVE, &place));
	for (int i = 3; i < 5; i++)
		CHECK (send_value (port, i, WAIT_MS) == MACH_MSG_SUCCESS);
	for (int i = 0; i < 5; i++)
	{
		CHECK (ask_ints (box, BOX_RECEIVE, 2, answer, 2, place, WAIT_MS));
		CHECK (answer[0] == ID_PLAIN && answer[1] == i);
	}
	drop (port);
	CHECK (clear (box));
	return true;
}

static bool
a_receive_right_comes_home_under_its_name (void)
{
	mach_port_t port = new_pair (), right;
	int32_t place, value;

	CHECK (keep (box, port, MACH_MSG_TYPE_MOVE_RECEIVE, &place));
	for (int i = 0; i < 4; i++)
		CHECK (send_value (port, i, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (give (box, place, MACH_MSG_TYPE_MOVE_RECEIVE, &right));
	CHECK (right == port && refs (port, MACH_PORT_RIGHT_RECEIVE) == 1);
	CHECK (send_value (port, 4, WAIT_MS) == MACH_MSG_SUCCESS);
	for (int i = 0; i < 5; i++)
		CHECK (arrived (port, WAIT_MS, &value) == ID_PLAIN && value == i);
	CHECK (clear (box));
	drop (port);
	destroy_receive (port);
	return true;
}

static bool
no_senders_requested_before_the_move_still_comes (void)
{
	mach_port_t port = new_pair (), notices = new_port ();
	int32_t place, value;

	request_notice (port, MACH_NOTIFY_NO_SENDERS, notices);
	CHECK (keep (box, port, MACH_MSG_TYPE_MOVE_RECEIVE, &place));
	CHECK (arrived (notices, SHORT_MS, &value) == 0);
	drop (port);
	CHECK (arrived (notices, WAIT_MS, &value) == MACH_NOTIFY_NO_SENDERS);
	CHECK (clear (box));
	destroy_receive (notices);
	return true;
}

static bool
a_right_moved_to_the_port_it_is_sent_to (void)
{
	mach_port_t right, port = new_pair (), notices = new_port ();
	mach_msg_type_name_t disposition;
	int32_t place, id;

	/* a send right to a port there, sent to that very port */
	CHECK (ask_ints (box, BOX_NEW, 1, &place, 0));
	CHECK (letter_next_right (&letter, &right, &disposition));
	letter_begin (&letter, ID_PLAIN);
	letter_add_right (&letter, right, MACH_MSG_TYPE_COPY_SEND);
	CHECK (letter_send (&letter, right, MACH_PORT_NULL, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (ask_ints (box, BOX_RECEIVE, 1, &id, 2, place, WAIT_MS) && id == ID_PLAIN);
	drop (right);
	CHECK (clear (box));
	destroy_receive (notices);
	drop (port);
	destroy_receive (port);
	return true;
}

/* --- three nodes ------------------------------------------------------------------------------- */

static bool
a_right_passed_on_to_a_third_node_is_direct_and_the_same (void)
{
	mach_port_t port = new_pair (), right;
	int32_t place, third_place, answer[2], same, value;

	CHECK (keep (box, port, MACH_MSG_TYPE_COPY_SEND, &place));
	CHECK (keep (box, third, MACH_MSG_TYPE_COPY_SEND, &third_place));
	CHECK (ask_ints (box, BOX_PASS, 1, answer, 3, place, third_place, MACH_MSG_TYPE_MOVE_SEND));
	letter_begin (&letter, BOX_SAME);
	letter_add_right (&letter, port, MACH_MSG_TYPE_COPY_SEND);
	CHECK (ask (third, 1, &same) && same == answer[0]);
	CHECK (ask_ints (third, BOX_SEND, 0, NULL, 4, answer[0], ID_PLAIN, 31, 1));
	CHECK (arrived (port, WAIT_MS, &value) == ID_PLAIN && value == 31);
	CHECK (give (third, answer[0], MACH_MSG_TYPE_COPY_SEND, &right) && right == port);
	drop (port);
	CHECK (clear (box) && clear (third));
	drop (port);
	destroy_receive (port);
	return true;
}

static bool
a_receive_right_moves_on_to_a_third_node (void)
{
	mach_port_t port = new_pair (), right;
	int32_t place, third_place, there, answer[2];

	CHECK (send_value (port, 0, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (keep (box, port, MACH_MSG_TYPE_MOVE_RECEIVE, &place));
	CHECK (send_value (port, 1, WAIT_MS) == MACH_MSG_SUCCESS);
	CHECK (keep (box, third, MACH_MSG_TYPE_COPY_SEND, &third_place));
	CHECK (ask_ints (box, BOX_PASS, 1, &there, 3, place, third_place, MACH_MSG_TYPE_MOVE_RECEIVE));
	CHECK (send_value (port, 2, WAIT_MS) == MACH_MSG_SUCCESS);
	for (int i = 0; i < 3; i++)
	{
		CHECK (ask_ints (third, BOX_RECEIVE, 2, answer, 2, there, WAIT_MS));
		CHECK (answer[0] == ID_PLAIN && answer[1] == i);
	}
	CHECK (give (third, there, MACH_MSG_TYPE_MOVE_RECEIVE, &right) && right == port);
	CHECK (clear (box) && clear (third));
	drop (port);
	destroy_receive (port);
	return true;
}

/* --- running -------------------------------------------------------------------------------------- */

struct test
{
	const char *name;
	bool (*run) (void);
	bool needs_third;
};

#define TEST(name) { #name, name, false }
#define TEST3(name) { #name, name, true }

static const struct test tests[] =
{
	TEST (an_empty_message_is_answered), TEST (every_inline_type_survives), TEST (one_byte_out_of_line),
	TEST (a_page_less_one_byte_out_of_line), TEST (a_page_out_of_line_deallocated),
	TEST (three_pages_and_a_bit_out_of_line), TEST (null_and_dead_rights_stay_so),
	TEST (a_send_right_comes_back_under_its_name), TEST (the_box_itself_comes_back_under_its_name),
	TEST (one_queue_has_one_name_there), TEST (messages_through_a_passed_right_keep_their_order),
	TEST (rights_in_inline_arrays), TEST (rights_in_out_of_line_arrays), TEST (a_thousand_ports_at_once),
	TEST (a_message_without_reply_port_arrives), TEST (a_send_once_right_is_used_once_there),
	TEST (a_send_once_right_destroyed_there_is_reported), TEST (a_send_once_right_comes_back_and_works),
	TEST (no_senders_comes_when_the_last_right_is_gone_there), TEST (no_senders_is_not_lost_when_rights_cross),
	TEST (death_of_a_port_here_is_seen_there), TEST (death_of_a_port_there_is_seen_here),
	TEST (a_full_queue_blocks_its_sender_and_nobody_else), TEST (a_receive_right_moves_with_its_queue),
	TEST (a_receive_right_comes_home_under_its_name), TEST (no_senders_requested_before_the_move_still_comes),
	TEST (a_right_moved_to_the_port_it_is_sent_to), TEST (sixty_four_megabytes_out_of_line),
	TEST (a_failing_pager_loses_its_message_only), TEST (a_slow_pager_makes_only_its_port_wait),
	TEST (a_failing_pager_in_an_answer_is_reported), TEST (a_pager_that_gives_up_loses_its_message_only), TEST (a_port_dies_while_its_message_waits),
	TEST3 (a_right_passed_on_to_a_third_node_is_direct_and_the_same),
	TEST3 (a_receive_right_moves_on_to_a_third_node),
};

static mach_port_t
find_box (const char *path)
{
	mach_port_t found = file_name_lookup (path, O_RDONLY, 0);

	if (found == MACH_PORT_NULL)
	{
		perror (path);
		exit (1);
	}
	return found;
}

/* Rights on their way home take a moment. */
static bool
nothing_is_left (int32_t here, int32_t there)
{
	int32_t now_here = 0, now_there = 0;

	for (int tries = 0; tries < 20; tries++)
	{
		now_here = names_here ();
		if (!ask_ints (box, BOX_NAMES, 1, &now_there, 0))
			return false;
		if (now_here == here && now_there == there)
			return true;
		usleep (100000);
	}
	return fail ("names here %d -> %d, there %d -> %d", here, now_here, there, now_there);
}

static bool
run_test (const struct test *test)
{
	int32_t here = names_here (), there = 0;

	why[0] = 0;
	if (ask_ints (box, BOX_NAMES, 1, &there, 0) && test->run () && nothing_is_left (here, there))
	{
		printf ("ok %s\n", test->name);
		return true;
	}
	printf ("not ok %s: %s\n", test->name, why);
	clear (box);
	return false;
}

int
main (int argc, char **argv)
{
	int passed = 0, failed = 0;

	if (argc < 2)
	{
		fprintf (stderr, "usage: rights-test BOX [THIRD-BOX [TEST]]\n");
		return 2;
	}
	setvbuf (stdout, NULL, _IOLBF, 0);
	box = find_box (argv[1]);
	if (argc > 2 && argv[2][0] != '-')
		third = find_box (argv[2]);
	/* these make what every later call and thread has */
	an_empty_message_is_answered ();
	warm_up_paged ();
	/* the names of its thread shall be gone before names are counted */
	usleep (SHORT_MS * 1000);
	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
	{
		if ((tests[i].needs_third && third == MACH_PORT_NULL) || (argc > 3 && strstr (tests[i].name, argv[3]) == NULL))
			continue;
		if (run_test (&tests[i]))
			passed++;
		else
			failed++;
	}
	printf ("rights: %d passed, %d failed\n", passed, failed);
	return failed != 0 || passed == 0;
}
