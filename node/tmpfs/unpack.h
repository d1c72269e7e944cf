/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the members of an archive into a store.  Pure. */
#ifndef TMPFS_UNPACK_H
#define TMPFS_UNPACK_H

#include "store.h"
#include "tar.h"

struct unpack {
	struct store *store;
	struct node *file;	/* held; where data goes, or NULL */
	uint64_t offset;
	uint64_t members;
};

/* The sink for tar_start.  Folders on the way to a member are made; a member replaces what has
   its name, but a directory only gets the new one's mode and owner. */
struct tar_sink unpack_start(struct unpack *unpack, struct store *store);
void unpack_end(struct unpack *unpack);

#endif
