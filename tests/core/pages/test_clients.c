/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients that come, go, die and keep silent; the library's calls; memory.  */
#include "tests/core/pages/harness.h"

static void
terminate_with_requests_outstanding (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false), c = join (&h, false);
  get (&h, c, 4, PAGES_READ, 7);
  request (&h, a, 3, PAGES_READ);
  expect_load (&h, 3, 1);
  request (&h, a, 4, PAGES_WRITE);
  expect_load (&h, 4, 1);
  expect_lock (&h, c, 4, 1, FLUSH_READER);
  pages_terminate (h.pages, h.now, a);
  expect_drop (&h, a, PAGES_TERMINATED);
  expect_nothing (&h);
  loaded (&h, 3, 1, 7);
  loaded (&h, 4, 1, 7);
  expect_nothing (&h);
  completed (&h, c, 4, 1);
  expect_nothing (&h);
  assert_int_equal (pages_data_request (h.pages, h.now, a, 0, PAGE, PAGES_READ), DR_SESSION_OVER);
  get (&h, b, 3, PAGES_WRITE, 7);
  struct pages_counts counts;
  pages_count (h.pages, &counts);
  assert_int_equal (counts.clients, 2);
  assert_int_equal (counts.waiters, 0);
  assert_int_equal (counts.asks, 0);
  stop (&h);
}

static void
terminating_reader_answers_what_it_was_asked (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_READ, 7);
  get (&h, b, 3, PAGES_READ, 7);
  unlock (&h, b, 3);
  expect_lock (&h, a, 3, 1, FLUSH_READER);
  pages_terminate (h.pages, h.now, a);
  expect_drop (&h, a, PAGES_TERMINATED);
  expect_lock (&h, b, 3, 1, GRANT);
  stop (&h);
}

static void
dead_writers_page_is_an_error_never_old_data (void **state)
{
  struct harness h;
  struct pages_page_status status;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  get (&h, a, 4, PAGES_READ, 7);
  request (&h, b, 3, PAGES_READ);
  expect_lock (&h, a, 3, 1, LOWER);
  pages_client_dead (h.pages, h.now, a);
  expect_drop (&h, a, PAGES_DEAD);
  expect_refuse (&h, b, 3, LOST);
  expect_nothing (&h);
  request (&h, b, 3, PAGES_WRITE);
  expect_refuse (&h, b, 3, LOST);
  get (&h, b, 4, PAGES_WRITE, 7);	/* it was only read there */
  pages_page (h.pages, 3 * PAGE, &status);
  assert_true (status.lost);
  /* The library accepts the store's copy.  */
  assert_int_equal (pages_call (h.pages, h.now, PAGES_CALL_FLUSH, 3 * PAGE, PAGE, 1), DR_OK);
  expect_wake (&h, 1, 0);
  get (&h, b, 3, PAGES_READ, 7);
  stop (&h);
}

static void
what_a_dead_writer_returned_is_not_lost (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  give_back (&h, a, 3, 1, 8, true, false);
  pages_client_dead (h.pages, h.now, a);
  request (&h, b, 3, PAGES_READ);
  expect_drop (&h, a, PAGES_DEAD);
  expect_save (&h, 3, 1, 8);
  expect_supply (&h, b, 3, 1, PAGES_WRITE, 8);
  saved (&h, 3, 1, 0);
  stop (&h);
}

static void
loss_is_forgotten_when_no_client_is_left (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  pages_client_dead (h.pages, h.now, a);
  expect_drop (&h, a, PAGES_DEAD);
  uint32_t b = join (&h, false);
  get (&h, b, 3, PAGES_READ, 7);
  stop (&h);
}

static void
silent_client_is_dropped_at_the_limit (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  get (&h, a, 4, PAGES_READ, 7);
  request (&h, b, 3, PAGES_READ);
  expect_lock (&h, a, 3, 1, LOWER);
  request (&h, b, 4, PAGES_WRITE);
  expect_load (&h, 4, 1);
  expect_lock (&h, a, 4, 1, FLUSH_READER);
  loaded (&h, 4, 1, 7);
  assert_int_equal (pages_deadline (h.pages), h.now + FENCE);
  at (&h, h.now + FENCE);
  expect_lock (&h, a, 3, 1, PAGES_RETURN_NONE, false, PAGES_PROT_NO_CHANGE, true);
  assert_int_equal (pages_deadline (h.pages), h.now - FENCE + LIMIT);
  at (&h, h.now - FENCE + LIMIT - 1);
  expect_nothing (&h);
  at (&h, h.now + 1);
  expect_drop (&h, a, PAGES_SILENT);
  expect_refuse (&h, b, 3, LOST);
  expect_supply (&h, b, 4, 1, PAGES_PROT_NONE, 7);
  expect_nothing (&h);
  assert_int_equal (pages_deadline (h.pages), PAGES_NEVER);
  stop (&h);
}

