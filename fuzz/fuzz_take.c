/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that the kernel hands to netmsg, taken apart: each right and each page is in what
   was taken, or the caller's still, once; when both have let go of what they have, nothing is
   left.  The rights are a model kernel's, which counts them; any allocation may fail.

   The input: what happens (3 bytes), how each right is made (SLOTS_MAX + 1), then the body.
   The message is sent by a peer, which is another task.  */
#include <stdlib.h>
#include <string.h>

#include <mach.h>

#include "core/wire/wire.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"
#include "mach/proxies.h"
#include "mach/take.h"

#undef malloc

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
void *fuzz_malloc (size_t bytes);

enum
{
  HAPPENS_BYTES = 3, SLOTS_MAX = 12, PEER_PORTS = 3, PROXIES = 3, FIRST_PROXY = 100, BODY_BYTES_MAX = 4096,
  FAR_BYTES_MAX = 1 << 14, NAMES_MAX = 128,
};
enum event { COMPLEX = 1, PEER_ENDS = 2, PROXY_ENDS = 4, REFUSED = 8, ONCE = 16 };
/* How a right is made.  */
enum making { IS_NULL, IS_DEAD, OF_PROXY, WITH_SENDER, WITH_NO_SENDERS = 8, WITH_DESTROYED = 16, WITH_QUEUED = 32 };

static unsigned allocations_left;	/* 0: all succeed */

void *
fuzz_malloc (size_t bytes)
{
  return allocations_left > 0 && --allocations_left == 0 ? NULL : malloc (bytes);
}

static void *heap_take (void *ctx, size_t bytes) { return fuzz_malloc (bytes); }
static void heap_give (void *ctx, void *p, size_t bytes) { free (p); }
static const struct dr_alloc heap = { heap_take, heap_give, NULL };

struct scene
{
  struct mk_task *self, *peer;
  mk_name in;			/* where we receive */
  mk_name peer_in;		/* the peer's right to send there */
  mk_name peer_port[PEER_PORTS];
  struct proxies proxies;
  mk_name peer_proxy[PROXIES];	/* the peer's rights to our proxies */
  mk_name names[NAMES_MAX];	/* ours before the message */
  uint32_t refs[NAMES_MAX];
  size_t names_count;
};

/* What came, as the kernel says: what we own if it is not taken.  */
struct came
{
  struct mk_message message;
  void *memory[SLOTS_MAX];
  size_t bytes[SLOTS_MAX];
  unsigned memories;
};

/* --- The scene -------------------------------------------------------------------------------- */

static mk_name
new_port (struct mk_task *task)
{
  mk_name name;
  dr_assert (mk_allocate (task, MK_RECEIVE, &name) == MK_SUCCESS);
  return name;
}

static void
begin (struct scene *s)
{
  struct mk *kernel = machine_ports_begin ();
  mk_name set;
  *s = (struct scene) { .self = machine_task (), .peer = mk_task_create (kernel) };
  s->in = new_port (s->self);
  dr_assert (mk_extract_right (s->self, s->in, MK_MAKE_SEND, s->peer, &s->peer_in) == MK_SUCCESS);
  for (unsigned i = 0; i < PEER_PORTS; i++)
    s->peer_port[i] = new_port (s->peer);
  dr_assert (mk_allocate (s->self, MK_PORT_SET, &set) == MK_SUCCESS);
  proxies_init (&s->proxies, set);
  for (unsigned i = 0; i < PROXIES; i++)
    {
      struct proxy *proxy = proxies_create (&s->proxies, FIRST_PROXY + i, false);
      dr_assert (proxy != NULL);
      dr_assert (mk_extract_right (s->self, proxy->port, MK_MAKE_SEND, s->peer, &s->peer_proxy[i]) == MK_SUCCESS);
    }
}

