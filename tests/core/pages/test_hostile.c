/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels and a store that say anything at any time: nothing crashes, nothing leaks, and
   when they are gone nothing is left.  */
#include "tests/core/pages/harness.h"

enum { SEEDS = 60, EVENTS = 3000, PAGES = 6, CLIENTS = 3 };

static uint64_t
next_random (uint64_t *at, uint64_t below)
{
  uint64_t x = *at += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return (x ^ x >> 31) % below;
}

static void
small (struct pages_config *config)
{
  config->extent = PAGES;
  config->ahead_pages = 4;
  config->hold_us = 5;
}

static void
noticing (struct pages_config *config)
{
  small (config);
  config->notify_on_evict = true;
}

struct crowd
{
  struct harness h;
  uint64_t random;
  uint32_t client[CLIENTS];
  struct pages_action last[8];		/* locks and supplies, to answer some of them */
  unsigned lasts;
  uint64_t woken, calls;
};

static void
take_actions (struct crowd *c)
{
  struct pages_action a;
  unsigned n = 0;
  while (pages_next (c->h.pages, &a))
    {
      assert_true (++n < 5000);
      for (uint32_t i = 0; i < a.slices_count; i++)
	dr_buf_drop (a.slices[i].buf);
      c->woken += a.kind == PAGES_WAKE;
      if (a.kind == PAGES_LOCK || a.kind == PAGES_SUPPLY || a.kind >= PAGES_STORE_READ)
	c->last[c->lasts++ % 8] = a;
      for (unsigned i = 0; i < CLIENTS; i++)
	if (a.kind == PAGES_DROP && c->client[i] == a.client)
	  c->client[i] = 0;
    }
}

static void
say_anything (struct crowd *c)
{
  struct pages *p = c->h.pages;
  uint64_t *r = &c->random, now = c->h.now;
  uint32_t who = c->client[next_random (r, CLIENTS)];
  const struct pages_action *a = &c->last[next_random (r, 8)];
  uint64_t page = next_random (r, PAGES), count = 1 + next_random (r, PAGES + 1 - page);
  uint64_t offset = page * PAGE, length = count * PAGE;
  unsigned access = (unsigned) next_random (r, 8);
  if (a->kind && next_random (r, 2))
    {
      offset = a->offset;
      length = a->length;
      who = a->client ? a->client : who;
    }
  if (next_random (r, 100) == 0)
    offset += next_random (r, 3) * UINT64_C (0x1000000000000001);
  struct dr_buf *buf = dr_buf_new (&c->h.alloc, length);
  memset (buf->data, (int) now, length);
  struct dr_slice data = { buf, 0, length };
  switch (next_random (r, 16))
    {
    case 0: case 1: case 2: pages_data_request (p, now, who, offset, length, access); break;
    case 3: case 4: pages_data_unlock (p, now, who, offset, length, access); break;
    case 5: case 6: pages_data_return (p, now, who, offset, &data, access & 1, access & 2); break;
    case 7: case 8: pages_lock_completed (p, now, who, offset, length); break;
    case 9: pages_supply_completed (p, now, who, offset, length, next_random (r, 4) * PAGE); break;
    case 10: pages_read_done (p, now, offset, length, &data, access & 1, access == 7); break;
    case 11: pages_write_done (p, now, offset, length, access == 7); break;
    case 12: pages_unlock_done (p, now, offset, length, access == 7); break;
    case 13: pages_change_completed (p, now, who); break;
    case 14:
      if (next_random (r, 30) == 0)
	pages_terminate (p, now, who);
      else if (next_random (r, 30) == 0)
	pages_client_dead (p, now, who);
      else if (next_random (r, 10) == 0)
	pages_offer (p, now, who, page * PAGE, &(struct dr_slice) { buf, 0, PAGE }, access & 1,
		     access & 2);
      break;
    default:
      if (next_random (r, 10) == 0)
	c->calls += pages_call (p, now, (enum pages_call) next_random (r, 3), page * PAGE, length,
				1 + c->calls) == DR_OK;
      else if (next_random (r, 10) == 0)
	c->calls += pages_change_attributes (p, now, access & 1, access >> 1, 1 + c->calls) == DR_OK;
    }
  dr_buf_drop (buf);
  c->h.now += next_random (r, 30);
  pages_tick (p, c->h.now);
}

/* What the store owes is answered, as every store does in the end.  */
static void
settle (struct crowd *c)
{
  for (unsigned i = 0; i < 10; i++)
    {
      pages_read_done (c->h.pages, c->h.now, 0, PAGES * PAGE, NULL, false, 9);
      pages_write_done (c->h.pages, c->h.now, 0, PAGES * PAGE, 0);
      pages_unlock_done (c->h.pages, c->h.now, 0, PAGES * PAGE, 0);
      c->h.now += LIMIT;
      pages_tick (c->h.pages, c->h.now);
      take_actions (c);
    }
}

static void
crowd (uint64_t seed)
{
  struct crowd c = { .random = seed };
  struct pages_counts counts;
  start (&c.h, seed & 1 ? small : noticing);
  for (unsigned i = 0; i < EVENTS; i++)
    {
      for (unsigned k = 0; k < CLIENTS; k++)
	if (!c.client[k])
	  pages_init (c.h.pages, c.h.now, k == 2, &c.client[k]);
      say_anything (&c);
      take_actions (&c);
    }
  for (unsigned k = 0; k < CLIENTS; k++)
    pages_client_dead (c.h.pages, c.h.now, c.client[k]);
  settle (&c);
  pages_count (c.h.pages, &counts);
  assert_int_equal (counts.clients, 0);
  assert_int_equal (counts.active, 0);
  assert_int_equal (counts.asks, 0);
  assert_int_equal (counts.calls, 0);
  assert_int_equal (c.woken, c.calls);
  stop (&c.h);
}

static void
anything_at_any_time (void **state)
{
  for (uint64_t seed = 1; seed <= SEEDS; seed++)
    crowd (seed);
}

/* Whoever maps an object may ask for a page as far behind its end as pages are numbered.  That
   costs little memory, and no time whenever somebody goes or all pages are asked for: a walk over
   the numbers would take minutes here.  */
static void
a_page_far_away (void **state)
{
  enum { ROUNDS = 200, MEMORY_MAX = 1 << 19, WAKE = 7 };
  const uint64_t extent = (UINT64_C (1) << 31) - 1024;
  struct harness h;
  start (&h, NULL);
  assert_int_equal (pages_set_extent (h.pages, extent), DR_OK);
  uint32_t stays = join (&h, false);
  get (&h, stays, extent - 1, PAGES_READ, 5);
  get (&h, stays, 0, PAGES_READ, 6);
  for (unsigned i = 0; i < ROUNDS; i++)
    {
      /* What it leaves is the same as what the other one has.  */
      uint32_t goes = join (&h, false);
      get (&h, goes, 0, PAGES_READ, 6);
      pages_terminate (h.pages, h.now, goes);
      expect_drop (&h, goes, PAGES_TERMINATED);
      assert_int_equal (pages_call (h.pages, h.now, PAGES_CALL_SYNC, 0, 0, WAKE), DR_OK);
      expect_wake (&h, WAKE, 0);
    }
  assert_true (h.in_use < MEMORY_MAX);
  request (&h, stays, extent, PAGES_READ);
  expect_refuse (&h, stays, extent, BEYOND);
  assert_int_equal (pages_set_extent (h.pages, UINT64_C (1) << 31), DR_LIMIT);
  stop (&h);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (anything_at_any_time),
    cmocka_unit_test (a_page_far_away),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
