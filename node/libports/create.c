/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buckets, classes, and ports until their end.  */
#include <errno.h>

#include "internal.h"

pthread_mutex_t libports_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t libports_enabled = PTHREAD_COND_INITIALIZER;

static pthread_once_t notify_once = PTHREAD_ONCE_INIT;
static struct port_class *notify_class;

static void
make_notify_class (void)
{
  notify_class = ports_create_class (NULL, NULL);
}

struct port_class *
ports_create_class (void (*clean) (void *), void (*dropweak) (void *))
{
  struct port_class *class = calloc (1, sizeof *class);
  if (class)
    {
      class->clean_routine = clean;
      class->dropweak_routine = dropweak;
    }
  return class;
}

struct port_bucket *
ports_create_bucket (void)
{
  struct port_bucket *bucket = calloc (1, sizeof *bucket);
  error_t error;
  pthread_once (&notify_once, make_notify_class);
  if (!bucket || !notify_class)
    {
      free (bucket);
      errno = ENOMEM;
      return NULL;
    }
  error = mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_PORT_SET, &bucket->portset);
  if (!error)
    {
      error = ports_create_port (notify_class, bucket, sizeof (struct port_info),
				 &bucket->notify_port);
      if (error)
	mach_port_mod_refs (mach_task_self (), bucket->portset, MACH_PORT_RIGHT_PORT_SET, -1);
    }
  if (!error)
    return bucket;
  free (bucket);
  errno = hurd_to_errno (error);
  return NULL;
}

/* The lock is held.  Send rights to PORT are accounted for as one reference.  */
static error_t
expect_senders (struct port_info *port)
{
  mach_port_t old = MACH_PORT_NULL;
  error_t error;
  if (port->flags & PORT_HAS_SENDRIGHTS)
    return 0;
  error = mach_port_request_notification (mach_task_self (), port->port_right,
					  MACH_NOTIFY_NO_SENDERS, port->mscount,
					  port->port_right, MACH_MSG_TYPE_MAKE_SEND_ONCE,
					  &old);
  if (error)
    return error;
  if (MACH_PORT_VALID (old))
    mach_port_deallocate (mach_task_self (), old);
  port->flags |= PORT_HAS_SENDRIGHTS;
  port->hard++;
  return 0;
}

static struct port_info *
enter_new (struct port_class *class, struct port_bucket *bucket, size_t size,
	   mach_port_t right)
{
  struct port_info *port = malloc (size > sizeof *port ? size : sizeof *port);
  if (!port)
    return NULL;
  *port = (struct port_info) { .class = class, .bucket = bucket, .port_right = right,
			       .hard = 1 };
  pthread_mutex_lock (&libports_lock);
  while ((class->flags | bucket->flags) & NO_ALLOC)
    pthread_cond_wait (&libports_enabled, &libports_lock);
  libports_enter (port);
  class->count++;
  bucket->count++;
  pthread_mutex_unlock (&libports_lock);
  return port;
}

error_t
ports_create_port_noinstall (struct port_class *class, struct port_bucket *bucket,
			     size_t size, void *result)
{
  mach_port_t right;
  error_t error = mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &right);
  struct port_info *port;
  if (error)
    return error;
  port = enter_new (class, bucket, size, right);
  if (!port)
    mach_port_mod_refs (mach_task_self (), right, MACH_PORT_RIGHT_RECEIVE, -1);
  *(void **) result = port;
  return port ? 0 : ENOMEM;
}

error_t
ports_create_port (struct port_class *class, struct port_bucket *bucket, size_t size,
		   void *result)
{
  error_t error = ports_create_port_noinstall (class, bucket, size, result);
  if (error)
    return error;
  struct port_info *port = *(void **) result;
  return mach_port_move_member (mach_task_self (), port->port_right, bucket->portset);
}

