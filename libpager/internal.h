/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of libpager.

   core/pages decides; here its actions are carried out.  What a kernel says comes in by the
   receiving thread (receive.c), which never waits for anything but the pager's lock, held
   only while the engine thinks.  What is to be done goes to workers (workers.c): store
   operations by themselves (store.c), messages to one client in a line that one worker at a
   time empties (client.c), for a kernel may be slow, or silent, and then only its own line
   waits.  Time passes in timer.c.

   Locks: a pager's, then its requests'.  libports' are inside of both.  */
#ifndef LIBPAGER_INTERNAL_H
#define LIBPAGER_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/pages/pages.h"
#include "libpager/pager.h"
#include "libpager/pager_extra.h"

#pragma weak pager_write_pages
#pragma weak pager_read_pages

enum { WORKERS_MAX = 96, WORKERS_IDLE_MAX = 6 };	/* per bucket */

/* --- A bucket's service (workers.c, timer.c) ------------------------------------- */

struct job
{
  struct job *next;
  void (*run) (struct job *job);
};

struct pager_requests
{
  struct pager_requests *next;	/* of all: there are few, and they stay */
  struct port_bucket *bucket;
  struct port_bucket *side;	/* for the pagers' second ports */
  pthread_mutex_t lock;
  pthread_cond_t work;		/* there is a job, or it may be done again */
  pthread_cond_t changed;	/* less is going on, or the inhibition has ended */
  pthread_cond_t sooner;	/* the timer's first time has come nearer */
  struct job *first, *last;
  unsigned queued;		/* jobs in the line */
  unsigned workers, idle, starting, receiving;
  bool stopping, inhibited;	/* stopping: nothing more is received */
  bool timer_runs, side_served, side_begins;
  struct pager *armed;		/* with a deadline; each is one reference */
};

/* The service of BUCKET, made if need be; NULL: no memory.  */
struct pager_requests *requests_of (struct port_bucket *bucket);
/* There is a thread that receives for the side bucket.  False: none can be made.  */
bool requests_serve_side (struct pager_requests *requests);
void requests_submit (struct pager_requests *requests, struct job *job);
/* Called by a job that is about to return: what it submits from here on may be run by the
   same worker, the first of it.  */
void requests_job_ends (void);
/* Nothing more of that: it may call the user now, who may wait for what he makes it submit.  */
void requests_job_goes_on (void);
/* Around the handling of a message; the first waits while workers are inhibited.  */
void requests_receive_begin (struct pager_requests *requests);
void requests_receive_end (struct pager_requests *requests);
/* A thread that nobody joins.  An errno value.  */
error_t requests_thread (void *(*run) (void *), void *argument);

uint64_t now_us (void);
/* PAGER's next deadline, as the engine has it; the pager's lock is held.  True: a reference
   that the timer had is the caller's to drop.  */
bool timer_arm (struct pager *pager, uint64_t deadline);

/* --- Pagers (create.c) ------------------------------------------------------------ */

enum object_kind { OBJECT_READ_WRITE, OBJECT_READ_ONLY, OBJECT_CHANGES, OBJECT_NOTHING };

/* A second port of a pager: the read-only object, or where a client's change_completed
   messages go.  Its bucket is the service's own: what is in the user's bucket is a pager, for
   servers count them, go through them, and forbid new ones meanwhile.  */
struct side_port
{
  struct port_info port;
  enum object_kind kind;
  struct pager *pager;
  uint32_t client;
};

struct pager
{
  struct port_info port;
  struct user_pager_info *upi;
  struct pager_requests *requests;
  pthread_mutex_t lock;
  pthread_cond_t woken;		/* a call has ended */
  struct pages *pages;
  struct client *clients;
  struct side_port *read_only;	/* kept until the end, once made */
  bool read_only_used;		/* it has senders, which hold a reference of ours */
  bool complete;		/* made wholly: the user knows it */
  bool shut;
  uint64_t extent_pages;	/* as the engine knows it */
  struct job *to_submit, **to_submit_end;	/* as soon as the lock is given up */
  struct pager_statistics statistics;

  struct pager *next_armed, **armed_at;	/* the requests' lock */
  uint64_t deadline;
};

extern struct port_class *libpager_class, *libpager_side_class;
extern mach_msg_timeout_t libpager_limit_ms;

