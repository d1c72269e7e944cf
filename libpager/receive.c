/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kernels say.  A routine that returns an error has taken nothing of its message; one
   that returns 0 owns all of it.  */
#include <errno.h>

#include "core/pages/many.h"
#include "libpager/internal.h"
#include "libpager/mig.h"
#include "memory_object_S.h"

#ifndef MACH_MSG_TYPE_PROTECTED_PAYLOAD
#define MACH_MSG_TYPE_PROTECTED_PAYLOAD (-1)	/* no such kernel */
#endif

static struct pager *
pager_of (struct port_info *object, bool *read_only)
{
  struct side_port *side = (struct side_port *) object;
  *read_only = false;
  if (object && object->class == libpager_class)
    return (struct pager *) object;
  if (!object || object->class != libpager_side_class || side->kind != OBJECT_READ_ONLY)
    return NULL;
  *read_only = true;
  return side->pager;
}

static void
drop_right (mach_port_t right)
{
  if (MACH_PORT_VALID (right))
    mach_port_deallocate (mach_task_self (), right);
}

/* The pager locked, and the client whose message it is; NULL: nobody's, and unlocked.  */
static struct pager *
enter_for (struct port_info *object, mach_port_t control, struct client **client)
{
  bool read_only;
  struct pager *pager = pager_of (object, &read_only);
  if (!pager)
    return NULL;
  engine_enter (pager);
  *client = MACH_PORT_VALID (control) ? client_by_control (pager, control) : NULL;
  if (*client && !(*client)->gone && (*client)->object == object)
    return pager;
  pager->statistics.faults++;
  /* A kernel that was dropped while it was silent, and is back.  */
  if (!*client && MACH_PORT_VALID (control))
    tell_destroy (control, KERN_FAILURE);
  pthread_mutex_unlock (&pager->lock);
  return NULL;
}

/* CALL again until there is memory: nothing of this client may overtake it.  */
#define UNTIL_MEMORY(pager, status, call) \
  while ((status = (call)) == DR_NO_MEMORY) \
    engine_pause (pager)

static void
leave_after (struct pager *pager, enum dr_status status)
{
  pager->statistics.faults += status == DR_INVALID;
  engine_leave (pager);
}

/* Is it a receive right of this server's?  */
static bool
is_ours (mach_port_t right)
{
  struct port_info *port = ports_lookup_port (NULL, right, NULL);
  if (port)
    ports_port_deref (port);
  return port != NULL;
}

/* --- Beginning and end ---------------------------------------------------------------- */

kern_return_t
libpager_memory_object_init (libpager_object_t object, mach_port_t control, mach_port_t name,
			     vm_size_t page_bytes)
{
  bool read_only;
  struct pager *pager = pager_of (object, &read_only);
  enum dr_status status;
  uint32_t number;
  /* No kernel's control port is one of ours.  A client whose it is would never die, and the
     send right that we keep would keep the pager.  */
  if (!pager || !MACH_PORT_VALID (control) || is_ours (control))
    return EOPNOTSUPP;
  engine_enter (pager);
  pager->statistics.inits++;
  if (page_bytes != vm_page_size || client_by_control (pager, control))
    status = DR_INVALID;
  else
    UNTIL_MEMORY (pager, status, pages_init (pager->pages, now_us (), read_only, &number));
  if (status == DR_OK)
    client_add (pager, object, number, control, name, read_only);
  else
    {
      tell_destroy (control, KERN_FAILURE);
      drop_right (control);
      drop_right (name);
    }
  leave_after (pager, status);
  return 0;
}

kern_return_t
libpager_memory_object_terminate (libpager_object_t object, mach_port_t control,
				  mach_port_t name)
{
  struct client *client;
  struct pager *pager = enter_for (object, control, &client);
  if (pager)
    {
      pager->statistics.terminates++;
      client->gone = true;
      pages_terminate (pager->pages, now_us (), client->number);
    }
  /* Our send rights become dead names, and nobody waits to send there any more.  */
  if (MACH_PORT_VALID (control))
    mach_port_mod_refs (mach_task_self (), control, MACH_PORT_RIGHT_RECEIVE, -1);
  if (MACH_PORT_VALID (name))
    mach_port_mod_refs (mach_task_self (), name, MACH_PORT_RIGHT_RECEIVE, -1);
  if (pager)
    engine_leave (pager);
  return 0;
}

