/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "channel.h"
#include "limits.h"

static unsigned dropped;

static void drop(struct cargo *cargo)
{
	dropped += cargo->right_count;
	free(cargo->rights);
	free(cargo->control);
	*cargo = (struct cargo){ 0 };
}

static struct cargo one_right(uint32_t right)
{
	struct cargo cargo = { .rights = malloc(sizeof(uint32_t)), .right_count = 1 };
	cargo.rights[0] = right;
	return cargo;
}

static struct channel *channel;
static char buffer[1 << 17];
static size_t moved;
static bool cut;

static int start_stream(void **state)
{
	dropped = 0;
	channel = channel_make(false, drop);
	return !channel;
}

static int start_packets(void **state)
{
	dropped = 0;
	channel = channel_make(true, drop);
	return !channel;
}

static int finish(void **state)
{
	channel_drop(channel);
	return 0;
}

static void bytes_in_order(void **state)
{
	uint32_t seed = 1, next_in = 0, next_out = 0;
	for (int round = 0; round < 20000; round++) {
		seed = seed * 1664525u + 1013904223u;
		size_t bytes = (seed >> 8) % 9000;
		if (seed >> 31) {
			for (size_t i = 0; i < bytes; i++)
				buffer[i] = (char)((next_in + i) * 7);
			int error = channel_write(channel, buffer, bytes, NULL, &moved);
			assert_true(error == 0 || error == EAGAIN);
			assert_true(bytes > PFLOCAL_ATOMIC_BYTES || moved == 0 || moved == bytes);
			next_in += moved;
		} else {
			int error = channel_read(channel, buffer, bytes, false, NULL, &moved, &cut);
			assert_true(error == 0 || error == EAGAIN);
			for (size_t i = 0; i < moved; i++)
				assert_int_equal(buffer[i], (char)((next_out + i) * 7));
			next_out += moved;
		}
		assert_int_equal(channel->bytes, next_in - next_out);
		assert_true(channel->bytes <= PFLOCAL_CHANNEL_BYTES);
	}
	assert_true(next_out > 1000000);
}

static void small_writes_are_whole(void **state)
{
	assert_int_equal(channel_write(channel, buffer, PFLOCAL_CHANNEL_BYTES - 100, NULL, &moved), 0);
	assert_int_equal(channel_write(channel, buffer, 101, NULL, &moved), EAGAIN);
	assert_int_equal(moved, 0);
	assert_int_equal(channel_write(channel, buffer, PFLOCAL_ATOMIC_BYTES + 1, NULL, &moved), 0);
	assert_int_equal(moved, 100);
}

static void the_end_and_a_broken_pipe(void **state)
{
	channel_write(channel, "abc", 3, NULL, &moved);
	channel->writer_gone = true;
	assert_int_equal(channel_read(channel, buffer, 2, false, NULL, &moved, &cut), 0);
	assert_int_equal(moved, 2);
	assert_int_equal(channel_read(channel, buffer, 2, false, NULL, &moved, &cut), 0);
	assert_int_equal(moved, 1);
	assert_int_equal(channel_read(channel, buffer, 2, false, NULL, &moved, &cut), 0);
	assert_int_equal(moved, 0);
	assert_int_equal(channel_write(channel, "x", 1, NULL, &moved), EPIPE);
}

static void reads_stop_at_rights(void **state)
{
	struct cargo cargo = one_right(42), got;
	channel_write(channel, "before", 6, NULL, &moved);
	assert_int_equal(channel_write(channel, "with", 4, &cargo, &moved), 0);
	assert_null(cargo.rights);
	channel_write(channel, "after", 5, NULL, &moved);
	channel_read(channel, buffer, 100, false, &got, &moved, &cut);
	assert_int_equal(moved, 6);
	assert_null(got.rights);
	channel_read(channel, buffer, 100, true, &got, &moved, &cut);
	assert_int_equal(moved, 4);
	assert_null(got.rights);
	channel_read(channel, buffer, 2, false, &got, &moved, &cut);
	assert_int_equal(got.right_count, 1);
	assert_int_equal(got.rights[0], 42);
	free(got.rights);
	channel_read(channel, buffer, 100, false, &got, &moved, &cut);
	assert_int_equal(moved, 7);
	assert_memory_equal(buffer, "thafter", 7);
}

static void unread_rights_are_dropped(void **state)
{
	struct cargo one = one_right(1), two = one_right(2);
	channel_write(channel, "1", 1, &one, &moved);
	channel_write(channel, "2", 1, &two, &moved);
	channel_read(channel, buffer, 1, false, NULL, &moved, &cut);
	assert_int_equal(dropped, 1);
	struct channel *last = channel_hold(channel);
	channel_drop(channel);
	assert_int_equal(dropped, 1);
	channel_drop(last);
	assert_int_equal(dropped, 2);
	start_stream(NULL);
}

static void packets_keep_their_ends(void **state)
{
	channel_write(channel, "first", 5, NULL, &moved);
	channel_write(channel, "", 0, NULL, &moved);
	channel_write(channel, "third", 5, NULL, &moved);
	channel_read(channel, buffer, 3, false, NULL, &moved, &cut);
	assert_true(moved == 3 && cut);
	assert_int_equal(channel_readable(channel), 0);
	assert_true(channel_is_ready_to_read(channel));
	assert_int_equal(channel_read(channel, buffer, 9, false, NULL, &moved, &cut), 0);
	assert_true(moved == 0 && !cut);
	channel_read(channel, buffer, 9, false, NULL, &moved, &cut);
	assert_true(moved == 5 && !cut);
	assert_int_equal(channel_read(channel, buffer, 9, false, NULL, &moved, &cut), EAGAIN);
	assert_int_equal(channel->bytes, 0);
}

static void packets_are_bounded(void **state)
{
	unsigned count = 0;
	assert_int_equal(channel_write(channel, buffer, PFLOCAL_CHANNEL_BYTES + 1, NULL, &moved), EMSGSIZE);
	while (channel_write(channel, "", 0, NULL, &moved) == 0)
		count++;
	assert_int_equal(count, PFLOCAL_CHANNEL_BYTES / PFLOCAL_PACKET_COST_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_in_order, start_stream, finish),
		cmocka_unit_test_setup_teardown(small_writes_are_whole, start_stream, finish),
		cmocka_unit_test_setup_teardown(the_end_and_a_broken_pipe, start_stream, finish),
		cmocka_unit_test_setup_teardown(reads_stop_at_rights, start_stream, finish),
		cmocka_unit_test_setup_teardown(unread_rights_are_dropped, start_stream, finish),
		cmocka_unit_test_setup_teardown(packets_keep_their_ends, start_packets, finish),
		cmocka_unit_test_setup_teardown(packets_are_bounded, start_packets, finish),
	};
	return cmocka_run_group_tests_name("pflocal channel", tests, NULL, NULL);
}
