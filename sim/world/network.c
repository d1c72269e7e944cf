/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions between nodes.  A session keeps the order of each stream and promises
   nothing between streams; when it dies each end learns it at a time of its own.  */
#include "sim/world/links.h"

#include <stdlib.h>

static struct session *
live_session (struct world *w, unsigned a, unsigned b)
{
  for (size_t i = 0; i < WORLD_SESSIONS_MAX; i++)
    {
      struct session *s = &w->session[i];
      if (s->used && s->up && ((s->node[0] == a && s->node[1] == b)
			       || (s->node[0] == b && s->node[1] == a)))
	return s;
    }
  return NULL;
}

/* An end that has not heard yet that an older session of the same two nodes died.  */
static bool
untold (struct world *w, unsigned a, unsigned b)
{
  for (size_t i = 0; i < WORLD_SESSIONS_MAX; i++)
    {
      struct session *s = &w->session[i];
      if (s->used && !s->up && s->node[0] == (a < b ? a : b) && s->node[1] == (a < b ? b : a))
	return true;
    }
  return false;
}

bool
network_session_between (struct world *w, unsigned a, unsigned b, uint64_t *id_at_a)
{
  if (w->links != NULL)
    return links_session_between (w, a, b, id_at_a);
  struct session *s = live_session (w, a, b);
  if (s == NULL)
    return false;
  unsigned end = s->node[0] == a ? 0 : 1;
  *id_at_a = s->id[end];
  return s->known[end] && !s->told[end];
}

static void
drop_frames (struct session *s)
{
  for (unsigned end = 0; end < 2; end++)
    {
      struct frame *f;
      while ((f = s->frames[end]) != NULL)
	{
	  s->frames[end] = f->next;
	  dr_buf_drop (f->buf);
	  free (f);
	}
      s->stuck[end] = NULL;
    }
}

void
network_down (struct world *w, struct session *s)
{
  world_trace (w, "session %llu between %u and %u dies", (unsigned long long) s->number,
	       s->node[0], s->node[1]);
  s->up = false;
  w->faults |= !world_hostile (w, s->node[0]) && !world_hostile (w, s->node[1]);
  drop_frames (s);
}

void
network_send (struct world *w, unsigned node, uint64_t session, uint64_t stream,
	      struct dr_buf *buf, bool lazy)
{
  if (w->links != NULL)
    {
      links_send (w, node, session, stream, buf, lazy);
      return;
    }
  for (size_t i = 0; i < WORLD_SESSIONS_MAX; i++)
    {
      struct session *s = &w->session[i];
      for (unsigned end = 0; s->used && end < 2; end++)
	if (s->node[end] == node && s->known[end] && s->id[end] == session && s->up)
	  {
	    struct frame *f = malloc (sizeof *f), **p = &s->frames[end];
	    dr_assert (f != NULL);
	    *f = (struct frame) { NULL, stream, buf };
	    while (*p != NULL)
	      p = &(*p)->next;
	    *p = f;
	    return;
	  }
    }
  dr_buf_drop (buf);			/* into the void */
}

static void
bring_up (struct world *w, struct session *s, unsigned end)
{
  struct world_node *self = &w->node[s->node[end]], *peer = &w->node[s->node[1 - end]];
  struct rights_key key = { { (uint8_t) (s->node[1 - end] + 1) } };
  (void) peer;
  enum dr_status status = rights_session_up (node_engine (self->node), w->now, &key, s->number,
					     NULL, &s->id[end]);
  w->result->events++;
  if (status == DR_NO_MEMORY)
    return;
  if (status != DR_OK)
    world_violate (w, "R5", "a session cannot come up: %s", dr_status_text (status));
  s->known[end] = true;
  world_trace (w, "node %u: session %llu with %u is up", s->node[end],
	       (unsigned long long) s->number, s->node[1 - end]);
  node_run (self->node, w->now);
}

/* When every place is taken by sessions whose ends have not heard yet, none comes up:
   as if the network were too slow.  */
void
network_open (struct world *w, unsigned a, unsigned b)
{
  for (size_t i = 0; i < WORLD_SESSIONS_MAX; i++)
    {
      struct session *s = &w->session[i];
      if (s->used)
	continue;
      *s = (struct session) { .used = true, .up = true, .node = { a < b ? a : b, a < b ? b : a },
			      .number = ++w->sessions };
      return;
    }
}

