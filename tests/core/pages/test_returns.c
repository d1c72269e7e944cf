/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data coming back, the store, and errors.  */
#include "tests/core/pages/harness.h"

enum { DISK_ERROR = 5 };

static void
noticing (struct pages_config *config)
{
  config->notify_on_evict = true;
}

static void
reading_ahead (struct pages_config *config)
{
  config->ahead_pages = 8;
  config->extent = 12;
}

static void
return_of_neighbours_is_one_write (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false);
  for (unsigned i = 0; i < 4; i++)
    get (&h, a, 10 + i, PAGES_WRITE, 70 + i);
  give_back (&h, a, 10, 4, 80, true, false);
  expect_save (&h, 10, 4, 80);
  assert_int_equal (h.a.slices_count, 1);	/* as contiguous as it came */
  expect_nothing (&h);
  saved (&h, 10, 1, 0);				/* the store answers in pieces */
  saved (&h, 11, 3, 0);
  expect_nothing (&h);
  struct pages_counts counts;
  pages_count (h.pages, &counts);
  assert_int_equal (counts.active, 0);
  assert_int_equal (counts.sets, 0);
  stop (&h);
}

static void
merged_return_with_pages_in_different_states (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 10, PAGES_WRITE, 70);
  get (&h, a, 11, PAGES_WRITE, 71);
  request (&h, b, 11, PAGES_READ);
  expect_lock (&h, a, 11, 1, LOWER);
  give_back (&h, a, 10, 2, 80, true, false);
  expect_save (&h, 10, 2, 80);
  expect_supply (&h, b, 11, 1, PAGES_WRITE, 81);
  saved (&h, 10, 2, 0);
  expect_nothing (&h);
  stop (&h);
}

static void
lock_answered_in_pieces (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false);
  for (unsigned i = 0; i < 3; i++)
    get (&h, a, 10 + i, PAGES_WRITE, 70 + i);
  assert_int_equal (pages_call (h.pages, h.now, PAGES_CALL_RETURN, 10 * PAGE, 3 * PAGE, 1), DR_OK);
  expect_lock (&h, a, 10, 3, PAGES_RETURN_ALL, true, PAGES_PROT_NO_CHANGE, true);
  give_back (&h, a, 12, 1, 82, true, false);	/* evicted, before the LOCK came */
  give_back (&h, a, 10, 1, 80, true, false);
  give_back (&h, a, 11, 1, 81, false, false);	/* precious */
  expect_save (&h, 12, 1, 82);
  expect_save (&h, 10, 1, 80);
  completed (&h, a, 10, 3);
  saved (&h, 12, 1, 0);
  expect_nothing (&h);
  saved (&h, 10, 1, 0);
  expect_wake (&h, 1, 0);
  stop (&h);
}

static void
dirty_returns_while_one_write_runs (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  give_back (&h, a, 3, 1, 8, true, true);
  expect_save (&h, 3, 1, 8);
  give_back (&h, a, 3, 1, 9, true, true);
  give_back (&h, a, 3, 1, 10, true, true);
  expect_nothing (&h);
  saved (&h, 3, 1, 0);
  expect_save (&h, 3, 1, 10);		/* 9 was never the last */
  saved (&h, 3, 1, 0);
  expect_nothing (&h);
  stop (&h);
}

static void
page_in_writing_is_served_from_memory (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  give_back (&h, a, 3, 1, 8, true, false);
  expect_save (&h, 3, 1, 8);
  request (&h, b, 3, PAGES_WRITE);
  expect_supply (&h, b, 3, 1, PAGES_PROT_NONE, 8);
  saved (&h, 3, 1, 0);
  /* Written back, changed since: the store's copy is not what counts.  */
  request (&h, a, 3, PAGES_READ);
  expect_lock (&h, b, 3, 1, LOWER);
  give_back (&h, b, 3, 1, 9, true, true);
  expect_save (&h, 3, 1, 9);
  expect_supply (&h, a, 3, 1, PAGES_WRITE, 9);
  saved (&h, 3, 1, 0);
  stop (&h);
}

