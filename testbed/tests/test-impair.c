/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include "testbed/impair.h"

#define MS UINT64_C(1000000)

static struct impair m;

static int fresh(void **state)
{
	impair_init(&m, 7);
	return 0;
}

static struct impair_verdict at(uint64_t now_ns)
{
	return impair_frame(&m, 0, 1, 1500, now_ns);
}

static void no_fault_delivers_at_once(void **state)
{
	for (uint64_t t = 1; t < 1000; t++) {
		struct impair_verdict v = at(t);
		assert_int_equal(v.fate, IMPAIR_DELIVERED);
		assert_int_equal(v.copies, 1);
		assert_int_equal(v.due_ns[0], t);
		assert_false(v.reordered);
	}
}

static unsigned lost_of(unsigned frames)
{
	unsigned lost = 0;
	for (unsigned i = 0; i < frames; i++)
		lost += at(i).fate == IMPAIR_LOST;
	return lost;
}

static void loss_is_about_its_share(void **state)
{
	m.all.loss_ppm = 50000;
	unsigned lost = lost_of(100000);
	assert_in_range(lost, 4700, 5300);
	m.all.loss_ppm = IMPAIR_PPM;
	assert_int_equal(lost_of(100), 100);
	m.all.loss_ppm = 0;
	assert_int_equal(lost_of(1000), 0);
}

static void port_loss_counts_in_both_directions_and_nowhere_else(void **state)
{
	m.port[1].loss_ppm = IMPAIR_PPM;
	assert_int_equal(impair_frame(&m, 0, 1, 60, 1).fate, IMPAIR_LOST);
	assert_int_equal(impair_frame(&m, 1, 0, 60, 1).fate, IMPAIR_LOST);
	assert_int_equal(impair_frame(&m, 0, 2, 60, 1).fate, IMPAIR_DELIVERED);
}

static void same_seed_same_fate_whatever_others_send(void **state)
{
	enum { FRAMES = 5000 };
	static struct impair_verdict first[FRAMES];
	m.all = (struct impair_setting) { 50000, 20000, 10000, 3 * MS, 2 * MS, 0 };
	impair_seed(&m, 99);
	for (unsigned i = 0; i < FRAMES; i++)
		first[i] = at(i * 1000);
	struct impair again;
	impair_init(&again, 99);
	again.all = m.all;
	unsigned differ = 0;
	for (unsigned i = 0; i < FRAMES; i++) {
		impair_frame(&again, 2, 1, 900, i * 1000);      /* another path's traffic */
		struct impair_verdict v = impair_frame(&again, 0, 1, 1500, i * 1000);
		differ += memcmp(&v, &first[i], sizeof v) != 0;
	}
	assert_int_equal(differ, 0);
	impair_seed(&again, 100);
	for (unsigned i = 0; i < FRAMES; i++)
		differ += impair_frame(&again, 0, 1, 1500, 1000 * MS).fate != first[i].fate;
	assert_true(differ > FRAMES / 100);
}

static void delay_and_jitter_keep_the_order(void **state)
{
	m.all.delay_ns = 20 * MS;
	m.all.jitter_ns = 10 * MS;
	uint64_t last = 0, least = UINT64_MAX, most = 0;
	for (uint64_t t = 0; t < 10000; t++) {
		uint64_t now = t * 100 * MS, due = at(now).due_ns[0];
		assert_true(due >= last);
		last = due;
		least = due - now < least ? due - now : least;
		most = due - now > most ? due - now : most;
	}
	assert_in_range(least, 20 * MS, 21 * MS);
	assert_in_range(most, 29 * MS, 30 * MS);
	for (uint64_t t = 0; t < 1000; t++) {           /* close together: jitter would reorder */
		uint64_t due = at(1000000 * MS + t).due_ns[0];
		assert_true(due >= last);
		last = due;
	}
}

