/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The link: a message-oriented, reliable, encrypted transport over datagrams.

   One `struct link` is one endpoint with a static key and any number of peers.
   It does no I/O, has no clock, no threads and no globals: the caller puts
   datagrams and the time in, and takes datagrams and events out.  A driver's
   loop is

     for each waiting datagram:   link_input (...)
     link_tick (link, now)        (after the inputs: see link_tick)
     while (link_event (...))     handle it; that may call link_send
     while ((n = link_output (...)) > 0)   send n bytes to *to
     sleep until a datagram comes, or link_deadline () is reached

   Terms.  A *session* is one handshake's life between two endpoints (renewals
   of its keys included).  Messages are delivered exactly once within a session,
   in order per stream; a stream is any 64-bit number, needs no opening and
   costs nothing when idle, and no stream waits for another one's losses.  When
   a session ends, whatever was under way in it is void on both sides.

   All times are microseconds of one monotonic clock of the caller's, never 0
   and never going back (a smaller value counts as the greatest seen so far).
   All sizes are bytes.  Nothing here is thread-safe: one lock per endpoint;
   buffers alone may be dropped outside it.

   libsodium is the only library used.  The engine does not call sodium_init:
   call it first if its fast implementations are wanted (on a machine that is
   emulated, measure; the portable ones may be faster).  */
#ifndef DR_LINK_H
#define DR_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/status.h"

#define LINK_KEY_BYTES 32u
#define LINK_ADDRESS_BYTES_MAX 32u
/* Smallest and greatest `datagram_bytes` of a configuration.  */
#define LINK_DATAGRAM_BYTES_MIN 512u
#define LINK_DATAGRAM_BYTES_MAX 65507u
/* What one message adds to every byte bound besides its contents.  */
#define LINK_MESSAGE_OVERHEAD_BYTES 256u
/* Up to this size messages go before larger ones.  */
#define LINK_SMALL_MESSAGE_BYTES 16384u
#define LINK_NEVER UINT64_MAX

struct link;
struct link_peer;

/* Where a peer's datagrams go to and come from: opaque to the engine, compared
   bytewise.  bytes == 0 is "no address".  */
struct link_address
{
  uint8_t bytes;
  uint8_t data[LINK_ADDRESS_BYTES_MAX];
};

struct link_config
{
  uint8_t secret_key[LINK_KEY_BYTES];	/* X25519; copied, wiped at destroy */
  /* Differs between any two starts of this endpoint: a boot counter or 64
     random bits.  */
  uint64_t epoch;
  /* Fills OUT with bytes nobody can guess.  Must not fail.  Called during
     link_create, link_input, link_tick and link_connect.  */
  void (*random) (void *ctx, void *out, size_t bytes);
  void *random_ctx;
  /* Where the contents of a received message go.  NULL: dr_buf_new on the
     endpoint's allocator.  Else called for every received message with its
     size; gives a buffer of exactly that size with one reference, or NULL when
     there is no memory (then the peer sends the message's bytes again).  */
  struct dr_buf *(*new_buffer) (void *ctx, size_t bytes);
  void *new_buffer_ctx;

  uint32_t peers_max;			/* at most 65535 */
  uint32_t datagram_bytes;		/* of the datagrams we send; we take any */
  /* Datagrams grow up to this size where the path takes them (RFC 8899); not
     above datagram_bytes: they do not.  Only where nobody cuts them into
     fragments on the way: else the path seems to take what it does not.  */
  uint32_t datagram_bytes_most;
  uint64_t message_bytes_max;		/* of one message, either way; < 4 GiB */
  /* Messages begun and not yet handed up, per peer and direction, contents and
     LINK_MESSAGE_OVERHEAD_BYTES each.  A single message larger than this may
     be under way besides.  Part of the protocol: the same value at both ends
     (it travels in the handshake; the smaller one counts for the sender).  */
  uint64_t assembly_bytes_max;
  /* A peer's send queue: link_send says DR_LIMIT above either bound.  Messages
     up to LINK_SMALL_MESSAGE_BYTES have a quarter of the bytes for themselves,
     beside those of the larger ones; a larger one of any size is taken when no
     other larger one is queued.  */
  uint64_t send_bytes_max;
  uint32_t send_messages_max;
  uint64_t window_bytes_max;		/* greatest congestion window */

  uint64_t connect_us;			/* an attempt to connect ends FAILED */
  uint64_t dead_us;			/* silence that ends a session */
  uint64_t rekey_us;			/* age at which keys are renewed */
  uint64_t rekey_datagrams;		/* or so many sent under them */
  uint64_t ack_delay_us;		/* how long an acknowledgement may wait */
  /* Initiations worked on per second before cookies are demanded.  */
  uint32_t handshakes_per_second;
};

