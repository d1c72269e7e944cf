/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/link/assembly.h"

#include <string.h>

#include "core/base/status.h"
#include "core/link/link.h"

#define SLOTS_MIN 64u
#define PIECES_MIN 4u

enum dr_status
assembly_init (struct assembly *a, const struct dr_alloc *alloc, uint64_t bytes_max,
	       uint64_t message_max)
{
  memset (a, 0, sizeof *a);
  a->alloc = alloc;
  a->bytes_max = bytes_max;
  a->message_max = message_max;
  a->slot = dr_alloc_array (alloc, SLOTS_MIN, sizeof *a->slot);
  if (!a->slot)
    return DR_NO_MEMORY;
  a->slots = SLOTS_MIN;
  return DR_OK;
}

static struct in_slot *
slot_of (struct assembly *a, uint64_t number)
{
  return &a->slot[number & (a->slots - 1)];
}

static uint64_t
charge_of (uint32_t total)
{
  return (uint64_t) total + LINK_MESSAGE_OVERHEAD_BYTES;
}

static bool
is_giant (const struct assembly *a, uint32_t total)
{
  return charge_of (total) > a->bytes_max / 2;
}

/* --- Memory ------------------------------------------------------------- */

static bool
grow_slots (struct assembly *a, uint64_t number)
{
  uint32_t slots = a->slots;
  while (number - a->below > slots)
    slots *= 2;
  if (slots == a->slots)
    return true;
  struct in_slot *ring = dr_alloc_array (a->alloc, slots, sizeof *ring);
  if (!ring)
    return false;
  for (uint64_t n = a->below + 1; n <= a->below + a->slots; n++)
    ring[n & (slots - 1)] = *slot_of (a, n);
  dr_free_bytes (a->alloc, a->slot, a->slots * sizeof *ring);
  a->slot = ring;
  a->slots = slots;
  return true;
}

static struct in_message *
new_message (struct assembly *a, const struct frame *f)
{
  struct in_message *m = a->spare;
  if (m)
    {
      a->spare = m->next;
      a->spares--;
    }
  else if (!(m = dr_alloc_bytes (a->alloc, sizeof *m)))
    return NULL;
  memset (m, 0, sizeof *m);
  m->number = f->number;
  m->total = f->total;
  m->buf = a->new_buffer ? a->new_buffer (a->new_buffer_ctx, f->total)
    : dr_buf_new (a->alloc, f->total);
  if (m->buf)
    return m;
  m->next = a->spare;
  a->spare = m;
  a->spares++;
  return NULL;
}

static void
free_pieces (struct assembly *a, struct in_message *m)
{
  dr_free_bytes (a->alloc, m->piece, m->piece_room * sizeof *m->piece);
  a->piece_rooms -= m->piece_room;
  m->piece = NULL;
  m->pieces = m->piece_room = 0;
}

static void
free_message (struct assembly *a, struct in_message *m)
{
  free_pieces (a, m);
  dr_buf_drop (m->buf);
  if (a->spares >= LINK_FREE_NODES_MAX)
    {
      dr_free_bytes (a->alloc, m, sizeof *m);
      return;
    }
  m->buf = NULL;
  m->next = a->spare;
  a->spare = m;
  a->spares++;
}

void
assembly_free (struct assembly *a)
{
  for (uint32_t i = 0; i < a->slots; i++)
    if (a->slot[i].message)
      free_message (a, a->slot[i].message);
  while (a->ready)
    {
      struct in_message *m = a->ready;
      a->ready = m->next;
      free_message (a, m);
    }
  while (a->spare)
    {
      struct in_message *m = a->spare;
      a->spare = m->next;
      dr_free_bytes (a->alloc, m, sizeof *m);
    }
  dr_free_bytes (a->alloc, a->slot, a->slots * sizeof *a->slot);
  memset (a, 0, sizeof *a);
}

/* --- Handing up --------------------------------------------------------- */

static bool
was_handed_up (struct assembly *a, uint64_t number)
{
  return number <= a->below
    || (number - a->below <= a->slots && slot_of (a, number)->done);
}

static void
hand_up (struct assembly *a, struct in_message *m)
{
  uint64_t charge = charge_of (m->total);
  if (is_giant (a, m->total))
    {
      a->giant_held = false;
      a->giants_ready++;
    }
  else
    a->held -= charge;
  a->ready_bytes += charge;
  slot_of (a, m->number)->message = NULL;
  slot_of (a, m->number)->done = true;
  m->next = NULL;
  if (a->ready)
    a->ready_tail->next = m;
  else
    a->ready = m;
  a->ready_tail = m;
  a->messages++;
  a->bytes += m->total;
}

static void
advance (struct assembly *a)
{
  struct in_slot *s;
  while ((s = slot_of (a, a->below + 1))->done)
    {
      dr_assert (!s->message && !s->follower);
      s->done = false;
      a->below++;
    }
}

/* M became complete or named: hand it up, and those that waited for it, if
   everything before it was.  */
static void
try_hand_up (struct assembly *a, struct in_message *m)
{
  if (!m->named || m->received < m->total
      || (m->previous && !was_handed_up (a, m->previous)))
    return;
  while (m)
    {
      struct in_slot *s = slot_of (a, m->number);
      struct in_message *follower = s->follower;
      s->follower = NULL;
      hand_up (a, m);
      m = follower && follower->received == follower->total ? follower : NULL;
    }
  advance (a);
}

bool
assembly_take (struct assembly *a, uint64_t *stream, struct dr_buf **buf)
{
  struct in_message *m = a->ready;
  if (!m)
    return false;
  a->ready = m->next;
  a->ready_bytes -= charge_of (m->total);
  if (is_giant (a, m->total))
    a->giants_ready--;
  *stream = m->stream;
  *buf = m->buf;
  m->buf = NULL;
  free_message (a, m);
  return true;
}

