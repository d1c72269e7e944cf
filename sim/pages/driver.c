/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the engine and the queues: what libpager's threads do on Mach.  */
#include <string.h>

#include "sim/pages/model.h"

static int
kernel_of (const struct world *w, uint32_t client)
{
  for (unsigned k = 0; k < w->options.kernels; k++)
    if (w->kernel[k].joined && w->kernel[k].client == client)
      return (int) k;
  return -1;
}

/* --- Data ------------------------------------------------------------------------- */

static struct dr_buf *
data_new (struct world *w, const uint64_t *version, unsigned count)
{
  struct dr_buf *buf = dr_buf_new (&w->own, count * MODEL_PAGE);
  for (unsigned i = 0; i < count; i++)
    for (unsigned half = 0; half < 2; half++)
      memcpy (buf->data + i * MODEL_PAGE + half * 8, &version[i], 8);
  return buf;
}

/* Takes the references that came with A.  */
static void
read_versions (struct world *w, const struct pages_action *a, uint64_t *version)
{
  unsigned n = 0;
  for (uint32_t i = 0; i < a->slices_count; i++)
    {
      const struct dr_slice *s = &a->slices[i];
      for (size_t at = 0; at < s->bytes; at += MODEL_PAGE)
	{
	  uint64_t half[2];
	  memcpy (half, dr_slice_data (s) + at, sizeof half);
	  if (half[0] != half[1])
	    world_violation (w, "P2", "a mixture of versions %llu and %llu",
			     (unsigned long long) half[0], (unsigned long long) half[1]);
	  version[n++] = half[0];
	}
      dr_buf_drop (s->buf);
    }
  if (n * MODEL_PAGE != a->length)
    world_violation (w, "P3", "an action of %llu bytes has data of %u pages",
		     (unsigned long long) a->length, n);
}

/* --- Out of the engine --------------------------------------------------------------- */

static void
note_given (struct world *w, unsigned k, const struct msg *m)
{
  bool grant = m->kind == MSG_LOCK && m->prot == PAGES_PROT_NONE && !m->flush;
  for (unsigned i = m->first; i < (unsigned) m->first + m->count; i++)
    if (m->kind == MSG_REFUSE || (m->kind == MSG_SUPPLY && m->reply))
      w->kernel[k].waits[i] = false;
    else if (m->kind == MSG_SUPPLY || grant)
      check_given (w, k, i, grant || m->prot == PAGES_PROT_NONE);
}

static void
to_kernel (struct world *w, const struct pages_action *a, enum msg_kind kind)
{
  int k = kernel_of (w, a->client);
  struct msg *m = msg_new (w, kind, (unsigned) (a->offset / MODEL_PAGE),
			   (unsigned) (a->length / MODEL_PAGE));
  m->prot = (uint8_t) a->prot;
  m->should_return = (uint8_t) a->should_return;
  m->flush = a->flush;
  m->reply = a->reply;
  m->precious = a->precious;
  m->error = a->error;
  if (kind == MSG_SUPPLY)
    read_versions (w, a, m->version);
  if (k < 0)
    world_violation (w, "P3", "an action for client %u, which is gone", a->client);
  w->result.messages++;
  world_trace (w, "  -> kernel %d: %s pages %u+%u%s prot %u return %u%s version %llu", k,
	       kind == MSG_SUPPLY ? "supply" : kind == MSG_REFUSE ? "refuse"
	       : kind == MSG_LOCK ? "lock" : "attributes", m->first, m->count,
	       m->flush ? " flush" : "", m->prot, m->should_return, m->reply ? " reply" : "",
	       (unsigned long long) m->version[0]);
  if (k < 0 || w->kernel[k].leaving || w->kernel[k].dead)
    {
      msg_free (w, m);
      return;
    }
  note_given (w, (unsigned) k, m);
  msg_append (&w->kernel[k].in, m);
}

static void
to_store (struct world *w, const struct pages_action *a, enum store_kind kind)
{
  struct store_op *op = &w->op[w->ops];
  *op = (struct store_op) { .kind = kind, .first = (uint8_t) (a->offset / MODEL_PAGE),
			    .count = (uint8_t) (a->length / MODEL_PAGE) };
  if (kind == STORE_WRITE)
    read_versions (w, a, op->version);
  for (unsigned i = 0; i < w->ops; i++)
    if (w->op[i].first < op->first + op->count && op->first < w->op[i].first + w->op[i].count)
      world_violation (w, "P4", "two store operations on page %u at once", op->first);
  if (w->ops + 1 < STORE_OPS_MAX)
    w->ops++;
  else
    world_violation (w, "P4", "more than %u store operations", w->ops);
  world_trace (w, "  -> store: %s pages %u+%u version %llu", kind == STORE_READ ? "read"
	       : kind == STORE_WRITE ? "write" : "unlock", op->first, op->count,
	       (unsigned long long) op->version[0]);
}

