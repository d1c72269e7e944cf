/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pager from its beginning to its end.  */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "libpager/internal.h"

#define NO_MEMORY_PAUSE_NS 10000000

struct port_class *libpager_class, *libpager_side_class;
mach_msg_timeout_t libpager_limit_ms = PAGER_LIMIT_MS;
static uint64_t hold_us = PAGER_HOLD_US;
static uint32_t ahead_pages = PAGER_AHEAD_PAGES;

void
pager_set_defaults (uint64_t hold, unsigned limit_ms, unsigned ahead)
{
  hold_us = hold;
  libpager_limit_ms = limit_ms ? limit_ms : 1;
  ahead_pages = ahead ? ahead : 1;
}

static void *
engine_alloc (void *ctx, size_t bytes)
{
  return malloc (bytes);
}

static void
engine_free (void *ctx, void *at, size_t bytes)
{
  free (at);
}

/* Nobody can reach it, and it has no clients: each has a reference.  */
static void
clean (void *object)
{
  struct pager *pager = object;
  if (pager->read_only)
    {
      ports_destroy_right (pager->read_only);
      ports_port_deref (pager->read_only);
    }
  pages_destroy (pager->pages);
  if (pager->complete)
    pager_clear_user_data (pager->upi);
  pthread_cond_destroy (&pager->woken);
  pthread_mutex_destroy (&pager->lock);
}

static void
clean_side (void *object)
{
  struct side_port *side = object;
  if (side->kind == OBJECT_CHANGES)
    ports_port_deref (side->pager);
}

static void
dropweak (void *object)
{
  struct pager *pager = object;
  if (pager->complete)
    pager_dropweak (pager->upi);
}

static void __attribute__ ((constructor))
make_classes (void)
{
  libpager_class = ports_create_class (clean, dropweak);
  libpager_side_class = ports_create_class (clean_side, NULL);
}

static enum dr_status
create_engine (struct pager *pager, bool may_cache, int copy_strategy, bool notify)
{
  struct pages_config config;
  static const struct dr_alloc alloc = { engine_alloc, engine_free, NULL };
  pages_config_default (&config);
  config.page_bytes = vm_page_size;
  config.may_cache = may_cache;
  config.copy_strategy = copy_strategy;
  config.notify_on_evict = notify;
  config.hold_us = hold_us;
  config.limit_us = (uint64_t) libpager_limit_ms * 1000;
  /* Who wants to hear of evictions changes what pages stand for: none may come unasked.  */
  config.ahead_pages = notify ? 1 : ahead_pages;
  config.lost_error = config.extent_error = config.shutdown_error = EIO;
  config.read_only_error = EROFS;
  return pages_create (&config, &alloc, &pager->pages);
}

/* With UPI, or with MORE bytes for one.  */
static struct pager *
create (struct user_pager_info *upi, size_t more, struct port_bucket *bucket, bool may_cache,
	int copy_strategy, bool notify)
{
  struct pager *pager;
  struct pager_requests *requests = requests_of (bucket);
  error_t error = requests ? ports_create_port_noinstall (libpager_class, bucket,
							  sizeof *pager + more, &pager)
		  : ENOMEM;
  if (error)
    {
      errno = error;
      return NULL;
    }
  memset ((char *) pager + sizeof pager->port, 0, sizeof *pager - sizeof pager->port);
  pager->upi = more ? (struct user_pager_info *) (pager + 1) : upi;
  pager->requests = requests;
  pager->to_submit_end = &pager->to_submit;
  pthread_mutex_init (&pager->lock, NULL);
  pthread_cond_init (&pager->woken, NULL);
  pager->complete
    = create_engine (pager, may_cache, copy_strategy, notify) == DR_OK
      && !mach_port_move_member (mach_task_self (), pager->port.port_right, bucket->portset);
  if (pager->complete)
    return pager;
  ports_port_deref (pager);
  errno = ENOMEM;
  return NULL;
}

