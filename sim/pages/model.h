/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world around one core/pages engine: kernels whose VM treats the pages of one memory
   object as Mach's does, a slow and failing store, a library that calls, and checkers that
   know what every read may see.  Everything that can happen next is a *choice*: a seeded
   run picks one, the explorer tries all.  Nothing here looks into the engine.

   The data of a page is its version: which write to it was the last.  */
#ifndef SIM_PAGES_MODEL_H
#define SIM_PAGES_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/pages/pages.h"

enum
{
  KERNELS_MAX = 4, MODEL_PAGES_MAX = 8, THREADS_MAX = 2, STORE_OPS_MAX = 32, CALLS_MAX = 8,
  CHOICES_MAX = 512,
  MODEL_PAGE = 16,		/* bytes: the version, twice */
  ERROR_LOST = 901, ERROR_STORE, ERROR_SHUT, ERROR_READ_ONLY, ERROR_BEYOND,
};

enum msg_kind
{
  MSG_REQUEST = 1, MSG_UNLOCK, MSG_RETURN, MSG_LOCK_DONE, MSG_SUPPLY_DONE, MSG_CHANGE_DONE,
  MSG_TERMINATE,
  MSG_SUPPLY, MSG_REFUSE, MSG_LOCK, MSG_ATTRIBUTES,
};

struct msg
{
  struct msg *next;
  uint8_t kind;
  uint8_t first, count, placed;
  uint8_t access, prot, should_return;
  bool dirty, kernel_copy, flush, reply, precious;
  int32_t error;
  uint64_t version[MODEL_PAGES_MAX];
};

struct queue { struct msg *first, *last; };

/* One page in one kernel's VM object.  */
struct vm_page
{
  bool present, absent;		/* absent: requested, and threads wait */
  bool locked, unlock_asked, dirty, precious, error;
  bool busy;			/* its return is being put together */
  uint64_t version;
  uint64_t since;		/* the step in which it came */
};

struct thread
{
  bool active, write;
  uint8_t page;
  uint64_t started;		/* time */
};

struct kernel
{
  bool joined, silent, dead, leaving, read_only;
  bool gone;			/* the engine dropped it */
  uint32_t client;
  struct vm_page page[MODEL_PAGES_MAX];
  struct thread thread[THREADS_MAX];
  struct queue out, in;
  uint8_t lock_at;		/* next page of the LOCK at the head of `in` */
  bool lock_begun;
  struct msg *piece;		/* of the return being put together */
  uint32_t accesses;		/* left; UINT32_MAX: any number */
  uint32_t done;
  uint8_t overtaken[MODEL_PAGES_MAX];	/* since its request came to the engine */
  bool waits[MODEL_PAGES_MAX];
  bool unlocks[MODEL_PAGES_MAX];	/* asked for, and not answered by any means */
};

enum store_kind { STORE_READ = 1, STORE_WRITE, STORE_UNLOCK };

struct store_op
{
  enum store_kind kind;
  uint8_t first, count;
  uint64_t version[MODEL_PAGES_MAX];
};

struct model_call
{
  bool open;
  uint8_t kind;			/* enum pages_call; 3: attributes; 4: shutdown */
  uint8_t first, count;
  uint64_t cookie, step, time;
  uint64_t want[MODEL_PAGES_MAX];
};

/* What the checkers know of a page.  */
struct truth
{
  uint64_t latest;		/* version that a read must see */
  uint64_t known;		/* newest that came to the engine */
  uint64_t stored;		/* in the store */
  uint64_t last;		/* number of the last write ever */
  uint8_t owner;		/* who wrote `latest` */
  bool lost;			/* only errors from now on */
  bool any;			/* what the next reader sees is `latest`, if >= stored */
  bool excused;			/* errors are no surprise */
  bool failed;			/* the store's copy did not take the last write */
};

struct noted;

struct options
{
  uint64_t seed;
  unsigned kernels, pages, threads, steps;
  unsigned store_fails;		/* one in so many store operations; 0: none */
  unsigned memory_fails;	/* the same of allocations */
  bool deaths, silence, leaving, calls, evictions, read_only, notify, unlocks;
  uint64_t hold_us, limit_us;
  unsigned ahead;
  struct noted *noted;		/* what was chosen; replayed in parts, or NULL */
  FILE *trace;
};

struct result
{
  char violated[8];		/* "P1" ..., or empty */
  char what[160];
  uint64_t steps, events, messages, accesses, engine_faults;
};

/* What the explorer allows, counted down.  */
struct budget { uint32_t evictions, deaths, silences, leaves, calls, ticks, store_fails; };