/* One waiting connection attempt is answered.  */
static bool
answer_connect (struct world *w)
{
  unsigned n = w->options.nodes, a = world_roll (w, n), b = world_roll (w, n);
  for (unsigned i = 0; w->calm && !w->connect[a][b] && i < n * n; i++)
    {
      b = (b + 1) % n;
      a = b == 0 ? (a + 1) % n : a;
    }
  if (!w->connect[a][b])
    return false;
  if (live_session (w, a, b) == NULL)
    {
      if (untold (w, a, b))
	return false;
      if (!w->cut[a][b] && !(w->options.cuts && !w->calm && world_roll (w, 4) == 0))
	network_open (w, a, b);
      else
	{
	  struct rights_key key = { { (uint8_t) (b + 1) } };
	  world_trace (w, "node %u cannot connect to %u", a, b);
	  rights_connect_failed (node_engine (w->node[a].node), w->now, &key);
	  w->result->events++;
	  node_run (w->node[a].node, w->now);
	}
    }
  w->connect[a][b] = false;
  return true;
}

static bool
tellable (const struct session *s, unsigned end)
{
  return s->used && (s->up ? !s->known[end] : s->known[end] && !s->told[end]);
}

/* An end learns that its session is up, or over.  */
static void
tell_end (struct world *w, struct session *s, unsigned end)
{
  if (s->up)
    bring_up (w, s, end);
  else
    {
      world_trace (w, "node %u learns that session %llu is over", s->node[end],
		   (unsigned long long) s->number);
      rights_session_down (node_engine (w->node[s->node[end]].node), w->now, s->id[end]);
      w->result->events++;
      s->told[end] = true;
      node_run (w->node[s->node[end]].node, w->now);
    }
}

static void
retire (struct session *s)
{
  if (!s->up && (s->told[0] || !s->known[0]) && (s->told[1] || !s->known[1]))
    s->used = false;
}

static bool
tell (struct world *w, struct session *s)
{
  bool did = false;
  for (unsigned end = 0; end < 2; end++)
    if (tellable (s, end) && (s->up || world_roll (w, 2) == 0))
      {
	tell_end (w, s, end);
	did = true;
      }
  retire (s);
  return did;
}

/* The first frame of a random stream of one direction.  */
static struct frame **
pick_frame (struct world *w, struct session *s, unsigned end)
{
  unsigned n = 0;
  for (struct frame *f = s->frames[end]; f != NULL; f = f->next)
    n++;
  if (n == 0)
    return NULL;
  unsigned skip = world_roll (w, n);
  struct frame *chosen = s->frames[end];
  while (skip-- > 0)
    chosen = chosen->next;
  uint64_t stream = chosen->stream;
  if (s->stuck[end] != NULL)
    stream = s->stuck[end]->stream;
  struct frame **p = &s->frames[end];
  while ((*p)->stream != stream)
    p = &(*p)->next;
  return p;
}

/* For the corpus of the rights fuzzer.  */
static void
record (struct world *w, unsigned from, unsigned to, const struct frame *f)
{
  if (w->options.frames == NULL || from != 0 || to != 1 || f->buf->bytes > UINT16_MAX)
    return;
  fputc ((int) (f->stream < 254 ? f->stream : 253), w->options.frames);
  fputc ((int) (f->buf->bytes & 255), w->options.frames);
  fputc ((int) (f->buf->bytes >> 8), w->options.frames);
  fwrite (f->buf->data, 1, f->buf->bytes, w->options.frames);
}

static bool
carriable (const struct session *s, unsigned end)
{
  return s->used && s->up && s->known[1 - end] && !s->told[1 - end];
}

/* The frame *P, the first of its stream.  */
static bool
carry_frame (struct world *w, struct session *s, unsigned end, struct frame **p)
{
  struct frame *f = *p;
  unsigned to = s->node[1 - end];
  world_trace (w, "frame %u -> %u, stream %llx, %zu bytes, kind %u", s->node[end], to,
	       (unsigned long long) f->stream, f->buf->bytes, f->buf->bytes ? f->buf->data[0] : 0);
  record (w, s->node[end], to, f);
  enum dr_status status = memory_frame (w, to, s->id[1 - end], f->stream, f->buf);
  if (status == DR_NO_MEMORY)
    {
      s->stuck[end] = f;
      return true;
    }
  s->stuck[end] = NULL;
  *p = f->next;
  dr_buf_drop (f->buf);
  free (f);
  if (status == DR_PEER_FAULT)
    {
      world_fault_of (w, to, s->node[end]);
      network_down (w, s);
      tell_end (w, s, 1 - end);
    }
  node_run (w->node[to].node, w->now);
  return true;
}

