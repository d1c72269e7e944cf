/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a session sends: which frames go into the next datagram.  */
#include <string.h>

#include "core/link/session.h"

#define RETRY_US 10000u

/* Whether to ask for an acknowledgement: a few times per window, so that they
   clock what we send, and no more often than that takes.  With less than that
   in flight nothing is to be clocked: what the peer says next will do.  */
static bool
request_due (const struct session *s)
{
  uint64_t n = s->congestion.window / s->congestion.datagram / 4;
  if (n > LINK_ACK_REQUEST_MAX)
    n = LINK_ACK_REQUEST_MAX;
  if (n < 2)
    n = 2;
  return s->since_request >= n && s->recovery.flight >= n - 1;
}

static void
write_ack (struct session *s, struct dr_out *out, uint64_t now)
{
  struct frame f = { .kind = FRAME_ACK };
  uint64_t delay = now - s->newest_time;
  struct number_range newest;

  s->unacked = 0;
  s->ack_now = false;
  if (s->acks.count == 0)
    return;
  f.delay_us = delay < UINT32_MAX ? (uint32_t) delay : UINT32_MAX;
  memcpy (f.range, s->acks.range, s->acks.count * sizeof f.range[0]);
  f.ranges = s->acks.count;
  newest = f.range[0];
  if (newest.last - newest.first > UINT32_MAX)
    {
      f.range[0].first = newest.last - UINT32_MAX;
      f.ranges = 1;
    }
  for (unsigned i = 1; i < f.ranges; i++)
    if (f.range[i - 1].first - f.range[i].first > UINT32_MAX)
      f.ranges = i;
  link_frame_write (out, &f);
}

/* Lost numbers never come: without this the receiver would list the gaps for
   ever.  Said again until everything lost lies below.  */
static void
write_floor (struct session *s, struct dr_out *out)
{
  struct frame f = { .kind = FRAME_FLOOR, .number = s->recovery.base };
  uint64_t passed = s->recovery.base - s->floor_said;
  bool gaps = s->floor_said < s->lost_top
    && (passed >= LINK_FLOOR_GAPS_EVERY || (passed && s->recovery.base >= s->lost_top));
  if (!gaps && passed < LINK_FLOOR_EVERY)
    return;
  s->floor_said = s->recovery.base;
  link_frame_write (out, &f);
}

/* Message frames until the datagram is full.  The fragments, or NULL.  */
static struct fragment *
write_messages (struct session *s, struct dr_out *out)
{
  struct fragment_list list = { NULL, NULL };
  struct fragment *fragment;
  struct frame f;

  while (sendqueue_ready (&s->queue)
	 && (fragment = sendqueue_take (&s->queue, (size_t) (out->end - out->at),
					!list.head, &f)))
    {
      uint8_t *at = link_frame_write (out, &f);
      dr_assert (at);
      sendqueue_copy (fragment, at);
      fragment_append (&list, fragment);
    }
  return list.head;
}

static size_t
finish (struct session *s, uint64_t now, uint8_t *buffer, size_t frame_bytes,
	bool eliciting, struct fragment *fragments)
{
  struct recovery_result result = { 0 };
  uint64_t number = s->recovery.next;
  size_t bytes = DATA_OVERHEAD_BYTES + frame_bytes;

  packet_head (buffer, PACKET_DATA);
  packet_put32 (buffer + DATA_RECEIVER, s->current.remote);
  packet_put64 (buffer + DATA_NUMBER, number);
  link_seal (buffer + DATA_FRAMES, frame_bytes, buffer + DATA_FRAMES + frame_bytes,
	     buffer, DATA_FRAMES, number, s->current.send);
  if (eliciting)
    congestion_sending (&s->congestion, now, s->recovery.flight_bytes);
  recovery_sent (&s->recovery, s->alloc, now, (uint32_t) bytes, eliciting, fragments, &result);
  if (result.lost_datagrams)
    session_result (s, &result, now, s->recovery.largest_acked);
  if (eliciting && !s->expect_time)
    s->expect_time = now;
  s->current.sent++;
  s->datagrams_sent++;
  return bytes;
}

