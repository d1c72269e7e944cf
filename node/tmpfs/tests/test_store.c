/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory.h"

#include <errno.h>
#include <stdio.h>

#include "access.h"
#include "limits.h"
#include "store.h"

static struct store store;
static unsigned died;

static void count_death(struct store *unused, struct node *node)
{
	died++;
}

static int start(void **state)
{
	died = 0;
	return store_init(&store, &test_source, 16 << 20, test_now, count_death);
}

static int finish(void **state)
{
	store_free(&store);		/* asserts that no node is left */
	assert_int_equal(store.pool.pages_used, 0);
	return 0;
}

static struct node *make(struct node *directory, const char *name, uint32_t mode)
{
	struct node *node;
	assert_int_equal(store_make(&store, directory, name, strlen(name), mode, 0, 0, &node), 0);
	return node;
}

static struct node *find(struct node *directory, const char *name)
{
	return store_find(directory, name, strlen(name));
}

static int move(struct node *from, const char *name, struct node *to, const char *new_name)
{
	return store_rename(&store, from, name, strlen(name), to, new_name, strlen(new_name), false);
}

static void names_are_found(void **state)
{
	char name[32];
	struct node *nodes[3000];
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "file %d", i);
		nodes[i] = make(store.root, name, S_IFREG | 0644);
	}
	for (int i = 0; i < 3000; i += 2) {
		snprintf(name, sizeof(name), "file %d", i);
		assert_int_equal(store_unlink(&store, store.root, name, strlen(name)), 0);
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "file %d", i);
		assert_ptr_equal(find(store.root, name), i % 2 ? nodes[i] : NULL);
	}
	directory_compact(&store.root->names);
	assert_int_equal(store.root->names.slot_count, 1500);
	for (int i = 1; i < 3000; i += 2) {
		snprintf(name, sizeof(name), "file %d", i);
		assert_ptr_equal(find(store.root, name), nodes[i]);
	}
}

static void slots_stay_while_names_go(void **state)
{
	make(store.root, "a", S_IFREG);
	make(store.root, "b", S_IFREG);
	struct node *c = make(store.root, "c", S_IFREG);
	node_opened(store.root);
	store_unlink(&store, store.root, "a", 1);
	store_unlink(&store, store.root, "b", 1);
	assert_null(store.root->names.slots[0]);
	assert_ptr_equal(store.root->names.slots[2]->node, c);
	struct node *d = make(store.root, "d", S_IFREG);
	assert_ptr_equal(store.root->names.slots[0]->node, d);
	node_closed(&store, store.root);
}

static void links_are_counted(void **state)
{
	struct node *file = make(store.root, "file", S_IFREG), *folder = make(store.root, "folder", S_IFDIR);
	assert_int_equal(store.root->links, 3);
	assert_int_equal(folder->links, 2);
	assert_int_equal(store_link(&store, folder, "again", 5, file), 0);
	assert_int_equal(file->links, 2);
	assert_int_equal(store_link(&store, store.root, "dir", 3, folder), EPERM);
	assert_int_equal(store_rmdir(&store, store.root, "folder", 6), ENOTEMPTY);
	assert_int_equal(store_unlink(&store, folder, "again", 5), 0);
	assert_int_equal(store_rmdir(&store, store.root, "folder", 6), 0);
	assert_int_equal(store.root->links, 2);
	assert_int_equal(died, 1);
	node_hold(file);
	assert_int_equal(store_unlink(&store, store.root, "file", 4), 0);
	assert_int_equal(died, 1);
	node_drop(&store, file);
	assert_int_equal(died, 2);
}

static void a_removed_folder_takes_nothing(void **state)
{
	struct node *folder = make(store.root, "folder", S_IFDIR), *node;
	node_hold(folder);
	store_rmdir(&store, store.root, "folder", 6);
	assert_int_equal(store_make(&store, folder, "x", 1, S_IFREG, 0, 0, &node), ENOENT);
	assert_ptr_equal(find(folder, ".."), store.root);
	node_drop(&store, folder);
}

