/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/machine/ports.h"

#include <mach.h>
#include <stdio.h>

#include "core/base/status.h"
#include "fuzz/machine/memory.h"
#include "sim/kernel/check.h"

static struct mk *kernel;
static struct mk_task *self;

struct mk *
machine_ports_begin (void)
{
  kernel = mk_create ();
  self = mk_task_create (kernel);
  return kernel;
}

struct mk_task *
machine_task (void)
{
  return self;
}

void
machine_ports_check (void)
{
  const char *wrong = mk_check (kernel);
  if (wrong != NULL)
    fprintf (stderr, "kernel: %s\n", wrong);
  dr_assert (wrong == NULL);
}

void
machine_ports_end (void)
{
  mk_destroy (kernel);
  kernel = NULL;
  self = NULL;
}

/* --- The calls ------------------------------------------------------------------------------- */

/* The model's numbers are the kernel's.  */

kern_return_t
mach_port_allocate (mach_port_t task, mach_port_right_t right, mach_port_t *name)
{
  return mk_allocate (self, (enum mk_right) right, name);
}

kern_return_t
mach_port_deallocate (mach_port_t task, mach_port_t name)
{
  enum mk_result result = mk_deallocate (self, name);
  dr_assert (task == MACHINE_SELF && result == MK_SUCCESS);
  return result;
}

kern_return_t
mach_port_mod_refs (mach_port_t task, mach_port_t name, mach_port_right_t right, int delta)
{
  enum mk_result result = mk_mod_refs (self, name, (enum mk_right) right, delta);
  dr_assert (result == MK_SUCCESS || right != MACH_PORT_RIGHT_RECEIVE);
  return result;
}

kern_return_t
mach_port_get_receive_status (mach_port_t task, mach_port_t name, mach_port_status_t *status)
{
  struct mk_receive_status s;
  enum mk_result result = mk_get_receive_status (self, name, &s);
  if (result == MK_SUCCESS)
    *status = (mach_port_status_t) {
      .mps_pset = s.set, .mps_seqno = s.seqno, .mps_mscount = s.mscount, .mps_qlimit = s.qlimit,
      .mps_msgcount = s.msgcount, .mps_sorights = s.sorights, .mps_srights = s.srights,
      .mps_pdrequest = s.pdrequest, .mps_nsrequest = s.nsrequest,
    };
  return result;
}

kern_return_t
mach_port_insert_right (mach_port_t task, mach_port_t name, mach_port_t right, mach_msg_type_name_t disposition)
{
  return mk_insert_right (self, name, self, right, (enum mk_disposition) disposition);
}

kern_return_t
mach_port_move_member (mach_port_t task, mach_port_t member, mach_port_t after)
{
  return mk_move_member (self, member, after);
}

kern_return_t
mach_port_request_notification (mach_port_t task, mach_port_t name, mach_msg_id_t id, mach_port_mscount_t sync,
				mach_port_t notify, mach_msg_type_name_t disposition, mach_port_t *previous)
{
  return mk_request_notification (self, name, id, sync, notify, (enum mk_disposition) disposition, previous);
}

kern_return_t
mach_port_type (mach_port_t task, mach_port_t name, mach_port_type_t *type)
{
  return mk_type (self, name, type);
}

void
machine_end (void)
{
  mk_name names[4];
  dr_assert (mk_names (machine_task (), names, 4) == 0);
  dr_assert (machine_own_pages () == 0);
  machine_ports_check ();
  machine_ports_end ();
}
