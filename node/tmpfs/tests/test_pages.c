/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "limits.h"
#include "memory.h"

enum { POOL_BYTES = 64 << 20, MODEL_BYTES = 3 << 20 };

static struct page_pool pool;

static int start(void **state)
{
	page_pool_init(&pool, &test_source, POOL_BYTES);
	return 0;
}

static int finish(void **state)
{
	page_pool_free(&pool);
	assert_int_equal(arenas_out, 0);
	return 0;
}

static void holes_are_zeros(void **state)
{
	struct file_pages file = { 0 };
	char text[16] = "xxxxxxxx";
	assert_int_equal(file_pages_write(&pool, &file, 1 << 20, "end", 3), 3);
	assert_int_equal(file.pages, 1);
	file_pages_read(&file, 100, text, 8);
	assert_memory_equal(text, "\0\0\0\0\0\0\0\0", 8);
	file_pages_read(&file, (1 << 20) - 2, text, 5);
	assert_memory_equal(text, "\0\0end", 5);
	file_pages_cut(&pool, &file, 0);
	assert_null(file.leaves);
}

static void a_used_page_comes_back_clean(void **state)
{
	struct file_pages one = { 0 }, two = { 0 };
	char page[4096], zeros[4096] = { 0 };
	memset(page, 'a', sizeof(page));
	file_pages_write(&pool, &one, 0, page, sizeof(page));
	file_pages_cut(&pool, &one, 0);
	file_pages_write(&pool, &two, 10, "b", 1);
	file_pages_read(&two, 0, page, sizeof(page));
	zeros[10] = 'b';
	assert_memory_equal(page, zeros, sizeof(page));
	file_pages_cut(&pool, &two, 0);
}

static void cutting_clears_the_last_page(void **state)
{
	struct file_pages file = { 0 };
	char text[8];
	file_pages_write(&pool, &file, 0, "abcdefgh", 8);
	file_pages_cut(&pool, &file, 3);
	file_pages_read(&file, 0, text, 8);
	assert_memory_equal(text, "abc\0\0\0\0\0", 8);
	file_pages_cut(&pool, &file, 0);
}

static void a_full_pool_gives_what_it_has(void **state)
{
	struct file_pages file = { 0 };
	static char data[5 * 4096];
	pool.pages_max = 3;
	assert_int_equal(file_pages_write(&pool, &file, 100, data, sizeof(data)), 3 * 4096 - 100);
	assert_int_equal(file_pages_write(&pool, &file, 4 * 4096, data, 1), 0);
	file_pages_cut(&pool, &file, 4096);
	assert_int_equal(pool.pages_used, 1);
	assert_int_equal(file_pages_write(&pool, &file, 4096, data, 1), 1);
	file_pages_cut(&pool, &file, 0);
}

static void arenas_go_back(void **state)
{
	struct file_pages file = { 0 };
	static char data[1 << 20];
	for (int i = 0; i < 16; i++)
		file_pages_write(&pool, &file, (uint64_t)i << 20, data, sizeof(data));
	assert_true(arenas_out >= 64);
	file_pages_cut(&pool, &file, 0);
	assert_int_equal(arenas_out, 1);
}

/* Random writes and cuts against a plain array. */
static void like_an_array(void **state)
{
	static unsigned char model[MODEL_BYTES], got[MODEL_BYTES], piece[70000];
	struct file_pages file = { 0 };
	uint32_t seed = 7;
	for (int round = 0; round < 2000; round++) {
		size_t offset = test_random(&seed) % (MODEL_BYTES - sizeof(piece)), bytes = test_random(&seed) % sizeof(piece);
		if (test_random(&seed) % 8 == 0) {
			file_pages_cut(&pool, &file, offset);
			memset(model + offset, 0, MODEL_BYTES - offset);
			continue;
		}
		memset(piece, (int)(test_random(&seed) & 0xff), bytes);
		assert_int_equal(file_pages_write(&pool, &file, offset, piece, bytes), bytes);
		memcpy(model + offset, piece, bytes);
	}
	file_pages_read(&file, 0, got, MODEL_BYTES);
	assert_memory_equal(got, model, MODEL_BYTES);
	file_pages_cut(&pool, &file, 0);
}

static void room_is_made_where_holes_are(void **state)
{
	enum { PAGE = TMPFS_PAGE_BYTES };
	static char got[3 * PAGE];
	struct file_pages file = { 0 };
	assert_int_equal(file_pages_write(&pool, &file, PAGE, "kept", 4), 4);
	assert_false(file_pages_exist(&file, 0));
	assert_true(file_pages_exist(&file, PAGE + 1));
	assert_int_equal(file_pages_reserve(&pool, &file, 100, 2 * PAGE), 2 * PAGE);
	assert_int_equal(file.pages, 3);
	file_pages_read(&file, 0, got, sizeof(got));
	assert_memory_equal(got + PAGE, "kept", 4);
	assert_int_equal(got[0] | got[2 * PAGE], 0);
	/* As far as there is room, to the byte. */
	size_t room = (size_t)(pool.pages_max - pool.pages_used) * PAGE;
	assert_int_equal(file_pages_reserve(&pool, &file, 10 * PAGE + 1, room + PAGE), room - 1);
	file_pages_cut(&pool, &file, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(holes_are_zeros, start, finish),
		cmocka_unit_test_setup_teardown(a_used_page_comes_back_clean, start, finish),
		cmocka_unit_test_setup_teardown(cutting_clears_the_last_page, start, finish),
		cmocka_unit_test_setup_teardown(a_full_pool_gives_what_it_has, start, finish),
		cmocka_unit_test_setup_teardown(arenas_go_back, start, finish),
		cmocka_unit_test_setup_teardown(like_an_array, start, finish),
		cmocka_unit_test_setup_teardown(room_is_made_where_holes_are, start, finish),
	};
	return cmocka_run_group_tests_name("tmpfs pages", tests, NULL, NULL);
}
