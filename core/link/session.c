/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session's life, time, and what comes in.  What goes out is in build.c.  */
#include "core/link/session.h"

#include <string.h>

#include "core/link/noise.h"

void
keypair_wipe (struct keypair *key)
{
  noise_wipe (key, sizeof *key);
}

struct session *
session_new (const struct link_config *config, const struct dr_alloc *alloc,
	     const struct session_terms *terms, const struct keypair *key,
	     const struct link_address *address, uint64_t now)
{
  struct session *s = dr_alloc_zeroed (alloc, sizeof *s);
  struct fragment_list none = { NULL, NULL };
  if (!s)
    return NULL;
  s->config = config;
  s->alloc = alloc;
  s->terms = *terms;
  s->current = *key;
  s->address = *address;
  s->received_time = s->ping_time = now;
  congestion_init (&s->congestion, config->datagram_bytes, config->window_bytes_max, now);
  path_init (&s->path, config->datagram_bytes, config->datagram_bytes_most);
  if (recovery_init (&s->recovery, alloc) != DR_OK)
    goto no_recovery;
  s->recovery.base_bytes = config->datagram_bytes;
  if (sendqueue_init (&s->queue, alloc, terms->assembly_bytes, terms->message_bytes,
		      config->send_bytes_max, config->send_messages_max) != DR_OK)
    goto no_queue;
  if (assembly_init (&s->assembly, alloc, terms->assembly_bytes, terms->message_bytes) != DR_OK)
    goto no_assembly;
  s->assembly.new_buffer = config->new_buffer;
  s->assembly.new_buffer_ctx = config->new_buffer_ctx;
  return s;

no_assembly:
  sendqueue_free (&s->queue, &none);
no_queue:
  recovery_free (&s->recovery, alloc, &none);
no_recovery:
  noise_wipe (s, sizeof *s);
  dr_free_bytes (alloc, s, sizeof *s);
  return NULL;
}

void
session_end (struct session *s, enum link_down why)
{
  struct fragment_list flying = { NULL, NULL };
  s->down = why;
  recovery_free (&s->recovery, s->alloc, &flying);
  sendqueue_free (&s->queue, &flying);
  keypair_wipe (&s->current);
  keypair_wipe (&s->previous);
}

void
session_free (struct session *s)
{
  const struct dr_alloc *alloc = s->alloc;
  session_end (s, s->down);
  assembly_free (&s->assembly);
  noise_wipe (s, sizeof *s);
  dr_free_bytes (alloc, s, sizeof *s);
}

void
session_rekey (struct session *s, const struct keypair *key)
{
  s->previous = s->current;
  s->current = *key;
  s->rekeys++;
}

/* --- Input -------------------------------------------------------------- */

static void
path_result (struct session *s, const struct recovery_result *result, uint64_t now)
{
  uint32_t before = s->path.bytes;
  if (result->path_passed)
    path_passed (&s->path, now, result->path_passed);
  if (result->path_failed)
    path_failed (&s->path, now);
  path_used (&s->path, now, result->large_acked, result->large_lost);
  if (s->path.bytes != before)
    congestion_datagram (&s->congestion, s->path.bytes);
}

void
session_result (struct session *s, struct recovery_result *result, uint64_t now,
		uint64_t largest)
{
  struct congestion_ack ack =
    { result->acked_bytes, result->acked_datagrams, result->lost_datagrams,
      result->spurious_datagrams, result->rtt, largest, s->recovery.next };
  if (result->lost.head)
    s->lost_top = s->recovery.next;
  s->datagrams_lost += result->lost_datagrams;
  s->datagrams_spurious += result->spurious_datagrams;
  sendqueue_lost (&s->queue, &result->lost);
  sendqueue_acked (&s->queue, &result->acked);
  congestion_acked (&s->congestion, now, &ack);
  path_result (s, result, now);
}

static bool
take_ack (struct session *s, const struct frame *f, uint64_t now)
{
  struct recovery_result result = { 0 };
  if (recovery_ack (&s->recovery, f, now, &result) != DR_OK)
    return false;
  session_result (s, &result, now, f->range[0].last);
  return true;
}

static bool
frames_are_well_formed (const uint8_t *frames, size_t bytes)
{
  struct dr_in in = dr_in (frames, bytes);
  struct frame f;
  while (link_frame_read (&in, &f))
    ;
  return !in.bad;
}

struct reading
{
  bool eliciting;		/* the datagram wants an acknowledgement */
  bool dropped;			/* a part of it could not be kept */
};

/* Takes one frame.  False: s->down is set.  */
static bool
take_frame (struct session *s, const struct frame *f, uint64_t now, struct reading *r)
{
  switch (f->kind)
    {
    case FRAME_PING:
      r->eliciting = true;
      s->ack_now = true;
      return true;
    case FRAME_SKIP:
      return true;
    case FRAME_ACK:
      if (take_ack (s, f, now))
	return true;
      s->down = LINK_DOWN_PROTOCOL;
      return false;
    case FRAME_FLOOR:
      acks_floor (&s->acks, f->number < s->replay.top ? f->number : s->replay.top);
      return true;
    case FRAME_CLOSE:
      s->down = f->close == CLOSE_FAULT ? LINK_DOWN_FAULT : LINK_DOWN_PEER;
      return false;
    case FRAME_WHOLE:
    case FRAME_FIRST:
    case FRAME_MORE:
      r->eliciting = true;
      switch (assembly_frame (&s->assembly, f))
	{
	case ASSEMBLY_TAKEN:
	  return true;
	case ASSEMBLY_DROPPED:
	  r->dropped = true;
	  return true;
	case ASSEMBLY_FAULT:
	  break;
	}
    }
  s->down = LINK_DOWN_PROTOCOL;
  return false;
}

