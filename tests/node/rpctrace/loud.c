/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loud: a program whose trace is long, and readers of it.
     loud calls N      N calls that have lines of 8 KiB each, with rpctrace -s 4096
     loud self N       the same, traced, and what reads the trace is the traced program, after its calls
     loud read MS      reads a trace with a pause of so many ms after every 256 KiB, and counts */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK_BYTES = 2000, BLOCKS_MAX = 64, PAUSE_BYTES = 256 << 10, READ_BYTES = 4096, SILENCE_MS = 3000 };

/* Counted over pieces of any size: a line is known by what stands in it. */
struct counts
{
	unsigned long bytes, calls, missing;
	char line[160];			/* its start */
	char end[32];
	size_t line_bytes;
};

static void
count_line (struct counts *counts)
{
	unsigned long number;
	char *note = strstr (counts->line, "+++ ");

	counts->calls += strstr (counts->end, "(amount: 2000)") != NULL;
	if (note != NULL && strstr (note, "lines are missing") != NULL && sscanf (note, "+++ %lu", &number) == 1)
		counts->missing += number;
}

static void
count (struct counts *counts, const char *text, size_t bytes)
{
	counts->bytes += bytes;
	for (size_t i = 0; i < bytes; i++)
	{
		if (text[i] == '\n')
		{
			count_line (counts);
			memset (counts->line, 0, sizeof counts->line);
			memset (counts->end, 0, sizeof counts->end);
			counts->line_bytes = 0;
			continue;
		}
		if (counts->line_bytes < sizeof counts->line - 1)
			counts->line[counts->line_bytes++] = text[i];
		memmove (counts->end, counts->end + 1, sizeof counts->end - 2);
		counts->end[sizeof counts->end - 2] = text[i];
	}
}

/* Until the end, or until nothing has come for a while.  What is traced itself makes more of it by reading,
   so it may stop when it has seen that lines are missing. */
static int
read_trace (unsigned pause_ms, bool until_missing)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	static struct counts counts;
	unsigned long pause_at = PAUSE_BYTES;
	char text[READ_BYTES];
	ssize_t got;

	while ((counts.missing == 0 || !until_missing) && poll (&input, 1, SILENCE_MS) == 1
		&& (got = read (0, text, sizeof text)) > 0)
	{
		count (&counts, text, got);
		if (pause_ms > 0 && counts.bytes >= pause_at)
		{
			usleep (pause_ms * 1000);
			pause_at += PAUSE_BYTES;
		}
	}
	printf ("loud: read %lu calls, %lu lines missing\n", counts.calls, counts.missing);
	return 0;
}

static int
calls (unsigned long count)
{
	char block[BLOCK_BYTES];
	int fd = open ("/tmp/loud", O_RDWR | O_CREAT | O_TRUNC, 0600);

	memset (block, 1, sizeof block);	/* four letters for each */
	for (unsigned long i = 0; i < count; i++)
		if (pwrite (fd, block, sizeof block, i % BLOCKS_MAX * BLOCK_BYTES) != sizeof block)
			return 1;
	close (fd);
	unlink ("/tmp/loud");
	printf ("loud: %lu calls\n", count);
	fflush (stdout);
	return 0;
}

/* The trace goes into a pipe that nobody reads but the traced program. */
static int
trace_self (const char *self, const char *count)
{
	int trace[2];

	if (pipe (trace) != 0)
		return 1;
	dup2 (trace[0], 0);
	dup2 (trace[1], 2);
	close (trace[0]);
	close (trace[1]);
	execlp ("rpctrace", "rpctrace", "-s", "4096", self, "both", count, NULL);
	return 1;
}

int
main (int argc, char **argv)
{
	unsigned long number = argc == 3 ? strtoul (argv[2], NULL, 10) : 0;

	if (argc == 3 && strcmp (argv[1], "calls") == 0)
		return calls (number);
	if (argc == 3 && strcmp (argv[1], "self") == 0)
		return trace_self (argv[0], argv[2]);
	if (argc == 3 && strcmp (argv[1], "both") == 0)
	{
		close (2);
		return calls (number) || read_trace (0, true);
	}
	if (argc == 3 && strcmp (argv[1], "read") == 0)
		return read_trace (number, false);
	fputs ("usage: loud calls N | self N | read MS\n", stderr);
	return 2;
}
