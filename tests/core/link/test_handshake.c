/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How sessions begin, and everything that must not disturb them.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/guard.h"
#include "core/link/packet.h"
#include "tests/core/link/world.h"

/* --- A recorder --------------------------------------------------------- */

#define RECORDS 512

struct record
{
  unsigned from, to;
  size_t bytes;
  uint8_t data[1500];
};

struct recorder
{
  struct record *record;
  unsigned count;
};

static bool
record_all (struct world *w, unsigned from, unsigned to, const uint8_t *data, size_t bytes,
	    void *ctx)
{
  struct recorder *r = ctx;
  if (r->count < RECORDS)
    {
      struct record *one = &r->record[r->count++];
      one->from = from;
      one->to = to;
      one->bytes = bytes;
      memcpy (one->data, data, bytes);
    }
  return true;
}

static void
record (struct world *w, struct recorder *r)
{
  r->record = calloc (RECORDS, sizeof *r->record);
  r->count = 0;
  w->tap = record_all;
  w->ctx = r;
}

/* The next recorded datagram of a kind from FROM, beginning at *AT.  */
static const struct record *
find (const struct recorder *r, unsigned *at, unsigned from, unsigned kind)
{
  while (*at < r->count)
    {
      const struct record *one = &r->record[(*at)++];
      if (one->from == from && one->data[0] == kind)
	return one;
    }
  return NULL;
}

/* --- Helpers ------------------------------------------------------------ */

static struct link_counters
count (struct world *w, unsigned node)
{
  struct link_counters c;
  link_counters (w->node[node].link, &c);
  return c;
}

/* --- Tests -------------------------------------------------------------- */

static void
connect_and_close (void **state)
{
  struct world w;
  world_init (&w, 1, 2, world_quick);
  world_connect (&w, 0, 1);
  world_works (&w, 0, 1);
  link_close (w.node[0].link, w.node[0].peer[1], false, w.now);
  world_run (&w, w.now + 100 * MS, NULL);
  assert_int_equal (w.node[0].downs[1], 1);
  assert_int_equal (w.node[0].why[1], LINK_DOWN_CLOSED);
  assert_int_equal (w.node[1].downs[0], 1);
  assert_int_equal (w.node[1].why[0], LINK_DOWN_PEER);
  assert_int_equal (world_send (&w, 0, 1, 1, 1, 10), DR_SESSION_OVER);
  world_connect (&w, 1, 0);
  world_works (&w, 0, 1);
  link_close (w.node[1].link, w.node[1].peer[0], true, w.now);
  world_run (&w, w.now + 100 * MS, NULL);
  assert_int_equal (w.node[0].why[1], LINK_DOWN_FAULT);
  world_free (&w);
}

static void
nobody_there (void **state)
{
  struct world w;
  world_init (&w, 2, 2, world_quick);
  w.cut = true;
  assert_int_equal (link_connect (w.node[0].link, w.node[0].peer[1], w.now), DR_OK);
  assert_int_equal (link_connect (w.node[0].link, w.node[0].peer[1], w.now), DR_OK);
  world_run (&w, w.now + 2900 * MS, NULL);
  assert_int_equal (w.node[0].failures[1], 0);
  world_run (&w, w.now + 200 * MS, NULL);
  assert_int_equal (w.node[0].failures[1], 1);
  world_run (&w, w.now + 10 * S, NULL);
  assert_int_equal (w.node[0].failures[1], 1);
  /* Giving up by hand gives the same event.  */
  link_connect (w.node[0].link, w.node[0].peer[1], w.now);
  link_close (w.node[0].link, w.node[0].peer[1], false, w.now);
  world_run (&w, w.now + S, NULL);
  assert_int_equal (w.node[0].failures[1], 2);
  w.cut = false;
  world_connect (&w, 0, 1);
  world_free (&w);
}

static void
no_address (void **state)
{
  struct world w;
  world_init (&w, 3, 2, world_quick);
  link_peer_address (w.node[1].peer[0], NULL);
  assert_int_equal (link_connect (w.node[1].link, w.node[1].peer[0], w.now), DR_INVALID);
  world_connect (&w, 0, 1);
  /* Now it knows.  */
  link_close (w.node[1].link, w.node[1].peer[0], false, w.now);
  world_run (&w, w.now + S, NULL);
  world_connect (&w, 1, 0);
  world_free (&w);
}

