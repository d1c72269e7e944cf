/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can happen next, doing it, and seeded runs.  */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/pages/model.h"

enum { HEAL_STEPS_MAX = 200000 };

uint64_t
world_random (struct world *w, uint64_t below)
{
  uint64_t x = w->random += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return (x ^ x >> 31) % below;
}

void
world_violation (struct world *w, const char *property, const char *format, ...)
{
  va_list args;
  if (world_bad (w))
    return;
  snprintf (w->result.violated, sizeof w->result.violated, "%s", property);
  va_start (args, format);
  vsnprintf (w->result.what, sizeof w->result.what, format, args);
  va_end (args);
  world_trace (w, "*** %s: %s", property, w->result.what);
}

void
world_trace (struct world *w, const char *format, ...)
{
  va_list args;
  if (!w->options.trace)
    return;
  fprintf (w->options.trace, "%6llu %8llu ", (unsigned long long) w->step,
	   (unsigned long long) w->now);
  va_start (args, format);
  vfprintf (w->options.trace, format, args);
  va_end (args);
  fputc ('\n', w->options.trace);
}

static void
join (struct world *w, unsigned k)
{
  struct kernel *kernel = &w->kernel[k];
  bool read_only = w->options.read_only && k == w->options.kernels - 1;
  /* Otherwise it would not be known who was there when the last one was dropped.  */
  driver_drain (w);
  if (pages_init (w->pages, w->now, read_only, &kernel->client) != DR_OK)
    return;
  kernel->joined = true;
  kernel->read_only = read_only;
  world_trace (w, "kernel %u joins as client %u", k, kernel->client);
}

bool
world_begin (struct world *w)
{
  const struct options *o = &w->options;
  struct pages_config config;
  pages_config_default (&config);
  config.page_bytes = MODEL_PAGE;
  config.extent = o->pages;
  config.hold_us = o->hold_us;
  config.fence_us = 200;
  config.limit_us = o->limit_us;
  config.retry_us = 10;
  config.ahead_pages = o->ahead;
  config.notify_on_evict = o->notify;
  config.lost_error = ERROR_LOST;
  config.extent_error = ERROR_BEYOND;
  config.read_only_error = ERROR_READ_ONLY;
  config.shutdown_error = ERROR_SHUT;
  w->random = o->seed * 0x2545f4914f6cdd1du + 1;
  w->now = 1000;
  if (pages_create (&config, &w->alloc, &w->pages) != DR_OK)
    return false;
  for (unsigned i = 0; i < o->pages; i++)
    w->locked_in_store[i] = o->unlocks;
  for (unsigned k = 0; k < o->kernels; k++)
    {
      w->kernel[k].accesses = UINT32_MAX;
      join (w, k);
    }
  driver_drain (w);
  return true;
}

void
world_end (struct world *w)
{
  for (unsigned k = 0; k < w->options.kernels; k++)
    kernel_clear (w, k);
  pages_destroy (w->pages);
}

/* --- Choices ----------------------------------------------------------------------- */

struct list { struct choice *at; unsigned n; };

static void
add (struct list *l, unsigned kind, unsigned kernel, unsigned a, unsigned b)
{
  dr_assert (l->n < CHOICES_MAX);
  l->at[l->n++] = (struct choice) { (uint8_t) kind, (uint8_t) kernel, (uint8_t) a, (uint8_t) b };
}

static void
kernel_works (struct world *w, unsigned k, struct list *l)
{
  struct kernel *kernel = &w->kernel[k];
  for (unsigned t = 0; t < w->options.threads; t++)
    if (kernel->joined && !kernel->dead && kernel_access (w, k, t, false))
      add (l, DO_ACCESS, k, t, 0);
  if (kernel->out.first)
    add (l, DO_DELIVER, k, 0, 0);
  if (kernel_can_handle (w, k))
    add (l, DO_HANDLE, k, 0, 0);
  if (kernel->dead)
    add (l, DO_NOTICE, k, 0, 0);
}

