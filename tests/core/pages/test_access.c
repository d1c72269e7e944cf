/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who gets a page when: reads, writes, upgrades, revocations, order, messages counted.  */
#include "tests/core/pages/harness.h"

static void
with_hold (struct pages_config *config)
{
  config->hold_us = HOLD;
}

static void
read_of_a_clean_page_is_two_messages (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false);
  get (&h, a, 3, PAGES_READ, 7);
  assert_int_equal (h.messages, 2);
  struct pages_counts counts;
  pages_count (h.pages, &counts);
  assert_int_equal (counts.active, 0);
  assert_int_equal (counts.sets, 1);
  stop (&h);
}

static void
write_upgrade_with_k_readers_is_two_and_two_k_messages (void **state)
{
  for (unsigned k = 0; k < 8; k++)
    {
      struct harness h;
      uint32_t other[8];
      start (&h, NULL);
      uint32_t a = join (&h, false);
      get (&h, a, 3, PAGES_READ, 7);
      for (unsigned i = 0; i < k; i++)
	{
	  other[i] = join (&h, false);
	  get (&h, other[i], 3, PAGES_READ, 7);
	}
      h.messages = 0;
      unlock (&h, a, 3);
      for (unsigned i = 0; i < k; i++)
	expect_lock (&h, other[i], 3, 1, FLUSH_READER);
      for (unsigned i = 0; i < k; i++)
	{
	  expect_nothing (&h);
	  completed (&h, other[i], 3, 1);
	}
      expect_lock (&h, a, 3, 1, GRANT);
      expect_nothing (&h);
      assert_int_equal (h.messages, 2 + 2 * k);
      stop (&h);
    }
}

static void
page_dirty_elsewhere_is_four_messages_and_no_store_read (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  h.messages = 0;
  request (&h, b, 3, PAGES_READ);
  expect_lock (&h, a, 3, 1, LOWER);
  expect_nothing (&h);
  give_back (&h, a, 3, 1, 8, true, true);
  expect_save (&h, 3, 1, 8);
  expect_supply (&h, b, 3, 1, PAGES_WRITE, 8);
  expect_nothing (&h);
  assert_int_equal (h.messages, 4);
  saved (&h, 3, 1, 0);
  expect_nothing (&h);
  struct pages_page_status status;
  pages_page (h.pages, 3 * PAGE, &status);
  assert_int_equal (status.writer, 0);
  assert_int_equal (status.readers, 2);
  stop (&h);
}

static void
page_dirty_after_an_upgrade_is_four_messages_with_a_hold (void **state)
{
  struct harness h;
  start (&h, with_hold);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_READ, 7);
  unlock (&h, a, 3);
  expect_lock (&h, a, 3, 1, GRANT);
  at (&h, h.now + HOLD);
  expect_nothing (&h);
  h.messages = 0;
  request (&h, b, 3, PAGES_WRITE);
  expect_lock (&h, a, 3, 1, FLUSH_WRITER);
  give_back (&h, a, 3, 1, 8, true, false);
  expect_save (&h, 3, 1, 8);
  expect_supply (&h, b, 3, 1, PAGES_PROT_NONE, 8);
  assert_int_equal (h.messages, 4);
  saved (&h, 3, 1, 0);
  at (&h, h.now + HOLD);
  expect_nothing (&h);
  stop (&h);
}

static void
writer_gives_way_to_writer (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  request (&h, b, 3, PAGES_WRITE);
  expect_lock (&h, a, 3, 1, FLUSH_WRITER);
  expect_nothing (&h);
  give_back (&h, a, 3, 1, 8, true, false);
  expect_save (&h, 3, 1, 8);
  expect_supply (&h, b, 3, 1, PAGES_PROT_NONE, 8);	/* the write still runs */
  expect_nothing (&h);
  saved (&h, 3, 1, 0);
  expect_nothing (&h);
  stop (&h);
}

