/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the protocol promises, one promise at a time.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel.h"
#include "run.h"

static struct world *
fresh (uint64_t seed)
{
  struct world *w = run_new (seed, &(struct run) { 0 });
  assert_null (w->failed);
  return w;
}

static void
finish (struct world *w)
{
  run_life (w, &(struct run) { .operations = 0 });
  const char *failed = run_end (w);
  if (failed)
    print_message ("# %s\n", failed);
  assert_null (failed);
}

/* The right that a task of NODE has to the root of OF.  */
static struct port *
way (struct world *w, int node, int of, int *task)
{
  for (*task = 0; *task < TASKS; ++*task)
    for (int i = 0; i < w->nodes[node].held_count[*task]; i++)
      {
	struct holding *h = &w->nodes[node].held[*task][i];
	if (h->disposition == WIRE_SEND && h->port->ghost == of)
	  return h->port;
      }
  fail ();
  return NULL;
}

/* A task of FROM (that has it) sends P to the root task of TO; what arrives.  */
static struct port *
pass (struct world *w, int from, int task, int to, struct port *p, uint8_t how)
{
  int owner;
  struct port *dest = way (w, from, to, &owner);
  struct kmsg *m = kmsg_new (w, from, task);
  kmsg_add (m, w, from, task, p, how);
  assert_true (task_send (w, from, task, dest, m));
  world_settle (w);
  m = task_receive (w, to, 0, w->nodes[to].root);
  assert_non_null (m);
  struct port *arrived = m->rights[0].port;
  free (m);
  return arrived;
}

static void
one_name_by_any_path (void **state)
{
  for (uint64_t seed = 1; seed < 40; seed++)
    {
      struct world *w = fresh (seed);
      struct port *q = task_allocate (w, 0, 1);
      struct port *b = pass (w, 0, 1, 1, q, MAKE_SEND);
      struct port *c = pass (w, 0, 1, 2, q, MAKE_SEND);
      assert_non_null (b);
      /* Again, and by way of the third node.  */
      assert_ptr_equal (pass (w, 0, 1, 1, q, MAKE_SEND), b);
      assert_ptr_equal (pass (w, 1, 0, 2, b, COPY_SEND), c);
      assert_ptr_equal (pass (w, 2, 0, 1, c, COPY_SEND), b);
      /* And home it is itself.  */
      assert_ptr_equal (pass (w, 1, 0, 0, b, COPY_SEND), q);
      assert_ptr_equal (pass (w, 2, 0, 0, c, MOVE_SEND), q);
      finish (w);
    }
}

static void
no_chain_through_the_node_between (void **state)
{
  struct world *w = fresh (5);
  struct port *q = task_allocate (w, 0, 1);
  struct port *b = pass (w, 0, 1, 1, q, MAKE_SEND);
  struct port *c = pass (w, 1, 0, 2, b, MOVE_SEND);
  world_cut (w, 0, 1);
  world_cut (w, 1, 2);
  world_settle (w);
  assert_true (c->live);
  assert_true (task_send (w, 2, 0, c, kmsg_new (w, 2, 0)));
  world_settle (w);
  struct kmsg *m = task_receive (w, 0, 1, q);
  assert_non_null (m);
  free (m);
  finish (w);
}

static void
no_senders_when_the_last_one_goes (void **state)
{
  for (uint64_t seed = 1; seed < 40; seed++)
    {
      struct world *w = fresh (seed);
      struct port *q = task_allocate (w, 0, 1), *note = task_allocate (w, 0, 1);
      struct port *b = pass (w, 0, 1, 1, q, MAKE_SEND);
      struct port *c = pass (w, 1, 0, 2, b, COPY_SEND);
      task_request_no_senders (w, 0, q, note);
      task_drop (w, 1, 0, b, WIRE_SEND);
      world_settle (w);
      assert_null (task_receive (w, 0, 1, note));
      task_drop (w, 2, 0, c, WIRE_SEND);
      world_settle (w);
      struct kmsg *m = task_receive (w, 0, 1, note);
      assert_non_null (m);
      assert_int_equal (m->kind, NO_SENDERS);
      free (m);
      finish (w);
    }
}