static void
read_only_port_never_writes (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), r = join (&h, true);
  get (&h, r, 3, PAGES_READ, 7);
  request (&h, r, 4, PAGES_WRITE);
  expect_refuse (&h, r, 4, READ_ONLY);
  unlock (&h, r, 3);
  expect_lock (&h, r, 3, 1, DENY);
  request (&h, r, 3, PAGES_WRITE);
  expect_refuse (&h, r, 3, READ_ONLY);
  give_back (&h, r, 3, 1, 66, true, true);	/* nobody believes it */
  expect_nothing (&h);
  get (&h, a, 3, PAGES_READ, 7);
  stop (&h);
}

static void
sync_waits_for_the_store (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  get (&h, a, 9, PAGES_WRITE, 7);
  get (&h, b, 5, PAGES_READ, 7);		/* nothing to sync there */
  assert_int_equal (pages_call (h.pages, h.now, PAGES_CALL_SYNC, 0, 0, 1), DR_OK);
  expect_lock (&h, a, 3, 7, PAGES_RETURN_DIRTY, false, PAGES_PROT_NO_CHANGE, true);
  expect_nothing (&h);
  give_back (&h, a, 3, 1, 8, true, true);
  expect_save (&h, 3, 1, 8);
  completed (&h, a, 3, 7);
  expect_nothing (&h);
  saved (&h, 3, 1, 55);
  expect_wake (&h, 1, 55);
  /* Without waiting: no WAKE.  */
  assert_int_equal (pages_call (h.pages, h.now, PAGES_CALL_SYNC, 0, 5 * PAGE, 0), DR_OK);
  expect_lock (&h, a, 3, 1, PAGES_RETURN_DIRTY, false, PAGES_PROT_NO_CHANGE, true);
  completed (&h, a, 3, 1);
  expect_nothing (&h);
  stop (&h);
}

/* A page cleaned by a sync looks like one that was lowered: only a reply tells.  */
static void
sync_and_revocation_cross (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  assert_int_equal (pages_call (h.pages, h.now, PAGES_CALL_SYNC, 0, 0, 1), DR_OK);
  expect_lock (&h, a, 3, 1, PAGES_RETURN_DIRTY, false, PAGES_PROT_NO_CHANGE, true);
  request (&h, b, 3, PAGES_READ);
  expect_lock (&h, a, 3, 1, PAGES_RETURN_ALL, false, PAGES_WRITE, true);
  give_back (&h, a, 3, 1, 8, true, true);
  expect_save (&h, 3, 1, 8);
  completed (&h, a, 3, 1);		/* the sync's: a may write still */
  expect_nothing (&h);
  give_back (&h, a, 3, 1, 9, true, true);
  completed (&h, a, 3, 1);
  expect_supply (&h, b, 3, 1, PAGES_WRITE, 9);
  saved (&h, 3, 1, 0);
  expect_wake (&h, 1, 0);		/* 8 is in the store */
  expect_save (&h, 3, 1, 9);
  saved (&h, 3, 1, 0);
  stop (&h);
}

static void
flush_keeps_grants_back_until_it_is_answered (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_READ, 7);
  get (&h, a, 5, PAGES_WRITE, 7);
  assert_int_equal (pages_call (h.pages, h.now, PAGES_CALL_FLUSH, 0, 0, 1), DR_OK);
  expect_lock (&h, a, 3, 3, PAGES_RETURN_NONE, true, PAGES_PROT_NO_CHANGE, true);
  unlock (&h, a, 3);			/* sent before */
  request (&h, a, 4, PAGES_READ);
  request (&h, b, 5, PAGES_READ);
  expect_nothing (&h);
  completed (&h, a, 3, 3);
  expect_wake (&h, 1, 0);
  expect_load (&h, 4, 2);
  loaded (&h, 4, 2, 7);
  expect_supply (&h, a, 4, 1, PAGES_WRITE, 7);
  expect_supply (&h, b, 5, 1, PAGES_WRITE, 8);
  expect_nothing (&h);
  stop (&h);
}