static void
readers_at_the_head_are_served_together_and_in_order (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false), c = join (&h, false);
  uint32_t d = join (&h, false);
  request (&h, a, 3, PAGES_READ);
  request (&h, b, 3, PAGES_READ);
  request (&h, c, 3, PAGES_WRITE);
  request (&h, d, 3, PAGES_READ);
  expect_load (&h, 3, 1);
  expect_nothing (&h);
  loaded (&h, 3, 1, 7);
  expect_supply (&h, a, 3, 1, PAGES_WRITE, 7);
  expect_supply (&h, b, 3, 1, PAGES_WRITE, 7);
  expect_lock (&h, a, 3, 1, FLUSH_READER);
  expect_lock (&h, b, 3, 1, FLUSH_READER);
  expect_nothing (&h);
  completed (&h, b, 3, 1);
  completed (&h, a, 3, 1);
  expect_supply (&h, c, 3, 1, PAGES_PROT_NONE, 7);
  expect_lock (&h, c, 3, 1, LOWER);
  give_back (&h, c, 3, 1, 8, true, true);
  expect_save (&h, 3, 1, 8);
  expect_supply (&h, d, 3, 1, PAGES_WRITE, 8);
  saved (&h, 3, 1, 0);
  stop (&h);
}

static void
store_is_read_while_readers_are_asked (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_READ, 7);
  request (&h, b, 3, PAGES_WRITE);
  expect_load (&h, 3, 1);
  expect_lock (&h, a, 3, 1, FLUSH_READER);
  expect_nothing (&h);
  loaded (&h, 3, 1, 7);
  expect_nothing (&h);
  completed (&h, a, 3, 1);
  expect_supply (&h, b, 3, 1, PAGES_PROT_NONE, 7);
  stop (&h);
}

/* Has access means may have: the same client asks again, for a read or a write.  */
static void
kernel_dropped_a_clean_page_unasked (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_READ, 7);
  get (&h, a, 3, PAGES_READ, 7);
  get (&h, a, 3, PAGES_WRITE, 7);
  request (&h, a, 3, PAGES_READ);	/* it is still the writer */
  expect_load (&h, 3, 1);
  loaded (&h, 3, 1, 7);
  expect_supply (&h, a, 3, 1, PAGES_PROT_NONE, 7);
  /* Lowered: nothing comes but the reply to the fence.  */
  request (&h, b, 3, PAGES_READ);
  expect_lock (&h, a, 3, 1, LOWER);
  at (&h, h.now + FENCE);
  expect_lock (&h, a, 3, 1, PAGES_RETURN_NONE, false, PAGES_PROT_NO_CHANGE, true);
  expect_nothing (&h);
  completed (&h, a, 3, 1);
  expect_load (&h, 3, 1);
  loaded (&h, 3, 1, 7);
  expect_supply (&h, b, 3, 1, PAGES_WRITE, 7);
  expect_nothing (&h);
  stop (&h);
}

static void
evicted_before_it_was_asked_for (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  request (&h, b, 3, PAGES_READ);
  expect_lock (&h, a, 3, 1, LOWER);
  give_back (&h, a, 3, 1, 8, true, false);	/* it crossed the LOCK */
  expect_save (&h, 3, 1, 8);
  expect_supply (&h, b, 3, 1, PAGES_WRITE, 8);
  /* It wants it back: the LOCK under way finds it before the supply does.  */
  request (&h, a, 3, PAGES_WRITE);
  expect_lock (&h, b, 3, 1, FLUSH_READER);
  completed (&h, b, 3, 1);
  expect_supply (&h, a, 3, 1, PAGES_PROT_NONE, 8);
  saved (&h, 3, 1, 0);
  expect_nothing (&h);
  at (&h, h.now + FENCE);
  expect_nothing (&h);
  stop (&h);
}

