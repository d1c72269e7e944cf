/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a world is made of.

   The engines are watched from outside: the world knows for every port that a task
   ever made a number of its own, its *uid*, and writes into each message which uids
   it carries.  So the receiver knows what each name it gets must denote, whatever
   the engines did on the way.  */
#ifndef DR_SIM_WORLD_INTERNAL_H
#define DR_SIM_WORLD_INTERNAL_H

#include "sim/world/node.h"
#include "sim/world/turns.h"
#include "sim/world/world.h"

#define WORLD_TASKS_MAX 3u		/* on each node, besides its root task */
#define WORLD_NAMES_MAX 64u		/* that one task may get before it is ended */
#define WORLD_SESSIONS_MAX 24u
#define WORLD_RIGHTS_MAX 3u		/* in one message of a task */
#define WORLD_WINDOW_MAX 4u		/* messages, of any node */

typedef uint32_t uid;			/* 0: none */

struct frame
{
  struct frame *next;
  uint64_t stream;
  struct dr_buf *buf;
};

/* One session; end 0 is the node with the lower index.  */
struct session
{
  bool used, up;			/* up: frames travel */
  unsigned node[2];
  uint64_t number;
  bool known[2];			/* the engine was told that it is up */
  bool told[2];				/* ... and that it is down again */
  uint64_t id[2];			/* the engines' numbers */
  struct frame *frames[2];		/* sent by that end, oldest first */
  struct frame *stuck[2];		/* the frame that must be given next */
};

struct port_record
{
  unsigned node;			/* where it was made, or last received */
  bool destroyed;			/* by a task, or by its node's crash */
  bool said_dead;			/* a task got a dead right for it */
  bool requested;			/* no-senders, to itself, not yet answered */
  uint32_t moves;			/* how often its receive right was sent */
  uint32_t moves_requested;		/* the same when no-senders was requested */
  uid back_to;				/* who gets it instead of its death; 0: nobody */
  uid back_of;				/* which one comes here instead of its death */
  uint32_t back_moves;			/* moves of back_to when it was requested */
  bool tainted;				/* see hostile.c */
  bool received;			/* from, by a task; see converge.c */
};

struct sent_right
{
  uid uid;
  bool null, once, receive;
  uint8_t array;
};

struct sent
{
  uint32_t task;			/* the sender's number */
  uid destination;
  uint32_t sequence;			/* per sender and destination; 0: by a send-once right */
  bool received, lost, doubtful;	/* doubtful: it may be lost */
  unsigned rights;
  struct sent_right right[WORLD_RIGHTS_MAX];
  struct sent_right reply;
};

struct task
{
  bool used;
  uint32_t number;			/* never used again */
  unsigned node;
  struct mk_task *mk;
  uid names[WORLD_NAMES_MAX];		/* what each name denotes; 0: free */
  mk_name set;				/* its port set */
  uint64_t deaf_until;			/* a slow receiver */
};

/* The last message from one sender that one queue gave, and the last one sent.  */
struct flow
{
  uint32_t task;
  uid destination;
  uint32_t sent, received;
};

struct world_node
{
  struct node *node;
  uint64_t epoch;
  struct task root, task[WORLD_TASKS_MAX];
  uid root_uid;
  mk_name root_name;
  bool root_asked;			/* one request at a time */
  unsigned root_peer;
  uint64_t root_epoch;			/* the peer's, when it was asked */
  uid root_expected;
  uid public_uid;			/* what the hostile node gets for a root */
  mk_name public_name;
  uint64_t slow_until;			/* its netmsg neither receives nor delivers */
};

/* What was allocated, outside the engines' own books.  */
struct account
{
  struct world *world;
  uint64_t bytes, most;
  struct dr_alloc alloc;
};

struct accounts
{
  struct account engine, link;
  struct dr_alloc frames;		/* on the engine's account; never fails */
  uint64_t tables;			/* records at their most: tables shrink when empty */
};

struct links;
struct hostile;

struct world
{
  struct world_options options;
  struct world_result *result;
  uint64_t random;
  uint64_t now;
  unsigned step;			/* of its life under faults */
  bool faults;				/* a session died or a node crashed, ever */
  bool calm;				/* no faults and no new work any more */
  unsigned allocation_failures;		/* of 1000 */
  struct world_node node[WORLD_NODES_MAX];
  uint64_t seal[WORLD_NODES_MAX];	/* of each node's names, this boot */
  struct session session[WORLD_SESSIONS_MAX];
  uint64_t sessions;
  bool connect[WORLD_NODES_MAX][WORLD_NODES_MAX];
  bool cut[WORLD_NODES_MAX][WORLD_NODES_MAX];
  struct accounts account[WORLD_NODES_MAX];
  struct links *links;			/* NULL: the network is network.c's own */
  struct hostile *hostile;
  uint32_t port_moves;			/* receive rights sent, all told */
  uint32_t tasks;
  struct port_record *port;		/* by uid */
  size_t ports, ports_room;
  struct sent *sent;			/* by tag */
  size_t sents, sents_room;
  struct flow *flow;
  size_t flows, flows_room;
};

