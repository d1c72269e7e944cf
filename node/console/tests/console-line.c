/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line discipline, without a device. */
#include <string.h>
#include "../../tests/check.h"
#include "../line.h"

static struct line line;
static char shown[4096];
static size_t shown_count;
static int signalled;

static void show(const char *bytes, size_t count)
{
	memcpy(shown + shown_count, bytes, count);
	shown_count += count;
}

static void note_signal(int signal)
{
	signalled = signal;
}

static void restart(void)
{
	line_reset(&line);
	shown_count = 0;
	signalled = 0;
}

static void type(const char *keys)
{
	while (*keys)
		line_input(&line, (uint8_t)*keys++);
	line_flush_echo(&line);
}

static bool reads(const char *expected)
{
	char got[8192];
	size_t count = line_readable(&line) ? line_read(&line, got, sizeof got) : (size_t)-1;
	return count == strlen(expected) && !memcmp(got, expected, count);
}

static bool showed(const char *expected)
{
	return shown_count == strlen(expected) && !memcmp(shown, expected, shown_count);
}

static void test_canonical(void)
{
	restart();
	type("abc");
	check(!line_readable(&line), "nothing-before-the-newline", "readable");
	type("d\rsecond\n");
	check(reads("abcd\n") && reads("second\n") && !line_readable(&line), "one-line-each-read", "other lines");
	check(showed("abcd\r\nsecond\r\n"), "echo", "%.*s", (int)shown_count, shown);
	restart();
	type("ab\177x\xc3\xa4\177\n");
	check(reads("ax\n"), "erase", "a whole character each");
	type("one two\027three\n");
	check(reads("one three\n"), "erase-word", "not");
	type("gone\025kept\n");
	check(reads("kept\n"), "erase-line", "not");
}

static void test_end_of_file(void)
{
	restart();
	type("part\004");
	check(reads("part"), "end-of-file-after-text", "ends the line only");
	type("\004");
	check(line_readable(&line) && reads(""), "end-of-file", "no empty read");
	char four[4];
	type("four\004");
	check(line_read(&line, four, 4) == 4 && !line_readable(&line), "end-of-file-behind-a-full-read", "one more end");
}

/* What ended a line when it was typed ends it when it is read, and nothing else does. */
static void test_other_end(void)
{
	restart();
	line.ccs[HURD_VEOL] = ';';
	type("one;two");
	line.ccs[HURD_VEOL] = 't';
	check(reads("one;") && !line_readable(&line), "end-by-a-key-that-is-another-now", "not");
	type("\n");
	check(reads("two\n") && !line_readable(&line), "no-end-by-a-key-that-was-another", "not");
}

static void test_signals(void)
{
	restart();
	type("typed\003");
	check(signalled == HURD_SIGINT && showed("typed^C"), "interrupt", "signal %d", signalled);
	type("\n");
	check(reads("\n"), "interrupt-flushes", "old input is left");
	line.modes[HURD_LFLAG] &= ~(uint32_t)HURD_ISIG;
	signalled = 0;
	type("\003\n");
	check(signalled == 0 && reads("\003\n"), "no-interrupt-without-isig", "signal %d", signalled);
}

static void test_raw(void)
{
	restart();
	type("typed");
	line.modes[HURD_LFLAG] &= ~(uint32_t)(HURD_ICANON | HURD_ECHO | HURD_ISIG);
	line_modes_changed(&line);
	check(reads("typed"), "raw-gets-what-was-edited", "not");
	check(!line_readable(&line), "raw-waits", "readable");
	type("\003\004x");
	check(reads("\003\004x"), "raw-gets-all", "not");
	line.ccs[HURD_VMIN] = 0;
	check(line_readable(&line) && reads(""), "raw-with-min-0", "waits");
}

static void test_limits(void)
{
	size_t total = 0;
	char got[512];
	restart();
	line.modes[HURD_LFLAG] &= ~(uint32_t)HURD_ECHO;
	for (int i = 0; i < LINE_EDIT_MAX + 100; i++)
		line_input(&line, 'a');
	line_input(&line, '\n');
	while (line_readable(&line))
		total += line_read(&line, got, sizeof got);
	check(total == LINE_EDIT_MAX + 1, "long-line-is-cut", "%zu bytes", total);
	for (int i = 0; i < LINE_READY_MAX + 1000; i++)
		line_input(&line, i % 64 == 63 ? '\n' : 'b');
	for (total = 0; line_readable(&line); total++)
		line_read(&line, got, sizeof got);
	check(total == LINE_READY_MAX / 64, "full-buffer-drops", "%zu lines", total);
	restart();
	line.modes[HURD_LFLAG] &= ~(uint32_t)(HURD_ECHO | HURD_ICANON);
	for (int i = 0; i < LINE_READY_MAX + 1000; i++)
		line_input(&line, 'b');
	line.modes[HURD_LFLAG] |= HURD_ICANON;
	line_input(&line, '\n');
	check(line_readable(&line) && line_read(&line, got, sizeof got) == sizeof got, "full-buffer-is-read", "never");
}

int main(void)
{
	line.put = show;
	line.signal = note_signal;
	test_canonical();
	test_end_of_file();
	test_other_end();
	test_signals();
	test_raw();
	test_limits();
	return check_result("console-line");
}