static bool
carry (struct world *w, struct session *s, unsigned end)
{
  struct frame **p = carriable (s, end) ? pick_frame (w, s, end) : NULL;
  return p != NULL && carry_frame (w, s, end, p);
}

bool
network_step (struct world *w)
{
  if (w->links != NULL)
    return links_step (w);
  bool did = answer_connect (w);
  size_t start = world_roll (w, WORLD_SESSIONS_MAX);
  for (size_t i = 0; i < WORLD_SESSIONS_MAX && !did; i++)
    {
      struct session *s = &w->session[(start + i) % WORLD_SESSIONS_MAX];
      if (!s->used)
	continue;
      did = tell (w, s);
      if (s->used && s->up && !did)
	{
	  unsigned end = world_roll (w, 2);
	  did = carry (w, s, end) || carry (w, s, 1 - end);
	}
    }
  return did;
}

/* The first frame of a stream, counted: FRAME is the first of its stream if none before
   it in the list has the same.  */
static bool
first_of_stream (const struct frame *list, const struct frame *frame)
{
  while (list->stream != frame->stream)
    list = list->next;
  return list == frame;
}

/* Finds choice I and does it; or only counts (I == SIZE_MAX).  */
static size_t
choose (struct world *w, size_t i, bool *did)
{
  size_t n = 0;
  *did = false;
  for (size_t k = 0; k < WORLD_SESSIONS_MAX; k++)
    {
      struct session *s = &w->session[k];
      for (unsigned end = 0; end < 2 && !*did; end++)
	{
	  if (tellable (s, end) && n++ == i)
	    {
	      tell_end (w, s, end);
	      retire (s);
	      *did = true;
	    }
	  if (!carriable (s, end))
	    continue;
	  for (struct frame **p = &s->frames[end]; *p != NULL && !*did; p = &(*p)->next)
	    if (first_of_stream (s->frames[end], *p) && n++ == i)
	      {
		carry_frame (w, s, end, p);
		*did = true;
		break;
	      }
	}
    }
  for (unsigned a = 0; a < w->options.nodes; a++)
    for (unsigned b = 0; b < w->options.nodes && !*did; b++)
      if (w->connect[a][b] && n++ == i)
	{
	  struct rights_key key = { { (uint8_t) (b + 1) } };
	  w->connect[a][b] = false;
	  *did = true;
	  if (w->cut[a][b])
	    {
	      rights_connect_failed (node_engine (w->node[a].node), w->now, &key);
	      node_run (w->node[a].node, w->now);
	    }
	  else if (live_session (w, a, b) == NULL && !untold (w, a, b))
	    network_open (w, a, b);
	}
  return n;
}

size_t
network_choices (struct world *w)
{
  bool did;
  return choose (w, SIZE_MAX, &did);
}

bool
network_choose (struct world *w, size_t i)
{
  bool did;
  choose (w, i, &did);
  return did;
}

static void
digest_frames (struct frame *list, void (*absorb) (void *, const void *, size_t), void *ctx)
{
  /* By stream, so that the order between streams does not matter.  */
  uint64_t done = 0;
  for (bool first = true;; first = false)
    {
      uint64_t stream = UINT64_MAX;
      for (struct frame *f = list; f != NULL; f = f->next)
	if ((first || f->stream > done) && f->stream < stream)
	  stream = f->stream;
      if (stream == UINT64_MAX)
	return;
      absorb (ctx, &stream, sizeof stream);
      for (struct frame *f = list; f != NULL; f = f->next)
	if (f->stream == stream)
	  {
	    absorb (ctx, &f->buf->bytes, sizeof f->buf->bytes);
	    absorb (ctx, f->buf->data, f->buf->bytes);
	  }
      done = stream;
    }
}

void
network_digest (struct world *w, void (*absorb) (void *, const void *, size_t), void *ctx)
{
  for (size_t k = 0; k < WORLD_SESSIONS_MAX; k++)
    {
      struct session *s = &w->session[k];
      if (!s->used)
	continue;
      uint64_t state = s->number << 8 | s->up | s->known[0] << 1 | s->known[1] << 2
	| s->told[0] << 3 | s->told[1] << 4;
      absorb (ctx, &state, sizeof state);
      for (unsigned end = 0; end < 2; end++)
	digest_frames (s->frames[end], absorb, ctx);
    }
  absorb (ctx, w->connect, sizeof w->connect);
  absorb (ctx, w->cut, sizeof w->cut);
}

void
network_free (struct world *w)
{
  for (size_t i = 0; i < WORLD_SESSIONS_MAX; i++)
    drop_frames (&w->session[i]);
}
