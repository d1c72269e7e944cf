/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dir_lookup: the way along a path, through symbolic links and to translators. */
#include <string.h>
#include <hurd/fsys.h>
#include <hurd_abi.h>

#include "fs_S.h"
#include "filemap.h"
#include "limits.h"
#include "lookup.h"

/* A lookup on its way. */
struct walk {
	open_t start;
	struct node *directory;		/* held; where the next name is looked for */
	char path[2 * TMPFS_PATH_BYTES_MAX + 3];	/* what is left, from ->name on */
	char *name;
	size_t length;			/* of the name */
	char *rest;			/* what follows it, without leading slashes; may be empty */
	bool must_be_directory;		/* the path ended in a slash */
	unsigned symlinks;
	int flags;
	mode_t mode;
	struct lookup_result *result;
};

/* Cuts the next name off; false when there is none. */
static bool next_name(struct walk *walk)
{
	walk->name = walk->rest;
	while (*walk->name == '/')
		walk->name++;
	walk->length = strcspn(walk->name, "/");
	walk->rest = walk->name + walk->length;
	if (*walk->rest == '/') {
		while (*walk->rest == '/')
			walk->rest++;
		if (!*walk->rest)
			walk->must_be_directory = true;
	}
	return walk->length > 0;
}

static bool is_last(const struct walk *walk)
{
	return !*walk->rest;
}

/* Makes the walk's path PREFIX/rest, with the slash that the old one ended in. */
static error_t replace_path(struct walk *walk, const char *prefix)
{
	size_t before = strlen(prefix), after = strlen(walk->rest);
	bool slash = before && (after || walk->must_be_directory);
	if (before + slash + after > TMPFS_PATH_BYTES_MAX)
		return HURD_ENAMETOOLONG;
	/* The prefix never lies in the path itself. */
	memmove(walk->path + before + slash, walk->rest, after + 1);
	memcpy(walk->path, prefix, before);
	if (slash)
		walk->path[before] = '/';
	walk->rest = walk->path;
	walk->must_be_directory = false;
	return 0;
}

/* Tells the caller to go on at PORT with what is left. */
static error_t leave_at(struct walk *walk, retry_type retry, mach_port_t port, mach_msg_type_name_t type)
{
	struct lookup_result *result = walk->result;
	if (strlen(walk->rest) > TMPFS_PATH_BYTES_MAX)
		return HURD_ENAMETOOLONG;
	strcpy(result->name, is_last(walk) && walk->must_be_directory ? "/" : walk->rest);
	result->retry = retry;
	result->port = port;
	result->port_type = type;
	return LOOKUP_LEFT;
}

static error_t dot_dot(struct walk *walk, struct node **found)
{
	struct surroundings *around = walk->start->description->around;
	for (struct surroundings *wall = around; wall; wall = wall->outer) {
		if (walk->directory != wall->shadow_root)
			continue;
		if (wall->shadow_parent)
			return leave_at(walk, FS_RETRY_REAUTH, wall->shadow_parent, MACH_MSG_TYPE_COPY_SEND);
		*found = walk->directory;
		return 0;
	}
	if (walk->directory == server.store.root && around->root_parent)
		return leave_at(walk, FS_RETRY_REAUTH, around->root_parent, MACH_MSG_TYPE_COPY_SEND);
	*found = store_find(walk->directory, "..", 2);
	return 0;
}

static uint32_t creator(const struct ids *ids)
{
	return ids->user_count ? ids->users[0] : LOOKUP_NOBODY;
}

uint32_t lookup_new_uid(const struct ids *ids)
{
	return creator(ids);
}

uint32_t lookup_new_gid(const struct ids *ids, const struct node *directory)
{
	if (directory->mode & S_ISGID)
		return directory->gid;
	return ids->group_count ? ids->groups[0] : LOOKUP_NOBODY;
}

static error_t create(struct walk *walk, struct node **found)
{
	struct ids *ids = walk->start->ids;
	error_t error = hurd_from_errno(access_check(walk->directory, ids, MAY_WRITE | MAY_EXECUTE));
	if (error)
		return error;
	return hurd_from_errno(store_make(&server.store, walk->directory, walk->name, walk->length,
					  S_IFREG | (walk->mode & 07777 & ~(mode_t)S_ISVTX), creator(ids),
					  lookup_new_gid(ids, walk->directory), found));
}