/* Sets every field but secret_key, epoch and random to its default:
   64 peers (raise at will, it costs nothing), 1452-byte datagrams, 1 GiB
   messages, 64 MiB assembly, send queue 64 MiB / 65536 messages, window 4 MiB,
   connect 10 s, dead 10 s, rekey 120 s / 2^20 datagrams, ack delay 5 ms, 50
   handshakes per second.  The others become zero.  */
void link_config_default (struct link_config *config);

/* A new endpoint in *LINK.  ALLOC is copied and must stay usable until the
   endpoint and every buffer it gave out are gone.  DR_INVALID: a bound makes
   no sense or there is no random; DR_NO_MEMORY.  *LINK is untouched then.  */
enum dr_status link_create (const struct link_config *config,
			    const struct dr_alloc *alloc, uint64_t now,
			    struct link **link);

/* Frees everything: queued messages drop their references, events not taken
   are lost, peers' handles become invalid.  Nothing is sent (link_close first,
   and take the output, to tell the peers).  LINK may be NULL.  */
void link_destroy (struct link *link);

/* The endpoint's own public key.  */
void link_public_key (const struct link *link, uint8_t key[LINK_KEY_BYTES]);

/* Lists a peer: from now on its handshakes are answered and link_connect may
   be used.  ADDRESS may be NULL (then only it can connect to us, until it once
   has).  USER comes back in events.  The handle in *PEER lives until
   link_peer_remove.  DR_INVALID: our own key, a low-order key, or listed
   already; DR_LIMIT: peers_max; DR_NO_MEMORY.  */
enum dr_status link_peer_add (struct link *link, const uint8_t key[LINK_KEY_BYTES],
			      const struct link_address *address, void *user,
			      struct link_peer **peer);

/* Unlists it.  A live session ends as by link_close, but without an event:
   events of this peer not yet taken are lost.  The handle is invalid.  */
void link_peer_remove (struct link *link, struct link_peer *peer, uint64_t now);

/* Changes where link_connect goes to.  A live session stays where it is.  */
void link_peer_address (struct link_peer *peer, const struct link_address *address);

/* The listed peer with this key, or NULL.  */
struct link_peer *link_peer_find (struct link *link, const uint8_t key[LINK_KEY_BYTES]);

/* Starts connecting; nothing happens if a session is up or being set up.
   Exactly one event follows: UP, or FAILED after config.connect_us.  DR_INVALID:
   no address is known.  */
enum dr_status link_connect (struct link *link, struct link_peer *peer, uint64_t now);

/* Ends the peer's session, if there is one, or the attempt to connect: DOWN
   (LINK_DOWN_CLOSED) or FAILED follows.  What was not acknowledged is void; one
   datagram tells the peer, as far as it gets there.  FAULT says that the peer
   broke a protocol above the link; the peer sees LINK_DOWN_FAULT then.  */
void link_close (struct link *link, struct link_peer *peer, bool fault, uint64_t now);

/* A datagram came.  The bytes are overwritten (opened in place) and remain the
   caller's.  There is no result: a bad datagram is counted and forgotten.  */
void link_input (struct link *link, uint64_t now, const struct link_address *from,
		 void *datagram, size_t bytes);

/* Does what is due by time.  Give link_input all datagrams that already wait
   first, or an endpoint that was kept from running would take its own absence
   for the peers' silence.  */
void link_tick (struct link *link, uint64_t now);

/* When link_tick (and then link_output) should be called at the latest:
   LINK_NEVER, or a time that may have passed.  */
uint64_t link_deadline (const struct link *link);

/* Builds the next datagram to send, in BUFFER of CAPACITY bytes (at least
   config.datagram_bytes and datagram_bytes_most), and says to whom.  Returns its size; 0: nothing to
   send now (ask again after the next input, tick or send).  A datagram that
   the caller cannot send may be thrown away: it counts as lost.  */
size_t link_output (struct link *link, uint64_t now, void *buffer, size_t capacity,
		    struct link_address *to);

/* Queues one message, the COUNT slices one after the other (COUNT may be 0: an
   empty message), behind the earlier ones of STREAM.  On DR_OK the link holds
   one reference more on the buffer of every slice that is not empty, until the
   peer has the whole message or the session ends; the bytes must not change as
   long.  Otherwise nothing changed and no reference was taken: DR_SESSION_OVER:
   no session is up, or its UP event was not taken yet; DR_LIMIT: the send queue is over its bound, a WRITABLE
   event will come; DR_INVALID: larger than message_bytes_max;
   DR_NO_MEMORY.  */
