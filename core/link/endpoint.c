/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public calls; see link.h.  */
#include "core/link/endpoint.h"

#include <string.h>

#define MS UINT64_C (1000)
#define S UINT64_C (1000000)
#define MIB (UINT64_C (1) << 20)
#define SLOTS_MIN 16u

static_assert (LINK_KEY_BYTES == NOISE_KEY_BYTES, "a node's key is its Noise key");

void
link_config_default (struct link_config *c)
{
  memset (c, 0, sizeof *c);
  c->peers_max = 64;
  c->datagram_bytes = 1452;
  c->message_bytes_max = 1024 * MIB;
  c->assembly_bytes_max = 64 * MIB;
  c->send_bytes_max = 64 * MIB;
  c->send_messages_max = 65536;
  c->window_bytes_max = 4 * MIB;
  c->connect_us = 10 * S;
  c->dead_us = 10 * S;
  c->rekey_us = 120 * S;
  c->rekey_datagrams = UINT64_C (1) << 20;
  c->ack_delay_us = 5 * MS;
  c->handshakes_per_second = 50;
}

static bool
config_makes_sense (const struct link_config *c)
{
  return c->random
    && c->peers_max >= 1 && c->peers_max <= 65535
    && c->datagram_bytes >= LINK_DATAGRAM_BYTES_MIN
    && c->datagram_bytes <= LINK_DATAGRAM_BYTES_MAX
    && c->datagram_bytes_most <= LINK_DATAGRAM_BYTES_MAX
    && c->message_bytes_max >= 1 && c->message_bytes_max <= UINT32_MAX
    && c->assembly_bytes_max >= LINK_ASSEMBLY_BYTES_MIN
    && c->assembly_bytes_max <= UINT64_MAX / 4
    && c->send_messages_max >= 1
    && c->connect_us && c->dead_us >= 3 && c->rekey_us
    && c->connect_us < UINT64_MAX / 16 && c->dead_us < UINT64_MAX / 16
    && c->rekey_us < UINT64_MAX / 16
    && c->rekey_datagrams && c->handshakes_per_second
    && c->handshakes_per_second <= 1000000;
}

enum dr_status
link_create (const struct link_config *config, const struct dr_alloc *alloc, uint64_t now,
	     struct link **link)
{
  if (!config_makes_sense (config))
    return DR_INVALID;
  struct link *l = dr_alloc_zeroed (alloc, sizeof *l);
  if (!l)
    return DR_NO_MEMORY;
  l->config = *config;
  l->alloc = *alloc;
  l->now = now;
  noise_public (config->secret_key, l->public_key);
  guard_init (&l->guard, l->public_key, config, now);
  *link = l;
  return DR_OK;
}

void
link_destroy (struct link *link)
{
  if (!link)
    return;
  for (uint32_t i = 0; i < link->slots; i++)
    if (link->peer[i])
      peer_free (link->peer[i]);
  struct dr_alloc alloc = link->alloc;
  dr_free_bytes (&alloc, link->peer, link->slots * sizeof *link->peer);
  noise_wipe (link, sizeof *link);
  dr_free_bytes (&alloc, link, sizeof *link);
}

static void
set_now (struct link *link, uint64_t now)
{
  if (now > link->now)
    link->now = now;
}

void
link_public_key (const struct link *link, uint8_t key[LINK_KEY_BYTES])
{
  memcpy (key, link->public_key, LINK_KEY_BYTES);
}

/* --- Peers -------------------------------------------------------------- */

struct link_peer *
link_peer_find (struct link *link, const uint8_t key[LINK_KEY_BYTES])
{
  for (uint32_t i = 0; i < link->slots; i++)
    if (link->peer[i] && memcmp (link->peer[i]->key, key, LINK_KEY_BYTES) == 0)
      return link->peer[i];
  return NULL;
}

struct link_peer *
endpoint_peer_of (struct link *link, uint32_t index)
{
  uint32_t slot = index & 0xffff;
  return slot < link->slots ? link->peer[slot] : NULL;
}

