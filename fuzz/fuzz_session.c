/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peer that has the keys and says anything: frames, acknowledgements of what was never
   sent, pieces of messages that do not fit.  The session takes it or ends, keeps to its
   limits, and hands up no message that was not there whole.

   The input is a list of datagrams: kind (1 byte), length (1), bytes.  The kind's low bits
   are how far its number is above the last one; its top bits send something of ours, let
   time pass, or take what is ready.  */
#include <stdlib.h>
#include <string.h>

#include "core/link/session.h"
#include "fuzz/heap.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { MESSAGE_BYTES = 4096, ASSEMBLY_BYTES = LINK_ASSEMBLY_BYTES_MIN };

static void
push (struct session *s, uint64_t now, uint8_t what)
{
  struct dr_buf *buf = dr_buf_new (&heap, 1 + what * 20u);
  struct dr_slice slice = { buf, 0, buf->bytes };
  memset (buf->data, what, buf->bytes);
  session_push (s, what % 3, &slice, 1, now, what & 8 ? 1000 : 0);
  dr_buf_drop (buf);
}

static void
take_messages (struct session *s)
{
  uint64_t stream;
  for (struct dr_buf *buf; assembly_take (&s->assembly, &stream, &buf);)
    {
      dr_assert (buf->bytes <= MESSAGE_BYTES);
      for (size_t i = 0; i < buf->bytes; i++)
	((volatile uint8_t *) buf->data)[i] ^= 0;
      dr_buf_drop (buf);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const struct link_address nowhere = { 1, { 1 } };
  struct link_config config;
  link_config_default (&config);
  struct session_terms terms = { .id = 7, .peer_epoch = 1, .assembly_bytes = ASSEMBLY_BYTES,
				 .message_bytes = MESSAGE_BYTES };
  uint64_t now = 1000000, number = 0;
  struct keypair key = { .valid = true, .initiator = true, .local = 1, .remote = 2, .created = now,
			 .used = now };
  struct session *s = session_new (&config, &heap, &terms, &key, &nowhere, now);
  bool open = true;
  while (size >= 2 && open && !s->down)
    {
      uint8_t what = data[0], datagram[1500];
      size_t bytes = data[1];
      data += 2;
      size -= 2;
      if (bytes > size)
	bytes = size;
      number += 1u + (what & 7u) * (what & 7u);
      /* Of its own size, so that a byte too many is seen.  */
      uint8_t *copy = malloc (bytes + !bytes);
      memcpy (copy, data, bytes);
      if (replay_fresh (&s->replay, number))
	open = session_frames (s, number, copy, bytes, now) != SESSION_CLOSED;
      free (copy);
      data += bytes;
      size -= bytes;
      now += (what & 8) ? 50000 : 100;
      if (what & 16)
	push (s, now, (uint8_t) bytes);
      if (!s->down)
	session_tick (s, now);
      for (unsigned i = 0; i < 20 && !s->down && session_build (s, now, datagram, sizeof datagram) > 0; i++)
	;
      if (what & 32)
	take_messages (s);
      dr_assert (held < 4u * ASSEMBLY_BYTES + (2u << 20));
    }
  take_messages (s);
  session_free (s);
  dr_assert (held == 0);
  return 0;
}