/* However the two attempts cross, one session comes out and stays.  */
static void
both_connect_at_once (void **state)
{
  for (uint64_t seed = 1; seed <= 60; seed++)
    {
      struct world w;
      world_init (&w, seed, 2, NULL);
      w.delay = 1 + seed * seed * 100;
      w.jitter = seed % 3 ? 1000 : 1;
      w.loss_ppm = seed % 4 ? 0 : 300000;
      link_connect (w.node[0].link, w.node[0].peer[1], w.now);
      world_run (&w, w.now + world_random (&w.random) % (2 * w.delay), NULL);
      link_connect (w.node[1].link, w.node[1].peer[0], w.now);
      world_run (&w, w.now + 9 * S, NULL);
      assert_true (world_both_up (&w, 0, 1));
      w.loss_ppm = 0;
      world_run (&w, w.now + 30 * S, NULL);
      assert_true (world_both_up (&w, 0, 1));
      if (seed % 4)
	assert_int_equal (w.node[0].downs[1] + w.node[1].downs[0], 0);
      world_works (&w, 0, 1);
      world_free (&w);
    }
}

/* Datagrams of the side that would win the tie do not arrive at first.  */
static void
crossing_with_one_way_blocked (void **state)
{
  for (unsigned blocked = 0; blocked < 2; blocked++)
    {
      struct world w;
      world_init (&w, 40 + blocked, 2, NULL);
      w.cut_from[blocked] = true;
      link_connect (w.node[0].link, w.node[0].peer[1], w.now);
      link_connect (w.node[1].link, w.node[1].peer[0], w.now);
      world_run (&w, w.now + 5 * S, NULL);
      assert_false (w.node[1 - blocked].up[blocked]);
      w.cut_from[blocked] = false;
      world_run (&w, w.now + 4 * S, NULL);
      assert_true (world_both_up (&w, 0, 1));
      world_works (&w, 0, 1);
      world_free (&w);
    }
}

static void
restarted_peer (void **state)
{
  struct world w;
  world_init (&w, 5, 2, NULL);
  world_connect (&w, 0, 1);
  world_works (&w, 0, 1);
  uint64_t first = w.node[0].session[1];
  world_stop (&w, 1);
  w.node[1].ups[0] = 0;
  world_start (&w, 1);
  /* The old session is not known any more; nothing answers.  */
  world_send (&w, 0, 1, 1, 1, 100);
  world_run (&w, w.now + S, NULL);
  assert_int_equal (w.node[0].downs[1], 0);
  assert_true (count (&w, 1).dropped_index > 0);
  assert_int_equal (count (&w, 1).datagrams_out, 0);
  /* The new one ends it: DOWN, then UP.  */
  link_connect (w.node[1].link, w.node[1].peer[0], w.now);
  world_run (&w, w.now + S, NULL);
  assert_int_equal (w.node[0].downs[1], 1);
  assert_int_equal (w.node[0].why[1], LINK_DOWN_REPLACED);
  assert_int_equal (w.node[0].ups[1], 2);
  assert_true (world_both_up (&w, 0, 1));
  assert_true (w.node[0].session[1] != first);
  world_works (&w, 0, 1);
  world_free (&w);
}

/* Everything that was ever sent, again, from the same and from another address,
   at several moments: the session does not notice.  */
