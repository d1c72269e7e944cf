/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may do what to a node.  Pure.  User id 0 may do everything. */
#ifndef TMPFS_ACCESS_H
#define TMPFS_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "store.h"

/* The user and group ids of an open; shared by counting, never changed. */
struct ids {
	uint32_t references;
	uint32_t user_count, group_count;
	uint32_t *users;	/* both in one allocation with the structure */
	uint32_t *groups;
};

enum { MAY_EXECUTE = 1, MAY_WRITE = 2, MAY_READ = 4 };

/* The caller has the one reference; NULL when out of memory or above TMPFS_IDS_MAX. */
struct ids *ids_make(const uint32_t *users, uint32_t user_count, const uint32_t *groups, uint32_t group_count);
/* Those of the wanted ids that HELD has; root may have any. */
struct ids *ids_restrict(const struct ids *held, const uint32_t *users, uint32_t user_count,
			 const uint32_t *groups, uint32_t group_count);
struct ids *ids_hold(struct ids *ids);
void ids_drop(struct ids *ids);

bool ids_have_user(const struct ids *ids, uint32_t user);
bool ids_have_group(const struct ids *ids, uint32_t group);
bool ids_are_root(const struct ids *ids);

/* The MAY_ bits of WANTED that are allowed. */
unsigned access_allowed(const struct node *node, const struct ids *ids);
int access_check(const struct node *node, const struct ids *ids, unsigned wanted);	/* 0 or EACCES */
int access_check_owner(const struct node *node, const struct ids *ids);		/* 0 or EPERM */
/* May a name of NODE be taken out of DIRECTORY?  0, EACCES, or EPERM of a sticky directory. */
int access_check_remove(const struct node *directory, const struct node *node, const struct ids *ids);

#endif
