/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One endpoint with several peers, whose events wait side by side; and what it costs one that
   the other goes, or that memory or indices are short when it comes.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/core/link/world.h"

/* All that FROM has to say goes to TO at once; TO's events stay where they are.  */
static void
carry (struct world *w, unsigned from, unsigned to)
{
  uint8_t datagram[LINK_DATAGRAM_BYTES_MAX];
  struct link_address address;
  size_t bytes;
  while ((bytes = link_output (w->node[from].link, w->now, datagram, sizeof datagram, &address)) > 0)
    if (memcmp (&address, &w->node[to].address, sizeof address) == 0)
      link_input (w->node[to].link, w->now, &w->node[from].address, datagram, bytes);
}

static void
expect_event (struct world *w, unsigned node, enum link_event_kind kind, unsigned peer)
{
  struct link_event e;
  assert_true (link_event (w->node[node].link, &e));
  assert_int_equal (e.kind, kind);
  assert_int_equal ((uintptr_t) e.user, peer);
  if (e.kind == LINK_MESSAGE)
    dr_buf_drop (e.message);
}

static void
expect_silence (struct world *w, unsigned node)
{
  struct link_event e;
  assert_false (link_event (w->node[node].link, &e));
}

static void
connect_all (struct world *w, uint64_t seed)
{
  world_init (w, seed, 4, world_quick);
  for (unsigned i = 1; i < 4; i++)
    world_connect (w, 0, i);
}

static void
close_all (struct world *w)
{
  for (unsigned i = 1; i < 4; i++)
    link_close (w->node[0].link, w->node[0].peer[i], false, w->now);
}

/* Events come in the order in which things happened, of whichever peers.  */
static void
events_of_several (void **state)
{
  struct world w;
  connect_all (&w, 71);
  close_all (&w);
  for (unsigned i = 1; i < 4; i++)
    expect_event (&w, 0, LINK_DOWN, i);
  expect_silence (&w, 0);
  world_free (&w);
}

/* The events of one that is unlisted are lost, at any place in the line; the others' are not, and
   what comes later is put behind them.  */
static void
one_goes_while_events_wait (void **state)
{
  for (unsigned gone = 1; gone < 4; gone++)
    {
      struct world w;
      connect_all (&w, 72);
      for (unsigned i = 1; i < 3; i++)
	link_close (w.node[0].link, w.node[0].peer[i], false, w.now);
      if (gone == 3)
	link_close (w.node[0].link, w.node[0].peer[3], false, w.now);
      link_peer_remove (w.node[0].link, w.node[0].peer[gone], w.now);
      if (gone != 3)
	link_close (w.node[0].link, w.node[0].peer[3], false, w.now);
      for (unsigned i = 1; i < 4; i++)
	if (i != gone)
	  expect_event (&w, 0, LINK_DOWN, i);
      expect_silence (&w, 0);
      w.node[0].peer[gone] = NULL;
      world_free (&w);
    }
}

/* A session that is over still gives what came before its end.  */
static void
messages_before_the_end (void **state)
{
  struct world w;
  world_init (&w, 73, 2, NULL);
  world_connect (&w, 0, 1);
  assert_int_equal (world_send (&w, 1, 0, 1, 1, 100), DR_OK);
  assert_int_equal (world_send (&w, 1, 0, 2, 1, 100), DR_OK);
  carry (&w, 1, 0);
  link_close (w.node[1].link, w.node[1].peer[0], false, w.now);
  carry (&w, 1, 0);
  expect_event (&w, 0, LINK_MESSAGE, 1);
  expect_event (&w, 0, LINK_MESSAGE, 1);
  expect_event (&w, 0, LINK_DOWN, 1);
  expect_silence (&w, 0);
  w.node[0].up[1] = false;
  expect_event (&w, 1, LINK_DOWN, 0);
  w.node[1].up[0] = false;
  world_free (&w);
}

