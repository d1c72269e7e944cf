/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

enum { ROOT_NUMBER = 2, BLOCK_BYTES = 512, MANY_HOLES = 64 };

int store_init(struct store *store, const struct page_source *source, uint64_t bytes_max,
	       struct timespec (*now)(void), void (*dying)(struct store *store, struct node *node))
{
	*store = (struct store){ .next_number = ROOT_NUMBER, .now = now, .dying = dying };
	page_pool_init(&store->pool, source, bytes_max);
	int error = node_make(store, S_IFDIR | 0755, 0, 0, &store->root);
	if (error)
		return error;
	store->root->links = 2;
	return 0;
}

static void free_tree(struct store *store, struct node *directory)
{
	for (uint32_t slot = 0; slot < directory->names.slot_count; slot++) {
		struct directory_entry *entry = directory->names.slots[slot];
		if (!entry)
			continue;
		struct node *node = entry->node;
		node_hold(node);
		if (S_ISDIR(node->mode)) {
			free_tree(store, node);
			node->links = 1;
			directory->links--;
		}
		directory_remove(&directory->names, entry);
		node->links--;
		node_drop(store, node);
	}
}

void store_free(struct store *store)
{
	free_tree(store, store->root);
	store->root->links = 0;
	node_drop(store, store->root);
	assert(store->nodes == 0);
	page_pool_free(&store->pool);
}

void node_hold(struct node *node)
{
	node->references++;
}

void node_changed(struct store *store, struct node *node)
{
	node->changed = store->now();
}

static void node_free(struct store *store, struct node *node)
{
	if (store->dying)
		store->dying(store, node);
	if (S_ISREG(node->mode))
		file_pages_cut(&store->pool, &node->pages, 0);
	else if (S_ISDIR(node->mode))
		directory_free(&node->names);
	else if (S_ISLNK(node->mode))
		free(node->target);
	free(node->passive);
	struct node *parent = node->parent;
	free(node);
	store->nodes--;
	if (parent)
		node_drop(store, parent);
}

static void free_if_unused(struct store *store, struct node *node)
{
	if (!node->references && !node->links)
		node_free(store, node);
}

void node_drop(struct store *store, struct node *node)
{
	assert(node->references);
	node->references--;
	free_if_unused(store, node);
}

void node_opened(struct node *node)
{
	node->opens++;
	node_hold(node);
}

void node_closed(struct store *store, struct node *node)
{
	assert(node->opens);
	node->opens--;
	if (S_ISDIR(node->mode) && !node->opens && node->names.slot_count > 2 * node->names.names + MANY_HOLES)
		directory_compact(&node->names);
	node_drop(store, node);
}

int node_make(struct store *store, uint32_t mode, uint32_t uid, uint32_t gid, struct node **made)
{
	struct node *node = calloc(1, sizeof(*node));
	if (!node)
		return ENOMEM;
	node->number = store->next_number++;
	node->mode = mode;
	node->uid = node->author = uid;
	node->gid = gid;
	node->references = 1;
	node->accessed = node->modified = node->changed = store->now();
	store->nodes++;
	*made = node;
	return 0;
}

int node_set_target(struct node *node, const char *target, size_t length)
{
	assert(S_ISLNK(node->mode));
	if (length > TMPFS_PATH_BYTES_MAX)
		return ENAMETOOLONG;
	char *copy = malloc(length + 1);
	if (!copy)
		return ENOMEM;
	memcpy(copy, target, length);
	copy[length] = 0;
	free(node->target);
	node->target = copy;
	node->size = length;
	return 0;
}

int node_set_passive(struct node *node, const char *arguments, size_t bytes)
{
	char *copy = NULL;
	if (bytes > TMPFS_PASSIVE_BYTES_MAX)
		return E2BIG;
	if (bytes) {
		copy = malloc(bytes);
		if (!copy)
			return ENOMEM;
		memcpy(copy, arguments, bytes);
	}
	free(node->passive);
	node->passive = copy;
	node->passive_bytes = (uint32_t)bytes;
	return 0;
}

