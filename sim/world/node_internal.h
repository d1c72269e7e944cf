/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver's own state; node.c, node_receive.c (from the kernel to the engine) and
   node_deliver.c (messages from the engine to the kernel) share it.  */
#ifndef DR_SIM_NODE_INTERNAL_H
#define DR_SIM_NODE_INTERNAL_H

#include "sim/world/node.h"
#include "sim/world/translate.h"

struct proxy
{
  uint32_t number;
  mk_name name;
  /* Where its no-senders notification goes: to the proxy itself, behind its messages.
     A proxy that was adopted may be sent notifications that are meant for its old
     receiver, so it has a port of its own for ours.  */
  mk_name notify;
  bool once, paused;
  /* The engine had no room for a message that was taken off: nothing else may be
     received from this proxy before it has been taken.  */
  struct translated *stalled;
  bool closing;
};

struct delivery
{
  struct delivery *next;
  struct rights_action action;
  bool installed;		/* the receive rights in it have their state */
  bool taken;			/* the queue was full: the rights are in `held`, as the
				   kernel takes them before it makes a sender wait */
  struct mk_message held;
};

struct node
{
  struct node_world world;
  struct dr_alloc alloc;
  struct mk *kernel;
  struct mk_task *task;
  struct rights *engine;
  mk_name notify;
  bool far;				/* data goes out of line, by its first byte */
  struct proxy *proxy;
  size_t proxies, room;
  struct delivery *deliveries;
  size_t deliveries_count;
  uint64_t events;			/* calls into the engine, and actions out of it */
};

/* node.c */
void node_wrong (struct node *, const char *what);
#define trace(node, ...) ((node)->world.trace ((node)->world.ctx, (node), __VA_ARGS__))
void node_drop_translated (struct translated *);	/* may be NULL */
struct proxy *node_proxy (struct node *, uint32_t number);
struct proxy *node_proxy_named (struct node *, mk_name);
void node_forget_proxy (struct node *, struct proxy *);

/* node_receive.c */
void node_drop_right (struct node *, struct wire_right);
/* After the engine saw T, or will not see it: what stays with the driver.  */
void node_settle (struct node *, struct translated *t, bool taken);
void node_requeue_no_senders (struct node *, struct proxy *);
bool node_receive_from (struct node *, struct proxy *, uint64_t now);
bool node_receive_notification (struct node *, uint64_t now);

/* node_deliver.c */
struct mk_message_right node_outgoing (struct node *, struct wire_right);
/* True: it ended, one way or the other.  */
bool node_try_delivery (struct node *, struct delivery *, uint64_t now);

#endif
