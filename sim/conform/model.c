/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations on the model kernel: one kernel for each script.  */
#include "sim/conform/conform.h"
#include "sim/kernel/check.h"

#include "core/base/status.h"

/* The only state; a script's tasks all end before the next script starts.  BROKER is
   the task through which rights pass from one task to another.  */
static struct mk *kernel;
static struct mk_task *broker;
static unsigned running;

static void *
start (void)
{
  if (running++ == 0)
    {
      kernel = mk_create ();
      broker = mk_task_create (kernel);
    }
  return mk_task_create (kernel);
}

static void
end (void *task)
{
  mk_task_terminate (task);
  dr_assert (mk_check (kernel) == NULL);
  if (--running == 0)
    mk_destroy (kernel);
}

static int allocate (void *t, enum mk_right r, mk_name *n) { return mk_allocate (t, r, n); }
static int allocate_name (void *t, enum mk_right r, mk_name n) { return mk_allocate_name (t, r, n); }
static int rename_name (void *t, mk_name n, mk_name to) { return mk_rename (t, n, to); }
static int deallocate (void *t, mk_name n) { return mk_deallocate (t, n); }
static int destroy (void *t, mk_name n) { return mk_destroy_name (t, n); }
static int type (void *t, mk_name n, uint32_t *p) { return mk_type (t, n, p); }
static int set_qlimit (void *t, mk_name n, uint32_t v) { return mk_set_qlimit (t, n, v); }
static int set_mscount (void *t, mk_name n, uint32_t v) { return mk_set_mscount (t, n, v); }
static int set_seqno (void *t, mk_name n, uint32_t v) { return mk_set_seqno (t, n, v); }
static int move_member (void *t, mk_name n, mk_name s) { return mk_move_member (t, n, s); }
static int send (void *t, const struct mk_message *m) { return mk_send (t, m); }
static int receive (void *t, mk_name n, struct mk_message *m) { return mk_receive (t, n, m); }

static int
get_refs (void *t, mk_name n, enum mk_right r, uint32_t *refs)
{
  return mk_get_refs (t, n, r, refs);
}

static int
mod_refs (void *t, mk_name n, enum mk_right r, int32_t delta)
{
  return mk_mod_refs (t, n, r, delta);
}

static int
status (void *t, mk_name n, struct mk_receive_status *s)
{
  return mk_get_receive_status (t, n, s);
}

static int
members (void *t, mk_name n, mk_name *names, size_t room, size_t *count)
{
  return mk_get_set_status (t, n, names, room, count);
}

static mk_name
unused (void *t)
{
  uint32_t ignored;
  for (mk_name n = 1000;; n++)
    if (mk_type (t, n, &ignored) != MK_SUCCESS)
      return n;
}

/* In two steps, as a third task must do it on the real kernel.  */
static int
insert (void *t, void *from, mk_name from_name, enum mk_disposition how, mk_name *name)
{
  mk_name passing;
  enum mk_result result = mk_extract_right (from, from_name, how, broker, &passing);
  if (result != MK_SUCCESS)
    return result;
  if (*name == MK_NULL)
    *name = unused (t);
  return mk_insert_right (t, *name, broker, passing,
			  how == MK_MOVE_RECEIVE ? MK_MOVE_RECEIVE
			  : how == MK_MOVE_SEND_ONCE || how == MK_MAKE_SEND_ONCE
			  ? MK_MOVE_SEND_ONCE : MK_MOVE_SEND);
}

static int
insert_own (void *t, mk_name name, mk_name from_name, enum mk_disposition how)
{
  return mk_insert_right (t, name, t, from_name, how);
}

static int
extract (void *t, void *from, mk_name from_name, enum mk_disposition how, mk_name *name)
{
  return mk_extract_right (from, from_name, how, t, name);
}

static int
request (void *t, mk_name n, int32_t id, uint32_t sync, mk_name notify, enum mk_disposition how,
	 mk_name *previous)
{
  return mk_request_notification (t, n, id, sync, notify, how, previous);
}

const struct conform_backend conform_model = {
  start, end, allocate, allocate_name, deallocate, destroy, get_refs, mod_refs, type, status, members,
  set_qlimit, set_mscount, set_seqno, move_member, rename_name, insert, insert_own, extract, request, send,
  receive,
};
