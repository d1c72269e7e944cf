/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of core/pages.

   A page is a 32-bit word in the map: the index of an interned `state` (sets.c), or,
   while anything is going on with it, the index of an active record `struct page`
   (map.c).  Events (events.c, store.c, calls.c) only change records and put them on the
   run list; what is to be done is decided from the record alone (decide.c, pure) when
   the driver asks for the next action, and only then carried out (commit.c), for as many
   neighbouring pages at once as want the same.  So nothing is lost when memory runs
   out: a decision that could not be carried out is made again.

   What may be relied on (each from the order of messages, see pages.h):
   - A client that is not a holder (reader or writer) has nothing of the page, and
     nothing of it is under way from or to that client, but requests.
   - A holder may have the page: kernels drop clean pages without a word.
   - `unsaved`, else `saving`, else `fresh`, else the store has the latest version that
     any kernel returned; it is the latest version if no client but the one that asks
     for it is the writer.  */
#ifndef DR_PAGES_INTERNAL_H
#define DR_PAGES_INTERNAL_H

#include "core/pages/pages.h"

/* A deliberately broken engine, for testing the tests: see tests/core/pages.  */
#ifndef PAGES_CANARY
#define PAGES_CANARY 0
#endif
enum
{
  CANARY_TWO_WRITERS = 1,	/* others keep the page when one may write */
  CANARY_STALE_READ,		/* what was written back once is served for ever */
  CANARY_LOST_REPLY,		/* the second of two readers is forgotten */
  CANARY_SERVED_TWICE,		/* a waiter stays in line after a supply */
  CANARY_EARLY_SYNC,		/* sync does not wait for the store */
  CANARY_OLD_DATA,		/* a dead writer's page is read from the store */
  CANARY_OLD_WRITE,		/* of two returns during a write, the first is kept */
  CANARY_STALE_UNLOCK,		/* an unlock that crosses a revocation is granted */
  CANARY_NO_FENCE,		/* a silent client is waited for without end */
  CANARY_LOCK_REFUSED,		/* a call's LOCK goes over pages that the client was refused */
  CANARY_COUNT
};
#define CANARY(n) (PAGES_CANARY == (n))

/* Where kernels' numbers begin; a test build begins just before they wrap.  */
#ifdef PAGES_LATE
#define FIRST_CLIENT (UINT32_MAX - 2)
#else
#define FIRST_CLIENT 0u
#endif

enum
{
  CHUNK_PAGES = 1024,		/* words of the map allocated at a time */
  BLOCK_CHUNKS = 64,		/* pointers to these allocated at a time */
  BLOCK_PAGES = BLOCK_CHUNKS * CHUNK_PAGES,
};
#define ACTIVE_BIT 0x80000000u
#define NO_INDEX UINT32_MAX
enum { NOBODY = 0 };		/* in `writer` and `lowering`: else the slot + 1 */

/* In `certain`.  */
enum
{
  CERTAIN_NOT,			/* the page may be clean, or dropped */
  CERTAIN_DIRTY,		/* it was unlocked for a write and kept long enough */
  CERTAIN_PRECIOUS,		/* it was supplied precious: it always comes back */
};

/* What lasts while nothing happens.  All zero: nobody has it, the store is right.  */
struct state
{
  uint64_t readers;		/* bits of slots; without the writer */
  uint64_t refused;		/* whose next write request gets next_error */
  uint64_t failed;		/* who were refused the page and have not asked again: these have no
				   part in it, and must not be asked about it (see calls.c) */
  int32_t error;		/* last refusal, for pager_get_error */
  int32_t next_error;
  int32_t bad;			/* the store's copy does not count, and why */
  uint8_t writer;
  uint8_t certain;		/* how sure it is that a LOCK makes the writer return it */
  uint8_t locked;		/* STORE_UNLOCK must come before a write */
  uint8_t lost;			/* bad because the newest version went with a kernel */
};

struct set
{
  struct state state;
  uint32_t refs;
  uint32_t next;		/* in its bucket, or of the free ones */
  uint32_t moved;		/* while a client is taken out of all sets */
};

struct waiter
{
  struct waiter *next;
  int32_t error;		/* nonzero: refuse it with this */
  uint8_t slot;
  uint8_t access;
  bool has_page;		/* it came by data_unlock */
#if PAGES_CANARY == 4
  bool served;
#endif
};

struct page
{
  struct page *next, *prev;	/* on the run list */
  struct page *later, *earlier;	/* by hold_until */
  bool runs, holds;
  uint32_t number, index;	/* of the page; of this record */
  struct state s;

  uint64_t flushing;		/* asked to give it up, no answer yet */
  uint8_t lowering;		/* the writer, asked to become a reader */
  uint64_t offered;		/* supplied unasked, not yet confirmed */
  uint64_t held;		/* given not long ago: not asked before hold_until */
  uint64_t hold_until;		/* 0: none */
  uint8_t ahead;		/* for whom it is being read without a request */
  bool ahead_locked;		/* offered by the library, read-only in the store */
  bool evicted;			/* the last holder returned it */

