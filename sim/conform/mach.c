/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations on a real kernel.  Each task of a script is a child process that does
   what it is told through a pipe; only what needs two tasks is done by the parent.  */
#include <mach.h>
#include <mach/mach_port.h>
#include <mach/message.h>
#include <mach/notify.h>
#include <hurd.h>
#include <hurd/process.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/conform/conform.h"

extern const struct conform_backend conform_mach;

enum verb
{
  V_ALLOCATE, V_ALLOCATE_NAME, V_DEALLOCATE, V_DESTROY, V_GET_REFS, V_MOD_REFS, V_TYPE, V_STATUS, V_MEMBERS,
  V_QLIMIT, V_MSCOUNT, V_SEQNO, V_MOVE, V_RENAME, V_EXTRACT, V_INSERT_OWN, V_REQUEST, V_SEND, V_RECEIVE,
};

enum { NAMES_MAX = 16, FIRST_FRESH_NAME = 5000 };

/* A command and its answer.  */
struct talk
{
  enum verb verb;
  int result;
  mk_name name, other;
  int32_t a;
  uint32_t b;
  pid_t pid;
  struct mk_receive_status status;
  mk_name names[NAMES_MAX];
  size_t count;
  struct mk_message message;
};

struct child
{
  pid_t pid;
  int to, from;
};

/* --- Messages as the kernel lays them out ---------------------------------------- */

struct port_item
{
  mach_msg_type_t type;
  union
  {
    mach_port_name_inlined_t port;
    uint64_t address;			/* of an array of names, out of line */
  };
};

union buffer
{
  mach_msg_header_t header;
  char bytes[sizeof (mach_msg_header_t) + (MK_MESSAGE_RIGHTS_MAX + 4) * sizeof (struct port_item)];
};

/* Items for the message's rights; the arrays' names go to NAMES.  */
static struct port_item *
put_rights (const struct mk_message *m, struct port_item *item, mach_port_name_t *names)
{
  for (size_t i = 0, n; i < m->rights; i += n, item++)
    {
      uint8_t array = m->right[i].array;
      for (n = 1; array != 0 && i + n < m->rights && m->right[i + n].array == array; n++)
	;
      item->type = (mach_msg_type_t) { .msgt_name = m->right[i].disposition,
				       .msgt_size = array != 0 ? 32 : 64, .msgt_number = n,
				       .msgt_inline = array == 0 };
      if (array == 0)
	item->port.name = m->right[i].name;
      else
	item->address = (uintptr_t) (names + i);
      for (size_t k = i; k < i + n; k++)
	names[k] = m->right[k].name;
    }
  return item;
}

static int
send_message (const struct mk_message *m)
{
  union buffer b;
  mach_port_name_t names[MK_MESSAGE_RIGHTS_MAX];
  memset (&b, 0, sizeof b);
  struct port_item *item = put_rights (m, (struct port_item *) (&b.header + 1), names);
  b.header.msgh_bits = MACH_MSGH_BITS (m->remote.disposition, m->local.disposition)
    | (m->rights > 0 ? MACH_MSGH_BITS_COMPLEX : 0);
  b.header.msgh_size = (mach_msg_size_t) ((char *) item - b.bytes);
  b.header.msgh_remote_port = m->remote.name;
  b.header.msgh_local_port = m->local.name;
  b.header.msgh_id = m->id;
  int result = mach_msg (&b.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, b.header.msgh_size, 0,
			 MACH_PORT_NULL, 0, MACH_PORT_NULL);
  if (result == MACH_SEND_TIMED_OUT)
    /* The kernel gave the rights back, each a user reference more than before.  */
    mach_port_deallocate (mach_task_self (), b.header.msgh_remote_port);
  return result;
}

/* The rights of one item: inline slots, or an array of names out of line, which goes.  */
static void
read_rights (const mach_msg_type_t *type, const char *at, uint8_t array, struct mk_message *m)
{
  const mach_port_name_inlined_t *slots = (const mach_port_name_inlined_t *) at;
  const mach_port_name_t *names = *(const mach_port_name_t *const *) at;
  for (unsigned i = 0; i < type->msgt_number && m->rights < MK_MESSAGE_RIGHTS_MAX; i++)
    m->right[m->rights++] = (struct mk_message_right) {
      array != 0 ? names[i] : slots[i].name, type->msgt_name, array };
  if (array != 0)
    vm_deallocate (mach_task_self (), (vm_address_t) names,
		   type->msgt_number * sizeof *names);
}

