/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects that are known by a port: what the bare node has of the Hurd's <hurd/ports.h>,
   by the same names and with the same behaviour, so that a library made of these calls is
   the same source on a GNU/Hurd.  There are no interrupted RPCs and no inhibition here.

   An object begins with a struct port_info.  Who gets a pointer to one has a reference,
   which ends with ports_port_deref.  Send rights that exist are one reference more: it ends
   with the no-senders notification.  When no reference is left, of either kind, the class's
   clean routine is called and the object freed.

   Errors are what Mach answered, or errno values.  */
#ifndef _HURD_PORTS_
#define _HURD_PORTS_

#include <mach.h>
#include <mach/notify.h>
#include <hurd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

struct port_class;
struct port_bucket;

struct port_info
{
  struct port_class *class;
  struct port_bucket *bucket;
  mach_port_t port_right;	/* the receive right; MACH_PORT_DEAD when destroyed */
  mach_port_mscount_t mscount;
  int flags;
  unsigned hard, weak;		/* references */
  struct rpc_info *current_rpcs;
  struct port_info *next_by_name, *next, **prevp;
};
typedef struct port_info *port_info_t;

/* In a port's flags: send rights exist, or are about to.  */
#define PORT_HAS_SENDRIGHTS 0x0001

struct port_bucket
{
  mach_port_t portset;
  int rpcs, flags, count;
  struct port_info *ports;
  /* Where Mach's notifications that were requested for objects of the bucket go.  */
  struct port_info *notify_port;
};

struct port_class
{
  int rpcs, flags, count;
  void (*clean_routine) (void *);
  void (*dropweak_routine) (void *);
};

/* One RPC that is being served.  */
struct rpc_info
{
  struct rpc_info *next, **prevp;
};

typedef int (*ports_demuxer_type) (mach_msg_header_t *inp, mach_msg_header_t *outp);

/* NULL with errno set.  Buckets and classes last for ever.  */
struct port_bucket *ports_create_bucket (void);
/* Either routine may be NULL.  CLEAN is called once with each object that dies; DROPWEAK
   when only weak references are left, to have them dropped.  */
struct port_class *ports_create_class (void (*clean) (void *), void (*dropweak) (void *));

/* A new object of SIZE bytes (at least a struct port_info, the rest is the caller's and is
   not initialised) with a receive right in BUCKET and one reference: *(void **) RESULT.  */
error_t ports_create_port (struct port_class *port_class, struct port_bucket *bucket,
			   size_t size, void *result);
/* The same, but nothing is received from it until it is moved into BUCKET's port set.  */
error_t ports_create_port_noinstall (struct port_class *port_class,
				     struct port_bucket *bucket, size_t size,
				     void *result);
/* The same for an existing receive right PORT, which is the object's on success.  Send
   rights that exist already hold a reference.  */
error_t ports_import_port (struct port_class *port_class, struct port_bucket *bucket,
			   mach_port_t port, size_t size, void *result);

/* Destroys the receive right; the object stays, and what is sent to it dies.  0.  */
error_t ports_destroy_right (void *port);
/* The same, but the receive right is the caller's, out of the port set.  */
mach_port_t ports_claim_right (void *port);
/* The receive right's name.  A send right must be made from it, once for each call.  */
mach_port_t ports_get_right (void *port);
/* A new send right.  MACH_PORT_NULL when the receive right is gone.  */
mach_port_t ports_get_send_right (void *port);

/* The object of receive right PORT with a new reference, or NULL when there is none or it
   is not in BUCKET or not of CLASS (where these are not NULL).  */
void *ports_lookup_port (struct port_bucket *bucket, mach_port_t port,
			 struct port_class *port_class);
/* The same by the object's address, as kernels with protected payloads deliver it.  */
void *ports_lookup_payload (struct port_bucket *bucket, uintptr_t payload,
			    struct port_class *port_class);
mach_port_t ports_payload_get_name (uintptr_t payload);

void ports_port_ref (void *port);
void ports_port_ref_weak (void *port);
void ports_port_deref (void *port);
void ports_port_deref_weak (void *port);

#define ports_port_notify_right(port) \
  (((struct port_info *) (port))->bucket->notify_port->port_right)
#define ports_port_is_notify(port) \
  ((port) && ((struct port_info *) (port))->bucket->notify_port == (struct port_info *) (port))

/* Have NAME's death reported to the notify port of OBJECT's bucket; OBJECT NULL cancels.
   The send-once right that was registered before is put in *PREVIOUS, or dropped when that
   is NULL.  */
error_t ports_request_dead_name_notification (void *object, mach_port_t name,
					      mach_port_t *previous);
/* A no-senders notification with MSCOUNT came for PORT.  */
void ports_no_senders (void *port, mach_port_mscount_t mscount);
/* NAME is dead: called by ports_notify_server.  Weak; does nothing unless a program has its
   own.  The reference that came with the notification is dropped by the caller.  */
void ports_dead_name (void *notify, mach_port_t name);

/* How many objects there are; and no more can be made until the second is called.  */
int ports_count_class (struct port_class *port_class);
int ports_count_bucket (struct port_bucket *bucket);
void ports_enable_class (struct port_class *port_class);
void ports_enable_bucket (struct port_bucket *bucket);

/* Calls FUN with each object, with a reference held, until it returns an error, which is
   returned.  */
error_t ports_bucket_iterate (struct port_bucket *bucket, error_t (*fun) (void *port));
error_t ports_class_iterate (struct port_class *port_class, error_t (*fun) (void *port));

/* Around the service of one message to PORT.  EOPNOTSUPP: its receive right is gone.  */
error_t ports_begin_rpc (void *port, mach_msg_id_t id, struct rpc_info *info);
void ports_end_rpc (void *port, struct rpc_info *info);

/* Receives for BUCKET and calls DEMUXER with each message and an error reply ready in OUTP,
   in this thread only.  Does not return: TIMEOUT is not heeded, as on the Hurd, for a
   message may come when a server has begun to end.  */
void ports_manage_port_operations_one_thread (struct port_bucket *bucket,
					      ports_demuxer_type demuxer, int timeout);
/* The same with as many threads as messages are being served.  A thread that was idle for
   THREAD_TIMEOUT milliseconds ends, if that is not 0.  HOOK, unless NULL, is called in each
   new thread.  */
void ports_manage_port_operations_multithread (struct port_bucket *bucket,
					       ports_demuxer_type demuxer,
					       int thread_timeout, int global_timeout,
					       void (*hook) (void));

/* A demuxer for Mach's notifications.  */
int ports_notify_server (mach_msg_header_t *inp, mach_msg_header_t *outp);

#endif
