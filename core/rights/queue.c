/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A queue's record: its birth, its death, and what it asks of the driver.  */
#include "core/rights/internal.h"

static uint64_t
identity_hash (const struct identity *i)
{
  uint64_t key;
  memcpy (&key, i->origin.bytes, sizeof key);
  return table_mix (i->serial, i->epoch ^ key);
}

struct queue *
queue_new (struct rights *r, const struct identity *identity, enum place place,
	   bool once)
{
  struct queue *q = NEW (r, struct queue);
  if (!q)
    return NULL;
  q->handle = ++r->last_handle;
  if (CANARY (SERIAL))
    for (q->handle = 1; queue_by_handle (r, q->handle);)
      q->handle++;
  q->place = place;
  q->once = once;
  q->idle = true;
  q->work.kind = WORK_QUEUE;
  list_init (&q->exports);
  list_init (&q->imports);
  list_init (&q->in);
  list_init (&q->out);
  list_init (&q->passed);
  list_init (&q->answers);
  list_append (&r->queues, &q->node);
  if (identity)
    q->identity = *identity;
  else
    q->identity = (struct identity) { r->config.key, r->config.epoch, q->handle };
  if (!identity && !once && r->config.seal && !CANARY (SEAL))
    q->identity.epoch = r->config.seal (r->config.seal_ctx, q->handle);
  table_add (&r->handles, &r->alloc, &q->by_handle, table_mix (q->handle, 0));
  if (!once)
    table_add (&r->identities, &r->alloc, &q->by_identity,
	       identity_hash (&q->identity));
  /* A record that a failed call leaves behind goes at the end of that call.  */
  queue_touch (r, q);
  return q;
}

static void
queue_free (struct rights *r, struct queue *q)
{
  work_end (&q->work);
  list_remove (&q->node);
  list_remove (&q->touched);
  list_remove (&q->blocked);
  list_remove (&q->waiting);
  list_remove (&q->leaving_node);
  table_remove (&r->handles, &q->by_handle);
  table_remove (&r->identities, &q->by_identity);
  table_remove (&r->names, &q->by_name);
  table_remove (&r->proxies, &q->by_proxy);
  table_remove (&r->tokens, &q->by_token);
  FREE (r, q);
}

struct queue *
queue_by_identity (struct rights *r, const struct identity *identity)
{
  struct hnode *n = table_find (&r->identities, identity_hash (identity));
  for (; n; n = table_more (n))
    {
      struct queue *q = CONTAINER (n, struct queue, by_identity);
      if (identity_equal (&q->identity, identity))
	return q;
    }
  return NULL;
}

#define FINDER(function, table, node, field, type)			\
  struct queue *							\
  function (const struct rights *r, type value)				\
  {									\
    struct hnode *n = table_find (&r->table, table_mix (value, 0));	\
    for (; n; n = table_more (n))					\
      {									\
	struct queue *q = CONTAINER (n, struct queue, node);		\
	if (q->field == value)						\
	  return q;							\
      }									\
    return NULL;							\
  }
FINDER (queue_by_name, names, by_name, name, uint32_t)
FINDER (queue_by_proxy, proxies, by_proxy, proxy, uint32_t)
FINDER (queue_by_handle, handles, by_handle, handle, uint64_t)

/* Numbers come round after four thousand million remote calls: 0 and those still in use
   are left out.  */
uint32_t
queue_proxy_number (struct rights *r)
{
  do
    r->last_proxy++;
  while (r->last_proxy == 0 || queue_by_proxy (r, r->last_proxy));
  return r->last_proxy;
}

void
queue_set_name (struct rights *r, struct queue *q, uint32_t name)
{
  table_remove (&r->names, &q->by_name);
  q->name = name;
  table_add (&r->names, &r->alloc, &q->by_name, table_mix (name, 0));
}

static void
forget_name (struct rights *r, struct queue *q)
{
  table_remove (&r->names, &q->by_name);
  q->name = 0;
}

void
queue_touch (struct rights *r, struct queue *q)
{
  if (!q->touched.next)
    list_append (&r->touched, &q->touched);
}

bool
queue_has_path (const struct queue *q)
{
  return q->place == PLACE_PROXY && q->path && !q->leaving;
}

