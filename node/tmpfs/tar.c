/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Places in a header block. */
enum {
	NAME_AT = 0, NAME_BYTES = 100, MODE_AT = 100, UID_AT = 108, GID_AT = 116, ID_BYTES = 8,
	SIZE_AT = 124, SIZE_BYTES = 12, MTIME_AT = 136, CHECKSUM_AT = 148, CHECKSUM_BYTES = 8, TYPE_AT = 156,
	LINK_AT = 157, MAGIC_AT = 257, MAJOR_AT = 329, MINOR_AT = 337, PREFIX_AT = 345, PREFIX_BYTES = 155,
};

void tar_start(struct tar *tar, const struct tar_sink *sink)
{
	memset(tar, 0, sizeof(*tar));
	tar->sink = *sink;
}

bool tar_is_complete(const struct tar *tar)
{
	return tar->ended || (!tar->block_fill && !tar->data_left && !tar->padding_left);
}

/* Octal digits, or with the top bit set a big-endian binary number. */
static uint64_t number(const unsigned char *at, size_t bytes)
{
	uint64_t value = 0;
	if (at[0] & 0x80) {
		for (size_t i = 1; i < bytes; i++)
			value = value << 8 | at[i];
		return value;
	}
	for (size_t i = 0; i < bytes; i++) {
		if (at[i] == ' ' && !value)
			continue;
		if (at[i] < '0' || at[i] > '7')
			break;
		value = value << 3 | (unsigned)(at[i] - '0');
	}
	return value;
}

static bool checksum_is_right(const unsigned char *block)
{
	unsigned sum = 0;
	for (size_t i = 0; i < TAR_BLOCK_BYTES; i++)
		sum += i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_BYTES ? ' ' : block[i];
	return sum == number(block + CHECKSUM_AT, CHECKSUM_BYTES);
}

static bool is_zero(const unsigned char *block)
{
	for (size_t i = 0; i < TAR_BLOCK_BYTES; i++)
		if (block[i])
			return false;
	return true;
}

static void header_text(char *to, const unsigned char *at, size_t bytes)
{
	size_t length = strnlen((const char *)at, bytes);
	memcpy(to, at, length);
	to[length] = 0;
}

static void header_path(struct tar *tar)
{
	const unsigned char *block = tar->block;
	size_t used = 0;
	/* GNU's own format has other things where ustar has the prefix. */
	if (!memcmp(block + MAGIC_AT, "ustar\0", 6) && block[PREFIX_AT]) {
		header_text(tar->path, block + PREFIX_AT, PREFIX_BYTES);
		used = strlen(tar->path);
		tar->path[used++] = '/';
	}
	header_text(tar->path + used, block + NAME_AT, NAME_BYTES);
}

static int expect_data(struct tar *tar, uint64_t bytes, int goes)
{
	if (bytes > INT64_MAX - TAR_BLOCK_BYTES)
		return EINVAL;
	tar->data_left = bytes;
	tar->padding_left = (uint32_t)(-bytes % TAR_BLOCK_BYTES);
	tar->data_goes = goes;
	tar->text_fill = 0;
	return 0;
}

static int kind_of(unsigned char type, const char *path)
{
	switch (type) {
	case '0': case '\0': case '7':
		return path[0] && path[strlen(path) - 1] == '/' ? TAR_DIRECTORY : TAR_FILE;
	case '1': return TAR_HARD_LINK;
	case '2': return TAR_SYMLINK;
	case '3': return TAR_CHARACTER_DEVICE;
	case '4': return TAR_BLOCK_DEVICE;
	case '5': return TAR_DIRECTORY;
	case '6': return TAR_FIFO;
	default: return -1;
	}
}

static int member(struct tar *tar, unsigned char type, uint64_t size)
{
	const unsigned char *block = tar->block;
	if (!tar->has_path)
		header_path(tar);
	if (!tar->has_link)
		header_text(tar->link, block + LINK_AT, NAME_BYTES);
	if (tar->has_size)
		size = tar->size;
	int kind = kind_of(type, tar->path);
	struct tar_entry entry = {
		.kind = kind < 0 ? TAR_FILE : (enum tar_kind)kind,
		.path = tar->path,
		.link = tar->link,
		.size = kind == TAR_FILE ? size : 0,
		.modified = tar->has_modified ? tar->modified : (int64_t)number(block + MTIME_AT, SIZE_BYTES),
		.mode = number(block + MODE_AT, ID_BYTES) & 07777,
		.uid = tar->has_uid ? tar->uid : (uint32_t)number(block + UID_AT, ID_BYTES),
		.gid = tar->has_gid ? tar->gid : (uint32_t)number(block + GID_AT, ID_BYTES),
		.device_major = (uint32_t)number(block + MAJOR_AT, ID_BYTES),
		.device_minor = (uint32_t)number(block + MINOR_AT, ID_BYTES),
	};
	tar->has_path = tar->has_link = tar->has_size = tar->has_modified = tar->has_uid = tar->has_gid = false;
	/* Members of unknown kinds are passed over; a link or a directory has no data whatever its size says. */
	bool data = kind < 0 || kind == TAR_FILE;
	int error = expect_data(tar, data ? size : 0, kind == TAR_FILE ? TAR_TO_SINK : TAR_TO_NOBODY);
	return error || kind < 0 ? error : tar->sink.entry(tar->sink.context, &entry);
}

