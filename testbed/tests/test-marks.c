/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mark matcher. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "testbed/marks.h"

#define NONCE "0123456789abcdef"

static char output[4096];

static void collect(void *context, const char *bytes, size_t count)
{
	strncat(output, bytes, count);
}

/* Feed in pieces of every size: the result must not depend on them. */
static void check(const char *input, enum marks_state state, const char *expected, int status)
{
	for (size_t piece = 1; piece <= strlen(input); piece++) {
		struct marks m;
		output[0] = '\0';
		marks_init(&m, NONCE, collect, NULL);
		for (size_t at = 0; at < strlen(input); at += piece) {
			size_t left = strlen(input) - at;
			marks_feed(&m, input + at, left < piece ? left : piece);
		}
		assert_int_equal(m.state, state);
		assert_string_equal(output, expected);
		if (state == MARKS_ENDED)
			assert_int_equal(m.status, status);
	}
}

#define BEGIN "\n@" NONCE "@B\n"
#define END(status) "\n@" NONCE "@E" status "\n"

static void output_is_exact(void **state)
{
	check(BEGIN "hello\n" END("0"), MARKS_ENDED, "hello\n", 0);
	check(BEGIN "no newline" END("1"), MARKS_ENDED, "no newline", 1);
	check(BEGIN END("77"), MARKS_ENDED, "", 77);
	check(BEGIN "\n\n" END("255"), MARKS_ENDED, "\n\n", 255);
	check(BEGIN "a\rb\r\n" END("0"), MARKS_ENDED, "a\rb\r\n", 0);
}

static void terminal_newlines_are_undone(void **state)
{
	check("\r\n@" NONCE "@B\r\none\r\ntwo\rthree\r\r\n\r\n@" NONCE "@E3\r\n",
	      MARKS_ENDED, "one\ntwo\rthree\r\n", 3);
}

static void echo_and_prompts_are_not_output(void **state)
{
	check("# printf '\\n@%s@B\\n' " NONCE ";ls\r\n" BEGIN "x" END("0") "# ",
	      MARKS_ENDED, "x", 0);
	check("\n@" NONCE "@A\n# noise" END("4"), MARKS_OUTSIDE, "", 0);
	check(BEGIN "still running", MARKS_OUTPUT, "still running", 0);
}

static void things_like_marks_are_output(void **state)
{
	check(BEGIN "\n@" NONCE "@X\n" END("0"), MARKS_ENDED, "\n@" NONCE "@X\n", 0);
	check(BEGIN "\n@0123\n@012345" END("0"), MARKS_ENDED, "\n@0123\n@012345", 0);
	check(BEGIN "@" NONCE "@E1\n" END("0"), MARKS_ENDED, "@" NONCE "@E1\n", 0);
}

static void acknowledgements_are_counted(void **state)
{
	struct marks m;
	const char *text = "\n@" NONCE "@A\n@" NONCE "@A\r\n$ " BEGIN;
	marks_init(&m, NONCE, collect, NULL);
	marks_feed(&m, text, strlen(text));
	assert_int_equal(m.acknowledged, 2);
	assert_int_equal(m.state, MARKS_OUTPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_exact),
		cmocka_unit_test(terminal_newlines_are_undone),
		cmocka_unit_test(echo_and_prompts_are_not_output),
		cmocka_unit_test(things_like_marks_are_output),
		cmocka_unit_test(acknowledgements_are_counted),
	};
	return cmocka_run_group_tests_name("marks", tests, NULL, NULL);
}
