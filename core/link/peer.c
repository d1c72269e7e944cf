/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peer's life: its session, its lists, time, output and events.  */
#include "core/link/endpoint.h"

#include <string.h>

/* --- Lists -------------------------------------------------------------- */

void
peer_ready (struct link_peer *p)
{
  struct link *link = p->link;
  if (p->in_ready)
    return;
  p->in_ready = true;
  if (!link->ready)
    {
      p->ready_next = p->ready_previous = p;
      link->ready = p;
      return;
    }
  p->ready_next = link->ready;
  p->ready_previous = link->ready->ready_previous;
  p->ready_previous->ready_next = p;
  p->ready_next->ready_previous = p;
}

void
peer_not_ready (struct link_peer *p)
{
  struct link *link = p->link;
  if (!p->in_ready)
    return;
  p->in_ready = false;
  p->ready_next->ready_previous = p->ready_previous;
  p->ready_previous->ready_next = p->ready_next;
  if (link->ready == p)
    link->ready = p->ready_next == p ? NULL : p->ready_next;
}

void
peer_event (struct link_peer *p)
{
  struct link *link = p->link;
  if (p->in_events)
    return;
  p->in_events = true;
  p->event_next = NULL;
  if (link->events)
    link->events_tail->event_next = p;
  else
    link->events = p;
  link->events_tail = p;
}

/* --- Sessions ----------------------------------------------------------- */

static bool
index_in_use (const struct link_peer *p, uint32_t index)
{
  const struct session *s = p->session;
  if (s && ((s->current.valid && s->current.local == index)
	    || (s->previous.valid && s->previous.local == index)))
    return true;
  for (unsigned i = 0; i < LINK_HALF_OPEN_MAX; i++)
    if (p->half_open[i].used && p->half_open[i].key.local == index)
      return true;
  return p->attempt.active && p->attempt.local == index;
}

uint32_t
peer_index (struct link_peer *p)
{
  uint16_t high;
  uint32_t index;
  do
    {
      p->link->config.random (p->link->config.random_ctx, &high, sizeof high);
      index = (uint32_t) high << 16 | p->slot;
    }
  while (index_in_use (p, index));
  return index;
}

void
peer_end_session (struct link_peer *p, enum link_down why, bool tell, bool fault)
{
  struct session *s = p->session;
  struct note *note = tell ? endpoint_note (p->link) : NULL;
  if (note)
    {
      note->to = s->address;
      note->bytes = (uint8_t) session_close (s, fault, note->datagram);
    }
  p->session = NULL;
  if (p->attempt.session)
    handshake_stop (p);
  session_end (s, why);
  if (s->up_told)
    {
      dr_assert (!p->ended);	/* UP is told only after the last DOWN */
      p->ended = s;
    }
  else
    {
      session_free (s);
      if (p->owed)
	p->failed = true;
    }
  peer_event (p);
}

void
peer_install (struct link_peer *p, struct session *s)
{
  if (p->session)
    peer_end_session (p, LINK_DOWN_REPLACED, false, false);
  p->session = s;
  p->failed = false;
  p->wanted = false;
  if (p->address.bytes == 0)
    p->address = s->address;
  handshake_stop (p);
  handshake_forget_half_open (p);
  p->link->counters.sessions++;
  peer_event (p);
  peer_ready (p);
}

void
peer_free (struct link_peer *p)
{
  const struct dr_alloc *alloc = &p->link->alloc;
  peer_not_ready (p);
  if (p->session)
    session_free (p->session);
  if (p->ended)
    session_free (p->ended);
  noise_wipe (p, sizeof *p);
  dr_free_bytes (alloc, p, sizeof *p);
}

/* --- Time --------------------------------------------------------------- */

static void
tick_session (struct link_peer *p)
{
  struct session *s = p->session;
  uint64_t now = p->link->now;
  session_tick (s, now);
  if (s->down)
    {
      peer_end_session (p, s->down, true, false);
      return;
    }
  if (s->queue.writable)
    peer_event (p);
  if (!p->attempt.retry_time && now >= session_keys_at (s))
    handshake_start (p);
}

