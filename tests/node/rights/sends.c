/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Send and send-once rights, their notifications, and full queues. */
#include "steps.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MANY_PORTS 1000
#define SOME_PORTS 40

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

const struct test send_tests[] =
{
	TEST (null_and_dead_rights_stay_so), TEST (a_send_right_comes_back_under_its_name),
	TEST (the_box_itself_comes_back_under_its_name), TEST (one_queue_has_one_name_there),
	TEST (messages_through_a_passed_right_keep_their_order), TEST (rights_in_inline_arrays),
	TEST (rights_in_out_of_line_arrays), TEST (a_thousand_ports_at_once),
	TEST (a_message_without_reply_port_arrives), TEST (a_send_once_right_is_used_once_there),
	TEST (a_send_once_right_destroyed_there_is_reported), TEST (a_send_once_right_comes_back_and_works),
	TEST (no_senders_comes_when_the_last_right_is_gone_there),
	TEST (no_senders_is_not_lost_when_rights_cross), TEST (death_of_a_port_here_is_seen_there),
	TEST (death_of_a_port_there_is_seen_here), TEST (a_full_queue_blocks_its_sender_and_nobody_else),
	{ NULL, NULL, false },
};