/* A new one of PAGER's, or NULL with errno set.  */
struct side_port *side_port_new (struct pager *pager, enum object_kind kind, uint32_t client);

/* Waits until there is memory: for what cannot fail.  */
void *sure_alloc (size_t bytes);

/* The lock, and the engine.  Leaving carries out what the engine wants now.  The caller has
   a reference that lasts.  */
void engine_enter (struct pager *pager);
void engine_leave (struct pager *pager);
/* For who stays: the actions, without unlocking; what it returns goes to engine_unlock.
   Nothing of it happens until that, or engine_start.  */
bool engine_act (struct pager *pager);
void engine_start (struct pager *pager);
void engine_unlock (struct pager *pager, bool deref);
/* JOB is for a worker: not before the lock, which it takes first of all, is given up.  */
void engine_submit (struct pager *pager, struct job *job);
/* Unlocks for a moment, for memory to come free.  */
void engine_pause (struct pager *pager);

/* The engine knows PAGES pages, at least.  False: no memory, or too far.  Lock held.  */
bool engine_extend (struct pager *pager, uint64_t pages);

/* --- Clients (client.c) ------------------------------------------------------------ */

struct outgoing;

struct client
{
  struct client *next;
  struct pager *pager;		/* a reference */
  uint32_t number;
  struct port_info *object;	/* the pager's port or its read-only one */
  mach_port_t control, name;	/* send rights, or what is left of them */
  bool read_only;
  bool gone;			/* no message of it counts any more */
  bool broken;			/* it cannot be sent to */
  bool dropped;			/* DROP stands in the line */
  bool death_seen;
  struct side_port *changes;
  struct outgoing *first, *last;
  bool sending;
  struct job job;
};

/* All with the pager's lock held.  */
void client_add (struct pager *pager, struct port_info *object, uint32_t number,
		 mach_port_t control, mach_port_t name, bool read_only);
struct client *client_by_control (struct pager *pager, mach_port_t control);
struct client *client_by_number (struct pager *pager, uint32_t number);
/* ACTION's slices' references go along.  */
void client_send (struct pager *pager, const struct pages_action *action);

/* --- Messages to kernels (message.c) ----------------------------------------------- */

/* These return what mach_msg does, and wait no longer than the time limit.  REPLY_TO is a
   send right, which stays the caller's, or MACH_PORT_NULL.  */
mach_msg_return_t tell_ready (mach_port_t control, bool may_cache, int copy_strategy);
mach_msg_return_t tell_supply (mach_port_t control, uint64_t offset, vm_address_t data,
			       vm_size_t bytes, bool dealloc, int prot, bool precious,
			       mach_port_t reply_to);
mach_msg_return_t tell_error (mach_port_t control, uint64_t offset, uint64_t length,
			      int error);
mach_msg_return_t tell_lock (mach_port_t control, uint64_t offset, uint64_t length,
			     int should_return, bool flush, int prot, mach_port_t reply_to);
mach_msg_return_t tell_attributes (mach_port_t control, bool may_cache, int copy_strategy,
				   mach_port_t reply_to);
/* Does not wait: who does not hear it is told again when it asks for something.  */
mach_msg_return_t tell_destroy (mach_port_t control, int reason);

/* --- Data (memory.c) ------------------------------------------------------------------ */

/* Memory of vm_allocate's becomes a buffer with one reference.  */
struct dr_buf *memory_wrap (vm_address_t address, vm_size_t bytes);
/* SLICES, whose references are taken over, as one range of memory.  *DEALLOC: it is the
   caller's, to be deallocated.  Else it is there until memory_release.  */
struct memory
{
  vm_address_t address;
  vm_size_t bytes;
  bool dealloc;
  struct dr_slice *slices;
  uint32_t count;
};
void memory_gather (struct memory *memory, struct dr_slice *slices, uint32_t count);
void memory_release (struct memory *memory);

/* --- The store (store.c) --------------------------------------------------------------- */

/* The pager's lock is held.  The slices' references go along.  */
void store_submit (struct pager *pager, const struct pages_action *action);

/* --- Calls (calls.c) -------------------------------------------------------------------- */

/* The pager's lock is held.  */
void calls_wake (struct pager *pager, uint64_t cookie, int32_t error);

#endif
