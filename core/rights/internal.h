/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's records.  Its one organising idea: no action is ever stored.
   Every record says by bits what it owes; it then stands in the work list; and
   rights_next lets the first record of that list state one action, checking at
   that moment that the reason still holds.  So an event needs no memory to
   announce what follows from it, and want of memory delays actions but never
   loses or reorders them.  */
#ifndef DR_RIGHTS_INTERNAL_H
#define DR_RIGHTS_INTERNAL_H

#include "core/rights/frames.h"
#include "core/rights/rights.h"
#include "core/rights/table.h"

#define RETRY_US UINT64_C (10000)	/* after want of memory */
#define SURPLUS_REFS 256u		/* user references kept before some go back */
/* What an importer may have on its way to one queue of ours: a configuration
   above these would be at fault at every peer.  */
#define WINDOW_MESSAGES_MAX 1024u
#define MESSAGE_OVERHEAD_BYTES 256u	/* what a message costs besides contents */
#define ACTION_SLICES_MAX 2u

/* Deliberate faults: the simulator and the explorer must catch each of them.  At most one
   is compiled in, by -DRIGHTS_CANARY=N, and never into a product.  */
#ifndef RIGHTS_CANARY
#define RIGHTS_CANARY 0
#endif
enum canary
{
  CANARY_RELEASE = 1,		/* a release gives everything back, whatever it counts */
  CANARY_HOLD,			/* a hand-off does not hold on to what it hands off */
  CANARY_FLUSH,			/* a new way is used without waiting for the old one */
  CANARY_SERIAL,		/* a dead queue's number is given out again */
  CANARY_NO_SENDERS,		/* a stale no-senders notification is believed */
  CANARY_SEND_ONCE,		/* a send-once right is lost when its holder's node dies */
  CANARY_SEAL,			/* a queue's name can be guessed */
  CANARY_LIAR,			/* a queue's home is called at fault for what a granter said */
  CANARY_CRASH			/* rights that are given back by threes end the process */
};
#define CANARY(which) (RIGHTS_CANARY == CANARY_##which)

/* Where counters begin; a test build begins just before they wrap, or where 32 bits do not
   hold them.  */
#ifdef RIGHTS_LATE
#define FIRST_PROXY (UINT32_MAX - 6)
#define FIRST_NUMBER (UINT64_MAX / 2 - 100)
#else
#define FIRST_PROXY 0u
#define FIRST_NUMBER 0u
#endif

struct list { struct list *prev, *next; };