/* Finds or makes the node of the current name; *MADE tells which. */
static error_t find(struct walk *walk, struct node **found, bool *made)
{
	bool creating = is_last(walk) && !walk->must_be_directory && (walk->flags & HURD_O_CREAT);
	*made = false;
	if (!S_ISDIR(walk->directory->mode))
		return HURD_ENOTDIR;
	error_t error = hurd_from_errno(access_check(walk->directory, walk->start->ids, MAY_EXECUTE));
	if (error)
		return error;
	if (walk->length > TMPFS_NAME_BYTES_MAX)
		return HURD_ENAMETOOLONG;
	if (walk->length == 2 && !memcmp(walk->name, "..", 2))
		return creating && (walk->flags & HURD_O_EXCL) ? HURD_EEXIST : dot_dot(walk, found);
	*found = store_find(walk->directory, walk->name, walk->length);
	if (*found)
		return creating && (walk->flags & HURD_O_EXCL) ? HURD_EEXIST : 0;
	if (!creating)
		return HURD_ENOENT;
	*made = true;
	return create(walk, found);
}

/* Asks the translator on NODE for its root.  The lock is given up meanwhile, so afterwards
   only the walk's own text may be used.  LOOKUP_AGAIN: it was dead, and is now forgotten. */
static error_t enter_translator(struct walk *walk, struct node *node)
{
	struct lookup_result *result = walk->result;
	struct ids *ids = walk->start->ids;
	mach_port_t control = node->translator, dotdot;
	string_t name;
	error_t error = translator_parent(node, walk->directory, walk->start->description->around, &dotdot);

	if (error)
		return error;
	right_refer(control);
	error = server_wait_begin();
	if (!error) {
		error = fsys_getroot(control, dotdot, MACH_MSG_TYPE_COPY_SEND, ids->users, ids->user_count, ids->groups,
				     ids->group_count, is_last(walk) ? walk->flags : 0,
				     &result->retry, name, &result->port);
		server_wait_end();
	}
	mach_port_deallocate(mach_task_self(), dotdot);
	if (error == MIG_SERVER_DIED || error == MACH_SEND_INVALID_DEST) {
		translator_died(control);
		mach_port_deallocate(mach_task_self(), control);
		return LOOKUP_AGAIN;
	}
	mach_port_deallocate(mach_task_self(), control);
	if (error)
		return error;

	name[sizeof(name) - 1] = 0;
	size_t used = strlen(name), more = strlen(walk->rest);
	result->port_type = MACH_MSG_TYPE_MOVE_SEND;
	if (used + 1 + more > TMPFS_PATH_BYTES_MAX) {
		if (MACH_PORT_VALID(result->port))
			mach_port_deallocate(mach_task_self(), result->port);
		return HURD_ENAMETOOLONG;
	}
	if ((used && more) || walk->must_be_directory)
		name[used++] = '/';
	memcpy(name + used, walk->rest, more + 1);
	strcpy(result->name, name);
	return LOOKUP_LEFT;
}

/* The current name is a symbolic link to be followed. */
static error_t follow(struct walk *walk, const struct node *link)
{
	if (++walk->symlinks > TMPFS_SYMLINKS_MAX)
		return HURD_ELOOP;
	error_t error = replace_path(walk, link->target ? link->target : "");
	if (error)
		return error;
	if (walk->path[0] != '/')
		return 0;
	strcpy(walk->result->name, walk->path);
	walk->result->retry = FS_RETRY_MAGICAL;
	walk->result->port = MACH_PORT_NULL;
	walk->result->port_type = MACH_MSG_TYPE_COPY_SEND;
	return LOOKUP_LEFT;
}

static bool link_is_followed(const struct walk *walk)
{
	int without = HURD_O_NOLINK | HURD_O_NOTRANS | HURD_O_NOFOLLOW;
	return !is_last(walk) || walk->must_be_directory || !(walk->flags & without);
}

static bool translator_is_entered(const struct walk *walk, const struct node *node)
{
	return node->translator && (!is_last(walk) || walk->must_be_directory || !(walk->flags & HURD_O_NOTRANS));
}

/* One name.  On 0, *FOUND is the node to go on with, not held. */
static error_t step(struct walk *walk, struct node **found, bool *made)
{
	error_t error = find(walk, found, made);
	if (error)
		return error;
	if (translator_is_entered(walk, *found))
		return enter_translator(walk, *found);
	if (S_ISLNK((*found)->mode) && link_is_followed(walk)) {
		error = follow(walk, *found);
		*found = walk->directory;	/* the target is looked up from where the link is */
	}
	return error;
}

