/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages through wire, rights and link, both ways, on one core: two nodes in one
   process, each a model kernel with the real engines, their datagrams handed over.  A task
   on each node sends null messages to a port on the other.  Prints lines for
   `./drove bench`; the first argument names the figure.  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/link/link.h"
#include "sim/world/node.h"

enum { SECONDS_DEFAULT = 3, DATAGRAM_BYTES = 2048 };

struct end
{
  struct node *node;
  struct link *link;
  struct link_peer *peer;
  uint64_t session;
  struct mk_task *task;
  mk_name port, other;			/* own receive right; a send right to the peer's */
  uint64_t received;
};

static uint64_t now = 1;

static void *take (void *ctx, size_t bytes) { return malloc (bytes); }
static void give (void *ctx, void *p, size_t bytes) { free (p); }
static const struct dr_alloc heap = { take, give, NULL };

static void
fill (void *ctx, void *out, size_t bytes)
{
  static uint64_t state = 1;
  for (uint8_t *at = out; bytes-- > 0;)
    *at++ = (uint8_t) ((state = state * 6364136223846793005u + 1) >> 56);
}

static void
on_send (void *ctx, struct node *node, uint64_t session, uint64_t stream, struct dr_buf *buf, bool lazy)
{
  struct end *e = ctx;
  struct dr_slice slice = { buf, 0, buf->bytes };
  dr_assert ((lazy ? link_send_lazily : link_send) (e->link, e->peer, stream, &slice, 1, now) == DR_OK);
  dr_buf_drop (buf);
}

static void on_connect (void *ctx, struct node *node, const struct rights_key *key) { }

static mk_name
on_root (void *ctx, struct node *node, uint64_t session)
{
  struct end *e = ctx;
  mk_name name = MK_NULL;
  mk_extract_right (e->task, e->port, MK_MAKE_SEND, node_task (node), &name);
  return name;
}

static void
on_root_came (void *ctx, struct node *node, mk_name name)
{
  struct end *e = ctx;
  dr_assert (mk_extract_right (node_task (node), name, MK_MOVE_SEND, e->task, &e->other)
	     == MK_SUCCESS);
}

static void
on_wrong (void *ctx, struct node *node, const char *what)
{
  fprintf (stderr, "bench_core: %s\n", what);
  abort ();
}

static void on_trace (void *ctx, struct node *node, const char *format, ...) { }

static void
open_end (struct end *e, uint8_t number)
{
  struct node_world asks = { e, on_send, on_connect, on_root, on_root_came, on_wrong, on_trace };
  struct rights_config rights;
  struct link_config link;
  rights_config_default (&rights);
  rights.key.bytes[0] = number;
  rights.epoch = 1;
  e->node = node_create (&asks, &rights, &heap);
  e->task = mk_task_create (node_kernel (e->node));
  mk_allocate (e->task, MK_RECEIVE, &e->port);
  link_config_default (&link);
  memset (link.secret_key, number, sizeof link.secret_key);
  link.epoch = number;
  link.random = fill;
  dr_assert (link_create (&link, &heap, now, &e->link) == DR_OK);
}

static void
events (struct end *e, const struct end *peer)
{
  struct link_event event;
  while (link_event (e->link, &event))
    if (event.kind == LINK_UP)
      {
	struct rights_key key = { { peer == e + 1 ? 2 : 1 } };
	dr_assert (rights_session_up (node_engine (e->node), now, &key, event.session, NULL,
				      &e->session) == DR_OK);
      }
    else if (event.kind == LINK_MESSAGE)
      {
	dr_assert (rights_frame (node_engine (e->node), now, e->session, event.stream,
				 event.message) == DR_OK);
	dr_buf_drop (event.message);
      }
    else
      dr_assert (event.kind == LINK_WRITABLE);
  node_run (e->node, now);
}

static void
carry (struct end *from, struct end *to)
{
  uint8_t datagram[DATAGRAM_BYTES];
  struct link_address where, here = { 1, { (uint8_t) (from < to ? 1 : 2) } };
  for (size_t n; (n = link_output (from->link, now, datagram, sizeof datagram, &where)) > 0;)
    link_input (to->link, now, &here, datagram, n);
  link_tick (to->link, now);
  events (to, from);
}

static void
work (struct end *e)
{
  struct mk_message m = { .id = 1, .remote = { e->other, MK_COPY_SEND } }, got;
  while (e->other != MK_NULL && mk_send (e->task, &m) == MK_SUCCESS)
    ;
  while (mk_receive (e->task, e->port, &got) == MK_SUCCESS)
    e->received++;
  for (size_t i = 0; i < node_choices (e->node); i++)
    while (node_choose (e->node, i, now) && i > 0 && i < node_choices (e->node))
      ;
  if (rights_deadline (node_engine (e->node)) <= now)
    {
      rights_tick (node_engine (e->node), now);
      node_run (e->node, now);
    }
}

static void
turn (struct end *e)
{
  now += 20;
  work (&e[0]);
  carry (&e[0], &e[1]);
  work (&e[1]);
  carry (&e[1], &e[0]);
}

static double
seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int
main (int argc, char **argv)
{
  const char *figure = argc > 1 ? argv[1] : BENCH_FIGURE;
  struct end e[2] = { 0 };
  uint8_t key[LINK_KEY_BYTES];
  uint64_t request;
  open_end (&e[0], 1);
  open_end (&e[1], 2);
  for (int i = 0; i < 2; i++)
    {
      struct link_address at = { 1, { (uint8_t) (2 - i) } };
      link_public_key (e[1 - i].link, key);
      dr_assert (link_peer_add (e[i].link, key, &at, NULL, &e[i].peer) == DR_OK);
    }
  dr_assert (link_connect (e[0].link, e[0].peer, now) == DR_OK);
  while (e[0].session == 0 || e[1].session == 0)
    turn (e);
  for (int i = 0; i < 2; i++)
    {
      dr_assert (rights_get_root (node_engine (e[i].node), now, e[i].session, &request) == DR_OK);
      node_run (e[i].node, now);
    }
  while (e[0].other == MK_NULL || e[1].other == MK_NULL)
    turn (e);
  e[0].received = e[1].received = 0;
  double start = seconds (), took;
  do
    for (int i = 0; i < 1000; i++)
      turn (e);
  while ((took = seconds () - start) < SECONDS_DEFAULT);
  uint64_t messages = e[0].received + e[1].received;
  dr_assert (messages > 0);
  printf ("bench %s %.0f messages/s\n", figure, (double) messages / took);
  return 0;
}