static void
read_items (union buffer *b, struct mk_message *m)
{
  char *at = (char *) (&b->header + 1), *end = b->bytes + b->header.msgh_size;
  uint8_t arrays = 0;
  while (at + sizeof (mach_msg_type_t) <= end)
    {
      mach_msg_type_t *type = (mach_msg_type_t *) at;
      size_t bytes = type->msgt_inline ? ((size_t) type->msgt_size * type->msgt_number + 7) / 8
	: sizeof (void *);
      at += sizeof *type;
      if (type->msgt_name >= MACH_MSG_TYPE_MOVE_RECEIVE
	  && type->msgt_name <= MACH_MSG_TYPE_MAKE_SEND_ONCE)
	read_rights (type, at, type->msgt_inline ? 0 : ++arrays, m);
      else if (m->bytes == 0 && bytes >= sizeof (uint32_t))
	{
	  m->bytes = sizeof (uint32_t);
	  memcpy (m->data, at, sizeof (uint32_t));
	}
      at += (bytes + 7) & ~(size_t) 7;
    }
}

static int
receive_message (mk_name name, struct mk_message *m)
{
  union buffer b;
  memset (m, 0, sizeof *m);
  int result = mach_msg (&b.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof b, name, 0,
			 MACH_PORT_NULL);
  if (result != MACH_MSG_SUCCESS)
    return result;
  m->id = b.header.msgh_id;
  m->seqno = b.header.msgh_seqno;
  m->local = (struct mk_message_right) { b.header.msgh_local_port,
					 MACH_MSGH_BITS_LOCAL (b.header.msgh_bits) };
  m->remote = (struct mk_message_right) { b.header.msgh_remote_port,
					  MACH_MSGH_BITS_REMOTE (b.header.msgh_bits) };
  read_items (&b, m);
  return result;
}

/* --- In the child ------------------------------------------------------------------- */

static int
status_of (mk_name name, struct mk_receive_status *out)
{
  mach_port_status_t s;
  int result = mach_port_get_receive_status (mach_task_self (), name, &s);
  if (result == KERN_SUCCESS)
    *out = (struct mk_receive_status) {
      .set = s.mps_pset, .seqno = s.mps_seqno, .mscount = s.mps_mscount, .qlimit = s.mps_qlimit,
      .msgcount = s.mps_msgcount, .sorights = s.mps_sorights, .srights = s.mps_srights,
      .pdrequest = s.mps_pdrequest, .nsrequest = s.mps_nsrequest,
    };
  return result;
}

static int
members_of (mk_name name, mk_name *names, size_t *count)
{
  mach_port_name_array_t members;
  mach_msg_type_number_t n = 0;
  int result = mach_port_get_set_status (mach_task_self (), name, &members, &n);
  if (result != KERN_SUCCESS)
    return result;
  *count = n;
  for (size_t i = 0; i < n && i < NAMES_MAX; i++)
    names[i] = members[i];
  vm_deallocate (mach_task_self (), (vm_address_t) members, n * sizeof *members);
  return result;
}

static int
extract_from (pid_t pid, mk_name name, int how, mk_name *out)
{
  mach_port_t task, right;
  mach_msg_type_name_t type;
  if (proc_pid2task (getproc (), pid, &task) != 0)
    return KERN_INVALID_TASK;
  int result = mach_port_extract_right (task, name, how, &right, &type);
  mach_port_deallocate (mach_task_self (), task);
  *out = right;
  return result;
}