enum dr_status link_send (struct link *link, struct link_peer *peer, uint64_t stream,
			  const struct dr_slice *slices, size_t count, uint64_t now);

/* The same for a message that is in no hurry: it goes along with the next datagram, or
   alone after LINK_LAZY_US (20 ms).  */
enum dr_status link_send_lazily (struct link *link, struct link_peer *peer, uint64_t stream,
				 const struct dr_slice *slices, size_t count, uint64_t now);

enum link_event_kind
{
  LINK_UP,		/* a session is up: link_send works */
  LINK_DOWN,		/* it ended; after it the peer may come UP again */
  LINK_FAILED,		/* link_connect got nowhere */
  LINK_MESSAGE,		/* a message arrived */
  LINK_WRITABLE,	/* after DR_LIMIT: the queue is at most half full */
};

enum link_down
{
  LINK_DOWN_CLOSED = 1,	/* link_close here */
  LINK_DOWN_PEER,	/* link_close there */
  LINK_DOWN_FAULT,	/* link_close there, with `fault` */
  LINK_DOWN_DEAD,	/* nothing heard for config.dead_us */
  LINK_DOWN_REPLACED,	/* the peer began a new session (restarted, or gave
			   ours up) */
  LINK_DOWN_PROTOCOL,	/* the peer broke the link's own protocol */
  LINK_DOWN_KEYS,	/* the keys got too old and could not be renewed */
};

struct link_event
{
  enum link_event_kind kind;
  struct link_peer *peer;
  void *user;			/* of link_peer_add */
  uint64_t session;		/* UP, DOWN, MESSAGE: the session's number, the
				   same at both ends, never 0 */
  uint64_t peer_epoch;		/* UP: config.epoch of the other end */
  struct link_address address;	/* UP */
  enum link_down down;		/* DOWN */
  uint64_t stream;		/* MESSAGE */
  struct dr_buf *message;	/* MESSAGE: one reference, the caller's now */
};

/* Takes the next event; false: there is none.  Events of one peer come in the
   order in which things happened: UP, its messages, DOWN, UP...  Take
   them all, each time: when messages worth twice assembly_bytes_max are begun
   or wait here, further ones are dropped until they are taken.  */
bool link_event (struct link *link, struct link_event *event);

enum link_state { LINK_IDLE, LINK_CONNECTING, LINK_CONNECTED };

/* For people and tests.  */
struct link_status
{
  enum link_state state;
  uint64_t session;			/* 0: none */
  struct link_address address;		/* of the session, else as configured */
  uint64_t rtt_us, rtt_min_us;		/* 0: not measured yet */
  uint64_t window_bytes, flight_bytes;
  uint64_t queue_bytes, queue_messages;	/* queued and not yet with the peer */
  uint64_t assembly_bytes;		/* begun by the peer, not handed up */
  uint64_t datagrams_sent, datagrams_received;
  uint64_t datagrams_lost;		/* declared lost; their contents went again */
  uint64_t datagrams_spurious;		/* of these, acknowledged after all */
  uint64_t messages_sent, messages_received;
  uint64_t bytes_sent, bytes_received;	/* of messages, first transmissions */
  uint64_t rekeys;
  uint32_t datagram_bytes;		/* of those that we send now */
};
void link_peer_status (const struct link_peer *peer, struct link_status *status);

/* Of the whole endpoint, since link_create.  Every datagram that is dropped is
   counted in exactly one of the dropped_ fields.  */
struct link_counters
{
  uint64_t datagrams_in, datagrams_out;
  uint64_t dropped_garbage;		/* no known form, or too short */
  uint64_t dropped_index;		/* for no key of ours */
  uint64_t dropped_replay;		/* number seen before, or too old */
  uint64_t dropped_forged;		/* authentication failed */
  uint64_t dropped_unknown;		/* a good initiation of nobody listed */
  uint64_t dropped_load;		/* handshakes over the rate */
  uint64_t dropped_memory;		/* no memory, or a receiving bound: the
					   peer sends the contents again */
  uint64_t dropped_late;		/* handshakes that nothing waits for */
  uint64_t handshakes_worked;		/* initiations that cost a key exchange */
  uint64_t cookies_sent;
  uint64_t sessions;
};
void link_counters (const struct link *link, struct link_counters *counters);

#endif