uint32_t world_roll (struct world *, uint32_t n);
bool world_failed (const struct world *);
void world_violate (struct world *, const char *invariant, const char *format, ...)
  __attribute__ ((format (printf, 3, 4)));
void world_trace (struct world *, const char *format, ...)
  __attribute__ ((format (printf, 2, 3)));

/* turns.c */
bool world_turn_noted (struct world *, enum turn);
void world_turns_end (struct world *);
/* False: this part of the step is left out.  */
static inline bool
world_turn (struct world *w, enum turn kind)
{
  return w->options.turns == NULL || world_turn_noted (w, kind);
}

/* world.c */
void world_boot (struct world *, unsigned node);
/* It loses everything and starts again.  */
void world_crash (struct world *, unsigned node);
/* Absorbs what the checkers remember: what was sent and came, and each port's fate.  */
void world_digest (struct world *, void (*absorb) (void *, const void *, size_t), void *);
void world_pass_time (struct world *, uint64_t us);
/* Until nothing moves any more, whatever time passes.  */
void world_rest (struct world *);
void world_end_tasks (struct world *);

/* memory.c */
void memory_open (struct world *, unsigned node);
/* A frame for the node's rights engine.  */
enum dr_status memory_frame (struct world *, unsigned node, uint64_t session, uint64_t stream,
			     const struct dr_buf *);
void memory_check (struct world *, unsigned node);
/* The node's engines are gone.  */
void memory_closed (struct world *, unsigned node);

/* hostile.c */
bool world_hostile (const struct world *, unsigned node);
bool world_tainted (const struct world *, uid);
void world_taint (struct world *, uid);
void world_fault_of (struct world *, unsigned node, unsigned peer);
void hostile_open (struct world *);
void hostile_step (struct world *);
void hostile_sent (struct world *, const struct sent *);
struct dr_buf *hostile_frame (struct world *, uint64_t session, uint64_t *stream, struct dr_buf **buf);
void hostile_named (struct world *, struct task *, mk_name);
void hostile_message (struct world *, struct task *, const struct mk_message *);
void check_hostile (struct world *);

/* network.c */
bool network_session_between (struct world *, unsigned a, unsigned b, uint64_t *id_at_a);
void network_send (struct world *, unsigned node, uint64_t session, uint64_t stream,
		   struct dr_buf *, bool lazy);
void network_down (struct world *, struct session *);
/* One random thing that the network may do; true if it did something.  */
bool network_step (struct world *);
void network_free (struct world *);
/* The same one by one, for those who want to see them all: what the network may do now
   has the numbers 0 to network_choices - 1.  */
size_t network_choices (struct world *);
bool network_choose (struct world *, size_t i);
void network_open (struct world *, unsigned a, unsigned b);
/* Absorbs every frame under way and every session's state.  */
void network_digest (struct world *, void (*absorb) (void *, const void *, size_t), void *);

/* tasks.c */
uid tasks_new_uid (struct world *, unsigned node);
void tasks_start (struct world *, unsigned node, struct task *);
void tasks_end (struct world *, struct task *);
/* Sends M with the task's next tag; false if the kernel does not take it now.  */
bool tasks_send (struct world *, struct task *, struct mk_message *);
/* A random task does something random.  */
void tasks_step (struct world *);
/* Every task takes what waits for it: true if anything did.  */
bool tasks_drain (struct world *);
/* TASK got NAME, which must denote UID.  */
void tasks_learn (struct world *, struct task *, mk_name, uid, bool once);
/* Nobody shall get NAME's receive right when it is destroyed.  */
void tasks_cancel_return (struct world *, struct task *, mk_name);
/* Forgets names that no longer exist.  */
void tasks_forget (struct task *);

/* converge.c: a world at rest, whose faults are over, must still work; then it may let go
   of every send right, and nothing of them may be left.  */
void world_converge (struct world *);

/* check.c: at rest.  */
void check_at_rest (struct world *);
void check_all_gone (struct world *);
/* How many tasks receive from it: one at most.  */
unsigned check_receivers (struct world *, uid);
/* Traces what every engine knows.  */
void check_dump (struct world *);
/* A no-senders notification with COUNT arrived at the port UID.  */
void check_no_senders (struct world *, struct task *, mk_name, uid, uint32_t count);

#endif