static void
obey (struct talk *t)
{
  mach_port_t self = mach_task_self ();
  mach_port_type_t type;
  mach_port_urefs_t refs;
  mach_port_name_t fresh;
  mach_port_t previous = MACH_PORT_NULL;
  switch (t->verb)
    {
    case V_ALLOCATE:
      t->result = mach_port_allocate (self, t->a, &fresh);
      t->name = fresh;
      break;
    case V_DEALLOCATE: t->result = mach_port_deallocate (self, t->name); break;
    case V_DESTROY: t->result = mach_port_destroy (self, t->name); break;
    case V_GET_REFS:
      t->result = mach_port_get_refs (self, t->name, t->a, &refs);
      t->b = refs;
      break;
    case V_MOD_REFS: t->result = mach_port_mod_refs (self, t->name, t->a, (int32_t) t->b); break;
    case V_TYPE:
      t->result = mach_port_type (self, t->name, &type);
      t->b = type;
      break;
    case V_STATUS: t->result = status_of (t->name, &t->status); break;
    case V_MEMBERS: t->result = members_of (t->name, t->names, &t->count); break;
    case V_QLIMIT: t->result = mach_port_set_qlimit (self, t->name, t->b); break;
    case V_MSCOUNT: t->result = mach_port_set_mscount (self, t->name, t->b); break;
    case V_SEQNO: t->result = mach_port_set_seqno (self, t->name, t->b); break;
    case V_MOVE: t->result = mach_port_move_member (self, t->name, t->other); break;
    case V_RENAME: t->result = mach_port_rename (self, t->name, t->other); break;
    case V_ALLOCATE_NAME: t->result = mach_port_allocate_name (self, t->a, t->name); break;
    case V_EXTRACT: t->result = extract_from (t->pid, t->name, t->a, &t->other); break;
    case V_INSERT_OWN: t->result = mach_port_insert_right (self, t->name, t->other, t->a); break;
    case V_REQUEST:
      t->result = mach_port_request_notification (self, t->name, t->a, t->b, t->other,
						  t->message.local.disposition, &previous);
      t->other = previous;
      break;
    case V_SEND: t->result = send_message (&t->message); break;
    case V_RECEIVE: t->result = receive_message (t->name, &t->message); break;
    }
}

static int
transfer (int fd, void *data, size_t bytes, int writing)
{
  char *at = data;
  while (bytes > 0)
    {
      ssize_t n = writing ? write (fd, at, bytes) : read (fd, at, bytes);
      if (n <= 0)
	return 0;
      at += n;
      bytes -= (size_t) n;
    }
  return 1;
}

static void
child_main (int from, int to)
{
  struct talk t;
  while (transfer (from, &t, sizeof t, 0))
    {
      obey (&t);
      if (!transfer (to, &t, sizeof t, 1))
	break;
    }
  _exit (0);
}

/* --- In the parent -------------------------------------------------------------------- */

static void *
start (void)
{
  int down[2], up[2];
  struct child *c = calloc (1, sizeof *c);
  if (c == NULL || pipe (down) != 0 || pipe (up) != 0 || (c->pid = fork ()) < 0)
    return NULL;
  if (c->pid == 0)
    {
      close (down[1]);
      close (up[0]);
      child_main (down[0], up[1]);
    }
  close (down[0]);
  close (up[1]);
  c->to = down[1];
  c->from = up[0];
  return c;
}

static void
end (void *task)
{
  struct child *c = task;
  kill (c->pid, SIGKILL);
  waitpid (c->pid, NULL, 0);
  close (c->to);
  close (c->from);
  free (c);
}

static int
tell (void *task, struct talk *t)
{
  struct child *c = task;
  if (!transfer (c->to, t, sizeof *t, 1) || !transfer (c->from, t, sizeof *t, 0))
    return KERN_FAILURE;
  return t->result;
}

static int
allocate (void *task, enum mk_right right, mk_name *name)
{
  struct talk t = { .verb = V_ALLOCATE, .a = right };
  int result = tell (task, &t);
  *name = t.name;
  return result;
}

static int
simple (void *task, enum verb verb, mk_name name, mk_name other, int32_t a, uint32_t b)
{
  struct talk t = { .verb = verb, .name = name, .other = other, .a = a, .b = b };
  return tell (task, &t);
}

static int deallocate (void *t, mk_name n) { return simple (t, V_DEALLOCATE, n, 0, 0, 0); }
static int destroy (void *t, mk_name n) { return simple (t, V_DESTROY, n, 0, 0, 0); }
static int set_qlimit (void *t, mk_name n, uint32_t v) { return simple (t, V_QLIMIT, n, 0, 0, v); }
static int set_mscount (void *t, mk_name n, uint32_t v) { return simple (t, V_MSCOUNT, n, 0, 0, v); }
static int set_seqno (void *t, mk_name n, uint32_t v) { return simple (t, V_SEQNO, n, 0, 0, v); }
static int move_member (void *t, mk_name n, mk_name s) { return simple (t, V_MOVE, n, s, 0, 0); }
static int rename_name (void *t, mk_name n, mk_name to) { return simple (t, V_RENAME, n, to, 0, 0); }

