/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tries all interleavings of a small world, depth first.  The engine and the model live
   in one arena at a fixed address, so that a state is saved and restored by copying it;
   states already seen are known by a digest of engine and model.  */
#include <stdlib.h>
#include <string.h>

#include "sim/guard.h"
#include "sim/pages/model.h"

enum { ARENA_BYTES = 1 << 20, CLASS_BYTES = 32, CLASSES = 256, DEPTH_MAX = 4096,
       SEEN_FIRST = 1 << 16 };

/* --- The arena ------------------------------------------------------------------- */

struct arena
{
  size_t used;
  void *free[CLASSES];		/* by rounded size; all there is comes from here again */
  struct world *world;
};

static size_t
class_of (size_t bytes)
{
  size_t c = (bytes + CLASS_BYTES - 1) / CLASS_BYTES;
  dr_assert (c < CLASSES);
  return c;
}

GUARD_EXEMPT static void *
arena_alloc (void *ctx, size_t bytes)
{
  struct arena *a = ctx;
  size_t c = class_of (bytes);
  void *p = a->free[c];
  if (p)
    a->free[c] = *(void **) p;
  else
    {
      p = (char *) a + a->used;
      a->used += c * CLASS_BYTES;
      dr_assert (a->used <= ARENA_BYTES);
    }
  guard_taken (p, bytes, c * CLASS_BYTES);
  if (a->world)
    a->world->live_allocations++;
  return p;
}

GUARD_EXEMPT static void
arena_free (void *ctx, void *p, size_t bytes)
{
  struct arena *a = ctx;
  size_t c = class_of (bytes);
  guard_free (p, c * CLASS_BYTES);
  *(void **) p = a->free[c];
  a->free[c] = p;
  if (a->world)
    a->world->live_allocations--;
}

/* --- Digests ------------------------------------------------------------------------ */

static void
mix (void *ctx, uint64_t word)
{
  uint64_t *h = ctx;
  uint64_t x = (*h ^ word) * 0x9e3779b97f4a7c15u;
  *h = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u + 0x1234567;
}

static void
mix_queue (uint64_t *h, const struct queue *queue)
{
  for (const struct msg *m = queue->first; m; m = m->next)
    {
      mix (h, (uint64_t) m->kind << 56 | (uint64_t) m->first << 48 | (uint64_t) m->count << 40
	   | (uint64_t) m->placed << 32 | (uint64_t) m->access << 28 | (uint64_t) m->prot << 20
	   | (uint64_t) m->should_return << 12 | (uint64_t) m->dirty << 4
	   | (uint64_t) m->kernel_copy << 3 | (uint64_t) m->flush << 2
	   | (uint64_t) m->reply << 1 | m->precious);
      mix (h, (uint64_t) m->error);
      for (unsigned i = 0; i < m->count; i++)
	mix (h, m->version[i]);
    }
  mix (h, 77);
}

static void
mix_kernel (uint64_t *h, const struct world *w, const struct kernel *k)
{
  mix (h, (uint64_t) k->joined | (uint64_t) k->silent << 1 | (uint64_t) k->dead << 2
       | (uint64_t) k->leaving << 3 | (uint64_t) k->lock_begun << 4
       | (uint64_t) k->lock_at << 8 | (uint64_t) k->accesses << 32);
  for (unsigned i = 0; i < w->options.pages; i++)
    {
      const struct vm_page *p = &k->page[i];
      uint64_t olds = 0;
      for (unsigned c = 0; c < CALLS_MAX; c++)
	olds = olds * 2 + (w->call[c].open && p->since < w->call[c].step);
      mix (h, (uint64_t) p->present | (uint64_t) p->absent << 1 | (uint64_t) p->locked << 2
	   | (uint64_t) p->unlock_asked << 3 | (uint64_t) p->dirty << 4
	   | (uint64_t) p->precious << 5 | (uint64_t) p->error << 6 | (uint64_t) p->busy << 7
	   | (uint64_t) k->waits[i] << 8 | (uint64_t) k->unlocks[i] << 9
	   | (uint64_t) k->overtaken[i] << 16 | olds << 24);
      mix (h, p->version);
    }
  for (unsigned i = 0; i < w->options.threads; i++)
    mix (h, (uint64_t) k->thread[i].active | (uint64_t) k->thread[i].write << 1
	 | (uint64_t) k->thread[i].page << 2);
  mix_queue (h, &k->out);
  mix_queue (h, &k->in);
  struct queue piece = { k->piece, k->piece };
  if (k->piece)
    k->piece->next = NULL;
  mix_queue (h, &piece);
}

