/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/link/recovery.h"

#include <string.h>

#define NEVER UINT64_MAX

static struct sent *
entry (const struct recovery *r, uint64_t number)
{
  return &r->ring[number & (r->capacity - 1)];
}

static uint64_t
greater (uint64_t a, uint64_t b)
{
  return a > b ? a : b;
}

enum dr_status
recovery_init (struct recovery *r, const struct dr_alloc *alloc)
{
  memset (r, 0, sizeof *r);
  r->ring = dr_alloc_array (alloc, LINK_RING_MIN, sizeof *r->ring);
  if (!r->ring)
    return DR_NO_MEMORY;
  r->capacity = LINK_RING_MIN;
  r->base = r->next = 1;
  r->reorder = LINK_REORDER_MIN;
  return DR_OK;
}

void
recovery_free (struct recovery *r, const struct dr_alloc *alloc, struct fragment_list *list)
{
  for (uint64_t n = r->base; n < r->next; n++)
    fragment_append (list, entry (r, n)->fragments);
  dr_free_bytes (alloc, r->ring, r->capacity * sizeof *r->ring);
  memset (r, 0, sizeof *r);
}

static uint64_t
loss_delay (const struct recovery *r)
{
  uint64_t rtt = greater (r->rtt, r->rtt_latest);
  return greater (rtt + rtt / 8, LINK_GRANULARITY_US);
}

static uint64_t
probe_delay (const struct recovery *r)
{
  uint64_t delay = LINK_PROBE_INITIAL_US;
  if (r->rtt)
    delay = r->rtt + greater (4 * r->rtt_var, LINK_GRANULARITY_US) + LINK_PEER_ACK_DELAY_US;
  uint64_t most = greater (LINK_PROBE_MAX_US, delay);
  for (unsigned i = 0; i < r->probe_count && delay < most; i++)
    delay *= 2;
  return delay < most ? delay : most;
}

/* A lost datagram stays in the ring for a while, to notice that it was only
   late; not if the room is needed.  */
static void
advance_base (struct recovery *r, uint64_t now)
{
  uint64_t keep = 4 * r->rtt + LINK_PEER_ACK_DELAY_US;
  while (r->base < r->next)
    {
      struct sent *s = entry (r, r->base);
      if (s->state == SENT_FLYING)
	break;
      if (s->state == SENT_LOST && now - s->time < keep
	  && r->next - r->base < r->capacity / 2)
	break;
      r->base++;
    }
}

static void
take_out_of_flight (struct recovery *r, struct sent *s)
{
  r->flight_bytes -= s->bytes;
  r->flight--;
}

static void
lose (struct recovery *r, struct sent *s, struct recovery_result *result)
{
  take_out_of_flight (r, s);
  s->state = SENT_LOST;
  if (s->tries_path)
    result->path_failed = true;
  else if (s->bytes > r->base_bytes)
    result->large_lost++;
  fragment_append (&result->lost, s->fragments);
  s->fragments = NULL;
}

static void
grow (struct recovery *r, const struct dr_alloc *alloc)
{
  uint32_t capacity = r->capacity * 2;
  struct sent *ring;
  if (capacity > LINK_RING_MAX)
    return;
  ring = dr_alloc_array (alloc, capacity, sizeof *ring);
  if (!ring)
    return;
  for (uint64_t n = r->base; n < r->next; n++)
    ring[n & (capacity - 1)] = *entry (r, n);
  dr_free_bytes (alloc, r->ring, r->capacity * sizeof *ring);
  r->ring = ring;
  r->capacity = capacity;
}

static void
make_room (struct recovery *r, const struct dr_alloc *alloc, uint64_t now,
	   struct recovery_result *result)
{
  if (r->next - r->base < r->capacity)
    return;
  advance_base (r, now);
  if (r->next - r->base < r->capacity)
    return;
  grow (r, alloc);
  if (r->next - r->base < r->capacity)
    return;
  lose (r, entry (r, r->base), result);
  result->lost_datagrams += !entry (r, r->base)->tries_path;
  advance_base (r, now);
}

void
recovery_sent (struct recovery *r, const struct dr_alloc *alloc, uint64_t now,
	       uint32_t bytes, bool eliciting, struct fragment *fragments,
	       struct recovery_result *result)
{
  dr_assert (eliciting || !fragments);
  make_room (r, alloc, now, result);
  struct sent *s = entry (r, r->next++);
  *s = (struct sent) { now, fragments, bytes, eliciting ? SENT_FLYING : SENT_DONE, false };
  if (!eliciting)
    {
      advance_base (r, now);
      return;
    }
  r->flight_bytes += bytes;
  r->flight++;
  r->probe_base = now;
  if (r->probes)
    r->probes--;
}

void
recovery_tries_path (struct recovery *r)
{
  struct sent *s = entry (r, r->next - 1);
  dr_assert (s->state == SENT_FLYING && !s->fragments);
  s->tries_path = true;
}

