/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queueing, acknowledging and freeing messages.  What goes next is chosen in
   schedule.c.  */
#include "core/link/sendqueue.h"

#include <assert.h>
#include <string.h>

#include "core/link/link.h"
#include "core/link/schedule.h"

#define TABLE_MIN 16u
static_assert (LINK_SMALL_BYTES == LINK_SMALL_MESSAGE_BYTES, "the header says so");

static size_t
message_bytes (uint32_t slices)
{
  return sizeof (struct out_message) + slices * sizeof (struct dr_slice);
}

uint64_t
sendqueue_charge (uint32_t total)
{
  return (uint64_t) total + LINK_MESSAGE_OVERHEAD_BYTES;
}

enum dr_status
sendqueue_init (struct sendqueue *q, const struct dr_alloc *alloc, uint64_t assembly_max,
		uint64_t message_max, uint64_t bytes_max, uint32_t messages_max)
{
  memset (q, 0, sizeof *q);
  q->alloc = alloc;
  q->assembly_max = assembly_max;
  q->message_max = message_max;
  q->bytes_max = bytes_max;
  q->messages_max = messages_max;
  q->next_number = 1;
  q->table = dr_alloc_array (alloc, TABLE_MIN, sizeof *q->table);
  if (!q->table)
    return DR_NO_MEMORY;
  q->table_size = TABLE_MIN;
  return DR_OK;
}

/* --- Streams ------------------------------------------------------------ */

static uint32_t
slot_of (uint64_t id, uint32_t size)
{
  return (uint32_t) (id * UINT64_C (0x9e3779b97f4a7c15) >> 32) & (size - 1);
}

static struct out_stream *
find_stream (struct sendqueue *q, uint64_t id)
{
  struct out_stream *s = q->table[slot_of (id, q->table_size)];
  while (s && s->id != id)
    s = s->same_hash;
  return s;
}

/* A table that cannot grow only gets slower.  */
static void
grow_table (struct sendqueue *q)
{
  uint32_t size = q->table_size * 2;
  struct out_stream **table = dr_alloc_array (q->alloc, size, sizeof *table);
  if (!table)
    return;
  for (uint32_t i = 0; i < q->table_size; i++)
    for (struct out_stream *s = q->table[i], *next; s; s = next)
      {
	next = s->same_hash;
	s->same_hash = table[slot_of (s->id, size)];
	table[slot_of (s->id, size)] = s;
      }
  dr_free_bytes (q->alloc, q->table, q->table_size * sizeof *table);
  q->table = table;
  q->table_size = size;
}

static struct out_stream *
make_stream (struct sendqueue *q, uint64_t id)
{
  struct out_stream *s = dr_alloc_zeroed (q->alloc, sizeof *s);
  if (!s)
    return NULL;
  if (q->streams >= 2 * q->table_size)
    grow_table (q);
  s->id = id;
  s->same_hash = q->table[slot_of (id, q->table_size)];
  q->table[slot_of (id, q->table_size)] = s;
  q->streams++;
  return s;
}

static void
forget_idle_stream (struct sendqueue *q, struct out_stream *s)
{
  if (s->head || s->last)
    return;
  struct out_stream **at = &q->table[slot_of (s->id, q->table_size)];
  while (*at != s)
    at = &(*at)->same_hash;
  *at = s->same_hash;
  q->streams--;
  dr_free_bytes (q->alloc, s, sizeof *s);
}

/* --- Messages ----------------------------------------------------------- */

static void
drop_slices (struct out_message *m)
{
  for (uint32_t i = 0; i < m->slices; i++)
    dr_buf_drop (m->slice_of[i].buf);
}

/* Small messages have a quarter of the bound for themselves beside the large
   ones: a queue full of bulk does not hold up what is urgent.  */