static void
replays (void **state)
{
  struct world w;
  struct recorder r;
  static const struct link_address stranger = { 6, { 9, 9, 9, 9, 9, 9 } };
  world_init (&w, 8, 2, NULL);
  record (&w, &r);
  world_connect (&w, 0, 1);
  world_works (&w, 0, 1);
  uint64_t session = w.node[1].session[0], got = w.node[1].messages;
  for (unsigned round = 0; round < 3; round++)
    {
      unsigned n = r.count;
      uint64_t out = count (&w, 1).datagrams_out;
      for (unsigned i = 0; i < n; i++)
	world_inject (&w, r.record[i].to, round ? &stranger : &w.node[r.record[i].from].address,
		      r.record[i].data, r.record[i].bytes);
      world_run (&w, w.now + 20 * MS, NULL);
      assert_int_equal (count (&w, 1).datagrams_out, out);
      assert_int_equal (w.node[1].messages, got);
      assert_int_equal (w.node[0].downs[1] + w.node[1].downs[0], 0);
      assert_int_equal (w.node[1].session[0], session);
      world_works (&w, 0, 1);
      got++;
    }
  /* Also of an epoch before the last one.  */
  world_stop (&w, 0);
  world_start (&w, 0);
  world_connect (&w, 0, 1);
  session = w.node[1].session[0];
  unsigned downs = w.node[1].downs[0], at = 0;
  uint64_t out = count (&w, 1).datagrams_out;
  const struct record *one;
  while ((one = find (&r, &at, 0, PACKET_INITIATION)) && at < 10)
    world_inject (&w, 1, &stranger, one->data, one->bytes);
  assert_true (at > 0);
  world_run (&w, w.now + 20 * MS, NULL);
  assert_int_equal (count (&w, 1).datagrams_out, out);
  world_run (&w, w.now + 10 * S, NULL);
  assert_int_equal (w.node[1].downs[0], downs);
  assert_int_equal (w.node[1].session[0], session);
  world_works (&w, 0, 1);
  free (r.record);
  world_free (&w);
}

/* An initiation that was recorded but never arrived may be answered, once, and
   changes nothing: without the keys nobody confirms it.  */
static void
withheld_initiation (void **state)
{
  struct world w;
  struct recorder r;
  unsigned at = 0;
  world_init (&w, 9, 2, NULL);
  record (&w, &r);
  w.cut = true;
  link_connect (w.node[0].link, w.node[0].peer[1], w.now);
  world_run (&w, w.now + 100 * MS, NULL);
  const struct record *old = find (&r, &at, 0, PACKET_INITIATION);
  assert_non_null (old);
  world_stop (&w, 0);
  world_start (&w, 0);
  w.cut = false;
  world_connect (&w, 0, 1);
  uint64_t session = w.node[1].session[0];
  for (unsigned i = 0; i < 5; i++)
    {
      world_inject (&w, 1, &w.node[0].address, old->data, old->bytes);
      world_run (&w, w.now + 50 * MS, NULL);
    }
  world_works (&w, 0, 1);
  world_run (&w, w.now + 20 * S, NULL);
  assert_int_equal (w.node[1].downs[0], 0);
  assert_int_equal (w.node[1].session[0], session);
  world_works (&w, 0, 1);
  free (r.record);
  world_free (&w);
}

/* A genuine initiation from somebody not listed: not one datagram back.  */
static void
unknown_peer (void **state)
{
  struct world w;
  world_init (&w, 10, 2, world_quick);
  link_peer_remove (w.node[1].link, w.node[1].peer[0], w.now);
  w.node[1].peer[0] = NULL;
  link_connect (w.node[0].link, w.node[0].peer[1], w.now);
  world_run (&w, w.now + 10 * S, NULL);
  assert_int_equal (w.node[0].failures[1], 1);
  assert_int_equal (count (&w, 1).datagrams_out, 0);
  assert_true (count (&w, 1).dropped_unknown >= 2);
  world_free (&w);
}

static uint64_t
dropped (const struct link_counters *c)
{
  return c->dropped_garbage + c->dropped_index + c->dropped_replay + c->dropped_forged
    + c->dropped_unknown + c->dropped_load + c->dropped_memory + c->dropped_late;
}

