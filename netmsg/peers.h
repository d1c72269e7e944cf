/* SPDX-License-Identifier: GPL-2.0-or-later */
/* authorized_peers: who may connect, and as whom.  One line per peer:

     KEY NAME [ADDRESS[:PORT]] [user=NAME|UID[:GID]] [path=/DIR] [ro]

   KEY is the peer's public key as `netmsg keygen` prints it.  An IPv6 address with a port is
   written [ADDRESS]:PORT.  '#' starts a comment.  Without user= the peer acts as nobody. */
#ifndef NETMSG_PEERS_H
#define NETMSG_PEERS_H

#include "complaint.h"
#include "keys.h"

#include <stdbool.h>
#include <stddef.h>

#define PEERS_MAX 1024
#define PEER_NAME_BYTES 64
#define PEER_ADDRESS_BYTES 128
#define PEER_USER_BYTES 64
#define PEER_PATH_BYTES 256
#define PEER_LINE_BYTES 1024
#define PEERS_FILE_BYTES_MAX (PEERS_MAX * PEER_LINE_BYTES)

struct peer
{
	unsigned char key[KEY_BYTES];
	char name[PEER_NAME_BYTES];
	char address[PEER_ADDRESS_BYTES];	/* empty: the name is looked up */
	unsigned short port;			/* 0: the usual one */
	char user[PEER_USER_BYTES];		/* a name, or UID or UID:GID in numbers */
	char path[PEER_PATH_BYTES];		/* empty: what `netmsg -s` serves */
	bool read_only;
};

struct peers
{
	struct peer *list;
	size_t count;
};

/* Reads FILE.  On success *PEERS owns a list; free it with peers_free.  On failure it is empty and
   the complaint starts with FILE:LINE when a line is to blame. */
bool peers_load (const char *file, struct peers *peers, struct complaint *complaint);

/* The same for text in memory; FILE is only the name used in complaints. */
bool peers_parse (const char *file, const char *text, size_t bytes, struct peers *peers, struct complaint *complaint);

void peers_free (struct peers *peers);

/* By name or by address as written; NULL when not listed. */
const struct peer *peers_find_host (const struct peers *peers, const char *host);
const struct peer *peers_find_key (const struct peers *peers, const unsigned char key[KEY_BYTES]);

#endif
