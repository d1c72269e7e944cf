/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model nodes for testing the engine: each has a little kernel (ports, queues,
   rights, notifications), a few tasks, and a driver as simple as it can be; a
   network of ordered streams joins them that may interleave in any way.

   A *ghost* is the true number of a queue, known to the test alone.  It travels
   in the payload of each message beside the right, so that the receiving task
   can check that equal queues have equal ports and different ones do not.  */
#ifndef MODEL_H
#define MODEL_H

#include "core/rights/rights.h"

#define NODES 3
#define TASKS 3			/* user tasks per node */
#define PORTS_MAX 3000
#define GHOSTS_MAX 2000
#define RIGHTS_PER_MESSAGE 4
#define NAMES_MAX 600
#define HOLDINGS_MAX 400
#define QLIMIT 5
#define DAEMON (-1)		/* as a receiver */
#define NOWHERE (-2)		/* in a message */

struct port;
struct kright
{
  struct port *port;		/* NULL: null, or dead */
  bool dead;
  uint8_t disposition;
  int ghost;
};

enum kmsg_kind { PLAIN, NO_SENDERS, SEND_ONCE_GONE, MARKER };
struct kmsg
{
  struct kmsg *next;
  uint8_t kind;
  uint8_t used;			/* the right it was sent with */
  bool by_once;			/* ... by the task that sent it */
  uint32_t mscount;
  struct port *about;		/* NO_SENDERS: of this port */
  uint64_t cookie;
  int sender;			/* task, numbered over all nodes */
  uint64_t seq;
  int ghost;			/* of the queue it was sent to */
  int count;
  struct kright rights[RIGHTS_PER_MESSAGE];
  struct kright reply;
  uint32_t region;		/* bytes out of line */
};

struct port
{
  bool live;
  int node, receiver, ghost;
  int sends, onces;
  uint32_t mscount, limit;
  struct kmsg *first;
  int queued;
  struct port *no_senders, *port_destroyed;	/* requests */
};

struct entry			/* a name in the daemon's task */
{
  struct port *port;
  bool once, receive, watch;
  int urefs;
};

struct holding { struct port *port; uint8_t disposition; int ghost; };

struct delivery
{
  bool active, done;
  struct rights_action a;
  enum rights_result result;
};

#define PROXIES_MAX 1200
struct proxy { uint32_t name; bool paused, once, known, adopted; };

struct pending_send { struct pending_send *next; uint64_t stream; struct dr_buf *buf; };

struct node
{
  struct world *w;
  int index;
  struct rights *rights;
  struct entry names[NAMES_MAX];
  struct proxy proxies[PROXIES_MAX];
  struct delivery deliveries[200];
  uint32_t dead_names[400];
  int dead_names_count;
  struct holding held[TASKS][HOLDINGS_MAX];
  int held_count[TASKS];
  uint64_t session[NODES];	/* engine's number; 0: none */
  bool down_due[NODES];		/* the other side knows already */
  bool connect_due[NODES];
  bool root_answered;
  struct port *root;
  struct kmsg *retry;		/* a message the engine had no memory for */
  struct proxy *retry_proxy;
  uint32_t retry_id;
};

#define FRAMES_MAX 20000
struct flight { uint64_t stream; int from, to; uint64_t link; struct dr_buf *buf; };

struct ghost
{
  bool used, moved, destroyed, lost;	/* lost: a fault may have eaten messages */
  uint64_t sent, received;
  uint64_t last_seq[NODES * TASKS];
  bool wants, fired;		/* no-senders */
  bool once_bound;		/* moved while send-once rights to it existed: these
				   put no-senders off */
  uint64_t makes, fired_makes;
};

struct world
{
  struct node nodes[NODES];
  struct port ports[PORTS_MAX];
  int ports_count;
  struct ghost ghosts[GHOSTS_MAX];
  int ghosts_count;
  struct flight flights[FRAMES_MAX];
  int flights_count;
  uint64_t random, now, link[NODES][NODES], last_link;
  uint64_t seq[NODES * TASKS];
  bool faults;			/* sessions end now and then */
  bool unreachable;		/* nodes 0 and 2 cannot connect */
  bool restarted;
  struct dr_alloc alloc;
  long allocated, allocs, fail_at;
  const char *failed;
  uint64_t steps, frames, delivered, refused;
  bool trace;
  int hostile;			/* this node's frames are tampered with; -1: none */
};

void world_init (struct world *w, uint64_t seed, const struct rights_config *config);
void world_done (struct world *w);
void world_link (struct world *w, int a, int b);
void world_cut (struct world *w, int a, int b);
uint64_t world_random (struct world *w, uint64_t below);
/* One step of the machinery (not of the tasks); false: nothing could be done.  */
bool world_step (struct world *w);
/* Steps until nothing moves any more, time included.  */
void world_settle (struct world *w);
/* What the tasks do, at random.  */
void world_user (struct world *w);
void world_drop_all (struct world *w);
/* Every task receives what is there; true if there was anything.  */
bool world_receive_all (struct world *w);
void world_check_delivered (struct world *w);
void world_check_empty (struct world *w);

/* Single operations, for scripts.  Ports are named as the task sees them.  */
struct port *task_allocate (struct world *w, int node, int task);
void task_make_send (struct world *w, int node, int task, struct port *p);
bool task_has (struct world *w, int node, int task, struct port *p, uint8_t disposition);
void task_drop (struct world *w, int node, int task, struct port *p, uint8_t disposition);
struct kmsg *kmsg_new (struct world *w, int node, int task);
void kmsg_add (struct kmsg *m, struct world *w, int node, int task, struct port *p,
	       uint8_t how);
/* HOW: as Mach numbers them.  */
enum { MOVE_RECEIVE = 16, MOVE_SEND, MOVE_SEND_ONCE, COPY_SEND, MAKE_SEND,
       MAKE_SEND_ONCE };
bool task_send (struct world *w, int node, int task, struct port *dest, struct kmsg *m);
/* The next message of a port of the task's; its rights are the task's then (see
   the last holdings).  NULL: none.  Freed by the caller.  */
struct kmsg *task_receive (struct world *w, int node, int task, struct port *p);
void task_request_no_senders (struct world *w, int node, struct port *p,
			      struct port *notify);
struct port *task_root (struct world *w, int node, int task, int of);
/* With a hostile peer only safety is left to check, which is not done here.  */
#define FAIL(w, text)							\
  ((w)->failed = (w)->failed || (w)->hostile >= 0 ? (w)->failed : (text))

#endif
