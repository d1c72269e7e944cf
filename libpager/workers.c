/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads of a bucket.  There are as many workers as jobs that wait for something: a job
   never waits for a worker that waits.  */
#include <errno.h>

#include "libpager/internal.h"

enum { STACK_BYTES = 256 * 1024, NO_REQUEST_ID = 1 };

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct pager_requests *all;

error_t
requests_thread (void *(*run) (void *), void *argument)
{
  pthread_attr_t attributes;
  pthread_t thread;
  error_t error = pthread_attr_init (&attributes);
  if (error)
    return error;
  pthread_attr_setstacksize (&attributes, STACK_BYTES);
  pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
  error = pthread_create (&thread, &attributes, run, argument);
  pthread_attr_destroy (&attributes);
  return error;
}

static struct pager_requests *
new_requests (struct port_bucket *bucket)
{
  pthread_condattr_t monotonic;
  struct pager_requests *requests = calloc (1, sizeof *requests);
  if (!requests)
    return NULL;
  requests->bucket = bucket;
  requests->side = ports_create_bucket ();
  if (!requests->side)
    {
      free (requests);
      return NULL;
    }
  pthread_mutex_init (&requests->lock, NULL);
  pthread_cond_init (&requests->work, NULL);
  pthread_cond_init (&requests->changed, NULL);
  pthread_condattr_init (&monotonic);
  pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init (&requests->sooner, &monotonic);
  pthread_condattr_destroy (&monotonic);
  requests->next = all;
  all = requests;
  return requests;
}

struct pager_requests *
requests_of (struct port_bucket *bucket)
{
  struct pager_requests *requests;
  pthread_mutex_lock (&all_lock);
  requests = all;
  while (requests && requests->bucket != bucket && requests->side != bucket)
    requests = requests->next;
  if (!requests)
    requests = new_requests (bucket);
  pthread_mutex_unlock (&all_lock);
  return requests;
}

/* --- Jobs ------------------------------------------------------------------------- */

static __thread bool ending;	/* this worker has nothing more to do but what it starts now */
static __thread struct job *own_job;

void
requests_job_ends (void)
{
  ending = true;
}

void
requests_job_goes_on (void)
{
  ending = false;
}

/* The lock is held, and there is none to be done when this returns NULL: the worker shall
   end.  */
static struct job *
next_job (struct pager_requests *requests)
{
  while (!requests->first || requests->inhibited)
    {
      if (requests->idle >= WORKERS_IDLE_MAX)
	return NULL;
      requests->idle++;
      pthread_cond_broadcast (&requests->changed);
      pthread_cond_wait (&requests->work, &requests->lock);
      requests->idle--;
    }
  struct job *job = requests->first;
  requests->first = job->next;
  if (!requests->first)
    requests->last = NULL;
  requests->queued--;
  return job;
}

static void *
work (void *argument)
{
  struct pager_requests *requests = argument;
  struct job *job;
  pthread_mutex_lock (&requests->lock);
  requests->starting--;
  while ((job = next_job (requests)))
    {
      pthread_mutex_unlock (&requests->lock);
      for (; job; job = own_job)
	{
	  own_job = NULL;
	  job->run (job);
	  ending = false;
	}
      pthread_mutex_lock (&requests->lock);
    }
  requests->workers--;
  pthread_cond_broadcast (&requests->changed);
  pthread_mutex_unlock (&requests->lock);
  return NULL;
}

/* Starts a worker for each job that would else wait behind another.  True: one is to be
   woken, best without the lock, which it takes first of all.  */
static bool
staff (struct pager_requests *requests)
{
  if (requests->inhibited)
    return false;
  while (requests->queued > requests->idle + requests->starting
	 && requests->workers < WORKERS_MAX)
    {
      if (requests_thread (work, requests))
	break;			/* the others get to it */
      requests->workers++;
      requests->starting++;
    }
  return requests->idle;
}

void
requests_submit (struct pager_requests *requests, struct job *job)
{
  job->next = NULL;
  if (ending)
    {
      /* Another worker need not be woken for it.  */
      ending = false;
      own_job = job;
      return;
    }
  pthread_mutex_lock (&requests->lock);
  *(requests->last ? &requests->last->next : &requests->first) = job;
  requests->last = job;
  requests->queued++;
  bool wake = staff (requests);
  pthread_mutex_unlock (&requests->lock);
  if (wake)
    pthread_cond_signal (&requests->work);
}