/* Lines that could not move because a queue named in their first message had no
   way yet, or was not ready: they look again.  */
void
queue_wake_blocked (struct rights *r)
{
  while (!list_empty (&r->blocked))
    {
      struct queue *q = CONTAINER (r->blocked.next, struct queue, blocked);
      list_remove (&q->blocked);
      owe (r, &q->work, QUEUE_TRANSMIT);
    }
}

void
queue_wake_waiting (struct rights *r)
{
  while (!list_empty (&r->waiting))
    {
      struct queue *q = CONTAINER (r->waiting.next, struct queue, waiting);
      list_remove (&q->waiting);
      owe (r, &q->work, QUEUE_DELIVER);
    }
}

static void
doom_line (struct rights *r, struct list *line, uint32_t *count)
{
  while (!list_empty (line))
    message_doom (r, CONTAINER (line->next, struct message, node));
  *count = 0;
}

static void
forget_backlog (struct rights *r, struct queue *q)
{
  LIST_EACH (m, &q->in, struct message, node)
    {
      struct session *s = m->source && m->kind == MESSAGE_PLAIN ? session_find (r, m->source) : NULL;
      if (s && s->backlog)
	s->backlog--;
    }
}

void
queue_kill (struct rights *r, struct queue *q)
{
  if (q->place == PLACE_DEAD)
    return;
  q->place = PLACE_DEAD;
  if (q->delivering && q->delivering->kind == MESSAGE_MARKER)
    {
      table_remove (&r->tickets, &q->delivering->by_ticket);
      message_doom (r, q->delivering);
      q->delivering = NULL;
    }
  forget_backlog (r, q);
  doom_line (r, &q->in, &q->in_count);
  doom_line (r, &q->out, &q->out_count);
  migrate_kill (r, q);
  q->arriving = ARRIVING_NOT;
  q->leaving = false;
  q->leaving_to = 0;
  q->path = q->next = NULL;
  list_remove (&q->leaving_node);
  list_remove (&q->blocked);
  list_remove (&q->waiting);
  table_remove (&r->tokens, &q->by_token);
  table_remove (&r->identities, &q->by_identity);
  LIST_EACH (e, &q->exports, struct export, in_queue)
    if (e->count)
      owe (r, &e->work, EXPORT_DEAD);
  if (q->claims)
    LIST_EACH (c, &r->claims, struct claim, node)
      if (c->queue == q)
	c->queue = NULL;
  q->claims = 0;
  queue_wake_blocked (r);
  queue_wake_waiting (r);
  queue_touch (r, q);
}

void
queue_once_unused (struct rights *r, struct queue *q)
{
  if (q->place == PLACE_PROXY)
    LIST_EACH (i, &q->imports, struct import, in_queue)
      owe (r, &i->work, IMPORT_GIVE_BACK);
  queue_kill (r, q);
}

/* --- Settling ----------------------------------------------------------------- */

static bool
quiet (const struct queue *q)
{
  return q->refs == 0 && !q->delivering && list_empty (&q->in)
	 && list_empty (&q->out) && q->claims == 0 && list_empty (&q->passed)
	 && list_empty (&q->answers);
}

/* Nobody on this node, and nobody through this node, can use the proxy.  */
static bool
retirable (const struct queue *q)
{
  if (q->place != PLACE_PROXY || q->once || !q->idle || q->making || !quiet (q)
      || !list_empty (&q->exports) || q->leaving || q->arriving || q->next
      || q->held || q->drop || q->onces)
    return false;
  LIST_EACH (i, &q->imports, struct import, in_queue)
    if (i->pins || i->unacked)
      return false;
  return true;
}

/* No name may be given back while a DELIVER that uses it may still be under way:
   it could mean another port by then.  */
static void
give_name_back (struct rights *r, struct queue *q, uint32_t keep)
{
  if (q->held <= keep || q->drop)
    return;
  q->drop = q->held - keep;
  q->drop_name = q->name;
  q->held = keep;
  /* An adopted proxy has its name as long as it lives.  */
  if (keep == 0 && !(q->created && q->adopted))
    forget_name (r, q);
  owe (r, &q->work, QUEUE_DROP);
}

