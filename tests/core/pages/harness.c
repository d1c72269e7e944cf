/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/pages/harness.h"

static void *
take (void *ctx, size_t bytes)
{
  struct harness *h = ctx;
  size_t *at;
  h->allocations++;
  if (h->fail_at && h->allocations == h->fail_at)
    return NULL;
  at = malloc (sizeof (max_align_t) + bytes);
  assert_non_null (at);
  memset (at, 0xa5, sizeof (max_align_t) + bytes);
  *at = bytes;
  h->in_use += bytes;
  return (char *) at + sizeof (max_align_t);
}

static void
give (void *ctx, void *p, size_t bytes)
{
  struct harness *h = ctx;
  size_t *at = (size_t *) ((char *) p - sizeof (max_align_t));
  assert_int_equal (*at, bytes);
  h->in_use -= bytes;
  free (at);
}

void
start (struct harness *h, void (*change) (struct pages_config *))
{
  struct pages_config config;
  *h = (struct harness) { .now = 1000000 };
  h->alloc = (struct dr_alloc) { take, give, h };
  pages_config_default (&config);
  config.page_bytes = PAGE;
  config.extent = 2000;
  config.hold_us = 0;
  config.fence_us = FENCE;
  config.limit_us = LIMIT;
  config.retry_us = 10;
  config.ahead_pages = 1;
  config.lost_error = LOST;
  config.extent_error = BEYOND;
  config.read_only_error = READ_ONLY;
  config.shutdown_error = SHUT;
  if (change)
    change (&config);
  assert_int_equal (pages_create (&config, &h->alloc, &h->pages), DR_OK);
}

void
stop (struct harness *h)
{
  pages_destroy (h->pages);
  assert_int_equal (h->in_use, 0);
}

static void
next (struct harness *h)
{
  uint64_t n = 0;
  if (!pages_next (h->pages, &h->a))
    fail_msg ("no action");
  for (uint32_t i = 0; i < h->a.slices_count; i++)
    {
      const struct dr_slice *s = &h->a.slices[i];
      assert_int_equal (s->bytes % PAGE, 0);
      for (size_t b = 0; b < s->bytes; b += PAGE)
	memcpy (&h->versions[n++], dr_slice_data (s) + b, sizeof (uint64_t));
      dr_buf_drop (s->buf);
    }
  if (n)
    assert_int_equal (n * PAGE, h->a.length);
  if (h->a.kind >= PAGES_SUPPLY && h->a.kind <= PAGES_ATTRIBUTES)
    h->messages++;
}

uint32_t
join (struct harness *h, bool read_only)
{
  uint32_t client;
  assert_int_equal (pages_init (h->pages, h->now, read_only, &client), DR_OK);
  next (h);
  assert_int_equal (h->a.kind, PAGES_READY);
  assert_int_equal (h->a.client, client);
  return client;
}

/* --- Events --------------------------------------------------------------------- */

static struct dr_slice
data_of (struct harness *h, uint64_t count, uint64_t version)
{
  size_t fail_at = h->fail_at;
  h->fail_at = 0;
  struct dr_buf *buf = dr_buf_new (&h->alloc, count * PAGE);
  h->fail_at = fail_at ? fail_at + 1 : 0;
  for (uint64_t i = 0; i < count; i++)
    {
      uint64_t v = version + i;
      memcpy (buf->data + i * PAGE, &v, 8);
      memcpy (buf->data + i * PAGE + 8, &v, 8);
    }
  return (struct dr_slice) { buf, 0, count * PAGE };
}

void
request (struct harness *h, uint32_t client, uint64_t page, unsigned access)
{
  h->messages++;
  assert_int_equal (pages_data_request (h->pages, h->now, client, page * PAGE, PAGE, access),
		    DR_OK);
}

void
unlock (struct harness *h, uint32_t client, uint64_t page)
{
  h->messages++;
  assert_int_equal (pages_data_unlock (h->pages, h->now, client, page * PAGE, PAGE,
				       PAGES_WRITE), DR_OK);
}

void
give_back (struct harness *h, uint32_t client, uint64_t page, uint64_t count,
	   uint64_t version, bool dirty, bool kernel_copy)
{
  struct dr_slice data = data_of (h, count, version);
  h->messages++;
  assert_int_equal (pages_data_return (h->pages, h->now, client, page * PAGE, &data, dirty,
				       kernel_copy), DR_OK);
  dr_buf_drop (data.buf);
}