static void
precious_page_passes_without_the_store (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  assert_true (h.a.kind == PAGES_SUPPLY && h.a.precious);
  request (&h, b, 3, PAGES_WRITE);
  expect_lock (&h, a, 3, 1, FLUSH_WRITER);
  give_back (&h, a, 3, 1, 7, false, false);	/* it was never written */
  expect_supply (&h, b, 3, 1, PAGES_PROT_NONE, 7);
  expect_nothing (&h);
  stop (&h);
}

static void
eviction_is_told_when_nobody_has_the_page (void **state)
{
  struct harness h;
  start (&h, noticing);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_READ, 7);
  get (&h, b, 3, PAGES_READ, 7);
  give_back (&h, a, 3, 1, 7, false, false);
  expect_nothing (&h);
  give_back (&h, b, 3, 1, 7, false, false);
  expect_evicted (&h, 3);
  get (&h, a, 3, PAGES_WRITE, 7);
  give_back (&h, a, 3, 1, 8, true, false);
  expect_save (&h, 3, 1, 8);
  expect_nothing (&h);
  saved (&h, 3, 1, 0);
  expect_evicted (&h, 3);
  expect_nothing (&h);
  stop (&h);
}

static void
read_error_goes_to_all_who_wait (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  request (&h, a, 3, PAGES_READ);
  request (&h, b, 3, PAGES_WRITE);
  expect_load (&h, 3, 1);
  load_failed (&h, 3, DISK_ERROR);
  expect_refuse (&h, a, 3, DISK_ERROR);
  expect_refuse (&h, b, 3, DISK_ERROR);
  expect_nothing (&h);
  assert_int_equal (pages_get_error (h.pages, 3 * PAGE), DISK_ERROR);
  get (&h, a, 3, PAGES_READ, 7);
  assert_int_equal (pages_get_error (h.pages, 3 * PAGE), 0);
  stop (&h);
}

static void
write_error_makes_the_store_invalid_until_rewritten (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  give_back (&h, a, 3, 1, 8, true, true);
  expect_save (&h, 3, 1, 8);
  saved (&h, 3, 1, DISK_ERROR);
  expect_nothing (&h);
  /* The writer still has it: from there it can come.  */
  request (&h, b, 3, PAGES_READ);
  expect_lock (&h, a, 3, 1, LOWER);
  give_back (&h, a, 3, 1, 8, false, true);
  expect_supply (&h, b, 3, 1, PAGES_WRITE, 8);
  expect_nothing (&h);
  /* Dropped there: never the old version.  */
  request (&h, b, 3, PAGES_READ);
  expect_refuse (&h, b, 3, DISK_ERROR);
  request (&h, b, 3, PAGES_READ);
  expect_refuse (&h, b, 3, DISK_ERROR);
  unlock (&h, a, 3);
  expect_lock (&h, a, 3, 1, GRANT);	/* b has nothing: it asked, and was refused */
  give_back (&h, a, 3, 1, 9, true, false);
  expect_save (&h, 3, 1, 9);
  saved (&h, 3, 1, 0);
  get (&h, b, 3, PAGES_READ, 9);
  stop (&h);
}

static void
write_locked_page_is_unlocked_before_a_write (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false);
  request (&h, a, 3, PAGES_READ);
  expect_load (&h, 3, 1);
  loaded_locked (&h, 3, 7);
  expect_supply (&h, a, 3, 1, PAGES_WRITE, 7);
  expect_nothing (&h);
  unlock (&h, a, 3);
  expect_unlock (&h, 3);
  expect_nothing (&h);
  pages_unlock_done (h.pages, h.now, 3 * PAGE, PAGE, 0);
  expect_lock (&h, a, 3, 1, GRANT);
  expect_nothing (&h);
  request (&h, a, 4, PAGES_WRITE);
  expect_load (&h, 4, 1);
  loaded_locked (&h, 4, 7);
  expect_unlock (&h, 4);
  pages_unlock_done (h.pages, h.now, 4 * PAGE, PAGE, DISK_ERROR);
  expect_refuse (&h, a, 4, DISK_ERROR);
  expect_nothing (&h);
  stop (&h);
}