/* A kernel keeps a mark where it was refused a page, and must not be asked about it.  */
static void
no_call_asks_about_refused_pages (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false);
  for (uint64_t n = 1; n < 6; n++)
    if (n != 3)
      get (&h, a, n, PAGES_READ, n);
  request (&h, a, 3, PAGES_READ);
  expect_load (&h, 3, 1);
  load_failed (&h, 3, 5);
  expect_refuse (&h, a, 3, 5);
  assert_int_equal (pages_call (h.pages, h.now, PAGES_CALL_FLUSH, 0, 0, 1), DR_OK);
  expect_lock (&h, a, 1, 2, PAGES_RETURN_NONE, true, PAGES_PROT_NO_CHANGE, true);
  expect_lock (&h, a, 4, 2, PAGES_RETURN_NONE, true, PAGES_PROT_NO_CHANGE, true);
  completed (&h, a, 1, 2);
  expect_nothing (&h);
  completed (&h, a, 4, 2);
  expect_wake (&h, 1, 0);
  /* Once it has asked again it can be asked.  */
  get (&h, a, 2, PAGES_READ, 2);
  get (&h, a, 3, PAGES_READ, 3);
  get (&h, a, 4, PAGES_READ, 4);
  assert_int_equal (pages_call (h.pages, h.now, PAGES_CALL_FLUSH, 0, 0, 2), DR_OK);
  expect_lock (&h, a, 2, 3, PAGES_RETURN_NONE, true, PAGES_PROT_NO_CHANGE, true);
  completed (&h, a, 2, 3);
  expect_wake (&h, 2, 0);
  stop (&h);
}

static void
nor_about_pages_refused_beyond_the_extent (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false);
  get (&h, a, 1999, PAGES_READ, 1);
  request (&h, a, 2005, PAGES_READ);
  expect_refuse (&h, a, 2005, BEYOND);
  assert_int_equal (pages_set_extent (h.pages, 2010), DR_OK);
  get (&h, a, 2007, PAGES_READ, 2);
  get (&h, a, 2008, PAGES_READ, 3);
  assert_int_equal (pages_call (h.pages, h.now, PAGES_CALL_FLUSH, 0, 0, 1), DR_OK);
  expect_lock (&h, a, 1999, 1, PAGES_RETURN_NONE, true, PAGES_PROT_NO_CHANGE, true);
  expect_lock (&h, a, 2007, 2, PAGES_RETURN_NONE, true, PAGES_PROT_NO_CHANGE, true);
  completed (&h, a, 1999, 1);
  completed (&h, a, 2007, 2);
  expect_wake (&h, 1, 0);
  stop (&h);
}

/* The pages' writer has given one of them up unasked, and was refused it, when it is asked for
   all without a reply and does not answer.  */
static void
nor_does_the_lock_behind_a_silence (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  for (uint64_t n = 3; n < 6; n++)
    get (&h, a, n, PAGES_WRITE, n);
  request (&h, b, 3, PAGES_READ | PAGES_WRITE);
  request (&h, b, 4, PAGES_READ | PAGES_WRITE);
  request (&h, b, 5, PAGES_READ | PAGES_WRITE);
  expect_lock (&h, a, 3, 3, FLUSH_WRITER);
  give_back (&h, a, 4, 1, 14, true, false);
  expect_save (&h, 4, 1, 14);
  expect_supply (&h, b, 4, 1, PAGES_PROT_NONE, 14);
  at (&h, FENCE);
  expect_lock (&h, a, 3, 1, PAGES_RETURN_NONE, false, PAGES_PROT_NO_CHANGE, true);
  expect_lock (&h, a, 5, 1, PAGES_RETURN_NONE, false, PAGES_PROT_NO_CHANGE, true);
  expect_nothing (&h);
  saved (&h, 4, 1, 0);
  stop (&h);
}

static void
attributes_change_for_everyone (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  assert_int_equal (pages_change_attributes (h.pages, h.now, false, 2, 1), DR_OK);
  expect_wake (&h, 1, 0);		/* they are so already */
  assert_int_equal (pages_change_attributes (h.pages, h.now, true, 0, 2), DR_OK);
  assert_true (pages_next (h.pages, &h.a) && h.a.kind == PAGES_ATTRIBUTES && h.a.client == a
	       && h.a.may_cache && h.a.copy_strategy == 0);
  assert_true (pages_next (h.pages, &h.a) && h.a.kind == PAGES_ATTRIBUTES && h.a.client == b);
  expect_nothing (&h);
  assert_int_equal (pages_change_completed (h.pages, h.now, b), DR_OK);
  expect_nothing (&h);
  pages_terminate (h.pages, h.now, a);
  expect_drop (&h, a, PAGES_TERMINATED);
  expect_wake (&h, 2, 0);
  stop (&h);
}

