/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node that does not keep the protocol (R7).  In a hostile world the last node's
   frames are spoilt, lost, repeated and invented.  Ports that it ever got a right to, and
   all that was sent to such a port, are *tainted*: of these nothing is promised.  All
   others must not notice: it never reaches them, and among the honest nodes they keep
   R1 to R5.  At the end it goes, and nothing of it may be left anywhere.  */
#include "sim/world/internal.h"
#include "sim/world/cunning.h"

#include <stdlib.h>
#include <string.h>

enum
{
  KEPT_FRAMES = 8, KEPT_BYTES = 512, INVENTED_BYTES = 96,
  FORGED = 125,				/* of 1000 frames of the cunning one, if they name nodes */
};

/* Frames that it sent before, to be sent again.  */
struct kept
{
  size_t bytes;
  uint8_t data[KEPT_BYTES];
};

struct hostile
{
  unsigned spoilt;			/* of 1000 frames */
  bool cunning;				/* whatever it says is well formed */
  uint64_t handle[WORLD_NODES_MAX];	/* of each peer's, that it sent to last */
  struct kept kept[KEPT_FRAMES];
};

bool
world_hostile (const struct world *w, unsigned node)
{
  return w->options.hostile && node == w->options.nodes - 1;
}

bool
world_tainted (const struct world *w, uid u)
{
  return w->options.hostile && w->port[u].tainted;
}

/* What is under way to a tainted port is tainted too.  */
static void
taint_sent (struct world *w, const struct sent *s)
{
  for (unsigned i = 0; i <= s->rights; i++)
    {
      const struct sent_right *r = i < s->rights ? &s->right[i] : &s->reply;
      if (!r->null)
	world_taint (w, r->uid);
    }
}

void
world_taint (struct world *w, uid u)
{
  if (!w->options.hostile || u == 0 || w->port[u].tainted)
    return;
  w->port[u].tainted = true;
  world_trace (w, "port %u is tainted", u);
  if (w->port[u].back_of != 0)
    world_taint (w, w->port[u].back_of);
  for (size_t i = 0; i < w->sents; i++)
    if (w->sent[i].destination == u && !w->sent[i].received)
      taint_sent (w, &w->sent[i]);
}

void
hostile_sent (struct world *w, const struct sent *s)
{
  if (world_tainted (w, s->destination))
    taint_sent (w, s);
}

void
hostile_open (struct world *w)
{
  if (!w->options.hostile)
    return;
  w->hostile = calloc (1, sizeof *w->hostile);
  dr_assert (w->hostile != NULL);
  w->hostile->spoilt = 5 + world_roll (w, 200);
  w->hostile->cunning = world_roll (w, 2);
  /* A session lasts until the first fault that is seen.  */
  if (w->hostile->cunning)
    w->hostile->spoilt = 1 + world_roll (w, 40);
}

static struct dr_buf *
copy_of (const void *data, size_t bytes)
{
  struct dr_buf *buf = malloc (sizeof *buf + bytes + 1);
  dr_assert (buf != NULL);
  dr_buf_wrap (buf, buf + 1, bytes, (void (*) (struct dr_buf *)) free);
  memcpy (buf->data, data, bytes);
  return buf;
}

static struct dr_buf *
spoil (struct world *w, struct dr_buf *buf)
{
  size_t bytes = buf->bytes;
  if (world_roll (w, 4) == 0)
    bytes = world_roll (w, (uint32_t) bytes + 1);
  struct dr_buf *spoilt = copy_of (buf->data, bytes);
  dr_buf_drop (buf);
  for (unsigned n = world_roll (w, 4); n > 0 && bytes > 0; n--)
    {
      uint8_t *at = &spoilt->data[world_roll (w, (uint32_t) bytes)];
      /* Small numbers are what most fields hold.  */
      *at = world_roll (w, 2) ? (uint8_t) world_roll (w, 8) : (uint8_t) world_roll (w, 256);
    }
  return spoilt;
}

static struct dr_buf *
invent (struct world *w)
{
  uint8_t data[INVENTED_BYTES];
  size_t bytes = world_roll (w, sizeof data);
  for (size_t i = 0; i < bytes; i++)
    data[i] = world_roll (w, 3) ? 0 : (uint8_t) world_roll (w, 256);
  if (bytes > 0)
    data[0] = (uint8_t) world_roll (w, 32);
  return copy_of (data, bytes);
}

static struct cunning
cunning (struct world *w)
{
  struct cunning c = { w, w->options.nodes, { 0 } };
  for (unsigned i = 0; i < c.nodes; i++)
    c.epoch[i] = w->node[i].epoch;
  return c;
}

static void
keep (struct world *w, const struct dr_buf *buf)
{
  struct kept *k = &w->hostile->kept[world_roll (w, KEPT_FRAMES)];
  if (buf->bytes > KEPT_BYTES)
    return;
  k->bytes = buf->bytes;
  memcpy (k->data, buf->data, buf->bytes);
}

/* What leaves the hostile node instead of *BUF on *STREAM: *BUF may be NULL then, and the
   result is one frame more, or NULL.  */