static void
dead_name (struct pager *pager, mach_port_t name)
{
  struct client *client;
  mach_port_type_t type;
  engine_enter (pager);
  client = client_by_control (pager, name);
  /* Anybody can send what looks like a notification.  */
  if (client && !client->death_seen && !mach_port_type (mach_task_self (), name, &type)
      && type & MACH_PORT_TYPE_DEAD_NAME)
    {
      client->death_seen = true;
      drop_right (name);	/* it came with the notification */
      pages_client_dead (pager->pages, now_us (), client->number);
      client->gone = true;
    }
  engine_leave (pager);
}

/* --- Requests, returns ------------------------------------------------------------------ */

kern_return_t
libpager_memory_object_data_request (libpager_object_t object, mach_port_t control,
				     vm_offset_t offset, vm_size_t length, vm_prot_t access)
{
  struct client *client;
  struct pager *pager = enter_for (object, control, &client);
  enum dr_status status;
  if (pager)
    {
      uint64_t end = offset / vm_page_size + length / vm_page_size;
      pager->statistics.requests++;
      /* The user decides what is behind the end.  */
      if (length / vm_page_size <= PAGES_REQUEST_PAGES_MAX)
	engine_extend (pager, end);
      UNTIL_MEMORY (pager, status,
		    pages_data_request (pager->pages, now_us (), client->number, offset,
					length, access & (VM_PROT_READ | VM_PROT_WRITE)));
      leave_after (pager, status);
    }
  drop_right (control);
  return 0;
}

kern_return_t
libpager_memory_object_data_unlock (libpager_object_t object, mach_port_t control,
				    vm_offset_t offset, vm_size_t length, vm_prot_t access)
{
  struct client *client;
  struct pager *pager = enter_for (object, control, &client);
  enum dr_status status;
  if (pager)
    {
      pager->statistics.unlocks++;
      UNTIL_MEMORY (pager, status,
		    pages_data_unlock (pager->pages, now_us (), client->number, offset, length,
				       access & (VM_PROT_READ | VM_PROT_WRITE)));
      leave_after (pager, status);
    }
  drop_right (control);
  return 0;
}

kern_return_t
libpager_memory_object_data_return (libpager_object_t object, mach_port_t control,
				    vm_offset_t offset, vm_offset_t data,
				    mach_msg_type_number_t length, boolean_t dirty,
				    boolean_t kernel_copy)
{
  struct client *client;
  struct pager *pager = enter_for (object, control, &client);
  struct dr_slice slice = { memory_wrap (data, length), 0, length };
  enum dr_status status;
  if (pager)
    {
      pager->statistics.returns++;
      pager->statistics.pages_returned += length / vm_page_size;
      UNTIL_MEMORY (pager, status,
		    pages_data_return (pager->pages, now_us (), client->number, offset, &slice,
				       dirty, kernel_copy));
      leave_after (pager, status);
    }
  dr_buf_drop (slice.buf);
  drop_right (control);
  return 0;
}

/* --- Replies ------------------------------------------------------------------------------ */

kern_return_t
libpager_memory_object_lock_completed (libpager_object_t object, mach_port_t control,
				       vm_offset_t offset, vm_size_t length)
{
  struct client *client;
  struct pager *pager = enter_for (object, control, &client);
  enum dr_status status;
  if (pager)
    {
      pager->statistics.locks_completed++;
      UNTIL_MEMORY (pager, status, pages_lock_completed (pager->pages, now_us (),
							 client->number, offset, length));
      leave_after (pager, status);
    }
  drop_right (control);
  return 0;
}

kern_return_t
libpager_memory_object_supply_completed (libpager_object_t object, mach_port_t control,
					 vm_offset_t offset, vm_size_t length,
					 kern_return_t result, vm_offset_t error_offset)
{
  struct client *client;
  struct pager *pager = enter_for (object, control, &client);
  enum dr_status status;
  uint64_t placed = length;
  if (pager)
    {
      if (result != KERN_SUCCESS && error_offset >= offset && error_offset - offset < length)
	placed = error_offset - offset;
      pager->statistics.supplies_completed++;
      UNTIL_MEMORY (pager, status,
		    pages_supply_completed (pager->pages, now_us (), client->number, offset,
					    length, placed));
      leave_after (pager, status);
    }
  drop_right (control);
  return 0;
}

