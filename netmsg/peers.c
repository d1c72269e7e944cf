/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peers.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_USER "nobody"
#define BLANKS " \t\r"

struct place
{
	const char *file;
	unsigned line;
	struct complaint *complaint;
};

#define BLAME(place, format, ...) \
	complain ((place)->complaint, "%s:%u: " format, (place)->file, (place)->line, ##__VA_ARGS__)

static bool
copy_word (char *to, size_t room, const char *word)
{
	if (strlen (word) >= room)
		return false;
	strcpy (to, word);
	return true;
}

/* A decimal number of at most MAX. */
static bool
parse_number (const char *word, unsigned long max, unsigned long *value)
{
	char *end;

	if (!isdigit ((unsigned char) word[0]))
		return false;
	errno = 0;
	*value = strtoul (word, &end, 10);
	return errno == 0 && *end == 0 && *value <= max;
}

static bool
parse_port (const struct place *place, const char *word, struct peer *peer)
{
	unsigned long port;

	if (!parse_number (word, 65535, &port) || port == 0)
		return BLAME (place, "'%s' is not a port number", word);
	peer->port = port;
	return true;
}

static bool
parse_address (const struct place *place, char *word, struct peer *peer)
{
	char *colon = strrchr (word, ':');
	char *port = NULL;

	if (word[0] == '[')
	{
		char *bracket = strchr (word, ']');
		if (bracket == NULL || (bracket[1] != 0 && bracket[1] != ':'))
			return BLAME (place, "'%s' is not an address; write [ADDRESS]:PORT", word);
		if (bracket[1] == ':')
			port = bracket + 2;
		*bracket = 0;
		word++;
	}
	else if (colon != NULL && strchr (word, ':') == colon)
	{
		/* exactly one colon: a port; more are an IPv6 address */
		*colon = 0;
		port = colon + 1;
	}
	if (word[0] == 0)
		return BLAME (place, "the address is empty");
	if (!copy_word (peer->address, sizeof peer->address, word))
		return BLAME (place, "the address is longer than %d characters", PEER_ADDRESS_BYTES - 1);
	return port == NULL || parse_port (place, port, peer);
}

static bool
parse_user (const struct place *place, const char *user, struct peer *peer)
{
	char number[PEER_USER_BYTES];
	unsigned long id;
	char *colon;

	if (user[0] == 0)
		return BLAME (place, "user= needs a name or a number");
	if (!copy_word (peer->user, sizeof peer->user, user))
		return BLAME (place, "the user is longer than %d characters", PEER_USER_BYTES - 1);
	if (!isdigit ((unsigned char) user[0]))
		return strchr (user, ':') == NULL
			|| BLAME (place, "'%s': a group goes with a user number only (UID:GID)", user);
	strcpy (number, user);
	colon = strchr (number, ':');
	if (colon != NULL)
		*colon = 0;
	if (!parse_number (number, 0x7fffffff, &id) || (colon != NULL && !parse_number (colon + 1, 0x7fffffff, &id)))
		return BLAME (place, "'%s' is not UID or UID:GID", user);
	return true;
}

static bool
parse_option (const struct place *place, const char *word, struct peer *peer)
{
	if (strcmp (word, "ro") == 0)
	{
		peer->read_only = true;
		return true;
	}
	if (strncmp (word, "user=", 5) == 0)
		return parse_user (place, word + 5, peer);
	if (strncmp (word, "path=", 5) != 0)
		return BLAME (place, "unknown option '%s' (known: user=, path=, ro)", word);
	if (word[5] != '/')
		return BLAME (place, "'%s': the path must start with /", word);
	if (!copy_word (peer->path, sizeof peer->path, word + 5))
		return BLAME (place, "the path is longer than %d characters", PEER_PATH_BYTES - 1);
	return true;
}

static bool
is_option (const char *word)
{
	return strchr (word, '=') != NULL || strcmp (word, "ro") == 0;
}

static bool
parse_words (const struct place *place, char *line, struct peer *peer)
{
	char *rest = NULL;
	char *word = strtok_r (line, BLANKS, &rest);

	if (!key_from_text (word, strlen (word), peer->key))
		return BLAME (place, "'%.20s%s' is not a public key; netmsg keygen prints one", word,
			strlen (word) > 20 ? "..." : "");
	word = strtok_r (NULL, BLANKS, &rest);
	if (word == NULL || is_option (word))
		return BLAME (place, "the peer's name is missing after its key");
	if (!copy_word (peer->name, sizeof peer->name, word))
		return BLAME (place, "the name is longer than %d characters", PEER_NAME_BYTES - 1);
	word = strtok_r (NULL, BLANKS, &rest);
	if (word != NULL && !is_option (word))
	{
		if (!parse_address (place, word, peer))
			return false;
		word = strtok_r (NULL, BLANKS, &rest);
	}
	for (; word != NULL; word = strtok_r (NULL, BLANKS, &rest))
		if (!parse_option (place, word, peer))
			return false;
	return true;
}

static bool
append_peer (const struct place *place, struct peers *peers, const struct peer *peer)
{
	struct peer *larger;

	for (size_t i = 0; i < peers->count; i++)
	{
		if (memcmp (peers->list[i].key, peer->key, KEY_BYTES) == 0)
			return BLAME (place, "the key of %s is already that of %s", peer->name, peers->list[i].name);
		if (strcmp (peers->list[i].name, peer->name) == 0)
			return BLAME (place, "the name %s is already in use", peer->name);
	}
	if (peers->count == PEERS_MAX)
		return BLAME (place, "more than %d peers", PEERS_MAX);
	larger = realloc (peers->list, (peers->count + 1) * sizeof *larger);
	if (larger == NULL)
		return BLAME (place, "out of memory");
	peers->list = larger;
	peers->list[peers->count++] = *peer;
	return true;
}

static bool
parse_line (const struct place *place, const char *text, size_t bytes, struct peers *peers)
{
	struct peer peer = { .user = DEFAULT_USER };
	char line[PEER_LINE_BYTES];
	char *comment;

	if (memchr (text, 0, bytes) != NULL)
		return BLAME (place, "the line holds a zero byte; is this a text file?");
	if (bytes >= sizeof line)
		return BLAME (place, "the line is longer than %d characters", PEER_LINE_BYTES - 1);
	memcpy (line, text, bytes);
	line[bytes] = 0;
	comment = strchr (line, '#');
	if (comment != NULL)
		*comment = 0;
	if (line[strspn (line, BLANKS)] == 0)
		return true;
	return parse_words (place, line, &peer) && append_peer (place, peers, &peer);
}

bool
peers_parse (const char *file, const char *text, size_t bytes, struct peers *peers, struct complaint *complaint)
{
	struct place place = { file, 0, complaint };
	const char *end = text + bytes;

	*peers = (struct peers) { 0 };
	while (text < end)
	{
		const char *newline = memchr (text, '\n', end - text);
		const char *line_end = newline != NULL ? newline : end;

		place.line++;
		if (!parse_line (&place, text, line_end - text, peers))
		{
			peers_free (peers);
			return false;
		}
		text = line_end + (newline != NULL);
	}
	return true;
}

static bool
read_file (const char *file, char **text, size_t *bytes, struct complaint *complaint)
{
	int fd = open (file, O_RDONLY);
	size_t room = 4096;
	ssize_t n = 0;

	if (fd < 0)
		return complain (complaint, "%s: cannot read the authorized peers: %s", file, strerror (errno));
	*bytes = 0;
	*text = malloc (room);
	while (*text != NULL && (n = read (fd, *text + *bytes, room - *bytes)) > 0)
	{
		*bytes += n;
		if (*bytes == room && room < PEERS_FILE_BYTES_MAX)
		{
			char *larger = realloc (*text, room *= 2);
			if (larger == NULL)
				free (*text);
			*text = larger;
		}
		else if (*bytes == room)
		{
			errno = EFBIG;
			n = -1;
			break;
		}
	}
	if (*text != NULL && n == 0)
	{
		close (fd);
		return true;
	}
	if (*text == NULL)
		errno = ENOMEM;
	complain (complaint, "%s: cannot read the authorized peers: %s", file, strerror (errno));
	free (*text);
	close (fd);
	return false;
}

bool
peers_load (const char *file, struct peers *peers, struct complaint *complaint)
{
	char *text = NULL;
	size_t bytes = 0;
	bool good;

	*peers = (struct peers) { 0 };
	if (!read_file (file, &text, &bytes, complaint))
		return false;
	good = peers_parse (file, text, bytes, peers, complaint);
	free (text);
	return good;
}

void
peers_free (struct peers *peers)
{
	free (peers->list);
	*peers = (struct peers) { 0 };
}

const struct peer *
peers_find_host (const struct peers *peers, const char *host)
{
	for (size_t i = 0; i < peers->count; i++)
		if (strcmp (peers->list[i].name, host) == 0)
			return &peers->list[i];
	for (size_t i = 0; i < peers->count; i++)
		if (strcmp (peers->list[i].address, host) == 0)
			return &peers->list[i];
	return NULL;
}

const struct peer *
peers_find_key (const struct peers *peers, const unsigned char key[KEY_BYTES])
{
	for (size_t i = 0; i < peers->count; i++)
		if (memcmp (peers->list[i].key, key, KEY_BYTES) == 0)
			return &peers->list[i];
	return NULL;
}
