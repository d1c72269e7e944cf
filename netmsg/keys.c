/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_WORD "secret "
#define SECRET_WORD_BYTES (sizeof SECRET_WORD - 1)
#define KEY_BASE64 sodium_base64_VARIANT_ORIGINAL

_Static_assert (KEY_TEXT_BYTES == sodium_base64_ENCODED_LEN (KEY_BYTES, KEY_BASE64), "room for a key as text");

void
key_to_text (const unsigned char key[KEY_BYTES], char text[KEY_TEXT_BYTES])
{
	sodium_bin2base64 (text, KEY_TEXT_BYTES, key, KEY_BYTES, KEY_BASE64);
}

bool
key_from_text (const char *text, unsigned long length, unsigned char key[KEY_BYTES])
{
	size_t bytes;

	return length == KEY_TEXT_BYTES - 1
		&& sodium_base642bin (key, KEY_BYTES, text, length, NULL, &bytes, NULL, KEY_BASE64) == 0
		&& bytes == KEY_BYTES;
}

static void
make_folder_of (const char *file)
{
	char folder[1024];
	const char *slash = strrchr (file, '/');

	if (slash == NULL || slash == file || (size_t) (slash - file) >= sizeof folder)
		return;
	memcpy (folder, file, slash - file);
	folder[slash - file] = 0;
	mkdir (folder, 0755);	/* a failure shows when the file is made */
}

static bool
write_all (int fd, const char *text, size_t bytes)
{
	while (bytes > 0)
	{
		ssize_t n = write (fd, text, bytes);
		if (n <= 0)
			return false;
		text += n;
		bytes -= n;
	}
	return true;
}

bool
keys_generate (const char *file, struct key_pair *keys, struct complaint *complaint)
{
	char secret[KEY_TEXT_BYTES], public[KEY_TEXT_BYTES], text[512];
	int fd, length;
	bool written;

	if (sodium_init () < 0)
		return complain (complaint, "no source of random numbers; cannot make a key");
	randombytes_buf (keys->secret, KEY_BYTES);
	if (crypto_scalarmult_base (keys->public, keys->secret) != 0)
		return complain (complaint, "cannot compute the public key");
	key_to_text (keys->secret, secret);
	key_to_text (keys->public, public);
	length = snprintf (text, sizeof text, "# A netmsg node key.  Keep it secret.\n# public %s\n"
		SECRET_WORD "%s\n", public, secret);

	make_folder_of (file);
	fd = open (file, O_WRONLY | O_CREAT | O_EXCL, KEY_FILE_MODE);
	if (fd < 0 && errno == EEXIST)
		return complain (complaint, "%s exists; remove it first if this node shall become another one", file);
	if (fd < 0)
		return complain (complaint, "%s: cannot make the key file: %s", file, strerror (errno));
	written = write_all (fd, text, length) && fsync (fd) == 0;
	if (!written && (errno == EINVAL || errno == ENOSYS))
		written = true;	/* the file system has no fsync; the text is written */
	if (close (fd) != 0)
		written = false;
	sodium_memzero (text, sizeof text);
	sodium_memzero (secret, sizeof secret);
	if (written)
		return true;
	unlink (file);
	return complain (complaint, "%s: cannot write the key: %s", file, strerror (errno));
}

bool
keys_parse (const char *text, unsigned char secret[KEY_BYTES])
{
	bool found = false;

	while (*text != 0)
	{
		size_t length = strcspn (text, "\n");

		if (length > SECRET_WORD_BYTES && memcmp (text, SECRET_WORD, SECRET_WORD_BYTES) == 0)
		{
			if (found || !key_from_text (text + SECRET_WORD_BYTES, length - SECRET_WORD_BYTES, secret))
				return false;
			found = true;
		}
		else if (length != 0 && text[0] != '#')
			return false;
		text += length + (text[length] == '\n');
	}
	return found;
}

static ssize_t
read_all (int fd, char *text, size_t bytes_max)
{
	size_t bytes = 0;
	ssize_t n;

	while (bytes < bytes_max && (n = read (fd, text + bytes, bytes_max - bytes)) != 0)
	{
		if (n < 0)
			return -1;
		bytes += n;
	}
	return bytes;
}

bool
keys_load (const char *file, struct key_pair *keys, struct complaint *complaint)
{
	char text[KEY_FILE_BYTES_MAX];
	struct stat status;
	ssize_t bytes;
	bool good;
	int fd = open (file, O_RDONLY);

	if (fd < 0 && errno == ENOENT)
		return complain (complaint, "%s: no such key file; make one with: netmsg keygen %s", file, file);
	if (fd < 0)
		return complain (complaint, "%s: cannot read the key: %s", file, strerror (errno));
	if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
	{
		close (fd);
		return complain (complaint, "%s: the key is not a plain file", file);
	}
	if (status.st_mode & 077)
	{
		close (fd);
		return complain (complaint, "%s: others may read the key (mode %04o); run: chmod 600 %s", file,
			(unsigned) (status.st_mode & 07777), file);
	}
	bytes = read_all (fd, text, sizeof text - 1);
	close (fd);
	if (bytes < 0)
		return complain (complaint, "%s: cannot read the key: %s", file, strerror (errno));
	text[bytes] = 0;
	good = sodium_init () >= 0 && keys_parse (text, keys->secret)
		&& crypto_scalarmult_base (keys->public, keys->secret) == 0;
	sodium_memzero (text, sizeof text);
	if (!good)
		return complain (complaint, "%s: not a netmsg key; make one with: netmsg keygen FILE", file);
	return true;
}