/* A datagram of SIZE, to see whether it passes.  */
static size_t
try_path (struct session *s, uint64_t now, uint8_t *buffer, uint32_t size)
{
  size_t frames = size - DATA_OVERHEAD_BYTES;
  struct dr_out out = dr_out (buffer + DATA_FRAMES, frames);
  size_t bytes;

  link_frame_write (&out, &(struct frame) { .kind = FRAME_PING });
  while (out.at < out.end)
    link_frame_write (&out, &(struct frame) { .kind = FRAME_SKIP });
  bytes = finish (s, now, buffer, frames, true, NULL);
  recovery_tries_path (&s->recovery);
  return bytes;
}

size_t
session_build (struct session *s, uint64_t now, uint8_t *buffer, size_t capacity)
{
  size_t datagram = s->path.bytes;
  uint32_t larger;
  bool ready = sendqueue_ready (&s->queue);
  bool room = s->recovery.flight_bytes + datagram <= s->congestion.window
    || s->recovery.probes;
  bool due = now >= s->lazy_until || s->queue.lost_head || s->recovery.probes || s->ping
    || (s->unacked && (s->ack_now || now >= s->ack_due));
  bool data = ready && room && due;
  bool ping = s->ping || (s->recovery.probes && !data);
  bool ack = s->unacked && (s->ack_now || data || ping || now >= s->ack_due);

  dr_assert (capacity >= s->path.most);
  /* The session is over and does not know it yet.  */
  if (s->recovery.next > LINK_NUMBER_MAX)
    return 0;
  /* A peer that answers is waited for, so that there is a time after which one is lost.  */
  if (s->recovery.rtt && (larger = path_try (&s->path, now)) != 0)
    return try_path (s, now, buffer, larger);
  if (ready && due && !room)
    s->congestion.limited = true;
  if (!data && !ping && !ack)
    return 0;

  /* One byte is kept for a PING, or for a SKIP.  */
  struct dr_out out = dr_out (buffer + DATA_FRAMES,
			      datagram - DATA_OVERHEAD_BYTES - FRAME_PING_BYTES);
  struct fragment *fragments = NULL;
  if (ack)
    write_ack (s, &out, now);
  if (data)
    {
      write_floor (s, &out);
      fragments = write_messages (s, &out);
      if (s->queue.starved)
	s->retry_time = now + RETRY_US;
    }
  if (fragments)
    {
      bool blocked = sendqueue_ready (&s->queue)
	&& s->recovery.flight_bytes + 2 * datagram > s->congestion.window;
      s->since_request++;
      if (request_due (s) || blocked)
	ping = true;
      if (blocked)
	s->congestion.limited = true;
    }
  size_t used = (size_t) (out.at - (buffer + DATA_FRAMES));
  if (ping)
    {
      out.end += FRAME_PING_BYTES;
      link_frame_write (&out, &(struct frame) { .kind = FRAME_PING });
      s->ping = false;
      s->since_request = 0;
      used += FRAME_PING_BYTES;
    }
  else if (fragments && out.at == out.end)
    {
      /* A full datagram without a PING is as large as one with it: a driver
	 may hand a run of equal datagrams to the system in one call.  */
      out.end += FRAME_SKIP_BYTES;
      link_frame_write (&out, &(struct frame) { .kind = FRAME_SKIP });
      used += FRAME_SKIP_BYTES;
    }
  dr_assert (!out.bad);
  if (used == 0)
    return 0;
  return finish (s, now, buffer, used, ping || fragments, fragments);
}

size_t
session_close (struct session *s, bool fault, uint8_t *buffer)
{
  struct dr_out out = dr_out (buffer + DATA_FRAMES, LINK_NOTE_BYTES - DATA_OVERHEAD_BYTES);
  struct frame f = { .kind = FRAME_CLOSE, .close = fault ? CLOSE_FAULT : CLOSE_PLAIN };
  link_frame_write (&out, &f);
  return finish (s, s->received_time, buffer, FRAME_CLOSE_BYTES, false, NULL);
}