static void
note_received (struct session *s, uint64_t number, const struct reading *r, uint64_t now)
{
  bool out_of_order;
  if (r->dropped)
    return;
  out_of_order = acks_add (&s->acks, number);
  if (number == s->replay.top)
    s->newest_time = now;
  if (!r->eliciting)
    return;
  if (s->unacked++ == 0)
    s->ack_due = now + s->config->ack_delay_us;
  if (out_of_order || s->unacked >= LINK_ACK_EVERY)
    s->ack_now = true;
}

enum session_input
session_frames (struct session *s, uint64_t number, const uint8_t *frames, size_t bytes,
		uint64_t now)
{
  struct dr_in in = dr_in (frames, bytes);
  struct reading reading = { false, false };
  struct frame f;

  replay_mark (&s->replay, number);
  s->received_time = now;
  s->expect_time = 0;
  s->graced = false;
  s->datagrams_received++;
  /* The whole datagram is looked at before any of it changes anything.  */
  if (!frames_are_well_formed (frames, bytes))
    {
      s->down = LINK_DOWN_PROTOCOL;
      return SESSION_CLOSED;
    }
  while (link_frame_read (&in, &f))
    if (!take_frame (s, &f, now, &reading))
      return SESSION_CLOSED;
  note_received (s, number, &reading, now);
  return reading.dropped ? SESSION_SHORT : SESSION_TAKEN;
}

/* --- Sending ------------------------------------------------------------ */

enum dr_status
session_push (struct session *s, uint64_t stream, const struct dr_slice *slices, size_t count,
	      uint64_t now, uint64_t patience_us)
{
  bool idle = sendqueue_idle (&s->queue);
  enum dr_status status = sendqueue_push (&s->queue, stream, slices, count);
  if (status != DR_OK)
    return status;
  if (!patience_us)
    s->lazy_until = 0;
  else if (idle)
    s->lazy_until = now + patience_us;
  return DR_OK;
}

/* --- Time --------------------------------------------------------------- */

static uint64_t
later (uint64_t a, uint64_t b)
{
  return a > b ? a : b;
}

static uint64_t
sooner (uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

static uint64_t
ping_at (const struct session *s)
{
  return later (s->received_time, s->ping_time) + s->config->dead_us / 3;
}

/* When a silent peer is given up: the whole time after it was last heard, and
   most of it after something was sent that it should have answered.  */
static uint64_t
dead_at (const struct session *s)
{
  uint64_t dead = s->config->dead_us;
  if (!s->expect_time)
    return LINK_NEVER;
  return later (s->received_time + dead, s->expect_time + (dead - dead / 3));
}

/* The end that did not begin the last handshake waits a little longer, so that
   normally only one begins the next.  */
static uint64_t
and_quarter (const struct session *s, uint64_t v)
{
  return s->current.initiator ? v
    : v / LINK_REKEY_RESPONDER_DEN * LINK_REKEY_RESPONDER_NUM;
}

uint64_t
session_keys_at (const struct session *s)
{
  if (s->current.sent >= and_quarter (s, s->config->rekey_datagrams))
    return 0;
  return s->current.created + and_quarter (s, s->config->rekey_us);
}

static uint64_t
keys_end_at (const struct session *s)
{
  return s->current.created + LINK_KEY_AGE_FACTOR * s->config->rekey_us;
}

/* Dead, unless it was us who were absent: we cannot blame a peer whose answers
   may be waiting to be read.  That excuse counts once.  */
static void
judge_silence (struct session *s, uint64_t now)
{
  uint64_t dead = s->config->dead_us;
  if (now < dead_at (s))
    return;
  if (now - dead_at (s) <= dead / 8 || s->graced)
    {
      s->down = LINK_DOWN_DEAD;
      return;
    }
  s->graced = true;
  s->expect_time = now;
  s->received_time = now - dead / 3;
  s->ping = true;
}

void
session_tick (struct session *s, uint64_t now)
{
  struct recovery_result result = { 0 };
  unsigned probes = s->recovery.probe_count;

  judge_silence (s, now);
  if (now >= keys_end_at (s) || s->recovery.next >= LINK_NUMBER_MAX)
    s->down = LINK_DOWN_KEYS;
  if (s->down)
    return;
  if (now >= ping_at (s))
    {
      s->ping = true;
      s->ping_time = now;
    }
  if (s->previous.valid && now >= s->previous.used + LINK_PREVIOUS_KEY_US)
    keypair_wipe (&s->previous);
  if (s->unacked && now >= s->ack_due)
    s->ack_now = true;
  s->retry_time = 0;
  if (now >= s->lazy_until)
    s->lazy_until = 0;
  recovery_tick (&s->recovery, now, &result);
  session_result (s, &result, now, s->recovery.largest_acked);
  if (s->recovery.probe_count > probes)
    congestion_probe (&s->congestion, s->recovery.probe_count);
}

uint64_t
session_deadline (const struct session *s)
{
  uint64_t at = sooner (ping_at (s), dead_at (s));
  at = sooner (at, keys_end_at (s));
  at = sooner (at, recovery_deadline (&s->recovery));
  if (s->recovery.rtt)
    at = sooner (at, path_deadline (&s->path));
  if (s->unacked)
    at = sooner (at, s->ack_due);
  if (s->retry_time)
    at = sooner (at, s->retry_time);
  if (s->lazy_until && sendqueue_ready (&s->queue))
    at = sooner (at, s->lazy_until);
  if (s->previous.valid)
    at = sooner (at, s->previous.used + LINK_PREVIOUS_KEY_US);
  return at;
}