static bool
has_room (const struct sendqueue *q, uint32_t total)
{
  uint64_t charge = sendqueue_charge (total);
  if (q->messages >= q->messages_max)
    return false;
  if (total <= LINK_SMALL_BYTES)
    return q->messages == 0 || q->small_bytes_queued + charge <= q->bytes_max / 4;
  return q->bulk_messages == 0 || q->bytes - q->small_bytes_queued + charge <= q->bytes_max;
}

static void
account (struct sendqueue *q, uint32_t total, bool add)
{
  uint64_t charge = sendqueue_charge (total), sign = add ? 1 : -UINT64_C (1);
  q->messages += sign;
  q->bytes += sign * charge;
  if (total <= LINK_SMALL_BYTES)
    q->small_bytes_queued += sign * charge;
  else
    q->bulk_messages += sign;
}

static enum dr_status
check_push (struct sendqueue *q, const struct dr_slice *slices, size_t count,
	    uint32_t *total, uint32_t *filled)
{
  uint64_t sum = 0;
  *filled = 0;
  for (size_t i = 0; i < count; i++)
    {
      if (slices[i].bytes > q->message_max)
	return DR_INVALID;
      sum += slices[i].bytes;
      if (sum > q->message_max)
	return DR_INVALID;
      if (slices[i].bytes)
	(*filled)++;
    }
  *total = (uint32_t) sum;
  if (has_room (q, *total))
    return DR_OK;
  q->refused = true;
  return DR_LIMIT;
}

enum dr_status
sendqueue_push (struct sendqueue *q, uint64_t stream, const struct dr_slice *slices, size_t count)
{
  uint32_t total, filled;
  enum dr_status status = check_push (q, slices, count, &total, &filled);
  if (status != DR_OK)
    return status;
  struct out_message *m = dr_alloc_bytes (q->alloc, message_bytes (filled));
  if (!m)
    return DR_NO_MEMORY;
  struct out_stream *s = find_stream (q, stream);
  if (!s && !(s = make_stream (q, stream)))
    {
      dr_free_bytes (q->alloc, m, message_bytes (filled));
      return DR_NO_MEMORY;
    }
  memset (m, 0, sizeof *m);
  m->stream = s;
  m->total = total;
  for (size_t i = 0; i < count; i++)
    if (slices[i].bytes)
      {
	m->slice_of[m->slices++] = slices[i];
	dr_buf_ref (slices[i].buf);
      }
  account (q, total, true);
  if (s->head)
    s->tail->next = m;
  else
    s->head = m;
  s->tail = m;
  if (s->head == m)
    schedule_stream (q, s);
  return DR_OK;
}

static void
free_fragment (struct sendqueue *q, struct fragment *f)
{
  if (q->free_count >= LINK_FREE_NODES_MAX)
    {
      dr_free_bytes (q->alloc, f, sizeof *f);
      return;
    }
  f->next = q->free_fragments;
  q->free_fragments = f;
  q->free_count++;
}

struct fragment *
sendqueue_fragment (struct sendqueue *q)
{
  struct fragment *f = q->free_fragments;
  if (!f)
    return dr_alloc_bytes (q->alloc, sizeof *f);
  q->free_fragments = f->next;
  q->free_count--;
  return f;
}

static void
release_hold (struct sendqueue *q, const struct out_message *m)
{
  if (schedule_is_giant (q, m->total))
    q->giant_active = false;
  else if (m->total <= LINK_SMALL_BYTES)
    q->small_held -= sendqueue_charge (m->total);
  else
    q->bulk_held -= sendqueue_charge (m->total);
}

/* M is acknowledged whole and so is everything before it in its stream.  */
static void
handed_up (struct sendqueue *q, struct out_message *m)
{
  while (m)
    {
      struct out_message *successor = m->successor;
      struct out_stream *s = m->stream;
      if (m->older)
	m->older->newer = m->newer;
      else
	q->oldest = m->newer;
      if (m->newer)
	m->newer->older = m->older;
      else
	q->newest = m->older;
      release_hold (q, m);
      if (s->last == m)
	s->last = NULL;
      forget_idle_stream (q, s);
      dr_free_bytes (q->alloc, m, message_bytes (m->slices));
      if (successor)
	successor->waits = false;
      m = successor && successor->acked_whole ? successor : NULL;
    }
}

