/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The character devices that need no server of their own. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sysmacros.h>
#include <hurd_abi.h>

#include "objects.h"

enum device_kind { DEVICE_NULL = 3, DEVICE_ZERO = 5, DEVICE_FULL = 7, DEVICE_RANDOM = 8, DEVICE_URANDOM = 9 };
enum { MEMORY_MAJOR = 1, RANDOM_BYTES_MAX = 65536, RANDOM_PIECE_BYTES = 256 };

static const struct { const char *name; enum device_kind kind; } devices[] = {
	{ "null", DEVICE_NULL },     { "zero", DEVICE_ZERO },	    { "full", DEVICE_FULL },
	{ "random", DEVICE_RANDOM }, { "urandom", DEVICE_URANDOM },
};

bool device_is_known(const struct node *node)
{
	if (!S_ISCHR(node->mode) || major(node->device) != MEMORY_MAJOR)
		return false;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (minor(node->device) == devices[i].kind)
			return true;
	return false;
}

static error_t read_random(char *data, size_t *bytes)
{
	if (*bytes > RANDOM_BYTES_MAX)
		*bytes = RANDOM_BYTES_MAX;
	for (size_t done = 0; done < *bytes;) {
		size_t piece = *bytes - done < RANDOM_PIECE_BYTES ? *bytes - done : RANDOM_PIECE_BYTES;
		ssize_t got = getrandom(data + done, piece, 0);
		if (got <= 0)
			return HURD_EIO;
		done += (size_t)got;
	}
	return 0;
}

error_t character_device_read(const struct node *node, char *data, size_t *bytes)
{
	switch (minor(node->device)) {
	case DEVICE_NULL:
		*bytes = 0;
		return 0;
	case DEVICE_ZERO: case DEVICE_FULL:
		memset(data, 0, *bytes);
		return 0;
	default:
		return read_random(data, bytes);
	}
}

error_t character_device_write(const struct node *node, size_t *bytes)
{
	return minor(node->device) == DEVICE_FULL ? HURD_ENOSPC : 0;
}

void devices_make(struct store *store)
{
	struct node *folder = store_find(store->root, "dev", 3), *made;
	if (!folder && store_make(store, store->root, "dev", 3, S_IFDIR | 0755, 0, 0, &folder))
		return;
	for (size_t i = 0; S_ISDIR(folder->mode) && i < sizeof(devices) / sizeof(devices[0]); i++) {
		/* One that the archive brought stays. */
		if (store_make(store, folder, devices[i].name, strlen(devices[i].name), S_IFCHR | 0666, 0, 0, &made) == 0)
			made->device = makedev(MEMORY_MAJOR, devices[i].kind);
	}
}
