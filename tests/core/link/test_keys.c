/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When keys are renewed and when they end, to the microsecond and to the datagram; what the
   old ones are good for meanwhile.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/limits.h"
#include "core/link/packet.h"
#include "core/link/session.h"
#include "tests/core/link/world.h"

static void
short_keys (struct node *n, struct link_config *c)
{
  c->rekey_us = 2 * S;
  c->rekey_datagrams = 50 + 30 * n->number;
}

static unsigned tick_count;

static void
count_messages (struct world *w, struct node *n, struct link_event *e, void *ctx)
{
  if (e->kind == LINK_MESSAGE)
    assert_true (world_is (e->message, tick_count++, 2000));
}

static void
rekeying (void **state)
{
  for (uint64_t seed = 1; seed <= 8; seed++)
    {
      struct world w;
      struct link_status status;
      world_init (&w, seed, 2, short_keys);
      w.loss_ppm = seed % 2 ? 50000 : 0;
      w.delay = seed * 3 * MS;
      world_connect (&w, 0, 1);
      uint64_t session = w.node[0].session[1];
      tick_count = 0;
      w.event = count_messages;
      for (unsigned i = 0; i < 1500; i++)
	{
	  assert_int_equal (world_send (&w, 0, 1, 3, i, 2000), DR_OK);
	  world_run (&w, w.now + 5 * MS, NULL);
	}
      world_run (&w, w.now + 3 * S, NULL);
      assert_int_equal (tick_count, 1500);
      w.event = NULL;
      link_peer_status (w.node[0].peer[1], &status);
      assert_true (status.rekeys >= 4);
      assert_int_equal (status.session, session);
      assert_int_equal (w.node[0].downs[1] + w.node[1].downs[0], 0);
      world_works (&w, 0, 1);
      world_free (&w);
    }
}

static bool
lose_handshakes (struct world *w, unsigned from, unsigned to, const uint8_t *data,
		 size_t bytes, void *ctx)
{
  return data[0] == PACKET_DATA;
}

/* Keys that cannot be renewed end the session, in the stated time.  */
static void
keys_grow_old (void **state)
{
  struct world w;
  world_init (&w, 13, 2, short_keys);
  world_connect (&w, 0, 1);
  w.tap = lose_handshakes;
  for (unsigned i = 0; i < 79; i++)
    world_run (&w, w.now + 100 * MS, NULL);
  assert_int_equal (w.node[0].downs[1], 0);
  world_run (&w, w.now + 300 * MS, NULL);
  assert_int_equal (w.node[0].downs[1], 1);
  assert_true (w.node[0].why[1] == LINK_DOWN_KEYS || w.node[0].why[1] == LINK_DOWN_PEER);
  world_free (&w);
}

/* Two rekeyings that cross leave a session that works.  */
static void
crossing_rekeys (void **state)
{
  for (uint64_t seed = 1; seed <= 20; seed++)
    {
      struct world w;
      world_init (&w, seed, 2, NULL);
      w.node[0].config.rekey_us = w.node[1].config.rekey_us = 3 * S;
      for (unsigned i = 0; i < 2; i++)
	{
	  world_stop (&w, i);
	  world_start (&w, i);
	}
      world_connect (&w, 0, 1);
      /* Nothing passes until both want new keys.  */
      w.tap = lose_handshakes;
      world_run (&w, w.now + 3900 * MS + seed * 20 * MS, NULL);
      w.tap = NULL;
      w.delay = seed * MS;
      uint64_t end = w.now + 20 * S;
      while (w.now < end)
	world_works (&w, 0, 1);
      assert_int_equal (w.node[0].downs[1] + w.node[1].downs[0], 0);
      world_free (&w);
    }
}

/* --- Boundaries ------------------------------------------------------------ */

/* What the tap sees: handshakes begun by each end, and one datagram that is kept.  */
struct watch
{
  unsigned begun[2];
  unsigned sent[2];			/* data */
  bool keep;			/* the next datagram of node 0, instead of losing it */
  size_t bytes;
  uint8_t data[1500];
};

static bool
watch (struct world *w, unsigned from, unsigned to, const uint8_t *data, size_t bytes, void *ctx)
{
  struct watch *x = ctx;
  x->begun[from] += data[0] == PACKET_INITIATION;
  x->sent[from] += data[0] == PACKET_DATA;
  if (x->keep && from == 0 && data[0] == PACKET_DATA)
    {
      x->keep = false;
      x->bytes = bytes;
      memcpy (x->data, data, bytes);
      return false;
    }
  return true;
}

