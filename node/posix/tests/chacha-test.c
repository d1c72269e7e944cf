/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block function against the test vectors of RFC 8439. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "chacha.h"

static void quarter_round(void **state)
{
	uint32_t x[4] = { 0x11111111, 0x01020304, 0x9b8d6f43, 0x01234567 };	/* section 2.1.1 */
	chacha_quarter(x, 0, 1, 2, 3);
	assert_int_equal(x[0], 0xea2a92f4);
	assert_int_equal(x[1], 0xcb1cf8ce);
	assert_int_equal(x[2], 0x4581472e);
	assert_int_equal(x[3], 0x5881c4bb);
}

static void block(void **state)
{
	static const uint32_t expected[CHACHA_WORDS] = {	/* section 2.3.2 */
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
		0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9, 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	uint32_t key[CHACHA_KEY_WORDS], out[CHACHA_WORDS];
	for (uint32_t i = 0; i < CHACHA_KEY_WORDS; i++)
		key[i] = 0x03020100 + i * 0x04040404;
	chacha_block(key, 1 | (uint64_t)0x09000000 << 32, 0x4a000000, out);
	assert_memory_equal(out, expected, sizeof out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(quarter_round), cmocka_unit_test(block) };
	return cmocka_run_group_tests_name("chacha", tests, NULL, NULL);
}
