/* SPDX-License-Identifier: GPL-2.0-or-later */
/* R7: a peer that may send any frames, in any order, must not crash the engine, make
   it leak, or reach a queue that was not exported to it.

   The input is a list of frames: stream (1 byte), length (2 bytes), bytes.  A stream of
   255 lets time pass; 254 lets a second, honest peer's session end.  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kernel/check.h"
#include "sim/world/node.h"
#include "fuzz/heap.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

struct scene
{
  struct node *node;
  struct mk_task *user;
  mk_name root, secret;
};

static void
on_send (void *ctx, struct node *node, uint64_t session, uint64_t stream, struct dr_buf *buf, bool lazy)
{
  dr_buf_drop (buf);
}

static void on_connect (void *ctx, struct node *node, const struct rights_key *key) { }

static mk_name
on_root (void *ctx, struct node *node, uint64_t session)
{
  struct scene *s = ctx;
  mk_name name = MK_NULL;
  mk_extract_right (s->user, s->root, MK_MAKE_SEND, node_task (node), &name);
  return name;
}

static void
on_root_came (void *ctx, struct node *node, mk_name name)
{
  if (name != MK_NULL)
    mk_deallocate (node_task (node), name);
}

static void
on_wrong (void *ctx, struct node *node, const char *what)
{
  fprintf (stderr, "fuzz_rights: %s\n", what);
  dr_assert (!"the driver was asked for something impossible");
}

static void on_trace (void *ctx, struct node *node, const char *format, ...) { }

static void
settle (struct scene *s, uint64_t now)
{
  bool moved = true;
  for (unsigned round = 0; moved && round < 1000; round++)
    {
      moved = false;
      struct mk_message m;
      while (mk_receive (s->user, s->root, &m) == MK_SUCCESS)
	{
	  moved = true;
	  for (size_t i = 0; i <= m.rights; i++)
	    {
	      struct mk_message_right right = i < m.rights ? m.right[i] : m.remote;
	      if (right.name != MK_NULL && right.name != MK_DEAD && right.name != s->root)
		mk_destroy_name (s->user, right.name);
	    }
	}
      for (size_t i = 0; i < node_choices (s->node); i++)
	moved |= node_choose (s->node, i, now);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct scene s = { 0 };
  struct node_world asks = { &s, on_send, on_connect, on_root, on_root_came, on_wrong, on_trace };
  struct rights_config config;
  rights_config_default (&config);
  config.key.bytes[0] = 2;
  config.epoch = 1;
  config.message_bytes_max = 1 << 16;
  s.node = node_create (&asks, &config, &heap);
  s.user = mk_task_create (node_kernel (s.node));
  mk_allocate (s.user, MK_RECEIVE, &s.root);
  mk_allocate (s.user, MK_RECEIVE, &s.secret);
  mk_insert_right (s.user, s.secret, s.user, s.secret, MK_MAKE_SEND);
  uint64_t now = 1, hostile, honest;
  struct rights_key key = { { 1 } }, other = { { 3 } };
  dr_assert (rights_session_up (node_engine (s.node), now, &key, 1, NULL, &hostile) == DR_OK);
  dr_assert (rights_session_up (node_engine (s.node), now, &other, 2, NULL, &honest) == DR_OK);

  bool up = true;
  while (size >= 3 && up)
    {
      uint64_t stream = data[0];
      size_t bytes = data[1] | (size_t) data[2] << 8;
      data += 3;
      size -= 3;
      if (bytes > size)
	bytes = size;
      now += 1000;
      if (stream == 255)
	{
	  now += 10000000;
	  rights_tick (node_engine (s.node), now);
	}
      else if (stream == 254)
	rights_session_down (node_engine (s.node), now, honest);
      else
	{
	  struct dr_buf *frame = dr_buf_new (&heap, bytes);
	  memcpy (frame->data, data, bytes);
	  up = rights_frame (node_engine (s.node), now, hostile, stream, frame) != DR_PEER_FAULT;
	  dr_buf_drop (frame);
	}
      data += bytes;
      size -= bytes;
      node_run (s.node, now);
      settle (&s, now);
    }
  rights_session_down (node_engine (s.node), now, hostile);
  rights_session_down (node_engine (s.node), now, honest);
  for (unsigned i = 0; i < 100; i++)
    {
      node_run (s.node, now);
      settle (&s, now);
      now += 1000000;
      rights_tick (node_engine (s.node), now);
    }
  struct mk_message m;
  dr_assert (mk_receive (s.user, s.secret, &m) == MK_RCV_TIMED_OUT);
  dr_assert (mk_check (node_kernel (s.node)) == NULL);
  struct rights_counts c;
  rights_count (node_engine (s.node), &c);
  dr_assert (c.queues + c.proxies + c.locals + c.exports + c.imports + c.tombstones + c.handoffs
	     + c.claims + c.grants + c.pins + c.messages + c.deliveries + c.message_bytes == 0);
  mk_name names[2];
  dr_assert (mk_names (node_task (s.node), names, 2) == 1);
  node_destroy (s.node);
  return 0;
}
