/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening nodes, as dir_lookup and fsys_getroot do it. */
#ifndef TMPFS_LOOKUP_H
#define TMPFS_LOOKUP_H

#include "objects.h"

enum {
	LOOKUP_LEFT = -1,		/* the result says where the caller goes on */
	LOOKUP_AGAIN = -2,		/* a dead translator was met and removed */
	LOOKUP_TRIES_MAX = 8,
	LOOKUP_NOBODY = 65534,		/* who owns what a user without any id makes */
	/* What an open remembers of the flags it was asked for. */
	LOOKUP_KEPT_FLAGS = 1 | 2 | 4 | 8 | 0x100 | 0x200 | 0x400 | 0x800,
};

struct lookup_result {
	retry_type retry;
	char *name;			/* a string_t of the caller's */
	mach_port_t port;
	mach_msg_type_name_t port_type;
};

/* May IDS open NODE so? */
error_t lookup_check_open(const struct node *node, const struct ids *ids, int flags);
/* Opens NODE; MADE: it is new, so its mode forbids nothing to this first open. */
error_t lookup_open(struct node *node, struct surroundings *around, struct ids *ids, int flags, bool made,
		    struct lookup_result *result);
/* Who owns a new node. */
uint32_t lookup_new_uid(const struct ids *ids);
uint32_t lookup_new_gid(const struct ids *ids, const struct node *directory);

#endif
