/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The link under a hostile network: the input decides for each datagram whether it is
   carried, lost, doubled, delayed or damaged.  Then the network is honest again and all
   messages must arrive, once each and in order on their streams, or the session ends.  */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/link/link.h"
#include "fuzz/heap.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { DATAGRAM_BYTES = 2048, STREAMS = 4, LATER_MAX = 8, MESSAGES_MAX = 64 };

struct fate { const uint8_t *at; size_t left; };

struct late { size_t bytes; uint8_t data[DATAGRAM_BYTES]; };

struct side
{
  struct link *link;
  struct link_peer *peer;
  struct link_address address;
  bool up, down;
  uint32_t sent[STREAMS], received[STREAMS];
  struct late late[LATER_MAX];
  unsigned lates;
};

static uint64_t random_state;

static void
fill (void *ctx, void *out, size_t bytes)
{
  uint8_t *at = out;
  while (bytes-- > 0)
    *at++ = (uint8_t) ((random_state = random_state * 6364136223846793005u + 1) >> 56);
}

static uint8_t
next (struct fate *fate)
{
  if (fate->left == 0)
    return 0;
  fate->left--;
  return *fate->at++;
}

static void
open_side (struct side *s, uint8_t secret)
{
  struct link_config config;
  link_config_default (&config);
  config.datagram_bytes = 1200;
  config.datagram_bytes_most = DATAGRAM_BYTES;
  memset (config.secret_key, secret, sizeof config.secret_key);
  config.epoch = secret;
  config.random = fill;
  dr_assert (link_create (&config, &heap, 1, &s->link) == DR_OK);
  s->address = (struct link_address) { 1, { secret } };
}

static void
arrive (struct side *to, const struct side *from, uint64_t now, const uint8_t *data, size_t bytes)
{
  uint8_t copy[DATAGRAM_BYTES];
  memcpy (copy, data, bytes);
  link_input (to->link, now, &from->address, copy, bytes);
}

static void
carry (struct side *from, struct side *to, uint64_t now, struct fate *fate)
{
  uint8_t datagram[DATAGRAM_BYTES];
  struct link_address where;
  unsigned most = 200;
  for (size_t n; most-- > 0
       && (n = link_output (from->link, now, datagram, sizeof datagram, &where)) > 0;)
    {
      uint8_t what = next (fate);
      switch (what & 7)
	{
	case 1: break;			/* lost */
	case 2:
	  arrive (to, from, now, datagram, n);
	  arrive (to, from, now, datagram, n);
	  break;
	case 3:
	  if (from->lates < LATER_MAX)
	    {
	      from->late[from->lates].bytes = n;
	      memcpy (from->late[from->lates++].data, datagram, n);
	      break;
	    }
	  /* fall through */
	default:
	  arrive (to, from, now, datagram, n);
	  break;
	case 4:
	  datagram[next (fate) % n] ^= (uint8_t) (1u << (what >> 5));
	  arrive (to, from, now, datagram, n);
	  break;
	case 5:
	  arrive (to, from, now, datagram, next (fate) * n / 256);
	  break;
	case 6:
	  for (unsigned i = 0; i < from->lates; i++)
	    arrive (to, from, now, from->late[i].data, from->late[i].bytes);
	  from->lates = 0;
	  arrive (to, from, now, datagram, n);
	}
    }
}

static void
events (struct side *s)
{
  struct link_event event;
  while (link_event (s->link, &event))
    switch (event.kind)
      {
      case LINK_UP:
	/* A second session starts from nothing; the messages of the first are void.  */
	s->down |= s->up;
	s->up = true;
	break;
      case LINK_DOWN:
      case LINK_FAILED:
	s->down = true;
	break;
      case LINK_MESSAGE:
	{
	  uint32_t number;
	  dr_assert (event.stream < STREAMS && event.message->bytes >= sizeof number);
	  memcpy (&number, event.message->data, sizeof number);
	  if (!s->down)
	    dr_assert (number == s->received[event.stream]++);
	  for (size_t i = sizeof number; i < event.message->bytes; i++)
	    dr_assert (event.message->data[i] == (uint8_t) (number + i));
	  dr_buf_drop (event.message);
	  break;
	}
      default:
	break;
      }
}

static void
send_one (struct side *s, uint8_t choice, uint64_t now)
{
  unsigned stream = choice % STREAMS;
  if (!s->up || s->down || s->sent[stream] >= MESSAGES_MAX)
    return;
  size_t bytes = 4 + (choice & 0x80 ? (size_t) choice * 40 : choice);
  struct dr_buf *buf = dr_buf_new (&heap, bytes);
  uint32_t number = s->sent[stream];
  memcpy (buf->data, &number, sizeof number);
  for (size_t i = sizeof number; i < bytes; i++)
    buf->data[i] = (uint8_t) (number + i);
  struct dr_slice slice = { buf, 0, bytes };
  if (link_send (s->link, s->peer, stream, &slice, 1, now) == DR_OK)
    s->sent[stream]++;
  dr_buf_drop (buf);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct fate fate = { data, size }, honest = { NULL, 0 };
  struct side *a = calloc (1, sizeof *a), *b = calloc (1, sizeof *b);
  random_state = 1;
  open_side (a, 1);
  open_side (b, 2);
  uint8_t key[LINK_KEY_BYTES];
  link_public_key (a->link, key);
  dr_assert (link_peer_add (b->link, key, &a->address, NULL, &b->peer) == DR_OK);
  link_public_key (b->link, key);
  dr_assert (link_peer_add (a->link, key, &b->address, NULL, &a->peer) == DR_OK);
  uint64_t now = 1000;
  dr_assert (link_connect (a->link, a->peer, now) == DR_OK);
  for (unsigned round = 0; round < 4000; round++)
    {
      struct fate *f = fate.left > 0 ? &fate : &honest;
      now += f == &fate ? 1000u * (1 + next (f)) / 8 : 20000;
      link_tick (a->link, now);
      link_tick (b->link, now);
      if (f == &fate)
	{
	  send_one (a, next (f), now);
	  send_one (b, next (f), now);
	}
      carry (a, b, now, f);
      events (b);
      carry (b, a, now, f);
      events (a);
      bool done = f == &honest && round > 10;
      for (unsigned i = 0; i < STREAMS; i++)
	done &= a->received[i] == b->sent[i] && b->received[i] == a->sent[i];
      if (done || a->down || b->down)
	break;
    }
  if (a->up && b->up && !a->down && !b->down)
    for (unsigned i = 0; i < STREAMS; i++)
      dr_assert (a->received[i] == b->sent[i] && b->received[i] == a->sent[i]);
  link_destroy (a->link);
  link_destroy (b->link);
  free (a);
  free (b);
  return 0;
}