static bool
window_full (const struct rights *r, const struct import *i)
{
  return i->unacked >= r->config.window_messages
	 || i->unacked_bytes >= r->config.window_bytes;
}

static bool
should_pause (const struct rights *r, const struct queue *q)
{
  if (q->leaving)
    return true;
  if (q->arriving || q->out_count == 0)
    return false;
  return q->out_count >= RIGHTS_PROXY_MESSAGES_MAX || !q->path || q->next
	 || q->path->session->blocked || window_full (r, q->path);
}

static void
settle_imports (struct rights *r, struct queue *q)
{
  LIST_EACH (i, &q->imports, struct import, in_queue)
    if (import_releasable (i))
      owe (r, &i->work, IMPORT_GIVE_BACK);
}

/* What a call that failed made and did not count.  */
static void
settle_exports (struct rights *r, struct queue *q)
{
  LIST_EACH (e, &q->exports, struct export, in_queue)
    if (e->count == 0 && !e->told_dead)
      export_free (r, e);
}

void
queue_settle (struct rights *r, struct queue *q)
{
  bool free_name = q->refs == 0 && !q->delivering;

  settle_exports (r, q);
  switch ((enum place) q->place)
    {
    case PLACE_HOME:
      settle_imports (r, q);
      if (q->held > SURPLUS_REFS)
	give_name_back (r, q, 1);
      if (quiet (q) && list_empty (&q->exports) && list_empty (&q->imports)
	  && !q->arriving && q->drop == 0)
	{
	  queue_kill (r, q);
	  return;		/* comes back as DEAD */
	}
      break;

    case PLACE_PROXY:
      if (q->arriving)
	{
	  migrate_step (r, q);
	  break;
	}
      if (q->once && q->refs == 0 && !q->given && !q->used)
	{
	  /* It was named, but never reached a task.  */
	  queue_once_unused (r, q);
	  return;
	}
      settle_imports (r, q);
      if (free_name)
	give_name_back (r, q, 0);
      if (q->created && q->paused != should_pause (r, q))
	owe (r, &q->work, QUEUE_PAUSE);
      if (retirable (q))
	owe (r, &q->work, QUEUE_RETIRE);
      break;

    case PLACE_DEAD:
      settle_imports (r, q);
      if (free_name)
	give_name_back (r, q, 0);
      if (q->created && !q->closing)
	owe (r, &q->work, QUEUE_DESTROY);
      if (free_name && !q->created && q->drop == 0 && q->held == 0
	  && list_empty (&q->exports) && list_empty (&q->imports) && quiet (q))
	queue_free (r, q);
      break;
    }
}

/* --- Actions ------------------------------------------------------------------- */

static enum emitted
more (struct rights *r, struct queue *q)
{
  if (q->work.bits)
    owe (r, &q->work, 0);
  return EMITTED;
}

static enum emitted
emit_retire (struct rights *r, struct queue *q, struct rights_action *a)
{
  if (!retirable (q))
    {
      q->work.bits &= ~(uint32_t) QUEUE_RETIRE;
      return NOTHING;
    }
  if (!list_empty (&q->imports))
    {
      struct import *i = CONTAINER (q->imports.next, struct import, in_queue);
      struct frame f = { .type = FRAME_RELEASE, .handle = i->handle,
	.count = i->count };
      if (i->count && !emit_frame (r, a, i->session->id, i->handle, &f))
	return NO_MEMORY;
      import_free (r, i);
      if (!f.count)
	return emit_retire (r, q, a);
      if (list_empty (&q->imports))
	queue_kill (r, q);
      return more (r, q);
    }
  q->work.bits &= ~(uint32_t) QUEUE_RETIRE;
  queue_kill (r, q);
  return NOTHING;
}

static enum emitted
emit_destroy (struct rights *r, struct queue *q, struct rights_action *a)
{
  a->kind = RIGHTS_PROXY_DESTROY;
  a->proxy = q->proxy;
  table_remove (&r->proxies, &q->by_proxy);
  q->created = false;
  if (q->adopted && q->held == 0)
    forget_name (r, q);
  q->adopted = false;
  queue_touch (r, q);
  return EMITTED;
}

