/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the map of an object of 1 GiB costs when three kernels have read all of it, which is
   the common state: every page in the same state.  All memory is counted as malloc gives
   it.  */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/pages/pages.h"

enum { PAGE_BYTES = 4096, PAGES = 1 << 18, KERNELS = 3, RUN = PAGES_RUN_MAX,
       BLOCK_HEAD_BYTES = sizeof (size_t) };

static size_t taken;

void
dr_assert_failed (const char *what, const char *file, int line)
{
  fprintf (stderr, "%s:%d: assertion failed: %s\n", file, line, what);
  abort ();
}

static void *
take (void *ctx, size_t bytes)
{
  void *at = malloc (bytes);
  if (at)
    taken += malloc_usable_size (at) + BLOCK_HEAD_BYTES;
  return at;
}

static void
give (void *ctx, void *at, size_t bytes)
{
  taken -= malloc_usable_size (at) + BLOCK_HEAD_BYTES;
  free (at);
}

static char zeros[RUN * PAGE_BYTES];

static void
keep (struct dr_buf *buf)
{
}

/* The driver: whatever is read is there at once.  */
static void
act (struct pages *pages, uint64_t now)
{
  static struct dr_buf buf;
  struct pages_action a;
  while (pages_next (pages, &a))
    {
      for (uint32_t i = 0; i < a.slices_count; i++)
	dr_buf_drop (a.slices[i].buf);
      if (a.kind != PAGES_STORE_READ)
	continue;
      dr_buf_wrap (&buf, zeros, sizeof zeros, keep);
      struct dr_slice data = { &buf, 0, a.length };
      pages_read_done (pages, now, a.offset, a.length, &data, false, 0);
    }
}

int
main (void)
{
  static const struct dr_alloc alloc = { take, give, NULL };
  struct pages_config config;
  struct pages *pages;
  uint32_t kernel[KERNELS];
  uint64_t now = 0;
  pages_config_default (&config);
  config.extent = PAGES;
  config.ahead_pages = 1;
  if (pages_create (&config, &alloc, &pages) != DR_OK)
    return 1;
  for (unsigned k = 0; k < KERNELS; k++)
    if (pages_init (pages, now, false, &kernel[k]) != DR_OK)
      return 1;
  for (uint64_t page = 0; page < PAGES; page += RUN)
    for (unsigned k = 0; k < KERNELS; k++)
      {
	if (pages_data_request (pages, now, kernel[k], page * PAGE_BYTES, RUN * PAGE_BYTES,
				PAGES_READ) != DR_OK)
	  return 1;
	act (pages, now);
	now += config.hold_us + 1;
	pages_tick (pages, now);
	act (pages, now);
      }
  struct pages_counts counts;
  struct pages_page_status status;
  pages_count (pages, &counts);
  pages_page (pages, (uint64_t) (PAGES - 1) * PAGE_BYTES, &status);
  if (counts.active || counts.sets != 1 || status.readers != KERNELS)
    {
      fprintf (stderr, "pagemap: the pages are not in one state\n");
      return 1;
    }
  printf ("bench pagemap_bytes %.3f bytes a page, of 1 GiB read by %d kernels (at most 4.5)\n",
	  (double) taken / PAGES, KERNELS);
  pages_destroy (pages);
  return taken != 0;
}
