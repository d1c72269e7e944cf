/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peer that sends anything: nothing crashes, nothing leaks, nothing is reached
   that it was not given.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rights/frames.h"
#include "kernel.h"
#include "run.h"

static void
tampered_frames (void **state)
{
  run_seeds (&(struct run) { .operations = 2000, .hostile = true }, 1, 250);
}

/* To node 0.  */
static enum dr_status
give_from (struct world *w, int node, uint64_t stream, const void *data, size_t bytes)
{
  struct dr_buf *buf = dr_buf_new (&w->alloc, bytes);
  memcpy (buf->data, data, bytes);
  enum dr_status st = rights_frame (w->nodes[0].rights, w->now,
				    w->nodes[0].session[node], stream, buf);
  dr_buf_drop (buf);
  return st;
}

static enum dr_status
give (struct world *w, uint64_t stream, const void *data, size_t bytes)
{
  return give_from (w, 1, stream, data, bytes);
}

static enum dr_status
give_frame (struct world *w, int node, const struct frame *f)
{
  uint8_t bytes[FRAME_CONTROL_BYTES_MAX];
  size_t size = frame_write (f, bytes);
  return give_from (w, node, f->type < FRAME_CREDIT ? f->handle : 0, bytes, size);
}

static void
random_bytes (void **state)
{
  struct world *w = run_new (1, &(struct run) { 0 });
  w->hostile = 1;
  unsigned refused = 0;
  for (int i = 0; i < 30000; i++)
    {
      uint8_t bytes[200];
      size_t size = 1 + world_random (w, sizeof bytes);
      for (size_t b = 0; b < size; b++)
	bytes[b] = (uint8_t) world_random (w, 256);
      bytes[0] = (uint8_t) world_random (w, 40);
      refused += give (w, world_random (w, 4), bytes, size) != DR_OK;
    }
  assert_true (refused > 29000);
  w->hostile = -1;
  world_cut (w, 0, 1);
  run_life (w, &(struct run) { .operations = 1 });
  assert_null (run_end (w));
}

static size_t
message_for (uint64_t handle, uint8_t *to)
{
  struct dr_out out = dr_out (to, 100);
  struct message_head head = { .handle = handle, .id = 7 };
  struct desc none = { .kind = DESC_NULL };
  message_head_write (&out, &head);
  desc_write (&out, &none);
  while ((out.at - to) % 8)
    dr_out_u8 (&out, 0);
  return (size_t) (out.at - to);
}

static void
what_was_not_given (void **state)
{
  struct world *w = run_new (1, &(struct run) { 0 });
  struct rights *r = w->nodes[0].rights;
  struct rights_counts before, after;
  uint8_t bytes[FRAME_CONTROL_BYTES_MAX];

  world_settle (w);
  /* Node 0 gave its root to nodes 1 and 2, by handle; a queue that it gave to
     node 2 alone must be out of node 1's reach.  */
  struct port *secret = task_allocate (w, 0, 1);
  struct kmsg *m = kmsg_new (w, 0, 1);
  kmsg_add (m, w, 0, 1, secret, MAKE_SEND);
  struct port *to = NULL;
  for (int t = 0; t < TASKS; t++)
    for (int i = 0; i < w->nodes[0].held_count[t]; i++)
      if (w->nodes[0].held[t][i].port->ghost == 2)
	to = w->nodes[0].held[t][i].port;
  assert_non_null (to);
  assert_true (task_send (w, 0, 1, to, m));
  world_settle (w);
  rights_count (r, &before);
  unsigned reached = 0;
  for (uint64_t handle = 1; handle < 50; handle++)
    {
      size_t size = message_for (handle, bytes);
      reached += give (w, handle, bytes, size) == DR_OK;
      struct frame f = { .type = FRAME_GRANT, .handle = handle, .id = 1000 + handle };
      memset (f.key.bytes, 'A' + 2, sizeof f.key.bytes);
      size = frame_write (&f, bytes);
      give (w, handle, bytes, size);
      f = (struct frame) { .type = FRAME_RELEASE, .handle = handle, .count = 50 };
      size = frame_write (&f, bytes);
      assert_int_equal (give (w, handle, bytes, size), DR_PEER_FAULT);
      f = (struct frame) { .type = FRAME_ONCE_GONE, .handle = handle };
      size = frame_write (&f, bytes);
      assert_int_equal (give (w, handle, bytes, size), DR_PEER_FAULT);
    }
  /* Its root, and nothing else.  */
  assert_int_equal (reached, 1);
  assert_int_equal (secret->queued, 0);
  rights_count (r, &after);
  assert_int_equal (before.queues, after.queues);
  assert_int_equal (before.exports, after.exports);
  w->hostile = 1;
  world_cut (w, 0, 1);
  world_settle (w);
  run_life (w, &(struct run) { .operations = 1 });
  assert_null (run_end (w));
}