static void
drop (struct world *w, const struct pages_action *a)
{
  int k = kernel_of (w, a->client);
  world_trace (w, "  -> drop client %u, reason %u", a->client, a->reason);
  if (k < 0 || a->reason == PAGES_TERMINATED || a->reason == PAGES_DEAD)
    return;
  check_gone (w, (unsigned) k, a->reason == PAGES_SHUT);
  kernel_clear (w, (unsigned) k);
}

static void
wake (struct world *w, const struct pages_action *a)
{
  world_trace (w, "  -> wake %llu error %d", (unsigned long long) a->cookie, a->error);
  for (unsigned i = 0; i < CALLS_MAX; i++)
    if (w->call[i].open && w->call[i].cookie == a->cookie)
      {
	check_wake (w, &w->call[i], a->error);
	return;
      }
  world_violation (w, "P5", "a call is woken twice");
}

void
driver_drain (struct world *w)
{
  struct pages_action a;
  unsigned n = 0;
  while (!world_bad (w) && pages_next (w->pages, &a))
    {
      if (++n > 10000)
	world_violation (w, "P6", "the engine does not stop");
      switch (a.kind)
	{
	case PAGES_READY: break;
	case PAGES_SUPPLY: to_kernel (w, &a, MSG_SUPPLY); break;
	case PAGES_REFUSE: to_kernel (w, &a, MSG_REFUSE); break;
	case PAGES_LOCK: to_kernel (w, &a, MSG_LOCK); break;
	case PAGES_ATTRIBUTES: to_kernel (w, &a, MSG_ATTRIBUTES); break;
	case PAGES_DROP: drop (w, &a); break;
	case PAGES_STORE_READ: to_store (w, &a, STORE_READ); break;
	case PAGES_STORE_WRITE: to_store (w, &a, STORE_WRITE); break;
	case PAGES_STORE_UNLOCK: to_store (w, &a, STORE_UNLOCK); break;
	case PAGES_NOTIFY_EVICT: break;
	case PAGES_WAKE: wake (w, &a); break;
	}
    }
}

/* --- Into the engine ----------------------------------------------------------------- */

static enum dr_status
deliver_return (struct world *w, unsigned k, const struct msg *m)
{
  struct dr_buf *buf = data_new (w, m->version, m->count);
  struct dr_slice data = { buf, 0, buf->bytes };
  enum dr_status status = pages_data_return (w->pages, w->now, w->kernel[k].client,
					     m->first * (uint64_t) MODEL_PAGE, &data, m->dirty,
					     m->kernel_copy);
  dr_buf_drop (buf);
  for (unsigned i = 0; i < m->count && status == DR_OK && m->dirty; i++)
    check_returned (w, k, m->first + i, m->version[i]);
  return status;
}

static enum dr_status
deliver (struct world *w, unsigned k, const struct msg *m)
{
  struct kernel *kernel = &w->kernel[k];
  uint64_t offset = m->first * (uint64_t) MODEL_PAGE, length = m->count * (uint64_t) MODEL_PAGE;
  enum dr_status status = DR_OK;
  switch (m->kind)
    {
    case MSG_REQUEST:
      status = pages_data_request (w->pages, w->now, kernel->client, offset, length, m->access);
      if (status == DR_OK)
	{
	  kernel->waits[m->first] = true;
	  kernel->overtaken[m->first] = 0;
	}
      break;
    case MSG_UNLOCK:
      status = pages_data_unlock (w->pages, w->now, kernel->client, offset, length, m->access);
      break;
    case MSG_RETURN:
      status = deliver_return (w, k, m);
      break;
    case MSG_LOCK_DONE:
      status = pages_lock_completed (w->pages, w->now, kernel->client, offset, length);
      break;
    case MSG_SUPPLY_DONE:
      status = pages_supply_completed (w->pages, w->now, kernel->client, offset, length,
				       m->placed * (uint64_t) MODEL_PAGE);
      for (unsigned i = m->first; i < (unsigned) m->first + m->count; i++)
	kernel->waits[i] = false;
      break;
    case MSG_CHANGE_DONE:
      status = pages_change_completed (w->pages, w->now, kernel->client);
      break;
    case MSG_TERMINATE:
      pages_terminate (w->pages, w->now, kernel->client);
      check_gone (w, k, true);
      break;
    default:
      break;
    }
  return status;
}

