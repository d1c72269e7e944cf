/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of nodes: files, directories, symbolic links and device nodes.
 *
 * Pure: no ports, no locks, no credentials.  The caller holds whatever lock guards the
 * store.  Errors are <errno.h> numbers, 0 for success. */
#ifndef TMPFS_STORE_H
#define TMPFS_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "directory.h"
#include "pages.h"

struct record_locks;
struct user_pager_info;
struct store;

struct node {
	uint64_t number;		/* st_ino; never used again in this store's life */
	uint32_t mode;			/* type and permissions */
	uint32_t uid, gid, author, flags;
	uint32_t links;			/* names (for a directory also "." and the ".." of children) */
	uint32_t references;		/* everything else that keeps it; see node_hold */
	uint32_t opens;			/* of those, how many are opens: while there are some,
					   a directory's holes are kept */
	struct node *parent;		/* of a directory, held; NULL for the root */
	struct timespec accessed, modified, changed;
	uint64_t size;			/* bytes; of a symbolic link its target's length */
	uint64_t device;		/* of a device node, as makedev gives it */
	union {
		struct file_pages pages;
		struct directory names;
		char *target;
	};
	char *passive;			/* a passive translator's arguments, each ended by 0 */
	uint32_t passive_bytes;
	uint32_t translator;		/* the server's: control port of the active translator, or 0 */
	uint32_t identity;		/* the server's: port of io_identity, or 0 */
	uint32_t address;		/* the server's: a local socket's address port, or 0 */
	struct record_locks *locks;	/* the server's: NULL while there are none */
	struct user_pager_info *filemap;	/* the server's: NULL while nobody maps it */
};

struct store {
	struct page_pool pool;
	struct node *root;		/* held once by the store itself */
	uint64_t next_number;
	uint64_t nodes;
	struct timespec (*now)(void);
	/* Called before a node's memory goes, for what the server hung on it. */
	void (*dying)(struct store *store, struct node *node);
};

/* 0 or ENOMEM.  DYING may be NULL. */
int store_init(struct store *store, const struct page_source *source, uint64_t bytes_max,
	       struct timespec (*now)(void), void (*dying)(struct store *store, struct node *node));
/* Frees every node that can be reached; nobody else may hold one. */
void store_free(struct store *store);

void node_hold(struct node *node);
/* The last reference of a node without links frees it. */
void node_drop(struct store *store, struct node *node);
void node_opened(struct node *node);		/* holds */
void node_closed(struct store *store, struct node *node);	/* drops */

/* Makes a node without a name; the caller holds it.  MODE's type says which kind. */
int node_make(struct store *store, uint32_t mode, uint32_t uid, uint32_t gid, struct node **made);
int node_set_target(struct node *node, const char *target, size_t length);
int node_set_passive(struct node *node, const char *arguments, size_t bytes);
/* Of regular files: EFBIG, or 0.  Growing makes a hole. */
int node_set_size(struct store *store, struct node *node, uint64_t size);
/* Writes as much as there is room for: *WRITTEN is less than BYTES only if 0 is not
   returned (ENOSPC, EFBIG) or the limit of a file's size was reached midway. */
int node_write(struct store *store, struct node *node, uint64_t offset, const void *data, size_t bytes, size_t *written);
/* Makes pages where holes are, and grows the file if need be, so that these bytes can be
   written later; *RESERVED and errors as in node_write. */
int node_reserve(struct store *store, struct node *node, uint64_t offset, size_t bytes, size_t *reserved);
uint64_t node_blocks(const struct node *node);	/* of 512 bytes, as st_blocks */

/* Names.  LENGTH bytes of NAME count; "." and ".." are refused with EINVAL where a name is
   made or removed.  A found node is not held for the caller. */
struct node *store_find(const struct node *directory, const char *name, size_t length);
int store_make(struct store *store, struct node *directory, const char *name, size_t length,
	       uint32_t mode, uint32_t uid, uint32_t gid, struct node **made);	/* *MADE is not held */
int store_link(struct store *store, struct node *directory, const char *name, size_t length, struct node *node);
int store_unlink(struct store *store, struct node *directory, const char *name, size_t length);
int store_rmdir(struct store *store, struct node *directory, const char *name, size_t length);
/* EXCLUSIVE: EEXIST if there is a node under the new name. */
int store_rename(struct store *store, struct node *from, const char *old_name, size_t old_length,
		 struct node *to, const char *new_name, size_t new_length, bool exclusive);
void node_changed(struct store *store, struct node *node);	/* its status, now */

#endif