static error_t walk_to_the_end(struct walk *walk, bool *made)
{
	*made = false;
	while (next_name(walk)) {
		struct node *found;
		error_t error = step(walk, &found, made);
		if (error)
			return error;
		node_hold(found);
		node_drop(&server.store, walk->directory);
		walk->directory = found;
	}
	return 0;
}

static error_t check_type(const struct node *node, int flags)
{
	bool uses = flags & (HURD_O_READ | HURD_O_WRITE | HURD_O_EXEC);
	if (S_ISDIR(node->mode) && (flags & (HURD_O_WRITE | HURD_O_TRUNC)))
		return HURD_EISDIR;
	if (S_ISLNK(node->mode) && (flags & (HURD_O_WRITE | HURD_O_EXEC)))
		return HURD_ELOOP;
	if ((S_ISCHR(node->mode) || S_ISBLK(node->mode)) && uses && !(flags & HURD_O_NOTRANS) && !device_is_known(node))
		return HURD_ENXIO;
	if ((S_ISFIFO(node->mode) || S_ISSOCK(node->mode)) && uses && !(flags & HURD_O_NOTRANS))
		return HURD_EOPNOTSUPP;
	return 0;
}

error_t lookup_check_open(const struct node *node, const struct ids *ids, int flags)
{
	unsigned wanted = 0;
	error_t error = check_type(node, flags);
	if (error)
		return error;
	if (flags & HURD_O_READ)
		wanted |= MAY_READ;
	if (flags & (HURD_O_WRITE | HURD_O_TRUNC))
		wanted |= MAY_WRITE;
	if (flags & HURD_O_EXEC)
		wanted |= MAY_EXECUTE;
	return hurd_from_errno(access_check(node, ids, wanted));
}

static error_t truncate_all(struct node *node)
{
	struct user_pager_info *map;
	error_t error = filemap_begin_change(node, &map);
	if (error)
		return error;
	error = filemap_set_size(map, node, 0);
	filemap_end_change(map);
	return error;
}

error_t lookup_open(struct node *node, struct surroundings *around, struct ids *ids, int flags, bool made,
		    struct lookup_result *result)
{
	open_t open;
	error_t error = made ? 0 : lookup_check_open(node, ids, flags);
	if (!error && (flags & HURD_O_TRUNC) && S_ISREG(node->mode) && node->size)
		error = truncate_all(node);
	if (error)
		return error;
	error = open_make(node, flags & LOOKUP_KEPT_FLAGS, around, ids, &open);
	if (error)
		return error;
	result->retry = FS_RETRY_NORMAL;
	result->name[0] = 0;
	result->port = open->object.port;
	result->port_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

static error_t lookup_once(struct walk *walk)
{
	bool made;
	bool slash = walk->path[0] && walk->path[strlen(walk->path) - 1] == '/';
	walk->rest = walk->path;
	walk->must_be_directory = slash && !walk->path[strspn(walk->path, "/")];
	walk->directory = open_node(walk->start);
	walk->symlinks = 0;
	node_hold(walk->directory);
	error_t error = walk_to_the_end(walk, &made);
	if (!error) {
		/* O_DIRECTORY on the wire is a hint of newer libraries; a wrong type is the same error. */
		if ((walk->must_be_directory || (walk->flags & HURD_O_DIRECTORY)) && !S_ISDIR(walk->directory->mode))
			error = HURD_ENOTDIR;
		else
			error = lookup_open(walk->directory, walk->start->description->around, walk->start->ids, walk->flags,
					    made, walk->result);
	}
	node_drop(&server.store, walk->directory);
	return error == LOOKUP_LEFT ? 0 : error;
}

kern_return_t S_dir_lookup(open_t start, mach_port_t reply, mach_msg_type_name_t reply_type, const_string_t path,
			   int flags, mode_t mode, retry_type *retry, string_t retry_name, mach_port_t *port,
			   mach_msg_type_name_t *port_type)
{
	struct lookup_result result = { .name = retry_name };
	struct walk walk = { .start = start, .flags = flags, .mode = mode, .result = &result };
	if (!start)
		return HURD_EOPNOTSUPP;
	error_t error;
	unsigned tries = 0;
	do {
		strcpy(walk.path, path);	/* a string_t, ended by the stub */
		error = lookup_once(&walk);
	} while (error == LOOKUP_AGAIN && ++tries < LOOKUP_TRIES_MAX);
	if (error)
		return error == LOOKUP_AGAIN ? HURD_EAGAIN : error;
	*retry = result.retry;
	*port = result.port;
	*port_type = result.port_type;
	return 0;
}
