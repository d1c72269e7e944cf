/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives of the three formats, made by the machine's own tar, unpacked in pieces of
   several sizes. */
#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "unpack.h"

enum { BIG_BYTES = 300000 };

static char folder[] = "/tmp/tmpfs-test-XXXXXX";
static char long_name[230];

static void run(const char *format, const char *argument)
{
	char command[1024];
	snprintf(command, sizeof(command), format, folder, argument, argument);
	assert_int_equal(system(command), 0);
}

static int make_files(void **state)
{
	assert_non_null(mkdtemp(folder));
	memset(long_name, 'l', sizeof(long_name) - 1);
	run("mkdir -p %s/in/deep/%s", long_name);
	run("cd %s/in && echo text >plain && chmod 4751 plain && touch -d @1234567890 plain && ln plain deep/hard", "");
	run("cd %s/in && ln -s plain short && ln -s /%s long && echo x >deep/%s/file", long_name);
	run("cd %s/in && seq 1 60000 | head -c 300000 >big && : >empty", "");
	return 0;
}

static int remove_files(void **state)
{
	run("rm -rf %s", "");
	return 0;
}

static struct node *walk(struct store *store, const char *path)
{
	struct node *node = store->root;
	while (node && *path) {
		size_t length = strcspn(path, "/");
		node = store_find(node, path, length);
		path += length + (path[length] == '/');
	}
	return node;
}

/* The lines 1, 2, 3, ... as seq writes them. */
static void check_numbers(const char *text)
{
	char line[16];
	for (int at = 0, number = 1; at < BIG_BYTES; number++) {
		int length = snprintf(line, sizeof(line), "%d\n", number);
		assert_memory_equal(text + at, line, (size_t)(length < BIG_BYTES - at ? length : BIG_BYTES - at));
		at += length;
	}
}

static void check_tree(struct store *store)
{
	char path[512], text[8] = "", *big = malloc(BIG_BYTES);
	struct node *plain = walk(store, "plain"), *file = walk(store, "big");
	assert_non_null(plain);
	assert_int_equal(plain->mode, S_IFREG | 04751);
	assert_int_equal(plain->modified.tv_sec, 1234567890);
	assert_int_equal(plain->links, 2);
	assert_ptr_equal(walk(store, "deep/hard"), plain);
	file_pages_read(&plain->pages, 0, text, plain->size);
	assert_string_equal(text, "text\n");
	assert_string_equal(walk(store, "short")->target, "plain");
	assert_string_equal(walk(store, "long")->target + 1, long_name);
	snprintf(path, sizeof(path), "deep/%s/file", long_name);
	assert_non_null(walk(store, path));
	assert_int_equal(walk(store, "empty")->size, 0);
	assert_int_equal(file->size, BIG_BYTES);
	file_pages_read(&file->pages, 0, big, BIG_BYTES);
	check_numbers(big);
	free(big);
}

static int unpack_pieces(struct store *store, const char *archive, size_t bytes, size_t piece)
{
	static struct tar tar;
	struct unpack unpack;
	struct tar_sink sink = unpack_start(&unpack, store);
	int error = 0;
	tar_start(&tar, &sink);
	for (size_t at = 0; at < bytes && !error; at += piece)
		error = tar_push(&tar, archive + at, bytes - at < piece ? bytes - at : piece);
	if (!error)
		assert_true(tar_is_complete(&tar));
	unpack_end(&unpack);
	return error;
}

static char *read_archive(const char *format, size_t *bytes)
{
	char path[128];
	run("tar --format=%2$s -C %1$s/in -cf %1$s/archive .", format);
	snprintf(path, sizeof(path), "%s/archive", folder);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	char *archive = malloc(1 << 20);
	*bytes = fread(archive, 1, 1 << 20, file);
	fclose(file);
	return archive;
}

static void unpacked_as_packed(void **state)
{
	static const size_t pieces[] = { 1 << 20, 65536, 512, 777, 13 };
	struct store store;
	size_t bytes;
	char *archive = read_archive(*state, &bytes);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		assert_int_equal(store_init(&store, &test_source, 8 << 20, test_now, NULL), 0);
		assert_int_equal(unpack_pieces(&store, archive, bytes, pieces[i]), 0);
		check_tree(&store);
		/* Again over itself, as a later ramdisk may. */
		assert_int_equal(unpack_pieces(&store, archive, bytes, pieces[i]), 0);
		check_tree(&store);
		store_free(&store);
	}
	free(archive);
}

/* Whatever the bytes are, the answer is an error or a tree; never a crash. */
static void damaged_archives(void **state)
{
	struct store store;
	size_t bytes;
	char *archive = read_archive("pax", &bytes), *copy = malloc(bytes);
	uint32_t seed = 3;
	for (int round = 0; round < 300; round++) {
		memcpy(copy, archive, bytes);
		for (int change = 0; change < 6; change++)
			copy[test_random(&seed) % (change & 1 ? bytes : 8192)] = (char)test_random(&seed);
		assert_int_equal(store_init(&store, &test_source, 8 << 20, test_now, NULL), 0);
		unpack_pieces(&store, copy, bytes, 4096);
		store_free(&store);
	}
	free(archive);
	free(copy);
}

static void no_archive(void **state)
{
	struct store store;
	char text[1024];
	memset(text, 'x', sizeof(text));
	assert_int_equal(store_init(&store, &test_source, 8 << 20, test_now, NULL), 0);
	assert_int_equal(unpack_pieces(&store, text, sizeof(text), 512), EINVAL);
	store_free(&store);
}

static void a_store_that_is_too_small(void **state)
{
	struct store store;
	size_t bytes;
	char *archive = read_archive("ustar --exclude=l* --exclude=lll*", &bytes);
	assert_int_equal(store_init(&store, &test_source, 64 << 10, test_now, NULL), 0);
	assert_int_equal(unpack_pieces(&store, archive, bytes, 4096), ENOSPC);
	store_free(&store);
	free(archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(unpacked_as_packed, "gnu"),
		cmocka_unit_test_prestate(unpacked_as_packed, "pax"),
		cmocka_unit_test(damaged_archives),
		cmocka_unit_test(no_archive),
		cmocka_unit_test(a_store_that_is_too_small),
	};
	return cmocka_run_group_tests_name("tmpfs unpack", tests, make_files, remove_files);
}