/* A free slot's number, or UINT32_MAX without memory.  */
static uint32_t
free_slot (struct link *link)
{
  for (uint32_t i = 0; i < link->slots; i++)
    if (!link->peer[i])
      return i;
  uint32_t slots = link->slots ? 2 * link->slots : SLOTS_MIN, first = link->slots;
  struct link_peer **peer = dr_alloc_array (&link->alloc, slots, sizeof *peer);
  if (!peer)
    return UINT32_MAX;
  if (link->slots)
    memcpy (peer, link->peer, link->slots * sizeof *peer);
  dr_free_bytes (&link->alloc, link->peer, link->slots * sizeof *peer);
  link->peer = peer;
  link->slots = slots;
  return first;
}

enum dr_status
link_peer_add (struct link *link, const uint8_t key[LINK_KEY_BYTES],
	       const struct link_address *address, void *user, struct link_peer **peer)
{
  uint8_t shared[NOISE_KEY_BYTES];
  int order = memcmp (link->public_key, key, LINK_KEY_BYTES);

  if (order == 0 || link_peer_find (link, key)
      || (address && address->bytes > LINK_ADDRESS_BYTES_MAX)
      || !noise_shared (shared, link->config.secret_key, key))
    return DR_INVALID;
  if (link->peers >= link->config.peers_max)
    return DR_LIMIT;
  uint32_t slot = free_slot (link);
  struct link_peer *p = slot == UINT32_MAX ? NULL : dr_alloc_zeroed (&link->alloc, sizeof *p);
  if (!p)
    return DR_NO_MEMORY;
  p->link = link;
  p->slot = slot;
  p->user = user;
  p->preferred = order < 0;
  memcpy (p->key, key, LINK_KEY_BYTES);
  memcpy (p->shared, shared, sizeof shared);
  noise_wipe (shared, sizeof shared);
  guard_keys (key, p->mac1_key, p->cookie_key);
  link_peer_address (p, address);
  link->peer[slot] = p;
  link->peers++;
  *peer = p;
  return DR_OK;
}

static void
forget_events (struct link *link, struct link_peer *p)
{
  struct link_peer *last = NULL;
  for (struct link_peer **at = &link->events; *at; )
    if (*at == p)
      *at = p->event_next;
    else
      {
	last = *at;
	at = &last->event_next;
      }
  link->events_tail = last;
}

void
link_peer_remove (struct link *link, struct link_peer *p, uint64_t now)
{
  link_close (link, p, false, now);
  forget_events (link, p);
  link->peer[p->slot] = NULL;
  link->peers--;
  peer_free (p);
}

void
link_peer_address (struct link_peer *p, const struct link_address *address)
{
  if (address)
    p->address = *address;
  else
    p->address.bytes = 0;
}

/* A handshake of the peer's that may be about to succeed.  */
static uint64_t
fresh_half_open (const struct link_peer *p)
{
  uint64_t created = 0;
  for (unsigned i = 0; i < LINK_HALF_OPEN_MAX; i++)
    if (p->half_open[i].used && p->half_open[i].created > created)
      created = p->half_open[i].created;
  return created && p->link->now - created < LINK_YIELD_US ? created : 0;
}

enum dr_status
link_connect (struct link *link, struct link_peer *p, uint64_t now)
{
  set_now (link, now);
  if (p->session || p->wanted)
    return DR_OK;
  if (p->address.bytes == 0)
    return DR_INVALID;
  p->wanted = p->owed = true;
  p->failed = false;
  p->give_up_time = link->now + link->config.connect_us;
  uint64_t created = fresh_half_open (p);
  if (created)
    p->attempt.retry_time = created + LINK_YIELD_US;
  else
    handshake_start (p);
  return DR_OK;
}

void
link_close (struct link *link, struct link_peer *p, bool fault, uint64_t now)
{
  set_now (link, now);
  handshake_forget_half_open (p);
  handshake_stop (p);
  if (p->session)
    peer_end_session (p, LINK_DOWN_CLOSED, true, fault);
  else if (p->wanted)
    {
      p->wanted = false;
      p->failed = true;
      peer_event (p);
    }
}

/* --- Datagrams ---------------------------------------------------------- */

struct note *
endpoint_note (struct link *link)
{
  if (link->notes == LINK_NOTES_MAX)
    return NULL;
  return &link->note[(link->first_note + link->notes++) % LINK_NOTES_MAX];
}