static uint32_t
references (struct mk_task *task, mk_name name)
{
  uint32_t sum = 0, refs;
  for (enum mk_right right = MK_SEND; right <= MK_DEAD_NAME; right++)
    if (mk_get_refs (task, name, right, &refs) == MK_SUCCESS)
      sum += refs << right * 4;
  return sum;
}

static void
remember_names (struct scene *s)
{
  s->names_count = mk_names (s->self, s->names, NAMES_MAX);
  dr_assert (s->names_count <= NAMES_MAX);
  for (size_t i = 0; i < s->names_count; i++)
    s->refs[i] = references (s->self, s->names[i]);
}

/* We have what we had.  */
static void
check_names (struct scene *s)
{
  mk_name names[NAMES_MAX];
  dr_assert (mk_names (s->self, names, NAMES_MAX) == s->names_count);
  for (size_t i = 0; i < s->names_count; i++)
    dr_assert (references (s->self, s->names[i]) == s->refs[i]);
  dr_assert (machine_own_pages () == 0);
  machine_ports_check ();
}

static void
end (struct scene *s)
{
  proxies_free (&s->proxies);
  machine_ports_end ();
}

/* --- The message -------------------------------------------------------------------------------- */

static mk_name
receive_right (struct scene *s, uint8_t making)
{
  mk_name name = new_port (s->peer), previous;
  mk_set_qlimit (s->peer, name, making >> 6);
  if (making & WITH_SENDER)
    mk_insert_right (s->peer, name, s->peer, name, MK_MAKE_SEND);
  if (making & WITH_NO_SENDERS)
    mk_request_notification (s->peer, name, MK_NOTIFY_NO_SENDERS, 1, s->peer_port[0], MK_MAKE_SEND_ONCE, &previous);
  if (making & WITH_DESTROYED)
    mk_request_notification (s->peer, name, MK_NOTIFY_PORT_DESTROYED, 0, s->peer_port[1], MK_MAKE_SEND_ONCE, &previous);
  if (making & WITH_QUEUED)
    {
      struct mk_message queued = { .remote = { name, MK_MAKE_SEND_ONCE } };
      mk_send (s->peer, &queued);
    }
  return name;
}

/* A right of the peer's to be sent for a slot of this DISPOSITION.  */
static struct mk_message_right
make (struct scene *s, uint8_t disposition, uint8_t making)
{
  unsigned which = making / 4;
  struct mk_message_right right = { MK_NULL, (enum mk_disposition) disposition };
  if (disposition == WIRE_NO_RIGHT)
    return right;
  if (making % 4 == IS_DEAD)
    right.name = MK_DEAD;
  if (making % 4 <= IS_DEAD)
    return right;
  if (disposition == WIRE_RECEIVE)
    right.name = receive_right (s, making);
  else if (disposition == WIRE_SEND_ONCE)
    right = (struct mk_message_right) { s->peer_port[which % PEER_PORTS], MK_MAKE_SEND_ONCE };
  else if (making % 4 == OF_PROXY)
    right = (struct mk_message_right) { s->peer_proxy[which % PROXIES], MK_COPY_SEND };
  else
    right = (struct mk_message_right) { s->peer_port[which % PEER_PORTS], MK_MAKE_SEND };
  return right;
}

/* From the peer to us, by the kernel.  */
static void
carry (struct scene *s, const uint8_t *body, size_t bytes, uint8_t happens, const uint8_t *making, struct came *came)
{
  static const uint8_t reply[] = { WIRE_NO_RIGHT, WIRE_SEND, WIRE_SEND_ONCE };
  struct mk_message m = { .remote = { s->peer_in, MK_COPY_SEND }, .id = 1 };
  struct wire_walk walk;
  struct wire_item item;
  m.local = make (s, reply[happens >> 5 & 1 ? 1 + (happens >> 6 & 1) : 0], making[0]);
  if (happens & COMPLEX)
    {
      wire_walk (&walk, body, bytes);
      while (wire_next (&walk, &item))
	for (uint32_t i = 0; item.ports && i < item.number; i++, m.rights++)
	  {
	    m.right[m.rights] = make (s, item.disposition, making[1 + m.rights]);
	    m.right[m.rights].array = item.is_inline ? 0 : 1;
	  }
    }
  dr_assert (mk_send (s->peer, &m) == MK_SUCCESS);
  if (happens & PEER_ENDS)
    {
      mk_task_terminate (s->peer);
      s->peer = NULL;
    }
  remember_names (s);
  dr_assert (mk_receive (s->self, s->in, &came->message) == MK_SUCCESS);
  dr_assert (came->message.rights == m.rights);
}

