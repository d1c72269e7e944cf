/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When time has passed.  One thread per bucket sleeps until the first deadline of a pager
   that has one.  */
#include <time.h>

#include "libpager/internal.h"

uint64_t
now_us (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static void
disarm (struct pager *pager)
{
  *pager->armed_at = pager->next_armed;
  if (pager->next_armed)
    pager->next_armed->armed_at = pager->armed_at;
  pager->armed_at = NULL;
}

static void
arm (struct pager *pager)
{
  struct pager_requests *requests = pager->requests;
  pager->next_armed = requests->armed;
  pager->armed_at = &requests->armed;
  if (pager->next_armed)
    pager->next_armed->armed_at = &pager->next_armed;
  requests->armed = pager;
}

/* The lock is held.  */
static uint64_t
first_deadline (const struct pager_requests *requests)
{
  uint64_t first = PAGES_NEVER;
  for (const struct pager *pager = requests->armed; pager; pager = pager->next_armed)
    if (pager->deadline < first)
      first = pager->deadline;
  return first;
}

/* A pager whose time has come, with the reference that the timer had.  */
static struct pager *
due (struct pager_requests *requests, uint64_t now)
{
  for (struct pager *pager = requests->armed; pager; pager = pager->next_armed)
    if (pager->deadline <= now)
      {
	disarm (pager);
	return pager;
      }
  return NULL;
}

static void
sleep_until (struct pager_requests *requests, uint64_t at)
{
  struct timespec t = { .tv_sec = (time_t) (at / 1000000),
			.tv_nsec = (long) (at % 1000000 * 1000) };
  if (at == PAGES_NEVER || requests->inhibited)
    pthread_cond_wait (&requests->sooner, &requests->lock);
  else
    pthread_cond_timedwait (&requests->sooner, &requests->lock, &t);
}

static void *
keep_time (void *argument)
{
  struct pager_requests *requests = argument;
  pthread_mutex_lock (&requests->lock);
  for (;;)
    {
      struct pager *pager = requests->inhibited ? NULL : due (requests, now_us ());
      if (!pager)
	{
	  sleep_until (requests, first_deadline (requests));
	  continue;
	}
      pthread_mutex_unlock (&requests->lock);
      engine_enter (pager);
      pages_tick (pager->pages, now_us ());
      engine_leave (pager);
      ports_port_deref (pager);
      pthread_mutex_lock (&requests->lock);
    }
  return NULL;
}

bool
timer_arm (struct pager *pager, uint64_t deadline)
{
  struct pager_requests *requests = pager->requests;
  bool deref = false;
  pthread_mutex_lock (&requests->lock);
  if (pager->armed_at && deadline == PAGES_NEVER)
    {
      disarm (pager);
      deref = true;
    }
  else if (deadline != PAGES_NEVER)
    {
      bool sooner = deadline < first_deadline (requests);
      pager->deadline = deadline;
      if (!pager->armed_at)
	{
	  arm (pager);
	  ports_port_ref (pager);
	}
      if (!requests->timer_runs)
	requests->timer_runs = !requests_thread (keep_time, requests);
      if (sooner)
	pthread_cond_signal (&requests->sooner);
    }
  pthread_mutex_unlock (&requests->lock);
  return deref;
}