static int
allocate_name (void *t, enum mk_right right, mk_name n)
{
  return simple (t, V_ALLOCATE_NAME, n, 0, right, 0);
}

static int
mod_refs (void *t, mk_name n, enum mk_right right, int32_t delta)
{
  return simple (t, V_MOD_REFS, n, 0, right, (uint32_t) delta);
}

static int
get_refs (void *task, mk_name name, enum mk_right right, uint32_t *refs)
{
  struct talk t = { .verb = V_GET_REFS, .name = name, .a = right };
  int result = tell (task, &t);
  *refs = t.b;
  return result;
}

static int
type (void *task, mk_name name, uint32_t *bits)
{
  struct talk t = { .verb = V_TYPE, .name = name };
  int result = tell (task, &t);
  *bits = t.b;
  return result;
}

static int
status (void *task, mk_name name, struct mk_receive_status *s)
{
  struct talk t = { .verb = V_STATUS, .name = name };
  int result = tell (task, &t);
  *s = t.status;
  return result;
}

static int
members (void *task, mk_name name, mk_name *names, size_t room, size_t *count)
{
  struct talk t = { .verb = V_MEMBERS, .name = name };
  int result = tell (task, &t);
  *count = t.count;
  for (size_t i = 0; i < t.count && i < room && i < NAMES_MAX; i++)
    names[i] = t.names[i];
  return result;
}

static int
insert (void *task, void *from, mk_name from_name, enum mk_disposition how, mk_name *name)
{
  struct child *c = task, *f = from;
  mach_port_t from_task, to_task, right;
  mach_msg_type_name_t kind;
  if (proc_pid2task (getproc (), f->pid, &from_task) != 0
      || proc_pid2task (getproc (), c->pid, &to_task) != 0)
    return KERN_INVALID_TASK;
  int result = mach_port_extract_right (from_task, from_name, how, &right, &kind);
  if (result == KERN_SUCCESS)
    {
      bool search = *name == MK_NULL;
      if (search)
	*name = FIRST_FRESH_NAME;
      uint32_t ignored;
      while (search && type (task, ++*name, &ignored) == KERN_SUCCESS)
	;
      /* The message takes the right along, whatever becomes of it.  */
      result = mach_port_insert_right (to_task, *name, right, kind);
    }
  mach_port_deallocate (mach_task_self (), from_task);
  mach_port_deallocate (mach_task_self (), to_task);
  return result;
}

static int
extract (void *task, void *from, mk_name from_name, enum mk_disposition how, mk_name *name)
{
  struct talk t = { .verb = V_EXTRACT, .name = from_name, .a = how,
		    .pid = ((struct child *) from)->pid };
  int result = tell (task, &t);
  *name = t.other;
  return result;
}

static int
request (void *task, mk_name name, int32_t id, uint32_t sync, mk_name notify,
	 enum mk_disposition how, mk_name *previous)
{
  struct talk t = { .verb = V_REQUEST, .name = name, .a = id, .b = sync, .other = notify };
  t.message.local.disposition = notify == MK_NULL ? MK_MAKE_SEND_ONCE : how;
  int result = tell (task, &t);
  *previous = t.other;
  return result;
}

static int
send (void *task, const struct mk_message *m)
{
  struct talk t = { .verb = V_SEND, .message = *m };
  return tell (task, &t);
}

static int
receive (void *task, mk_name name, struct mk_message *m)
{
  struct talk t = { .verb = V_RECEIVE, .name = name };
  int result = tell (task, &t);
  *m = t.message;
  return result;
}

static int
insert_own (void *task, mk_name name, mk_name from_name, enum mk_disposition how)
{
  struct talk t = { .verb = V_INSERT_OWN, .name = name, .other = from_name, .a = how };
  return tell (task, &t);
}

const struct conform_backend conform_mach = {
  start, end, allocate, allocate_name, deallocate, destroy, get_refs, mod_refs, type, status, members,
  set_qlimit, set_mscount, set_seqno, move_member, rename_name, insert, insert_own, extract, request, send,
  receive,
};
