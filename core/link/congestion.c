/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/link/congestion.h"

#include <string.h>

#define US_PER_S UINT64_C (1000000)

/* A few of the largest suffice: that a path takes them does not make it fast.  */
static uint64_t
window_min (const struct congestion *c)
{
  uint64_t several = (uint64_t) LINK_WINDOW_MIN_DATAGRAMS * c->base;
  uint64_t few = (uint64_t) LINK_WINDOW_MIN_LARGE * c->datagram;
  return several > few ? several : few;
}

static void
set_window (struct congestion *c, uint64_t window)
{
  if (window > c->window_max)
    window = c->window_max;
  if (window < window_min (c))
    window = window_min (c);
  c->window = window;
}

void
congestion_init (struct congestion *c, uint32_t datagram_bytes, uint64_t window_max,
		 uint64_t now)
{
  memset (c, 0, sizeof *c);
  c->datagram = c->base = datagram_bytes;
  c->window_max = window_max;
  c->startup = true;
  c->round_time = c->rtt_time = c->rate_time = c->sent_time = now;
  set_window (c, (uint64_t) LINK_INITIAL_DATAGRAMS * datagram_bytes);
}

void
congestion_datagram (struct congestion *c, uint32_t bytes)
{
  c->datagram = bytes;
  set_window (c, c->window);
}

static void
note_rtt (struct congestion *c, uint64_t now, uint64_t rtt)
{
  if (now - c->rtt_time >= LINK_RTT_BUCKET_US)
    {
      c->rtt_min[1] = c->rtt_min[0];
      c->rtt_min[0] = 0;
      c->rtt_time = now;
    }
  if (c->rtt_min[0] == 0 || rtt < c->rtt_min[0])
    c->rtt_min[0] = rtt;
}

static uint64_t
least_rtt (const struct congestion *c)
{
  uint64_t a = c->rtt_min[0], b = c->rtt_min[1];
  return a == 0 || (b != 0 && b < a) ? b : a;
}

static uint64_t
greatest_rate (const struct congestion *c)
{
  return c->rate[0] > c->rate[1] ? c->rate[0] : c->rate[1];
}

/* A rate measured while the caller had little to send says only that at least
   so much is possible.  */
static void
note_rate (struct congestion *c, uint64_t now, uint64_t rate)
{
  if (!c->limited && rate <= greatest_rate (c))
    return;
  if (now - c->rate_time >= LINK_RATE_BUCKET_US)
    {
      c->rate[1] = c->rate[0];
      c->rate[0] = 0;
      c->rate_time = now;
    }
  if (rate > c->rate[0])
    c->rate[0] = rate;
}

static uint64_t
cap_of (const struct congestion *c)
{
  uint64_t rate = greatest_rate (c);
  if (rate == 0)
    return c->window_max;
  uint64_t span = least_rtt (c) + LINK_QUEUE_TARGET_US;
  if (rate > UINT64_MAX / 5 / (span + 1))
    return c->window_max;
  return rate * span / US_PER_S * 5 / 4;
}

static void
shrink (struct congestion *c, uint64_t now, uint64_t next, unsigned percent)
{
  c->knee = c->window;
  c->knee_time = now;
  c->startup = false;
  c->cut_end = next;
  c->trial_loss = 0;
  set_window (c, c->window / 100 * percent);
}

static void
count_losses (uint32_t *acked, uint32_t *lost, const struct congestion_ack *a)
{
  *acked += a->acked;
  *lost += a->lost;
  *lost -= a->spurious < *lost ? a->spurious : *lost;
}

static void
judge_losses (struct congestion *c, uint64_t now, const struct congestion_ack *a)
{
  count_losses (&c->sample_acked, &c->sample_lost, a);
  uint32_t total = c->sample_acked + c->sample_lost;
  if (total < LINK_LOSS_SAMPLE)
    return;
  c->loss_percent = (unsigned) ((uint64_t) c->sample_lost * 100 / total);
  c->sample_acked = c->sample_lost = 0;
  if (c->loss_percent > LINK_LOSS_CUT_PERCENT && a->largest >= c->cut_end)
    shrink (c, now, a->next, LINK_CUT_TO_PERCENT);
}