/* --- Receiving ---------------------------------------------------------- */

/* What the peer may have under way it may; what was completed and only waits
   for our own driver to take it is not its fault.  */
static enum assembly_result
admit (struct assembly *a, const struct frame *f)
{
  uint64_t charge = charge_of (f->total);
  if (is_giant (a, f->total))
    {
      if (a->giant_held)
	return ASSEMBLY_FAULT;
      return a->giants_ready ? ASSEMBLY_DROPPED : ASSEMBLY_TAKEN;
    }
  if (a->held + charge > a->bytes_max)
    return ASSEMBLY_FAULT;
  return a->held + a->ready_bytes + charge > 2 * a->bytes_max
    ? ASSEMBLY_DROPPED : ASSEMBLY_TAKEN;
}

/* The stream and the predecessor become known, or are said again.  */
static enum assembly_result
name (struct assembly *a, struct in_message *m, const struct frame *f)
{
  if (m->named)
    return m->stream == f->stream && m->previous == f->previous
      ? ASSEMBLY_TAKEN : ASSEMBLY_FAULT;
  if (f->previous && !was_handed_up (a, f->previous))
    {
      struct in_slot *s = slot_of (a, f->previous);
      if (s->follower)
	return ASSEMBLY_FAULT;
      s->follower = m;
    }
  m->stream = f->stream;
  m->previous = f->previous;
  m->named = true;
  return ASSEMBLY_TAKEN;
}

static bool
make_piece_room (struct assembly *a, struct in_message *m)
{
  uint32_t room = m->piece_room ? 2 * m->piece_room : PIECES_MIN;
  struct piece *piece;
  if (m->pieces < m->piece_room)
    return true;
  if (room > LINK_GAPS_MAX || a->piece_rooms + room > LINK_GAPS_TOTAL_MAX)
    return false;
  piece = dr_alloc_array (a->alloc, room, sizeof *piece);
  if (!piece)
    return false;
  if (m->pieces)
    memcpy (piece, m->piece, m->pieces * sizeof *piece);
  uint32_t pieces = m->pieces;
  free_pieces (a, m);
  m->piece = piece;
  m->pieces = pieces;
  m->piece_room = room;
  a->piece_rooms += room;
  return true;
}

/* The first piece that ends at or after AT.  */
static uint32_t
find_piece (const struct in_message *m, uint32_t at)
{
  uint32_t low = 0, high = m->pieces;
  if (high && m->piece[high - 1].end < at)
    return high;
  while (low < high)
    {
      uint32_t middle = low + (high - low) / 2;
      if (m->piece[middle].end < at)
	low = middle + 1;
      else
	high = middle;
    }
  return low;
}

/* False: no memory, nothing changed.  */
static bool
add_piece (struct assembly *a, struct in_message *m, uint32_t first, uint32_t end)
{
  uint32_t i = find_piece (m, first), j = i;
  struct piece merged = { first, end };
  while (j < m->pieces && m->piece[j].first <= end)
    {
      if (m->piece[j].first < merged.first)
	merged.first = m->piece[j].first;
      if (m->piece[j].end > merged.end)
	merged.end = m->piece[j].end;
      m->received -= m->piece[j].end - m->piece[j].first;
      j++;
    }
  if (i == j)
    {
      if (!make_piece_room (a, m))
	return false;
      memmove (&m->piece[i + 1], &m->piece[i], (m->pieces - i) * sizeof *m->piece);
      m->pieces++;
    }
  else
    {
      memmove (&m->piece[i + 1], &m->piece[j], (m->pieces - j) * sizeof *m->piece);
      m->pieces -= j - i - 1;
    }
  m->piece[i] = merged;
  m->received += merged.end - merged.first;
  return true;
}

static struct in_message *
begin (struct assembly *a, const struct frame *f, enum assembly_result *result)
{
  *result = admit (a, f);
  if (*result != ASSEMBLY_TAKEN)
    return NULL;
  struct in_message *m = grow_slots (a, f->number) ? new_message (a, f) : NULL;
  if (!m)
    {
      *result = ASSEMBLY_DROPPED;
      return NULL;
    }
  slot_of (a, f->number)->message = m;
  if (is_giant (a, f->total))
    a->giant_held = true;
  else
    a->held += charge_of (f->total);
  return m;
}

enum assembly_result
assembly_frame (struct assembly *a, const struct frame *f)
{
  enum assembly_result result;

  if (f->total > a->message_max)
    return ASSEMBLY_FAULT;
  if (f->number <= a->below)
    return ASSEMBLY_TAKEN;
  if (f->number - a->below > LINK_WINDOW_MESSAGES)
    return ASSEMBLY_FAULT;
  struct in_message *m = NULL;
  if (f->number - a->below <= a->slots)
    {
      if (slot_of (a, f->number)->done)
	return ASSEMBLY_TAKEN;
      m = slot_of (a, f->number)->message;
    }
  if (!m && !(m = begin (a, f, &result)))
    return result;
  if (m->total != f->total)
    return ASSEMBLY_FAULT;
  if (f->kind != FRAME_MORE && (result = name (a, m, f)) != ASSEMBLY_TAKEN)
    return result;
  if (m->received < m->total)
    {
      if (f->bytes == f->total)
	m->received = f->total;
      else if (!add_piece (a, m, f->offset, f->offset + f->bytes))
	return ASSEMBLY_DROPPED;
      memcpy (m->buf->data + f->offset, f->data, f->bytes);
      if (m->received == m->total)
	free_pieces (a, m);
    }
  try_hand_up (a, m);
  return ASSEMBLY_TAKEN;
}