/* Random bytes, truncations and spoilt copies of real datagrams.  */
static void
garbage (void **state)
{
  struct world w;
  struct recorder r;
  world_init (&w, 11, 2, NULL);
  record (&w, &r);
  world_connect (&w, 0, 1);
  world_works (&w, 0, 1);
  struct link_counters before = count (&w, 1);
  size_t memory = w.node[1].account.bytes;
  uint64_t injected = 0;
  uint8_t bytes[1500];
  for (unsigned i = 0; i < 20000; i++)
    {
      size_t n = world_random (&w.random) % sizeof bytes;
      for (size_t j = 0; j < n; j++)
	bytes[j] = (uint8_t) world_random (&w.random);
      if (i % 2 && n >= 4)
	packet_head (bytes, 1 + i / 2 % 4);
      world_inject (&w, 1, &w.node[0].address, bytes, n);
      injected++;
    }
  for (unsigned i = 0; i < r.count; i++)
    {
      struct record one = r.record[i];
      if (one.to != 1)
	continue;
      for (size_t n = 0; n < one.bytes; n++, injected++)
	world_inject (&w, 1, &w.node[0].address, one.data, n);
      /* The number of data datagrams is what a replay is told by: make it new.  */
      if (one.data[0] == PACKET_DATA)
	packet_put64 (one.data + DATA_NUMBER, 1000000 + i);
      for (size_t n = 0; n < 8 * one.bytes; n += 7, injected++)
	{
	  one.data[n / 8] ^= (uint8_t) (1 << n % 8);
	  world_inject (&w, 1, &w.node[0].address, one.data, one.bytes);
	  one.data[n / 8] ^= (uint8_t) (1 << n % 8);
	}
    }
  struct link_counters after = count (&w, 1);
  assert_int_equal (dropped (&after) - dropped (&before), injected);
  assert_int_equal (w.node[1].account.bytes, memory);
  assert_int_equal (w.node[1].downs[0], 0);
  /* None of it cost a key exchange: no mac1 was right, or the rate was over.  */
  assert_true (after.handshakes_worked - before.handshakes_worked < 200);
  world_works (&w, 0, 1);
  free (r.record);
  world_free (&w);
}

/* Anybody who knows a public key can make a right mac1: what is behind it is looked at, and must
   be right too.  PART: which byte of the noise message, from its end, is another one.  */
static void
forge (struct world *w, const struct record *real, unsigned owner, unsigned mac1_at, unsigned part)
{
  struct record one = *real;
  uint8_t public[LINK_KEY_BYTES], mac1_key[32], cookie_key[32];
  link_public_key (w->node[owner].link, public);
  guard_keys (public, mac1_key, cookie_key);
  one.data[mac1_at - 1 - part] ^= 1;
  guard_mac (one.data + mac1_at, mac1_key, one.data, mac1_at);
  struct link_counters before = count (w, owner), after;
  world_inject (w, owner, &w->node[1 - owner].address, one.data, one.bytes);
  after = count (w, owner);
  assert_int_equal (after.dropped_forged, before.dropped_forged + 1);
  assert_int_equal (dropped (&after), dropped (&before) + 1);
}

static bool
record_only (struct world *w, unsigned from, unsigned to, const uint8_t *data, size_t bytes, void *ctx)
{
  record_all (w, from, to, data, bytes, ctx);
  return false;
}

static void
forged_insides (void **state)
{
  struct world w;
  struct recorder r;
  unsigned at = 0;
  world_init (&w, 16, 2, NULL);
  record (&w, &r);
  w.tap = record_only;
  link_connect (w.node[0].link, w.node[0].peer[1], w.now);
  world_run (&w, w.now + MS, NULL);
  const struct record *initiation = find (&r, &at, 0, PACKET_INITIATION);
  assert_non_null (initiation);
  /* The payload's tag, the payload, the tag of the initiator's key, that key.  */
  forge (&w, initiation, 1, INITIATION_MAC1, 0);
  forge (&w, initiation, 1, INITIATION_MAC1, 20);
  forge (&w, initiation, 1, INITIATION_MAC1, 60);
  forge (&w, initiation, 1, INITIATION_MAC1, 80);

  world_inject (&w, 1, &w.node[0].address, initiation->data, initiation->bytes);
  world_run (&w, w.now + MS, NULL);
  at = 0;
  const struct record *response = find (&r, &at, 1, PACKET_RESPONSE);
  assert_non_null (response);
  forge (&w, response, 0, RESPONSE_MAC1, 0);
  forge (&w, response, 0, RESPONSE_MAC1, 20);

  /* A cookie for the right initiation, by one who does not have the key.  */
  uint8_t cookie[COOKIE_BYTES] = { 0 };
  packet_head (cookie, PACKET_COOKIE);
  memcpy (cookie + COOKIE_RECEIVER, initiation->data + INITIATION_SENDER, 4);
  struct link_counters before = count (&w, 0), after;
  world_inject (&w, 0, &w.node[1].address, cookie, sizeof cookie);
  after = count (&w, 0);
  assert_int_equal (after.dropped_forged, before.dropped_forged + 1);

  w.tap = NULL;
  world_run (&w, w.now + 5 * S, NULL);
  assert_true (world_both_up (&w, 0, 1));
  world_works (&w, 0, 1);
  free (r.record);
  world_free (&w);
}

