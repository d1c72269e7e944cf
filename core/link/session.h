/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session: its keys and everything that lives as long as it does.  Knows
   nothing of peers and handshakes.  */
#ifndef DR_LINK_SESSION_H
#define DR_LINK_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/link/acks.h"
#include "core/link/assembly.h"
#include "core/link/cipher.h"
#include "core/link/congestion.h"
#include "core/link/link.h"
#include "core/link/path.h"
#include "core/link/recovery.h"
#include "core/link/replay.h"
#include "core/link/sendqueue.h"

/* The keys that one handshake made.  */
struct keypair
{
  bool valid;
  bool initiator;		/* the handshake was ours */
  uint32_t local, remote;	/* receiver indices: ours, theirs */
  uint8_t send[LINK_CIPHER_KEY_BYTES], receive[LINK_CIPHER_KEY_BYTES];
  uint64_t created;
  uint64_t sent;		/* datagrams */
  uint64_t used;		/* when a datagram last came under it */
};

void keypair_wipe (struct keypair *key);

/* What both ends said in the handshake.  */
struct session_terms
{
  uint64_t id;
  uint64_t peer_epoch;
  uint64_t assembly_bytes, message_bytes;	/* the smaller of both ends */
};

struct session
{
  const struct link_config *config;
  const struct dr_alloc *alloc;
  struct session_terms terms;
  struct link_address address;
  struct keypair current;	/* we send with these */
  struct keypair previous;	/* and still understand these */
  struct replay replay;
  struct acks acks;
  struct recovery recovery;
  struct congestion congestion;
  struct path path;
  struct sendqueue queue;
  uint64_t lazy_until;		/* what is queued may wait for company until then */
  struct assembly assembly;

  uint64_t received_time;	/* anything authentic */
  uint64_t expect_time;		/* first sending that nothing came after; 0 */
  uint64_t ping_time;		/* last keep-alive */
  bool graced;			/* our own absence was forgiven once */
  bool ping;			/* send a PING */
  uint32_t unacked;		/* datagrams that want an ACK from us */
  bool ack_now;
  uint64_t ack_due;
  uint64_t newest_time;		/* when the greatest number came */
  uint32_t since_request;	/* datagrams since we last asked for an ACK */
  uint64_t floor_said;
  uint64_t lost_top;		/* numbers lost are below this */
  uint64_t retry_time;		/* memory was short; 0: it was not */

  bool up_told;			/* the UP event was taken */
  enum link_down down;		/* 0: alive */
  uint64_t datagrams_sent, datagrams_received, datagrams_lost, datagrams_spurious;
  uint64_t rekeys;
};

/* NULL: no memory.  KEY is copied.  */
struct session *session_new (const struct link_config *config, const struct dr_alloc *alloc,
			     const struct session_terms *terms, const struct keypair *key,
			     const struct link_address *address, uint64_t now);
void session_free (struct session *s);

/* As link_send; the message may wait PATIENCE_US for others to go with.  */
enum dr_status session_push (struct session *s, uint64_t stream, const struct dr_slice *slices,
			     size_t count, uint64_t now, uint64_t patience_us);

/* It is over: drops what was to be sent and the keys.  What was received whole
   can still be taken.  */
void session_end (struct session *s, enum link_down why);

/* New keys are confirmed: send with them from now on.  */
void session_rekey (struct session *s, const struct keypair *key);

enum session_input
{
  SESSION_TAKEN,
  SESSION_SHORT,		/* no memory: it was not acknowledged */
  SESSION_CLOSED,		/* s->down says why */
};

/* The frames of an authentic datagram; its number is fresh and gets marked.  */
enum session_input session_frames (struct session *s, uint64_t number,
				   const uint8_t *frames, size_t bytes, uint64_t now);

/* What a look at the datagrams in flight gave: give it to the queue and to the
   window.  LARGEST: the greatest number acknowledged.  */
void session_result (struct session *s, struct recovery_result *result, uint64_t now,
		     uint64_t largest);

/* The next datagram in BUFFER; 0: none now.  */
size_t session_build (struct session *s, uint64_t now, uint8_t *buffer, size_t capacity);

/* A closing datagram (at most LINK_NOTE_BYTES).  */
size_t session_close (struct session *s, bool fault, uint8_t *buffer);

/* Does what is due; sets s->down when the session ends by it.  */
void session_tick (struct session *s, uint64_t now);
uint64_t session_deadline (const struct session *s);

/* When the keys should be renewed by a handshake of ours; 0: now.  */
uint64_t session_keys_at (const struct session *s);

#endif