/* One event follows link_connect, and a session that ended before anybody heard of it failed.  */
static void
over_before_it_was_told (void **state)
{
  struct world w;
  struct link_status status;
  world_init (&w, 74, 2, NULL);
  assert_int_equal (link_connect (w.node[0].link, w.node[0].peer[1], w.now), DR_OK);
  link_peer_status (w.node[0].peer[1], &status);
  assert_int_equal (status.state, LINK_CONNECTING);
  carry (&w, 0, 1);
  carry (&w, 1, 0);
  link_peer_status (w.node[0].peer[1], &status);
  assert_int_equal (status.state, LINK_CONNECTED);
  link_close (w.node[0].link, w.node[0].peer[1], false, w.now);
  expect_event (&w, 0, LINK_FAILED, 1);
  expect_silence (&w, 0);
  link_peer_status (w.node[0].peer[1], &status);
  assert_int_equal (status.state, LINK_IDLE);
  assert_int_equal (status.session, 0);
  assert_memory_equal (&status.address, &w.node[1].address, sizeof status.address);
  world_free (&w);
}

/* Receiver indices are drawn, and drawn again when taken: of sixteen here.  */
static void
few_indices (void *ctx, void *out, size_t bytes)
{
  struct node *n = ctx;
  uint8_t *p = out;
  for (size_t i = 0; i < bytes; i++)
    p[i] = (uint8_t) world_random (&n->random);
  if (bytes == 2)
    p[0] %= 16, p[1] = 0;
}

static void
drawn_from_few (struct node *n, struct link_config *c)
{
  c->random = few_indices;
  c->rekey_us = S;
}

static void
taken_indices (void **state)
{
  struct world w;
  struct link_status status;
  world_init (&w, 75, 2, drawn_from_few);
  world_connect (&w, 0, 1);
  for (unsigned i = 0; i < 60; i++)
    {
      world_works (&w, 0, 1);
      world_run (&w, w.now + S / 2, NULL);
    }
  link_peer_status (w.node[0].peer[1], &status);
  assert_true (status.rekeys > 20);
  assert_int_equal (w.node[0].downs[1] + w.node[1].downs[0], 0);
  world_free (&w);
}

/* --- No memory --------------------------------------------------------------------------- */

static void
no_memory_to_begin (void **state)
{
  struct world w;
  struct link *l = NULL;
  struct link_peer *p;
  struct account account;
  uint8_t key[LINK_KEY_BYTES] = { 9 };
  world_init (&w, 76, 2, NULL);
  account_init (&account, 1);
  account.fail_at = 1;
  assert_int_equal (link_create (&w.node[0].config, &account.alloc, 1, &l), DR_NO_MEMORY);
  assert_null (l);
  link_destroy (NULL);
  assert_int_equal (link_create (&w.node[0].config, &account.alloc, 1, &l), DR_OK);
  /* The table, then the peer.  */
  for (unsigned fail_at = 1; fail_at <= 2; fail_at++)
    {
      account.fail_at = fail_at;
      assert_int_equal (link_peer_add (l, key, NULL, NULL, &p), DR_NO_MEMORY);
      assert_null (link_peer_find (l, key));
      account.fail_at = 0;
    }
  assert_int_equal (link_peer_add (l, key, NULL, NULL, &p), DR_OK);
  assert_ptr_equal (link_peer_find (l, key), p);
  link_destroy (l);
  assert_int_equal (account.blocks, 0);
  world_free (&w);
}

/* No session can be made of a handshake, at either end: it is made of a later one.  */
static void
no_memory_for_a_session (void **state)
{
  for (unsigned node = 0; node < 2; node++)
    {
      struct world w;
      struct link_counters c;
      world_init (&w, 77, 2, NULL);
      w.node[node].account.fail_ppm = 1000000;
      assert_int_equal (link_connect (w.node[0].link, w.node[0].peer[1], w.now), DR_OK);
      world_run (&w, w.now + 3 * S, NULL);
      link_counters (w.node[node].link, &c);
      assert_true (c.dropped_memory > 0);
      assert_false (world_both_up (&w, 0, 1));
      w.node[node].account.fail_ppm = 0;
      world_run (&w, w.now + 4 * S, NULL);
      assert_true (world_both_up (&w, 0, 1));
      assert_int_equal (w.node[0].failures[1], 0);
      world_works (&w, 0, 1);
      world_free (&w);
    }
}

