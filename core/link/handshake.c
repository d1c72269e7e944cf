/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handshakes: our initiations, the answers to theirs, and which of two counts.

   At most one session comes out of two handshakes that cross.  In a tie the
   side with the smaller public key goes on and ignores the other's initiation;
   the other side answers and stops its own.  After LINK_YIELD_TRIES attempts
   everybody answers everything, in case datagrams pass one way only.

   Nothing that an initiation does touches the live session: it gets a half-open
   slot, and only a datagram under the keys agreed on (which a replay cannot
   produce) makes it count.  */
#include "core/link/endpoint.h"

#include <string.h>

static void
fill (struct link *link, void *out, size_t bytes)
{
  link->config.random (link->config.random_ctx, out, bytes);
}

static uint64_t
least (uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

/* A cookie is good for as long as its maker's secret surely is.  */
static bool
has_cookie (const struct link_peer *p)
{
  return p->cookie_time && p->link->now - p->cookie_time < LINK_COOKIE_SECRET_US;
}

static uint64_t
retry_delay (struct link_peer *p)
{
  uint64_t delay = LINK_RETRY_US;
  uint8_t jitter;
  for (unsigned i = 1; i < p->attempt.tries && delay < LINK_RETRY_MAX_US; i++)
    delay *= 2;
  fill (p->link, &jitter, 1);
  return delay + delay / 4 * jitter / 256;
}

/* --- Initiator ---------------------------------------------------------- */

static void
write_initiation (struct link_peer *p)
{
  struct link *link = p->link;
  struct attempt *a = &p->attempt;
  struct initiation_payload payload =
    { link->config.epoch, ++p->counter, a->session, link->config.assembly_bytes_max,
      link->config.message_bytes_max };
  uint8_t bytes[PACKET_INITIATION_PAYLOAD_BYTES], ephemeral[NOISE_KEY_BYTES];

  initiation_payload_write (&payload, bytes);
  packet_head (a->datagram, PACKET_INITIATION);
  packet_put32 (a->datagram + INITIATION_SENDER, a->local);
  noise_begin (&a->noise, LINK_PROLOGUE, sizeof LINK_PROLOGUE - 1, p->key);
  fill (link, ephemeral, sizeof ephemeral);
  bool good = noise_write_first (&a->noise, link->public_key, p->key, p->shared, ephemeral,
				 bytes, sizeof bytes, a->datagram + INITIATION_NOISE);
  dr_assert (good);		/* link_peer_add refused low-order keys */
  noise_wipe (ephemeral, sizeof ephemeral);
  guard_mac (a->datagram + INITIATION_MAC1, p->mac1_key, a->datagram, INITIATION_MAC1);
  if (has_cookie (p))
    guard_mac (a->datagram + INITIATION_MAC2, p->cookie, a->datagram, INITIATION_MAC2);
  else
    memset (a->datagram + INITIATION_MAC2, 0, PACKET_MAC_BYTES);
}

void
handshake_start (struct link_peer *p)
{
  struct attempt *a = &p->attempt;
  uint64_t session = p->session ? p->session->terms.id : 0;
  if (a->session != session)
    a->tries = 0;
  a->session = session;
  a->active = false;
  a->local = peer_index (p);
  a->active = a->unsent = true;
  a->answers = 0;
  a->tries++;
  write_initiation (p);
  a->retry_time = p->link->now + retry_delay (p);
  peer_ready (p);
}

void
handshake_stop (struct link_peer *p)
{
  noise_wipe (&p->attempt, sizeof p->attempt);
}

/* The other side's handshake goes first; ours only if nothing comes of it.  */
static void
yield (struct link_peer *p)
{
  uint8_t jitter;
  unsigned tries = p->attempt.tries;
  uint64_t session = p->attempt.session;
  handshake_stop (p);
  fill (p->link, &jitter, 1);
  p->attempt.tries = tries;
  p->attempt.session = session;
  p->attempt.retry_time = p->link->now + LINK_YIELD_US + LINK_YIELD_US / 4 * jitter / 256;
}

static void
set_terms (const struct link *link, struct session_terms *t, uint64_t id, uint64_t epoch,
	   uint64_t assembly_bytes, uint64_t message_bytes)
{
  t->id = id;
  t->peer_epoch = epoch;
  t->assembly_bytes = least (link->config.assembly_bytes_max, assembly_bytes);
  t->message_bytes = least (link->config.message_bytes_max, message_bytes);
}

static void
note_remote_epoch (struct link_peer *p, uint64_t epoch, uint64_t counter)
{
  if (p->remote_known && p->remote_epoch == epoch)
    {
      if (counter > p->remote_counter)
	p->remote_counter = counter;
      return;
    }
  if (p->remote_known)
    p->past_epoch[p->past_epochs++ % LINK_PAST_EPOCHS] = p->remote_epoch;
  for (unsigned i = 0; i < LINK_HALF_OPEN_MAX; i++)
    if (p->half_open[i].used && p->half_open[i].epoch == epoch
	&& p->half_open[i].counter > counter)
      counter = p->half_open[i].counter;
  p->remote_known = true;
  p->remote_epoch = epoch;
  p->remote_counter = counter;
}

static void
make_keys (struct keypair *key, const struct noise *noise, bool initiator, uint32_t local,
	   uint32_t remote, uint64_t now)
{
  memset (key, 0, sizeof *key);
  key->valid = true;
  key->initiator = initiator;
  key->local = local;
  key->remote = remote;
  key->created = key->used = now;
  if (initiator)
    noise_split (noise, key->send, key->receive);
  else
    noise_split (noise, key->receive, key->send);
}

/* Our initiation was answered.  False: no memory for the session.  */
static bool
complete (struct link_peer *p, const struct link_address *from, const struct keypair *key,
	  const struct response_payload *r)
{
  struct link *link = p->link;
  struct session_terms terms;
  struct session *s = p->session;

  if (p->attempt.session && s && s->terms.id == r->session
      && s->terms.id == p->attempt.session && s->terms.peer_epoch == r->epoch)
    {
      session_rekey (s, key);
      s->ping = true;		/* confirms the keys to the responder */
      handshake_stop (p);
      handshake_forget_half_open (p);
      return true;
    }
  /* Keys for a session that we have no more.  */
  if (p->attempt.session && p->attempt.session == r->session)
    return false;
  set_terms (link, &terms, r->session, r->epoch, r->assembly_bytes, r->message_bytes);
  s = session_new (&link->config, &link->alloc, &terms, key, from, link->now);
  if (!s)
    return false;
  s->ping = true;
  note_remote_epoch (p, r->epoch, 0);
  peer_install (p, s);
  return true;
}

void
handshake_response (struct link *link, const struct link_address *from,
		    const uint8_t *datagram)
{
  uint32_t local = packet_get32 (datagram + RESPONSE_RECEIVER);
  struct link_peer *p = endpoint_peer_of (link, local);
  uint8_t payload[PACKET_RESPONSE_PAYLOAD_BYTES];
  struct response_payload response;
  struct keypair key;

  if (!p || !p->attempt.active || p->attempt.local != local)
    {
      link->counters.dropped_late++;
      return;
    }
  if (!guard_mac_good (datagram + RESPONSE_MAC1, link->guard.mac1_key, datagram, RESPONSE_MAC1)
      || p->attempt.answers++ >= LINK_RESPONSES_PER_TRY)
    {
      link->counters.dropped_forged++;
      return;
    }
  struct noise noise = p->attempt.noise;
  bool good = noise_read_second (&noise, link->config.secret_key, datagram + RESPONSE_NOISE,
				 payload, sizeof payload);
  if (good)
    {
      response_payload_read (&response, payload);
      make_keys (&key, &noise, true, local, packet_get32 (datagram + RESPONSE_SENDER),
		 link->now);
    }
  noise_wipe (&noise, sizeof noise);
  if (!good || response.session == 0 || response.assembly_bytes < LINK_ASSEMBLY_BYTES_MIN)
    link->counters.dropped_forged++;
  else if (!complete (p, from, &key, &response))
    link->counters.dropped_memory++;
  keypair_wipe (&key);
  peer_ready (p);
}

void
handshake_cookie (struct link *link, const uint8_t *datagram)
{
  uint32_t local = packet_get32 (datagram + COOKIE_RECEIVER);
  struct link_peer *p = endpoint_peer_of (link, local);

  if (!p || !p->attempt.active || p->attempt.local != local)
    {
      link->counters.dropped_late++;
      return;
    }
  uint8_t cookie[GUARD_COOKIE_BYTES];
  if (!guard_open_reply (p->cookie_key, p->attempt.datagram + INITIATION_MAC1, datagram, cookie))
    {
      link->counters.dropped_forged++;
      return;
    }
  /* At once with the first cookie; an answer to that is not hurried again.  */
  if (!has_cookie (p))
    p->attempt.retry_time = least (p->attempt.retry_time, link->now + LINK_COOKIE_RETRY_US);
  memset (p->cookie, 0, sizeof p->cookie);
  memcpy (p->cookie, cookie, sizeof cookie);
  p->cookie_time = link->now;
}

/* --- Responder ---------------------------------------------------------- */

static bool
is_replay (const struct link_peer *p, uint64_t epoch, uint64_t counter)
{
  if (p->remote_known && epoch == p->remote_epoch)
    return counter <= p->remote_counter;
  for (unsigned i = 0; i < LINK_PAST_EPOCHS && i < p->past_epochs; i++)
    if (p->past_epoch[i] == epoch)
      return true;
  for (unsigned i = 0; i < LINK_HALF_OPEN_MAX; i++)
    if (p->half_open[i].used && p->half_open[i].epoch == epoch
	&& counter <= p->half_open[i].counter)
      return true;
  return false;
}

/* In a tie ours counts: it is out, and has not been out for long.  */
static bool
ours_first (const struct link_peer *p)
{
  return p->attempt.active && p->preferred && p->attempt.tries <= LINK_YIELD_TRIES;
}

/* Which of two slots to give up: a free one, one that is not of the live
   session, the older one.  */
static bool
worth_less (const struct half_open *a, const struct half_open *b)
{
  if (a->used != b->used)
    return !a->used;
  if (a->renews != b->renews)
    return !a->renews;
  return a->created < b->created;
}

/* The slot of the same epoch (its newer initiation replaces the older one), or
   the one worth least.  */
static struct half_open *
choose_slot (struct link_peer *p, uint64_t epoch)
{
  struct half_open *best = &p->half_open[0];
  for (unsigned i = 0; i < LINK_HALF_OPEN_MAX; i++)
    {
      struct half_open *h = &p->half_open[i];
      if (h->used && h->epoch == epoch)
	return h;
      if (worth_less (h, best))
	best = h;
    }
  return best;
}

static bool
answer (struct link_peer *p, struct half_open *h, struct noise *noise, uint32_t remote)
{
  struct link *link = p->link;
  struct response_payload payload =
    { link->config.epoch, h->terms.id, link->config.assembly_bytes_max,
      link->config.message_bytes_max };
  uint8_t bytes[PACKET_RESPONSE_PAYLOAD_BYTES], ephemeral[NOISE_KEY_BYTES];
  uint32_t local = peer_index (p);

  response_payload_write (&payload, bytes);
  packet_head (h->datagram, PACKET_RESPONSE);
  packet_put32 (h->datagram + RESPONSE_SENDER, local);
  packet_put32 (h->datagram + RESPONSE_RECEIVER, remote);
  fill (link, ephemeral, sizeof ephemeral);
  bool good = noise_write_second (noise, p->key, ephemeral, bytes, sizeof bytes,
				  h->datagram + RESPONSE_NOISE);
  noise_wipe (ephemeral, sizeof ephemeral);
  if (!good)
    return false;
  guard_mac (h->datagram + RESPONSE_MAC1, p->mac1_key, h->datagram, RESPONSE_MAC1);
  make_keys (&h->key, noise, false, local, remote, link->now);
  return true;
}

static void
accept_initiation (struct link_peer *p, const struct link_address *from, struct noise *noise,
		   uint32_t remote, const struct initiation_payload *i)
{
  struct link *link = p->link;
  struct session *s = p->session;
  struct half_open *h = choose_slot (p, i->epoch);
  uint64_t id = 0;

  noise_wipe (h, sizeof *h);
  h->renews = i->session && s && s->terms.id == i->session && s->terms.peer_epoch == i->epoch;
  if (h->renews)
    id = i->session;
  while (id == 0)
    fill (link, &id, sizeof id);
  set_terms (link, &h->terms, id, i->epoch, i->assembly_bytes, i->message_bytes);
  h->epoch = i->epoch;
  h->counter = i->counter;
  h->created = link->now;
  h->address = *from;
  if (!answer (p, h, noise, remote))
    {
      noise_wipe (h, sizeof *h);
      link->counters.dropped_forged++;
      return;
    }
  if (p->remote_known && p->remote_epoch == i->epoch)
    p->remote_counter = i->counter;
  h->used = h->unsent = true;
  if (p->attempt.active && p->attempt.tries <= LINK_YIELD_TRIES)
    yield (p);
  peer_ready (p);
}

static struct link_peer *
admit_initiator (struct link *link, const struct link_address *from, const uint8_t *datagram,
		 struct noise *noise)
{
  uint8_t initiator[LINK_KEY_BYTES];
  struct note *note;

  switch (guard_admit (&link->guard, &link->config, link->now, from, datagram))
    {
    case GUARD_WORK:
      break;
    case GUARD_COOKIE:
      link->counters.dropped_load++;
      note = endpoint_note (link);
      if (!note)
	return NULL;
      guard_reply (&link->guard, &link->config, from, datagram, note->datagram);
      note->to = *from;
      note->bytes = COOKIE_BYTES;
      link->counters.cookies_sent++;
      return NULL;
    case GUARD_DROP:
      link->counters.dropped_load++;
      return NULL;
    }
  link->counters.handshakes_worked++;
  noise_begin (noise, LINK_PROLOGUE, sizeof LINK_PROLOGUE - 1, link->public_key);
  if (!noise_read_first_static (noise, link->config.secret_key, datagram + INITIATION_NOISE,
				initiator))
    {
      link->counters.dropped_forged++;
      return NULL;
    }
  struct link_peer *p = link_peer_find (link, initiator);
  if (!p)
    link->counters.dropped_unknown++;
  return p;
}

void
handshake_initiation (struct link *link, const struct link_address *from,
		      const uint8_t *datagram)
{
  struct noise noise;
  uint8_t payload[PACKET_INITIATION_PAYLOAD_BYTES];
  struct initiation_payload initiation;

  if (!guard_mac_good (datagram + INITIATION_MAC1, link->guard.mac1_key, datagram,
		       INITIATION_MAC1))
    {
      link->counters.dropped_forged++;
      return;
    }
  struct link_peer *p = admit_initiator (link, from, datagram, &noise);
  if (!p)
    return;
  if (!noise_read_first_payload (&noise, p->shared, datagram + INITIATION_NOISE, payload,
				 sizeof payload))
    {
      link->counters.dropped_forged++;
      return;
    }
  initiation_payload_read (&initiation, payload);
  if (initiation.assembly_bytes < LINK_ASSEMBLY_BYTES_MIN)
    link->counters.dropped_forged++;
  else if (is_replay (p, initiation.epoch, initiation.counter))
    link->counters.dropped_replay++;
  else if (ours_first (p))
    link->counters.dropped_late++;
  else
    accept_initiation (p, from, &noise, packet_get32 (datagram + INITIATION_SENDER), &initiation);
  noise_wipe (&noise, sizeof noise);
}

void
handshake_forget_half_open (struct link_peer *p)
{
  noise_wipe (p->half_open, sizeof p->half_open);
}

struct session *
handshake_confirm (struct link_peer *p, struct half_open *h)
{
  struct session *s = p->session;
  if (h->renews)
    {
      dr_assert (s && s->terms.id == h->terms.id);	/* the caller has looked */
      session_rekey (s, &h->key);
    }
  else
    {
      s = session_new (&p->link->config, &p->link->alloc, &h->terms, &h->key, &h->address,
		       p->link->now);
      if (!s)
	{
	  p->link->counters.dropped_memory++;
	  return NULL;
	}
      note_remote_epoch (p, h->epoch, h->counter);
      peer_install (p, s);
    }
  handshake_stop (p);
  handshake_forget_half_open (p);
  return s;
}
