/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/link/path.h"

#include <string.h>

/* What is left of common links' sizes by the headers of UDP and IPv6: tunnels, Ethernet, Token Ring
   (which holds a page), jumbo frames, loopback.  */
static const uint32_t sizes[] = { 1372, 1452, 4416, 8952, 16384, 65487 };

void
path_init (struct path *p, uint32_t base, uint32_t most)
{
  memset (p, 0, sizeof *p);
  p->base = p->bytes = base;
  p->most = most > base ? most : base;
}

/* The next size above what passes; 0: none.  */
static uint32_t
next_size (const struct path *p)
{
  if (p->bytes >= p->most)
    return 0;
  for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
    if (sizes[i] > p->bytes)
      return sizes[i] < p->most ? sizes[i] : p->most;
  return p->most;
}

uint32_t
path_try (struct path *p, uint64_t now)
{
  if (p->trying || now < p->at)
    return 0;
  p->trying = next_size (p);
  return p->trying;
}

void
path_passed (struct path *p, uint64_t now, uint32_t bytes)
{
  if (bytes == p->trying)
    p->trying = 0;
  /* One that was given up may arrive after all.  */
  if (bytes <= p->bytes || bytes > p->most)
    return;
  p->bytes = bytes;
  p->tries = 0;
  p->lost = 0;
  p->at = now;
}

void
path_failed (struct path *p, uint64_t now)
{
  p->trying = 0;
  if (++p->tries < LINK_PATH_TRIES)
    return;
  p->tries = 0;
  p->at = now + LINK_PATH_RAISE_US;
}

void
path_used (struct path *p, uint64_t now, unsigned arrived, unsigned lost)
{
  p->lost = arrived ? 0 : p->lost + lost;
  if (p->bytes == p->base || p->lost < LINK_PATH_LOST_MAX)
    return;
  p->bytes = p->base;
  p->tries = 0;
  p->lost = 0;
  p->at = now + LINK_PATH_RETRY_US;
}

uint64_t
path_deadline (const struct path *p)
{
  return p->trying || !next_size (p) ? UINT64_MAX : p->at;
}
