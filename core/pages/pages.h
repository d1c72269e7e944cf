/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel has which page of one memory object, and how: the coherence engine
   of the multi-kernel libpager.

   One `struct pages` is one memory object.  It does no I/O and never calls Mach:
   what happened goes in by the functions below, with the time; what is to be done
   comes out of pages_next, one action at a time.  A *client* is one kernel's use of
   the object: what came with one memory_object_init (its control port), until it
   terminates, dies or is given up.  Clients have numbers that are never used again.
   The *store* is what pager_read_page, pager_write_page and pager_unlock_page reach.

   Order, on which everything rests.  Actions for one client (READY, SUPPLY, REFUSE,
   LOCK, ATTRIBUTES) must reach its kernel in the order in which they came out, and
   one client's messages must be given to the engine in the order in which its kernel
   sent them.  Both hold by themselves for one port and one sender; where lock_completed
   and supply_completed come by a reply port, the memory object itself is the port to
   use.  Clients and the store are not ordered against each other.  Store actions for
   one page never overlap (a page is read, or written, or unlocked, one at a time), so
   they may run on any number of threads.

   Ownership.  A slice that goes in is borrowed: the engine takes the references that
   it needs.  Each slice in an action carries one reference of its buffer, which is the
   driver's to drop (after the message was sent or the page written).  The bytes of a
   buffer that was passed in, or came out, may never change again.

   Failures.  A call that returns DR_NO_MEMORY has changed nothing that anybody can see:
   repeat it before any later event of the same client.  DR_INVALID and
   DR_SESSION_OVER (no such client, any more): drop the message.  Calls that return
   nothing cannot fail; what they could not do for want of memory is done later, by
   itself (see pages_deadline).

   Nothing here is thread-safe: one lock per engine.  All times are microseconds of one
   monotonic clock, never going back.  Offsets and lengths are bytes and must be whole
   pages.  Errors are the library's numbers (EIO, ENOSPC, ...); 0 is none.  */
#ifndef DR_PAGES_H
#define DR_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/status.h"

#define PAGES_CLIENTS_MAX 64u		/* at one time: sets of clients are 64 bits */
#define PAGES_RUN_MAX 64u		/* pages in one action, but LOCKs for calls and reads */
#define PAGES_AHEAD_MAX 1024u		/* pages read at once */
#define PAGES_REQUEST_PAGES_MAX 1024u	/* pages in one data_request or data_unlock */
#define PAGES_NEVER UINT64_MAX

/* Mach's own numbers.  */
enum { PAGES_READ = 1, PAGES_WRITE = 2 };		/* access, and lock values */
enum { PAGES_PROT_NONE = 0, PAGES_PROT_NO_CHANGE = 8 };
enum pages_return { PAGES_RETURN_NONE = 0, PAGES_RETURN_DIRTY = 1, PAGES_RETURN_ALL = 2 };

struct pages;

struct pages_config
{
  uint32_t page_bytes;
  uint64_t extent;		/* pages; see pages_set_extent */
  bool may_cache;
  int32_t copy_strategy;
  bool notify_on_evict;		/* want NOTIFY_EVICT (all data is then precious) */

  uint64_t hold_us;		/* what a kernel was given is not asked back sooner
				   for another kernel's sake; 0: no minimum */
  uint64_t fence_us;		/* a return that should come by itself is asked about
				   after this time */
  uint64_t limit_us;		/* a client that owes an answer so long is dropped */
  uint64_t retry_us;		/* when memory ran out, look again after this time */
  uint32_t ahead_pages;		/* most pages read for one that was asked for, up to
				   PAGES_AHEAD_MAX; 1: no reading ahead */

  int32_t lost_error;		/* the only copy went with a kernel */
  int32_t extent_error;		/* a request beyond the extent */
  int32_t read_only_error;	/* a write by a client of the read-only port */
  int32_t shutdown_error;	/* a request that shutdown finds waiting */
};
/* 4096 bytes, extent 0, no caching, copy strategy DELAY (2), no notification, 2 ms,
   20 ms, 10 s, 10 ms, 256 pages; the Hurd's EIO, EIO, EROFS, EIO.  */
void pages_config_default (struct pages_config *config);

enum dr_status pages_create (const struct pages_config *config,
			     const struct dr_alloc *alloc, struct pages **pages);
