/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/link/schedule.h"

#include "core/base/status.h"

static void
append (struct stream_list *list, struct out_stream *s)
{
  s->next = NULL;
  if (list->head)
    list->tail->next = s;
  else
    list->head = s;
  list->tail = s;
}

static struct out_stream *
remove_head (struct stream_list *list)
{
  struct out_stream *s = list->head;
  list->head = s->next;
  s->next = NULL;
  return s;
}

void
schedule_stream (struct sendqueue *q, struct out_stream *s)
{
  uint32_t total = s->head->total;
  dr_assert (s->head->number == 0);
  if (total <= LINK_SMALL_BYTES)
    append (&q->small, s);
  else if (schedule_is_giant (q, total))
    append (&q->giant_waiting, s);
  else
    append (&q->bulk_waiting, s);
}

static bool
window_open (const struct sendqueue *q)
{
  return !q->oldest || q->next_number - q->oldest->number < LINK_WINDOW_MESSAGES;
}

static bool
small_ready (const struct sendqueue *q)
{
  if (!q->small.head)
    return false;
  const struct out_message *m = q->small.head->head;
  return m->number != 0
    || (window_open (q) && q->small_held + sendqueue_charge (m->total) <= q->assembly_max / 4);
}

static bool
bulk_may_begin (const struct sendqueue *q)
{
  return q->bulk_waiting.head && q->bulk_active < LINK_BULK_ACTIVE_MAX && window_open (q)
    && (q->bulk_held + sendqueue_charge (q->bulk_waiting.head->head->total)
	<= q->assembly_max - q->assembly_max / 4);
}

static bool
giant_may_begin (const struct sendqueue *q)
{
  return q->giant_waiting.head && !q->giant_active && window_open (q);
}

static bool
bulk_ready (const struct sendqueue *q)
{
  return q->bulk.head || bulk_may_begin (q) || giant_may_begin (q);
}

bool
sendqueue_idle (const struct sendqueue *q)
{
  return !q->lost_head && !q->small.head && !q->bulk.head && !q->bulk_waiting.head
    && !q->giant_waiting.head;
}

bool
sendqueue_ready (const struct sendqueue *q)
{
  return q->lost_head || small_ready (q) || bulk_ready (q);
}

/* From here on the message has a number, and the receiver may hold it.  */
static void
begin (struct sendqueue *q, struct out_message *m)
{
  struct out_stream *s = m->stream;
  m->number = q->next_number++;
  if (s->last)
    {
      m->previous = s->last->number;
      m->waits = true;
      s->last->successor = m;
    }
  s->last = m;
  m->older = q->newest;
  m->newer = NULL;
  if (q->newest)
    q->newest->newer = m;
  else
    q->oldest = m;
  q->newest = m;
  if (schedule_is_giant (q, m->total))
    q->giant_active = true;
  else if (m->total <= LINK_SMALL_BYTES)
    q->small_held += sendqueue_charge (m->total);
  else
    q->bulk_held += sendqueue_charge (m->total);
}

static void
begin_bulk (struct sendqueue *q)
{
  while (bulk_may_begin (q))
    {
      struct out_stream *s = remove_head (&q->bulk_waiting);
      begin (q, s->head);
      q->bulk_active++;
      append (&q->bulk, s);
    }
  if (giant_may_begin (q))
    {
      struct out_stream *s = remove_head (&q->giant_waiting);
      begin (q, s->head);
      q->bulk_active++;
      append (&q->bulk, s);
    }
}

/* --- Frames ------------------------------------------------------------- */

static enum frame_kind
kind_of (const struct out_message *m, uint32_t offset, uint32_t bytes)
{
  if (offset != 0)
    return FRAME_MORE;
  return bytes == m->total ? FRAME_WHOLE : FRAME_FIRST;
}

/* How many of the LEFT bytes at OFFSET go into ROOM: all, or what a partial
   frame takes.  False: better a new datagram.  */
