/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RPCTRACE_OPTIONS_H
#define RPCTRACE_OPTIONS_H

#include "netmsg/complaint.h"

#include <stdbool.h>
#include <stddef.h>

#define LISTS_MAX 64			/* -i */
#define EXPRESSIONS_MAX 64		/* -e */
#define STRING_BYTES_DEFAULT 80
#define STRING_BYTES_MAX 4096
#define ARRAY_ELEMENTS_SHOWN 16

enum verb { VERB_TRACE, VERB_HELP, VERB_VERSION };

struct options
{
	enum verb verb;
	int pid;			/* -p; 0: start PROGRAM */
	char **program;			/* with its arguments */
	bool follow, times, summary, json;
	const char *output;		/* -o; NULL: standard error */
	size_t string_bytes;
	const char *lists[LISTS_MAX];
	unsigned lists_count;
	const char *expressions[EXPRESSIONS_MAX];
	unsigned expressions_count;
};

extern const char options_help[];

/* False: COMPLAINT says what is wrong. */
bool options_parse (int argc, char **argv, struct options *options, struct complaint *complaint);

#endif