int node_set_size(struct store *store, struct node *node, uint64_t size)
{
	assert(S_ISREG(node->mode));
	if (size > TMPFS_FILE_BYTES_MAX)
		return EFBIG;
	if (size < node->size)
		file_pages_cut(&store->pool, &node->pages, size);
	node->size = size;
	node->modified = node->changed = store->now();
	return 0;
}

/* DATA is NULL to make room only. */
static int write_or_reserve(struct store *store, struct node *node, uint64_t offset, const void *data, size_t bytes,
			    size_t *written)
{
	assert(S_ISREG(node->mode));
	*written = 0;
	if (!bytes)
		return 0;
	if (offset >= TMPFS_FILE_BYTES_MAX)
		return EFBIG;
	if (bytes > TMPFS_FILE_BYTES_MAX - offset)
		bytes = TMPFS_FILE_BYTES_MAX - offset;
	if (data)
		*written = file_pages_write(&store->pool, &node->pages, offset, data, bytes);
	else
		*written = file_pages_reserve(&store->pool, &node->pages, offset, bytes);
	if (!*written)
		return ENOSPC;
	if (offset + *written > node->size)
		node->size = offset + *written;
	node->modified = node->changed = store->now();
	return 0;
}

int node_write(struct store *store, struct node *node, uint64_t offset, const void *data, size_t bytes, size_t *written)
{
	return write_or_reserve(store, node, offset, data, bytes, written);
}

int node_reserve(struct store *store, struct node *node, uint64_t offset, size_t bytes, size_t *reserved)
{
	return write_or_reserve(store, node, offset, NULL, bytes, reserved);
}

uint64_t node_blocks(const struct node *node)
{
	return S_ISREG(node->mode) ? node->pages.pages * (TMPFS_PAGE_BYTES / BLOCK_BYTES) : 0;
}