static void
measure (struct recovery *r, uint64_t sample, uint64_t delay)
{
  sample = greater (sample, 1);
  r->rtt_latest = sample;
  if (r->rtt_min == 0 || sample < r->rtt_min)
    r->rtt_min = sample;
  if (sample >= r->rtt_min + delay)
    sample -= delay;
  if (r->rtt == 0)
    {
      r->rtt = sample;
      r->rtt_var = sample / 2;
      return;
    }
  uint64_t off = r->rtt > sample ? r->rtt - sample : sample - r->rtt;
  r->rtt_var = (3 * r->rtt_var + off) / 4;
  r->rtt = greater ((7 * r->rtt + sample) / 8, 1);
}

static void
detect_lost (struct recovery *r, uint64_t now, struct recovery_result *result)
{
  uint64_t delay = loss_delay (r);
  r->loss_time = 0;
  for (uint64_t n = r->base; n < r->largest_acked; n++)
    {
      struct sent *s = entry (r, n);
      if (s->state != SENT_FLYING)
	continue;
      if (r->largest_acked >= n + r->reorder || now >= s->time + delay)
	{
	  lose (r, s, result);
	  result->lost_datagrams += !s->tries_path;
	}
      else if (r->loss_time == 0 || s->time + delay < r->loss_time)
	r->loss_time = s->time + delay;
    }
}

static void
late_after_all (struct recovery *r, uint64_t number, struct recovery_result *result)
{
  uint64_t distance = r->largest_acked > number ? r->largest_acked - number : 0;
  result->spurious_datagrams++;
  if (distance >= r->reorder)
    r->reorder = distance < LINK_REORDER_MAX ? (uint32_t) distance + 1 : LINK_REORDER_MAX;
}

static void
acknowledge (struct recovery *r, uint64_t number, struct recovery_result *result)
{
  struct sent *s = entry (r, number);
  if (s->state != SENT_DONE && s->tries_path)
    result->path_passed = s->bytes;
  else if (s->state != SENT_DONE && s->bytes > r->base_bytes)
    result->large_acked++;
  if (s->state == SENT_LOST)
    late_after_all (r, number, result);
  if (s->state == SENT_FLYING)
    {
      take_out_of_flight (r, s);
      result->acked_bytes += s->bytes;
      result->acked_datagrams++;
      fragment_append (&result->acked, s->fragments);
      s->fragments = NULL;
    }
  s->state = SENT_DONE;
}

enum dr_status
recovery_ack (struct recovery *r, const struct frame *ack, uint64_t now,
	      struct recovery_result *result)
{
  uint64_t newest = ack->range[0].last;
  if (newest >= r->next)
    return DR_PEER_FAULT;
  if (newest >= r->base && entry (r, newest)->state == SENT_FLYING)
    {
      result->rtt = greater (now - entry (r, newest)->time, 1);
      measure (r, result->rtt, ack->delay_us);
    }
  r->largest_acked = greater (r->largest_acked, newest);
  for (unsigned i = 0; i < ack->ranges && ack->range[i].last >= r->base; i++)
    for (uint64_t n = greater (ack->range[i].first, r->base); n <= ack->range[i].last; n++)
      acknowledge (r, n, result);
  if (result->acked_datagrams)
    {
      r->probe_count = 0;
      r->probe_base = now;
    }
  detect_lost (r, now, result);
  advance_base (r, now);
  return DR_OK;
}

/* Nothing was heard for too long: the oldest datagrams go again, with new
   numbers, and the answer to them shows what became of the others.  */
static void
probe (struct recovery *r, uint64_t now, struct recovery_result *result)
{
  r->probes = LINK_PROBE_DATAGRAMS;
  r->probe_count++;
  r->probe_base = now;
  unsigned left = LINK_PROBE_DATAGRAMS;
  for (uint64_t n = r->base; n < r->next && left && r->flight > 1; n++)
    if (entry (r, n)->state == SENT_FLYING)
      {
	lose (r, entry (r, n), result);
	left--;
      }
  /* The last one's contents go too, but the timer must keep running.  */
  for (uint64_t n = r->base; n < r->next && left; n++)
    {
      struct sent *s = entry (r, n);
      if (s->state != SENT_FLYING)
	continue;
      fragment_append (&result->lost, s->fragments);
      s->fragments = NULL;
      break;
    }
}

void
recovery_tick (struct recovery *r, uint64_t now, struct recovery_result *result)
{
  if (r->loss_time && now >= r->loss_time)
    detect_lost (r, now, result);
  else if (now >= recovery_deadline (r))
    probe (r, now, result);
  advance_base (r, now);
}

uint64_t
recovery_deadline (const struct recovery *r)
{
  if (r->loss_time)
    return r->loss_time;
  if (r->flight == 0)
    return NEVER;
  return r->probe_base + probe_delay (r);
}