struct world
{
  struct options options;
  struct dr_alloc alloc;	/* the engine's, which may fail */
  struct dr_alloc own;		/* the model's, which may not */
  uint64_t random;
  bool exploring, healing, drained_late;
  struct budget budget;
  struct pages *pages;
  uint64_t now, step;
  uint32_t live_allocations;
  struct kernel kernel[KERNELS_MAX];
  struct store_op op[STORE_OPS_MAX];
  unsigned ops;
  bool locked_in_store[MODEL_PAGES_MAX];
  struct truth truth[MODEL_PAGES_MAX];
  struct model_call call[CALLS_MAX];
  uint64_t last_cookie;
  bool shut;
  struct result result;
};

enum choice_kind
{
  DO_START = 1, DO_ACCESS, DO_DELIVER, DO_HANDLE, DO_STORE, DO_EVICT, DO_TIME, DO_DIE,
  DO_NOTICE, DO_SILENCE, DO_JOIN, DO_LEAVE, DO_CALL, DO_DRAIN,
};
struct choice { uint8_t kind, kernel, a, b; };

/* The steps of a seeded world: noted while it runs, and run again in parts.  A step that is
   kept makes the choice that it made and draws the numbers that it drew, whatever was left
   out before it; if its choice is not there any more it does nothing.  */
struct noted
{
  unsigned steps;
  bool replay;
  struct noted_step { struct choice choice; bool keep; uint64_t random; } *step;
  uint64_t rest;		/* the random numbers' state when it begins to heal */
};

/* --- world.c ------------------------------------------------------------------- */

/* WORLD is zeroed but for options, alloc, own.  */
bool world_begin (struct world *w);
void world_end (struct world *w);
unsigned world_choices (struct world *w, struct choice *choices);
void world_do (struct world *w, struct choice choice);
/* A whole seeded run.  True: nothing was violated.  */
bool world_run (const struct options *options, struct result *result);

uint64_t world_random (struct world *w, uint64_t below);
void world_violation (struct world *w, const char *property, const char *format, ...)
  __attribute__ ((format (printf, 3, 4)));
void world_trace (struct world *w, const char *format, ...)
  __attribute__ ((format (printf, 2, 3)));
static inline bool world_bad (const struct world *w) { return w->result.violated[0]; }

/* --- kernel.c: the VM -------------------------------------------------------------- */

struct msg *msg_new (struct world *w, enum msg_kind kind, unsigned first, unsigned count);
void msg_free (struct world *w, struct msg *m);
void msg_append (struct queue *queue, struct msg *m);
struct msg *msg_pop (struct queue *queue);

/* Thread T of kernel K tries its access; true if that does anything.  With TRY false
   only looks whether it would.  */
bool kernel_access (struct world *w, unsigned k, unsigned t, bool try);
bool kernel_can_evict (const struct world *w, unsigned k, unsigned page);
void kernel_evict (struct world *w, unsigned k, unsigned page);
bool kernel_can_handle (const struct world *w, unsigned k);
/* A step of work on what came from the engine.  */
void kernel_handle (struct world *w, unsigned k);
/* Returns what is dirty and terminates.  */
void kernel_leave (struct world *w, unsigned k);
/* Forgets everything.  */
void kernel_clear (struct world *w, unsigned k);

/* --- driver.c: between the engine and the queues ------------------------------------- */

void driver_drain (struct world *w);
/* Gives the engine kernel K's next message.  */
void driver_deliver (struct world *w, unsigned k);
/* HOW: 0 done, 1 failed, 2 half of it done.  */
void driver_store (struct world *w, unsigned op, unsigned how);
void driver_call (struct world *w, unsigned kind, unsigned first, unsigned count);

/* --- check.c --------------------------------------------------------------------------- */

void check_read (struct world *w, unsigned k, unsigned page);
void check_write (struct world *w, unsigned k, unsigned page);
void check_refused (struct world *w, unsigned k, unsigned page, int32_t error);
void check_discarded (struct world *w, unsigned page);
void check_returned (struct world *w, unsigned k, unsigned page, uint64_t version);
void check_given (struct world *w, unsigned k, unsigned page, bool write);
/* The engine gave kernel K up, or was told to.  */
void check_gone (struct world *w, unsigned k, bool terminated);
void check_store_write (struct world *w, unsigned page, uint64_t version, bool failed);
void check_wake (struct world *w, struct model_call *call, int32_t error);
void check_rest (struct world *w);

/* --- explore.c ---------------------------------------------------------------------------- */

struct explored { uint64_t states, transitions, ends; bool complete; struct result result; };
/* All that can happen from the world of OPTIONS within BUDGET and ACCESSES for each
   kernel; gives up after STATES_MAX states.  */
void explore (const struct options *options, const struct budget *budget,
	      unsigned accesses, uint64_t states_max, struct explored *explored);

#endif
