/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rights engine joined to the kernel: an instance owns one engine, the proxies, a thread that
   receives from them and workers that deliver.

   Everything is done with the bridge entered.  Leaving it executes what the engine wants done, in
   order, and lets the driver send what has become ready.  The driver's functions are called with
   the bridge entered; they may not enter or leave it. */
#ifndef DR_MACH_BRIDGE_H
#define DR_MACH_BRIDGE_H

#include "core/rights/rights.h"
#include "mach/workers.h"

#include <mach.h>
#include <pthread.h>

#define BRIDGE_WORKERS_MAX 512		/* deliveries that may block in the kernel at once */
#define BRIDGE_TOUCHERS_MAX 512		/* messages whose memory's pager may be slow at once */
#define BRIDGE_TOUCH_US 30000		/* how long the receive thread waits for such memory itself */
#define BRIDGE_WARY_US 10000000		/* after that was not enough it does not, for so long */
#define BRIDGE_STRANDED_MAX 8		/* nor while so many former receive threads still wait */

struct bridge;

struct bridge_driver
{
	void *ctx;
	/* RIGHTS_SEND.  The references of the slices' buffers are the driver's, whatever it does. */
	void (*send) (void *ctx, uint64_t session, uint64_t stream, const struct dr_slice *slices, uint32_t count,
		bool lazy);
	void (*connect) (void *ctx, const struct rights_key *key, const struct rights_address *address);
	void (*root_wanted) (void *ctx, uint64_t session, uint64_t request);
	/* The answer to rights_get_root; ROOT is a send right of the driver's now, or MACH_PORT_NULL. */
	void (*root_came) (void *ctx, uint64_t request, mach_port_t root, uint32_t error);
	/* MESSAGE, received from proxy NUMBER, is about to be passed on.  May be NULL. */
	void (*passing) (void *ctx, uint32_t number, const mach_msg_header_t *message);
	/* May a request of that session's peer go to a send right?  0, or the error code to answer. */
	int (*refusal) (void *ctx, uint64_t session, const mach_msg_header_t *request);
	/* Called when leaving; may let others in while it sends. */
	void (*flush) (void *ctx);
	void (*log) (void *ctx, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
};

/* Starts the receive thread.  ALLOC is copied; any thread may use it.  NULL: no memory, ports or
   threads. */
struct bridge *bridge_create (const struct rights_config *config, const struct dr_alloc *alloc,
	const struct bridge_driver *driver);

void bridge_enter (struct bridge *bridge);
void bridge_leave (struct bridge *bridge);

/* For the driver's flush: step out for a moment, without executing anything. */
void bridge_unlock (struct bridge *bridge);
void bridge_lock (struct bridge *bridge);

/* With the bridge entered: executes and sends what is due, as leaving does. */
void bridge_settle (struct bridge *bridge);

/* With the bridge entered: what is due by time, the engine's and the bridge's own.  And when that is
   to be called: a time, or UINT64_MAX. */
void bridge_tick (struct bridge *bridge);
uint64_t bridge_deadline (const struct bridge *bridge);

/* With the bridge entered and settled: waits until CONDITION is signalled or the monotonic time
   DEADLINE_US has come (UINT64_MAX: no deadline).  False: it has come. */
bool bridge_sleep (struct bridge *bridge, pthread_cond_t *condition, uint64_t deadline_us);

/* Passes a message received from proxy NUMBER to the engine, or one that is made to look like it.  Its rights
   and memory are the engine's then, or destroyed.  May step out while the engine has no room. */
void bridge_pass_on (struct bridge *bridge, uint32_t number, mach_msg_header_t *message);

/* For bridge_sleep. */
void bridge_condition_init (pthread_cond_t *condition);

struct rights *bridge_rights (struct bridge *bridge);

void bridge_worker_status (struct bridge *bridge, struct workers_status *status);

/* Microseconds of a monotonic clock, never 0. */
uint64_t bridge_now (void);

#endif