/* --- Inhibition --------------------------------------------------------------------- */

void
requests_receive_begin (struct pager_requests *requests)
{
  pthread_mutex_lock (&requests->lock);
  while (requests->stopping)
    pthread_cond_wait (&requests->changed, &requests->lock);
  requests->receiving++;
  pthread_mutex_unlock (&requests->lock);
}

void
requests_receive_end (struct pager_requests *requests)
{
  pthread_mutex_lock (&requests->lock);
  requests->receiving--;
  if (requests->stopping)
    pthread_cond_broadcast (&requests->changed);
  pthread_mutex_unlock (&requests->lock);
}

error_t
pager_inhibit_workers (struct pager_requests *requests)
{
  pthread_mutex_lock (&requests->lock);
  requests->stopping = true;
  while (requests->receiving || requests->first || requests->idle < requests->workers)
    pthread_cond_wait (&requests->changed, &requests->lock);
  requests->inhibited = true;
  pthread_mutex_unlock (&requests->lock);
  return 0;
}

void
pager_resume_workers (struct pager_requests *requests)
{
  pthread_mutex_lock (&requests->lock);
  requests->stopping = requests->inhibited = false;
  pthread_cond_broadcast (&requests->changed);
  pthread_cond_broadcast (&requests->work);
  pthread_cond_broadcast (&requests->sooner);
  staff (requests);
  pthread_mutex_unlock (&requests->lock);
}

/* --- Service ------------------------------------------------------------------------- */

static void *
receive (void *argument)
{
  ports_manage_port_operations_one_thread (argument, pager_demuxer, 0);
  return NULL;
}

/* Asks PORT, which knows no request, something, and waits for the answer.  */
static void
hear_from (void *port)
{
  struct { mig_reply_header_t reply; char more[64]; } message = {
    .reply.Head = { .msgh_bits = MACH_MSGH_BITS (MACH_MSG_TYPE_MOVE_SEND,
						 MACH_MSG_TYPE_MAKE_SEND_ONCE),
		    .msgh_size = sizeof (mach_msg_header_t),
		    .msgh_remote_port = ports_get_send_right (port),
		    .msgh_local_port = mach_reply_port (),
		    .msgh_id = NO_REQUEST_ID },
  };
  mach_port_t reply = message.reply.Head.msgh_local_port;
  mach_msg (&message.reply.Head, MACH_SEND_MSG | MACH_RCV_MSG, message.reply.Head.msgh_size,
	    sizeof message, reply, 0, MACH_PORT_NULL);
  mach_port_mod_refs (mach_task_self (), reply, MACH_PORT_RIGHT_RECEIVE, -1);
}

/* Starts a thread that receives for BUCKET, and waits until it does.  Who destroys a port leaves
   it to the bucket's threads to give it up, when each has seen that it is gone, and libports
   aborts at the second such port if no thread has begun by then.  */
static error_t
start_receiving (struct port_bucket *bucket)
{
  struct side_port *port;
  error_t error = ports_create_port (libpager_side_class, bucket, sizeof *port, &port);
  if (error)
    return error;
  port->kind = OBJECT_NOTHING;
  port->pager = NULL;
  error = requests_thread (receive, bucket);
  if (!error)
    hear_from (port);
  ports_destroy_right (port);
  ports_port_deref (port);
  return error;
}

bool
requests_serve_side (struct pager_requests *requests)
{
  bool served, begin;
  pthread_mutex_lock (&requests->lock);
  while (requests->side_begins)
    pthread_cond_wait (&requests->changed, &requests->lock);
  begin = requests->side_begins = !requests->side_served;
  pthread_mutex_unlock (&requests->lock);
  if (!begin)
    return true;
  served = !start_receiving (requests->side);
  pthread_mutex_lock (&requests->lock);
  requests->side_served = served;
  requests->side_begins = false;
  pthread_cond_broadcast (&requests->changed);
  pthread_mutex_unlock (&requests->lock);
  return served;
}

error_t
pager_start_workers (struct port_bucket *bucket, struct pager_requests **result)
{
  struct pager_requests *requests = requests_of (bucket);
  error_t error = requests && requests_serve_side (requests) ? start_receiving (bucket) : ENOMEM;
  *result = error ? NULL : requests;
  return error;
}
