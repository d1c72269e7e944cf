/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rights-test BOX [THIRD]: what happens to port rights between this node and the box of another
   one (and of a third one).  Prints "ok NAME" or "not ok NAME: why" per test and a last line. */
#include "steps.h"

#include <fcntl.h>
#include <hurd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static mach_port_t
find_box (const char *path)
{
	mach_port_t found = file_name_lookup (path, O_RDONLY, 0);

	if (found == MACH_PORT_NULL)
	{
		perror (path);
		exit (1);
	}
	return found;
}

/* Rights on their way home take a moment. */
static bool
nothing_is_left (int32_t here, int32_t there)
{
	int32_t now_here = 0, now_there = 0;

	for (int tries = 0; tries < 20; tries++)
	{
		now_here = names_here ();
		if (!ask_ints (box, BOX_NAMES, 1, &now_there, 0))
			return false;
		if (now_here == here && now_there == there)
			return true;
		usleep (100000);
	}
	return fail ("names here %d -> %d, there %d -> %d", here, now_here, there, now_there);
}

static bool
run_test (const struct test *test)
{
	int32_t here = names_here (), there = 0;

	why[0] = 0;
	if (ask_ints (box, BOX_NAMES, 1, &there, 0) && test->run () && nothing_is_left (here, there))
	{
		printf ("ok %s\n", test->name);
		return true;
	}
	printf ("not ok %s: %s\n", test->name, why);
	clear (box);
	return false;
}

int
main (int argc, char **argv)
{
	const struct test *const lists[] = { memory_tests, send_tests, move_tests };
	int passed = 0, failed = 0;

	if (argc < 2)
	{
		fprintf (stderr, "usage: rights-test BOX [THIRD-BOX [TEST]]\n");
		return 2;
	}
	setvbuf (stdout, NULL, _IOLBF, 0);
	box = find_box (argv[1]);
	if (argc > 2 && argv[2][0] != '-')
		third = find_box (argv[2]);
	warm_up ();
	/* the names of its thread shall be gone before names are counted */
	usleep (SHORT_MS * 1000);
	for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++)
		for (const struct test *test = lists[list]; test->name != NULL; test++)
		{
			if ((test->needs_third && third == MACH_PORT_NULL) || (argc > 3 && strstr (test->name, argv[3]) == NULL))
				continue;
			if (run_test (test))
				passed++;
			else
				failed++;
		}
	printf ("rights: %d passed, %d failed\n", passed, failed);
	return failed != 0 || passed == 0;
}
