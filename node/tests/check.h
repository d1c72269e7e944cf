/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests that run on a node: one line `PASS name' or `FAIL name: why' for each. */
#ifndef NODE_TESTS_CHECK_H
#define NODE_TESTS_CHECK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int check_failures, check_count;

static inline void check(bool good, const char *name, const char *format, ...)
{
	va_list arguments;
	check_count++;
	if (good) {
		printf("PASS %s\n", name);
		return;
	}
	check_failures++;
	printf("FAIL %s: ", name);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

/* For main's return: 0 only when something was checked and nothing failed. */
static inline int check_result(const char *program)
{
	bool good = check_count > 0 && check_failures == 0;
	printf("%s %s: %d checks, %d failed\n", good ? "PASSED" : "FAILED", program, check_count, check_failures);
	return good ? 0 : 1;
}

#endif