  bool reading, read_stale, unlocking, writing;
  struct waiter *first, *last;

  struct dr_slice unsaved;	/* to be written */
  struct dr_slice saving;	/* being written */
  struct dr_slice fresh;	/* the same as the store's copy */
  uint64_t unsaved_stamp, saving_stamp;
};

enum ask_kind { ASK_FLUSH, ASK_LOWER, ASK_CALL, ASK_ATTRIBUTES, ASK_OFFER };

/* A client owes us something.  */
struct ask
{
  struct ask *next;
  enum ask_kind kind;
  uint32_t first;
  uint64_t count;
  uint64_t pending;		/* FLUSH, LOWER, OFFER: pages, as bits from `first` */
  bool reply;			/* an answer is certain; else the data must come */
  bool fence;			/* an empty LOCK must still be sent */
  uint64_t sent;
  struct call *call;		/* CALL, ATTRIBUTES */
};

struct client
{
  uint32_t number;		/* 0: the slot is free */
  bool read_only, ready;
  enum pages_drop leaving;	/* nonzero: only DROP is left to say */
  struct ask *first_ask, *last_ask;	/* in the order sent */
  uint32_t asks_without_reply;
  uint64_t expected;		/* the page after the last run that was read for it */
  uint32_t window;
  bool read_on;			/* it catches up with what is read ahead for it */
  uint64_t beyond, beyond_end;	/* it was refused pages from here to there, beyond the extent */
};

enum call_kind { CALL_SYNC, CALL_RETURN, CALL_FLUSH, CALL_ATTRIBUTES };
/* A shutdown is a RETURN that goes on.  */
enum shutdown_stage { SHUTDOWN_NOT, SHUTDOWN_RETURN, SHUTDOWN_REFUSE, SHUTDOWN_DROP };

struct call
{
  struct call *next;
  enum call_kind kind;
  uint64_t first, count;
  uint64_t cookie;
  uint64_t todo;		/* clients still to be asked */
  uint64_t from[PAGES_CLIENTS_MAX];	/* about the pages from here on */
  uint32_t owed;		/* asks without an answer */
  bool marked;
  uint64_t mark;		/* stamps up to this must be in the store */
  int32_t error;
  uint8_t stage;		/* enum shutdown_stage */
};

/* A request refused without having waited.  */
struct refusal
{
  struct refusal *next;
  uint8_t slot;
  uint64_t offset, length;
  int32_t error;
};

struct pages
{
  struct pages_config config;
  struct dr_alloc alloc;
  uint64_t bytes;
  uint64_t now;
  uint64_t stamp;		/* of the last dirty return */
  uint64_t faults;
  bool closing;			/* shutdown has begun: nothing is given any more */
  bool ended;			/* ... and everything was returned */
  bool hungry;			/* an action could not be carried out */

  uint32_t ***blocks;		/* of chunks; NULL where nothing is known of any page */
  uint32_t blocks_count, chunks_count;

  struct set *sets;
  uint32_t sets_size, sets_used, sets_free;
  uint32_t *buckets;
  uint32_t buckets_mask;

  struct page **active;
  uint32_t active_size, active_free_hint, active_count;
  struct page *run_first, *run_last;
  struct page *hold_first, *hold_last;

  struct client clients[PAGES_CLIENTS_MAX];
  uint32_t last_client;
  uint32_t clients_count;

  struct call *first_call, *last_call;
  struct refusal *first_refusal, *last_refusal;
  uint64_t waiters;

  struct dr_slice run[PAGES_RUN_MAX];	/* the slices of the last action */
};

/* --- memory (map.c) -------------------------------------------------------- */

void *get_bytes (struct pages *p, size_t bytes);	/* zeroed, or NULL */
void put_bytes (struct pages *p, void *at, size_t bytes);

static inline uint64_t bit_of (unsigned slot) { return (uint64_t) 1 << slot; }

static inline uint64_t
writer_bit (const struct state *s)
{
  return s->writer ? bit_of (s->writer - 1u) : 0;
}

/* --- sets.c ----------------------------------------------------------------- */

bool sets_init (struct pages *p);
void sets_done (struct pages *p);
/* Takes a reference; NO_INDEX when out of memory.  Set 0 is the zero state and is never
   freed.  */
uint32_t set_intern (struct pages *p, const struct state *s);
void set_drop (struct pages *p, uint32_t index, uint32_t refs);
/* SLOT leaves all sets; LOST: its changes are gone.  Cannot fail.  */
void sets_forget_client (struct pages *p, unsigned slot, bool lost);
/* Nobody is left who could have seen what was lost.  */
void sets_forgive (struct pages *p);