struct pager *
pager_create (struct user_pager_info *upi, struct port_bucket *bucket, boolean_t may_cache,
	      memory_object_copy_strategy_t copy_strategy, boolean_t notify_on_evict)
{
  return create (upi, 0, bucket, may_cache, copy_strategy, notify_on_evict);
}

struct pager *
pager_create_alloc (size_t upi_bytes, struct port_bucket *bucket, boolean_t may_cache,
		    memory_object_copy_strategy_t copy_strategy, boolean_t notify_on_evict)
{
  return create (NULL, upi_bytes, bucket, may_cache, copy_strategy, notify_on_evict);
}

struct user_pager_info *
pager_get_upi (struct pager *pager)
{
  return pager->upi;
}

mach_port_t
pager_get_port (struct pager *pager)
{
  mach_port_t right = ports_get_right (pager);
  return MACH_PORT_VALID (right) ? right : MACH_PORT_NULL;
}

struct side_port *
side_port_new (struct pager *pager, enum object_kind kind, uint32_t client)
{
  struct side_port *side;
  struct port_bucket *bucket = pager->requests->side;
  if (!requests_serve_side (pager->requests))
    {
      errno = ENOMEM;
      return NULL;
    }
  errno = ports_create_port_noinstall (libpager_side_class, bucket, sizeof *side, &side);
  if (errno)
    return NULL;
  side->kind = kind;
  side->pager = pager;
  side->client = client;
  if (kind == OBJECT_CHANGES)
    ports_port_ref (pager);	/* the client's may end while a message to it is served */
  mach_port_move_member (mach_task_self (), side->port.port_right, bucket->portset);
  return side;
}

/* --- The engine ---------------------------------------------------------------------- */

void
engine_enter (struct pager *pager)
{
  pthread_mutex_lock (&pager->lock);
}

bool
engine_act (struct pager *pager)
{
  struct pages_action action;
  while (pages_next (pager->pages, &action))
    switch (action.kind)
      {
      case PAGES_STORE_READ:
      case PAGES_STORE_WRITE:
      case PAGES_STORE_UNLOCK:
      case PAGES_NOTIFY_EVICT:
	store_submit (pager, &action);
	break;
      case PAGES_WAKE:
	calls_wake (pager, action.cookie, action.error);
	break;
      default:
	client_send (pager, &action);
	break;
      }
  return timer_arm (pager, pages_deadline (pager->pages));
}

void
engine_submit (struct pager *pager, struct job *job)
{
  job->next = NULL;
  *pager->to_submit_end = job;
  pager->to_submit_end = &job->next;
}

static struct job *
take_jobs (struct pager *pager)
{
  struct job *first = pager->to_submit;
  pager->to_submit = NULL;
  pager->to_submit_end = &pager->to_submit;
  return first;
}

static void
submit (struct pager_requests *requests, struct job *job)
{
  for (struct job *next; job; job = next)
    {
      next = job->next;		/* it may be done, and gone, at once */
      requests_submit (requests, job);
    }
}

void
engine_start (struct pager *pager)
{
  submit (pager->requests, take_jobs (pager));
}

void
engine_unlock (struct pager *pager, bool deref)
{
  struct job *jobs = take_jobs (pager);
  struct pager_requests *requests = pager->requests;
  pthread_mutex_unlock (&pager->lock);
  submit (requests, jobs);
  if (deref)
    ports_port_deref (pager);
}

void
engine_leave (struct pager *pager)
{
  engine_unlock (pager, engine_act (pager));
}

void
engine_pause (struct pager *pager)
{
  struct timespec pause = { 0, NO_MEMORY_PAUSE_NS };
  pthread_mutex_unlock (&pager->lock);
  nanosleep (&pause, NULL);
  pthread_mutex_lock (&pager->lock);
}

bool
engine_extend (struct pager *pager, uint64_t pages)
{
  if (pages <= pager->extent_pages)
    return true;
  if (pages_set_extent (pager->pages, pages) != DR_OK)
    return false;
  pager->extent_pages = pages;
  return true;
}