static void
shutdown_returns_refuses_and_drops (void **state)
{
  struct harness h;
  start (&h, NULL);
  uint32_t a = join (&h, false), b = join (&h, false);
  get (&h, a, 3, PAGES_WRITE, 7);
  assert_int_equal (pages_shutdown (h.pages, h.now, 1), DR_OK);
  expect_lock (&h, a, 3, 1, PAGES_RETURN_ALL, true, PAGES_PROT_NO_CHANGE, true);
  request (&h, b, 3, PAGES_READ);
  expect_nothing (&h);
  give_back (&h, a, 3, 1, 8, true, false);
  completed (&h, a, 3, 1);
  expect_save (&h, 3, 1, 8);
  expect_nothing (&h);
  saved (&h, 3, 1, 0);
  expect_refuse (&h, b, 3, SHUT);
  expect_drop (&h, a, PAGES_SHUT);
  expect_drop (&h, b, PAGES_SHUT);
  expect_wake (&h, 1, 0);
  uint32_t c;
  assert_int_equal (pages_init (h.pages, h.now, false, &c), DR_SESSION_OVER);
  stop (&h);
}

static void
sixty_four_clients_and_no_more (void **state)
{
  struct harness h;
  uint32_t client[PAGES_CLIENTS_MAX], more;
  start (&h, NULL);
  for (unsigned i = 0; i < PAGES_CLIENTS_MAX; i++)
    {
      client[i] = join (&h, false);
      get (&h, client[i], 3, PAGES_READ, 7);
    }
  assert_int_equal (pages_init (h.pages, h.now, false, &more), DR_LIMIT);
  pages_terminate (h.pages, h.now, client[40]);
  expect_drop (&h, client[40], PAGES_TERMINATED);
  more = join (&h, false);
  assert_true (more > client[63]);
  stop (&h);
}

/* --- Memory ---------------------------------------------------------------------- */

static void
a_gibibyte (struct pages_config *config)
{
  config->extent = ((uint64_t) 1 << 30) / 4096;
}

static void
page_costs_four_bytes_and_a_half_at_most (void **state)
{
  struct harness h;
  struct pages_counts counts;
  uint64_t pages = ((uint64_t) 1 << 30) / 4096;
  start (&h, a_gibibyte);
  uint32_t a = join (&h, false);
  for (uint64_t n = 0; n < pages; n += PAGES_RUN_MAX)
    {
      assert_int_equal (pages_data_request (h.pages, h.now, a, n * PAGE, PAGES_RUN_MAX * PAGE,
					    PAGES_READ), DR_OK);
      expect_load (&h, n, PAGES_RUN_MAX);
      loaded (&h, n, PAGES_RUN_MAX, 7);
      expect_supply (&h, a, n, PAGES_RUN_MAX, PAGES_WRITE, 7);
      expect_nothing (&h);
    }
  pages_count (h.pages, &counts);
  print_message ("%.3f bytes per page of 1 GiB\n", (double) counts.bytes / (double) pages);
  assert_true (counts.bytes * 2 <= pages * 9);
  assert_int_equal (counts.sets, 1);
  /* Sets are counted exactly: all pages leave it, and it is gone.  */
  pages_terminate (h.pages, h.now, a);
  expect_drop (&h, a, PAGES_TERMINATED);
  pages_count (h.pages, &counts);
  assert_int_equal (counts.sets, 0);
  stop (&h);
}

/* A scenario with all kinds of things in it; what fails for want of memory is repeated.  */
static enum dr_status
again (struct harness *h, enum dr_status status)
{
  assert_true (status == DR_OK || status == DR_NO_MEMORY);
  if (status == DR_NO_MEMORY)
    pages_tick (h->pages, h->now);
  return status;
}

#define REPEAT(call) while (again (h, call) == DR_NO_MEMORY)

