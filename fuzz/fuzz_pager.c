/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel may say to libpager, and what anybody may who has a right to the memory
   object.  All of the library but its threads is the real one, with libports and the engine
   below it; the rights are a model kernel's.  When the kernels have gone, the library lets go
   of the pager within its time limits, and of every page and right.

   The input: steps, each of one byte and what it wants.  Threads there are none: what the
   library would give to a worker waits for a step, in any order.  */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/machine/memory.h"
#include "fuzz/machine/messages.h"
#include "fuzz/machine/ports.h"
#include "fuzz/machine/waits.h"
#include "libpager/internal.h"
#include "memory_object_user.h"

#undef pthread_cond_wait

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum
{
  KERNELS = 3, PAGES = 6, STEPS_MAX = 200, MESSAGE_BYTES_MAX = 512, LIMIT_MS = 1000, WAITS_MAX = 2000,
  ROUNDS_AT_END = 200,
};

/* A kernel, or who says that it is one.  */
struct kernel
{
  struct mk_task *task;
  mk_name control, name;	/* receive rights */
  mk_name object, read_only;	/* send rights, or null */
  mk_name changes;		/* where its change_completed goes */
};

struct user_pager_info
{
  bool cleared;
};

struct scene
{
  struct mk *mk;
  struct kernel kernel[KERNELS];
  struct port_bucket *bucket, *side;
  struct pager_requests requests;
  struct user_pager_info user;
  struct pager *pager;
  bool user_has_it;		/* a reference */
  struct job *jobs, **jobs_end;
  unsigned jobs_count;
  uint64_t now, deadline;
  bool armed;
  uint8_t mood;
  struct kernel *speaking;	/* what mach_msg sends is this one's */
  uint16_t twist;
  unsigned waits;
};

enum mood { SENDS_TIME_OUT = 1, READS_FAIL = 2, WRITES_FAIL = 4, UNLOCKS_FAIL = 8, LOCKED_PAGES = 16, RUNS = 32, SHORT = 64 };

static struct scene s;

/* --- In place of the library's threads ------------------------------------------------------- */

struct pager_requests *requests_of (struct port_bucket *bucket) { return &s.requests; }
bool requests_serve_side (struct pager_requests *requests) { return true; }
void requests_job_ends (void) { }
void requests_job_goes_on (void) { }
void requests_receive_begin (struct pager_requests *requests) { }
void requests_receive_end (struct pager_requests *requests) { }
uint64_t now_us (void) { return s.now; }
int hurd_to_errno (int error) { return error; }

void
requests_submit (struct pager_requests *requests, struct job *job)
{
  job->next = NULL;
  *s.jobs_end = job;
  s.jobs_end = &job->next;
  s.jobs_count++;
}

bool
timer_arm (struct pager *pager, uint64_t deadline)
{
  bool was_armed = s.armed;
  s.armed = deadline != PAGES_NEVER;
  s.deadline = deadline;
  if (s.armed && !was_armed)
    ports_port_ref (pager);
  return was_armed && !s.armed;
}

static bool
run_job (unsigned index)
{
  struct job **at = &s.jobs;
  if (s.jobs_count == 0)
    return false;
  for (index %= s.jobs_count; index > 0; index--)
    at = &(*at)->next;
  struct job *job = *at;
  *at = job->next;
  if (*at == NULL)
    s.jobs_end = at;
  s.jobs_count--;
  job->run (job);
  return true;
}

static void
pass_time (uint64_t us)
{
  s.now += us;
  if (!s.armed || s.deadline > s.now)
    return;
  struct pager *pager = s.pager;
  s.armed = false;
  engine_enter (pager);
  pages_tick (pager->pages, s.now);
  engine_leave (pager);
  ports_port_deref (pager);
}

/* --- The user ------------------------------------------------------------------------------------ */

error_t
pager_read_page (struct user_pager_info *upi, vm_offset_t page, vm_address_t *buf, int *write_lock)
{
  dr_assert (!upi->cleared && page % vm_page_size == 0);
  if (s.mood & READS_FAIL)
    return EIO;
  *buf = (vm_address_t) machine_own_new (vm_page_size);
  *write_lock = (s.mood & LOCKED_PAGES) != 0;
  return 0;
}