/* Buffers that the user gives, or has none.  */
static struct dr_buf *
give_buffer (void *ctx, size_t bytes)
{
  struct node *n = ctx;
  return world_random (&n->random) % 3 == 0 ? NULL : dr_buf_new (&n->account.alloc, bytes);
}

static void
gives_buffers (struct node *n, struct link_config *c)
{
  c->new_buffer = give_buffer;
  c->new_buffer_ctx = n;
}

static void
buffers_of_the_user (void **state)
{
  struct world w;
  world_init (&w, 78, 2, gives_buffers);
  world_connect (&w, 0, 1);
  for (unsigned i = 0; i < 100; i++)
    assert_int_equal (world_send (&w, 0, 1, i % 7, i, i * 97), DR_OK);
  world_run (&w, w.now + 5 * S, NULL);
  assert_int_equal (w.node[1].messages, 100);
  assert_int_equal (w.node[0].downs[1] + w.node[1].downs[0], 0);
  world_free (&w);
}

static void
full_mesh (void **state)
{
  struct world w;
  world_init (&w, 14, 4, NULL);
  w.loss_ppm = 20000;
  for (unsigned i = 0; i < 4; i++)
    for (unsigned j = 0; j < 4; j++)
      if (i != j)
	link_connect (w.node[i].link, w.node[i].peer[j], w.now);
  world_run (&w, w.now + 9 * S, NULL);
  for (unsigned i = 0; i < 4; i++)
    for (unsigned j = 0; j < i; j++)
      {
	assert_true (world_both_up (&w, i, j));
	world_works (&w, i, j);
      }
  world_free (&w);
}

/* Peers come and go; handles of others stay good.  */
static void
peers_come_and_go (void **state)
{
  struct world w;
  uint8_t key[LINK_KEY_BYTES] = { 0 };
  struct link_peer *extra;
  world_init (&w, 15, 3, world_quick);
  struct link *l = w.node[0].link;
  link_public_key (l, key);
  assert_int_equal (link_peer_add (l, key, NULL, NULL, &extra), DR_INVALID);
  link_public_key (w.node[1].link, key);
  assert_int_equal (link_peer_add (l, key, NULL, NULL, &extra), DR_INVALID);
  memset (key, 0, sizeof key);
  assert_int_equal (link_peer_add (l, key, NULL, NULL, &extra), DR_INVALID);
  world_connect (&w, 0, 1);
  world_connect (&w, 0, 2);
  world_send (&w, 0, 1, 1, 1, 1000000);
  world_run (&w, w.now + 2 * MS, NULL);
  link_peer_remove (l, w.node[0].peer[1], w.now);
  world_run (&w, w.now + 100 * MS, NULL);
  assert_int_equal (w.node[1].why[0], LINK_DOWN_PEER);
  world_works (&w, 0, 2);
  link_public_key (w.node[1].link, key);
  assert_int_equal (link_peer_add (l, key, &w.node[1].address, (void *) 1, &w.node[0].peer[1]),
		    DR_OK);
  w.node[0].up[1] = false;
  world_connect (&w, 1, 0);
  world_works (&w, 0, 1);
  for (unsigned i = 0; i < 62; i++)
    {
      key[0] = (uint8_t) (i + 2);
      key[5] ^= 0x55;
      assert_int_equal (link_peer_add (l, key, NULL, NULL, &extra), DR_OK);
    }
  key[0] = 200;
  assert_int_equal (link_peer_add (l, key, NULL, NULL, &extra), DR_LIMIT);
  world_works (&w, 0, 1);
  world_free (&w);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (events_of_several),
    cmocka_unit_test (one_goes_while_events_wait),
    cmocka_unit_test (messages_before_the_end),
    cmocka_unit_test (over_before_it_was_told),
    cmocka_unit_test (taken_indices),
    cmocka_unit_test (no_memory_to_begin),
    cmocka_unit_test (no_memory_for_a_session),
    cmocka_unit_test (buffers_of_the_user),
    cmocka_unit_test (full_mesh),
    cmocka_unit_test (peers_come_and_go),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