void
completed (struct harness *h, uint32_t client, uint64_t page, uint64_t count)
{
  h->messages++;
  assert_int_equal (pages_lock_completed (h->pages, h->now, client, page * PAGE,
					  count * PAGE), DR_OK);
}

void
loaded (struct harness *h, uint64_t page, uint64_t count, uint64_t version)
{
  struct dr_slice data = data_of (h, count, version);
  pages_read_done (h->pages, h->now, page * PAGE, count * PAGE, &data, false, 0);
  dr_buf_drop (data.buf);
}

void
loaded_locked (struct harness *h, uint64_t page, uint64_t version)
{
  struct dr_slice data = data_of (h, 1, version);
  pages_read_done (h->pages, h->now, page * PAGE, PAGE, &data, true, 0);
  dr_buf_drop (data.buf);
}

void
load_failed (struct harness *h, uint64_t page, int32_t error)
{
  pages_read_done (h->pages, h->now, page * PAGE, PAGE, NULL, false, error);
}

void
saved (struct harness *h, uint64_t page, uint64_t count, int32_t error)
{
  pages_write_done (h->pages, h->now, page * PAGE, count * PAGE, error);
}

void
at (struct harness *h, uint64_t now)
{
  h->now = now;
  pages_tick (h->pages, now);
}

/* --- Actions --------------------------------------------------------------------- */

static void
expect (struct harness *h, enum pages_action_kind kind, uint32_t client, uint64_t page,
	uint64_t count)
{
  next (h);
  assert_int_equal (h->a.kind, kind);
  assert_int_equal (h->a.client, client);
  assert_int_equal (h->a.offset, page * PAGE);
  assert_int_equal (h->a.length, count * PAGE);
}

void
expect_supply (struct harness *h, uint32_t client, uint64_t page, uint64_t count,
	       unsigned lock, uint64_t version)
{
  expect (h, PAGES_SUPPLY, client, page, count);
  assert_int_equal (h->a.prot, lock);
  for (uint64_t i = 0; i < count; i++)
    assert_int_equal (h->versions[i], version + i);
}

void
expect_lock (struct harness *h, uint32_t client, uint64_t page, uint64_t count,
	     enum pages_return should_return, bool flush, unsigned prot, bool reply)
{
  expect (h, PAGES_LOCK, client, page, count);
  assert_int_equal (h->a.should_return, should_return);
  assert_int_equal (h->a.flush, flush);
  assert_int_equal (h->a.prot, prot);
  assert_int_equal (h->a.reply, reply);
}

void
expect_refuse (struct harness *h, uint32_t client, uint64_t page, int32_t error)
{
  expect (h, PAGES_REFUSE, client, page, 1);
  assert_int_equal (h->a.error, error);
}

void
expect_load (struct harness *h, uint64_t page, uint64_t count)
{
  expect (h, PAGES_STORE_READ, 0, page, count);
}

void
expect_save (struct harness *h, uint64_t page, uint64_t count, uint64_t version)
{
  expect (h, PAGES_STORE_WRITE, 0, page, count);
  for (uint64_t i = 0; i < count; i++)
    assert_int_equal (h->versions[i], version + i);
}

void
expect_unlock (struct harness *h, uint64_t page)
{
  expect (h, PAGES_STORE_UNLOCK, 0, page, 1);
}

void
expect_wake (struct harness *h, uint64_t cookie, int32_t error)
{
  next (h);
  assert_int_equal (h->a.kind, PAGES_WAKE);
  assert_int_equal (h->a.cookie, cookie);
  assert_int_equal (h->a.error, error);
}

void
expect_drop (struct harness *h, uint32_t client, enum pages_drop reason)
{
  next (h);
  assert_int_equal (h->a.kind, PAGES_DROP);
  assert_int_equal (h->a.client, client);
  assert_int_equal (h->a.reason, reason);
}

void
expect_evicted (struct harness *h, uint64_t page)
{
  expect (h, PAGES_NOTIFY_EVICT, 0, page, 1);
}

void
expect_nothing (struct harness *h)
{
  if (pages_next (h->pages, &h->a))
    fail_msg ("an action of kind %d for client %u, offset %llu", h->a.kind, h->a.client,
	      (unsigned long long) h->a.offset);
}

void
get (struct harness *h, uint32_t client, uint64_t page, unsigned access, uint64_t version)
{
  request (h, client, page, access);
  expect_load (h, page, 1);
  expect_nothing (h);
  loaded (h, page, 1, version);
  expect_supply (h, client, page, 1, access & PAGES_WRITE ? PAGES_PROT_NONE : PAGES_WRITE,
		 version);
  expect_nothing (h);
}