static void
tick_half_open (struct link_peer *p)
{
  for (unsigned i = 0; i < LINK_HALF_OPEN_MAX; i++)
    {
      struct half_open *h = &p->half_open[i];
      if (h->used && p->link->now >= h->created + LINK_HALF_OPEN_US)
	noise_wipe (h, sizeof *h);
    }
}

void
peer_tick (struct link_peer *p)
{
  uint64_t now = p->link->now;
  tick_half_open (p);
  if (p->session)
    tick_session (p);
  if (p->wanted && now >= p->give_up_time)
    {
      p->wanted = false;
      p->failed = true;
      handshake_stop (p);
      peer_event (p);
    }
  if (p->attempt.retry_time && now >= p->attempt.retry_time)
    {
      if (p->session || p->wanted)
	handshake_start (p);
      else
	handshake_stop (p);
    }
  if (p->session)
    peer_ready (p);
}

static void
sooner (uint64_t *at, uint64_t other)
{
  if (other < *at)
    *at = other;
}

uint64_t
peer_deadline (const struct link_peer *p)
{
  uint64_t at = LINK_NEVER;
  if (p->session)
    {
      at = session_deadline (p->session);
      if (!p->attempt.retry_time)
	sooner (&at, session_keys_at (p->session));
    }
  if (p->wanted)
    sooner (&at, p->give_up_time);
  if (p->attempt.retry_time)
    sooner (&at, p->attempt.retry_time);
  for (unsigned i = 0; i < LINK_HALF_OPEN_MAX; i++)
    if (p->half_open[i].used)
      sooner (&at, p->half_open[i].created + LINK_HALF_OPEN_US);
  return at;
}

/* --- Output ------------------------------------------------------------- */

size_t
peer_output (struct link_peer *p, uint8_t *buffer, size_t capacity, struct link_address *to)
{
  struct session *s = p->session;
  if (p->attempt.active && p->attempt.unsent)
    {
      p->attempt.unsent = false;
      memcpy (buffer, p->attempt.datagram, INITIATION_BYTES);
      *to = s ? s->address : p->address;
      return INITIATION_BYTES;
    }
  for (unsigned i = 0; i < LINK_HALF_OPEN_MAX; i++)
    {
      struct half_open *h = &p->half_open[i];
      if (!h->used || !h->unsent)
	continue;
      h->unsent = false;
      memcpy (buffer, h->datagram, RESPONSE_BYTES);
      *to = h->address;
      return RESPONSE_BYTES;
    }
  if (!s)
    return 0;
  *to = s->address;
  return session_build (s, p->link->now, buffer, capacity);
}

/* --- Events ------------------------------------------------------------- */

static bool
take_message (struct session *s, struct link_event *e)
{
  if (!assembly_take (&s->assembly, &e->stream, &e->message))
    return false;
  e->kind = LINK_MESSAGE;
  e->session = s->terms.id;
  return true;
}

static bool
take_ended (struct link_peer *p, struct link_event *e)
{
  struct session *s = p->ended;
  if (!s)
    return false;
  if (take_message (s, e))
    return true;
  e->kind = LINK_DOWN;
  e->session = s->terms.id;
  e->down = s->down;
  p->ended = NULL;
  session_free (s);
  return true;
}

bool
peer_take_event (struct link_peer *p, struct link_event *e)
{
  memset (e, 0, sizeof *e);
  e->peer = p;
  e->user = p->user;
  if (take_ended (p, e))
    return true;
  if (p->failed)
    {
      e->kind = LINK_FAILED;
      p->failed = p->owed = false;
      return true;
    }
  struct session *s = p->session;
  if (!s)
    return false;
  if (!s->up_told)
    {
      s->up_told = true;
      p->owed = false;
      e->kind = LINK_UP;
      e->session = s->terms.id;
      e->peer_epoch = s->terms.peer_epoch;
      e->address = s->address;
      return true;
    }
  if (take_message (s, e))
    return true;
  if (!s->queue.writable)
    return false;
  s->queue.writable = false;
  e->kind = LINK_WRITABLE;
  e->session = s->terms.id;
  return true;
}
