/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>

const char options_help[] =
"Usage: rpctrace [OPTION...] PROGRAM [ARGUMENT...]\n"
"  or:  rpctrace [OPTION...] -p PID\n"
"Show the messages that a program sends and receives, one line for each call.\n"
"\n"
"  -p, --attach=PID        trace a program that runs, until it ends or you interrupt\n"
"  -f, --follow            trace also the programs that it starts (default)\n"
"      --no-follow         do not\n"
"  -o, --output=FILE       write to FILE, not to standard error\n"
"  -s, --strings=SIZE      show so many bytes of a string (default 80)\n"
"  -e, --select=EXPRESSION show these only: routines, interfaces, ids, patterns;\n"
"                          '!' first: all but these; all, none, oneway, notify, unknown\n"
"  -i, --interfaces=FILE   more interfaces; a directory: every file in it\n"
"  -t, --times             when each line began, how long each call took\n"
"  -c, --summary           no lines; a table of calls, errors and time at the end\n"
"      --json              one JSON object a line\n"
"      --help              show this help\n"
"      --version           show the version\n"
"\n"
"The exit status is the program's.  See rpctrace(1).\n";

enum { OPTION_HELP = 256, OPTION_VERSION, OPTION_JSON, OPTION_NO_FOLLOW };

static const struct option long_options[] =
{
	{ "attach", required_argument, NULL, 'p' },
	{ "follow", no_argument, NULL, 'f' },
	{ "no-follow", no_argument, NULL, OPTION_NO_FOLLOW },
	{ "output", required_argument, NULL, 'o' },
	{ "strings", required_argument, NULL, 's' },
	{ "select", required_argument, NULL, 'e' },
	{ "interfaces", required_argument, NULL, 'i' },
	{ "times", no_argument, NULL, 't' },
	{ "summary", no_argument, NULL, 'c' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static bool
parse_number (const char *text, unsigned long min, unsigned long max, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul (text, &end, 10);
	return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == 0 && *value >= min && *value <= max;
}

static bool
add (const char **list, unsigned *count, unsigned max, const char *option, struct complaint *complaint)
{
	if (*count == max)
		return complain (complaint, "%s can be given %u times at most", option, max);
	list[(*count)++] = optarg;
	return true;
}

static bool
wrong_option (char **argv, bool needs_more, struct complaint *complaint)
{
	char short_option[] = { '-', optopt, 0 };
	const char *option = optopt > 0 && optopt < OPTION_HELP ? short_option : argv[optind - 1];

	return needs_more ? complain (complaint, "'%s' needs an argument; see rpctrace --help", option)
		: complain (complaint, "'%s' is no option; see rpctrace --help", option);
}

static bool
take_option (int option, char **argv, struct options *options, struct complaint *complaint)
{
	unsigned long number;

	switch (option)
	{
	case 'p':
		if (!parse_number (optarg, 1, INT_MAX, &number))
			return complain (complaint, "'%s' is not a process number", optarg);
		options->pid = number;
		return true;
	case 'f':
	case OPTION_NO_FOLLOW:
		options->follow = option == 'f';
		return true;
	case 'o':
		if (optarg[0] == 0)
			return complain (complaint, "-o needs the name of a file");
		options->output = optarg;
		return true;
	case 's':
		if (!parse_number (optarg, 0, STRING_BYTES_MAX, &number))
			return complain (complaint, "'%s' is not a size (0 to %d bytes)", optarg, STRING_BYTES_MAX);
		options->string_bytes = number;
		return true;
	case 'e':
		return add (options->expressions, &options->expressions_count, EXPRESSIONS_MAX, "-e", complaint);
	case 'i':
		if (optarg[0] == 0)
			return complain (complaint, "-i needs the name of a file");
		return add (options->lists, &options->lists_count, LISTS_MAX, "-i", complaint);
	case 't':
		options->times = true;
		return true;
	case 'c':
		options->summary = true;
		return true;
	case OPTION_JSON:
		options->json = true;
		return true;
	case OPTION_HELP:
		options->verb = VERB_HELP;
		return true;
	case OPTION_VERSION:
		options->verb = VERB_VERSION;
		return true;
	default:
		return wrong_option (argv, option == ':', complaint);
	}
}

bool
options_parse (int argc, char **argv, struct options *options, struct complaint *complaint)
{
	int option;

	*options = (struct options) { .verb = VERB_TRACE, .follow = true, .string_bytes = STRING_BYTES_DEFAULT };
	opterr = 0;
	/* "+": what follows PROGRAM belongs to it; ":": what is missing is told from what is unknown */
	while ((option = getopt_long (argc, argv, "+:p:fo:s:e:i:tc", long_options, NULL)) != -1)
		if (!take_option (option, argv, options, complaint))
			return false;
	if (options->verb != VERB_TRACE)
		return true;
	if (optind < argc)
		options->program = argv + optind;
	if (options->pid != 0 && options->program != NULL)
		return complain (complaint, "either -p PID or a program, not both");
	if (options->pid == 0 && options->program == NULL)
		return complain (complaint, "nothing to trace: name a program, or a process by -p PID; see rpctrace --help");
	return true;
}