/* An unlock cannot be answered by an error: the page is taken, and the next request for a
   write, and only that, gets the error.  */
static void
next_error_after_a_failed_unlock (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  request (&h, a, 3, PAGES_READ);
  expect_load (&h, 3, 1);
  loaded_locked (&h, 3, 7);
  expect_supply (&h, a, 3, 1, PAGES_WRITE, 7);
  unlock (&h, a, 3);
  expect_unlock (&h, 3);
  pages_unlock_done (h.pages, h.now, 3 * PAGE, PAGE, DISK_ERROR);
  expect_lock (&h, a, 3, 1, DENY);
  expect_nothing (&h);
  get (&h, b, 3, PAGES_READ, 7);	/* another's read is no affair of it */
  get (&h, a, 3, PAGES_READ, 7);
  request (&h, a, 3, PAGES_READ | PAGES_WRITE);
  expect_refuse (&h, a, 3, DISK_ERROR);
  assert_int_equal (pages_get_error (h.pages, 3 * PAGE), DISK_ERROR);
  request (&h, a, 3, PAGES_READ | PAGES_WRITE);
  expect_load (&h, 3, 1);		/* once */
  stop (&h);
}

static void
sequential_faults_read_ahead (void **state)
{
  struct harness h;
  start (&h, reading_ahead);
  uint32_t a = join (&h, false);
  get (&h, a, 0, PAGES_READ, 100);
  request (&h, a, 1, PAGES_READ);
  expect_load (&h, 1, 2);
  loaded (&h, 1, 2, 101);
  expect_supply (&h, a, 1, 2, PAGES_WRITE, 101);
  assert_true (h.a.reply);
  expect_nothing (&h);
  /* A request that crossed the offer is answered by it.  */
  request (&h, a, 2, PAGES_READ);
  expect_nothing (&h);
  assert_int_equal (pages_supply_completed (h.pages, h.now, a, PAGE, 2 * PAGE, 2 * PAGE), DR_OK);
  expect_nothing (&h);
  request (&h, a, 3, PAGES_READ);
  expect_load (&h, 3, 4);
  loaded (&h, 3, 4, 103);
  expect_supply (&h, a, 3, 4, PAGES_WRITE, 103);
  /* It says that page 5 was there: page 6 was not placed, and is asked for.  As nobody else
     is there its data was not kept.  */
  request (&h, a, 6, PAGES_READ);
  expect_load (&h, 7, 5);		/* it catches up: 8, but up to the extent */
  assert_int_equal (pages_supply_completed (h.pages, h.now, a, 3 * PAGE, 4 * PAGE, 2 * PAGE), DR_OK);
  expect_load (&h, 6, 1);
  loaded (&h, 6, 1, 106);
  expect_supply (&h, a, 6, 1, PAGES_WRITE, 106);
  expect_nothing (&h);
  request (&h, a, 7, PAGES_READ);
  expect_nothing (&h);
  loaded (&h, 7, 5, 107);
  expect_supply (&h, a, 7, 5, PAGES_WRITE, 107);
  stop (&h);
}

static void
reading_far (struct pages_config *config)
{
  config->extent = 400;
  config->ahead_pages = 100;
}