static void
renew_late (struct node *n, struct link_config *c)
{
  c->rekey_us = 3 * S;
  c->rekey_datagrams = 1000000;
  c->dead_us = 60 * S;			/* silence says nothing here */
}

static void
renew_soon (struct node *n, struct link_config *c)
{
  renew_late (n, c);
  c->rekey_us = 1000 * S;
  c->rekey_datagrams = 40;
}

/* By age: the end that began the keys at rekey_us, the other at 5/4 of it when the first one is
   mute, and neither a microsecond sooner.  */
static void
renewed_by_age (void **state)
{
  for (unsigned end = 0; end < 2; end++)
    {
      struct world w;
      struct watch x = { { 0 } };
      world_init (&w, 31, 2, renew_late);
      uint64_t start = w.now, age = end == 0 ? 3 * S : 3 * S / 4 * 5, due;
      world_connect (&w, 0, 1);
      uint64_t connected = w.now;
      world_run (&w, w.now + 1 * S, NULL);
      w.tap = watch;
      w.ctx = &x;
      w.cut_from[0] = end == 1;
      while ((due = link_deadline (w.node[end].link)) < start + age)
	{
	  world_run (&w, due, NULL);
	  assert_int_equal (x.begun[end], 0);
	}
      assert_true (due <= connected + age);
      world_run (&w, due - 1, NULL);
      assert_int_equal (x.begun[end], 0);
      world_run (&w, due, NULL);
      assert_int_equal (x.begun[end], 1);
      world_free (&w);
    }
}

/* By count: the end that began the keys with the datagram after the 40th, no sooner.  */
static void
renewed_by_count (void **state)
{
  struct world w;
  struct watch x = { { 0 } };
  world_init (&w, 32, 2, renew_soon);
  world_connect (&w, 0, 1);
  world_run (&w, w.now + 100 * MS, NULL);
  struct link_status status;
  w.tap = watch;
  w.ctx = &x;
  for (;;)
    {
      link_peer_status (w.node[0].peer[1], &status);
      uint64_t sent = status.datagrams_sent;
      if (sent >= 40 || x.begun[0] + x.begun[1] > 0)
	break;
      assert_int_equal (world_send (&w, 0, 1, 1, 1, 100), DR_OK);
      world_run (&w, w.now + 30 * MS, NULL);
      link_peer_status (w.node[0].peer[1], &status);
      assert_true (status.datagrams_sent >= 40 || (x.begun[0] == 0 && status.rekeys == 0));
    }
  world_run (&w, w.now + 100 * MS, NULL);
  link_peer_status (w.node[0].peer[1], &status);
  assert_int_equal (status.rekeys, 1);
  assert_true (x.begun[0] >= 1);
  assert_int_equal (x.begun[1], 0);
  world_works (&w, 0, 1);
  world_free (&w);
}

static void
send_and_hold (struct world *w, struct watch *x)
{
  x->keep = true;
  assert_int_equal (world_send (w, 0, 1, 2, 7, 50), DR_OK);
  world_run (w, w->now + 1 * MS, NULL);
  assert_false (x->keep);
}

static void
rekey (struct world *w, uint64_t rekeys)
{
  struct link_status status = { 0 };
  for (unsigned i = 0; i < 200 && status.rekeys < rekeys; i++)
    {
      assert_int_equal (world_send (w, 0, 1, 1, 1, 100), DR_OK);
      world_run (w, w->now + 10 * MS, NULL);
      link_peer_status (w->node[1].peer[0], &status);
    }
  assert_int_equal (status.rekeys, rekeys);
}

/* A datagram sealed with the keys before these is taken, once; two keys back it is not.  */
static void
late_under_old_keys (void **state)
{
  for (unsigned back = 1; back <= 2; back++)
    {
      struct world w;
      struct watch x = { { 0 } };
      struct link_counters before, after;
      world_init (&w, 33, 2, renew_soon);
      world_connect (&w, 0, 1);
      w.tap = watch;
      w.ctx = &x;
      send_and_hold (&w, &x);
      rekey (&w, back);
      link_counters (w.node[1].link, &before);
      world_inject (&w, 1, &w.node[0].address, x.data, x.bytes);
      world_inject (&w, 1, &w.node[0].address, x.data, x.bytes);
      link_counters (w.node[1].link, &after);
      assert_int_equal (after.dropped_index - before.dropped_index, back == 1 ? 0 : 2);
      /* One number is fresh once, whatever keys it came under.  */
      assert_int_equal (after.dropped_replay - before.dropped_replay, back == 1 ? 1 : 0);
      assert_int_equal (after.dropped_forged - before.dropped_forged, 0);
      world_works (&w, 0, 1);
      world_free (&w);
    }
}

