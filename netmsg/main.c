/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netmsg: carries Mach messages, port rights and memory between machines.

   Built with NETMSG_KEYS_ONLY this is the host's tool for making keys and checking configuration. */
#include "keys.h"
#include "options.h"
#include "peers.h"
#ifndef NETMSG_KEYS_ONLY
#include "run.h"
#endif

#include <stdio.h>

#define EXIT_USAGE 2
#define NETMSG_VERSION "1"

static int
fail (const struct complaint *complaint)
{
	fprintf (stderr, "netmsg: %s\n", complaint->text);
	return 1;
}

static int
run_keygen (const struct options *options)
{
	const char *file = options->argument != NULL ? options->argument : options->key_file;
	struct complaint complaint;
	char text[KEY_TEXT_BYTES];
	struct key_pair keys;

	if (!keys_generate (file, &keys, &complaint))
		return fail (&complaint);
	key_to_text (keys.public, text);
	puts (text);
	return fflush (stdout) == 0 ? 0 : 1;
}

static int
run_check (const struct options *options)
{
	struct complaint complaint;
	char text[KEY_TEXT_BYTES];
	struct key_pair keys;
	struct peers peers;

	if (!keys_load (options->key_file, &keys, &complaint)
		|| !peers_load (options->peers_file, &peers, &complaint))
		return fail (&complaint);
	key_to_text (keys.public, text);
	printf ("key %s, %zu authorized peers\n", text, peers.count);
	peers_free (&peers);
	return 0;
}

static int
run_on_mach (const struct options *options)
{
#ifdef NETMSG_KEYS_ONLY
	struct complaint complaint;

	complain (&complaint, "this build only makes and checks keys; messages need a Mach kernel");
	return fail (&complaint);
#else
	struct complaint complaint;

	switch (options->verb)
	{
	case VERB_SERVE:
		return run_server (options, &complaint) ? 0 : fail (&complaint);
	case VERB_STATUS:
		return run_status (options, &complaint) ? 0 : fail (&complaint);
	case VERB_STOP:
		return run_stop (options, &complaint) ? 0 : fail (&complaint);
	default:
		return run_translator (options, &complaint) ? 0 : fail (&complaint);
	}
#endif
}

int
main (int argc, char **argv)
{
	struct complaint complaint;
	struct options options;

	if (!options_parse (argc, argv, &options, &complaint))
	{
		fail (&complaint);
		return EXIT_USAGE;
	}
	switch (options.verb)
	{
	case VERB_HELP:
		fputs (options_help, stdout);
		return 0;
	case VERB_VERSION:
		puts ("netmsg (Drove) " NETMSG_VERSION);
		return 0;
	case VERB_KEYGEN:
		return run_keygen (&options);
	case VERB_CHECK:
		return run_check (&options);
	default:
		return run_on_mach (&options);
	}
}
