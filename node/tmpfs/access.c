/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

static struct ids *ids_allocate(uint32_t users, uint32_t groups)
{
	if (users > TMPFS_IDS_MAX || groups > TMPFS_IDS_MAX)
		return NULL;
	struct ids *ids = malloc(sizeof(*ids) + (users + groups) * sizeof(uint32_t));
	if (!ids)
		return NULL;
	ids->references = 1;
	ids->user_count = ids->group_count = 0;
	ids->users = (uint32_t *)(ids + 1);
	ids->groups = ids->users + users;
	return ids;
}

struct ids *ids_make(const uint32_t *users, uint32_t user_count, const uint32_t *groups, uint32_t group_count)
{
	struct ids *ids = ids_allocate(user_count, group_count);
	if (!ids)
		return NULL;
	for (; ids->user_count < user_count; ids->user_count++)
		ids->users[ids->user_count] = users[ids->user_count];
	for (; ids->group_count < group_count; ids->group_count++)
		ids->groups[ids->group_count] = groups[ids->group_count];
	return ids;
}

struct ids *ids_restrict(const struct ids *held, const uint32_t *users, uint32_t user_count,
			 const uint32_t *groups, uint32_t group_count)
{
	struct ids *ids = ids_allocate(user_count, group_count);
	if (!ids)
		return NULL;
	bool root = ids_are_root(held);
	for (uint32_t i = 0; i < user_count; i++)
		if (root || ids_have_user(held, users[i]))
			ids->users[ids->user_count++] = users[i];
	for (uint32_t i = 0; i < group_count; i++)
		if (root || ids_have_group(held, groups[i]))
			ids->groups[ids->group_count++] = groups[i];
	return ids;
}

struct ids *ids_hold(struct ids *ids)
{
	ids->references++;
	return ids;
}

void ids_drop(struct ids *ids)
{
	assert(ids->references);
	if (--ids->references == 0)
		free(ids);
}

static bool contains(const uint32_t *list, uint32_t count, uint32_t id)
{
	for (uint32_t i = 0; i < count; i++)
		if (list[i] == id)
			return true;
	return false;
}

bool ids_have_user(const struct ids *ids, uint32_t user)
{
	return contains(ids->users, ids->user_count, user);
}

bool ids_have_group(const struct ids *ids, uint32_t group)
{
	return contains(ids->groups, ids->group_count, group);
}

bool ids_are_root(const struct ids *ids)
{
	return ids_have_user(ids, 0);
}

unsigned access_allowed(const struct node *node, const struct ids *ids)
{
	if (ids_are_root(ids)) {
		bool executable = S_ISDIR(node->mode) || (node->mode & 0111);
		return MAY_READ | MAY_WRITE | (executable ? MAY_EXECUTE : 0);
	}
	/* The first class that fits decides, even if a later one would allow more. */
	if (ids_have_user(ids, node->uid))
		return node->mode >> 6 & 7;
	if (ids_have_group(ids, node->gid))
		return node->mode >> 3 & 7;
	return node->mode & 7;
}

int access_check(const struct node *node, const struct ids *ids, unsigned wanted)
{
	return wanted & ~access_allowed(node, ids) ? EACCES : 0;
}

int access_check_owner(const struct node *node, const struct ids *ids)
{
	return ids_are_root(ids) || ids_have_user(ids, node->uid) ? 0 : EPERM;
}

int access_check_remove(const struct node *directory, const struct node *node, const struct ids *ids)
{
	if (access_check(directory, ids, MAY_WRITE | MAY_EXECUTE))
		return EACCES;
	if (!(directory->mode & S_ISVTX) || !access_check_owner(directory, ids) || !access_check_owner(node, ids))
		return 0;
	return EPERM;
}