error_t
ports_import_port (struct port_class *class, struct port_bucket *bucket, mach_port_t right,
		   size_t size, void *result)
{
  mach_port_status_t status;
  error_t error = mach_port_get_receive_status (mach_task_self (), right, &status);
  struct port_info *port;
  if (error)
    return error;
  port = enter_new (class, bucket, size, right);
  if (!port)
    return ENOMEM;
  pthread_mutex_lock (&libports_lock);
  port->mscount = status.mps_mscount;
  error = status.mps_srights ? expect_senders (port) : 0;
  pthread_mutex_unlock (&libports_lock);
  *(void **) result = port;
  return error ? error : mach_port_move_member (mach_task_self (), right, bucket->portset);
}

/* The lock is held.  Nothing is found by PORT's right any more.  */
static mach_port_t
forget_right (struct port_info *port)
{
  mach_port_t right = port->port_right;
  if (!MACH_PORT_VALID (right))
    return MACH_PORT_NULL;
  libports_remove (port);
  port->port_right = MACH_PORT_DEAD;
  return right;
}

static mach_port_t
take_right (struct port_info *port)
{
  bool senders;
  mach_port_t right;
  pthread_mutex_lock (&libports_lock);
  right = forget_right (port);
  senders = port->flags & PORT_HAS_SENDRIGHTS;
  port->flags &= ~PORT_HAS_SENDRIGHTS;
  pthread_mutex_unlock (&libports_lock);
  if (senders)
    ports_port_deref (port);
  return right;
}

error_t
ports_destroy_right (void *object)
{
  mach_port_t right = take_right (object);
  if (right != MACH_PORT_NULL)
    mach_port_mod_refs (mach_task_self (), right, MACH_PORT_RIGHT_RECEIVE, -1);
  return 0;
}

mach_port_t
ports_claim_right (void *object)
{
  mach_port_t right = take_right (object), old = MACH_PORT_NULL;
  if (right == MACH_PORT_NULL)
    return MACH_PORT_NULL;
  mach_port_move_member (mach_task_self (), right, MACH_PORT_NULL);
  mach_port_request_notification (mach_task_self (), right, MACH_NOTIFY_NO_SENDERS, 0,
				  MACH_PORT_NULL, MACH_MSG_TYPE_MAKE_SEND_ONCE, &old);
  if (MACH_PORT_VALID (old))
    mach_port_deallocate (mach_task_self (), old);
  return right;
}

mach_port_t
ports_get_right (void *object)
{
  struct port_info *port = object;
  mach_port_t right = MACH_PORT_NULL;
  pthread_mutex_lock (&libports_lock);
  if (MACH_PORT_VALID (port->port_right))
    {
      port->mscount++;
      if (!expect_senders (port))
	right = port->port_right;
    }
  pthread_mutex_unlock (&libports_lock);
  return right;
}

mach_port_t
ports_get_send_right (void *object)
{
  mach_port_t right = ports_get_right (object);
  if (right != MACH_PORT_NULL
      && mach_port_insert_right (mach_task_self (), right, right, MACH_MSG_TYPE_MAKE_SEND))
    return MACH_PORT_NULL;
  return right;
}

void
ports_no_senders (void *object, mach_port_mscount_t mscount)
{
  struct port_info *port = object;
  bool ended = false;
  mach_port_t old = MACH_PORT_NULL;
  pthread_mutex_lock (&libports_lock);
  if (port->flags & PORT_HAS_SENDRIGHTS && mscount >= port->mscount)
    {
      ended = true;
      port->flags &= ~PORT_HAS_SENDRIGHTS;
    }
  else if (port->flags & PORT_HAS_SENDRIGHTS)
    /* A send right was promised and is about to be made.  */
    mach_port_request_notification (mach_task_self (), port->port_right,
				    MACH_NOTIFY_NO_SENDERS, port->mscount,
				    port->port_right, MACH_MSG_TYPE_MAKE_SEND_ONCE, &old);
  pthread_mutex_unlock (&libports_lock);
  if (MACH_PORT_VALID (old))
    mach_port_deallocate (mach_task_self (), old);
  if (ended)
    ports_port_deref (port);
}