/* Frees everything; what was not written to the store is lost.  Cookies of calls that
   still wait are not woken.  PAGES may be NULL.  */
void pages_destroy (struct pages *pages);

/* The object has EXTENT pages now.  Requests beyond are refused with extent_error; what
   kernels have beyond it they keep, and may still return.  */
enum dr_status pages_set_extent (struct pages *pages, uint64_t extent);

/* --- What kernels say --------------------------------------------------------- */

/* memory_object_init.  READ_ONLY: it came by the read-only port: never is write access
   given, and nothing that it returns is believed.  READY follows.  DR_LIMIT: there are
   PAGES_CLIENTS_MAX; DR_SESSION_OVER: after shutdown.  */
enum dr_status pages_init (struct pages *pages, uint64_t now, bool read_only,
			   uint32_t *client);

enum dr_status pages_data_request (struct pages *pages, uint64_t now, uint32_t client,
				   uint64_t offset, uint64_t length, unsigned access);
/* Only write access is ever locked, so ACCESS without PAGES_WRITE is DR_INVALID.  */
enum dr_status pages_data_unlock (struct pages *pages, uint64_t now, uint32_t client,
				  uint64_t offset, uint64_t length, unsigned access);
/* DATA is what was returned, whole pages.  Dirty data of a client that may not write
   is dropped.  */
enum dr_status pages_data_return (struct pages *pages, uint64_t now, uint32_t client,
				  uint64_t offset, const struct dr_slice *data,
				  bool dirty, bool kernel_copy);
/* Answers a LOCK that wanted a reply: OFFSET and LENGTH are those of the LOCK.  */
enum dr_status pages_lock_completed (struct pages *pages, uint64_t now,
				     uint32_t client, uint64_t offset, uint64_t length);
/* Answers a SUPPLY that wanted a reply.  PLACED is how many bytes went in before the
   first page that was present already (LENGTH, if all did).  */
enum dr_status pages_supply_completed (struct pages *pages, uint64_t now,
				       uint32_t client, uint64_t offset,
				       uint64_t length, uint64_t placed);
/* Answers ATTRIBUTES.  The message does not name the control port: use a reply port
   by which you can tell the client.  */
enum dr_status pages_change_completed (struct pages *pages, uint64_t now,
				       uint32_t client);
/* memory_object_terminate: the kernel has returned what it had.  DROP follows.  */
void pages_terminate (struct pages *pages, uint64_t now, uint32_t client);
/* The control port is a dead name.  What only this client may have had is lost: it is
   reported with lost_error, until pages_flush, or until no client is left.  DROP
   follows.  */
void pages_client_dead (struct pages *pages, uint64_t now, uint32_t client);

/* --- What the store says -------------------------------------------------------- */

/* Answer STORE_READ, STORE_WRITE, STORE_UNLOCK: for all of the action's pages, or in
   any pieces of whole pages.  ERROR is nonzero if it failed for this piece (DATA is
   then not looked at).  WRITE_LOCKED: STORE_UNLOCK must come before a write.  */
void pages_read_done (struct pages *pages, uint64_t now, uint64_t offset,
		      uint64_t length, const struct dr_slice *data,
		      bool write_locked, int32_t error);
void pages_write_done (struct pages *pages, uint64_t now, uint64_t offset,
		       uint64_t length, int32_t error);
void pages_unlock_done (struct pages *pages, uint64_t now, uint64_t offset,
			uint64_t length, int32_t error);

/* --- The library's calls ---------------------------------------------------------- */

/* Each is answered by one WAKE with its COOKIE when its effect holds, or never if
   COOKIE is 0 (nobody waits).  LENGTH 0: the whole object.  Pages that are asked for
   meanwhile may come back to kernels.

   sync: what was dirty when it was called is in the store.  return: that, and no
   kernel has what it had then.  flush: no kernel has what it had then; what kernels
   had changed and not returned is given up, and the store's copy counts again even
   where it was lost or a write had failed (unless a kernel got the page since).  WAKE's error is the first that the store
   reported for a page in the range while the call lasted.  */
enum pages_call { PAGES_CALL_SYNC, PAGES_CALL_RETURN, PAGES_CALL_FLUSH };
enum dr_status pages_call (struct pages *pages, uint64_t now, enum pages_call call,
			   uint64_t offset, uint64_t length, uint64_t cookie);