static void
send_once_dies_once (void **state)
{
  struct world *w = fresh (3);
  struct port *q = task_allocate (w, 0, 1);
  struct port *used = pass (w, 0, 1, 1, q, MAKE_SEND_ONCE);
  struct port *unused = pass (w, 0, 1, 1, q, MAKE_SEND_ONCE);
  assert_ptr_not_equal (used, unused);
  struct kmsg *m = kmsg_new (w, 1, 0);
  m->used = WIRE_SEND_ONCE;
  assert_true (task_send (w, 1, 0, used, m));
  task_drop (w, 1, 0, unused, WIRE_SEND_ONCE);
  world_settle (w);
  int plain = 0, gone = 0;
  while ((m = task_receive (w, 0, 1, q)))
    {
      plain += m->kind == PLAIN;
      gone += m->kind == SEND_ONCE_GONE;
      free (m);
    }
  assert_int_equal (plain, 1);
  assert_int_equal (gone, 1);
  assert_int_equal (q->onces, 0);
  finish (w);
}

static void
death_is_seen (void **state)
{
  struct world *w = fresh (4);
  struct port *q = task_allocate (w, 0, 1);
  struct port *b = pass (w, 0, 1, 1, q, MAKE_SEND);
  struct port *c = pass (w, 1, 0, 2, b, COPY_SEND);
  struct port *once = pass (w, 0, 1, 1, q, MAKE_SEND_ONCE);
  task_drop (w, 0, 1, q, WIRE_RECEIVE);
  world_settle (w);
  assert_false (b->live);
  assert_false (c->live);
  assert_false (once->live);
  finish (w);
}

static void
a_lost_node_is_death (void **state)
{
  struct world *w = fresh (6);
  struct port *q = task_allocate (w, 0, 1), *reply = task_allocate (w, 1, 1);
  struct port *b = pass (w, 0, 1, 1, q, MAKE_SEND);
  pass (w, 1, 1, 0, reply, MAKE_SEND_ONCE);
  w->faults = true;
  world_cut (w, 0, 1);
  world_settle (w);
  assert_false (b->live);
  struct kmsg *m = task_receive (w, 1, 1, reply);
  assert_non_null (m);
  assert_int_equal (m->kind, SEND_ONCE_GONE);
  free (m);
  finish (w);
}

static void
a_moved_queue_keeps_names_and_order (void **state)
{
  for (uint64_t seed = 1; seed < 60; seed++)
    {
      struct world *w = fresh (seed);
      struct port *q = task_allocate (w, 0, 1);
      int task;
      struct port *at[NODES] = { q, pass (w, 0, 1, 1, q, MAKE_SEND),
				 pass (w, 0, 1, 2, q, MAKE_SEND) };
      task_make_send (w, 0, 1, q);
      /* Everybody sends, and the queue moves meanwhile.  */
      for (int i = 0; i < 30; i++)
	{
	  int node = (int) world_random (w, NODES);
	  int sender = node == 0 ? 1 : 0;
	  if (!port_full (at[node]))
	    task_send (w, node, sender, at[node], kmsg_new (w, node, sender));
	  for (uint64_t n = world_random (w, 6); n; n--)
	    world_step (w);
	  if (i == 10)
	    {
	      struct port *dest = way (w, 0, 1, &task);
	      struct kmsg *m = kmsg_new (w, 0, 1);
	      kmsg_add (m, w, 0, 1, q, MOVE_RECEIVE);
	      assert_true (task_send (w, 0, 1, dest, m));
	    }
	}
      world_settle (w);
      struct kmsg *m = task_receive (w, 1, 0, w->nodes[1].root);
      assert_non_null (m);
      /* It is the very port that node 1's tasks knew.  */
      assert_ptr_equal (m->rights[0].port, at[1]);
      assert_int_equal (m->rights[0].disposition, WIRE_RECEIVE);
      free (m);
      assert_true (at[0]->live && at[2]->live);
      assert_ptr_equal (pass (w, 0, 1, 1, at[0], COPY_SEND), at[1]);
      /* finish() receives the rest, in order, and counts.  */
      finish (w);
    }
}

