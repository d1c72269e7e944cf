/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds which port right on which node: the protocol engine of netmsg.

   One `struct rights` is one node.  It does no I/O and never calls Mach: what
   happened goes in by the functions below, with the time; what is to be done
   comes out of rights_next, one action at a time, in order.  The driver (the
   mach layer, or a simulator's model kernel) executes actions in that order,
   except that a DELIVER may take as long as it likes on a thread of its own.

   Terms.  A *proxy* is a receive right that the driver holds for a queue whose
   home is another node; the engine knows it by a number (not reused while it lives), the
   driver keeps number <-> port.  A *local name* is a send (or send-once) right
   in the driver's own task for a queue whose receive right is on this node.  A
   *session* is one connection with one peer; the engine numbers them, and a
   number is never used again.

   Names.  The kernel gives one name in a task to all send rights and the receive
   right of one queue, so LOCAL names are canonical by themselves.  A send right
   received by the driver whose name is that of one of its proxies is passed in as
   PROXY.  A send-once right always gets a name of its own, and no call tells for
   which port it is: it is always passed in as LOCAL.  So a send-once right that
   travels over several nodes is a chain, of which each link dies once.

   User references.  Every LOCAL send right that goes in with an event is one user
   reference (or the one send-once right) that belongs to the engine from then on,
   if the call returned DR_OK; it comes back as LOCAL_DROP, or is used up by a
   DELIVER to a send-once right.  A PROXY right that goes in leaves nothing with
   the engine: after the call, whatever it returned, the driver gives its user
   reference back (it must do so after the call, not before it).

   Failures.  A call that returns DR_NO_MEMORY or DR_LIMIT has changed nothing and
   taken nothing: repeat it later (memory is looked for again at the
   rights_deadline).  Calls that return nothing cannot fail; what they could not
   announce for want of memory they announce later, by themselves.

   Memory.  All of it comes from the allocator that was handed in, and is at most
     RIGHTS_BASE_BYTES + RIGHTS_SESSION_BYTES for each session
     + RIGHTS_PORT_BYTES for each queue in use (held here, or held from here)
     + RIGHTS_HOLDING_BYTES for each (queue, peer) that holds or is held from
     + RIGHTS_PENDING_BYTES for each hand-off, claim, grant and return under way
     + RIGHTS_MESSAGE_BYTES for each message that waits here, for each right above
       four in it RIGHTS_PENDING_BYTES, and its contents
     + RIGHTS_TABLE_BYTES for each of all these there ever were at one time (tables
       shrink when they are empty).
   The buffers of frames and messages that the driver hands in count as contents.  The
   messages are bounded by the ports: at a queue's home by window_messages for each
   peer that holds it, at a proxy by RIGHTS_PROXY_MESSAGES_MAX; while a receive right
   moves both, and what its kernel queue held, come together on one node.

   Nothing here is thread-safe: one lock per engine.  The bytes and arrays of a
   DELIVER's message may be read without it until rights_delivered.

   All times are microseconds of one monotonic clock, never going back.  */
#ifndef DR_RIGHTS_H
#define DR_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/status.h"
#include "core/wire/wire.h"

#define RIGHTS_KEY_BYTES 32u
#define RIGHTS_ADDRESS_BYTES_MAX 32u
#define RIGHTS_NEVER UINT64_MAX

#define RIGHTS_BASE_BYTES 4096u
#define RIGHTS_SESSION_BYTES 512u
#define RIGHTS_PORT_BYTES 512u
#define RIGHTS_HOLDING_BYTES 144u
#define RIGHTS_PENDING_BYTES 256u
#define RIGHTS_MESSAGE_BYTES 1024u
#define RIGHTS_TABLE_BYTES 64u
/* A proxy with so many messages waiting is not received from.  */
#define RIGHTS_PROXY_MESSAGES_MAX 8u

struct rights;

struct rights_key { uint8_t bytes[RIGHTS_KEY_BYTES]; };

/* How a peer can be reached; opaque, passed on to third nodes as it is.  */
struct rights_address
{
  uint8_t bytes;
  uint8_t data[RIGHTS_ADDRESS_BYTES_MAX];
};

struct rights_config
{
  struct rights_key key;	/* this node's public key */
  uint64_t epoch;		/* of this boot: never the same twice for one key */
  /* Makes the names of our queues unguessable: 64 bits for each serial, the same for
     the same one, which nobody can foretell (a keyed hash, with a key of this boot).
     NULL: the epoch serves instead, and every peer can name any queue of ours to third
     nodes: only for tests.  */
  uint64_t (*seal) (void *ctx, uint64_t serial);
  void *seal_ctx;

  uint32_t window_messages;	/* per import: sent and not yet delivered */
  uint64_t window_bytes;	/* the same; one message of any size always fits */
  uint64_t credit_us;		/* how long a credit may wait for company */
  uint64_t connect_us;		/* a hand-off waits so long for a connection to
				   the third node, then asks for a relay */
  uint64_t message_bytes_max;	/* inline and out-of-line bytes of one message */

  /* What one peer may make us remember.  Beyond these it is at fault.  */
  uint32_t imports_max;		/* queues named to us, and pending hand-offs */
  uint32_t exports_max;		/* queues named to it; above: DR_LIMIT */
  uint32_t backlog_messages_max;/* messages from it that wait for delivery, in
				   addition to its windows */
};
/* Every field but key, epoch and seal: 16 messages, 1 MiB, 20 ms, 5 s, 1 GiB, 1 Mi
   imports, 1 Mi exports, 65536 messages.  */
void rights_config_default (struct rights_config *config);

enum dr_status rights_create (const struct rights_config *config,
			      const struct dr_alloc *alloc,
			      struct rights **rights);
/* Frees everything.  Rights that the engine still owned are the driver's to
   destroy (it is about to end its task anyway); DELIVERs under way must have
   come back.  RIGHTS may be NULL.  */
void rights_destroy (struct rights *rights);

/* --- Sessions ------------------------------------------------------------ */

/* A session with the node KEY is up.  NUMBER is the link's number for it, the
   same on both nodes.  ADDRESS (may be NULL) is where the peer is: third nodes
   are told.  A session of the same key that is still up ends first.  */
enum dr_status rights_session_up (struct rights *rights, uint64_t now,
				  const struct rights_key *key, uint64_t number,
				  const struct rights_address *address,
				  uint64_t *session);

/* It is over, for whatever reason (also: after DR_PEER_FAULT).  Everything that
   the two nodes counted for each other is void: queues at home there are dead
   here, queues of ours lose those senders.  Unknown sessions are ignored.  */
void rights_session_down (struct rights *rights, uint64_t now, uint64_t session);

/* The link's send queue for this session is over its bound (true) or has room
   again (false).  While blocked, messages stay with the engine and proxies are
   paused; control frames (small, bounded) still come out.  */
void rights_session_blocked (struct rights *rights, uint64_t session, bool blocked);

/* After CONNECT: no session came up.  (A rights_session_up needs no other
   word.)  */
void rights_connect_failed (struct rights *rights, uint64_t now,
			    const struct rights_key *key);

/* A message of the peer's arrived on STREAM.  The caller keeps its reference to
   FRAME; the engine takes more if it needs them, and overwrites nothing.
   DR_PEER_FAULT: close the session and tell rights_session_down; nothing has
   changed.  DR_NO_MEMORY: give the same frame again before any later one.
   DR_SESSION_OVER: not a session (any more): drop it.  */
enum dr_status rights_frame (struct rights *rights, uint64_t now, uint64_t session,
			     uint64_t stream, struct dr_buf *frame);

/* --- What the kernel said -------------------------------------------------- */

/* A message was received from a proxy (other than the notifications below).  On
   DR_OK the engine owns one reference of body and of each region's buffer, and
   the LOCAL rights; the arrays are copied.  The body need not be neutral: it is
   made so, in place when its buffer has one reference, else in a copy.

   Order: messages of one proxy must be given in the order received, and before
   its rights_no_senders, rights_marked and rights_proxy_closed.  A message that
   comes in although the proxy is paused is kept.

   A proxy that was a task's receive right (PROXY_ADOPT) may get messages by send-once
   rights that were made before, among them notifications that are meant for the
   queue (NO_SENDERS of another port, SEND_ONCE...): all these are messages (`used` is
   WIRE_SEND_ONCE), and the engine counts them.  So the driver's own no-senders
   request for such a proxy is best sent to a port of its own, and followed by a
   marker through the proxy; and if the driver destroys a request's send-once right
   that it made from such a proxy, it has to swallow one SEND_ONCE.

   A receive right is LOCAL with its name and its state, after the driver has
   taken back the notification requests (they are LOCAL send-once rights in the
   state; DEAD counts as NULL).  The engine answers with PROXY_ADOPT.  The user
   references that the engine has on that name stay valid.

   DR_INVALID: wire_check does not like it or it is over message_bytes_max; the
   driver destroys it as the kernel would (rights dropped).  DR_SESSION_OVER: the
   proxy does not exist (any more); the same.  DR_LIMIT: try again after the next
   tick.  */
enum dr_status rights_message (struct rights *rights, uint64_t now, uint32_t proxy,
			       const struct wire_message *message);

/* The no-senders notification armed by PROXY_CREATE, PROXY_ADOPT or PROXY_ARM came
   with this make-send count.  It must come behind all messages of the proxy: the
   notification's send-once right is best made from the proxy itself.  A stale
   one (rights were made since) is recognised here and armed anew.  */
void rights_no_senders (struct rights *rights, uint64_t now, uint32_t proxy,
			uint32_t make_send_count);

/* The send-once right made from a send-once proxy was destroyed unused
   (MACH_NOTIFY_SEND_ONCE arrived at the proxy).  */
void rights_send_once_gone (struct rights *rights, uint64_t now, uint32_t proxy);

/* The answers to PROXY_MARK and PROXY_CLOSE.  NAME is the name that the port has
   in the driver's task; the driver has made one send right for the engine (a user
   reference; it does not count as a make of the proxy).  From now on a send right
   of that name may be passed in as LOCAL or PROXY alike.  */
void rights_marked (struct rights *rights, uint64_t now, uint32_t proxy,
		    uint64_t cookie);
void rights_proxy_closed (struct rights *rights, uint64_t now, uint32_t proxy,
			  uint32_t name);

/* A dead-name notification for NAME.  The user reference that the notification
   itself carries is the driver's to give back, after this call.  */
void rights_local_dead (struct rights *rights, uint64_t now, uint32_t name);

/* Whether the death of NAME would mean anything now.  */
bool rights_watches (const struct rights *rights, uint32_t name);

enum rights_result
{
  RIGHTS_DELIVERED = 0,	/* the kernel took it: every right in it was made or
			   moved */
  RIGHTS_UNDELIVERABLE,	/* the destination is dead (or the send failed for
			   another reason): no send right was made from a
			   proxy; receive rights in it were destroyed */
};
/* A DELIVER or ROOT ended.  The message is the engine's again.  Other events that
   the delivery caused may come before this one.  */
void rights_delivered (struct rights *rights, uint64_t now, uint64_t ticket,
		       enum rights_result result);

/* --- Roots ------------------------------------------------------------------ */

/* Asks the peer for its root right; exactly one ROOT action with this REQUEST
   follows (also when the session ends).  */
enum dr_status rights_get_root (struct rights *rights, uint64_t now,
				uint64_t session, uint64_t *request);

/* Answers ROOT_WANTED: a LOCAL send right, or NULL with a nonzero ERROR (any number
   of the caller's but RIGHTS_ROOT_GONE: it comes out at the other side).  */
enum dr_status rights_give_root (struct rights *rights, uint64_t now,
				 uint64_t session, uint64_t request,
				 const struct wire_right *right, uint32_t error);

/* --- Time -------------------------------------------------------------------- */

void rights_tick (struct rights *rights, uint64_t now);
/* When rights_tick (and then rights_next) should be called at the latest:
   RIGHTS_NEVER, or a time that may have passed.  */
uint64_t rights_deadline (const struct rights *rights);

/* --- Actions ------------------------------------------------------------------ */

enum rights_action_kind
{
  /* Send to the peer: `slices` one behind the other on `stream`.  One reference
     of each slice's buffer (that has one) is the driver's now.  The array is
     valid until the next rights_next.  If the link says DR_LIMIT, keep it, keep
     the order of this session's SENDs, and say rights_session_blocked; a peer whose
     kept SENDs become too many may be closed.  `lazy`: nobody waits for it; it may go
     along with the next one, some milliseconds later.  */
  RIGHTS_SEND = 1,
  /* Connect to `key` at `address` (bytes may be 0: only if it is known);
     rights_session_up or rights_connect_failed follows.  */
  RIGHTS_CONNECT,
  /* Send `message` to `to` in the kernel, blocking as long as it takes, then
     rights_delivered (`ticket`).  Its rights are looked up and taken in the order of the
     actions (a later one may hand out a proxy that it names); only the sending may last.  At most one DELIVER per destination is under way
     at a time.  To: LOCAL send (COPY_SEND), LOCAL send-once (MOVE_SEND_ONCE: used
     up whatever happens, the driver destroys it if the send failed), PROXY send
     (MAKE_SEND: counts as a make), or PROXY with `always` (MAKE_SEND_ONCE: ignores
     the queue limit, never blocks; not a make).
     Rights in it: LOCAL send: COPY_SEND; LOCAL send-once: MOVE_SEND_ONCE, used up
     whatever happens; PROXY send: MAKE_SEND, one make each; PROXY send-once:
     MAKE_SEND_ONCE; PROXY receive: see PROXY_CLOSE; NULL and DEAD as they are.  A
     PROXY whose number the driver does not know any more was destroyed meanwhile:
     use MACH_PORT_DEAD, and as a destination: UNDELIVERABLE.  LOCAL names that
     turn out dead: MACH_PORT_DEAD.
     PROXY receive: the proxy is closed and holds what it should.  Install its
     state (queue limit; no-senders request with sync 1; port-destroyed request;
     their rights are made as above), take it out of the table of proxies, and
     MOVE_RECEIVE.  The send right made at PROXY_CLOSE stays, under the same name.
     The message belongs to the engine; it stays unchanged until rights_delivered.
     `source` is the session it came over (0: none).  */
  RIGHTS_DELIVER,
  /* New receive right, known as `proxy`; receive from it.  If not `once`, request
     no-senders with sync `sync`.  */
  RIGHTS_PROXY_CREATE,
  /* The receive right `name` (from a message) is now `proxy`.  Do not receive from
     it before PROXY_RESUME.  Request no-senders with sync `sync`.  Its queue limit
     stays what it is; its make-send count is what the kernel says (0).  */
  RIGHTS_PROXY_ADOPT,
  /* Request no-senders again, with sync `sync`.  */
  RIGHTS_PROXY_ARM,
  /* Stop receiving from it / go on.  */
  RIGHTS_PROXY_PAUSE,
  RIGHTS_PROXY_RESUME,
  /* Queue a marker behind what is in the proxy's queue now (by a send-once right,
     so it never blocks); when it comes out: rights_marked (`cookie`).  */
  RIGHTS_PROXY_MARK,
  /* Close it to senders (queue limit 0), receive what is queued (rights_message
     each), cancel the no-senders request, make one send right, then
     rights_proxy_closed.  Receive from it no more: what is delivered to it from now
     on (`always`) is for the task that will get it.  */
  RIGHTS_PROXY_CLOSE,
  /* Destroy the receive right: holders get dead names, queued messages their
     notifications.  Nothing, if the number is unknown (any more).  */
  RIGHTS_PROXY_DESTROY,
  /* Request a dead-name notification for `name`; if it is dead already:
     rights_local_dead.  The driver may let some time pass first, and then ask
     rights_watches whether it is still wanted: most names are gone by then.  */
  RIGHTS_LOCAL_WATCH,
  /* Give `count` user references of `name` back (of a send right, a send-once right
     or a dead name: mach_port_deallocate).  A send-once right destroyed so makes
     the kernel tell its receiver.  */
  RIGHTS_LOCAL_DROP,
  /* The peer `session` wants the root right: rights_give_root (`request`).  */
  RIGHTS_ROOT_WANTED,
  /* The answer to rights_get_root: `to` (a right as in DELIVER, PROXY: make one
     send right; LOCAL: copy one) or NULL and `error` (nonzero; RIGHTS_ROOT_GONE:
     the session ended).  Then rights_delivered (`ticket`), if it is not 0.  */
  RIGHTS_ROOT,
};
#define RIGHTS_ROOT_GONE UINT32_MAX

struct rights_action
{
  enum rights_action_kind kind;
  uint64_t session;
  uint64_t stream;
  const struct dr_slice *slices;
  uint32_t slices_count;
  bool lazy;
  uint64_t ticket;
  const struct wire_message *message;
  struct wire_right to;
  bool always;
  uint64_t source;
  uint32_t proxy;
  bool once;
  uint32_t sync;
  uint64_t cookie;
  uint32_t name;
  uint32_t count;
  struct rights_key key;
  struct rights_address address;
  uint64_t request;
  uint32_t error;
};

/* The next action, or false: nothing (more) to do now.  */
bool rights_next (struct rights *rights, struct rights_action *action);

/* --- For people and tests ------------------------------------------------------ */

enum rights_place
{
  RIGHTS_AT_HOME,	/* LOCAL: the receive right is on this node */
  RIGHTS_IMPORTED,	/* a proxy, confirmed */
  RIGHTS_CLAIMING,	/* a proxy; a hand-off is under way */
  RIGHTS_FLUSHING,	/* a proxy; older messages take the old way */
  RIGHTS_RELAYED,	/* a proxy; a third node passes messages on */
  RIGHTS_LEAVING,	/* the receive right is on its way to another node */
  RIGHTS_ARRIVING,	/* the receive right is being put into our proxy */
  RIGHTS_DEAD,		/* destroyed; a peer has not yet been told or answered */
};

struct rights_queue_status
{
  struct rights_key origin;	/* the queue's name for ever: node, */
  uint64_t epoch, serial;	/* boot, serial */
  enum rights_place place;
  bool once;
  uint32_t name, proxy;		/* of the local right or the proxy; 0: none */
  struct rights_key home;	/* where messages go now */
  uint32_t holders;		/* peers that hold it from us */
  uint64_t holds;		/* rights counted by them together */
  uint64_t received;		/* rights counted from its home */
  uint32_t waiting;		/* messages held here, either way */
  uint32_t in_window;		/* messages sent and not yet delivered */
  uint32_t pins;		/* hand-offs and returns under way */
};

/* Calls VISIT for each queue; VISIT must not call the engine.  */
void rights_each_queue (const struct rights *rights,
			void (*visit) (void *ctx,
				       const struct rights_queue_status *status),
			void *ctx);

struct rights_counts
{
  uint64_t sessions, queues, proxies, locals, exports, imports, tombstones;
  uint64_t handoffs, claims, grants, pins, messages, deliveries;
  uint64_t message_bytes;	/* held in the engine */
};
/* All but `sessions` are 0 when no right is left and nothing is under way.  */
void rights_count (const struct rights *rights, struct rights_counts *counts);

/* Passes everything that decides what the engine will do to ABSORB, in an order that
   does not depend on how it came about as far as that is cheap: two engines that give
   the same bytes behave alike but for new numbers.  ABSORB must not call the engine.  */
void rights_digest (const struct rights *rights,
		    void (*absorb) (void *ctx, const void *data, size_t bytes), void *ctx);

#endif
