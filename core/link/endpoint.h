/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The endpoint and its peers, shared by endpoint.c (the public calls),
   handshake.c (how sessions and keys come to be) and peer.c (their life).  */
#ifndef DR_LINK_ENDPOINT_H
#define DR_LINK_ENDPOINT_H

#include "core/link/guard.h"
#include "core/link/link.h"
#include "core/link/noise.h"
#include "core/link/packet.h"
#include "core/link/session.h"

/* Our own handshake with a peer, while it is under way.  */
struct attempt
{
  bool active;			/* an initiation is out and may be answered */
  bool unsent;			/* it still has to go */
  uint32_t local;		/* receiver index */
  uint64_t session;		/* whose keys are renewed; 0: a new session */
  unsigned tries;
  unsigned answers;		/* looked at, of this initiation */
  uint64_t retry_time;		/* when to go on; 0: never */
  struct noise noise;
  uint8_t datagram[INITIATION_BYTES];
};

/* An initiation that was answered: its keys, until the first datagram under
   them shows that the initiator is there and is no replay.  */
struct half_open
{
  bool used, unsent;
  uint64_t created;
  uint64_t epoch, counter;
  bool renews;			/* keys for the session terms.id that we have */
  struct session_terms terms;
  struct keypair key;
  struct link_address address;
  uint8_t datagram[RESPONSE_BYTES];
};

struct link_peer
{
  struct link *link;
  uint32_t slot;		/* low 16 bits of this peer's receiver indices */
  void *user;
  uint8_t key[LINK_KEY_BYTES];
  uint8_t shared[NOISE_KEY_BYTES];	/* of both static keys */
  uint8_t mac1_key[GUARD_KEY_BYTES], cookie_key[GUARD_KEY_BYTES];
  struct link_address address;	/* where to connect to */
  bool preferred;		/* in a tie our initiation counts */

  struct session *session;	/* alive */
  struct session *ended;	/* DOWN is still to be told */
  bool failed;			/* FAILED is still to be told */

  bool wanted;			/* we are connecting */
  bool owed;			/* link_connect's event was not taken yet */
  uint64_t give_up_time;
  struct attempt attempt;
  struct half_open half_open[LINK_HALF_OPEN_MAX];
  uint64_t counter;		/* of our initiations */
  uint64_t remote_epoch;	/* of the last session; valid if remote_known */
  uint64_t remote_counter;	/* greatest seen in that epoch */
  bool remote_known;
  uint64_t past_epoch[LINK_PAST_EPOCHS];
  unsigned past_epochs;		/* ever; the ring holds the last ones */
  uint8_t cookie[GUARD_KEY_BYTES];	/* zero-padded */
  uint64_t cookie_time;		/* 0: none */

  struct link_peer *ready_next, *ready_previous;	/* may have output */
  struct link_peer *event_next;				/* may have events */
  bool in_ready, in_events;
};

/* A small datagram that belongs to no living session.  */
struct note
{
  struct link_address to;
  uint8_t bytes;
  uint8_t datagram[LINK_NOTE_BYTES];
};

struct link
{
  struct link_config config;
  struct dr_alloc alloc;
  uint64_t now;
  uint8_t public_key[LINK_KEY_BYTES];
  struct guard guard;
  struct link_peer **peer;	/* by slot; holes are NULL */
  uint32_t slots, peers;
  struct link_peer *ready;	/* circular */
  struct link_peer *events, *events_tail;
  struct note note[LINK_NOTES_MAX];
  unsigned first_note, notes;
  struct link_counters counters;
};

/* --- peer.c --- */

/* The peer may have something for link_output, or for link_event.  */
void peer_ready (struct link_peer *p);
void peer_event (struct link_peer *p);
void peer_not_ready (struct link_peer *p);

/* A receiver index of this peer that is not in use.  */
uint32_t peer_index (struct link_peer *p);

/* The live session is over.  TELL: by a datagram too; FAULT: so it says.  */
void peer_end_session (struct link_peer *p, enum link_down why, bool tell, bool fault);

/* S is the peer's session from now on; any other one was replaced.  */
void peer_install (struct link_peer *p, struct session *s);

void peer_tick (struct link_peer *p);
uint64_t peer_deadline (const struct link_peer *p);
size_t peer_output (struct link_peer *p, uint8_t *buffer, size_t capacity,
		    struct link_address *to);
bool peer_take_event (struct link_peer *p, struct link_event *event);
void peer_free (struct link_peer *p);

/* Queues a small datagram; it is forgotten when there are too many.  The bytes
   go to the result, at most LINK_NOTE_BYTES.  NULL: full.  */
struct note *endpoint_note (struct link *link);

/* --- handshake.c --- */

/* Begins (or repeats) a handshake for the peer's session's keys, or for a new
   session.  */
void handshake_start (struct link_peer *p);
void handshake_stop (struct link_peer *p);
void handshake_forget_half_open (struct link_peer *p);

void handshake_initiation (struct link *link, const struct link_address *from,
			   const uint8_t *datagram);
void handshake_response (struct link *link, const struct link_address *from,
			 const uint8_t *datagram);
void handshake_cookie (struct link *link, const uint8_t *datagram);

/* A datagram for the keys of H opened: the initiator is there.  If H renews keys, they are
   those of the peer's session.  NULL: no memory.  H is not used any more on success.  */
struct session *handshake_confirm (struct link_peer *p, struct half_open *h);

/* The peer a receiver index belongs to, or NULL.  */
struct link_peer *endpoint_peer_of (struct link *link, uint32_t index);

#endif
