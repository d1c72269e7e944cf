/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

const char options_help[] =
"Usage: netmsg -s [PATH]          serve PATH (default /) to the authorized peers\n"
"  or:  settrans -a MNT netmsg HOST   use HOST's files, processes and memory below MNT\n"
"  or:  netmsg keygen [FILE]      make this node's key and print its public half\n"
"  or:  netmsg check              check the key and the authorized peers\n"
"  or:  netmsg status             show peers, sessions and rights\n"
"  or:  netmsg stop               end this node's netmsg and all of its sessions\n"
"\n"
"  -s, --serve[=PATH]        serve PATH\n"
"  -p, --port=PORT           UDP port (default 2345)\n"
"  -k, --key=FILE            this node's key (default /etc/netmsg/key)\n"
"  -a, --authorized=FILE     who may connect (default /etc/netmsg/authorized_peers)\n"
"  -t, --timeout=SECONDS     a peer silent for so long is dead (default 10)\n"
"  -f, --foreground          do not go into the background\n"
"  -d, --debug               log to standard error; twice: every message\n"
"      --help                show this help\n"
"      --version             show the version\n";

enum { OPTION_HELP = 256, OPTION_VERSION };

static const struct option long_options[] =
{
	{ "serve", optional_argument, NULL, 's' },
	{ "port", required_argument, NULL, 'p' },
	{ "key", required_argument, NULL, 'k' },
	{ "authorized", required_argument, NULL, 'a' },
	{ "timeout", required_argument, NULL, 't' },
	{ "foreground", no_argument, NULL, 'f' },
	{ "debug", no_argument, NULL, 'd' },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static bool
parse_number (const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul (text, &end, 10);
	return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == 0 && *value >= 1 && *value <= max;
}

static bool
take_option (int option, struct options *options, struct complaint *complaint)
{
	unsigned long number;

	switch (option)
	{
	case 's':
		options->verb = VERB_SERVE;
		options->argument = optarg;
		return true;
	case 'p':
		if (!parse_number (optarg, 65535, &number))
			return complain (complaint, "'%s' is not a UDP port (1 to 65535)", optarg);
		options->port = number;
		return true;
	case 't':
		if (!parse_number (optarg, SILENCE_SECONDS_MAX, &number))
			return complain (complaint, "'%s' is not a time (1 to %d seconds)", optarg, SILENCE_SECONDS_MAX);
		options->silence_seconds = number;
		return true;
	case 'k':
		options->key_file = optarg;
		return true;
	case 'a':
		options->peers_file = optarg;
		return true;
	case 'f':
		options->foreground = true;
		return true;
	case 'd':
		options->debug++;
		return true;
	case OPTION_HELP:
		options->verb = VERB_HELP;
		return true;
	case OPTION_VERSION:
		options->verb = VERB_VERSION;
		return true;
	default:
		return complain (complaint, "unknown or incomplete option; try: netmsg --help");
	}
}

/* The first word that is no option: a verb, or PATH after -s, or a host. */
static bool
take_words (int count, char **words, bool serve, struct options *options, struct complaint *complaint)
{
	static const struct { const char *word; enum verb verb; int arguments_max; } verbs[] =
	{
		{ "keygen", VERB_KEYGEN, 1 }, { "check", VERB_CHECK, 0 }, { "status", VERB_STATUS, 0 },
		{ "stop", VERB_STOP, 0 },
	};

	if (serve)
	{
		if (count > 1 || (count == 1 && options->argument != NULL))
			return complain (complaint, "-s takes one PATH");
		if (count == 1)
			options->argument = words[0];
		if (options->argument == NULL)
			options->argument = DEFAULT_SERVED_PATH;
		return options->argument[0] == '/'
			|| complain (complaint, "'%s': the path to serve must start with /", options->argument);
	}
	if (count == 0)
		return complain (complaint, "nothing to do; try: netmsg --help");
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp (words[0], verbs[i].word) == 0)
		{
			if (count - 1 > verbs[i].arguments_max)
				return complain (complaint, "%s: too many arguments", words[0]);
			options->verb = verbs[i].verb;
			options->argument = words[1];
			return true;
		}
	if (count > 1)
		return complain (complaint, "one HOST only, not also '%s'", words[1]);
	options->verb = VERB_TRANSLATE;
	options->argument = words[0];
	return true;
}

bool
options_parse (int argc, char **argv, struct options *options, struct complaint *complaint)
{
	bool serve = false;
	int option;

	*options = (struct options) { .verb = VERB_TRANSLATE, .key_file = DEFAULT_KEY_FILE,
		.peers_file = DEFAULT_PEERS_FILE, .port = DEFAULT_PORT, .silence_seconds = DEFAULT_SILENCE_SECONDS };
	optind = 0;	/* anew: with 1 both C libraries would go on within a word of the last list */
	opterr = 0;
	while ((option = getopt_long (argc, argv, "sp:k:a:t:fd", long_options, NULL)) != -1)
	{
		if (!take_option (option, options, complaint))
			return false;
		serve = serve || option == 's';
		if (options->verb == VERB_HELP || options->verb == VERB_VERSION)
			return true;
	}
	return take_words (argc - optind, argv + optind, serve, options, complaint);
}
