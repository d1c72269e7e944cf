/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files as memory objects.
 *
 * A file that somebody maps has a pager (libpager), made by the first io_map and gone when
 * no kernel has the file mapped any more.  The store keeps all data; kernels have copies.
 * While there is a pager, what kernels changed is brought to the store before it is read,
 * and what is written goes through a mapping of the server's own, so that the pager sees
 * to it that nobody keeps an older page.  Either makes the server wait for kernels, which
 * may be far away: so the lock is given up meanwhile, and only one request at a time
 * changes a mapped file.  The pager's threads take the lock only while they copy pages.
 *
 * All of these are called with the server's lock held.  Where it says WAITS, they give it
 * up meanwhile; the caller keeps NODE. */
#ifndef TMPFS_FILEMAP_H
#define TMPFS_FILEMAP_H

#include "objects.h"

/* At start-up. */
error_t filemap_start(void);

/* A new send right, the caller's, to a memory object for NODE, a regular file: the one that
   may be written, or the one for reading and executing only. */
error_t filemap_right(struct node *node, bool writable, mach_port_t *right);

/* The store has what kernels had changed of these bytes.  WAITS.  HURD_EAGAIN: too many wait. */
error_t filemap_sync(struct node *node, uint64_t offset, uint64_t bytes);
/* The same for the whole file; WAIT: returns when it is done. */
error_t filemap_sync_all(struct node *node, bool wait);
/* All files. */
error_t filemap_sync_everything(bool wait);

/* Between these nobody else changes NODE's size or, by requests, its data.  The first
   WAITS; HURD_EAGAIN.  For a file without a pager they do nothing. */
error_t filemap_begin_change(struct node *node, struct user_pager_info **map);
void filemap_end_change(struct user_pager_info *map);
/* As node_write and node_set_size, but with Hurd errors.  MAP is what filemap_begin_change
   gave; it may be NULL: then they do not wait.  Else WAITS. */
error_t filemap_write(struct user_pager_info *map, struct node *node, uint64_t offset, const void *data, size_t bytes,
		      size_t *written);
error_t filemap_set_size(struct user_pager_info *map, struct node *node, uint64_t size);

/* What pagers have done, ever. */
struct filemap_counts {
	uint64_t maps;			/* files that have a pager now */
	uint64_t pages_out, pages_in;	/* given to kernels, and come back changed */
};
extern struct filemap_counts filemap_counts;

#endif