static enum emitted
emit_simple (struct rights *r, struct queue *q, struct rights_action *a,
	     uint32_t bit)
{
  q->work.bits &= ~bit;
  a->proxy = q->proxy;
  a->name = q->name;
  switch (bit)
    {
    case QUEUE_ADOPT:
      a->kind = RIGHTS_PROXY_ADOPT;
      a->sync = 0;
      break;
    case QUEUE_WATCH:
      if (!q->held)
	return NOTHING;
      a->kind = RIGHTS_LOCAL_WATCH;
      break;
    case QUEUE_PAUSE:
      if (!q->created || q->place != PLACE_PROXY || q->arriving > ARRIVING_CLOSE
	  || q->paused == should_pause (r, q))
	return NOTHING;
      q->paused = !q->paused;
      a->kind = q->paused ? RIGHTS_PROXY_PAUSE : RIGHTS_PROXY_RESUME;
      break;
    case QUEUE_ARM:
      if (!q->created || q->place != PLACE_PROXY || q->arriving > ARRIVING_FLUSH)
	return NOTHING;
      q->armed = true;
      a->kind = RIGHTS_PROXY_ARM;
      a->sync = q->makes;
      break;
    case QUEUE_DROP:
      if (!q->drop)
	return NOTHING;
      a->kind = RIGHTS_LOCAL_DROP;
      a->name = q->drop_name;
      a->count = q->drop;
      q->drop = 0;
      queue_touch (r, q);
      break;
    default:
      dr_assert (!"known bit");
    }
  return EMITTED;
}

enum emitted
queue_emit (struct rights *r, struct queue *q, struct rights_action *a)
{
  while (q->work.bits)
    {
      uint32_t bit = q->work.bits & -q->work.bits;
      enum emitted e;
      switch (bit)
	{
	case QUEUE_CLOSE:
	  e = migrate_close_emit (r, q, a);
	  break;
	case QUEUE_FLUSH:
	  e = migrate_flush_emit (r, q, a);
	  break;
	case QUEUE_DELIVER:
	  e = deliver_emit (r, q, a);
	  break;
	case QUEUE_TRANSMIT:
	  e = transmit_emit (r, q, a);
	  break;
	case QUEUE_ANSWER:
	  e = migrate_answer_emit (r, q, a);
	  break;
	case QUEUE_RETIRE:
	  e = emit_retire (r, q, a);
	  break;
	case QUEUE_DESTROY:
	  q->work.bits &= ~bit;
	  if (q->place != PLACE_DEAD || !q->created || q->closing)
	    {
	      e = NOTHING;
	      break;
	    }
	  e = emit_destroy (r, q, a);
	  break;
	default:
	  e = emit_simple (r, q, a, bit);
	  break;
	}
      if (e == EMITTED)
	return more (r, q);
      if (e == NO_MEMORY)
	return e;
      /* NOTHING: that bit is gone.  */
    }
  return NOTHING;
}

/* --- What the kernel said about one queue ----------------------------------------- */

void
rights_no_senders (struct rights *r, uint64_t now, uint32_t proxy,
		   uint32_t make_send_count)
{
  struct queue *q = queue_by_proxy (r, proxy);
  r->now = now;
  if (!q || q->once || q->place != PLACE_PROXY || q->arriving > ARRIVING_FLUSH)
    return;
  q->armed = false;
  if ((q->making == 0 && make_send_count == q->makes) || CANARY (NO_SENDERS))
    {
      q->idle = true;
      queue_touch (r, q);
    }
  else
    owe (r, &q->work, QUEUE_ARM);
  reap (r);
}

void
rights_send_once_gone (struct rights *r, uint64_t now, uint32_t proxy)
{
  struct queue *q = queue_by_proxy (r, proxy);
  r->now = now;
  if (q && q->once && q->place == PLACE_PROXY && !q->used)
    queue_once_unused (r, q);
  reap (r);
}

bool
rights_watches (const struct rights *r, uint32_t name)
{
  const struct queue *q = queue_by_name (r, name);
  return q && q->place == PLACE_HOME && q->held;
}

void
rights_local_dead (struct rights *r, uint64_t now, uint32_t name)
{
  struct queue *q = queue_by_name (r, name);
  r->now = now;
  if (q && q->place == PLACE_HOME)
    queue_kill (r, q);
  reap (r);
}