static bool
fits (const struct out_message *m, uint32_t offset, uint32_t left, size_t room,
      bool empty, uint32_t *bytes)
{
  size_t head = frame_head_bytes (kind_of (m, offset, left));
  *bytes = left;
  if (head + left <= room && left <= UINT16_MAX)
    return true;
  head = frame_head_bytes (offset ? FRAME_MORE : FRAME_FIRST);
  if ((!empty && room < LINK_SPLIT_ROOM_BYTES) || room <= head)
    return false;
  *bytes = room - head > UINT16_MAX ? UINT16_MAX : (uint32_t) (room - head);
  dr_assert (*bytes < left);
  return true;
}

static struct fragment *
describe (struct fragment *f, struct frame *frame)
{
  const struct out_message *m = f->message;
  frame->kind = kind_of (m, f->offset, f->bytes);
  frame->number = m->number;
  frame->stream = m->stream->id;
  frame->previous = m->previous;
  frame->total = m->total;
  frame->offset = f->offset;
  frame->bytes = f->bytes;
  frame->data = NULL;
  return f;
}

static struct fragment *
new_fragment (struct sendqueue *q, struct out_message *m, uint32_t offset, uint32_t bytes)
{
  struct fragment *f = sendqueue_fragment (q);
  if (!f)
    {
      q->starved = true;
      return NULL;
    }
  *f = (struct fragment) { NULL, m, offset, bytes };
  return f;
}

static struct fragment *
take_lost (struct sendqueue *q, size_t room, bool empty, struct frame *frame)
{
  struct out_message *m = q->lost_head;
  struct fragment *f = m->lost.head;
  uint32_t bytes;

  if (!fits (m, f->offset, f->bytes, room, empty, &bytes))
    return NULL;
  if (bytes < f->bytes)
    {
      struct fragment *part = new_fragment (q, m, f->offset, bytes);
      if (!part)
	return NULL;
      f->offset += bytes;
      f->bytes -= bytes;
      return describe (part, frame);
    }
  fragment_pop (&m->lost);
  if (!m->lost.head)
    {
      q->lost_head = m->next_lost;
      m->lost_queued = false;
    }
  return describe (f, frame);
}

/* The next part of the first message of the list's first stream.  */
static struct fragment *
take_next (struct sendqueue *q, struct stream_list *list, size_t room, bool empty,
	   struct frame *frame)
{
  struct out_stream *s = list->head;
  struct out_message *m = s->head;
  uint32_t bytes;

  if (!fits (m, m->sent, m->total - m->sent, room, empty, &bytes))
    return NULL;
  struct fragment *f = new_fragment (q, m, m->sent, bytes);
  if (!f)
    return NULL;
  if (m->number == 0)
    begin (q, m);
  m->sent += bytes;
  q->bytes_sent += bytes;
  describe (f, frame);
  if (m->sent == m->total)
    {
      s->head = m->next;
      m->next = NULL;
      remove_head (list);
      if (list == &q->bulk)
	q->bulk_active--;
      if (s->head)
	schedule_stream (q, s);
    }
  else if (list == &q->bulk)
    append (list, remove_head (list));
  return f;
}

struct fragment *
sendqueue_take (struct sendqueue *q, size_t room, bool empty, struct frame *frame)
{
  struct fragment *f;

  q->starved = false;
  if (q->lost_head)
    return take_lost (q, room, empty, frame);
  bool small = small_ready (q), bulk = bulk_ready (q);
  if (small && (!bulk || q->small_bytes < LINK_SMALL_TURN_BYTES))
    {
      f = take_next (q, &q->small, room, empty, frame);
      if (f)
	q->small_bytes += f->bytes + FRAME_WHOLE_BYTES;
      return f;
    }
  if (!bulk)
    return NULL;
  begin_bulk (q);
  f = take_next (q, &q->bulk, room, empty, frame);
  if (f)
    q->small_bytes = 0;
  return f;
}
