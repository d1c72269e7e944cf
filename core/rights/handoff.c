/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hand-offs: B holds A's queue and passes it to C.  B has a handoff, C a claim; what
   A has is in grants.c.  */
#include "core/rights/internal.h"

static uint64_t
claim_hash (const struct rights_key *granter, uint64_t handoff)
{
  uint64_t key;
  memcpy (&key, granter->bytes, sizeof key);
  return table_mix (handoff, key);
}

/* --- At B ------------------------------------------------------------------------ */

struct handoff *
handoff_new (struct rights *r, struct session *to, struct import *i)
{
  struct handoff *h = NEW (r, struct handoff);
  if (!h)
    return NULL;
  h->id = ++r->last_id;
  h->to = to->id;
  h->import = i;
  h->work.kind = WORK_HANDOFF;
  i->pins++;
  list_append (&r->handoffs, &h->node);
  table_add (&r->handoff_ids, &r->alloc, &h->by_id, table_mix (h->id, 0));
  /* The grant goes out first, or at once: the claim may overtake it anyway.  */
  owe (r, &h->work, HANDOFF_GRANT);
  return h;
}

void
handoff_free (struct rights *r, struct handoff *h)
{
  if (h->import)
    import_unpin (r, h->import);
  work_end (&h->work);
  list_remove (&h->node);
  table_remove (&r->handoff_ids, &h->by_id);
  FREE (r, h);
}

static struct handoff *
handoff_find (struct rights *r, uint64_t id, const struct session *to)
{
  struct hnode *n = table_find (&r->handoff_ids, table_mix (id, 0));
  for (; n; n = table_more (n))
    {
      struct handoff *h = CONTAINER (n, struct handoff, by_id);
      if (h->id == id && h->to == to->id)
	return h;
    }
  return NULL;
}

enum emitted
handoff_emit (struct rights *r, struct handoff *h, struct rights_action *a)
{
  struct session *to = session_find (r, h->to);
  struct frame f = { .id = h->id };

  if (h->import)
    f.handle = h->import->handle;
  if (h->work.bits & HANDOFF_GRANT)
    {
      h->work.bits &= ~(uint32_t) HANDOFF_GRANT;
      if (h->import && to && !h->granted)
	{
	  f.type = FRAME_GRANT;
	  f.key = to->key;
	  if (!emit_frame (r, a, h->import->session->id, f.handle, &f))
	    {
	      h->work.bits |= HANDOFF_GRANT;
	      return NO_MEMORY;
	    }
	  h->granted = true;
	  if (CANARY (HOLD))
	    {
	      import_unpin (r, h->import);
	      h->import = NULL;
	    }
	  if (h->work.bits)
	    owe (r, &h->work, 0);
	  return EMITTED;
	}
    }
  if (!(h->work.bits & HANDOFF_END))
    return NOTHING;
  bool tell = h->import && h->granted;
  f.type = FRAME_UNGRANT;
  if (tell && !emit_frame (r, a, h->import->session->id, f.handle, &f))
    return NO_MEMORY;
  handoff_free (r, h);
  return tell ? EMITTED : NOTHING;
}

static enum dr_status
take_done (struct rights *r, struct session *s, const struct frame *f)
{
  struct handoff *h = handoff_find (r, f->id, s);
  if (!h || h->work.bits & HANDOFF_END)
    return DR_PEER_FAULT;
  if (h->export_handle && !f->flag)
    {
      struct queue *q = queue_by_handle (r, h->export_handle);
      struct export *e = q ? export_find (q, s) : NULL;
      if (e)
	e->moved = MOVED_RELAY;
    }
  if (f->flag)
    handoff_free (r, h);
  else
    owe (r, &h->work, HANDOFF_END);
  return DR_OK;
}

