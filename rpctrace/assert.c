/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an assertion that does not hold ends. */
#include "core/base/status.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITE_LIMIT_S 2

/* The books are wrong, so nothing can be given back by them; the process that the user started says what
   that means.  Who serves standard error may be what is traced and never answer: that wait is bounded. */
void
dr_assert_failed (const char *what, const char *file, int line)
{
	char text[300];

	signal (SIGALRM, SIG_DFL);
	alarm (WRITE_LIMIT_S);
	snprintf (text, sizeof text, "rpctrace: %s:%d: assertion failed: %s\n", file, line, what);
	if (write (STDERR_FILENO, text, strlen (text)) < 0)
		_exit (EXIT_FAILURE);
	abort ();
}