static inline void list_init (struct list *l) { l->prev = l->next = l; }
static inline bool list_empty (const struct list *l) { return l->next == l; }
static inline bool list_linked (const struct list *l) { return l->next && l->next != l; }
static inline void
list_append (struct list *l, struct list *node)
{
  node->prev = l->prev;
  node->next = l;
  l->prev->next = node;
  l->prev = node;
}
/* Harmless if the node is in no list.  */
static inline void
list_remove (struct list *node)
{
  if (!node->next)
    return;
  node->prev->next = node->next;
  node->next->prev = node->prev;
  node->prev = node->next = NULL;
}
#define LIST_EACH(item, head, type, member)				\
  for (type *item = CONTAINER ((head)->next, type, member), *item##_next;	\
       &item->member != (head)						\
       && (item##_next = CONTAINER (item->member.next, type, member), 1);	\
       item = item##_next)

enum work_kind
{
  WORK_QUEUE, WORK_EXPORT, WORK_IMPORT, WORK_CLAIM, WORK_HANDOFF, WORK_PENDING,
  WORK_SESSION, WORK_NOTE, WORK_ROOT
};
struct work
{
  struct list node;
  uint8_t kind;
  uint32_t bits;		/* what is owed; lowest first */
};

struct session
{
  struct list node;		/* rights.sessions */
  struct hnode by_id;
  struct work work;
  uint64_t id, number;
  struct rights_key key;
  struct rights_address address;
  bool blocked;
  struct list exports, imports, takens, owing;
  uint64_t credit_at;		/* when `owing` is due */
  uint32_t exports_count, imports_count, claims_count;
  uint32_t backlog;		/* its messages waiting here */
};
enum { SESSION_CREDIT = 1 };

/* A peer holds one of our handles.  */
struct export
{
  struct list in_queue, in_session, in_owing;
  struct work work;
  struct queue *queue;
  struct session *session;
  uint64_t count;		/* how often it was named to the peer, less what
				   came back */
  uint32_t waiting;		/* its messages in the queue's line */
  uint32_t owed_messages;
  uint64_t owed_bytes;
  bool told_dead;
  bool unflushed;		/* it sent messages here, and no marker since */
  bool early;			/* ... while the receive right was arriving: such
				   messages are no way yet, until it has arrived */
  uint8_t moved;		/* enum moved */
};
enum { EXPORT_DEAD = 1, EXPORT_FORGET = 2, EXPORT_MOVED = 4 };
enum moved
{
  MOVED_NOT,			/* not told where the queue is now */
  MOVED_TOLD,			/* told; the answer is awaited */
  MOVED_RELAY			/* it cannot go there: we pass on */
};

/* We hold one of a peer's handles.  Without a queue it is a tombstone (the peer
   said DEAD; FORGET ends it) or an orphan (ends when given back).  */
struct import
{
  struct list in_queue, in_session;
  struct hnode by_handle;
  struct work work;
  struct queue *queue;
  struct session *session;
  uint64_t handle;
  uint64_t count;		/* how often it was named to us, less given back */
  uint32_t pins;		/* hand-offs and returns that rely on it */
  uint32_t unacked;		/* messages sent, not yet credited */
  uint64_t unacked_bytes;
  bool once, tombstone;
  bool relayed;			/* from a granter that passes messages on */
};
enum { IMPORT_GIVE_BACK = 1 };

enum place { PLACE_HOME, PLACE_PROXY, PLACE_DEAD };

enum arriving			/* a receive right on its way into our proxy */
{
  ARRIVING_NOT,
  ARRIVING_FLUSH,		/* our own older messages are still on the way */
  ARRIVING_CLOSE,		/* the driver is to empty the proxy */
  ARRIVING_CLOSING,		/* ... and was told so */
  ARRIVING_REFILL,		/* what came before goes in first */
  ARRIVING_READY,		/* the message with the right can be delivered */
  ARRIVING_HANDED		/* ... and is being delivered */
};

struct queue
{
  struct list node;		/* rights.queues */
  struct list touched, blocked, waiting, leaving_node;
  struct work work;
  struct hnode by_identity, by_name, by_proxy, by_handle, by_token;
  struct identity identity;
  uint64_t handle;		/* our name for it towards peers */
  bool once;
  uint8_t place;		/* enum place */

  /* The local right (HOME), or the name of an adopted proxy.  */
  uint32_t name;
  uint32_t held;		/* user references that are ours */
  uint32_t drop;		/* ... to be given back now */
  uint32_t drop_name;

  /* The proxy.  */
  uint32_t proxy;
  bool created;			/* the driver knows it */
  bool adopted;			/* ... as a receive right from a message */
  bool idle;			/* no local senders, as far as is known */
  bool armed;			/* a no-senders notification will come */
  bool paused;			/* what the driver was told */
  bool used;			/* once: its message is in `out`, or was */
  bool given;			/* once: a send-once right was made */
  uint32_t onces;		/* adopted: send-once rights that exist to it */
  uint32_t makes;		/* send rights made from it, all told */
  uint32_t making;		/* ... of these, not yet confirmed */

  struct list exports, imports;
  struct import *path;		/* the way messages take; NULL: not known yet */
  struct import *next;		/* the way after the flush */
  uint64_t token;		/* of the flush under way */
  uint32_t claims;		/* hand-offs to us under way */
  uint32_t refs;		/* message slots that name it */
  bool resolving;		/* a frame being decoded brings its receive right */

  struct list in, out;		/* messages to deliver; messages to transmit */
  struct list passed, answers;	/* markers passed on; markers whose answer is due */
  uint32_t in_count, out_count;
  struct message *delivering;

  bool leaving;			/* the receive right is in a message of ours */
  uint64_t leaving_to;		/* ... sent to that session, not yet accepted */
  uint8_t arriving;		/* enum arriving */
  bool closing;			/* PROXY_CLOSE is out, its answer is not in */
  uint32_t refill;		/* messages yet to be put in */
};
enum
{
  QUEUE_ADOPT = 1, QUEUE_WATCH = 2, QUEUE_PAUSE = 4, QUEUE_ARM = 8,
  QUEUE_CLOSE = 16, QUEUE_FLUSH = 32, QUEUE_DELIVER = 64, QUEUE_TRANSMIT = 128,
  QUEUE_DROP = 256, QUEUE_RETIRE = 512, QUEUE_DESTROY = 1024, QUEUE_ANSWER = 2048
};

enum message_kind { MESSAGE_PLAIN, MESSAGE_MARKER };

struct message
{
  struct list node;
  uint8_t kind;
  struct wire_message wire;	/* its arrays lie behind the struct */
  struct queue **queues;	/* of the slots: reply, rights, requests */
  uint32_t slots;
  size_t alloc_bytes;
  uint64_t bytes;		/* what it counts for in windows */
  uint64_t source;		/* session; 0: from here */
  bool credit;			/* the source waits for a credit */
  bool later;			/* arriving: comes behind what waits in `out` */
  bool always;			/* how it is being delivered */
  uint32_t relay_proxy;		/* ... by a send right made from this proxy; 0 */
  struct hnode by_ticket;
  uint64_t ticket;
  struct queue *dest;		/* while it is being delivered; NULL for a root */
  /* A marker: who sent it first, what that one called it, and what its last sender calls
     it, who is answered.  Passed on, it has a number of ours and waits for the answer.  */
  struct rights_key marker_key;
  uint64_t marker_token, marker_hop;
  struct hnode by_hop;
  uint64_t hop;
  struct import *way;		/* that it was passed on by, pinned */
};

/* We passed a queue of another home on to a peer; our import is pinned until the
   peer has its own.  */
struct handoff
{
  struct list node;
  struct hnode by_id;
  struct work work;
  uint64_t id;
  uint64_t to;			/* session */
  struct import *import;	/* NULL: died meanwhile */
  uint64_t export_handle;	/* a MOVED's; 0: not one */
  bool granted;			/* GRANT is out */
};
enum { HANDOFF_GRANT = 1, HANDOFF_END = 2 };

enum claim_state
{
  CLAIM_CONNECTING, CLAIM_SENT, CLAIM_RELAYING, CLAIM_ENDED
};
/* A peer passed a queue of a third node to us.  */
struct claim
{
  struct list node;
  struct hnode by_id;
  struct work work;
  struct rights_key granter;
  uint64_t granter_session;	/* 0: gone */
  uint64_t handoff;
  struct place_at at;
  uint64_t home_session;
  struct queue *queue;		/* NULL: nobody waits for it any more */
  uint8_t state;
  bool moved;			/* to change the way, not for a new right */
  bool succeeded;
  uint64_t deadline;
};
enum
{
  CLAIM_CONNECT = 1, CLAIM_CLAIM = 2, CLAIM_RELAY = 4, CLAIM_DONE = 8, CLAIM_UNCLAIM = 16
};

/* A peer said that another one will claim one of our handles.  */
struct grant
{
  struct list node;
  struct hnode by_id;
  uint64_t granter;		/* session */
  uint64_t handoff, handle;
  struct rights_key to;
};
/* A claim that came before its grant.  */
struct pending
{
  struct list node;
  struct hnode by_id;
  struct work work;
  struct rights_key granter_key;
  uint64_t granter, claimant;	/* sessions */
  uint64_t handoff;
};
enum { PENDING_FAIL = 1 };

/* The rights of one message that came home, until the peer has counted them.  */
struct taken
{
  struct list node;		/* session.takens */
  struct hnode by_id;
  uint64_t id, session;
  uint32_t count;
  struct import *imports[];
};

/* One control frame, written when its reason arose.  */
struct note
{
  struct list node;		/* rights.notes */
  struct work work;
  uint64_t session, stream;
  struct dr_buf *buf;
  size_t bytes;			/* of it, that are the frame */
};

struct root_request
{
  struct list node;
  struct work work;
  uint64_t session, request;
  bool answered;
  uint32_t error;
  struct message *answer;	/* one slot, the reply; NULL: error */
};
enum { ROOT_ASK = 1, ROOT_TELL = 2 };

struct rights
{
  struct rights_config config;
  struct dr_alloc alloc;
  uint64_t now, retry_at;
  uint64_t last_session, last_handle, last_ticket, last_id;
  uint32_t last_proxy;

  struct list sessions, queues, handoffs, claims, grants, pendings, notes, roots;
  struct list work, touched, doomed, blocked, waiting, leaving;
  struct table session_ids, identities, names, proxies, handles, tokens, hops;
  struct table import_handles, tickets, handoff_ids, claim_ids, grant_ids;
  struct table pending_ids, taken_ids;

  struct dr_slice *slices;	/* of the last SEND */
  size_t slices_capacity;
  uint64_t imports_count, exports_count, messages_count, message_bytes;
  uint64_t takens_count;
};

enum emitted
{
  EMITTED,			/* an action is in *ACTION */
  NOTHING,			/* the record owes nothing more */
  NO_MEMORY
};

/* engine.c */
void owe (struct rights *r, struct work *work, uint32_t bits);
void work_end (struct work *work);
void *new_record (struct rights *r, size_t bytes);
void free_record (struct rights *r, void *p, size_t bytes);
#define NEW(r, type) ((type *) new_record ((r), sizeof (type)))
#define FREE(r, p) free_record ((r), (p), sizeof *(p))
/* Ends every event: frees what is no longer needed, kills what must die, without
   recursion.  */
void reap (struct rights *r);
bool emit_frame (struct rights *r, struct rights_action *a, uint64_t session,
		 uint64_t stream, const struct frame *frame);
void emit_buf (struct rights *r, struct rights_action *a, uint64_t session,
	       uint64_t stream, struct dr_buf *buf);
bool key_equal (const struct rights_key *a, const struct rights_key *b);
bool identity_equal (const struct identity *a, const struct identity *b);

/* session.c */
struct session *session_find (struct rights *r, uint64_t id);
struct session *session_of_key (struct rights *r, const struct rights_key *key);
enum emitted session_emit (struct rights *r, struct session *s, struct rights_action *a);
/* A note is made before anything changes, and posted or given up.  */
struct note *note_new (struct rights *r, uint64_t session, uint64_t stream,
		       const struct frame *frame);
void note_post (struct rights *r, struct note *note);
void note_drop (struct rights *r, struct note *note);
enum emitted note_emit (struct rights *r, struct note *note, struct rights_action *a);

/* queue.c */
struct queue *queue_new (struct rights *r, const struct identity *identity,
			 enum place place, bool once);
struct queue *queue_by_identity (struct rights *r, const struct identity *identity);
struct queue *queue_by_name (const struct rights *r, uint32_t name);
struct queue *queue_by_proxy (const struct rights *r, uint32_t proxy);
struct queue *queue_by_handle (const struct rights *r, uint64_t handle);
uint32_t queue_proxy_number (struct rights *r);
void queue_set_name (struct rights *r, struct queue *q, uint32_t name);
void queue_touch (struct rights *r, struct queue *q);
void queue_settle (struct rights *r, struct queue *q);
/* The queue is dead, for everybody here.  */
void queue_kill (struct rights *r, struct queue *q);
/* A send-once right in a message ended unused.  */
void queue_once_unused (struct rights *r, struct queue *q);
bool queue_has_path (const struct queue *q);
void queue_wake_blocked (struct rights *r);
void queue_wake_waiting (struct rights *r);
enum emitted queue_emit (struct rights *r, struct queue *q, struct rights_action *a);

/* exports.c */
struct export *export_find (struct queue *q, struct session *s);
enum dr_status export_ensure (struct rights *r, struct queue *q, struct session *s,
			      struct export **e);
void export_free (struct rights *r, struct export *e);
void export_returned (struct rights *r, struct export *e, uint64_t count);
void export_owe_credit (struct rights *r, struct export *e, uint64_t bytes);
enum emitted export_emit (struct rights *r, struct export *e, struct rights_action *a);

/* imports.c */
struct import *import_find (struct rights *r, struct session *s, uint64_t handle);
enum dr_status import_ensure (struct rights *r, struct session *s, uint64_t handle,
			      struct queue *q, struct import **i);
enum dr_status import_for (struct rights *r, struct session *s, uint64_t handle,
			   struct queue *q, struct import **i);
void import_free (struct rights *r, struct import *i);
void import_unpin (struct rights *r, struct import *i);
void import_named (struct rights *r, struct import *i);
/* The import's queue has lost this way.  */
void import_lost (struct rights *r, struct import *i);
void import_detach (struct rights *r, struct import *i);
bool import_releasable (const struct import *i);
enum emitted import_emit (struct rights *r, struct import *i, struct rights_action *a);

/* message.c */
struct message *message_new (struct rights *r, uint32_t rights, uint32_t regions,
			     uint32_t receives);
struct message *marker_new (struct rights *r, const struct rights_key *key,
			    uint64_t token, uint64_t hop);
struct wire_right *message_slot (struct message *m, uint32_t slot);
void message_set (struct message *m, uint32_t slot, struct queue *q);
/* Gives buffers and memory back; slots must have been let go.  */
void message_free (struct rights *r, struct message *m);
/* It will never be delivered or sent: its rights end.  */
void message_doom (struct rights *r, struct message *m);
void message_release_slots (struct rights *r, struct message *m);

/* transmit.c, deliver.c, receive.c */
enum emitted transmit_emit (struct rights *r, struct queue *q, struct rights_action *a);
enum emitted deliver_emit (struct rights *r, struct queue *q, struct rights_action *a);
void deliver_append (struct rights *r, struct queue *q, struct message *m);
/* Fills the slots with what the driver knows.  */
void deliver_fill (struct rights *r, struct message *m);
void deliver_ticket (struct rights *r, struct message *m, struct queue *dest);
/* The first queue of the slots that the driver must be told of before; or NULL.  */
struct queue *deliver_unknown (struct rights *r, struct message *m);
void deliver_create (struct rights *r, struct queue *q, struct rights_action *a);
void deliver_credit (struct rights *r, struct queue *q, struct message *m);
enum dr_status receive_message (struct rights *r, struct session *s, struct dr_buf *frame);

/* What one descriptor means here.  resolve makes records (with no counts yet),
   commit counts.  */
struct resolved
{
  struct queue *queue;		/* NULL: a NULL or DEAD right */
  struct import *import;	/* MINE: counts there */
  struct claim *claim;		/* OTHER: a new claim */
  struct note *note;		/* OTHER: nothing to claim, say DONE; RECEIVE: ACCEPT */
  struct export *export;	/* RECEIVE: one hold for the sender */
  bool dead;
  bool tombstone;
};
enum dr_status resolve (struct rights *r, struct session *s, const struct desc *d,
			struct resolved *out);
void resolve_undo (struct rights *r, struct resolved *v);
void resolve_commit (struct rights *r, struct session *s, const struct desc *d,
		     struct resolved *v);
/* The other direction: what a slot is called towards S.  `ensure` makes records,
   `fill` writes the descriptor and counts.  */
struct offer
{
  struct export *export;
  struct handoff *handoff;
  struct import *pin;
};
enum dr_status offer_ensure (struct rights *r, struct session *s,
			     const struct wire_right *right, struct queue *q,
			     struct offer *out);
void offer_undo (struct rights *r, struct offer *o);
void offer_commit (struct rights *r, struct session *s, struct message *m,
		   uint32_t slot, struct offer *o, struct desc *d);

/* handoff.c */
struct handoff *handoff_new (struct rights *r, struct session *to, struct import *i);
void handoff_free (struct rights *r, struct handoff *h);
enum emitted handoff_emit (struct rights *r, struct handoff *h, struct rights_action *a);
struct claim *claim_new (struct rights *r, struct session *granter, uint64_t handoff,
			 const struct place_at *at);
void claim_start (struct rights *r, struct claim *c, struct queue *q);
struct claim *claim_find (struct rights *r, const struct rights_key *granter,
			  uint64_t handoff);
void claim_free (struct rights *r, struct claim *c);
enum emitted claim_emit (struct rights *r, struct claim *c, struct rights_action *a);
void handoff_session_up (struct rights *r, struct session *s);
void handoff_session_down (struct rights *r, struct session *s);
void handoff_connect_failed (struct rights *r, const struct rights_key *key);
void handoff_tick (struct rights *r);
uint64_t handoff_deadline (const struct rights *r);
enum dr_status handoff_frame (struct rights *r, struct session *s, const struct frame *f);

/* grants.c */
enum emitted pending_emit (struct rights *r, struct pending *p, struct rights_action *a);
enum dr_status grants_frame (struct rights *r, struct session *s, const struct frame *f);
void grants_session_down (struct rights *r, struct session *s);

/* migrate.c */
void migrate_leave (struct rights *r, struct queue *q, uint32_t send_onces);
void migrate_arrive (struct rights *r, struct queue *q);
void migrate_path_changed (struct rights *r, struct queue *q);
enum emitted migrate_flush_emit (struct rights *r, struct queue *q, struct rights_action *a);
enum emitted migrate_close_emit (struct rights *r, struct queue *q, struct rights_action *a);
void migrate_step (struct rights *r, struct queue *q);
enum dr_status migrate_frame (struct rights *r, struct session *s, const struct frame *f);
void migrate_redirect (struct rights *r, struct queue *q, struct import *way);
/* The marker was sent on by WAY, and called HOP: it waits for its answer.  */
void migrate_passed (struct rights *r, struct queue *q, struct message *m, struct import *way,
		     uint64_t hop);
/* No answer comes any more by I, nor anything in front of a marker.  */
void migrate_way_gone (struct rights *r, struct import *i);
/* Q died: so do its markers; whoever sent them learns of the death.  */
void migrate_kill (struct rights *r, struct queue *q);
enum emitted migrate_answer_emit (struct rights *r, struct queue *q, struct rights_action *a);

/* root.c */
enum emitted root_emit (struct rights *r, struct root_request *q, struct rights_action *a);
void root_session_down (struct rights *r, struct session *s);
void root_free (struct rights *r, struct root_request *q);
enum dr_status root_frame (struct rights *r, struct session *s, const struct frame *f);

#endif