static void
long_run_that_was_read_goes_out_in_parts (void **state)
{
  static const unsigned window[] = { 1, 2, 4, 8, 16, 32, 64, 96, 100 };
  struct harness h;
  start (&h, reading_far);
  uint32_t a = join (&h, false);
  uint64_t at = 0;
  for (unsigned i = 0; i < sizeof window / sizeof *window; at += window[i++])
    {
      request (&h, a, at, PAGES_READ);
      expect_load (&h, at, window[i]);
      loaded (&h, at, window[i], 1000 + at);
      for (unsigned done = 0, part; done < window[i]; done += part)
	{
	  part = window[i] - done < PAGES_RUN_MAX ? window[i] - done : PAGES_RUN_MAX;
	  expect_supply (&h, a, at + done, part, PAGES_WRITE, 1000 + at + done);
	  if (h.a.reply)
	    assert_int_equal (pages_supply_completed (h.pages, h.now, a, (at + done) * PAGE,
						      part * PAGE, part * PAGE), DR_OK);
	}
      expect_nothing (&h);
    }
  stop (&h);
}

static void
offered_page_can_be_taken_back (void **state)
{
  struct harness h;
  start (&h, reading_ahead);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 0, PAGES_READ, 100);
  request (&h, a, 1, PAGES_READ);
  expect_load (&h, 1, 2);
  loaded (&h, 1, 2, 101);
  expect_supply (&h, a, 1, 2, PAGES_WRITE, 101);
  request (&h, b, 2, PAGES_WRITE);
  expect_nothing (&h);			/* first it must be known what a has */
  assert_int_equal (pages_supply_completed (h.pages, h.now, a, PAGE, 2 * PAGE, 2 * PAGE), DR_OK);
  expect_lock (&h, a, 2, 1, FLUSH_READER);
  completed (&h, a, 2, 1);
  expect_supply (&h, b, 2, 1, PAGES_PROT_NONE, 102);
  stop (&h);
}

static void
library_offers_pages (void **state)
{
  struct harness h;
  uint64_t words[PAGE / 8] = { 55, 55 };
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  struct dr_buf *buf = dr_buf_new (&h.alloc, PAGE);
  struct dr_slice data = { buf, 0, PAGE };
  memcpy (buf->data, words, PAGE);
  assert_int_equal (pages_offer (h.pages, h.now, a, 3 * PAGE, &data, false, false), DR_OK);
  expect_supply (&h, a, 3, 1, PAGES_WRITE, 55);
  assert_true (h.a.reply);
  assert_int_equal (pages_supply_completed (h.pages, h.now, a, 3 * PAGE, PAGE, PAGE), DR_OK);
  assert_int_equal (pages_offer (h.pages, h.now, b, 3 * PAGE, &data, false, false), DR_OK);
  expect_nothing (&h);
  assert_int_equal (pages_offer (h.pages, h.now, 0, 4 * PAGE, &data, true, false), DR_OK);
  expect_save (&h, 4, 1, 55);
  request (&h, b, 4, PAGES_READ);
  expect_supply (&h, b, 4, 1, PAGES_WRITE, 55);
  saved (&h, 4, 1, 0);
  dr_buf_drop (buf);
  stop (&h);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (return_of_neighbours_is_one_write),
    cmocka_unit_test (merged_return_with_pages_in_different_states),
    cmocka_unit_test (lock_answered_in_pieces),
    cmocka_unit_test (dirty_returns_while_one_write_runs),
    cmocka_unit_test (page_in_writing_is_served_from_memory),
    cmocka_unit_test (precious_page_passes_without_the_store),
    cmocka_unit_test (eviction_is_told_when_nobody_has_the_page),
    cmocka_unit_test (read_error_goes_to_all_who_wait),
    cmocka_unit_test (write_error_makes_the_store_invalid_until_rewritten),
    cmocka_unit_test (write_locked_page_is_unlocked_before_a_write),
    cmocka_unit_test (next_error_after_a_failed_unlock),
    cmocka_unit_test (sequential_faults_read_ahead),
    cmocka_unit_test (long_run_that_was_read_goes_out_in_parts),
    cmocka_unit_test (offered_page_can_be_taken_back),
    cmocka_unit_test (library_offers_pages),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
