/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding objects, and how long they live.  */
#include "internal.h"

static struct port_info *
checked (struct port_info *port, struct port_bucket *bucket, struct port_class *class)
{
  if (!port || (bucket && port->bucket != bucket) || (class && port->class != class))
    return NULL;
  port->hard++;
  return port;
}

void *
ports_lookup_port (struct port_bucket *bucket, mach_port_t name, struct port_class *class)
{
  struct port_info *port;
  pthread_mutex_lock (&libports_lock);
  port = MACH_PORT_VALID (name) ? checked (libports_find (name), bucket, class) : NULL;
  pthread_mutex_unlock (&libports_lock);
  return port;
}

void *
ports_lookup_payload (struct port_bucket *bucket, uintptr_t payload,
		      struct port_class *class)
{
  struct port_info *port = (struct port_info *) payload;
  pthread_mutex_lock (&libports_lock);
  port = port && MACH_PORT_VALID (port->port_right) ? checked (port, bucket, class) : NULL;
  pthread_mutex_unlock (&libports_lock);
  return port;
}

mach_port_t
ports_payload_get_name (uintptr_t payload)
{
  return payload ? ((struct port_info *) payload)->port_right : MACH_PORT_NULL;
}

void
ports_port_ref (void *object)
{
  struct port_info *port = object;
  pthread_mutex_lock (&libports_lock);
  port->hard++;
  pthread_mutex_unlock (&libports_lock);
}

void
ports_port_ref_weak (void *object)
{
  struct port_info *port = object;
  pthread_mutex_lock (&libports_lock);
  port->weak++;
  pthread_mutex_unlock (&libports_lock);
}

/* The lock is held.  With the last reference the object cannot be found any more.  */
static bool
is_last (struct port_info *port, mach_port_t *right)
{
  if (port->hard || port->weak)
    return false;
  *right = port->port_right;
  if (MACH_PORT_VALID (*right))
    libports_remove (port);
  port->port_right = MACH_PORT_DEAD;
  port->class->count--;
  port->bucket->count--;
  return true;
}

static void
end (struct port_info *port, mach_port_t right)
{
  if (MACH_PORT_VALID (right))
    mach_port_mod_refs (mach_task_self (), right, MACH_PORT_RIGHT_RECEIVE, -1);
  if (port->class->clean_routine)
    port->class->clean_routine (port);
  free (port);
}

void
ports_port_deref (void *object)
{
  struct port_info *port = object;
  mach_port_t right;
  bool last, dropweak;
  pthread_mutex_lock (&libports_lock);
  port->hard--;
  /* While weak ones are asked to go, this one is weak itself.  */
  port->weak++;
  dropweak = port->class->dropweak_routine && port->hard == 0 && port->weak > 1;
  pthread_mutex_unlock (&libports_lock);
  if (dropweak)
    port->class->dropweak_routine (port);
  pthread_mutex_lock (&libports_lock);
  port->weak--;
  last = is_last (port, &right);
  pthread_mutex_unlock (&libports_lock);
  if (last)
    end (port, right);
}

void
ports_port_deref_weak (void *object)
{
  struct port_info *port = object;
  mach_port_t right;
  bool last;
  pthread_mutex_lock (&libports_lock);
  port->weak--;
  last = is_last (port, &right);
  pthread_mutex_unlock (&libports_lock);
  if (last)
    end (port, right);
}

/* --- All of them ------------------------------------------------------------------ */

static int
count (int *flags, const int *number)
{
  int result;
  pthread_mutex_lock (&libports_lock);
  *flags |= NO_ALLOC;
  result = *number;
  pthread_mutex_unlock (&libports_lock);
  return result;
}

static void
enable (int *flags)
{
  pthread_mutex_lock (&libports_lock);
  *flags &= ~NO_ALLOC;
  pthread_cond_broadcast (&libports_enabled);
  pthread_mutex_unlock (&libports_lock);
}

int
ports_count_class (struct port_class *class)
{
  return count (&class->flags, &class->count);
}

int
ports_count_bucket (struct port_bucket *bucket)
{
  return count (&bucket->flags, &bucket->count) - 1;	/* the notify port is the bucket's own */
}

void
ports_enable_class (struct port_class *class)
{
  enable (&class->flags);
}

void
ports_enable_bucket (struct port_bucket *bucket)
{
  enable (&bucket->flags);
}

static error_t
iterate (struct port_bucket *bucket, struct port_class *class, error_t (*fun) (void *port))
{
  size_t ports = 0, i = 0;
  struct port_info **all = NULL;
  error_t error = 0;
  pthread_mutex_lock (&libports_lock);
  for (struct port_info *port = libports_each (NULL); port; port = libports_each (port))
    ports++;
  if (ports)
    all = malloc (ports * sizeof *all);
  ports = 0;
  for (struct port_info *port = all ? libports_each (NULL) : NULL; port; port = libports_each (port))
    if (checked (port, bucket, class))
      all[ports++] = port;
  pthread_mutex_unlock (&libports_lock);
  for (i = 0; i < ports; i++)
    {
      if (!error && !ports_port_is_notify (all[i]))
	error = fun (all[i]);
      ports_port_deref (all[i]);
    }
  free (all);
  return error;
}

error_t
ports_bucket_iterate (struct port_bucket *bucket, error_t (*fun) (void *port))
{
  return iterate (bucket, NULL, fun);
}

error_t
ports_class_iterate (struct port_class *class, error_t (*fun) (void *port))
{
  return iterate (NULL, class, fun);
}