error_t
pager_read_pages (struct user_pager_info *upi, vm_offset_t offset, vm_size_t length, vm_address_t *buf, vm_size_t *got,
		  int *write_lock)
{
  dr_assert (!upi->cleared && offset % vm_page_size == 0 && length % vm_page_size == 0);
  if (!(s.mood & RUNS))
    return EOPNOTSUPP;
  if (length > MACHINE_FAR_BYTES_MAX || (s.mood & SHORT))
    length = vm_page_size;
  *buf = (vm_address_t) machine_own_new (length);
  *got = length;
  *write_lock = (s.mood & LOCKED_PAGES) != 0;
  return 0;
}

error_t
pager_write_page (struct user_pager_info *upi, vm_offset_t page, vm_address_t buf)
{
  volatile char first = *(const char *) buf, last = ((const char *) buf)[vm_page_size - 1];
  dr_assert (!upi->cleared && page % vm_page_size == 0 && first == last);
  return s.mood & WRITES_FAIL ? ENOSPC : 0;
}

error_t
pager_write_pages (struct user_pager_info *upi, vm_offset_t offset, vm_address_t data, vm_size_t length,
		   vm_size_t *written)
{
  *written = s.mood & SHORT ? vm_page_size / 2 : length;
  return s.mood & RUNS ? 0 : EOPNOTSUPP;
}

error_t
pager_unlock_page (struct user_pager_info *upi, vm_offset_t page)
{
  dr_assert (!upi->cleared);
  return s.mood & UNLOCKS_FAIL ? EDQUOT : 0;
}

void pager_notify_evict (struct user_pager_info *upi, vm_offset_t page) { dr_assert (!upi->cleared); }
void pager_dropweak (struct user_pager_info *upi) { }

error_t
pager_report_extent (struct user_pager_info *upi, vm_address_t *offset, vm_size_t *size)
{
  *offset = 0;
  *size = PAGES * vm_page_size;
  return 0;
}

void
pager_clear_user_data (struct user_pager_info *upi)
{
  dr_assert (!upi->cleared);
  upi->cleared = true;
}

/* --- Messages to us ---------------------------------------------------------------------------------- */

/* As mach_msg_server does it.  */
static void
serve (mach_msg_header_t *request)
{
  struct { mach_msg_header_t head; char body[MESSAGE_BYTES_MAX]; } reply;
  mig_reply_header_t *answer = (mig_reply_header_t *) &reply;
  memset (&reply, 0, sizeof reply);
  answer->RetCode = MIG_BAD_ID;
  if (!mach_msg_request_is_sound (request))
    answer->RetCode = MIG_BAD_ARGUMENTS;
  else
    pager_demuxer (request, &reply.head);
  if (answer->RetCode != KERN_SUCCESS && answer->RetCode != MIG_NO_REPLY)
    mach_msg_destroy (request);
}

/* A notification of the model's.  */
static bool
serve_notification (struct port_bucket *bucket)
{
  struct mk_message m;
  union { mach_msg_header_t head; mach_no_senders_notification_t count; mach_dead_name_notification_t name; } n;
  if (mk_receive (machine_task (), bucket->portset, &m) != MK_SUCCESS)
    return false;
  memset (&n, 0, sizeof n);
  n.head.msgh_bits = MACH_MSGH_BITS (0, MACH_MSG_TYPE_PORT_SEND_ONCE);
  n.head.msgh_id = m.id;
  n.head.msgh_local_port = m.local.name;
  n.head.msgh_size = sizeof n.head;
  if (m.id == MK_NOTIFY_NO_SENDERS)
    {
      n.head.msgh_size = sizeof n.count;
      n.count.not_type = (mach_msg_type_t) { .msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32, .msgt_number = 1,
					     .msgt_inline = TRUE };
      memcpy (&n.count.not_count, m.data, sizeof n.count.not_count);
    }
  else if (m.id == MK_NOTIFY_DEAD_NAME)
    {
      n.head.msgh_size = sizeof n.name;
      n.name.not_type = (mach_msg_type_t) { .msgt_name = MACH_MSG_TYPE_PORT_NAME, .msgt_size = 32, .msgt_number = 1,
					    .msgt_inline = TRUE };
      memcpy (&n.name.not_port, m.data, sizeof n.name.not_port);
    }
  serve (&n.head);
  return true;
}

