/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checkers of P1 to P7.  They see what kernels and the store do, never the engine.  */
#include "sim/pages/model.h"

/* The next one who looks tells which version counts after data was given up.  */
static void
settle_on (struct world *w, unsigned page, uint64_t version)
{
  struct truth *t = &w->truth[page];
  if (!t->any)
    return;
  if (version < t->stored || version > t->last)
    world_violation (w, "P2", "page %u came back with version %llu, the store had %llu", page,
		     (unsigned long long) version, (unsigned long long) t->stored);
  t->any = false;
  t->latest = t->known = version;
}

static void
check_seen (struct world *w, unsigned k, unsigned page)
{
  struct truth *t = &w->truth[page];
  uint64_t version = w->kernel[k].page[page].version;
  settle_on (w, page, version);
  if (t->lost)
    world_violation (w, "P7", "page %u was lost with a kernel, and kernel %u sees version %llu",
		     page, k, (unsigned long long) version);
  else if (version != t->latest)
    world_violation (w, "P2", "kernel %u sees version %llu of page %u, the latest is %llu", k,
		     (unsigned long long) version, page, (unsigned long long) t->latest);
}

void
check_read (struct world *w, unsigned k, unsigned page)
{
  check_seen (w, k, page);
}

void
check_write (struct world *w, unsigned k, unsigned page)
{
  struct truth *t = &w->truth[page];
  struct vm_page *mine = &w->kernel[k].page[page];
  check_seen (w, k, page);
  if (w->kernel[k].read_only)
    world_violation (w, "P1", "kernel %u writes page %u by the read-only port", k, page);
  for (unsigned j = 0; j < w->options.kernels; j++)
    if (j != k && w->kernel[j].joined && !w->kernel[j].gone && !w->kernel[j].dead
	&& w->kernel[j].page[page].present)
      world_violation (w, "P1", "kernel %u writes page %u while kernel %u has it", k, page, j);
  mine->version = t->latest = ++t->last;
  t->owner = (uint8_t) k;
}

void
check_refused (struct world *w, unsigned k, unsigned page, int32_t error)
{
  const struct truth *t = &w->truth[page];
  if (error == ERROR_SHUT ? w->shut : error == ERROR_READ_ONLY ? w->kernel[k].read_only
      : t->excused)
    return;
  world_violation (w, "P7", "kernel %u gets error %d for page %u without a reason", k, error,
		   page);
}

/* A flush threw away what was not returned.  */
void
check_discarded (struct world *w, unsigned page)
{
  w->truth[page].any = true;
  for (unsigned i = 0; i < CALLS_MAX; i++)
    w->call[i].want[page] = 0;
}

void
check_returned (struct world *w, unsigned k, unsigned page, uint64_t version)
{
  struct truth *t = &w->truth[page];
  if (version > t->known)
    t->known = version;
}

/* P6: of each other kernel at most one is served between a request and its answer.  */
void
check_given (struct world *w, unsigned k, unsigned page, bool write)
{
  w->kernel[k].waits[page] = false;
  for (unsigned j = 0; j < w->options.kernels; j++)
    {
      struct kernel *other = &w->kernel[j];
      if (j == k || !other->waits[page] || other->silent || other->dead)
	continue;
      if (++other->overtaken[page] >= 2 * w->options.kernels)
	world_violation (w, "P6", "kernel %u waits for page %u while others got it %u times",
			 j, page, other->overtaken[page]);
    }
}

static bool
nobody_left (const struct world *w)
{
  for (unsigned k = 0; k < w->options.kernels; k++)
    if (w->kernel[k].joined && !w->kernel[k].gone)
      return false;
  return true;
}

void
check_gone (struct world *w, unsigned k, bool terminated)
{
  for (unsigned page = 0; page < w->options.pages; page++)
    {
      struct truth *t = &w->truth[page];
      if (terminated)
	continue;
      /* It may have been the writer: then an error is right even if nothing is lost.  */
      t->excused = true;
      if (t->owner == k && t->latest > t->known && !t->any)
	t->lost = true;
    }
  w->kernel[k].gone = true;
  if (nobody_left (w))
    for (unsigned page = 0; page < w->options.pages; page++)
      if (w->truth[page].lost)
	{
	  w->truth[page].lost = false;
	  w->truth[page].any = true;
	}
}

void
check_store_write (struct world *w, unsigned page, uint64_t version, bool failed)
{
  struct truth *t = &w->truth[page];
  if (version <= t->stored && version != 0 && !(failed || t->failed))
    world_violation (w, "P4", "version %llu of page %u is written over version %llu",
		     (unsigned long long) version, page, (unsigned long long) t->stored);
  t->failed = failed;
  if (failed)
    t->excused = true;
  else
    t->stored = version;
}

void
check_wake (struct world *w, struct model_call *call, int32_t error)
{
  call->open = false;
  for (unsigned page = call->first; page < call->first + call->count; page++)
    {
      struct truth *t = &w->truth[page];
      if (call->kind == PAGES_CALL_FLUSH && (t->lost || t->failed || t->any))
	{
	  t->any = true;
	  t->lost = false;	/* FAILED stays: a later flush may bring it back too */
	}
      if (call->kind == PAGES_CALL_SYNC || call->kind == PAGES_CALL_RETURN || call->kind == 4)
	if (t->stored < call->want[page] && !error && !t->lost && !t->any && !t->excused)
	  world_violation (w, "P5", "a call returned: page %u in the store is %llu, was %llu",
			   page, (unsigned long long) t->stored,
			   (unsigned long long) call->want[page]);
      for (unsigned k = 0; k < w->options.kernels && call->kind != PAGES_CALL_SYNC
	   && call->kind != 3; k++)
	if (w->kernel[k].joined && !w->kernel[k].gone && !w->kernel[k].dead
	    && !w->kernel[k].silent && w->kernel[k].page[page].present
	    && w->kernel[k].page[page].since < call->step)
	  world_violation (w, "P5", "a call returned, and kernel %u still has its page %u", k,
			   page);
    }
}

/* Nothing can happen any more.  */
void
check_rest (struct world *w)
{
  for (unsigned k = 0; k < w->options.kernels; k++)
    for (unsigned t = 0; t < w->options.threads; t++)
      if (w->kernel[k].thread[t].active && !w->kernel[k].silent && !w->kernel[k].dead
	  && !w->kernel[k].gone && w->kernel[k].joined)
	world_violation (w, "P3", "kernel %u waits for page %u for ever", k,
			 w->kernel[k].thread[t].page);
  for (unsigned i = 0; i < CALLS_MAX; i++)
    if (w->call[i].open)
      world_violation (w, "P5", "a call never returned (kind %u)", w->call[i].kind);
}
