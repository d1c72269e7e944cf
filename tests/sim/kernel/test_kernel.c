/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model kernel against the rules of Mach that the scenarios rely on, and
   against its own books under random calls.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sim/kernel/check.h"
#include "sim/kernel/kernel.h"

static struct mk_message
message (mk_name to, enum mk_disposition how)
{
  struct mk_message m = { .id = 1, .remote = { to, how } };
  return m;
}

static void
test_same_right_same_name (void **state)
{
  struct mk *k = mk_create ();
  struct mk_task *a = mk_task_create (k), *b = mk_task_create (k);
  mk_name port, in_b, q;
  assert_int_equal (mk_allocate (a, MK_RECEIVE, &port), MK_SUCCESS);
  assert_int_equal (mk_allocate (b, MK_RECEIVE, &q), MK_SUCCESS);
  assert_int_equal (mk_extract_right (b, q, MK_MAKE_SEND, a, &in_b), MK_SUCCESS);
  struct mk_message m = message (in_b, MK_COPY_SEND), r;
  m.rights = 2;
  m.right[0] = m.right[1] = (struct mk_message_right) { port, MK_MAKE_SEND };
  assert_int_equal (mk_send (a, &m), MK_SUCCESS);
  assert_int_equal (mk_receive (b, q, &r), MK_SUCCESS);
  assert_int_equal (r.right[0].name, r.right[1].name);
  uint32_t refs;
  assert_int_equal (mk_get_refs (b, r.right[0].name, MK_SEND, &refs), MK_SUCCESS);
  assert_int_equal (refs, 2);
  assert_null (mk_check (k));
  mk_destroy (k);
}

static void
test_no_senders_waits_for_the_queue (void **state)
{
  struct mk *k = mk_create ();
  struct mk_task *t = mk_task_create (k);
  mk_name port, notify, previous;
  mk_allocate (t, MK_RECEIVE, &port);
  mk_allocate (t, MK_RECEIVE, &notify);
  assert_int_equal (mk_insert_right (t, port, t, port, MK_MAKE_SEND), MK_SUCCESS);
  assert_int_equal (mk_request_notification (t, port, MK_NOTIFY_NO_SENDERS, 1, notify,
					     MK_MAKE_SEND_ONCE, &previous), MK_SUCCESS);
  struct mk_message m = message (port, MK_MOVE_SEND), r;
  assert_int_equal (mk_send (t, &m), MK_SUCCESS);
  assert_int_equal (mk_receive (t, notify, &r), MK_RCV_TIMED_OUT);
  assert_int_equal (mk_receive (t, port, &r), MK_SUCCESS);
  assert_int_equal (mk_receive (t, notify, &r), MK_SUCCESS);
  assert_int_equal (r.id, MK_NOTIFY_NO_SENDERS);
  assert_int_equal (r.data[0], 1);
  mk_destroy (k);
}

static void
test_death (void **state)
{
  struct mk *k = mk_create ();
  struct mk_task *a = mk_task_create (k), *b = mk_task_create (k);
  mk_name port, in_b, notify, previous;
  mk_allocate (a, MK_RECEIVE, &port);
  mk_allocate (b, MK_RECEIVE, &notify);
  mk_extract_right (a, port, MK_MAKE_SEND, b, &in_b);
  mk_request_notification (b, in_b, MK_NOTIFY_DEAD_NAME, 0, notify, MK_MAKE_SEND_ONCE,
			   &previous);
  struct mk_message m = message (in_b, MK_COPY_SEND), r;
  m.local = (struct mk_message_right) { notify, MK_MAKE_SEND_ONCE };
  mk_send (b, &m);
  mk_task_terminate (a);
  /* First the message in the queue, whose reply right reports its death.  */
  assert_int_equal (mk_receive (b, notify, &r), MK_SUCCESS);
  assert_int_equal (r.id, MK_NOTIFY_SEND_ONCE);
  assert_int_equal (mk_receive (b, notify, &r), MK_SUCCESS);
  assert_int_equal (r.id, MK_NOTIFY_DEAD_NAME);
  uint32_t refs;
  mk_get_refs (b, in_b, MK_DEAD_NAME, &refs);
  assert_int_equal (refs, 2);
  assert_int_equal (mk_send (b, &m), MK_SEND_INVALID_DEST);
  mk_destroy (k);
}