static bool is_dots(const char *name, size_t length)
{
	return (length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.');
}

struct node *store_find(const struct node *directory, const char *name, size_t length)
{
	if (length == 1 && name[0] == '.')
		return (struct node *)directory;
	if (is_dots(name, length))
		return directory->parent ? directory->parent : (struct node *)directory;
	struct directory_entry *entry = directory_find(&directory->names, name, length);
	return entry ? entry->node : NULL;
}

/* What forbids a new name in DIRECTORY, whatever it is to name. */
static int check_new_name(const struct node *directory, const char *name, size_t length)
{
	if (!S_ISDIR(directory->mode))
		return ENOTDIR;
	if (length == 0 || memchr(name, '/', length))
		return EINVAL;
	if (length > TMPFS_NAME_BYTES_MAX)
		return ENAMETOOLONG;
	if (is_dots(name, length))
		return EEXIST;
	return directory->links ? 0 : ENOENT;	/* a directory that was itself removed stays empty */
}

/* The bookkeeping when NODE gets its first or one more name in DIRECTORY. */
static void attach(struct node *directory, struct node *node)
{
	node->links++;
	if (!S_ISDIR(node->mode))
		return;
	node->links++;		/* its own "." */
	node->parent = directory;
	node_hold(directory);
	directory->links++;	/* its ".." */
}

static void touch(struct store *store, struct node *directory, struct node *node)
{
	directory->modified = directory->changed = node->changed = store->now();
}

int store_make(struct store *store, struct node *directory, const char *name, size_t length,
	       uint32_t mode, uint32_t uid, uint32_t gid, struct node **made)
{
	int error = check_new_name(directory, name, length);
	if (error)
		return error;
	if (directory_find(&directory->names, name, length))
		return EEXIST;
	if (S_ISDIR(mode) && directory->links >= TMPFS_LINKS_MAX)
		return EMLINK;
	error = node_make(store, mode, uid, gid, made);
	if (error)
		return error;
	error = directory_add(&directory->names, name, length, *made);
	if (!error) {
		attach(directory, *made);
		touch(store, directory, *made);
	}
	node_drop(store, *made);
	return error;
}

int store_link(struct store *store, struct node *directory, const char *name, size_t length, struct node *node)
{
	int error = check_new_name(directory, name, length);
	if (error)
		return error;
	if (S_ISDIR(node->mode))
		return EPERM;
	if (directory_find(&directory->names, name, length))
		return EEXIST;
	if (node->links >= TMPFS_LINKS_MAX)
		return EMLINK;
	error = directory_add(&directory->names, name, length, node);
	if (error)
		return error;
	attach(directory, node);
	touch(store, directory, node);
	return 0;
}

/* Takes the name away, and the directory out of its place in the tree. */
static void detach(struct store *store, struct node *directory, struct directory_entry *entry)
{
	struct node *node = entry->node;
	directory_remove(&directory->names, entry);
	node_hold(node);
	touch(store, directory, node);
	node->links--;
	if (S_ISDIR(node->mode)) {
		node->links--;
		directory->links--;
		/* Its parent stays known (and held), so that ".." of an open removed directory works. */
	}
	node_drop(store, node);
}

static int find_entry(const struct node *directory, const char *name, size_t length, struct directory_entry **entry)
{
	if (!S_ISDIR(directory->mode))
		return ENOTDIR;
	if (is_dots(name, length))
		return EINVAL;
	*entry = directory_find(&directory->names, name, length);
	return *entry ? 0 : ENOENT;
}

int store_unlink(struct store *store, struct node *directory, const char *name, size_t length)
{
	struct directory_entry *entry;
	int error = find_entry(directory, name, length, &entry);
	if (error)
		return error;
	if (S_ISDIR(entry->node->mode))
		return EISDIR;
	detach(store, directory, entry);
	return 0;
}

int store_rmdir(struct store *store, struct node *directory, const char *name, size_t length)
{
	if (length == 2 && is_dots(name, length))
		return ENOTEMPTY;
	struct directory_entry *entry;
	int error = find_entry(directory, name, length, &entry);
	if (error)
		return error;
	if (!S_ISDIR(entry->node->mode))
		return ENOTDIR;
	if (entry->node->names.names)
		return ENOTEMPTY;
	detach(store, directory, entry);
	return 0;
}

/* Whether NODE is DIRECTORY or lies above it. */
static bool is_above(const struct node *node, const struct node *directory)
{
	for (; directory; directory = directory->parent)
		if (directory == node)
			return true;
	return false;
}

static int check_replaced(const struct node *moved, const struct node *replaced, bool exclusive)
{
	if (exclusive)
		return EEXIST;
	if (S_ISDIR(moved->mode) && !S_ISDIR(replaced->mode))
		return ENOTDIR;
	if (!S_ISDIR(moved->mode) && S_ISDIR(replaced->mode))
		return EISDIR;
	if (S_ISDIR(replaced->mode) && replaced->names.names)
		return ENOTEMPTY;
	return replaced->translator ? EBUSY : 0;
}

int store_rename(struct store *store, struct node *from, const char *old_name, size_t old_length,
		 struct node *to, const char *new_name, size_t new_length, bool exclusive)
{
	struct directory_entry *old, *replaced;
	int error = find_entry(from, old_name, old_length, &old);
	if (error)
		return error;
	error = check_new_name(to, new_name, new_length);
	if (error)
		return error == EEXIST ? EINVAL : error;
	struct node *node = old->node;
	replaced = directory_find(&to->names, new_name, new_length);
	if (replaced && replaced->node == node)
		return exclusive ? EEXIST : 0;	/* two names of one file: nothing to do */
	if (S_ISDIR(node->mode) && is_above(node, to))
		return EINVAL;
	if (replaced && (error = check_replaced(node, replaced->node, exclusive)))
		return error;
	if (!replaced && S_ISDIR(node->mode) && to != from && to->links >= TMPFS_LINKS_MAX)
		return EMLINK;

	/* The new name first: what may fail comes before anything is taken away. */
	node_hold(node);
	if (replaced) {
		struct node *victim = replaced->node;
		replaced->node = node;
		node_hold(victim);
		victim->links--;
		if (S_ISDIR(victim->mode)) {
			victim->links--;
			to->links--;
		}
		victim->changed = store->now();
		node_drop(store, victim);
	} else {
		error = directory_add(&to->names, new_name, new_length, node);
		if (error) {
			node_drop(store, node);
			return error;
		}
	}
	struct node *old_parent = node->parent;
	attach(to, node);
	detach(store, from, directory_find(&from->names, old_name, old_length));
	touch(store, to, node);
	node_drop(store, node);
	if (old_parent)
		node_drop(store, old_parent);
	return 0;
}
