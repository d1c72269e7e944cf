/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The home's part in a hand-off: a grant, or a pending claim when the claim came
   first.  Both end with the granter's session.  */
#include "core/rights/internal.h"

static struct grant *
grant_find (struct rights *r, uint64_t granter, uint64_t handoff)
{
  struct hnode *n = table_find (&r->grant_ids, table_mix (handoff, granter));
  for (; n; n = table_more (n))
    {
      struct grant *g = CONTAINER (n, struct grant, by_id);
      if (g->handoff == handoff && g->granter == granter)
	return g;
    }
  return NULL;
}

static void
grant_free (struct rights *r, struct grant *g)
{
  struct session *s = session_find (r, g->granter);
  if (s)
    s->claims_count--;
  list_remove (&g->node);
  table_remove (&r->grant_ids, &g->by_id);
  FREE (r, g);
}

/* Several nodes may claim by one name: all but one were lied to, or lie.  */
static struct pending *
pending_find (struct rights *r, uint64_t granter, uint64_t handoff, uint64_t claimant)
{
  struct hnode *n = table_find (&r->pending_ids, table_mix (handoff, granter));
  for (; n; n = table_more (n))
    {
      struct pending *p = CONTAINER (n, struct pending, by_id);
      if (p->handoff == handoff && p->granter == granter && p->claimant == claimant)
	return p;
    }
  return NULL;
}

static void
pending_free (struct rights *r, struct pending *p)
{
  struct session *s = session_find (r, p->claimant);
  if (s)
    s->claims_count--;
  work_end (&p->work);
  list_remove (&p->node);
  table_remove (&r->pending_ids, &p->by_id);
  FREE (r, p);
}

enum emitted
pending_emit (struct rights *r, struct pending *p, struct rights_action *a)
{
  struct frame f = { .type = FRAME_CLAIM_FAILED, .key = p->granter_key,
    .id = p->handoff };
  if (!emit_frame (r, a, p->claimant, 0, &f))
    return NO_MEMORY;
  pending_free (r, p);
  return EMITTED;
}

/* Answers a claim whose grant is known (or which can have none).  */
static enum dr_status
answer_claim (struct rights *r, struct session *claimant,
	      const struct rights_key *granter, uint64_t handoff, struct queue *q)
{
  struct frame f = { .type = FRAME_CLAIM_FAILED, .key = *granter, .id = handoff };
  struct export *e = NULL;

  if (q && q->place != PLACE_DEAD && !q->once)
    {
      enum dr_status st = export_ensure (r, q, claimant, &e);
      queue_touch (r, q);
      if (st)
	return st;
      f.type = FRAME_CLAIMED;
      f.handle = q->handle;
      f.identity = q->identity;
    }
  struct note *note = note_new (r, claimant->id, 0, &f);
  if (!note)
    return DR_NO_MEMORY;
  if (e)
    {
      e->count++;
      if (queue_has_path (q))
	owe (r, &e->work, EXPORT_MOVED);
    }
  note_post (r, note);
  return DR_OK;
}

static enum dr_status
take_claim (struct rights *r, struct session *s, const struct frame *f)
{
  struct session *granter = session_of_key (r, &f->key);
  struct grant *g;

  if (key_equal (&f->key, &s->key) || f->id == 0)
    return DR_PEER_FAULT;
  if (!granter || granter->number != f->count)
    return answer_claim (r, s, &f->key, f->id, NULL);
  g = grant_find (r, granter->id, f->id);
  /* Granted to another node: this one may have been lied to.  */
  if (g && !key_equal (&g->to, &s->key))
    return answer_claim (r, s, &f->key, f->id, NULL);
  if (g)
    {
      enum dr_status st = answer_claim (r, s, &f->key, f->id,
					queue_by_handle (r, g->handle));
      if (st == DR_OK)
	grant_free (r, g);
      return st;
    }
  if (s->claims_count >= r->config.imports_max
      || pending_find (r, granter->id, f->id, s->id))
    return DR_PEER_FAULT;
  struct pending *p = NEW (r, struct pending);
  if (!p)
    return DR_NO_MEMORY;
  p->granter_key = f->key;
  p->granter = granter->id;
  p->claimant = s->id;
  p->handoff = f->id;
  p->work.kind = WORK_PENDING;
  s->claims_count++;
  list_append (&r->pendings, &p->node);
  table_add (&r->pending_ids, &r->alloc, &p->by_id,
	     table_mix (p->handoff, p->granter));
  return DR_OK;
}

/* The grant is known, and it is for none of those that still wait.  */
static void
fail_others (struct rights *r, uint64_t granter, uint64_t handoff)
{
  LIST_EACH (p, &r->pendings, struct pending, node)
    if (p->granter == granter && p->handoff == handoff)
      owe (r, &p->work, PENDING_FAIL);
}

static enum dr_status
take_grant (struct rights *r, struct session *s, const struct frame *f)
{
  struct queue *q = queue_by_handle (r, f->handle);
  struct export *e = q ? export_find (q, s) : NULL;
  struct session *claimant = session_of_key (r, &f->key);
  struct pending *p = claimant ? pending_find (r, s->id, f->id, claimant->id) : NULL;

  if (!e || e->count == 0 || q->once || f->id == 0
      || s->claims_count >= r->config.imports_max || grant_find (r, s->id, f->id))
    return DR_PEER_FAULT;
  if (p && !(p->work.bits & PENDING_FAIL))
    {
      enum dr_status st = answer_claim (r, claimant, &s->key, f->id, q);
      if (st == DR_OK)
	{
	  pending_free (r, p);
	  fail_others (r, s->id, f->id);
	}
      return st;
    }
  struct grant *g = NEW (r, struct grant);
  if (!g)
    return DR_NO_MEMORY;
  g->granter = s->id;
  g->handoff = f->id;
  g->handle = f->handle;
  g->to = f->key;
  s->claims_count++;
  list_append (&r->grants, &g->node);
  table_add (&r->grant_ids, &r->alloc, &g->by_id, table_mix (g->handoff, s->id));
  fail_others (r, s->id, f->id);
  return DR_OK;
}

static enum dr_status
take_ungrant (struct rights *r, struct session *s, const struct frame *f)
{
  struct grant *g = grant_find (r, s->id, f->id);
  if (g && g->handle == f->handle)
    grant_free (r, g);
  return DR_OK;
}

/* Answered with CLAIM_FAILED if the claim still waits; else its answer is on the way.  */
static enum dr_status
take_unclaim (struct rights *r, struct session *s, const struct frame *f)
{
  LIST_EACH (p, &r->pendings, struct pending, node)
    if (p->claimant == s->id && p->handoff == f->id && key_equal (&p->granter_key, &f->key))
      owe (r, &p->work, PENDING_FAIL);
  return DR_OK;
}

enum dr_status
grants_frame (struct rights *r, struct session *s, const struct frame *f)
{
  switch (f->type)
    {
    case FRAME_GRANT: return take_grant (r, s, f);
    case FRAME_UNGRANT: return take_ungrant (r, s, f);
    case FRAME_UNCLAIM: return take_unclaim (r, s, f);
    default: return take_claim (r, s, f);
    }
}

void
grants_session_down (struct rights *r, struct session *s)
{
  LIST_EACH (g, &r->grants, struct grant, node)
    if (g->granter == s->id)
      grant_free (r, g);
  LIST_EACH (p, &r->pendings, struct pending, node)
    if (p->claimant == s->id)
      pending_free (r, p);
    else if (p->granter == s->id)
      owe (r, &p->work, PENDING_FAIL);
}