/* --- One session -------------------------------------------------------------- */

static struct account account;
static struct link_config config;

static struct session *
session (uint64_t now)
{
  static const struct link_address nowhere = { 1, { 1 } };
  struct session_terms terms = { 7, 1, 256 * 1024, 1024 * 1024 };
  struct keypair key = { .valid = true, .initiator = true, .local = 1, .remote = 2, .created = now,
			 .used = now };
  account_init (&account, 1);
  link_config_default (&config);
  struct session *s = session_new (&config, &account.alloc, &terms, &key, &nowhere, now);
  assert_non_null (s);
  return s;
}

/* The keys before are wiped when they were not used for 10 s, no microsecond sooner; a use
   puts it off.  */
static void
grace_of_old_keys (void **state)
{
  static const uint8_t nothing[32];
  static const struct { uint64_t used, tick; bool valid; } row[] = {
    { 0, LINK_PREVIOUS_KEY_US - 1, true }, { 0, LINK_PREVIOUS_KEY_US, false },
    { 0, LINK_PREVIOUS_KEY_US + 1, false },
    { 5 * S, LINK_PREVIOUS_KEY_US, true }, { 5 * S, 5 * S + LINK_PREVIOUS_KEY_US - 1, true },
    { 5 * S, 5 * S + LINK_PREVIOUS_KEY_US, false },
  };
  for (unsigned i = 0; i < sizeof row / sizeof *row; i++)
    {
      uint64_t now = 100 * S;
      struct session *s = session (now);
      struct keypair key = s->current;
      key.local = 3;
      memset (s->current.receive, 0x55, sizeof s->current.receive);
      session_rekey (s, &key);
      assert_true (s->previous.valid);
      assert_int_equal (s->previous.local, 1);
      s->previous.used = now + row[i].used;
      s->received_time = now + row[i].tick;
      assert_true (session_deadline (s) <= s->previous.used + LINK_PREVIOUS_KEY_US);
      session_tick (s, now + row[i].tick);
      assert_int_equal (s->down, 0);
      assert_int_equal (s->previous.valid, row[i].valid);
      if (!row[i].valid)
	assert_memory_equal (s->previous.receive, nothing, sizeof nothing);
      assert_true (s->current.valid);
      assert_int_equal (s->current.sent, 0);
      session_free (s);
      assert_int_equal (account.blocks, 0);
    }
}

/* The last number is LINK_NUMBER_MAX.  Behind it nothing is sealed, even if the session is
   asked for more before it notices that it is over: a nonce is used once.  */
static void
last_number (void **state)
{
  static const struct { uint64_t next; unsigned sends; bool down; } row[] = {
    { LINK_NUMBER_MAX - 2, 3, false }, { LINK_NUMBER_MAX - 1, 2, false }, { LINK_NUMBER_MAX, 1, true },
    { LINK_NUMBER_MAX + 1, 0, true },
  };
  for (unsigned i = 0; i < sizeof row / sizeof *row; i++)
    {
      uint64_t now = 100 * S;
      uint8_t datagram[2000];
      struct session *s = session (now);
      unsigned sent = 0;
      s->recovery.base = s->recovery.next = row[i].next;
      for (unsigned k = 0; k < 5; k++)
	{
	  s->ping = true;
	  sent += session_build (s, now, datagram, sizeof datagram) > 0;
	}
      assert_int_equal (sent, row[i].sends);
      s->recovery.base = s->recovery.next = row[i].next;
      session_tick (s, now);
      assert_int_equal (s->down, row[i].down ? LINK_DOWN_KEYS : 0);
      session_free (s);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (rekeying),
    cmocka_unit_test (keys_grow_old),
    cmocka_unit_test (crossing_rekeys),
    cmocka_unit_test (renewed_by_age),
    cmocka_unit_test (renewed_by_count),
    cmocka_unit_test (late_under_old_keys),
    cmocka_unit_test (grace_of_old_keys),
    cmocka_unit_test (last_number),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
