/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages inside the engine: the wire form, and which queue each slot names.  */
#include "core/rights/internal.h"

#define ALIGN16(n) (((n) + 15) & ~(size_t) 15)

static struct message *
allocate (struct rights *r, uint32_t rights, uint32_t regions, uint32_t receives)
{
  uint32_t slots = 1 + rights + 2 * receives;
  size_t at_queues = ALIGN16 (sizeof (struct message));
  size_t at_rights = at_queues + ALIGN16 (slots * sizeof (struct queue *));
  size_t at_regions = at_rights + ALIGN16 (rights * sizeof (struct wire_right));
  size_t at_receives = at_regions + ALIGN16 (regions * sizeof (struct dr_slice));
  size_t bytes = at_receives + receives * sizeof (struct wire_receive);
  char *p = new_record (r, bytes);
  struct message *m = (struct message *) p;
  if (!m)
    return NULL;
  m->alloc_bytes = bytes;
  m->slots = slots;
  m->queues = (struct queue **) (p + at_queues);
  m->wire.rights = (struct wire_right *) (p + at_rights);
  m->wire.regions = (struct dr_slice *) (p + at_regions);
  m->wire.receives = (struct wire_receive *) (p + at_receives);
  m->wire.rights_count = rights;
  m->wire.regions_count = regions;
  m->wire.receives_count = receives;
  r->messages_count++;
  return m;
}

struct message *
message_new (struct rights *r, uint32_t rights, uint32_t regions, uint32_t receives)
{
  return allocate (r, rights, regions, receives);
}

struct message *
marker_new (struct rights *r, const struct rights_key *key, uint64_t token, uint64_t hop)
{
  struct message *m = allocate (r, 0, 0, 0);
  if (!m)
    return NULL;
  m->kind = MESSAGE_MARKER;
  m->marker_key = *key;
  m->marker_token = token;
  m->marker_hop = hop;
  return m;
}

struct wire_right *
message_slot (struct message *m, uint32_t slot)
{
  if (slot == 0)
    return &m->wire.reply;
  if (slot <= m->wire.rights_count)
    return &m->wire.rights[slot - 1];
  slot -= 1 + m->wire.rights_count;
  struct wire_receive *v = &m->wire.receives[slot / 2];
  return slot % 2 ? &v->port_destroyed : &v->no_senders;
}

void
message_set (struct message *m, uint32_t slot, struct queue *q)
{
  dr_assert (!m->queues[slot]);
  m->queues[slot] = q;
  if (q)
    q->refs++;
}

void
message_free (struct rights *r, struct message *m)
{
  for (uint32_t i = 0; i < m->slots; i++)
    dr_assert (!m->queues[i]);
  dr_buf_drop (m->wire.body.buf);
  for (uint32_t i = 0; i < m->wire.regions_count; i++)
    dr_buf_drop (m->wire.regions[i].buf);
  /* A marker counts as its sender's until it has been answered.  */
  struct session *s = m->kind == MESSAGE_MARKER ? session_find (r, m->source) : NULL;
  if (s && s->backlog)
    s->backlog--;
  r->messages_count--;
  r->message_bytes -= m->bytes;
  free_record (r, m, m->alloc_bytes);
}

void
message_doom (struct rights *r, struct message *m)
{
  list_remove (&m->node);
  list_append (&r->doomed, &m->node);
}

void
message_release_slots (struct rights *r, struct message *m)
{
  for (uint32_t i = 0; i < m->slots; i++)
    {
      struct queue *q = m->queues[i];
      if (!q)
	continue;
      m->queues[i] = NULL;
      q->refs--;
      switch (message_slot (m, i)->disposition)
	{
	case WIRE_SEND_ONCE:
	  queue_once_unused (r, q);
	  break;
	case WIRE_RECEIVE:
	  queue_kill (r, q);
	  break;
	default:
	  break;
	}
      queue_touch (r, q);
    }
}