static bool
serve_notifications (void)
{
  bool any = false;
  while (serve_notification (s.bucket) || serve_notification (s.side))
    any = true;
  return any;
}

/* The object that a name of the speaker's leads to, as our name.  */
static mk_name
our_name (mk_name name)
{
  struct kernel *k = s.speaking;
  if (name == k->object)
    return s.pager->port.port_right;
  if (name == k->read_only && s.pager->read_only)
    return s.pager->read_only->port.port_right;
  for (struct client *c = s.pager->clients; c; c = c->next)
    if (c->changes && mk_port_identity (k->task, name) == mk_port_identity (machine_task (), c->changes->port.port_right))
      return c->changes->port.port_right;
  return MK_NULL;
}

static void
speak (mach_msg_header_t *message)
{
  struct { mach_msg_header_t head; char body[MESSAGE_BYTES_MAX]; } copy = { { 0 } };
  uint32_t type;
  dr_assert (message->msgh_size <= sizeof copy);
  if (s.user.cleared || mk_type (s.speaking->task, message->msgh_remote_port, &type) != MK_SUCCESS
      || !(type & MK_TYPE_SEND))
    return;
  memcpy (&copy, message, message->msgh_size);
  /* One byte of it is something else; what is a right or an address the kernel sees to.  */
  if (s.twist != 0)
    copy.body[(s.twist >> 8) % (message->msgh_size - sizeof copy.head)] ^= (char) s.twist;
  mk_name local = our_name (message->msgh_remote_port);
  if (local != MK_NULL && machine_receive (s.speaking->task, &copy.head, local))
    serve (&copy.head);
}

mach_msg_return_t
mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t receive_size,
	  mach_port_t receive_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
  if (s.speaking)
    {
      speak (message);
      return MACH_MSG_SUCCESS;
    }
  uintptr_t to = mk_port_identity (machine_task (), message->msgh_remote_port);
  for (unsigned i = 0; i < KERNELS; i++)
    {
      struct kernel *k = &s.kernel[i];
      if (mk_port_identity (k->task, k->control) != to)
	continue;
      mach_msg_return_t result
	= machine_send (message, k->task, s.mood & SENDS_TIME_OUT ? MACH_SEND_TIMED_OUT : MACH_MSG_SUCCESS);
      if (message->msgh_id == 2095 && result == MACH_MSG_SUCCESS)
	k->changes = ((mach_port_name_inlined_t *) ((char *) message + message->msgh_size) - 1)->name;
      return result;
    }
  return machine_send (message, s.kernel[0].task, s.mood & SENDS_TIME_OUT ? MACH_SEND_TIMED_OUT : MACH_MSG_SUCCESS);
}

/* --- The kernels ---------------------------------------------------------------------------------------- */

static void
give_objects (struct kernel *k)
{
  mach_port_t right;
  if (!s.user_has_it)
    return;
  right = pager_get_port (s.pager);
  if (right != MACH_PORT_NULL && k->object == MK_NULL)
    mk_extract_right (machine_task (), right, MK_MAKE_SEND, k->task, &k->object);
  else if (right != MACH_PORT_NULL)
    {
      /* As promised, one is made.  */
      mk_insert_right (machine_task (), right, machine_task (), right, MK_MAKE_SEND);
      mk_deallocate (machine_task (), right);
    }
  if (k->read_only == MK_NULL && (right = pager_create_ro_port (s.pager)) != MACH_PORT_NULL)
    mk_extract_right (machine_task (), right, MK_MOVE_SEND, k->task, &k->read_only);
}

static void
start_kernel (struct kernel *k)
{
  *k = (struct kernel) { .task = mk_task_create (s.mk) };
  mk_allocate (k->task, MK_RECEIVE, &k->control);
  mk_allocate (k->task, MK_RECEIVE, &k->name);
}

/* A right that K may send as what it is not.  */
static mk_name
some_right (struct kernel *k, uint8_t choice)
{
  struct kernel *other = &s.kernel[(choice >> 3) % KERNELS];
  mk_name name = k->control;
  switch (choice % 8)
    {
    case 1: return MK_NULL;
    case 2: return MK_DEAD;
    case 3: return k->name;
    case 4: return k->object;
    case 5: return k->read_only;
    case 6:
      if (other != k)
	mk_extract_right (other->task, other->control, MK_MAKE_SEND, k->task, &name);
      return name;
    default: return name;
    }
}