static enum dr_status
take_relay (struct rights *r, struct session *s, const struct frame *f)
{
  struct handoff *h = handoff_find (r, f->id, s);
  if (!h || h->work.bits & HANDOFF_END || h->export_handle)
    return DR_PEER_FAULT;
  struct queue *q = h->import ? h->import->queue : NULL;
  struct frame answer = { .type = FRAME_RELAY_FAILED, .id = f->id };
  struct export *e = NULL;
  if (q && q->place != PLACE_DEAD)
    {
      enum dr_status st = export_ensure (r, q, s, &e);
      queue_touch (r, q);
      if (st)
	return st;
      answer.type = FRAME_RELAYED;
      answer.handle = q->handle;
      answer.identity = q->identity;
    }
  struct note *note = note_new (r, s->id, 0, &answer);
  if (!note)
    return DR_NO_MEMORY;
  if (e)
    {
      e->count++;
      e->moved = MOVED_RELAY;
    }
  note_post (r, note);
  owe (r, &h->work, HANDOFF_END);
  return DR_OK;
}

/* --- At C ------------------------------------------------------------------------ */

struct claim *
claim_find (struct rights *r, const struct rights_key *granter, uint64_t handoff)
{
  struct hnode *n = table_find (&r->claim_ids, claim_hash (granter, handoff));
  for (; n; n = table_more (n))
    {
      struct claim *c = CONTAINER (n, struct claim, by_id);
      /* Ids of an earlier session of that node were other ids.  */
      if (c->handoff == handoff && key_equal (&c->granter, granter)
	  && c->granter_session)
	return c;
    }
  return NULL;
}

struct claim *
claim_new (struct rights *r, struct session *granter, uint64_t handoff,
	   const struct place_at *at)
{
  struct claim *c = NEW (r, struct claim);
  if (!c)
    return NULL;
  c->granter = granter->key;
  c->granter_session = granter->id;
  c->handoff = handoff;
  c->at = *at;
  c->work.kind = WORK_CLAIM;
  c->deadline = RIGHTS_NEVER;
  granter->claims_count++;
  list_append (&r->claims, &c->node);
  table_add (&r->claim_ids, &r->alloc, &c->by_id, claim_hash (&c->granter, handoff));
  return c;
}

void
claim_free (struct rights *r, struct claim *c)
{
  struct session *s = session_find (r, c->granter_session);
  if (s)
    s->claims_count--;
  work_end (&c->work);
  list_remove (&c->node);
  table_remove (&r->claim_ids, &c->by_id);
  FREE (r, c);
}

/* The grant of a granter that we lost may be on its way; or it came, and was taken back
   when the granter lost us, before our claim: then nobody but we can end the waiting.  */
static void
claim_set_deadline (struct rights *r, struct claim *c)
{
  c->deadline = c->granter_session ? RIGHTS_NEVER : r->now + r->config.connect_us;
}

static void
claim_go (struct rights *r, struct claim *c)
{
  struct session *home = session_of_key (r, &c->at.home);
  if (home)
    {
      c->home_session = home->id;
      c->state = CLAIM_SENT;
      claim_set_deadline (r, c);
      owe (r, &c->work, CLAIM_CLAIM);
      return;
    }
  c->state = CLAIM_CONNECTING;
  c->deadline = r->now + r->config.connect_us;
  owe (r, &c->work, CLAIM_CONNECT);
}

void
claim_start (struct rights *r, struct claim *c, struct queue *q)
{
  c->queue = q;
  q->claims++;
  claim_go (r, c);
}

/* It came to its end, one way or the other.  */
static void
claim_end (struct rights *r, struct claim *c, bool succeeded, bool tell)
{
  struct queue *q = c->queue;
  c->queue = NULL;
  c->state = CLAIM_ENDED;
  c->succeeded = succeeded;
  c->deadline = RIGHTS_NEVER;
  c->work.bits = 0;
  if (q)
    {
      q->claims--;
      if (q->place == PLACE_PROXY && !q->path && !q->claims && !q->leaving
	  && !q->arriving)
	queue_kill (r, q);
      queue_touch (r, q);
    }
  queue_wake_blocked (r);
  if (tell)
    owe (r, &c->work, CLAIM_DONE);
  else
    claim_free (r, c);
}