static bool
put_memory (struct came *came, uint8_t *body, const struct wire_item *item, size_t *far)
{
  void *there = NULL;
  if (item->bytes > 0 && (came->memories == SLOTS_MAX || (*far += item->bytes) > FAR_BYTES_MAX))
    return false;
  if (item->bytes > 0)
    {
      came->bytes[came->memories] = item->bytes;
      came->memory[came->memories++] = there = machine_own_new (item->bytes);
    }
  wire_set_address (body, item, (uint64_t) (uintptr_t) there);
  return true;
}

/* As it lies in the receiver's buffer.  */
static void
lay_out (struct came *came, mach_msg_header_t *header)
{
  uint8_t *body = (uint8_t *) header + WIRE_HEADER_BYTES;
  const struct mk_message *m = &came->message;
  struct wire_walk walk;
  struct wire_item item;
  size_t far = 0, right = 0;
  header->msgh_bits |= MACH_MSGH_BITS (m->remote.disposition, m->local.disposition);
  header->msgh_remote_port = m->remote.name;
  header->msgh_local_port = m->local.name;
  header->msgh_id = m->id;
  if (!(header->msgh_bits & MACH_MSGH_BITS_COMPLEX))
    return;
  wire_walk (&walk, body, header->msgh_size - WIRE_HEADER_BYTES);
  while (wire_next (&walk, &item))
    {
      bool there = item.is_inline || put_memory (came, body, &item, &far);
      dr_assert (there);
      for (uint32_t i = 0; item.ports && i < item.number; i++, right++)
	if (item.is_inline)
	  wire_set_port (body, &item, i, m->right[right].name);
	else
	  ((uint32_t *) (uintptr_t) wire_get_address (body, &item))[i] = m->right[right].name;
    }
}

/* The kernel would have delivered it, and it fits into our books.  */
static bool
possible (const uint8_t *body, size_t bytes, bool complex)
{
  struct wire_needs needs;
  struct wire_walk walk;
  struct wire_item item;
  size_t far = 0, memories = 0;
  if (wire_measure (body, bytes, complex, &needs) != DR_OK || needs.rights > SLOTS_MAX)
    return false;
  wire_walk (&walk, body, bytes);
  while (complex && wire_next (&walk, &item))
    if (!item.is_inline && item.bytes > 0)
      {
	memories++;
	if (item.bytes > FAR_BYTES_MAX || (far += item.bytes) > FAR_BYTES_MAX)
	  return false;
      }
  return memories <= SLOTS_MAX;
}

/* --- Whose it is afterwards ------------------------------------------------------------------------ */

static void
let_go (mk_name name, unsigned disposition)
{
  if (name == MK_NULL || name == MK_DEAD)
    return;
  if (disposition == WIRE_RECEIVE)
    dr_assert (mk_mod_refs (machine_task (), name, MK_RECEIVE, -1) == MK_SUCCESS);
  else
    dr_assert (mk_deallocate (machine_task (), name) == MK_SUCCESS);
}

static void
destroy_came (struct came *came)
{
  let_go (came->message.remote.name, came->message.remote.disposition);
  for (size_t i = 0; i < came->message.rights; i++)
    let_go (came->message.right[i].name, came->message.right[i].disposition);
  for (unsigned i = 0; i < came->memories; i++)
    vm_deallocate (MACHINE_SELF, (vm_address_t) came->memory[i], came->bytes[i]);
}

