/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/guard.h"
#include "tests/core/link/world.h"

static uint64_t random_state;

static void
fill (void *ctx, void *out, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++)
    ((uint8_t *) out)[i] = (uint8_t) world_random (&random_state);
}

static struct link_config config;
static const uint8_t public[LINK_KEY_BYTES] = { 5 };

static void
begin (struct guard *g)
{
  link_config_default (&config);
  config.handshakes_per_second = 10;
  config.random = fill;
  guard_init (g, public, &config, S);
}

static struct link_address
address (unsigned n)
{
  return (struct link_address) { 4, { 10, (uint8_t) (n >> 16), (uint8_t) (n >> 8), (uint8_t) n } };
}

static void
buckets (void **state)
{
  struct bucket b = { 0, 0 };
  unsigned n = 0;
  for (uint64_t t = 0; t <= 10 * S; t += 1000)
    n += bucket_take (&b, t, 7, 3);
  assert_in_range (n, 69, 70);
  n = 0;
  while (bucket_take (&b, UINT64_MAX / 2, 7, 3))
    n++;
  assert_int_equal (n, 3);
}

static enum guard_verdict
admit (struct guard *g, uint64_t now, const struct link_address *from, uint8_t *initiation)
{
  return guard_admit (g, &config, now, from, initiation);
}

/* Gets a cookie for FROM and puts mac2 on.  */
static void
cookie_for (struct guard *g, const struct link_address *from, uint8_t *initiation)
{
  uint8_t reply[COOKIE_BYTES], key[GUARD_KEY_BYTES] = { 0 }, mac1_key[32], cookie_key[32];
  guard_keys (public, mac1_key, cookie_key);
  guard_reply (g, &config, from, initiation, reply);
  assert_int_equal (packet_kind (reply, COOKIE_BYTES), PACKET_COOKIE);
  assert_true (guard_open_reply (cookie_key, initiation + INITIATION_MAC1, reply, key));
  guard_mac (initiation + INITIATION_MAC2, key, initiation, INITIATION_MAC2);
  /* Another initiation's reply, or a spoilt one, does not open.  */
  reply[COOKIE_SEALED] ^= 1;
  assert_false (guard_open_reply (cookie_key, initiation + INITIATION_MAC1, reply, key));
  reply[COOKIE_SEALED] ^= 1;
  initiation[INITIATION_MAC1] ^= 1;
  assert_false (guard_open_reply (cookie_key, initiation + INITIATION_MAC1, reply, key));
  initiation[INITIATION_MAC1] ^= 1;
}

static void
under_load (void **state)
{
  struct guard g;
  uint8_t initiation[INITIATION_BYTES] = { 0 };
  struct link_address a = address (1), b = address (2);
  uint64_t now = 2 * S;
  begin (&g);
  for (unsigned i = 0; i < 10; i++)
    assert_int_equal (admit (&g, now, &a, initiation), GUARD_WORK);
  assert_int_equal (admit (&g, now, &a, initiation), GUARD_COOKIE);
  cookie_for (&g, &a, initiation);
  assert_int_equal (admit (&g, now, &a, initiation), GUARD_WORK);
  /* Not from elsewhere, not for other contents.  */
  assert_int_equal (admit (&g, now, &b, initiation), GUARD_COOKIE);
  initiation[20] ^= 1;
  assert_int_equal (admit (&g, now, &a, initiation), GUARD_COOKIE);
  initiation[20] ^= 1;
  /* One address does not get everything.  */
  unsigned n = 0;
  while (admit (&g, now, &a, initiation) == GUARD_WORK)
    n++;
  assert_int_equal (n, LINK_ADDRESS_PER_SECOND - 1);
  /* Cookies grow old.  */
  now += LINK_COOKIE_SECRET_US;
  for (unsigned i = 0; i < 10; i++)
    assert_int_equal (admit (&g, now, &b, initiation), GUARD_WORK);
  assert_int_equal (admit (&g, now, &a, initiation), GUARD_WORK);
  now += LINK_COOKIE_SECRET_US;
  for (unsigned i = 0; i < 10; i++)
    assert_int_equal (admit (&g, now, &b, initiation), GUARD_WORK);
  assert_int_equal (admit (&g, now, &a, initiation), GUARD_COOKIE);
}

/* Even with cookies, from any number of addresses, there is a most; and replies
   are bounded.  */
static void
hard_bounds (void **state)
{
  struct guard g;
  uint8_t initiation[INITIATION_BYTES] = { 0 };
  unsigned work = 0, replies = 0;
  begin (&g);
  for (unsigned i = 0; i < 3000; i++)
    {
      struct link_address from = address (i);
      memset (initiation + INITIATION_MAC2, 0, PACKET_MAC_BYTES);
      enum guard_verdict v = admit (&g, 2 * S, &from, initiation);
      if (v == GUARD_COOKIE)
	replies++;
      if (v != GUARD_WORK)
	{
	  cookie_for (&g, &from, initiation);
	  v = admit (&g, 2 * S, &from, initiation);
	}
      work += v == GUARD_WORK;
    }
  assert_int_equal (work, 10 + 10 * LINK_LOAD_FACTOR);
  assert_int_equal (replies, LINK_COOKIES_PER_SECOND);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (buckets),
    cmocka_unit_test (under_load),
    cmocka_unit_test (hard_bounds),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
