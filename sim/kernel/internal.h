/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model kernel's objects.  */
#ifndef DR_SIM_KERNEL_INTERNAL_H
#define DR_SIM_KERNEL_INTERNAL_H

#include "sim/kernel/kernel.h"
#include "core/base/status.h"

struct mk_port;

/* A right outside any task: in a message, or registered with a port.  The
   pseudo port DEAD stands for a right that was dead when it was sent.  */
struct mk_carried
{
  struct mk_port *port;			/* NULL: null */
  enum mk_disposition disposition;	/* MOVE_RECEIVE, MOVE_SEND, MOVE_SEND_ONCE */
  bool dead;
  uint8_t array;			/* as in struct mk_message_right */
};

struct mk_kmsg
{
  struct mk_kmsg *next;
  uint64_t arrival;			/* order among the members of a set */
  int32_t id;
  struct mk_carried destination, reply;
  size_t rights;
  struct mk_carried right[MK_MESSAGE_RIGHTS_MAX];
  size_t bytes;
  uint8_t data[MK_MESSAGE_DATA_BYTES_MAX];
};

struct mk_dnrequest
{
  struct mk_dnrequest *next;
  struct mk_task *task;
  mk_name name;
  struct mk_port *notify;		/* a send-once right */
};

/* A port is in one of these states:
     received     receiver != NULL, receiver_name valid
     in transit   receiver == NULL, destination = the port whose queue holds it
     in limbo     receiver == NULL, destination == NULL: between two of the others
     dead         !active: no name denotes it any more; only rights in messages
		  and registered rights still refer to it.  */
struct mk_port
{
  struct mk *kernel;
  struct mk_port *next, **link;		/* all ports of the kernel */
  size_t references;
  bool active;
  struct mk_task *receiver;
  mk_name receiver_name;
  struct mk_port *destination;
  struct mk_set *set;
  struct mk_port *set_next;
  uint32_t lost_srights;		/* counted in srights, and nobody's: see calls.c */
  uint32_t srights, sorights, mscount, seqno, qlimit, msgcount;
  struct mk_kmsg *head, **tail;
  struct mk_port *nsrequest, *pdrequest;
  struct mk_dnrequest *dnrequests;
};

struct mk_set
{
  mk_name name;
  struct mk_port *members;
};

/* What a name denotes.  TYPE is a set of MK_TYPE_ bits; 0: the name is free.  */
struct mk_entry
{
  uint32_t type, urefs;
  struct mk_port *port;
  struct mk_set *set;
  struct mk_dnrequest *request;
};

struct mk_task
{
  struct mk *kernel;
  struct mk_task *next, **link;
  size_t entries;			/* names 1 .. entries-1 may be in use */
  struct mk_entry *entry;
};

struct mk
{
  struct mk_task *tasks;
  struct mk_port *ports;
  uint64_t arrivals;
  /* Messages being destroyed: destroying one may destroy ports and so further
     messages, which wait here for their turn instead of recursing.  */
  struct mk_kmsg *doomed, **doomed_tail;
};

void *mk_xcalloc (size_t bytes);

/* names.c */
struct mk_entry *mk_lookup (struct mk_task *, mk_name);
mk_name mk_free_name (struct mk_task *);
struct mk_entry *mk_claim_name (struct mk_task *, mk_name);	/* must be free */
/* The name under which TASK holds PORT's receive or send right, or MK_NULL.  */
mk_name mk_name_of (struct mk_task *, const struct mk_port *);
void mk_entry_free (struct mk_entry *);

/* ports.c */
struct mk_port *mk_port_new (struct mk *);
void mk_port_reference (struct mk_port *);
void mk_port_release (struct mk_port *);
void mk_port_clear_receiver (struct mk_port *);
void mk_port_destroy (struct mk_port *);	/* consumes a reference */
void mk_release_send (struct mk_port *);	/* one right and its reference */
/* One right that will not be used: its port is told (MK_NOTIFY_SEND_ONCE).  */
void mk_release_send_once (struct mk_port *);
bool mk_port_circular (const struct mk_port *, const struct mk_port *destination);
void mk_set_add (struct mk_set *, struct mk_port *);
void mk_set_remove (struct mk_port *);
void mk_set_destroy (struct mk_set *);

/* notify.c: each consumes the send-once right NOTIFY.  */
void mk_notify_name (struct mk_port *notify, int32_t id, mk_name name);
void mk_notify_count (struct mk_port *notify, int32_t id, uint32_t count);
void mk_notify_port_destroyed (struct mk_port *notify, struct mk_port *port);
/* Takes back an entry's dead-name request: its send-once right, or NULL.  */
struct mk_port *mk_dncancel (struct mk_entry *);

/* carry.c */
enum mk_result mk_copyin_check (struct mk_task *, mk_name, enum mk_disposition,
				bool dead_ok);
/* After a successful check.  *DELETED: a dead-name request that goes unanswered.  */
struct mk_carried mk_copyin (struct mk_task *, mk_name, enum mk_disposition,
			     struct mk_port **deleted);
mk_name mk_copyout (struct mk_task *, struct mk_carried);
void mk_carried_destroy (struct mk_carried);
void mk_kmsg_destroy (struct mk_kmsg *);
void mk_enqueue (struct mk_port *, struct mk_kmsg *);

#endif