static void
kernel_wishes (struct world *w, unsigned k, struct list *l)
{
  struct kernel *kernel = &w->kernel[k];
  bool lives = kernel->joined && !kernel->dead && !kernel->leaving && !w->shut;
  if (!kernel->joined && !w->shut)
    add (l, DO_JOIN, k, 0, 0);
  for (unsigned t = 0; t < w->options.threads && lives && kernel->accesses; t++)
    if (!kernel->thread[t].active)
      {
	for (unsigned i = 0; i < w->options.pages; i++)
	  for (unsigned write = 0; write < (kernel->read_only ? 1 : 2); write++)
	    add (l, DO_START, k, t, i << 1 | write);
	if (w->exploring)
	  break;		/* threads are alike */
      }
  for (unsigned i = 0; i < w->options.pages && lives && w->budget.evictions; i++)
    if (kernel_can_evict (w, k, i))
      add (l, DO_EVICT, k, i, 0);
  if (lives && w->budget.deaths)
    add (l, DO_DIE, k, 0, 0);
  if (lives && !kernel->silent && w->budget.silences)
    add (l, DO_SILENCE, k, 0, 0);
  if (lives && !kernel->silent && w->budget.leaves && !kernel->lock_begun)
    add (l, DO_LEAVE, k, 0, 0);
}

static void
library_wishes (struct world *w, struct list *l)
{
  if (!w->budget.calls || w->shut)
    return;
  if (w->exploring)
    for (unsigned kind = 0; kind < 3; kind++)
      add (l, DO_CALL, kind, 0, w->options.pages);
  else
    {
      unsigned first = (unsigned) world_random (w, w->options.pages);
      add (l, DO_CALL, (unsigned) world_random (w, 4), first,
	   1 + (unsigned) world_random (w, w->options.pages - first));
    }
}

unsigned
world_choices (struct world *w, struct choice *choices)
{
  struct list l = { choices, 0 };
  if (w->drained_late)
    add (&l, DO_DRAIN, 0, 0, 0);
  for (unsigned k = 0; k < w->options.kernels; k++)
    kernel_works (w, k, &l);
  for (unsigned i = 0; i < w->ops; i++)
    {
      add (&l, DO_STORE, 0, i, 0);
      if (!w->healing && w->budget.store_fails)
	add (&l, DO_STORE, 0, i, 1);
      if (!w->healing && !w->exploring && w->op[i].count > 1)
	add (&l, DO_STORE, 0, i, 2);
    }
  bool busy = l.n > 0, due = pages_deadline (w->pages) != PAGES_NEVER;
  if (due && (!busy || (!w->healing && w->budget.ticks)))
    add (&l, DO_TIME, 0, busy, 0);
  if (w->healing)
    return l.n;
  for (unsigned k = 0; k < w->options.kernels; k++)
    kernel_wishes (w, k, &l);
  library_wishes (w, &l);
  return l.n;
}

static void
spend (uint32_t *budget)
{
  if (*budget && *budget != UINT32_MAX)
    --*budget;
}

static void
pass_time (struct world *w, bool busy)
{
  uint64_t at = pages_deadline (w->pages);
  if (busy)
    spend (&w->budget.ticks);
  if (busy && !w->exploring && at > w->now)
    {
      uint64_t some = w->now + 1 + world_random (w, 40);
      at = some < at ? some : at;
    }
  w->now = at > w->now ? at : w->now + (w->exploring ? 0 : 1);
  world_trace (w, "time passes");
  pages_tick (w->pages, w->now);
  w->result.events++;
}

static void
start_thread (struct world *w, struct choice c)
{
  struct kernel *kernel = &w->kernel[c.kernel];
  kernel->thread[c.a] = (struct thread) { true, c.b & 1, c.b >> 1, w->exploring ? 0 : w->now };
  spend (&kernel->accesses);
  world_trace (w, "kernel %u thread %u wants to %s page %u", c.kernel, c.a,
	       c.b & 1 ? "write" : "read", c.b >> 1);
}

static void
notice (struct world *w, unsigned k)
{
  world_trace (w, "kernel %u is found dead", k);
  pages_client_dead (w->pages, w->now, w->kernel[k].client);
  check_gone (w, k, false);
  kernel_clear (w, k);
}