enum dr_status pages_change_attributes (struct pages *pages, uint64_t now,
					bool may_cache, int32_t copy_strategy,
					uint64_t cookie);
/* Nothing is given any more; everything is returned and written; what waits is refused;
   all clients are dropped, then WAKE.  Later events find no client.  */
enum dr_status pages_shutdown (struct pages *pages, uint64_t now, uint64_t cookie);

/* pager_offer_page.  PRECIOUS: DATA is newer than the store's copy, so it is written
   to the store; else it is offered to CLIENT.  Ignored (DR_OK) where a kernel may have
   the page or wants it.  */
enum dr_status pages_offer (struct pages *pages, uint64_t now, uint32_t client,
			    uint64_t offset, const struct dr_slice *data,
			    bool precious, bool write_locked);

/* pager_get_error: what the page was last refused with; 0 after a supply.  */
int32_t pages_get_error (const struct pages *pages, uint64_t offset);

/* --- Time ------------------------------------------------------------------------- */

void pages_tick (struct pages *pages, uint64_t now);
/* When pages_tick (and then pages_next) should be called at the latest: PAGES_NEVER,
   or a time that may have passed.  */
uint64_t pages_deadline (const struct pages *pages);

/* --- Actions ---------------------------------------------------------------------- */

enum pages_action_kind
{
  /* memory_object_ready with may_cache, copy_strategy.  */
  PAGES_READY = 1,
  /* memory_object_data_supply of `slices`, one behind the other (together `length`
     bytes), lock value `prot`, `precious`; `reply`: with a reply port.  */
  PAGES_SUPPLY,
  /* memory_object_data_error (offset, length, error).  */
  PAGES_REFUSE,
  /* memory_object_lock_request (offset, length, should_return, flush, prot);
     `reply`: with a reply port.  */
  PAGES_LOCK,
  /* memory_object_change_attributes (may_cache, copy_strategy), with a reply port.  */
  PAGES_ATTRIBUTES,
  /* The client's number is gone; drop its rights.  `reason` tells whether its kernel
     must be told too (memory_object_destroy).  */
  PAGES_DROP,
  PAGES_STORE_READ,
  PAGES_STORE_WRITE,		/* `slices` */
  PAGES_STORE_UNLOCK,
  /* pager_notify_evict for each page.  */
  PAGES_NOTIFY_EVICT,
  /* The call with `cookie` has ended, with `error`.  */
  PAGES_WAKE,
};

enum pages_drop
{
  PAGES_TERMINATED = 1,		/* the kernel said so */
  PAGES_DEAD,			/* the driver said so */
  PAGES_SILENT,			/* over the time limit: destroy it */
  PAGES_SHUT,			/* shutdown: destroy it */
};

struct pages_action
{
  enum pages_action_kind kind;
  uint32_t client;
  uint64_t offset, length;
  const struct dr_slice *slices;	/* valid until the next pages_next */
  uint32_t slices_count;
  enum pages_return should_return;
  bool flush, reply, precious, may_cache;
  unsigned prot;
  int32_t copy_strategy, error;
  enum pages_drop reason;
  uint64_t cookie;
};

/* The next action, or false: nothing (more) to do now.  */
bool pages_next (struct pages *pages, struct pages_action *action);

/* --- For people and tests ----------------------------------------------------------- */

struct pages_counts
{
  uint64_t clients, sets, active, waiters, asks, calls;
  uint64_t faults;		/* messages that broke the protocol, ever */
  uint64_t bytes;		/* allocated, but for the data of pages */
};
void pages_count (const struct pages *pages, struct pages_counts *counts);

struct pages_page_status
{
  uint32_t writer;		/* a client, or 0 */
  uint32_t readers;		/* how many others may have it */
  uint32_t waiters;
  bool writing, reading, lost;
  int32_t bad;			/* why the store's copy does not count, or 0 */
};
void pages_page (const struct pages *pages, uint64_t offset,
		 struct pages_page_status *status);

/* The whole state in canonical order, independent of addresses and of the past: equal
   words, equal future.  Times come as distances from the last event's.  */
void pages_digest (const struct pages *pages, void (*put) (void *ctx, uint64_t word),
		   void *ctx);

#endif
