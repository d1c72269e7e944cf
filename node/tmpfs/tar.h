/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a tar archive that is pushed in pieces of any size.  Pure.
 *
 * Understands ustar with prefixes, GNU's long names and links, and pax records of path,
 * linkpath, size, mtime, uid and gid. */
#ifndef TMPFS_TAR_H
#define TMPFS_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TAR_BLOCK_BYTES = 512, TAR_PATH_BYTES = 4096 };

enum tar_kind { TAR_FILE, TAR_HARD_LINK, TAR_SYMLINK, TAR_CHARACTER_DEVICE, TAR_BLOCK_DEVICE, TAR_DIRECTORY, TAR_FIFO };

struct tar_entry {
	enum tar_kind kind;
	const char *path;
	const char *link;	/* of links */
	uint64_t size;		/* bytes of data that follow, of files only */
	int64_t modified;	/* seconds */
	uint32_t mode;		/* permissions only */
	uint32_t uid, gid;
	uint32_t device_major, device_minor;
};

/* A callback's result other than 0 ends the reading and is what tar_push returns. */
struct tar_sink {
	int (*entry)(void *context, const struct tar_entry *entry);
	int (*data)(void *context, const void *data, size_t bytes);	/* of the last entry, in order */
	void *context;
};

struct tar {
	struct tar_sink sink;
	unsigned char block[TAR_BLOCK_BYTES];
	size_t block_fill;
	uint64_t data_left;	/* bytes of the current member */
	uint32_t padding_left;
	enum { TAR_TO_SINK, TAR_TO_PATH, TAR_TO_LINK, TAR_TO_PAX, TAR_TO_NOBODY } data_goes;
	bool ended;
	size_t text_fill;
	char text[TAR_PATH_BYTES];	/* of a long name or of pax records */
	/* What a preceding member says about the next one. */
	bool has_path, has_link, has_size, has_modified, has_uid, has_gid;
	char path[TAR_PATH_BYTES], link[TAR_PATH_BYTES];
	uint64_t size;
	int64_t modified;
	uint32_t uid, gid;
};

void tar_start(struct tar *tar, const struct tar_sink *sink);
/* 0, a callback's result, or EINVAL for what is no archive. */
int tar_push(struct tar *tar, const void *bytes, size_t count);
/* Whether the archive's end marker, or the end of a member, was the last thing seen. */
bool tar_is_complete(const struct tar *tar);

#endif