static bool
open_datagram (struct link *link, const struct keypair *key, uint8_t *datagram, size_t bytes)
{
  size_t frames = bytes - DATA_OVERHEAD_BYTES;
  if (link_open (datagram + DATA_FRAMES, frames, datagram + DATA_FRAMES + frames, datagram,
		 DATA_FRAMES, packet_get64 (datagram + DATA_NUMBER), key->receive))
    return true;
  link->counters.dropped_forged++;
  return false;
}

static bool
is_fresh (struct link *link, const struct session *s, uint64_t number)
{
  static const struct replay nothing;
  if (replay_fresh (s ? &s->replay : &nothing, number))
    return true;
  link->counters.dropped_replay++;
  return false;
}

/* Under keys that the session has.  True: opened.  */
static bool
open_for_session (struct link *link, struct session *s, struct keypair *key,
		  uint8_t *datagram, size_t bytes)
{
  if (!is_fresh (link, s, packet_get64 (datagram + DATA_NUMBER))
      || !open_datagram (link, key, datagram, bytes))
    return false;
  key->used = link->now;
  return true;
}

/* Under keys that wait for just this: the session it belongs to, or NULL.  */
static struct session *
open_for_half_open (struct link *link, struct link_peer *p, struct half_open *h,
		    uint8_t *datagram, size_t bytes)
{
  struct session *s = h->renews ? p->session : NULL;
  if (!is_fresh (link, s, packet_get64 (datagram + DATA_NUMBER))
      || !open_datagram (link, &h->key, datagram, bytes))
    return NULL;
  if (h->renews && (!s || s->terms.id != h->terms.id))
    {
      link->counters.dropped_late++;
      return NULL;
    }
  return handshake_confirm (p, h);
}

static struct session *
open_for_peer (struct link *link, struct link_peer *p, uint8_t *datagram, size_t bytes)
{
  uint32_t index = packet_get32 (datagram + DATA_RECEIVER);
  struct session *s = p->session;
  struct keypair *keys[2] = { s ? &s->current : NULL, s ? &s->previous : NULL };

  for (unsigned i = 0; i < 2; i++)
    if (keys[i] && keys[i]->valid && keys[i]->local == index)
      return open_for_session (link, s, keys[i], datagram, bytes) ? s : NULL;
  for (unsigned i = 0; i < LINK_HALF_OPEN_MAX; i++)
    if (p->half_open[i].used && p->half_open[i].key.local == index)
      return open_for_half_open (link, p, &p->half_open[i], datagram, bytes);
  link->counters.dropped_index++;
  return NULL;
}

static void
data (struct link *link, uint8_t *datagram, size_t bytes)
{
  struct link_peer *p = endpoint_peer_of (link, packet_get32 (datagram + DATA_RECEIVER));
  if (!p)
    {
      link->counters.dropped_index++;
      return;
    }
  struct session *s = open_for_peer (link, p, datagram, bytes);
  if (!s)
    return;
  switch (session_frames (s, packet_get64 (datagram + DATA_NUMBER), datagram + DATA_FRAMES,
			  bytes - DATA_OVERHEAD_BYTES, link->now))
    {
    case SESSION_SHORT:
      link->counters.dropped_memory++;
      break;
    case SESSION_TAKEN:
      break;
    case SESSION_CLOSED:
      {
	bool fault = s->down == LINK_DOWN_PROTOCOL;
	peer_end_session (p, s->down, fault, fault);
	return;
      }
    }
  if (s->assembly.ready || s->queue.writable)
    peer_event (p);
  peer_ready (p);
}

void
link_input (struct link *link, uint64_t now, const struct link_address *from,
	    void *datagram, size_t bytes)
{
  set_now (link, now);
  link->counters.datagrams_in++;
  switch (packet_kind (datagram, bytes))
    {
    case PACKET_INITIATION:
      handshake_initiation (link, from, datagram);
      break;
    case PACKET_RESPONSE:
      handshake_response (link, from, datagram);
      break;
    case PACKET_COOKIE:
      handshake_cookie (link, datagram);
      break;
    case PACKET_DATA:
      data (link, datagram, bytes);
      break;
    default:
      link->counters.dropped_garbage++;
    }
}

