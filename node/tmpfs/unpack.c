/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unpack.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

static void forget_file(struct unpack *unpack)
{
	if (unpack->file)
		node_drop(unpack->store, unpack->file);
	unpack->file = NULL;
}

/* Follows PATH's folders from the root, making those that are missing (if MAKE), up to its last
   name.  *LENGTH 0 means that the path is the root itself. */
static int find_parent(struct store *store, const char *path, bool make, struct node **parent, const char **name, size_t *length)
{
	struct node *at = store->root;
	for (;;) {
		path += strspn(path, "/");
		size_t n = strcspn(path, "/");
		if (n == 1 && path[0] == '.') {
			path += n;
			continue;
		}
		if (n == 2 && !memcmp(path, "..", 2))
			return EINVAL;	/* no archive reaches above the root, so it need not try */
		if (!path[n + strspn(path + n, "/")]) {
			*parent = at;
			*name = path;
			*length = n;
			return 0;
		}
		struct node *next = store_find(at, path, n);
		if (!next) {
			int error = make ? store_make(store, at, path, n, S_IFDIR | 0755, 0, 0, &next) : ENOENT;
			if (error)
				return error;
		}
		if (!S_ISDIR(next->mode))
			return ENOTDIR;
		at = next;
		path += n;
	}
}

static uint32_t type_of(enum tar_kind kind)
{
	static const uint32_t types[] = {
		[TAR_FILE] = S_IFREG, [TAR_SYMLINK] = S_IFLNK, [TAR_CHARACTER_DEVICE] = S_IFCHR,
		[TAR_BLOCK_DEVICE] = S_IFBLK, [TAR_DIRECTORY] = S_IFDIR, [TAR_FIFO] = S_IFIFO,
	};
	return types[kind];
}

static int make_link(struct store *store, struct node *parent, const char *name, size_t length, const char *target)
{
	struct node *folder;
	const char *target_name;
	size_t target_length;
	int error = find_parent(store, target, false, &folder, &target_name, &target_length);
	if (error)
		return error;
	struct node *node = store_find(folder, target_name, target_length);
	return node ? store_link(store, parent, name, length, node) : ENOENT;
}

static int make_node(struct unpack *unpack, struct node *parent, const char *name, size_t length, const struct tar_entry *entry)
{
	struct node *node;
	uint32_t type = type_of(entry->kind);
	int error = store_make(unpack->store, parent, name, length, type | entry->mode, entry->uid, entry->gid, &node);
	if (error)
		return error;
	if (entry->kind == TAR_SYMLINK)
		error = node_set_target(node, entry->link, strlen(entry->link));
	if (S_ISCHR(type) || S_ISBLK(type))
		node->device = makedev(entry->device_major, entry->device_minor);
	node->modified = node->accessed = (struct timespec){ entry->modified, 0 };
	if (entry->kind == TAR_FILE && !error) {
		unpack->file = node;
		node_hold(node);
	}
	return error;
}

static void restyle(struct node *directory, const struct tar_entry *entry)
{
	directory->mode = S_IFDIR | entry->mode;
	directory->uid = entry->uid;
	directory->gid = entry->gid;
}

static int take_entry(void *context, const struct tar_entry *entry)
{
	struct unpack *unpack = context;
	struct node *parent;
	const char *name;
	size_t length;
	forget_file(unpack);
	unpack->offset = 0;
	unpack->members++;
	int error = find_parent(unpack->store, entry->path, true, &parent, &name, &length);
	if (error)
		return error;
	struct node *old = length ? store_find(parent, name, length) : parent;
	if (old && S_ISDIR(old->mode)) {
		if (entry->kind != TAR_DIRECTORY)
			return EISDIR;
		restyle(old, entry);
		return 0;
	}
	if (old)
		store_unlink(unpack->store, parent, name, length);
	if (entry->kind == TAR_HARD_LINK)
		return make_link(unpack->store, parent, name, length, entry->link);
	return make_node(unpack, parent, name, length, entry);
}

static int take_data(void *context, const void *data, size_t bytes)
{
	struct unpack *unpack = context;
	size_t written;
	struct timespec modified = unpack->file->modified;
	int error = node_write(unpack->store, unpack->file, unpack->offset, data, bytes, &written);
	unpack->file->modified = modified;
	unpack->offset += written;
	return error ? error : written < bytes ? ENOSPC : 0;
}

struct tar_sink unpack_start(struct unpack *unpack, struct store *store)
{
	*unpack = (struct unpack){ .store = store };
	return (struct tar_sink){ take_entry, take_data, unpack };
}

void unpack_end(struct unpack *unpack)
{
	forget_file(unpack);
}