/* A node that starts again and again, and is never heard: what was answered to its earlier lives
   makes room for the last one, beside the live session with which it began.  */
static void
many_lives (void **state)
{
  struct world w;
  world_init (&w, 17, 2, NULL);
  world_connect (&w, 0, 1);
  w.cut_from[1] = true;
  for (unsigned life = 0; life < 3 * LINK_HALF_OPEN_MAX; life++)
    {
      world_stop (&w, 0);
      world_start (&w, 0);
      link_connect (w.node[0].link, w.node[0].peer[1], w.now);
      world_run (&w, w.now + 100 * MS, NULL);
    }
  w.cut_from[1] = false;
  world_run (&w, w.now + 3 * S, NULL);
  assert_true (w.node[0].up[1] && w.node[1].up[0]);
  world_works (&w, 0, 1);
  world_free (&w);
}

/* --- Load --------------------------------------------------------------- */

static void
many_nodes (struct node *n, struct link_config *c)
{
  c->handshakes_per_second = 5;
  c->connect_us = 20 * S;
}

static uint64_t flood_sent;

/* Initiations with a right mac1 (anybody who knows the public key makes them)
   from ever changing addresses; node 2 wants to connect meanwhile.  */
static void
flood (struct world *w, const uint8_t *initiation, const uint8_t mac1_key[32])
{
  uint8_t copy[INITIATION_BYTES];
  for (unsigned i = 0; i < 50; i++)
    {
      struct link_address from = { 6, { 0 } };
      uint64_t r = world_random (&w->random);
      memcpy (from.data, &r, 6);
      from.data[5] |= 0x80;
      memcpy (copy, initiation, sizeof copy);
      r = world_random (&w->random);
      memcpy (copy + INITIATION_NOISE, &r, sizeof r);
      guard_mac (copy + INITIATION_MAC1, mac1_key, copy, INITIATION_MAC1);
      world_inject (w, 1, &from, copy, sizeof copy);
      flood_sent++;
    }
}


static void
handshake_flood (void **state)
{
  struct world w;
  struct recorder r;
  unsigned at = 0;
  uint8_t public[LINK_KEY_BYTES], mac1_key[32], cookie_key[32];
  world_init (&w, 12, 3, many_nodes);
  record (&w, &r);
  world_connect (&w, 0, 1);
  const struct record *real = find (&r, &at, 0, PACKET_INITIATION);
  link_public_key (w.node[1].link, public);
  guard_keys (public, mac1_key, cookie_key);
  struct link_counters before = count (&w, 1);
  size_t memory = w.node[1].account.most;
  flood_sent = 0;
  link_connect (w.node[2].link, w.node[2].peer[1], w.now);
  uint64_t start = w.now;
  while (w.now < start + 10 * S)
    {
      flood (&w, real->data, mac1_key);
      world_run (&w, w.now + 10 * MS, NULL);
    }
  struct link_counters after = count (&w, 1);
  assert_true (flood_sent >= 50000);
  assert_true (after.cookies_sent > before.cookies_sent);
  /* 5 per second, and what had gathered.  */
  assert_true (after.handshakes_worked - before.handshakes_worked <= 5 * 11 + 5);
  /* Who answers with the cookie gets in all the same.  */
  assert_true (world_both_up (&w, 2, 1));
  assert_true (w.node[1].account.most < memory + 200000);
  world_works (&w, 0, 1);
  world_works (&w, 2, 1);
  assert_int_equal (w.node[1].downs[0], 0);
  free (r.record);
  world_free (&w);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (connect_and_close),
    cmocka_unit_test (nobody_there),
    cmocka_unit_test (no_address),
    cmocka_unit_test (both_connect_at_once),
    cmocka_unit_test (crossing_with_one_way_blocked),
    cmocka_unit_test (restarted_peer),
    cmocka_unit_test (replays),
    cmocka_unit_test (withheld_initiation),
    cmocka_unit_test (unknown_peer),
    cmocka_unit_test (garbage),
    cmocka_unit_test (forged_insides),
    cmocka_unit_test (many_lives),
    cmocka_unit_test (handshake_flood),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