struct dr_buf *
hostile_frame (struct world *w, uint64_t session, uint64_t *stream, struct dr_buf **buf)
{
  uint64_t id, handle = cunning_handle ((*buf)->data, (*buf)->bytes);
  unsigned self = w->options.nodes - 1;
  for (unsigned k = 0; k < self && handle != 0; k++)
    if (network_session_between (w, self, k, &id) && id == session)
      w->hostile->handle[k] = handle;
  if (w->calm || world_roll (w, 1000) >= (w->hostile->cunning ? FORGED : w->hostile->spoilt))
    {
      keep (w, *buf);
      return NULL;
    }
  w->result->hostile_frames++;
  const struct kept *k = &w->hostile->kept[world_roll (w, KEPT_FRAMES)];
  if (w->hostile->cunning)
    {
      struct dr_buf *forged = copy_of ((*buf)->data, (*buf)->bytes);
      dr_buf_drop (*buf);
      *buf = forged;
      struct cunning c = cunning (w);
      cunning_forge (&c, forged->data, forged->bytes);
      return NULL;
    }
  switch (world_roll (w, 8))
    {
    case 0:
      dr_buf_drop (*buf);
      *buf = NULL;
      return NULL;
    case 1: return dr_buf_ref (*buf);
    case 2: return invent (w);
    case 3: return copy_of (k->data, k->bytes);
    case 4:
      *stream = world_roll (w, 2) ? 0 : *stream + 1;
      return NULL;
    default:
      *buf = spoil (w, *buf);
      return NULL;
    }
}

/* It also speaks unasked.  */
void
hostile_step (struct world *w)
{
  unsigned self = w->options.nodes - 1, peer = world_roll (w, w->options.nodes);
  uint64_t session;
  if (peer == self || world_roll (w, 2000) >= w->hostile->spoilt
      || !network_session_between (w, self, peer, &session))
    return;
  const struct kept *k = &w->hostile->kept[world_roll (w, KEPT_FRAMES)];
  bool old = world_roll (w, 2);
  w->result->hostile_frames++;
  if (w->hostile->cunning)
    {
      struct cunning c = cunning (w);
      uint8_t frame[CUNNING_BYTES_MAX];
      uint64_t stream;
      size_t bytes;
      if (w->hostile->handle[peer] != 0 && world_roll (w, 2))
	bytes = cunning_message (&c, frame, stream = w->hostile->handle[peer]);
      else
	bytes = cunning_invent (&c, frame, &stream);
      network_send (w, self, session, stream, copy_of (frame, bytes), false);
      return;
    }
  network_send (w, self, session, world_roll (w, 2) ? 0 : world_roll (w, 32),
		old ? copy_of (k->data, k->bytes) : invent (w), false);
}

/* An honest node closes its session with PEER: only the hostile one deserves that.  */
void
world_fault_of (struct world *w, unsigned node, unsigned peer)
{
  world_trace (w, "node %u calls node %u at fault", node, peer);
  if (world_hostile (w, node) || world_hostile (w, peer))
    w->result->hostile_closed++;
  else
    world_violate (w, "R7", "node %u calls honest node %u at fault", node, peer);
}

/* A name that came from the hostile node must not be that of a port it never got.  */
void
hostile_named (struct world *w, struct task *t, mk_name name)
{
  if (name == MK_NULL || name == MK_DEAD || name >= WORLD_NAMES_MAX || world_hostile (w, t->node))
    return;
  if (t->names[name] != 0 && !world_tainted (w, t->names[name]))
    world_violate (w, "R7", "task %u: the hostile node reached port %u, which it was never given",
		   t->number, t->names[name]);
}

/* A message to a tainted port that no task sent: all that is in it goes again.  */
void
hostile_message (struct world *w, struct task *t, const struct mk_message *m)
{
  world_trace (w, "task %u got a message of the hostile node's own", t->number);
  for (size_t i = 0; i <= m->rights; i++)
    {
      struct mk_message_right right = i < m->rights ? m->right[i] : m->remote;
      uint32_t type;
      hostile_named (w, t, right.name);
      if (right.name == MK_NULL || right.name == MK_DEAD
	  || mk_type (t->mk, right.name, &type) != MK_SUCCESS)
	continue;
      if (right.disposition == MK_MOVE_RECEIVE && (type & MK_TYPE_RECEIVE))
	mk_mod_refs (t->mk, right.name, MK_RECEIVE, -1);
      else
	mk_deallocate (t->mk, right.name);
    }
}

/* At rest: no name of an honest task that is booked for a tainted port denotes another
   one.  (All names of one task that denote one port are one, so names are compared over
   the tasks of a node.)  */
void
check_hostile (struct world *w)
{
  for (unsigned n = 0; w->options.hostile && n + 1 < w->options.nodes; n++)
    {
      struct { uintptr_t port; bool tainted; uid uid; } seen[(WORLD_TASKS_MAX + 1) * WORLD_NAMES_MAX];
      size_t count = 0;
      for (unsigned i = 0; i <= WORLD_TASKS_MAX; i++)
	{
	  struct task *t = i == WORLD_TASKS_MAX ? &w->node[n].root : &w->node[n].task[i];
	  for (mk_name name = 1; t->used && name < WORLD_NAMES_MAX; name++)
	    {
	      uid u = t->names[name];
	      uintptr_t port = u == 0 ? 0 : mk_port_identity (t->mk, name);
	      if (port == 0)
		continue;
	      bool tainted = world_tainted (w, u);
	      for (size_t k = 0; k < count; k++)
		if (seen[k].port == port && seen[k].tainted != tainted)
		  world_violate (w, "R7", "node %u: one port is booked as %u, which the hostile node "
				 "had, and as %u, which it was never given", n,
				 tainted ? u : seen[k].uid, tainted ? seen[k].uid : u);
	      seen[count].port = port;
	      seen[count].tainted = tainted;
	      seen[count++].uid = u;
	    }
	}
    }
}