/* No connection to the home.  */
static void
claim_unreachable (struct rights *r, struct claim *c)
{
  if (c->moved || !c->granter_session || !c->queue)
    {
      claim_end (r, c, false, true);
      return;
    }
  c->state = CLAIM_RELAYING;
  c->deadline = RIGHTS_NEVER;
  c->work.bits = 0;
  owe (r, &c->work, CLAIM_RELAY);
}

enum emitted
claim_emit (struct rights *r, struct claim *c, struct rights_action *a)
{
  struct frame f = { .id = c->handoff };
  uint32_t bit = c->work.bits & -c->work.bits;

  switch (bit)
    {
    case CLAIM_CONNECT:
      c->work.bits = 0;
      if (c->state != CLAIM_CONNECTING)
	return NOTHING;
      a->kind = RIGHTS_CONNECT;
      a->key = c->at.home;
      a->address = c->at.address;
      return EMITTED;
    case CLAIM_CLAIM:
      f.type = FRAME_CLAIM;
      f.key = c->granter;
      f.count = c->at.number;
      if (!emit_frame (r, a, c->home_session, 0, &f))
	return NO_MEMORY;
      break;
    case CLAIM_UNCLAIM:
      f.type = FRAME_UNCLAIM;
      f.key = c->granter;
      if (!emit_frame (r, a, c->home_session, 0, &f))
	return NO_MEMORY;
      break;
    case CLAIM_RELAY:
      f.type = FRAME_RELAY;
      if (!emit_frame (r, a, c->granter_session, 0, &f))
	return NO_MEMORY;
      break;
    case CLAIM_DONE:
      f.type = FRAME_DONE;
      f.flag = c->succeeded;
      if (c->granter_session && !emit_frame (r, a, c->granter_session, 0, &f))
	return NO_MEMORY;
      bool told = c->granter_session != 0;
      claim_free (r, c);
      return told ? EMITTED : NOTHING;
    default:
      return NOTHING;
    }
  c->work.bits &= ~bit;
  return EMITTED;
}

/* CLAIMED from the home, RELAYED from the granter: one hold.  */
static enum dr_status
take_hold (struct rights *r, struct session *s, const struct frame *f,
	   struct claim *c)
{
  struct queue *q = c->queue;
  struct import *i;

  if (f->handle == 0)
    return DR_PEER_FAULT;
  /* The granter told us of another queue than it told its home of: that one gets its hold
     back, and the right that we were promised is dead.  */
  bool lied = q && !identity_equal (&q->identity, &f->identity);
  if (lied && (f->type == FRAME_RELAYED || CANARY (LIAR)))
    return DR_PEER_FAULT;
  if (lied)
    q = NULL;
  enum dr_status st = import_for (r, s, f->handle, q, &i);
  if (st)
    return st;
  bool dead = i->tombstone;
  i->relayed = f->type == FRAME_RELAYED && !i->count;
  import_named (r, i);
  if (q && !dead && c->moved && q->path && q->path != i
      && q->path->session->id == c->granter_session)
    migrate_redirect (r, q, i);
  claim_end (r, c, !lied && (!dead || f->type == FRAME_CLAIMED), f->type == FRAME_CLAIMED);
  return DR_OK;
}

static enum dr_status
take_answer (struct rights *r, struct session *s, const struct frame *f)
{
  bool home = f->type == FRAME_CLAIMED || f->type == FRAME_CLAIM_FAILED;
  struct claim *c = claim_find (r, home ? &f->key : &s->key, f->id);

  if (!c && home)
    {
      /* The granter's session ended meanwhile: its claims are found by key only
	 while it lasts, so look for one without.  */
      LIST_EACH (other, &r->claims, struct claim, node)
	if (other->handoff == f->id && key_equal (&other->granter, &f->key)
	    && other->home_session == s->id && other->state == CLAIM_SENT)
	  c = other;
    }
  if (!c)
    return DR_PEER_FAULT;
  if (home ? c->state != CLAIM_SENT || c->home_session != s->id
      : c->state != CLAIM_RELAYING || c->granter_session != s->id)
    return DR_PEER_FAULT;
  if (f->type == FRAME_CLAIMED || f->type == FRAME_RELAYED)
    return take_hold (r, s, f, c);
  claim_end (r, c, false, home);
  return DR_OK;
}