static uint64_t
place (uint8_t choice)
{
  static const uint64_t far[] = { 1, UINT64_MAX, UINT64_C (1) << 63, UINT64_C (1) << 40, INT64_MAX, UINT32_MAX, 100 };
  return choice < 0xf0 ? choice % 16 * vm_page_size : far[choice % 7] & (choice & 8 ? ~(uint64_t) 255 : UINT64_MAX);
}

/* Receive rights go along: then it has others.  */
static void
terminate (struct kernel *k, mk_name object, mk_name control, mk_name name)
{
  uint32_t type;
  memory_object_terminate (object, control, name);
  if (mk_type (k->task, k->control, &type) != MK_SUCCESS || !(type & MK_TYPE_RECEIVE))
    mk_allocate (k->task, MK_RECEIVE, &k->control);
  if (mk_type (k->task, k->name, &type) != MK_SUCCESS || !(type & MK_TYPE_RECEIVE))
    mk_allocate (k->task, MK_RECEIVE, &k->name);
}

static void
say (struct kernel *k, const uint8_t *d)
{
  mk_name object = d[1] % 4 == 3 ? k->changes : d[1] % 4 == 2 ? k->read_only : k->object;
  mk_name control = some_right (k, d[2]);
  uint64_t offset = place (d[3]), length = d[4] >= 0xf0 ? place (d[4]) : (1 + d[4] % 8) * vm_page_size;
  static const char data[8 * MACHINE_PAGE_BYTES];
  s.speaking = k;
  s.twist = (uint16_t) (d[6] << 8 | d[7]);
  switch (d[0] % 11)
    {
    case 0: memory_object_init (object, control, d[5] % 2 ? some_right (k, d[5] >> 1) : k->name, d[4] ? vm_page_size : length);
      break;
    case 1: terminate (k, object, control, d[5] % 2 ? some_right (k, d[5] >> 1) : k->name); break;
    case 2: memory_object_data_unlock (object, control, offset, length, d[5]); break;
    case 3:
      memory_object_data_return (object, control, offset, (vm_offset_t) data, length < sizeof data ? length : sizeof data,
				 d[5] & 1, d[5] & 2);
      break;
    case 4: memory_object_lock_completed (object, MACH_MSG_TYPE_COPY_SEND, control, offset, length); break;
    case 5: memory_object_supply_completed (object, MACH_MSG_TYPE_COPY_SEND, control, offset, length, d[5] & 3, place (d[5]));
      break;
    case 6: memory_object_change_completed (object, MACH_MSG_TYPE_COPY_SEND, d[5] & 1, d[5]); break;
    case 7: memory_object_copy (object, control, offset, length, control); break;
    default: memory_object_data_request (object, control, offset, length, d[5]); break;
    }
  s.speaking = NULL;
}

/* What looks like a kernel's notification.  */
static void
forge_notification (struct kernel *k, const uint8_t *d)
{
  mach_dead_name_notification_t n = { .not_header = { .msgh_bits = MACH_MSGH_BITS (MACH_MSG_TYPE_COPY_SEND, 0),
    .msgh_size = sizeof n, .msgh_remote_port = d[1] % 2 ? k->read_only : k->object,
    .msgh_id = MACH_NOTIFY_FIRST + d[2] % 16 },
    .not_type = { .msgt_name = MACH_MSG_TYPE_PORT_NAME, .msgt_size = 32, .msgt_number = 1, .msgt_inline = TRUE },
    .not_port = d[3] };
  if (d[4] % 4 == 0)
    n.not_header.msgh_size = sizeof n.not_header;
  s.speaking = k;
  s.twist = 0;
  speak (&n.not_header);
  s.speaking = NULL;
}

/* --- The run ------------------------------------------------------------------------------------------------ */

/* A call waits: all that is not the caller goes on.  */
int
machine_wait (pthread_cond_t *condition, pthread_mutex_t *lock)
{
  dr_assert (++s.waits < WAITS_MAX);	/* P5, P7: within the time limits */
  pthread_mutex_unlock (lock);
  while (run_job (0) || serve_notifications ())
    continue;
  pass_time (100000);
  pthread_mutex_lock (lock);
  return 0;
}