/* --- map.c ------------------------------------------------------------------ */

bool map_init (struct pages *p);
bool map_resize (struct pages *p, uint64_t extent);
void map_done (struct pages *p);
static inline uint64_t
map_pages (const struct pages *p)
{
  return (uint64_t) p->chunks_count * CHUNK_PAGES;
}
uint32_t map_word (const struct pages *p, uint64_t number);
/* NUMBER, or the first page behind it of which anything is known: how far the map reaches is
   decided by whoever asks for a page, so nobody goes through it page by page.  */
uint64_t map_next (const struct pages *p, uint64_t number);
/* For replacing one set by another, nothing else.  */
void map_set_word (struct pages *p, uint64_t number, uint32_t word);
/* The record of an active page, or NULL.  */
struct page *map_active (const struct pages *p, uint64_t number);
const struct state *map_state (const struct pages *p, uint64_t number);
/* The record, made if need be; NULL when out of memory.  */
struct page *map_activate (struct pages *p, uint64_t number);
/* To the end of the run list.  */
void page_poke (struct pages *p, struct page *page);
void page_unpoke (struct pages *p, struct page *page);
void page_hold (struct pages *p, struct page *page, uint64_t until);
void page_unhold (struct pages *p, struct page *page);
/* Nothing is going on: back to an interned state, if there is memory.  */
void page_settle (struct pages *p, struct page *page);
/* Calls VISIT for each active page of the range.  VISIT may not settle pages.  */
void map_each_active (struct pages *p, uint64_t first, uint64_t count,
		      void (*visit) (struct pages *p, struct page *page, void *ctx),
		      void *ctx);

void slice_set (struct dr_slice *to, const struct dr_slice *from, size_t offset,
		size_t bytes);	/* takes a reference */
void slice_clear (struct dr_slice *slice);

/* --- client.c ---------------------------------------------------------------- */

/* The slot, or -1.  */
int client_slot (const struct pages *p, uint32_t number);
enum dr_status client_check (struct pages *p, uint32_t number, int *slot);
struct ask *ask_new (struct pages *p, unsigned slot, enum ask_kind kind,
		     uint64_t first, uint64_t count, bool reply);
/* Unlinks and frees; its call hears of it.  */
void ask_end (struct pages *p, unsigned slot, struct ask *ask);
/* Page NUMBER gave its answer (by returning).  */
void ask_answered (struct pages *p, unsigned slot, uint64_t number);
/* A LOCK of a call that covers the page and takes it away (flush) or only cleans
   it is under way.  */
bool ask_covers (const struct pages *p, unsigned slot, uint64_t number, bool flush);
void client_drop (struct pages *p, unsigned slot, enum pages_drop reason);
void client_free (struct pages *p, unsigned slot);

/* --- events.c ------------------------------------------------------------------ */

void page_forget_holder (struct pages *p, struct page *page, unsigned slot);
void waiters_remove (struct pages *p, struct page *page, unsigned slot,
		     bool with_page, bool without);
void waiter_pop (struct pages *p, struct page *page);
bool refuse (struct pages *p, unsigned slot, uint64_t offset, uint64_t length,
	     int32_t error);

/* --- decide.c -------------------------------------------------------------------- */

enum want_kind
{
  WANT_NOTHING, WANT_SAVE, WANT_LOAD, WANT_UNLOCK, WANT_FLUSH, WANT_LOWER,
  WANT_SUPPLY, WANT_OFFER, WANT_GRANT, WANT_DENY, WANT_REFUSE, WANT_EVICTED,
};

struct want
{
  enum want_kind kind;
  uint8_t slot;
  bool write;			/* SUPPLY: with write access; FLUSH: of a writer */
  bool reply;
  int32_t error;
};

struct want page_decide (const struct pages *p, const struct page *page);
bool page_idle (const struct page *page);
/* The newest version that was returned, or NULL: the store has it.  */
const struct dr_slice *page_data (const struct page *page);

/* --- commit.c ---------------------------------------------------------------------- */

/* Carries out WANT for PAGE and its neighbours on both sides.  False: out of memory, nothing
   happened.  */
bool commit (struct pages *p, struct page *page, struct want want,
	     struct pages_action *action);
/* SLOT asks for page NUMBER, which may be on its way already.  */
void read_on_note (struct pages *p, unsigned slot, uint64_t number);
/* The next part of what is read ahead for SLOT, if it is time for it.  */
bool read_on_next (struct pages *p, unsigned slot, struct pages_action *action);

/* --- calls.c ----------------------------------------------------------------------- */

/* One action of a call, if there is one.  */
bool calls_next (struct pages *p, struct pages_action *action);
void calls_note_error (struct pages *p, uint64_t number, int32_t error);
/* SLOT gave up all it had in the range.  */
void range_forget_holder (struct pages *p, uint64_t first, uint64_t count,
			  unsigned slot);

#endif
