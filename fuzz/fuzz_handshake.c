/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams from nobody: the endpoint stays as it was, answers no one it does not
   know, and what it keeps does not grow.  The input is a list of datagrams: length
   (2 bytes), bytes.  The first byte of the input may ask that they are mixed with the
   ones of a real handshake that is under way.  */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/link/link.h"
#include "fuzz/heap.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { DATAGRAM_BYTES = 2048 };

static uint64_t random_state;

static void
fill (void *ctx, void *out, size_t bytes)
{
  uint8_t *at = out;
  while (bytes-- > 0)
    *at++ = (uint8_t) ((random_state = random_state * 6364136223846793005u + 1) >> 56);
}

static struct link *
endpoint (uint8_t secret, uint64_t epoch)
{
  struct link_config config;
  struct link *link;
  link_config_default (&config);
  memset (config.secret_key, secret, sizeof config.secret_key);
  config.epoch = epoch;
  config.random = fill;
  dr_assert (link_create (&config, &heap, 1, &link) == DR_OK);
  return link;
}

static void
carry (struct link *from, struct link *to, uint64_t now, const struct link_address *source)
{
  uint8_t datagram[DATAGRAM_BYTES];
  struct link_address where;
  for (size_t n; (n = link_output (from, now, datagram, sizeof datagram, &where)) > 0;)
    if (to != NULL)
      link_input (to, now, source, datagram, n);
}

static bool
came_up (struct link *link)
{
  struct link_event event;
  bool up = false;
  while (link_event (link, &event))
    {
      up |= event.kind == LINK_UP;
      if (event.kind == LINK_MESSAGE)
	dr_buf_drop (event.message);
    }
  return up;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  bool mixed = data[0] & 1;
  data++;
  size--;
  random_state = 1;
  struct link *a = endpoint (1, 10), *b = endpoint (2, 20);
  struct link_address at_a = { 1, { 'a' } }, at_b = { 1, { 'b' } }, nowhere = { 1, { 'x' } };
  uint8_t key_a[LINK_KEY_BYTES], key_b[LINK_KEY_BYTES];
  link_public_key (a, key_a);
  link_public_key (b, key_b);
  struct link_peer *peer_a, *peer_b;
  dr_assert (link_peer_add (b, key_a, &at_a, NULL, &peer_a) == DR_OK);
  dr_assert (link_peer_add (a, key_b, &at_b, NULL, &peer_b) == DR_OK);
  uint64_t now = 1000;
  if (mixed)
    dr_assert (link_connect (a, peer_b, now) == DR_OK);
  size_t before = held;
  while (size >= 2)
    {
      uint8_t datagram[DATAGRAM_BYTES];
      size_t bytes = data[0] | (size_t) (data[1] & 7) << 8;
      data += 2;
      size -= 2;
      if (bytes > size)
	bytes = size;
      memcpy (datagram, data, bytes);
      link_input (b, now, &nowhere, datagram, bytes);
      data += bytes;
      size -= bytes;
      now += 100;
      link_tick (b, now);
      if (!mixed)
	{
	  struct link_address to;
	  dr_assert (link_output (b, now, datagram, sizeof datagram, &to) == 0);
	  dr_assert (held == before);
	}
    }
  if (mixed)
    {
      /* None of it may keep two honest endpoints from meeting.  */
      bool up = false;
      for (unsigned round = 0; round < 60 && !up; round++, now += 200000)
	{
	  link_tick (a, now);
	  link_tick (b, now);
	  carry (a, b, now, &at_a);
	  carry (b, a, now, &at_b);
	  carry (a, b, now, &at_a);
	  up = came_up (a);
	  came_up (b);
	}
      dr_assert (up);
    }
  link_destroy (a);
  link_destroy (b);
  dr_assert (held == 0);
  return 0;
}