size_t
link_output (struct link *link, uint64_t now, void *buffer, size_t capacity,
	     struct link_address *to)
{
  set_now (link, now);
  if (link->notes)
    {
      struct note *n = &link->note[link->first_note];
      link->first_note = (link->first_note + 1) % LINK_NOTES_MAX;
      link->notes--;
      memcpy (buffer, n->datagram, n->bytes);
      *to = n->to;
      link->counters.datagrams_out++;
      return n->bytes;
    }
  while (link->ready)
    {
      struct link_peer *p = link->ready;
      size_t bytes = peer_output (p, buffer, capacity, to);
      if (bytes)
	{
	  link->ready = p->ready_next;
	  link->counters.datagrams_out++;
	  return bytes;
	}
      peer_not_ready (p);
    }
  return 0;
}

void
link_tick (struct link *link, uint64_t now)
{
  set_now (link, now);
  for (uint32_t i = 0; i < link->slots; i++)
    if (link->peer[i] && peer_deadline (link->peer[i]) <= link->now)
      peer_tick (link->peer[i]);
}

uint64_t
link_deadline (const struct link *link)
{
  uint64_t at = LINK_NEVER;
  for (uint32_t i = 0; i < link->slots; i++)
    if (link->peer[i])
      {
	uint64_t peers = peer_deadline (link->peer[i]);
	if (peers < at)
	  at = peers;
      }
  return at;
}

/* --- Messages and events ------------------------------------------------ */

static enum dr_status
push (struct link *link, struct link_peer *p, uint64_t stream,
      const struct dr_slice *slices, size_t count, uint64_t now, uint64_t patience_us)
{
  set_now (link, now);
  /* Before its UP was taken the caller may still mean an earlier session.  */
  if (!p->session || !p->session->up_told)
    return DR_SESSION_OVER;
  enum dr_status status = session_push (p->session, stream, slices, count, now, patience_us);
  if (status == DR_OK)
    peer_ready (p);
  return status;
}

enum dr_status
link_send (struct link *link, struct link_peer *peer, uint64_t stream,
	   const struct dr_slice *slices, size_t count, uint64_t now)
{
  return push (link, peer, stream, slices, count, now, 0);
}

enum dr_status
link_send_lazily (struct link *link, struct link_peer *peer, uint64_t stream,
		  const struct dr_slice *slices, size_t count, uint64_t now)
{
  return push (link, peer, stream, slices, count, now, LINK_LAZY_US);
}

bool
link_event (struct link *link, struct link_event *event)
{
  while (link->events)
    {
      struct link_peer *p = link->events;
      if (peer_take_event (p, event))
	return true;
      link->events = p->event_next;
      p->in_events = false;
    }
  return false;
}

void
link_peer_status (const struct link_peer *p, struct link_status *status)
{
  const struct session *s = p->session;
  memset (status, 0, sizeof *status);
  status->address = p->address;
  status->state = p->wanted ? LINK_CONNECTING : LINK_IDLE;
  if (!s)
    return;
  status->state = LINK_CONNECTED;
  status->session = s->terms.id;
  status->address = s->address;
  status->rtt_us = s->recovery.rtt;
  status->rtt_min_us = s->recovery.rtt_min;
  status->window_bytes = s->congestion.window;
  status->flight_bytes = s->recovery.flight_bytes;
  status->queue_bytes = s->queue.bytes;
  status->queue_messages = s->queue.messages;
  status->assembly_bytes = s->assembly.held + s->assembly.ready_bytes;
  status->datagrams_sent = s->datagrams_sent;
  status->datagrams_received = s->datagrams_received;
  status->datagrams_lost = s->datagrams_lost;
  status->datagrams_spurious = s->datagrams_spurious;
  status->messages_sent = s->queue.messages_sent;
  status->messages_received = s->assembly.messages;
  status->bytes_sent = s->queue.bytes_sent;
  status->bytes_received = s->assembly.bytes;
  status->rekeys = s->rekeys;
  status->datagram_bytes = s->path.bytes;
}

void
link_counters (const struct link *link, struct link_counters *counters)
{
  *counters = link->counters;
}