static void
acknowledged (struct sendqueue *q, struct out_message *m)
{
  m->acked_whole = true;
  drop_slices (m);
  account (q, m->total, false);
  q->messages_sent++;
  if (q->refused && q->messages <= q->messages_max / 2
      && q->small_bytes_queued <= q->bytes_max / 8
      && q->bytes - q->small_bytes_queued <= q->bytes_max / 2)
    {
      q->refused = false;
      q->writable = true;
    }
  if (!m->waits)
    handed_up (q, m);
}

void
sendqueue_acked (struct sendqueue *q, struct fragment_list *list)
{
  struct fragment *f;
  while ((f = fragment_pop (list)))
    {
      struct out_message *m = f->message;
      m->acked += f->bytes;
      dr_assert (m->acked <= m->sent);
      free_fragment (q, f);
      if (m->acked == m->total)
	acknowledged (q, m);
    }
}

void
sendqueue_lost (struct sendqueue *q, struct fragment_list *list)
{
  struct fragment *f;
  while ((f = fragment_pop (list)))
    {
      struct out_message *m = f->message;
      fragment_append (&m->lost, f);
      if (m->lost_queued)
	continue;
      m->lost_queued = true;
      m->next_lost = NULL;
      if (q->lost_head)
	q->lost_tail->next_lost = m;
      else
	q->lost_head = m;
      q->lost_tail = m;
    }
}

/* --- The end ------------------------------------------------------------ */

static void
free_fragments (struct sendqueue *q, struct fragment_list *list)
{
  struct fragment *f;
  while ((f = fragment_pop (list)))
    dr_free_bytes (q->alloc, f, sizeof *f);
}

static void
free_message (struct sendqueue *q, struct out_message *m)
{
  free_fragments (q, &m->lost);
  if (!m->acked_whole)
    drop_slices (m);
  dr_free_bytes (q->alloc, m, message_bytes (m->slices));
}

void
sendqueue_free (struct sendqueue *q, struct fragment_list *flying)
{
  struct fragment_list spare = { q->free_fragments, NULL };
  free_fragments (q, flying);
  free_fragments (q, &spare);
  for (uint32_t i = 0; i < q->table_size; i++)
    for (struct out_stream *s = q->table[i], *next; s; s = next)
      {
	next = s->same_hash;
	/* Begun messages are all in the list by number.  */
	for (struct out_message *m = s->head, *after; m; m = after)
	  {
	    after = m->next;
	    if (m->number == 0)
	      free_message (q, m);
	  }
	dr_free_bytes (q->alloc, s, sizeof *s);
      }
  for (struct out_message *m = q->oldest, *newer; m; m = newer)
    {
      newer = m->newer;
      free_message (q, m);
    }
  dr_free_bytes (q->alloc, q->table, q->table_size * sizeof *q->table);
  memset (q, 0, sizeof *q);
}

/* --- Contents ----------------------------------------------------------- */

void
sendqueue_copy (struct fragment *f, uint8_t *to)
{
  struct out_message *m = f->message;
  uint32_t i = 0, start = 0, at = f->offset, left = f->bytes;
  /* First sendings go on where the last one ended.  */
  if (m->slice_start <= at)
    {
      i = m->slice;
      start = m->slice_start;
    }
  while (left)
    {
      const struct dr_slice *s = &m->slice_of[i];
      uint32_t into = at - start;
      if (into >= s->bytes)
	{
	  start += (uint32_t) s->bytes;
	  i++;
	  continue;
	}
      uint32_t n = (uint32_t) s->bytes - into < left ? (uint32_t) s->bytes - into : left;
      memcpy (to, dr_slice_data (s) + into, n);
      to += n;
      at += n;
      left -= n;
    }
  if (at >= m->slice_start && f->offset + f->bytes == m->sent)
    {
      m->slice = i;
      m->slice_start = start;
    }
}