static void
carry_out (struct world *w, struct choice c)
{
  switch (c.kind)
    {
    case DO_START: start_thread (w, c); break;
    case DO_ACCESS: kernel_access (w, c.kernel, c.a, true); break;
    case DO_DELIVER: driver_deliver (w, c.kernel); break;
    case DO_HANDLE: kernel_handle (w, c.kernel); break;
    case DO_STORE:
      if (c.b == 1)
	spend (&w->budget.store_fails);
      driver_store (w, c.a, c.b);
      break;
    case DO_EVICT:
      spend (&w->budget.evictions);
      kernel_evict (w, c.kernel, c.a);
      break;
    case DO_TIME: pass_time (w, c.a); break;
    case DO_DIE:
      spend (&w->budget.deaths);
      world_trace (w, "kernel %u dies", c.kernel);
      w->kernel[c.kernel].dead = true;
      break;
    case DO_NOTICE: notice (w, c.kernel); break;
    case DO_SILENCE:
      spend (&w->budget.silences);
      world_trace (w, "kernel %u falls silent", c.kernel);
      w->kernel[c.kernel].silent = true;
      break;
    case DO_JOIN: join (w, c.kernel); break;
    case DO_LEAVE:
      spend (&w->budget.leaves);
      world_trace (w, "kernel %u leaves", c.kernel);
      kernel_leave (w, c.kernel);
      break;
    case DO_CALL:
      spend (&w->budget.calls);
      driver_call (w, c.kernel, c.a, c.b);
      break;
    case DO_DRAIN: break;
    }
}

void
world_do (struct world *w, struct choice c)
{
  w->step += !w->exploring || c.kind == DO_CALL || c.kind == DO_HANDLE;
  w->result.steps++;
  carry_out (w, c);
  w->drained_late = !w->exploring && !w->healing && c.kind != DO_DRAIN
		    && world_random (w, 8) == 0;
  if (!w->drained_late)
    driver_drain (w);
}

/* --- Seeded runs ------------------------------------------------------------------------ */

static const uint16_t weights[] = {
  [DO_START] = 2, [DO_ACCESS] = 40, [DO_DELIVER] = 30, [DO_HANDLE] = 30, [DO_STORE] = 15,
  [DO_EVICT] = 2, [DO_TIME] = 20, [DO_DIE] = 1, [DO_NOTICE] = 10, [DO_SILENCE] = 1,
  [DO_JOIN] = 10, [DO_LEAVE] = 1, [DO_CALL] = 1, [DO_DRAIN] = 60,
};

static unsigned
weight (const struct world *w, struct choice c)
{
  if (c.kind == DO_STORE && c.b == 1)
    return w->options.store_fails ? 1 + 15 / w->options.store_fails : 0;
  return weights[c.kind];
}

static struct choice
pick (struct world *w, const struct choice *choices, unsigned n)
{
  uint64_t total = 0, at;
  for (unsigned i = 0; i < n; i++)
    total += weight (w, choices[i]);
  at = world_random (w, total);
  for (unsigned i = 0;; i++)
    {
      if (at < weight (w, choices[i]))
	return choices[i];
      at -= weight (w, choices[i]);
    }
}

static void
heal (struct world *w)
{
  struct choice choices[CHOICES_MAX];
  uint64_t began = w->now;
  w->healing = true;
  driver_drain (w);
  for (unsigned steps = 0; !world_bad (w); steps++)
    {
      unsigned n = world_choices (w, choices);
      if (n == 0)
	break;
      world_do (w, pick (w, choices, n));
      if (steps > HEAL_STEPS_MAX)
	world_violation (w, "P6", "no rest after %d steps", HEAL_STEPS_MAX);
      if (w->now - began > w->options.limit_us * (2 + w->options.kernels) * 3)
	world_violation (w, "P7", "no rest after %llu us",
			 (unsigned long long) (w->now - began));
    }
  check_rest (w);
  w->healing = false;
}

static void
check_stored (struct world *w)
{
  for (unsigned i = 0; i < w->options.pages; i++)
    {
      const struct truth *t = &w->truth[i];
      if (t->stored != t->latest && !t->lost && !t->any && !t->failed)
	world_violation (w, "P4", "at the end page %u in the store is version %llu, not %llu", i,
			 (unsigned long long) t->stored, (unsigned long long) t->latest);
    }
}