static void
test_queue_limit (void **state)
{
  struct mk *k = mk_create ();
  struct mk_task *t = mk_task_create (k);
  mk_name port;
  mk_allocate (t, MK_RECEIVE, &port);
  struct mk_message once = message (port, MK_MAKE_SEND_ONCE), m = message (port, MK_MAKE_SEND);
  for (unsigned i = 0; i < MK_QLIMIT_DEFAULT; i++)
    assert_int_equal (mk_send (t, &m), MK_SUCCESS);
  assert_int_equal (mk_send (t, &m), MK_SEND_TIMED_OUT);
  assert_int_equal (mk_send (t, &once), MK_SUCCESS);
  assert_null (mk_check (k));
  mk_destroy (k);
}

static void
test_receive_right_to_itself_is_destroyed (void **state)
{
  struct mk *k = mk_create ();
  struct mk_task *t = mk_task_create (k);
  mk_name port;
  mk_allocate (t, MK_RECEIVE, &port);
  mk_insert_right (t, port, t, port, MK_MAKE_SEND);
  struct mk_message m = message (port, MK_COPY_SEND);
  m.rights = 1;
  m.right[0] = (struct mk_message_right) { port, MK_MOVE_RECEIVE };
  assert_int_equal (mk_send (t, &m), MK_SUCCESS);
  uint32_t type;
  assert_int_equal (mk_type (t, port, &type), MK_SUCCESS);
  assert_int_equal (type, MK_TYPE_DEAD_NAME);
  assert_int_equal (mk_ports_alive (k), 0);
  mk_destroy (k);
}

static uint32_t
roll (uint64_t *seed, uint32_t n)
{
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t) (*seed >> 33) % n;
}

enum { TASKS = 3, NAMES = 6 };

static enum mk_disposition
any_disposition (uint64_t *seed)
{
  return MK_MOVE_RECEIVE + roll (seed, 6);
}

static void
random_call (struct mk_task **task, uint64_t *seed)
{
  struct mk_task *t = task[roll (seed, TASKS)], *u = task[roll (seed, TASKS)];
  mk_name name = 1 + roll (seed, NAMES), other = 1 + roll (seed, NAMES), out;
  struct mk_message m;
  switch (roll (seed, 14))
    {
    case 0: mk_allocate (t, roll (seed, 5), &out); break;
    case 1: mk_deallocate (t, name); break;
    case 2: mk_mod_refs (t, name, roll (seed, 5), (int32_t) roll (seed, 4) - 2); break;
    case 3: mk_insert_right (t, name, u, other, any_disposition (seed)); break;
    case 4: mk_extract_right (t, name, any_disposition (seed), u, &out); break;
    case 5: mk_destroy_name (t, name); break;
    case 6:
      {
	static const int32_t ids[] = { MK_NOTIFY_NO_SENDERS, MK_NOTIFY_DEAD_NAME,
	  MK_NOTIFY_PORT_DESTROYED, 99 };
	mk_request_notification (t, name, ids[roll (seed, 4)], roll (seed, 2), other,
				 roll (seed, 2) ? MK_MAKE_SEND_ONCE : MK_MOVE_SEND_ONCE, &out);
	break;
      }
    case 7: mk_move_member (t, name, roll (seed, 3) ? other : MK_NULL); break;
    case 8: mk_rename (t, name, other); break;
    case 9: mk_set_qlimit (t, name, roll (seed, 20)); break;
    case 10: case 11: mk_receive (t, name, &m); break;
    default:
      memset (&m, 0, sizeof m);
      m.remote = (struct mk_message_right) { name, any_disposition (seed) };
      if (roll (seed, 2))
	m.local = (struct mk_message_right) { other, any_disposition (seed) };
      m.rights = roll (seed, 4);
      for (size_t i = 0; i < m.rights; i++)
	m.right[i] = (struct mk_message_right) { roll (seed, NAMES + 1), any_disposition (seed) };
      mk_send (t, &m);
    }
}

static void
test_books_under_random_calls (void **state)
{
  for (uint64_t world = 1; world <= 2000; world++)
    {
      uint64_t seed = world;
      struct mk *k = mk_create ();
      struct mk_task *task[TASKS];
      for (size_t i = 0; i < TASKS; i++)
	task[i] = mk_task_create (k);
      for (unsigned step = 0; step < 200; step++)
	{
	  random_call (task, &seed);
	  const char *wrong = mk_check (k);
	  if (wrong != NULL)
	    fail_msg ("world %llu, step %u: %s", (unsigned long long) world, step, wrong);
	}
      mk_destroy (k);		/* asserts that no port is left */
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_same_right_same_name),
    cmocka_unit_test (test_no_senders_waits_for_the_queue),
    cmocka_unit_test (test_death),
    cmocka_unit_test (test_queue_limit),
    cmocka_unit_test (test_receive_right_to_itself_is_destroyed),
    cmocka_unit_test (test_books_under_random_calls),
  };
  return cmocka_run_group_tests_name ("sim/kernel", tests, NULL, NULL);
}
