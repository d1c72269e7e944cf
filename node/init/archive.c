/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include "archive.h"

enum { BLOCK = 512, NAME_OFFSET = 0, NAME_BYTES = 100, SIZE_OFFSET = 124, SIZE_BYTES = 12, TYPE_OFFSET = 156 };

bool archive_find(const struct archive *archive, const char *path, const void **bytes, size_t *size)
{
	const char *at = archive->bytes;
	size_t left = archive->size;

	while (left >= BLOCK && *at) {
		char name[NAME_BYTES + 1] = "", digits[SIZE_BYTES + 1] = "";
		memcpy(name, at + NAME_OFFSET, NAME_BYTES);
		memcpy(digits, at + SIZE_OFFSET, SIZE_BYTES);
		size_t length = strtoul(digits, NULL, 8);
		size_t whole = BLOCK + ((length + BLOCK - 1) & -(size_t)BLOCK);
		if (whole > left || whole < length)
			return false;
		const char *relative = strncmp(name, "./", 2) ? name : name + 2;
		if (!strcmp(relative, path) && (at[TYPE_OFFSET] == '0' || at[TYPE_OFFSET] == '\0')) {
			*bytes = at + BLOCK;
			*size = length;
			return true;
		}
		at += whole;
		left -= whole;
	}
	return false;
}