/* After everybody left nothing is under way and nothing is kept but errors.  */
static void
check_empty (struct world *w)
{
  struct pages_counts c;
  pages_count (w->pages, &c);
  w->result.engine_faults = c.faults;
  if (c.clients || c.active || c.waiters || c.asks || c.calls)
    world_violation (w, "P7", "left over: %llu clients, %llu pages, %llu waiters, %llu asks, "
		     "%llu calls", (unsigned long long) c.clients, (unsigned long long) c.active,
		     (unsigned long long) c.waiters, (unsigned long long) c.asks,
		     (unsigned long long) c.calls);
  if (c.faults)
    world_violation (w, "P3", "%llu messages were taken for faults",
		     (unsigned long long) c.faults);
}

static void
finish (struct world *w)
{
  w->options.memory_fails = 0;
  heal (w);
  if (world_bad (w))
    return;
  if (!w->shut)
    driver_call (w, w->options.seed % 8 == 0 ? 4 : PAGES_CALL_SYNC, 0, w->options.pages);
  heal (w);
  if (!world_bad (w))
    check_stored (w);
  for (unsigned k = 0; k < w->options.kernels; k++)
    if (w->kernel[k].joined && !w->kernel[k].leaving && !w->kernel[k].dead)
      kernel_leave (w, k);
  heal (w);
  if (!world_bad (w))
    check_empty (w);
}

static void *
meter_alloc (void *ctx, size_t bytes)
{
  struct world *w = ctx;
  unsigned fails = w->options.memory_fails;
  if (fails && !w->healing && w->pages && world_random (w, fails) == 0)
    return NULL;
  w->live_allocations++;
  return malloc (bytes);
}

static void *
plain_alloc (void *ctx, size_t bytes)
{
  struct world *w = ctx;
  w->live_allocations++;
  return malloc (bytes);
}

static void
meter_free (void *ctx, void *p, size_t bytes)
{
  struct world *w = ctx;
  w->live_allocations--;
  free (p);
}

/* Makes the choice of step I, or the one that was noted for it.  */
static void
seeded_step (struct world *w, unsigned i)
{
  struct noted *noted = w->options.noted;
  struct noted_step *step = noted ? &noted->step[i] : NULL;
  struct choice choices[CHOICES_MAX];
  if (step && noted->replay && !step->keep)
    return;
  unsigned n = world_choices (w, choices), at = 0;
  if (n == 0)
    return;
  if (!step || !noted->replay)
    {
      struct choice choice = pick (w, choices, n);
      if (step)
	*step = (struct noted_step) { choice, true, w->random };
      world_do (w, choice);
      return;
    }
  /* What a call is about is drawn anew each time.  */
  while (at < n && (choices[at].kind != step->choice.kind
		    || (step->choice.kind != DO_CALL
			&& memcmp (&choices[at], &step->choice, sizeof *choices) != 0)))
    at++;
  if (at == n)
    return;
  w->random = step->random;
  world_do (w, step->choice);
}

bool
world_run (const struct options *options, struct result *result)
{
  struct world *w = calloc (1, sizeof *w);
  const uint32_t any = UINT32_MAX;
  w->options = *options;
  w->alloc = (struct dr_alloc) { meter_alloc, meter_free, w };
  w->own = (struct dr_alloc) { plain_alloc, meter_free, w };
  w->budget = (struct budget) { .evictions = options->evictions ? any : 0,
    .deaths = options->deaths ? any : 0, .silences = options->silence ? any : 0,
    .leaves = options->leaving ? any : 0, .calls = options->calls ? any : 0, .ticks = any,
    .store_fails = options->store_fails ? any : 0 };
  world_begin (w);
  for (unsigned i = 0; i < options->steps && !world_bad (w); i++)
    seeded_step (w, i);
  if (options->noted && options->noted->replay)
    w->random = options->noted->rest;
  else if (options->noted)
    options->noted->rest = w->random;
  if (!world_bad (w))
    finish (w);
  world_end (w);
  if (!world_bad (w) && w->live_allocations)
    world_violation (w, "memory", "%u allocations leak", w->live_allocations);
  *result = w->result;
  bool held = !world_bad (w);
  free (w);
  return held;
}
