/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line asks for. */
#ifndef NETMSG_OPTIONS_H
#define NETMSG_OPTIONS_H

#include "complaint.h"

#define DEFAULT_PORT 2345
#define DEFAULT_KEY_FILE "/etc/netmsg/key"
#define DEFAULT_PEERS_FILE "/etc/netmsg/authorized_peers"
#define DEFAULT_SILENCE_SECONDS 10
#define SILENCE_SECONDS_MAX 3600
#define DEFAULT_SERVED_PATH "/"

enum verb
{
	VERB_SERVE,		/* netmsg -s [PATH] */
	VERB_TRANSLATE,		/* netmsg HOST */
	VERB_KEYGEN,
	VERB_CHECK,
	VERB_STATUS,
	VERB_STOP,
	VERB_HELP,
	VERB_VERSION,
};

struct options
{
	enum verb verb;
	const char *argument;		/* PATH, HOST or FILE; NULL when none is needed */
	const char *key_file;
	const char *peers_file;
	unsigned short port;
	unsigned silence_seconds;	/* a peer silent for so long is dead */
	unsigned debug;			/* how often -d was given */
	bool foreground;
};

/* The strings of OPTIONS point into ARGV. */
bool options_parse (int argc, char **argv, struct options *options, struct complaint *complaint);

extern const char options_help[];

#endif
