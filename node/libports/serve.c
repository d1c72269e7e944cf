/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receiving for a bucket.  */
#include <errno.h>

#include "internal.h"

enum { STACK_BYTES = 64 * 1024 };

/* A service loop.  It lasts for ever, for so do its threads' ways back to it.  */
struct service
{
  struct port_bucket *bucket;
  ports_demuxer_type demuxer;
  void (*hook) (void);
  bool many;			/* threads */
  int thread_timeout_ms;
  unsigned threads, idle;
};

static __thread struct service *served;	/* by this thread */
static __thread bool caller;	/* this thread called the library: it does not end */

error_t
ports_begin_rpc (void *object, mach_msg_id_t id, struct rpc_info *info)
{
  struct port_info *port = object;
  error_t error = 0;
  pthread_mutex_lock (&libports_lock);
  if (!MACH_PORT_VALID (port->port_right))
    error = EOPNOTSUPP;
  else
    {
      info->next = port->current_rpcs;
      info->prevp = &port->current_rpcs;
      if (info->next)
	info->next->prevp = &info->next;
      port->current_rpcs = info;
      port->class->rpcs++;
      port->bucket->rpcs++;
    }
  pthread_mutex_unlock (&libports_lock);
  return error;
}

void
ports_end_rpc (void *object, struct rpc_info *info)
{
  struct port_info *port = object;
  pthread_mutex_lock (&libports_lock);
  *info->prevp = info->next;
  if (info->next)
    info->next->prevp = info->prevp;
  port->class->rpcs--;
  port->bucket->rpcs--;
  pthread_mutex_unlock (&libports_lock);
}

static void *serve (void *argument);

/* One thread more if none is left that waits for a message.  */
static void
keep_one_idle (struct service *service)
{
  pthread_attr_t attributes;
  pthread_t thread;
  if (__atomic_sub_fetch (&service->idle, 1, __ATOMIC_SEQ_CST) > 0)
    return;
  __atomic_add_fetch (&service->idle, 1, __ATOMIC_SEQ_CST);
  __atomic_add_fetch (&service->threads, 1, __ATOMIC_SEQ_CST);
  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, STACK_BYTES);
  pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
  if (pthread_create (&thread, &attributes, serve, service))
    {
      __atomic_sub_fetch (&service->idle, 1, __ATOMIC_SEQ_CST);
      __atomic_sub_fetch (&service->threads, 1, __ATOMIC_SEQ_CST);
    }
  pthread_attr_destroy (&attributes);
}

static boolean_t
demux (mach_msg_header_t *inp, mach_msg_header_t *outp)
{
  struct service *service = served;
  mig_reply_header_t *reply = (mig_reply_header_t *) outp;
  struct port_info *port = ports_lookup_port (service->bucket, inp->msgh_local_port, NULL);
  struct rpc_info rpc;
  error_t error;
  if (service->many)
    keep_one_idle (service);
  error = port ? ports_begin_rpc (port, inp->msgh_id, &rpc) : EOPNOTSUPP;
  if (error)
    reply->RetCode = error;
  else
    {
      service->demuxer (inp, outp);
      ports_end_rpc (port, &rpc);
    }
  if (port)
    ports_port_deref (port);
  if (service->many)
    __atomic_add_fetch (&service->idle, 1, __ATOMIC_SEQ_CST);
  return TRUE;
}

/* Whether this thread, which had nothing to do, should end.  */
static bool
may_end (struct service *service)
{
  if (__atomic_sub_fetch (&service->idle, 1, __ATOMIC_SEQ_CST) > 0)
    {
      __atomic_sub_fetch (&service->threads, 1, __ATOMIC_SEQ_CST);
      return true;
    }
  __atomic_add_fetch (&service->idle, 1, __ATOMIC_SEQ_CST);
  return false;
}

static void *
serve (void *argument)
{
  struct service *service = argument;
  int timeout_ms = service->thread_timeout_ms;
  served = service;
  if (service->hook)
    service->hook ();
  for (;;)
    {
      mach_msg_return_t result
	= mach_msg_server_timeout (demux, 0, service->bucket->portset,
				   timeout_ms && !caller ? MACH_RCV_TIMEOUT
				   : MACH_MSG_OPTION_NONE, timeout_ms);
      if (result == MACH_RCV_TIMED_OUT && may_end (service))
	return NULL;
    }
}

void
ports_manage_port_operations_one_thread (struct port_bucket *bucket,
					 ports_demuxer_type demuxer, int timeout)
{
  struct service service = { .bucket = bucket, .demuxer = demuxer };
  served = &service;
  for (;;)
    mach_msg_server_timeout (demux, 0, bucket->portset, MACH_MSG_OPTION_NONE,
			     MACH_MSG_TIMEOUT_NONE);
}

void
ports_manage_port_operations_multithread (struct port_bucket *bucket,
					  ports_demuxer_type demuxer, int thread_timeout,
					  int global_timeout, void (*hook) (void))
{
  struct service service = { .bucket = bucket, .demuxer = demuxer, .hook = hook,
    .many = true, .thread_timeout_ms = thread_timeout, .threads = 1, .idle = 1 };
  caller = true;
  serve (&service);
}