static void
unlock_crosses_our_revocation (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_READ, 7);
  get (&h, b, 3, PAGES_READ, 7);
  unlock (&h, a, 3);
  expect_lock (&h, b, 3, 1, FLUSH_READER);
  unlock (&h, b, 3);			/* sent before the LOCK came there */
  completed (&h, b, 3, 1);
  expect_lock (&h, a, 3, 1, GRANT);
  expect_nothing (&h);			/* b finds no page and asks for it */
  request (&h, b, 3, PAGES_WRITE);
  expect_lock (&h, a, 3, 1, PAGES_RETURN_ALL, true, PAGES_PROT_NO_CHANGE, true);
  give_back (&h, a, 3, 1, 8, true, false);
  expect_save (&h, 3, 1, 8);
  expect_supply (&h, b, 3, 1, PAGES_PROT_NONE, 8);
  completed (&h, a, 3, 1);
  saved (&h, 3, 1, 0);
  expect_nothing (&h);
  stop (&h);
}

static void
unlock_that_waits_is_void_when_the_page_is_taken (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false), c = join (&h, false);
  get (&h, a, 3, PAGES_READ, 7);
  get (&h, b, 3, PAGES_READ, 7);
  get (&h, c, 3, PAGES_READ, 7);
  unlock (&h, a, 3);
  unlock (&h, b, 3);
  unlock (&h, c, 3);
  expect_lock (&h, b, 3, 1, FLUSH_READER);
  expect_lock (&h, c, 3, 1, FLUSH_READER);
  completed (&h, b, 3, 1);
  completed (&h, c, 3, 1);
  expect_lock (&h, a, 3, 1, GRANT);
  expect_nothing (&h);
  stop (&h);
}

static void
unlock_then_dropped_then_requested_keeps_its_place (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_READ, 7);
  get (&h, b, 3, PAGES_READ, 7);
  unlock (&h, a, 3);
  request (&h, a, 3, PAGES_READ);	/* dropped meanwhile; a thread still wants to write */
  expect_load (&h, 3, 1);
  expect_lock (&h, b, 3, 1, FLUSH_READER);
  completed (&h, b, 3, 1);
  expect_nothing (&h);
  loaded (&h, 3, 1, 7);
  expect_supply (&h, a, 3, 1, PAGES_PROT_NONE, 7);
  expect_nothing (&h);
  stop (&h);
}

static void
two_writers_progress_by_the_minimum_hold (void **state)
{
  struct harness h;
  start (&h, with_hold);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  request (&h, b, 3, PAGES_WRITE);
  expect_nothing (&h);
  assert_int_equal (pages_deadline (h.pages), h.now + HOLD);
  at (&h, h.now + HOLD - 1);
  expect_nothing (&h);
  at (&h, h.now + 1);
  expect_lock (&h, a, 3, 1, FLUSH_WRITER);
  give_back (&h, a, 3, 1, 8, true, false);
  expect_save (&h, 3, 1, 8);
  expect_supply (&h, b, 3, 1, PAGES_PROT_NONE, 8);
  request (&h, a, 3, PAGES_WRITE);
  expect_nothing (&h);
  at (&h, h.now + HOLD);
  expect_lock (&h, b, 3, 1, FLUSH_WRITER);
  give_back (&h, b, 3, 1, 9, true, false);
  saved (&h, 3, 1, 0);
  expect_save (&h, 3, 1, 9);
  expect_supply (&h, a, 3, 1, PAGES_PROT_NONE, 9);
  saved (&h, 3, 1, 0);
  stop (&h);
}

/* A read and then a write of the same client: its own hold does not stand in its way.  */
static void
hold_does_not_delay_its_holder (void **state)
{
  struct harness h;
  start (&h, with_hold);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, b, 3, PAGES_READ, 7);
  at (&h, h.now + HOLD);
  expect_nothing (&h);
  get (&h, a, 3, PAGES_READ, 7);
  unlock (&h, a, 3);
  expect_lock (&h, b, 3, 1, FLUSH_READER);
  completed (&h, b, 3, 1);
  expect_lock (&h, a, 3, 1, GRANT);
  stop (&h);
}