static void
call (const uint8_t *d)
{
  char page[MACHINE_PAGE_BYTES] = "";
  uint64_t start = place (d[1]), length = (1 + d[2] % 8) * vm_page_size;
  int wait = d[3] % 2;
  if (!s.user_has_it)
    return;
  s.waits = 0;
  switch (d[0] % 11)
    {
    case 0: pager_sync (s.pager, wait); break;
    case 1: pager_sync_some (s.pager, start, length, wait); break;
    case 2: pager_return (s.pager, wait); break;
    case 3: pager_return_some (s.pager, start, length, wait); break;
    case 4: pager_flush (s.pager, wait); break;
    case 5: pager_flush_some (s.pager, start, length, wait); break;
    case 6: pager_change_attributes (s.pager, d[1] % 2, d[2] % 3, wait); break;
    case 7: pager_offer_page (s.pager, d[2] & 1, d[2] & 2, trunc_page (start), (vm_address_t) page); break;
    case 8: pager_get_error (s.pager, start); break;
    case 9: pager_shutdown (s.pager); break;
    default:
      s.user_has_it = false;
      ports_port_deref (s.pager);
    }
}

static void
step (const uint8_t *d)
{
  struct kernel *k = &s.kernel[(d[0] >> 4) % KERNELS];
  switch (d[0] % 16)
    {
    case 0: run_job (d[1]); break;
    case 1: while (run_job (0)) continue; break;
    case 2: serve_notifications (); break;
    case 3: if (!s.user.cleared) pass_time ((uint64_t) d[1] * d[1] * 100); break;
    case 4: call (d + 1); break;
    case 5: s.mood = d[1]; break;
    case 6:
      mk_task_terminate (k->task);
      start_kernel (k);
      break;
    case 7: give_objects (k); break;
    case 8: forge_notification (k, d); break;
    case 9: mk_mod_refs (k->task, d[1] % 2 ? k->control : k->name, MK_RECEIVE, -1); break;
    default: say (k, d + 1); break;
    }
}

static void
begin (uint8_t notify)
{
  s = (struct scene) { .now = 1000000, .user_has_it = true };
  s.jobs_end = &s.jobs;
  machine_memory_begin (0);
  s.mk = machine_ports_begin ();
  s.bucket = ports_create_bucket ();
  s.side = ports_create_bucket ();
  s.requests = (struct pager_requests) { .bucket = s.bucket, .side = s.side };
  pager_set_defaults (2000, LIMIT_MS, 8);
  s.pager = pager_create (&s.user, s.bucket, notify & 1, 0, notify & 2);
  dr_assert (s.pager != NULL);
  for (unsigned i = 0; i < KERNELS; i++)
    {
      start_kernel (&s.kernel[i]);
      give_objects (&s.kernel[i]);
    }
}

static void
end_bucket (struct port_bucket *bucket)
{
  dr_assert (bucket->count == 1);
  ports_destroy_right (bucket->notify_port);
  ports_port_deref (bucket->notify_port);
  mk_mod_refs (machine_task (), bucket->portset, MK_PORT_SET, -1);
  free (bucket);
}

static void
end (void)
{
  for (unsigned i = 0; i < KERNELS; i++)
    mk_task_terminate (s.kernel[i].task);
  if (s.user_has_it)
    ports_port_deref (s.pager);
  start_kernel (&s.kernel[0]);		/* somebody takes what is sent to nobody in particular */
  for (unsigned i = 1; i < KERNELS; i++)
    s.kernel[i] = s.kernel[0];
  for (unsigned i = 0; i < ROUNDS_AT_END && (!s.user.cleared || s.jobs_count > 0); i++)
    {
      while (run_job (0) || serve_notifications ())
	continue;
      if (!s.user.cleared)
	pass_time (LIMIT_MS * 500);
    }
  dr_assert (s.user.cleared);
  serve_notifications ();
  end_bucket (s.bucket);
  end_bucket (s.side);
  machine_end ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  enum { STEP_BYTES = 9 };
  if (size < 1)
    return 0;
  begin (data[0]);
  for (size_t at = 1, steps = 0; at + STEP_BYTES <= size && steps < STEPS_MAX; at += STEP_BYTES, steps++)
    {
      step (data + at);
      machine_ports_check ();
    }
  end ();
  return 0;
}