void
driver_deliver (struct world *w, unsigned k)
{
  struct kernel *kernel = &w->kernel[k];
  struct msg *m = kernel->out.first;
  static const char *const name[] = { "?", "request", "unlock", "return", "lock done",
				      "supply done", "change done", "terminate" };
  world_trace (w, "kernel %u -> %s pages %u+%u%s%s version %llu", k, name[m->kind], m->first,
	       m->count, m->access & PAGES_WRITE ? " write" : "", m->dirty ? " dirty" : "",
	       (unsigned long long) m->version[0]);
  enum dr_status status = deliver (w, k, m);
  w->result.events++;
  w->result.messages++;
  if (status == DR_NO_MEMORY)
    return;			/* again, later */
  if (status == DR_SESSION_OVER)
    {
      /* It may have been dropped already, which nobody has been told yet.  */
      driver_drain (w);
      if (!kernel->joined)
	return;
    }
  if (status != DR_OK)
    world_violation (w, "P3", "the engine says \"%s\" to message %u of kernel %u",
		     dr_status_text (status), m->kind, k);
  if (m->kind == MSG_TERMINATE)
    {
      kernel_clear (w, k);
      return;
    }
  msg_free (w, msg_pop (&kernel->out));
}

void
driver_store (struct world *w, unsigned number, unsigned how)
{
  struct store_op op = w->op[number], rest = op;
  bool failed = how == 1;
  int32_t error = failed ? ERROR_STORE : 0;
  if (how == 2)
    {
      op.count = (uint8_t) (op.count / 2);
      rest.first = (uint8_t) (rest.first + op.count);
      rest.count = (uint8_t) (rest.count - op.count);
      memmove (rest.version, rest.version + op.count, rest.count * sizeof *rest.version);
      w->op[number] = rest;
    }
  else
    {
      memmove (&w->op[number], &w->op[number + 1], (w->ops - number - 1) * sizeof op);
      w->ops--;
    }
  uint64_t offset = op.first * (uint64_t) MODEL_PAGE, length = op.count * (uint64_t) MODEL_PAGE;
  uint64_t version[MODEL_PAGES_MAX];
  world_trace (w, "store: %s pages %u+%u %s", op.kind == STORE_READ ? "read"
	       : op.kind == STORE_WRITE ? "write" : "unlock", op.first, op.count,
	       failed ? "fails" : "done");
  w->result.events++;
  for (unsigned i = 0; i < op.count; i++)
    {
      if (failed)
	w->truth[op.first + i].excused = true;
      version[i] = w->truth[op.first + i].stored;
    }
  if (op.kind == STORE_READ)
    {
      struct dr_buf *buf = data_new (w, version, op.count);
      struct dr_slice data = { buf, 0, buf->bytes };
      bool locked = w->options.unlocks && w->locked_in_store[op.first] && op.count == 1;
      pages_read_done (w->pages, w->now, offset, length, &data, locked, error);
      dr_buf_drop (buf);
    }
  else if (op.kind == STORE_WRITE)
    {
      for (unsigned i = 0; i < op.count; i++)
	check_store_write (w, op.first + i, op.version[i], failed);
      pages_write_done (w->pages, w->now, offset, length, error);
    }
  else
    {
      if (!failed)
	w->locked_in_store[op.first] = false;
      pages_unlock_done (w->pages, w->now, offset, length, error);
    }
}

/* --- Calls ---------------------------------------------------------------------------- */

static struct model_call *
free_call (struct world *w)
{
  for (unsigned i = 0; i < CALLS_MAX; i++)
    if (!w->call[i].open)
      return &w->call[i];
  return NULL;
}

void
driver_call (struct world *w, unsigned kind, unsigned first, unsigned count)
{
  struct model_call *call = free_call (w);
  enum dr_status status;
  uint64_t cookie = ++w->last_cookie;
  if (!call)
    return;
  *call = (struct model_call) { .open = true, .kind = (uint8_t) kind, .first = (uint8_t) first,
    .count = (uint8_t) count, .cookie = cookie, .step = w->step, .time = w->now };
  for (unsigned i = 0; i < w->options.pages; i++)
    call->want[i] = w->truth[i].any ? 0 : w->truth[i].latest;
  if (kind == 3)
    status = pages_change_attributes (w->pages, w->now, cookie & 1, (int32_t) (cookie % 3),
				      cookie);
  else if (kind == 4)
    status = pages_shutdown (w->pages, w->now, cookie);
  else
    status = pages_call (w->pages, w->now, (enum pages_call) kind,
			 first * (uint64_t) MODEL_PAGE, count * (uint64_t) MODEL_PAGE, cookie);
  world_trace (w, "call %llu kind %u pages %u+%u: %s", (unsigned long long) cookie, kind, first,
	       count, dr_status_text (status));
  w->result.events++;
  if (status != DR_OK)
    call->open = false;
  else if (kind == 4)
    w->shut = true;
}
