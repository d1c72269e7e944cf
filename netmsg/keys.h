/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node's key: one file with the secret half, the public half shown to people as text.

   The file holds comment lines starting with '#' and one line "secret BASE64".  Whoever can
   read it can act as this node, so it is made with mode 0600 and refused when others may read it. */
#ifndef NETMSG_KEYS_H
#define NETMSG_KEYS_H

#include "complaint.h"

#define KEY_BYTES 32
#define KEY_TEXT_BYTES 45	/* base64 of a key, with its final NUL */
#define KEY_FILE_MODE 0600
#define KEY_FILE_BYTES_MAX 4096

struct key_pair
{
	unsigned char secret[KEY_BYTES];
	unsigned char public[KEY_BYTES];
};

/* Makes a new key in FILE, which must not exist, and its folder if only that is missing. */
bool keys_generate (const char *file, struct key_pair *keys, struct complaint *complaint);

/* Finds the secret in TEXT.  Every line must be empty, a comment, or the one secret. */
bool keys_parse (const char *text, unsigned char secret[KEY_BYTES]);

bool keys_load (const char *file, struct key_pair *keys, struct complaint *complaint);

void key_to_text (const unsigned char key[KEY_BYTES], char text[KEY_TEXT_BYTES]);

/* TEXT is LENGTH bytes, not terminated.  False when it is not a key. */
bool key_from_text (const char *text, unsigned long length, unsigned char key[KEY_BYTES]);

#endif