static void
let_go_taken (const struct wire_right *right, mk_name came)
{
  switch (right->reference)
    {
    case WIRE_LOCAL:
      dr_assert (right->name == came);
      let_go (right->name, right->disposition);
      break;
    case WIRE_NULL:
      dr_assert (came == MK_NULL);
      break;
    case WIRE_PROXY:
      dr_assert (right->proxy >= FIRST_PROXY && right->proxy < FIRST_PROXY + PROXIES);
      break;
    }
}

/* As the engine: it takes over the rights and the buffers.  */
static void
use_taken (struct taken *taken, const struct came *came)
{
  const struct wire_message *m = &taken->message;
  dr_assert (wire_check (m) == DR_OK);
  dr_assert (m->rights_count == came->message.rights);
  let_go_taken (&m->reply, came->message.remote.name);
  for (uint32_t i = 0; i < m->rights_count; i++)
    let_go_taken (&m->rights[i], came->message.right[i].name);
  for (uint32_t i = 0; i < m->receives_count; i++)
    {
      let_go (m->receives[i].no_senders.name, m->receives[i].no_senders.disposition);
      let_go (m->receives[i].port_destroyed.name, m->receives[i].port_destroyed.disposition);
    }
  for (uint32_t i = 0; i < m->regions_count; i++)
    dr_buf_drop (m->regions[i].buf);
  dr_buf_drop (m->body.buf);
  take_done (taken);
}

/* A proxy ends that names of the message are of.  Its name is kept, as a dead one.  */
static void
end_proxy (struct scene *s)
{
  proxies_destroy (&s->proxies, proxies_by_number (&s->proxies, FIRST_PROXY));
}

static void
serve (struct scene *s, mach_msg_header_t *header, const uint8_t *data, struct came *came)
{
  struct taken taken;
  allocations_left = data[1];
  enum dr_status status = take_message (&taken, header, &s->proxies, &heap);
  bool failed = data[1] > 0 && allocations_left == 0;
  allocations_left = 0;
  dr_assert (status == DR_OK || (status == DR_NO_MEMORY && failed));
  if (status != DR_OK)
    destroy_came (came);
  else if (data[0] & REFUSED)
    take_destroy (&taken);
  else
    use_taken (&taken, came);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  enum { BODY_AT = HAPPENS_BYTES + SLOTS_MAX + 1 };
  static struct scene scene;
  struct came came = { 0 };
  size_t bytes = size > BODY_AT ? (size - BODY_AT) & ~(size_t) 7 : 0;
  bool complex = data != NULL && size > BODY_AT && (data[0] & COMPLEX);
  if (size < BODY_AT || bytes > BODY_BYTES_MAX || !possible (data + BODY_AT, bytes, complex))
    return 0;
  mach_msg_header_t *header = calloc (1, WIRE_HEADER_BYTES + bytes);
  memcpy (header + 1, data + BODY_AT, bytes);
  header->msgh_size = (mach_msg_size_t) (WIRE_HEADER_BYTES + bytes);
  header->msgh_bits = complex ? MACH_MSGH_BITS_COMPLEX : 0;
  machine_memory_begin (0);
  begin (&scene);
  carry (&scene, data + BODY_AT, bytes, complex ? data[0] : data[0] & ~COMPLEX, data + HAPPENS_BYTES, &came);
  lay_out (&came, header);
  if (data[0] & PROXY_ENDS)
    end_proxy (&scene);
  serve (&scene, header, data, &came);
  if (data[0] & PROXY_ENDS)
    proxies_bury (&scene.proxies);
  else
    check_names (&scene);
  machine_ports_check ();
  dr_assert (machine_own_pages () == 0);
  end (&scene);
  free (header);
  return 0;
}
