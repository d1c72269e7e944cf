/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/cunning.h"

#include <string.h>

#include "core/rights/frames.h"

enum { GUESSED_MAX = 24 };

uint32_t world_roll (struct world *, uint32_t n);

static uint64_t
guess (struct cunning *c)
{
  return 1 + world_roll (c->world, GUESSED_MAX);
}

void
cunning_forge (struct cunning *c, uint8_t *frame, size_t bytes)
{
  static const uint8_t zeros[RIGHTS_KEY_BYTES - 1];
  const size_t identity = RIGHTS_KEY_BYTES + 16;
  for (size_t at = 0; at + identity <= bytes; at++)
    {
      uint8_t *p = frame + at;
      if (p[0] == 0 || p[0] > c->nodes || memcmp (p + 1, zeros, sizeof zeros) != 0
	  || world_roll (c->world, 2))
	continue;
      struct dr_out epoch = dr_out (p + RIGHTS_KEY_BYTES, 8), serial = dr_out (p + RIGHTS_KEY_BYTES + 8, 8);
      unsigned node = world_roll (c->world, c->nodes);
      if (world_roll (c->world, 2))
	{
	  p[0] = (uint8_t) (node + 1);
	  dr_out_u64 (&epoch, c->epoch[node]);
	}
      if (world_roll (c->world, 2))
	dr_out_u64 (&serial, guess (c));
      at += identity - 1;
    }
}

uint64_t
cunning_handle (const uint8_t *frame, size_t bytes)
{
  struct dr_in in = dr_in (frame, bytes);
  struct message_head head;
  return message_head_read (&in, &head) ? head.handle : 0;
}

size_t
cunning_message (struct cunning *c, uint8_t bytes[CUNNING_BYTES_MAX], uint64_t handle)
{
  struct dr_out out = dr_out (bytes, CUNNING_BYTES_MAX);
  struct message_head head = { .id = 500, .handle = handle };
  struct desc d = { .kind = world_roll (c->world, 2) ? DESC_MINE_FOREIGN : DESC_OTHER, .disposition = WIRE_SEND };
  unsigned origin = world_roll (c->world, c->nodes), home = world_roll (c->world, c->nodes - 1);
  d.handle = d.handoff = 1000000 + 1000 * guess (c) + guess (c);
  d.identity.origin.bytes[0] = (uint8_t) (origin + 1);
  d.identity.epoch = c->epoch[origin];
  d.identity.serial = guess (c);
  d.at.home.bytes[0] = (uint8_t) (home + 1);
  d.at.number = guess (c);
  message_head_write (&out, &head);
  desc_write (&out, &d);
  while ((size_t) (out.at - bytes) % 8 != 0)
    dr_out_u8 (&out, 0);
  return (size_t) (out.at - bytes);
}

size_t
cunning_invent (struct cunning *c, uint8_t bytes[CUNNING_BYTES_MAX], uint64_t *stream)
{
  static const uint8_t types[] = {
    FRAME_CLAIM, FRAME_CLAIM, FRAME_UNCLAIM, FRAME_UNGRANT, FRAME_FLUSHED, FRAME_FLUSHED,
    FRAME_CREDIT, FRAME_MOVED, FRAME_ACCEPT,
  };
  unsigned node = world_roll (c->world, c->nodes), other = world_roll (c->world, c->nodes);
  struct frame f = { .type = types[world_roll (c->world, sizeof types)], .credits_count = 1 };
  f.handle = guess (c);
  f.count = guess (c);
  f.id = guess (c);
  f.key.bytes[0] = (uint8_t) (1 + node % (c->nodes - 1));	/* not itself: the last */
  f.identity.origin.bytes[0] = (uint8_t) (other + 1);
  f.at.home.bytes[0] = f.key.bytes[0];
  f.identity.epoch = c->epoch[other];
  f.identity.serial = guess (c);
  f.at.number = guess (c);
  f.credits[0] = (struct credit) { guess (c), 1, 256 };
  *stream = f.type < FRAME_CREDIT ? f.handle : 0;
  return frame_write (&f, bytes);
}
