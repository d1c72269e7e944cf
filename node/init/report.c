/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <mach/mach_host.h>
#include "init.h"

enum { LINE_BYTES = 256, FAIL_PAUSE_MS = 3000, SWITCH_WAIT = 2 };

static void report_list(const char *format, va_list arguments)
{
	char line[LINE_BYTES] = "init: ";
	size_t used = 6;
	int n = vsnprintf(line + used, sizeof line - used - 1, format, arguments);
	used += n < 0 ? 0 : (size_t)n < sizeof line - used - 1 ? (size_t)n : sizeof line - used - 2;
	line[used] = '\n';
	line[used + 1] = '\0';
	mach_print(line);
}

void report(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	report_list(format, arguments);
	va_end(arguments);
}

void fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	report_list(format, arguments);
	va_end(arguments);
	report("cannot go on; the machine stops");
	thread_switch(MACH_PORT_NULL, SWITCH_WAIT, FAIL_PAUSE_MS);
	for (;;)
		host_reboot(boot.host_priv, 0);
}