static int header(struct tar *tar)
{
	if (is_zero(tar->block)) {
		tar->ended = true;
		return 0;
	}
	if (!checksum_is_right(tar->block))
		return EINVAL;
	unsigned char type = tar->block[TYPE_AT];
	uint64_t size = number(tar->block + SIZE_AT, SIZE_BYTES);
	switch (type) {
	case 'L': return expect_data(tar, size, TAR_TO_PATH);
	case 'K': return expect_data(tar, size, TAR_TO_LINK);
	case 'x': return expect_data(tar, size, TAR_TO_PAX);
	case 'g': return expect_data(tar, size, TAR_TO_NOBODY);
	default: return member(tar, type, size);
	}
}

static void pax_record(struct tar *tar, const char *key, const char *value)
{
	if (!strcmp(key, "path")) {
		strcpy(tar->path, value);	/* records are shorter than TAR_PATH_BYTES */
		tar->has_path = true;
	} else if (!strcmp(key, "linkpath")) {
		strcpy(tar->link, value);
		tar->has_link = true;
	} else if (!strcmp(key, "size")) {
		tar->size = strtoull(value, NULL, 10);
		tar->has_size = true;
	} else if (!strcmp(key, "mtime")) {
		tar->modified = strtoll(value, NULL, 10);
		tar->has_modified = true;
	} else if (!strcmp(key, "uid")) {
		tar->uid = (uint32_t)strtoul(value, NULL, 10);
		tar->has_uid = true;
	} else if (!strcmp(key, "gid")) {
		tar->gid = (uint32_t)strtoul(value, NULL, 10);
		tar->has_gid = true;
	}
}

/* Each record: its own length in decimal, a blank, key=value, a newline. */
static int pax_records(struct tar *tar)
{
	char *at = tar->text, *end = tar->text + tar->text_fill;
	while (at < end) {
		char *text;
		unsigned long length = strtoul(at, &text, 10);
		if (length < 5 || length > (size_t)(end - at) || text >= at + length || *text != ' ' || at[length - 1] != '\n')
			return EINVAL;
		at[length - 1] = 0;
		char *value = strchr(text + 1, '=');
		if (!value)
			return EINVAL;
		*value = 0;
		pax_record(tar, text + 1, value + 1);
		at += length;
	}
	return 0;
}

static int take_text(struct tar *tar, const void *bytes, size_t count)
{
	if (count > sizeof(tar->text) - 1 - tar->text_fill)
		return EINVAL;
	memcpy(tar->text + tar->text_fill, bytes, count);
	tar->text_fill += count;
	tar->text[tar->text_fill] = 0;
	return 0;
}

static int text_is_there(struct tar *tar)
{
	switch (tar->data_goes) {
	case TAR_TO_PATH:
		strcpy(tar->path, tar->text);
		tar->has_path = true;
		return 0;
	case TAR_TO_LINK:
		strcpy(tar->link, tar->text);
		tar->has_link = true;
		return 0;
	case TAR_TO_PAX:
		return pax_records(tar);
	default:
		return 0;
	}
}

static int take_data(struct tar *tar, const void *bytes, size_t count)
{
	int error = 0;
	if (tar->data_goes == TAR_TO_SINK)
		error = tar->sink.data(tar->sink.context, bytes, count);
	else if (tar->data_goes != TAR_TO_NOBODY)
		error = take_text(tar, bytes, count);
	tar->data_left -= count;
	return error || tar->data_left ? error : text_is_there(tar);
}

static size_t least(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

int tar_push(struct tar *tar, const void *bytes, size_t count)
{
	const unsigned char *at = bytes;
	int error = 0;
	while (count && !error && !tar->ended) {
		size_t piece;
		if (tar->data_left) {
			piece = least(tar->data_left, count);
			error = take_data(tar, at, piece);
		} else if (tar->padding_left) {
			piece = least(tar->padding_left, count);
			tar->padding_left -= (uint32_t)piece;
		} else {
			piece = least(TAR_BLOCK_BYTES - tar->block_fill, count);
			memcpy(tar->block + tar->block_fill, at, piece);
			tar->block_fill += piece;
			if (tar->block_fill == TAR_BLOCK_BYTES) {
				tar->block_fill = 0;
				error = header(tar);
			}
		}
		at += piece, count -= piece;
	}
	return error;
}