kern_return_t
libpager_memory_object_change_completed (libpager_object_t object, boolean_t may_cache,
					 memory_object_copy_strategy_t strategy)
{
  struct side_port *side = (struct side_port *) object;
  struct pager *pager;
  enum dr_status status;
  if (!object || object->class != libpager_side_class || side->kind != OBJECT_CHANGES)
    return EOPNOTSUPP;
  pager = side->pager;
  engine_enter (pager);
  pager->statistics.changes_completed++;
  UNTIL_MEMORY (pager, status, pages_change_completed (pager->pages, now_us (), side->client));
  leave_after (pager, status);
  return 0;
}

/* With the copy strategies that a pager may choose the kernel does not say this.  */
kern_return_t
libpager_memory_object_copy (libpager_object_t object, mach_port_t control, vm_offset_t offset,
			     vm_size_t length, mach_port_t copy)
{
  return EOPNOTSUPP;
}

/* --- Telling messages apart ----------------------------------------------------------------- */

static struct port_info *
destination (const mach_msg_header_t *inp)
{
  if ((int) MACH_MSGH_BITS_LOCAL (inp->msgh_bits) == MACH_MSG_TYPE_PROTECTED_PAYLOAD)
    return ports_lookup_payload (NULL, inp->msgh_protected_payload, NULL);
  return ports_lookup_port (NULL, inp->msgh_local_port, NULL);
}

/* The read-only object holds its pager while somebody has a right to it.  */
static void
no_readers (struct side_port *side)
{
  struct pager *pager = side->pager;
  mach_port_status_t status;
  bool ended = false;
  pthread_mutex_lock (&pager->lock);
  if (!mach_port_get_receive_status (mach_task_self (), side->port.port_right, &status)
      && !status.mps_srights)
    {
      ports_no_senders (side, status.mps_mscount);
      ended = pager->read_only_used && !(side->port.flags & PORT_HAS_SENDRIGHTS);
      pager->read_only_used &= !ended;
    }
  pthread_mutex_unlock (&pager->lock);
  if (ended)
    ports_port_deref (pager);
}

/* Notifications that are not libports' business.  */
static bool
notification (struct port_info *object, const mach_msg_header_t *inp)
{
  struct side_port *side = (struct side_port *) object;
  if (object->class == libpager_class && inp->msgh_id == MACH_NOTIFY_DEAD_NAME
      && inp->msgh_size >= sizeof (mach_dead_name_notification_t))
    dead_name ((struct pager *) object,
	       ((const mach_dead_name_notification_t *) inp)->not_port);
  else if (object->class == libpager_side_class && side->kind == OBJECT_READ_ONLY
	   && inp->msgh_id == MACH_NOTIFY_NO_SENDERS)
    no_readers (side);
  else
    return false;
  return true;
}

/* What netmsg asks before another machine's kernel is let in.  */
static bool
is_asked_for_many (struct port_info *object, const mach_msg_header_t *inp)
{
  bool read_only;
  return inp->msgh_id == PAGES_ARE_FOR_MANY && pager_of (object, &read_only);
}

static int
serve (struct port_info *object, mach_msg_header_t *inp, mach_msg_header_t *outp)
{
  mig_routine_t routine = libpager_memory_object_server_routine (inp);
  if (routine)
    routine (inp, outp);
  else if (notification (object, inp) || is_asked_for_many (object, inp))
    ((mig_reply_header_t *) outp)->RetCode = KERN_SUCCESS;
  else
    return ports_notify_server (inp, outp);
  return TRUE;
}

int
pager_demuxer (mach_msg_header_t *inp, mach_msg_header_t *outp)
{
  struct port_info *object = destination (inp);
  struct pager_requests *requests = object ? requests_of (object->bucket) : NULL;
  int served = FALSE;
  if (requests)
    {
      requests_receive_begin (requests);
      served = serve (object, inp, outp);
      requests_receive_end (requests);
    }
  if (object)
    ports_port_deref (object);
  return served;
}