static void
a_request_moves_with_its_queue (void **state)
{
  struct world *w = fresh (9);
  struct port *q = task_allocate (w, 0, 1), *note = task_allocate (w, 0, 1);
  struct port *c = pass (w, 0, 1, 2, q, MAKE_SEND);
  task_request_no_senders (w, 0, q, note);
  struct port *moved = pass (w, 0, 1, 1, q, MOVE_RECEIVE);
  assert_non_null (moved);
  assert_null (task_receive (w, 0, 1, note));
  task_drop (w, 2, 0, c, WIRE_SEND);
  world_settle (w);
  struct kmsg *m = task_receive (w, 0, 1, note);
  assert_non_null (m);
  assert_int_equal (m->kind, NO_SENDERS);
  free (m);
  finish (w);
}

static void
a_full_queue_stops_its_senders_only (void **state)
{
  struct world *w = fresh (11);
  struct port *q = task_allocate (w, 0, 1), *other = task_allocate (w, 0, 1);
  struct port *b = pass (w, 0, 1, 1, q, MAKE_SEND);
  struct port *o = pass (w, 0, 1, 1, other, MAKE_SEND);
  int sent = 0;
  for (int i = 0; i < 200; i++)
    {
      if (!port_full (b))
	sent += task_send (w, 1, 0, b, kmsg_new (w, 1, 0));
      world_settle (w);
    }
  /* Both queues, the window, one delivery and what the engine holds.  */
  assert_true (sent < 2 * QLIMIT + 4 + 12);
  assert_true (port_full (b));
  assert_true (task_send (w, 1, 0, o, kmsg_new (w, 1, 0)));
  world_settle (w);
  struct kmsg *m = task_receive (w, 0, 1, other);
  assert_non_null (m);
  free (m);
  finish (w);
}

static void
unreachable_homes_are_relayed (void **state)
{
  struct run run = { .unreachable = true };
  struct world *w = run_new (2, &run);
  struct port *q = task_allocate (w, 0, 1);
  struct port *b = pass (w, 0, 1, 1, q, MAKE_SEND);
  struct port *c = pass (w, 1, 0, 2, b, MOVE_SEND);
  assert_non_null (c);
  assert_true (c->live);
  assert_true (task_send (w, 2, 0, c, kmsg_new (w, 2, 0)));
  world_settle (w);
  struct kmsg *m = task_receive (w, 0, 1, q);
  assert_non_null (m);
  free (m);
  finish (w);
}

static void
null_and_dead_rights (void **state)
{
  struct world *w = fresh (12);
  int task;
  struct port *dest = way (w, 0, 1, &task);
  struct kmsg *m = kmsg_new (w, 0, task);
  kmsg_add (m, w, 0, task, NULL, 0);
  kmsg_add (m, w, 0, task, NULL, 1);
  assert_true (task_send (w, 0, task, dest, m));
  world_settle (w);
  m = task_receive (w, 1, 0, w->nodes[1].root);
  assert_non_null (m);
  assert_true (!m->rights[0].port && !m->rights[0].dead);
  assert_true (!m->rights[1].port && m->rights[1].dead);
  assert_true (!m->reply.port && !m->reply.dead);
  free (m);
  finish (w);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (one_name_by_any_path),
    cmocka_unit_test (no_chain_through_the_node_between),
    cmocka_unit_test (no_senders_when_the_last_one_goes),
    cmocka_unit_test (send_once_dies_once),
    cmocka_unit_test (death_is_seen),
    cmocka_unit_test (a_lost_node_is_death),
    cmocka_unit_test (a_moved_queue_keeps_names_and_order),
    cmocka_unit_test (a_request_moves_with_its_queue),
    cmocka_unit_test (a_full_queue_stops_its_senders_only),
    cmocka_unit_test (unreachable_homes_are_relayed),
    cmocka_unit_test (null_and_dead_rights),
  };
  return cmocka_run_group_tests_name ("rights: promises", tests, NULL, NULL);
}