/* Node 1 lies to node 2 about what it granted, or to node 0 about whom it granted it to:
   node 2 gets nothing, and is not at fault.  */
static void
claims_of_what_was_not_granted (void **state)
{
  struct world *w = run_new (1, &(struct run) { 0 });
  struct rights *r = w->nodes[0].rights;
  struct rights_counts before, after;
  struct frame claim = { .type = FRAME_CLAIM, .id = 500 }, grant = { .type = FRAME_GRANT };
  world_settle (w);
  rights_count (r, &before);
  memset (claim.key.bytes, 'A' + 1, sizeof claim.key.bytes);
  memset (grant.key.bytes, 'Z', sizeof grant.key.bytes);
  claim.count = w->link[0][1];
  /* The handle of node 0's root, which node 1 holds.  */
  for (grant.handle = 1; grant.handle < 50; grant.handle++)
    {
      grant.id = 500 + grant.handle;
      if (give_frame (w, 1, &grant) == DR_OK)
	break;
    }
  assert_int_not_equal (grant.handle, 50);
  /* The grant is there, for another one.  */
  claim.id = grant.id;
  assert_int_equal (give_frame (w, 2, &claim), DR_OK);
  /* The claim is there first.  */
  claim.id = grant.id = 600;
  assert_int_equal (give_frame (w, 2, &claim), DR_OK);
  assert_int_equal (give_frame (w, 2, &claim), DR_PEER_FAULT);	/* twice is its own fault */
  assert_int_equal (give_frame (w, 1, &grant), DR_OK);
  rights_count (r, &after);
  assert_int_equal (before.exports, after.exports);
  w->hostile = 1;
  world_cut (w, 0, 1);
  world_cut (w, 0, 2);		/* node 2 never asked for the answers */
  world_settle (w);
  run_life (w, &(struct run) { .operations = 1 });
  assert_null (run_end (w));
}

static void
truncations (void **state)
{
  uint8_t bytes[FRAME_CONTROL_BYTES_MAX];
  struct frame f, g;
  for (int type = FRAME_RELEASE; type <= FRAME_ROOT; type++)
    {
      if (type > FRAME_UNGRANT && type < FRAME_CREDIT)
	continue;
      memset (&f, 0, sizeof f);
      f.type = (uint8_t) type;
      f.handle = 77;
      f.count = 3;
      f.id = 99;
      f.flag = true;
      f.error = 5;
      f.credits_count = 2;
      f.credits[1] = (struct credit) { 5, 6, 7 };
      f.at.address.bytes = 6;
      f.at.number = 12;
      f.identity.serial = 8;
      size_t size = frame_write (&f, bytes);
      assert_true (frame_read (bytes, size, &g));
      uint8_t again[FRAME_CONTROL_BYTES_MAX];
      assert_int_equal (frame_write (&g, again), size);
      assert_memory_equal (again, bytes, size);
      for (size_t cut = 0; cut < size; cut++)
	assert_false (frame_read (bytes, cut, &g));
      bytes[size] = 0;
      assert_false (frame_read (bytes, size + 1, &g));
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (truncations),
    cmocka_unit_test (random_bytes),
    cmocka_unit_test (what_was_not_given),
    cmocka_unit_test (claims_of_what_was_not_granted),
    cmocka_unit_test (tampered_frames),
  };
  return cmocka_run_group_tests_name ("rights: hostile peers", tests, NULL, NULL);
}