static void
drain (struct harness *h, unsigned *supplies)
{
  struct pages_action a;
  for (unsigned i = 0; i < 3; i++)
    {
      while (pages_next (h->pages, &a))
	{
	  for (uint32_t s = 0; s < a.slices_count; s++)
	    dr_buf_drop (a.slices[s].buf);
	  if (a.kind == PAGES_STORE_READ)
	    loaded (h, a.offset / PAGE, a.length / PAGE, 7);
	  else if (a.kind == PAGES_STORE_WRITE)
	    saved (h, a.offset / PAGE, a.length / PAGE, 0);
	  else if (a.kind == PAGES_LOCK && a.reply)
	    completed (h, a.client, a.offset / PAGE, a.length / PAGE);
	  else if (a.kind == PAGES_LOCK && a.should_return == PAGES_RETURN_ALL)
	    {
	      struct dr_buf *buf = dr_buf_new (&(struct dr_alloc) { h->alloc.alloc, h->alloc.free, h },
					       a.length);
	      if (!buf)
		buf = dr_buf_new (&h->alloc, a.length);
	      memset (buf->data, 1, a.length);
	      struct dr_slice data = { buf, 0, a.length };
	      REPEAT (pages_data_return (h->pages, h->now, a.client, a.offset, &data, true, !a.flush));
	      dr_buf_drop (buf);
	    }
	  *supplies += a.kind == PAGES_SUPPLY;
	}
      h->now += 10;
      pages_tick (h->pages, h->now);
    }
}

static void
scenario (struct harness *h)
{
  uint32_t a, b;
  unsigned supplies = 0;
  REPEAT (pages_init (h->pages, h->now, false, &a));
  REPEAT (pages_init (h->pages, h->now, false, &b));
  for (uint64_t n = 0; n < 20; n++)
    {
      REPEAT (pages_data_request (h->pages, h->now, a, n * PAGE, PAGE, PAGES_READ));
      drain (h, &supplies);
    }
  REPEAT (pages_data_request (h->pages, h->now, b, 0, 20 * PAGE, PAGES_WRITE));
  drain (h, &supplies);
  REPEAT (pages_data_request (h->pages, h->now, a, 0, 20 * PAGE, PAGES_READ));
  drain (h, &supplies);
  REPEAT (pages_call (h->pages, h->now, PAGES_CALL_SYNC, 0, 0, 1));
  REPEAT (pages_call (h->pages, h->now, PAGES_CALL_FLUSH, 0, 0, 2));
  drain (h, &supplies);
  REPEAT (pages_data_request (h->pages, h->now, a, 3000 * PAGE, PAGE, PAGES_READ));
  pages_client_dead (h->pages, h->now, b);
  drain (h, &supplies);
  REPEAT (pages_shutdown (h->pages, h->now, 3));
  drain (h, &supplies);
  struct pages_counts counts;
  pages_count (h->pages, &counts);
  assert_int_equal (counts.waiters, 0);
  assert_int_equal (counts.clients, 0);
  assert_int_equal (counts.calls, 0);
  assert_int_equal (counts.active, 0);
  assert_true (supplies >= 22);
}

static void
each_allocation_fails_in_turn (void **state)
{
  struct harness h;
  size_t total, fail_at = 1, creating;
  start (&h, NULL);
  creating = h.allocations;
  scenario (&h);
  total = h.allocations;
  stop (&h);
  for (fail_at = 1; fail_at <= total; fail_at++)
    {
      start (&h, NULL);
      if (fail_at <= creating)
	{
	  struct pages *other = NULL;
	  struct pages_config config;
	  pages_config_default (&config);
	  config.extent = 2000;
	  h.fail_at = h.allocations + fail_at;
	  assert_int_equal (pages_create (&config, &h.alloc, &other), DR_NO_MEMORY);
	}
      else
	{
	  h.fail_at = fail_at;
	  scenario (&h);
	}
      stop (&h);
    }
  print_message ("%zu allocations, each failed once\n", total);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (terminate_with_requests_outstanding),
    cmocka_unit_test (terminating_reader_answers_what_it_was_asked),
    cmocka_unit_test (dead_writers_page_is_an_error_never_old_data),
    cmocka_unit_test (what_a_dead_writer_returned_is_not_lost),
    cmocka_unit_test (loss_is_forgotten_when_no_client_is_left),
    cmocka_unit_test (silent_client_is_dropped_at_the_limit),
    cmocka_unit_test (read_only_port_never_writes),
    cmocka_unit_test (sync_waits_for_the_store),
    cmocka_unit_test (sync_and_revocation_cross),
    cmocka_unit_test (flush_keeps_grants_back_until_it_is_answered),
    cmocka_unit_test (no_call_asks_about_refused_pages),
    cmocka_unit_test (nor_about_pages_refused_beyond_the_extent),
    cmocka_unit_test (nor_does_the_lock_behind_a_silence),
    cmocka_unit_test (attributes_change_for_everyone),
    cmocka_unit_test (shutdown_returns_refuses_and_drops),
    cmocka_unit_test (sixty_four_clients_and_no_more),
    cmocka_unit_test (page_costs_four_bytes_and_a_half_at_most),
    cmocka_unit_test (each_allocation_fails_in_turn),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