static void renaming(void **state)
{
	struct node *a = make(store.root, "a", S_IFDIR), *b = make(a, "b", S_IFDIR), *c = make(b, "c", S_IFDIR);
	assert_int_equal(move(store.root, "a", c, "x"), EINVAL);
	assert_int_equal(move(store.root, "a", a, "x"), EINVAL);
	assert_int_equal(move(b, "c", store.root, "c"), 0);
	assert_int_equal(store.root->links, 4);
	assert_int_equal(b->links, 2);
	assert_ptr_equal(find(c, ".."), store.root);
	assert_int_equal(move(store.root, "a", c, "x"), 0);
	assert_ptr_equal(find(b, ".."), a);
	make(store.root, "file", S_IFREG);
	assert_int_equal(move(store.root, "file", store.root, "c"), EISDIR);
	assert_int_equal(move(store.root, "c", store.root, "file"), ENOTDIR);
	make(store.root, "empty", S_IFDIR);
	assert_int_equal(move(c, "x", store.root, "empty"), 0);
	assert_int_equal(died, 1);
	assert_int_equal(store.root->links, 4);
	assert_int_equal(move(store.root, "none", store.root, "x"), ENOENT);
	assert_int_equal(move(store.root, "c", store.root, ".."), EINVAL);
	assert_int_equal(move(store.root, "c", store.root, "c"), 0);
}

static void names_have_limits(void **state)
{
	char name[300];
	struct node *node;
	memset(name, 'n', sizeof(name));
	assert_int_equal(store_make(&store, store.root, name, 256, S_IFREG, 0, 0, &node), ENAMETOOLONG);
	assert_int_equal(store_make(&store, store.root, name, 255, S_IFREG, 0, 0, &node), 0);
	assert_int_equal(store_make(&store, store.root, "a/b", 3, S_IFREG, 0, 0, &node), EINVAL);
	assert_int_equal(store_make(&store, store.root, "..", 2, S_IFREG, 0, 0, &node), EEXIST);
	assert_int_equal(store_make(&store, store.root, "", 0, S_IFREG, 0, 0, &node), EINVAL);
	node->links = TMPFS_LINKS_MAX;
	assert_int_equal(store_link(&store, store.root, "one more", 8, node), EMLINK);
	node->links = 1;
}

static void writing_until_it_is_full(void **state)
{
	static char megabyte[1 << 20];
	struct node *file = make(store.root, "file", S_IFREG);
	size_t written, total = 0;
	int error;
	while ((error = node_write(&store, file, total, megabyte, sizeof(megabyte), &written)) == 0)
		total += written;
	assert_int_equal(error, ENOSPC);
	assert_int_equal(total, 16 << 20);
	assert_int_equal(file->size, total);
	assert_int_equal(node_set_size(&store, file, 0), 0);
	assert_int_equal(node_write(&store, file, TMPFS_FILE_BYTES_MAX, "x", 1, &written), EFBIG);
	assert_int_equal(node_write(&store, file, TMPFS_FILE_BYTES_MAX - 1, "xy", 2, &written), 0);
	assert_int_equal(written, 1);
}

static void who_may(void **state)
{
	uint32_t alice[] = { 1 }, users[] = { 7 }, root[] = { 0 };
	struct ids *ids = ids_make(alice, 1, users, 1), *super = ids_make(root, 1, root, 1);
	struct ids *less = ids_restrict(super, alice, 1, users, 1), *none = ids_restrict(ids, root, 1, users, 1);
	struct node *file = make(store.root, "file", S_IFREG | 0604);
	file->uid = 1;
	file->gid = 7;
	assert_int_equal(access_allowed(file, ids), 6);
	file->uid = 2;
	assert_int_equal(access_allowed(file, ids), 0);		/* the group's bits, though others' would allow */
	file->gid = 8;
	assert_int_equal(access_allowed(file, ids), 4);
	assert_int_equal(access_allowed(file, super), 6);
	assert_int_equal(access_check_owner(file, ids), EPERM);
	assert_true(ids_have_user(less, 1) && ids_have_group(less, 7) && !ids_are_root(less));
	assert_true(none->user_count == 0 && none->group_count == 1);
	store.root->mode = S_IFDIR | 01777;
	assert_int_equal(access_check_remove(store.root, file, ids), EPERM);
	file->uid = 1;
	assert_int_equal(access_check_remove(store.root, file, ids), 0);
	ids_drop(ids);
	ids_drop(super);
	ids_drop(less);
	ids_drop(none);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
	const struct CMUnitTest tests[] = {
		TEST(names_are_found), TEST(slots_stay_while_names_go), TEST(links_are_counted),
		TEST(a_removed_folder_takes_nothing), TEST(renaming), TEST(names_have_limits),
		TEST(writing_until_it_is_full), TEST(who_may),
	};
	return cmocka_run_group_tests_name("tmpfs store", tests, NULL, NULL);
}