static void reordered_frames_are_overtaken(void **state)
{
	m.all.reorder_ppm = 100000;
	m.all.delay_ns = 5 * MS;
	unsigned reordered = 0, overtaken = 0;
	uint64_t held = 0;
	for (uint64_t t = 0; t < 10000; t++) {
		struct impair_verdict v = at(t * MS);
		if (v.reordered) {
			reordered++;
			held = v.due_ns[0];
		} else if (v.due_ns[0] < held) {
			overtaken++;
			held = 0;
		}
	}
	assert_in_range(reordered, 850, 1150);
	assert_true(overtaken > reordered / 2);
}

static void duplicates_come_with_or_after_the_original(void **state)
{
	m.all.duplicate_ppm = 100000;
	unsigned copies = 0;
	for (uint64_t t = 0; t < 10000; t++) {
		struct impair_verdict v = at(t * MS);
		copies += v.copies;
		if (v.copies == 2) {
			assert_true(v.due_ns[1] >= v.due_ns[0]);
			assert_true(v.due_ns[1] <= v.due_ns[0] + IMPAIR_DUPLICATE_SPREAD_NS);
		}
	}
	assert_in_range(copies, 10850, 11150);
}

static void rate_spaces_frames_and_drops_beyond_its_queue(void **state)
{
	m.all.rate_bits_s = 12000000;                   /* 1500 bytes: one a millisecond */
	unsigned delivered = 0, dropped = 0;
	for (unsigned i = 0; i < 1000; i++) {
		struct impair_verdict v = at(1000 * MS);
		if (v.fate == IMPAIR_DELIVERED) {
			delivered++;
			assert_int_equal(v.due_ns[0], 1000 * MS + delivered * MS);
		} else {
			assert_int_equal(v.fate, IMPAIR_RATE_DROPPED);
			dropped++;
		}
	}
	assert_in_range(delivered, 200, 202);
	assert_int_equal(delivered + dropped, 1000);
	/* An idle line starts afresh; directions do not share a rate. */
	assert_int_equal(at(5000 * MS).due_ns[0], 5001 * MS);
	assert_int_equal(impair_frame(&m, 1, 0, 1500, 5000 * MS).due_ns[0], 5001 * MS);
}

static void cuts_stop_exactly_their_paths(void **state)
{
	impair_cut_pair(&m, 0, 1, true);
	assert_int_equal(impair_frame(&m, 0, 1, 60, 1).fate, IMPAIR_CUT);
	assert_int_equal(impair_frame(&m, 1, 0, 60, 1).fate, IMPAIR_CUT);
	assert_int_equal(impair_frame(&m, 0, 2, 60, 1).fate, IMPAIR_DELIVERED);
	impair_heal(&m);
	assert_int_equal(impair_frame(&m, 0, 1, 60, 1).fate, IMPAIR_DELIVERED);
	impair_cut_port(&m, 2, true);
	for (unsigned other = 0; other < IMPAIR_PORTS; other++)
		if (other != 2) {
			assert_int_equal(impair_frame(&m, other, 2, 60, 1).fate, IMPAIR_CUT);
			assert_int_equal(impair_frame(&m, 2, other, 60, 1).fate, IMPAIR_CUT);
		}
	assert_int_equal(impair_frame(&m, 0, 1, 60, 1).fate, IMPAIR_DELIVERED);
	impair_clear(&m);
	assert_int_equal(impair_frame(&m, 0, 2, 60, 1).fate, IMPAIR_DELIVERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(no_fault_delivers_at_once, fresh),
		cmocka_unit_test_setup(loss_is_about_its_share, fresh),
		cmocka_unit_test_setup(port_loss_counts_in_both_directions_and_nowhere_else, fresh),
		cmocka_unit_test_setup(same_seed_same_fate_whatever_others_send, fresh),
		cmocka_unit_test_setup(delay_and_jitter_keep_the_order, fresh),
		cmocka_unit_test_setup(reordered_frames_are_overtaken, fresh),
		cmocka_unit_test_setup(duplicates_come_with_or_after_the_original, fresh),
		cmocka_unit_test_setup(rate_spaces_frames_and_drops_beyond_its_queue, fresh),
		cmocka_unit_test_setup(cuts_stop_exactly_their_paths, fresh),
	};
	return cmocka_run_group_tests_name("impair", tests, NULL, NULL);
}
