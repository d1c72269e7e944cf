/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each node's memory, counted outside its engines: nothing may be left when a node ends,
   and while it runs the rights engine keeps to the bound that core/rights/rights.h states
   (R6).  Allocations fail as the world says.  */
#include "sim/world/internal.h"

#include <stdlib.h>
#include <string.h>

static void *
take (void *ctx, size_t bytes)
{
  struct account *a = ctx;
  void *p = malloc (bytes);
  dr_assert (p != NULL);
  a->bytes += bytes;
  if (a->bytes > a->most)
    a->most = a->bytes;
  return p;
}

static void *
take_flaky (void *ctx, size_t bytes)
{
  struct account *a = ctx;
  struct world *w = a->world;
  if (w->allocation_failures > 0 && world_roll (w, 1000) < w->allocation_failures)
    return NULL;
  return take (ctx, bytes);
}

static void
give (void *ctx, void *p, size_t bytes)
{
  struct account *a = ctx;
  a->bytes -= bytes;
  free (p);
}

void
memory_open (struct world *w, unsigned node)
{
  struct accounts *all = &w->account[node];
  all->engine = (struct account) { .world = w, .alloc = { take_flaky, give, &all->engine } };
  all->link = (struct account) { .world = w, .alloc = { take_flaky, give, &all->link } };
  all->frames = (struct dr_alloc) { take, give, &all->engine };
  all->tables = 0;
}

void
memory_closed (struct world *w, unsigned node)
{
  struct accounts *all = &w->account[node];
  if (all->engine.bytes + all->link.bytes != 0)
    world_violate (w, "R6", "node %u went down and kept %llu bytes of its engine, %llu of its link",
		   node, (unsigned long long) all->engine.bytes,
		   (unsigned long long) all->link.bytes);
}

/* The engine gets its own copy of BUF: on its account as long as it keeps it.  */
enum dr_status
memory_frame (struct world *w, unsigned node, uint64_t session, uint64_t stream,
	      const struct dr_buf *buf)
{
  struct dr_buf *copy = dr_buf_new (&w->account[node].frames, buf->bytes);
  if (buf->bytes > 0)
    memcpy (copy->data, buf->data, buf->bytes);
  enum dr_status status = rights_frame (node_engine (w->node[node].node), w->now, session, stream,
					copy);
  dr_buf_drop (copy);
  w->result->events++;
  return status;
}

struct waiting
{
  struct world *world;
  unsigned node;
};

/* What one queue holds: each peer's window, what its proxy may give, and what was in its
   kernel queue when the receive right came or went.  */
static void
check_queue (void *ctx, const struct rights_queue_status *q)
{
  struct waiting *at = ctx;
  struct world *w = at->world;
  unsigned peers = w->options.nodes - 1;
  uint64_t most = (uint64_t) (WORLD_WINDOW_MAX * peers + RIGHTS_PROXY_MESSAGES_MAX
			      + MK_QLIMIT_MAX) * (1 + w->port_moves);
  if (q->waiting > most)
    world_violate (w, "R6", "node %u holds %u messages of one queue; %llu is the bound", at->node,
		   q->waiting, (unsigned long long) most);
}

void
memory_check (struct world *w, unsigned i)
{
  struct accounts *all = &w->account[i];
  struct rights *engine = node_engine (w->node[i].node);
  struct rights_counts c;
  rights_count (engine, &c);
  uint64_t records = c.queues + c.exports + c.imports + c.handoffs + c.claims + c.grants + c.pins
    + c.messages;
  if (records > all->tables)
    all->tables = records;
  uint64_t bound = RIGHTS_BASE_BYTES + RIGHTS_SESSION_BYTES * c.sessions
    + RIGHTS_PORT_BYTES * c.queues + RIGHTS_HOLDING_BYTES * (c.exports + c.imports)
    + RIGHTS_PENDING_BYTES * (c.handoffs + c.claims + c.grants + c.pins)
    + RIGHTS_MESSAGE_BYTES * c.messages + c.message_bytes + RIGHTS_TABLE_BYTES * all->tables;
  uint64_t percent = all->engine.bytes * 100 / bound;
  if (percent > w->result->memory_percent)
    w->result->memory_percent = (unsigned) percent;
  if (all->engine.bytes > bound)
    world_violate (w, "R6", "node %u uses %llu bytes; for what it has to remember %llu are stated", i,
		   (unsigned long long) all->engine.bytes, (unsigned long long) bound);
  struct waiting at = { w, i };
  if (!world_hostile (w, i))
    rights_each_queue (engine, check_queue, &at);
}
