/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switch step by step, with socket pairs in the place of QEMU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "testbed/switch.h"

#define MS UINT64_C(1000000)
enum { NODES = 3, FRAME_BYTES = 60 };

static struct ether_switch s;
static int node[NODES];

static int plug_all(void **state)
{
	switch_init(&s, NODES, 1);
	for (unsigned i = 0; i < NODES; i++) {
		int pair[2];
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
		node[i] = pair[0];
		port_plug(&s.port[i], pair[1]);
	}
	s.now_ns = 1000 * MS;
	return 0;
}

static int unplug_all(void **state)
{
	for (unsigned i = 0; i < NODES; i++) {
		close(node[i]);
		port_unplug(&s.port[i]);
	}
	delayline_drop(&s.line);
	return 0;
}

static void make_frame(unsigned char *frame, unsigned to, unsigned from, unsigned tag)
{
	memset(frame, 0, FRAME_BYTES);
	memset(frame, to == 0xff ? 0xff : 0x02, 6);
	memset(frame + 6, 0x02, 6);
	if (to != 0xff)
		frame[5] = to;
	frame[11] = from;
	memcpy(frame + 14, &tag, sizeof tag);
}

static void send_bytes(unsigned from, const void *bytes, size_t length)
{
	assert_int_equal(send(node[from], bytes, length, 0), (ssize_t) length);
}

static void send_frame(unsigned from, unsigned to, unsigned tag)
{
	unsigned char wire[4 + FRAME_BYTES];
	uint32_t length = htonl(FRAME_BYTES);
	memcpy(wire, &length, 4);
	make_frame(wire + 4, to, from, tag);
	send_bytes(from, wire, sizeof wire);
}

static void step(void)
{
	switch_release(&s);
	for (unsigned i = 0; i < NODES; i++)
		if (s.port[i].fd >= 0)
			switch_read(&s, i);
	switch_flush(&s);
}

/* The tag of the next frame at a node; -1: none there. */
static int receive(unsigned at)
{
	unsigned char wire[4 + FRAME_BYTES];
	ssize_t n = recv(node[at], wire, sizeof wire, 0);
	if (n < 0) {
		assert_int_equal(errno, EAGAIN);
		return -1;
	}
	assert_int_equal(n, sizeof wire);
	unsigned tag;
	memcpy(&tag, wire + 18, sizeof tag);
	return tag;
}

static const char *tell(const char *line)
{
	static char reply[4096];
	switch_command(&s, line, reply, sizeof reply);
	return reply;
}

static void floods_until_it_has_learned(void **state)
{
	send_frame(0, 1, 11);
	step();
	assert_int_equal(receive(1), 11);
	assert_int_equal(receive(2), 11);
	send_frame(1, 0, 12);
	step();
	assert_int_equal(receive(0), 12);
	assert_int_equal(receive(2), -1);
	send_frame(2, 0xff, 13);
	step();
	assert_int_equal(receive(0), 13);
	assert_int_equal(receive(1), 13);
	assert_int_equal(receive(2), -1);
}

static void frames_in_pieces_and_in_bunches(void **state)
{
	unsigned char wire[3 * (4 + FRAME_BYTES)];
	for (unsigned i = 0; i < 3; i++) {
		uint32_t length = htonl(FRAME_BYTES);
		memcpy(wire + i * (4 + FRAME_BYTES), &length, 4);
		make_frame(wire + i * (4 + FRAME_BYTES) + 4, 0xff, 0, 20 + i);
	}
	for (unsigned i = 0; i < 70; i++) {             /* byte by byte: one frame and a bit */
		send_bytes(0, wire + i, 1);
		step();
	}
	assert_int_equal(receive(1), 20);
	assert_int_equal(receive(1), -1);
	send_bytes(0, wire + 70, sizeof wire - 70);
	step();
	assert_int_equal(receive(1), 21);
	assert_int_equal(receive(1), 22);
	assert_int_equal(receive(1), -1);
}

static void bad_length_ends_that_connection_only(void **state)
{
	uint32_t huge = htonl(1 << 30);
	send_bytes(0, &huge, 4);
	step();
	assert_int_equal(s.port[0].fd, -1);
	send_frame(1, 0xff, 31);
	step();
	assert_int_equal(receive(2), 31);
}

static void runts_are_counted_and_dropped(void **state)
{
	unsigned char wire[4 + 8] = { 0, 0, 0, 8 };
	send_bytes(0, wire, sizeof wire);
	step();
	assert_int_equal(receive(1), -1);
	assert_int_equal(s.count.runts, 1);
	assert_true(s.port[0].fd >= 0);
}

