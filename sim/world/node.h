/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One simulated node: a model kernel, a netmsg task in it, and the real rights
   engine.  This is the driver that core/rights/rights.h asks for, on the model
   instead of Mach.  Nothing runs by itself: the world decides which proxy is
   received from and which delivery is tried next.  */
#ifndef DR_SIM_NODE_H
#define DR_SIM_NODE_H

#include "core/rights/rights.h"
#include "sim/kernel/kernel.h"

/* Ids of messages that the driver sends to its own proxies.  */
#define NODE_MARK_ID 0x7d5a
#define NODE_NO_SENDERS_ID 0x7d5b

struct node;

/* What the node asks of its world.  */
struct node_world
{
  void *ctx;
  /* A frame for SESSION's other end; takes the reference.  */
  void (*send) (void *ctx, struct node *, uint64_t session, uint64_t stream, struct dr_buf *,
		bool lazy);
  void (*connect) (void *ctx, struct node *, const struct rights_key *);
  /* The peer of SESSION wants our root: a name in the netmsg task that holds a send
     right (one user reference, given away), or MK_NULL.  */
  mk_name (*root) (void *ctx, struct node *, uint64_t session);
  /* The answer to rights_get_root: a send right in the netmsg task, given away;
     MK_NULL: none.  */
  void (*root_came) (void *ctx, struct node *, mk_name);
  /* The driver broke a rule or the engine asked for something impossible.  */
  void (*wrong) (void *ctx, struct node *, const char *what);
  void (*trace) (void *ctx, struct node *, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
};

/* WORLD is copied.  The netmsg task is the kernel's first.  */
struct node *node_create (const struct node_world *world, const struct rights_config *config,
			  const struct dr_alloc *alloc);
void node_destroy (struct node *);

/* From now on some data goes out of line.  */
void node_use_regions (struct node *);
struct mk *node_kernel (struct node *);
struct mk_task *node_task (struct node *);
struct rights *node_engine (struct node *);
/* Calls into the engine by the driver, and actions out of it, so far.  */
uint64_t node_events (const struct node *);

/* Executes what the engine asks for now, until it asks for nothing more.  */
void node_run (struct node *, uint64_t now);

/* Things that may happen next, for the world to choose among: proxies with a
   message to receive, deliveries that may be tried, notifications.  */
size_t node_choices (struct node *);
/* Absorbs everything that decides what this node will do.  */
void node_digest (struct node *, void (*absorb) (void *, const void *, size_t), void *);
/* Does choice I (< node_choices): true if it made progress.  */
bool node_choose (struct node *, size_t i, uint64_t now);

#endif
