/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receive rights that move, and rights that go on to a third node. */
#include "steps.h"

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

const struct test move_tests[] =
{
	TEST (a_receive_right_moves_with_its_queue), TEST (a_receive_right_comes_home_under_its_name),
	TEST (no_senders_requested_before_the_move_still_comes), TEST (a_right_moved_to_the_port_it_is_sent_to),
	TEST3 (a_right_passed_on_to_a_third_node_is_direct_and_the_same),
	TEST3 (a_receive_right_moves_on_to_a_third_node),
	{ NULL, NULL, false },
};