static enum dr_status
take_moved (struct rights *r, struct session *s, const struct frame *f)
{
  struct import *i = import_find (r, s, f->handle);
  struct queue *q = i ? i->queue : NULL;

  if (key_equal (&f->at.home, &s->key) || f->id == 0)
    return DR_PEER_FAULT;
  if (!q || q->place != PLACE_PROXY || q->arriving || q->leaving || q->path != i
      || q->next || key_equal (&f->at.home, &r->config.key))
    {
      struct frame done = { .type = FRAME_DONE, .id = f->id };
      struct note *note = note_new (r, s->id, 0, &done);
      note_post (r, note);
      return note ? DR_OK : DR_NO_MEMORY;
    }
  if (s->claims_count >= r->config.imports_max || claim_find (r, &s->key, f->id))
    return DR_PEER_FAULT;
  struct claim *c = claim_new (r, s, f->id, &f->at);
  if (!c)
    return DR_NO_MEMORY;
  c->moved = true;
  claim_start (r, c, q);
  return DR_OK;
}

enum dr_status
handoff_frame (struct rights *r, struct session *s, const struct frame *f)
{
  switch (f->type)
    {
    case FRAME_GRANT:
    case FRAME_UNGRANT:
    case FRAME_CLAIM:
    case FRAME_UNCLAIM: return grants_frame (r, s, f);
    case FRAME_CLAIMED:
    case FRAME_CLAIM_FAILED:
    case FRAME_RELAYED:
    case FRAME_RELAY_FAILED: return take_answer (r, s, f);
    case FRAME_DONE: return take_done (r, s, f);
    case FRAME_RELAY: return take_relay (r, s, f);
    case FRAME_MOVED: return take_moved (r, s, f);
    default: return DR_PEER_FAULT;
    }
}

/* --- Sessions and time ------------------------------------------------------------ */

void
handoff_session_up (struct rights *r, struct session *s)
{
  LIST_EACH (c, &r->claims, struct claim, node)
    if (c->state == CLAIM_CONNECTING && key_equal (&c->at.home, &s->key))
      {
	c->work.bits = 0;
	claim_go (r, c);
      }
}

void
handoff_session_down (struct rights *r, struct session *s)
{
  LIST_EACH (h, &r->handoffs, struct handoff, node)
    if (h->to == s->id)
      owe (r, &h->work, HANDOFF_END);
  LIST_EACH (c, &r->claims, struct claim, node)
    {
      if (c->granter_session == s->id)
	{
	  c->granter_session = 0;
	  if (c->state == CLAIM_RELAYING)
	    {
	      claim_end (r, c, false, false);
	      continue;
	    }
	  if (c->state == CLAIM_SENT)
	    claim_set_deadline (r, c);
	}
      if (c->state == CLAIM_SENT && c->home_session == s->id)
	claim_end (r, c, false, true);
    }
  grants_session_down (r, s);
}

void
rights_connect_failed (struct rights *r, uint64_t now, const struct rights_key *key)
{
  r->now = now;
  LIST_EACH (c, &r->claims, struct claim, node)
    if (c->state == CLAIM_CONNECTING && key_equal (&c->at.home, key))
      claim_unreachable (r, c);
  reap (r);
}

void
handoff_tick (struct rights *r)
{
  LIST_EACH (c, &r->claims, struct claim, node)
    if (r->now >= c->deadline && c->state == CLAIM_CONNECTING)
      claim_unreachable (r, c);
    else if (r->now >= c->deadline && c->state == CLAIM_SENT)
      {
	c->deadline = RIGHTS_NEVER;
	owe (r, &c->work, CLAIM_UNCLAIM);
      }
}

uint64_t
handoff_deadline (const struct rights *r)
{
  uint64_t at = RIGHTS_NEVER;
  LIST_EACH (c, &r->claims, struct claim, node)
    if (c->deadline < at)
      at = c->deadline;
  return at;
}