static void
begin_trial (struct congestion *c, uint32_t loss, uint64_t next)
{
  c->trial_loss = loss;
  c->trial_window = c->window;
  c->trial_from = next;
  set_window (c, c->window / 100 * LINK_TRIAL_TO_PERCENT);
}

static void
end_trial (struct congestion *c, uint64_t now, uint32_t loss)
{
  bool ours = loss < c->trial_loss / 2;
  c->trial_loss = 0;
  if (ours)
    {
      c->knee = c->trial_window;
      c->knee_time = now;
      return;
    }
  c->trial_rest = LINK_TRIAL_REST;
  if (c->window < c->trial_window)
    set_window (c, c->trial_window);
}

/* Do the losses come from us?  Less in flight, fewer losses: yes.  */
static void
try_losses (struct congestion *c, uint64_t now, const struct congestion_ack *a)
{
  if (c->startup || a->largest < c->trial_from)
    {
      c->long_acked = c->long_lost = 0;
      return;
    }
  count_losses (&c->long_acked, &c->long_lost, a);
  uint32_t total = c->long_acked + c->long_lost;
  if (total < LINK_TRIAL_SAMPLE)
    return;
  uint32_t loss = (uint32_t) ((uint64_t) c->long_lost * 1000 / total);
  c->long_acked = c->long_lost = 0;
  if (c->trial_loss)
    end_trial (c, now, loss);
  else if (c->trial_rest)
    c->trial_rest--;
  else if (loss >= LINK_TRIAL_PERMILLE)
    begin_trial (c, loss, a->next);
}

/* Slowly where it was too much last time, and not beyond that soon.  */
static void
grow (struct congestion *c, uint64_t now, uint64_t bytes)
{
  if (!c->limited || c->trial_loss)
    return;
  if (c->startup)
    set_window (c, c->window + bytes);
  else if (c->loss_percent > LINK_LOSS_HOLD_PERCENT)
    return;
  else if (c->window > c->knee / 10 * 11 || c->window < c->knee / 100 * 80)
    set_window (c, c->window + bytes / 8 + 1);
  else if (c->window < c->knee / 100 * 95 || now - c->knee_time >= LINK_KNEE_US)
    set_window (c, c->window + bytes / 64 + 1);
}

static void
end_round (struct congestion *c, uint64_t now, const struct congestion_ack *a)
{
  if (a->largest < c->round_end || now - c->round_time < LINK_ROUND_US)
    return;
  if (c->round_end != 0)
    note_rate (c, now, c->round_bytes * US_PER_S / (now - c->round_time));
  if (c->limited && c->window > cap_of (c))
    {
      c->startup = false;
      set_window (c, cap_of (c));
    }
  c->round_end = a->next;
  c->round_time = now;
  c->round_bytes = 0;
  c->limited = false;
}

void
congestion_acked (struct congestion *c, uint64_t now, const struct congestion_ack *a)
{
  if (a->rtt)
    note_rtt (c, now, a->rtt);
  c->round_bytes += a->bytes;
  judge_losses (c, now, a);
  try_losses (c, now, a);
  grow (c, now, a->bytes);
  end_round (c, now, a);
}

void
congestion_sending (struct congestion *c, uint64_t now, uint64_t flight_bytes)
{
  uint64_t burst = (uint64_t) LINK_IDLE_DATAGRAMS * c->datagram;
  uint64_t pause = now - c->sent_time;
  if (flight_bytes == 0 && pause >= least_rtt (c) + LINK_QUEUE_TARGET_US)
    {
      if (pause >= LINK_IDLE_US && c->window > burst)
	set_window (c, burst);
      /* A pause is no part of a round.  */
      c->round_end = 0;
      c->round_time = now;
      c->round_bytes = 0;
    }
  c->sent_time = now;
}

void
congestion_probe (struct congestion *c, unsigned count)
{
  if (count >= 3)
    set_window (c, c->window / 2);
}
