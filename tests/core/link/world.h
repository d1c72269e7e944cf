/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A simulated world for tests of the link: a few endpoints, a network that can
   lose, repeat, reorder, delay, spoil and cut, a clock, an allocator that keeps
   accounts and can fail.  Everything follows from the seed.  */
#ifndef TEST_LINK_WORLD_H
#define TEST_LINK_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/link/link.h"

#define WORLD_NODES 4
#define MS UINT64_C (1000)
#define S UINT64_C (1000000)

struct account
{
  struct dr_alloc alloc;
  size_t bytes, blocks, most;
  uint64_t calls;
  uint64_t fail_at;		/* this call fails (1 is the next); 0: none */
  uint32_t fail_ppm;		/* and so do some others */
  uint64_t random;
};

struct world;

struct node
{
  struct world *world;
  unsigned number;
  struct account account;
  struct link_config config;
  struct link *link;		/* NULL: down */
  struct link_address address;
  struct link_peer *peer[WORLD_NODES];	/* by the other's number */
  bool up[WORLD_NODES];
  uint64_t session[WORLD_NODES];
  unsigned ups[WORLD_NODES], downs[WORLD_NODES], failures[WORLD_NODES];
  enum link_down why[WORLD_NODES];
  uint64_t messages;
  uint64_t random;
};

struct flying
{
  uint64_t time, order;
  unsigned from, to;
  size_t bytes;
  uint8_t *data;
};

struct world
{
  uint64_t now, random;
  struct node node[WORLD_NODES];
  unsigned nodes;

  /* The network, the same between all.  */
  uint32_t loss_ppm, repeat_ppm, reorder_ppm, spoil_ppm;
  uint64_t delay, jitter, reorder_delay;
  uint64_t bytes_per_s;		/* 0: no bound */
  size_t queue_bytes;		/* per direction, with bytes_per_s; more is lost */
  size_t largest;		/* datagram that passes; 0: any does */
  bool cut;
  bool cut_from[WORLD_NODES];	/* nothing this node sends arrives */

  struct flying *heap;
  size_t in_flight, room;
  uint64_t order;
  uint64_t line_free[WORLD_NODES][WORLD_NODES];
  uint64_t datagrams, bytes, overflowed;

  /* Called for every event (messages are dropped afterwards unless the callback
     sets e->message to NULL).  May be NULL.  */
  void (*event) (struct world *w, struct node *n, struct link_event *e, void *ctx);
  /* Sees every datagram sent; returns false to lose it.  May be NULL.  */
  bool (*tap) (struct world *w, unsigned from, unsigned to, const uint8_t *data,
	       size_t bytes, void *ctx);
  void *ctx;
};

uint64_t world_random (uint64_t *state);

void account_init (struct account *a, uint64_t seed);

/* NODES endpoints, each listing all others, none connected.  ADJUST may change
   the configuration of each before it starts.  */
void world_init (struct world *w, uint64_t seed, unsigned nodes,
		 void (*adjust) (struct node *n, struct link_config *c));
/* For ADJUST: what is silent is dead after 2 s; queues that a test can fill.  */
void world_quick (struct node *n, struct link_config *c);
void world_small_queues (struct node *n, struct link_config *c);
/* Checks that no memory is left over.  */
void world_free (struct world *w);

/* Stops and starts a node (the same key, another epoch).  */
void world_stop (struct world *w, unsigned node);
void world_start (struct world *w, unsigned node);

/* Runs until TIME, or until DONE says so; returns what DONE last said.  */
bool world_run (struct world *w, uint64_t time, bool (*done) (struct world *w, void *ctx));

/* Connects A to B and runs until both are up.  */
void world_connect (struct world *w, unsigned a, unsigned b);
bool world_both_up (struct world *w, unsigned a, unsigned b);

/* Takes all events of a node.  */
void world_events (struct world *w, struct node *n);
/* Puts a datagram of our own making into a node.  */
void world_inject (struct world *w, unsigned to, const struct link_address *from,
		   const void *data, size_t bytes);

/* Sends BYTES bytes that follow from (tag, their offset) as one message.  */
enum dr_status world_send (struct world *w, unsigned from, unsigned to, uint64_t stream,
			   uint64_t tag, size_t bytes);
/* Checks that the session works: a message each way arrives.  */
void world_works (struct world *w, unsigned a, unsigned b);
/* Whether a buffer holds just these bytes.  */
bool world_is (const struct dr_buf *buf, uint64_t tag, size_t bytes);

#endif