static void delay_holds_until_due_and_keeps_order(void **state)
{
	assert_string_equal(tell("delay 20"), "ok");
	send_frame(0, 0xff, 41);
	step();
	assert_string_equal(tell("delay 0"), "ok");
	send_frame(0, 0xff, 42);                        /* must not overtake 41 */
	step();
	assert_int_equal(receive(1), -1);
	assert_int_equal(delayline_due(&s.line), 1020 * MS);
	s.now_ns += 20 * MS - 1;
	step();
	assert_int_equal(receive(1), -1);
	s.now_ns += 1;
	step();
	assert_int_equal(receive(1), 41);
	assert_int_equal(receive(1), 42);
	send_frame(0, 0xff, 43);
	step();
	assert_int_equal(receive(1), 43);
}

static void cut_and_heal(void **state)
{
	assert_string_equal(tell("cut 1-2"), "ok");
	send_frame(0, 0xff, 51);
	step();
	assert_int_equal(receive(1), -1);
	assert_int_equal(receive(2), 51);
	assert_string_equal(tell("heal"), "ok");
	send_frame(0, 0xff, 52);
	step();
	assert_int_equal(receive(1), 52);
	assert_string_equal(tell("port 2 loss 100"), "ok");
	send_frame(0, 0xff, 53);
	step();
	assert_int_equal(receive(1), -1);
	assert_int_equal(receive(2), 52);
	assert_int_equal(receive(2), 53);
	assert_string_equal(tell("clear"), "ok");
	assert_string_equal(tell("show"), "no faults");
}

static void full_queue_drops_whole_frames(void **state)
{
	unsigned sent = 0;
	while (s.count.queue_dropped == 0) {            /* node 1 never reads */
		send_frame(0, 1, sent++);
		step();
		while (receive(2) >= 0)
			;
		assert_true(sent < 100000);
	}
	unsigned got = 0;
	for (int tag; (tag = receive(1)) >= 0; got++) {
		assert_int_equal(tag, got);
		step();
	}
	assert_int_equal(got, sent - 1);
}

static void a_new_plug_replaces_the_old(void **state)
{
	unsigned char half[6] = { 0, 0, 0, FRAME_BYTES, 1, 2 };
	int pair[2];
	send_bytes(0, half, sizeof half);
	step();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	close(node[0]);
	node[0] = pair[0];
	port_plug(&s.port[0], pair[1]);
	send_frame(0, 0xff, 61);
	step();
	assert_int_equal(receive(1), 61);
	close(node[2]);
	node[2] = -1;
	send_frame(0, 0xff, 62);
	step();
	step();
	assert_int_equal(s.port[2].fd, -1);
	assert_int_equal(receive(1), 62);
}

static void commands_are_checked(void **state)
{
	static const char *const bad[] = { "", "loss", "loss x", "loss 101", "loss -1", "loss 1 2",
		"delay", "delay 99999999", "cut", "cut 4", "cut 0", "cut 1-1", "cut 1-", "cut -2",
		"port 9 loss 1", "port 1", "port 1 cut", "seed", "heal 1", "fly 1", "rate -5" };
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_memory_equal(tell(bad[i]), "error: ", 7);
	assert_string_equal(tell("show"), "no faults");
	assert_string_equal(tell("loss 0.5"), "ok");
	assert_string_equal(tell("port 2 delay 20 5"), "ok");
	assert_string_equal(tell("show"), "all: loss 0.5 reorder 0 dup 0 delay 0 0 rate 0; "
			    "port 2: loss 0 reorder 0 dup 0 delay 20 5 rate 0; ");
	assert_non_null(strstr(tell("stats"), "port3=up"));
	char tiny[8];
	switch_command(&s, "stats", tiny, sizeof tiny); /* cut short, never past its end */
	assert_string_equal(tiny, "forward");
}

static void the_line_is_bounded(void **state)
{
	static struct delayline line;
	static const unsigned char frame[64];
	for (unsigned i = 0; i < DELAYLINE_FRAMES; i++)
		assert_true(delayline_put(&line, 1000 - i % 1000, 0, frame, sizeof frame));
	assert_false(delayline_put(&line, 1, 0, frame, sizeof frame));
	uint64_t last_due = 0, last_sequence = 0;
	struct held_frame *f;
	unsigned taken = 0;
	while ((f = delayline_take(&line, UINT64_MAX)) != NULL) {
		assert_true(f->due_ns > last_due ||
			    (f->due_ns == last_due && f->sequence > last_sequence));
		last_due = f->due_ns;
		last_sequence = f->sequence;
		free(f);
		taken++;
	}
	assert_int_equal(taken, DELAYLINE_FRAMES);
	assert_int_equal(line.bytes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, plug_all, unplug_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(floods_until_it_has_learned),
		TEST(frames_in_pieces_and_in_bunches),
		TEST(bad_length_ends_that_connection_only),
		TEST(runts_are_counted_and_dropped),
		TEST(delay_holds_until_due_and_keeps_order),
		TEST(cut_and_heal),
		TEST(full_queue_drops_whole_frames),
		TEST(a_new_plug_replaces_the_old),
		TEST(commands_are_checked),
		TEST(the_line_is_bounded),
	};
	return cmocka_run_group_tests_name("switch", tests, NULL, NULL);
}