static void
neighbours_in_the_same_state_go_as_one (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  assert_int_equal (pages_data_request (h.pages, h.now, a, 10 * PAGE, 5 * PAGE, PAGES_READ),
		    DR_OK);
  expect_load (&h, 10, 5);
  loaded (&h, 10, 2, 70);		/* the store answers in pieces */
  expect_supply (&h, a, 10, 2, PAGES_WRITE, 70);
  loaded (&h, 12, 3, 72);
  expect_supply (&h, a, 12, 3, PAGES_WRITE, 72);
  expect_nothing (&h);
  assert_int_equal (pages_data_request (h.pages, h.now, b, 10 * PAGE, 5 * PAGE, PAGES_WRITE),
		    DR_OK);
  expect_load (&h, 10, 5);
  expect_lock (&h, a, 10, 5, FLUSH_READER);
  loaded (&h, 10, 5, 70);
  completed (&h, a, 10, 5);
  expect_supply (&h, b, 10, 5, PAGES_PROT_NONE, 70);
  expect_nothing (&h);
  stop (&h);
}

static void
nonsense_is_refused_and_counted (void **state)
{
  struct harness h;
  struct pages_counts counts;
  start (&h, NULL);
  uint32_t a = join (&h, false);
  struct pages *p = h.pages;
  assert_int_equal (pages_data_request (p, h.now, a, 1, PAGE, PAGES_READ), DR_INVALID);
  assert_int_equal (pages_data_request (p, h.now, a, 0, 0, PAGES_READ), DR_INVALID);
  assert_int_equal (pages_data_request (p, h.now, a, 0, (uint64_t) PAGE << 40, PAGES_READ),
		    DR_INVALID);
  assert_int_equal (pages_data_request (p, h.now, a, UINT64_MAX - PAGE + 1, PAGE, PAGES_READ),
		    DR_INVALID);
  assert_int_equal (pages_lock_completed (p, h.now, a, 0, PAGE), DR_INVALID);
  assert_int_equal (pages_data_request (p, h.now, 77, 0, PAGE, PAGES_READ), DR_SESSION_OVER);
  assert_int_equal (pages_change_completed (p, h.now, a), DR_INVALID);
  unlock (&h, a, 5);			/* it has no such page */
  give_back (&h, a, 6, 1, 5, true, false);
  expect_nothing (&h);
  pages_count (p, &counts);
  assert_true (counts.faults >= 6);
  request (&h, a, 2000, PAGES_READ);
  expect_refuse (&h, a, 2000, BEYOND);
  expect_nothing (&h);
  stop (&h);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (read_of_a_clean_page_is_two_messages),
    cmocka_unit_test (write_upgrade_with_k_readers_is_two_and_two_k_messages),
    cmocka_unit_test (page_dirty_elsewhere_is_four_messages_and_no_store_read),
    cmocka_unit_test (page_dirty_after_an_upgrade_is_four_messages_with_a_hold),
    cmocka_unit_test (writer_gives_way_to_writer),
    cmocka_unit_test (readers_at_the_head_are_served_together_and_in_order),
    cmocka_unit_test (store_is_read_while_readers_are_asked),
    cmocka_unit_test (kernel_dropped_a_clean_page_unasked),
    cmocka_unit_test (evicted_before_it_was_asked_for),
    cmocka_unit_test (unlock_crosses_our_revocation),
    cmocka_unit_test (unlock_that_waits_is_void_when_the_page_is_taken),
    cmocka_unit_test (unlock_then_dropped_then_requested_keeps_its_place),
    cmocka_unit_test (two_writers_progress_by_the_minimum_hold),
    cmocka_unit_test (hold_does_not_delay_its_holder),
    cmocka_unit_test (neighbours_in_the_same_state_go_as_one),
    cmocka_unit_test (nonsense_is_refused_and_counted),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
