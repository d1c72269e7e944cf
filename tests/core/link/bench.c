/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages per second and megabytes per second between two endpoints in one
   thread, each datagram handed over by a memory copy.  */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/link/link.h"

#define BURST 64		/* datagrams per turn, as a driver would read them */

struct end
{
  struct link *link;
  struct link_peer *peer;
  struct link_address address;
  uint64_t messages, bytes;
  unsigned up;
};

static uint64_t
now_us (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static void *take (void *ctx, size_t bytes) { return malloc (bytes); }
static void give (void *ctx, void *p, size_t bytes) { free (p); }
static void fill (void *ctx, void *out, size_t bytes) { randombytes_buf (out, bytes); }
static const struct dr_alloc heap = { take, give, NULL };

static void
die (const char *what)
{
  fprintf (stderr, "bench-link: %s\n", what);
  exit (1);
}

static void
make (struct end *e, unsigned number)
{
  struct link_config c;
  link_config_default (&c);
  fill (NULL, c.secret_key, sizeof c.secret_key);
  fill (NULL, &c.epoch, sizeof c.epoch);
  c.random = fill;
  memset (e, 0, sizeof *e);
  e->address.bytes = 1;
  e->address.data[0] = (uint8_t) number;
  if (link_create (&c, &heap, now_us (), &e->link) != DR_OK)
    die ("cannot create an endpoint");
}

static void
know (struct end *e, struct end *other)
{
  uint8_t key[LINK_KEY_BYTES];
  link_public_key (other->link, key);
  if (link_peer_add (e->link, key, &other->address, NULL, &e->peer) != DR_OK)
    die ("cannot add a peer");
}

static void
turn (struct end *e, struct end *other)
{
  static uint8_t datagram[LINK_DATAGRAM_BYTES_MAX];
  struct link_address to;
  struct link_event event;
  uint64_t now = now_us ();
  size_t bytes;
  link_tick (e->link, now);
  for (unsigned i = 0; i < BURST; i++)
    {
      if (!(bytes = link_output (e->link, now, datagram, sizeof datagram, &to)))
	break;
      link_input (other->link, now, &e->address, datagram, bytes);
    }
  while (link_event (other->link, &event))
    if (event.kind == LINK_UP)
      other->up++;
    else if (event.kind == LINK_MESSAGE)
      {
	other->messages++;
	other->bytes += event.message->bytes;
	dr_buf_drop (event.message);
      }
    else if (event.kind == LINK_DOWN || event.kind == LINK_FAILED)
      die ("the session ended");
}

/* Keeps DEPTH messages of BYTES under way for US; both ways if BOTH.  */
static void
measure (const char *what, struct end *a, struct end *b, size_t bytes, unsigned depth,
	 bool both, uint64_t us)
{
  struct dr_buf *buf = dr_buf_new (&heap, bytes);
  struct dr_slice slice = { buf, 0, bytes };
  uint64_t sent[2] = { 0, 0 }, start = now_us (), passed;
  struct end *end[2] = { a, b };
  memset (buf->data, 'x', bytes);
  a->messages = b->messages = a->bytes = b->bytes = 0;
  do
    {
      for (unsigned i = 0; i < (both ? 2u : 1u); i++)
	while (sent[i] < end[1 - i]->messages + depth
	       && link_send (end[i]->link, end[i]->peer, sent[i] % 64, &slice, 1, now_us ()) == DR_OK)
	  sent[i]++;
      turn (a, b);
      turn (b, a);
    }
  while ((passed = now_us () - start) < us);
  double seconds = (double) passed / 1e6;
  printf ("  %-34s %9.0f messages/s %8.1f MB/s\n", what,
	  (double) (a->messages + b->messages) / seconds,
	  (double) (a->bytes + b->bytes) / seconds / 1e6);
  while (a->messages < sent[1] || b->messages < sent[0])
    {
      turn (a, b);
      turn (b, a);
    }
  dr_buf_drop (buf);
}

int
main (int argc, char **argv)
{
  struct end a, b;
  uint64_t us = (uint64_t) ((argc > 2 ? atof (argv[2]) : 1.0) * 1e6);
  if (sodium_init () < 0)
    die ("libsodium does not start");
  make (&a, 1);
  make (&b, 2);
  know (&a, &b);
  know (&b, &a);
  link_connect (a.link, a.peer, now_us ());
  while (!a.up || !b.up)
    {
      turn (&a, &b);
      turn (&b, &a);
    }
  printf ("%s:\n", argc > 1 ? argv[1] : "link");
  measure ("64 B, one at a time, there and back", &a, &b, 64, 1, true, us);
  measure ("64 B, 1000 under way, one way", &a, &b, 64, 1000, false, us);
  measure ("1 KiB, 1000 under way, both ways", &a, &b, 1024, 1000, true, us);
  measure ("1 MiB, 8 under way, one way", &a, &b, 1 << 20, 8, false, us);
  measure ("1 MiB, 8 under way, both ways", &a, &b, 1 << 20, 8, true, us);
  link_destroy (a.link);
  link_destroy (b.link);
  return 0;
}