static uint64_t
digest (const struct world *w)
{
  uint64_t h = 1;
  pages_digest (w->pages, mix, &h);
  for (unsigned k = 0; k < w->options.kernels; k++)
    mix_kernel (&h, w, &w->kernel[k]);
  for (unsigned i = 0; i < w->ops; i++)
    {
      mix (&h, (uint64_t) w->op[i].kind << 16 | (uint64_t) w->op[i].first << 8 | w->op[i].count);
      for (unsigned n = 0; n < w->op[i].count; n++)
	mix (&h, w->op[i].version[n]);
    }
  for (unsigned i = 0; i < w->options.pages; i++)
    {
      const struct truth *t = &w->truth[i];
      mix (&h, t->latest << 32 | t->known);
      mix (&h, t->stored << 32 | t->last);
      mix (&h, (uint64_t) t->owner | (uint64_t) t->lost << 8 | (uint64_t) t->any << 9
	   | (uint64_t) t->excused << 10 | (uint64_t) t->failed << 11);
    }
  for (unsigned i = 0; i < CALLS_MAX; i++)
    if (w->call[i].open)
      {
	mix (&h, (uint64_t) i << 8 | w->call[i].kind);
	for (unsigned n = 0; n < w->options.pages; n++)
	  mix (&h, w->call[i].want[n]);
      }
  const struct budget *b = &w->budget;
  mix (&h, (uint64_t) b->evictions << 32 | b->deaths);
  mix (&h, (uint64_t) b->silences << 32 | b->leaves);
  mix (&h, (uint64_t) b->calls << 32 | b->ticks);
  mix (&h, (uint64_t) b->store_fails << 1 | w->shut);
  return h ? h : 1;
}

/* --- States seen -------------------------------------------------------------------- */

struct seen { uint64_t *at, size, count; };

static bool
put (struct seen *seen, uint64_t h)
{
  uint64_t i = h & (seen->size - 1);
  while (seen->at[i] && seen->at[i] != h)
    i = (i + 1) & (seen->size - 1);
  if (seen->at[i])
    return false;
  seen->at[i] = h;
  seen->count++;
  return true;
}

static bool
add (struct seen *seen, uint64_t h)
{
  if (seen->count * 2 > seen->size)
    {
      struct seen more = { calloc (seen->size * 2, 8), seen->size * 2, 0 };
      dr_assert (more.at);
      for (uint64_t i = 0; i < seen->size; i++)
	if (seen->at[i])
	  put (&more, seen->at[i]);
      free (seen->at);
      *seen = more;
    }
  return put (seen, h);
}

/* --- The search ----------------------------------------------------------------------- */

struct frame
{
  char *saved;
  size_t bytes;
  unsigned next, count;
  struct choice choices[CHOICES_MAX];
};

static void
enter (struct arena *a, struct frame *f)
{
  f->count = world_choices (a->world, f->choices);
  f->next = 0;
  f->bytes = a->used;
  f->saved = malloc (guard_bytes (a->used));
  dr_assert (f->saved);
  guard_save (f->saved, a, a->used);
}

/* How it came to this: the choices on the way.  */
static void
tell_path (struct arena *a, struct frame *const *stack, unsigned depth, FILE *trace)
{
  if (!trace)
    return;
  guard_restore (a, stack[0]->saved, stack[0]->bytes);
  a->world->options.trace = trace;
  for (unsigned i = 0; i < depth; i++)
    world_do (a->world, stack[i]->choices[stack[i]->next - 1]);
}

static void
search (struct arena *a, uint64_t states_max, struct seen *seen, struct explored *e,
	FILE *trace)
{
  struct frame **stack = calloc (DEPTH_MAX, sizeof *stack);
  unsigned depth = 0;
  add (seen, digest (a->world));
  stack[0] = malloc (sizeof **stack);
  enter (a, stack[depth++]);
  while (depth && !e->result.violated[0] && seen->count < states_max)
    {
      struct frame *f = stack[depth - 1];
      if (f->next == f->count)
	{
	  free (f->saved);
	  free (f);
	  depth--;
	  continue;
	}
      guard_restore (a, f->saved, f->bytes);
      world_do (a->world, f->choices[f->next++]);
      e->transitions++;
      if (!world_bad (a->world) && !add (seen, digest (a->world)))
	continue;
      struct frame *g = malloc (sizeof *g);
      enter (a, g);
      if (g->count == 0)
	{
	  e->ends++;
	  check_rest (a->world);
	}
      if (world_bad (a->world))
	{
	  e->result = a->world->result;
	  tell_path (a, stack, depth, trace);
	}
      dr_assert (depth < DEPTH_MAX);
      stack[depth++] = g;
    }
  e->complete = depth == 0;
  while (depth)
    {
      free (stack[--depth]->saved);
      free (stack[depth]);
    }
  free (stack);
}

void
explore (const struct options *options, const struct budget *budget, unsigned accesses,
	 uint64_t states_max, struct explored *e)
{
  struct arena *a = calloc (1, ARENA_BYTES);
  struct seen seen = { calloc (SEEN_FIRST, 8), SEEN_FIRST, 0 };
  *e = (struct explored) { 0 };
  a->used = (sizeof *a + 63) / 64 * 64;
  struct world *w = (struct world *) ((char *) a + a->used);
  a->used += (sizeof *w + 63) / 64 * 64;
  a->world = w;
  w->options = *options;
  w->options.trace = NULL;
  w->exploring = true;
  w->budget = *budget;
  w->alloc = w->own = (struct dr_alloc) { arena_alloc, arena_free, a };
  world_begin (w);
  for (unsigned k = 0; k < options->kernels; k++)
    w->kernel[k].accesses = accesses;
  search (a, states_max, &seen, e, options->trace);
  e->states = seen.count;
  free (seen.at);
  free (a);
}
