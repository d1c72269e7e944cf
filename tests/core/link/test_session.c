/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One session, its keys given, against a peer that holds the keys and
   misbehaves.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/session.h"
#include "tests/core/link/world.h"

static struct account account;
static struct link_config config;
static uint64_t now;

static struct session *
begin (bool initiator)
{
  static const struct link_address nowhere = { 1, { 1 } };
  struct session_terms terms = { 7, 1, 256 * 1024, 1024 * 1024 };
  struct keypair key = { .valid = true, .initiator = initiator, .local = 1, .remote = 2 };
  account_init (&account, 1);
  link_config_default (&config);
  now = S;
  key.created = key.used = now;
  struct session *s = session_new (&config, &account.alloc, &terms, &key, &nowhere, now);
  assert_non_null (s);
  return s;
}

static void
end (struct session *s)
{
  session_free (s);
  assert_int_equal (account.blocks, 0);
}

static enum session_input
give (struct session *s, uint64_t number, const struct frame *frame, unsigned frames,
      const char *garbage, size_t garbage_bytes)
{
  static uint8_t bytes[4096];
  struct dr_out out = dr_out (bytes, sizeof bytes);
  for (unsigned i = 0; i < frames; i++)
    {
      uint8_t *at = link_frame_write (&out, &frame[i]);
      assert_non_null (at);
      memset (at, 'x', frame[i].bytes);
    }
  if (garbage_bytes)
    dr_out_copy (&out, garbage, garbage_bytes);
  size_t n = (size_t) (out.at - bytes);
  uint8_t *copy = malloc (n ? n : 1);
  memcpy (copy, bytes, n);
  enum session_input result = session_frames (s, number, copy, n, now);
  free (copy);
  return result;
}

static const struct frame hello = { .kind = FRAME_WHOLE, .number = 1, .stream = 1, .total = 5, .bytes = 5 };

/* A datagram that is wrong anywhere changes nothing, the good frames before
   the wrong one included.  */
static void
all_or_nothing (void **state)
{
  static const char *const bad[] = { "\x00", "\x09", "\x04\x02", "\x05\x01", "\x02" };
  for (unsigned i = 0; i < 5; i++)
    {
      struct session *s = begin (true);
      assert_int_equal (give (s, 1, &hello, 1, bad[i], i == 2 || i == 3 ? 2 : 1), SESSION_CLOSED);
      assert_int_equal (s->down, LINK_DOWN_PROTOCOL);
      assert_null (s->assembly.ready);
      assert_int_equal (s->acks.count, 0);
      end (s);
    }
}

static void
lying_acks (void **state)
{
  struct session *s = begin (true);
  struct frame f = { .kind = FRAME_ACK, .ranges = 1, .range = { { 1, 1 } } };
  assert_int_equal (give (s, 1, &f, 1, NULL, 0), SESSION_CLOSED);
  assert_int_equal (s->down, LINK_DOWN_PROTOCOL);
  end (s);
}

static void
closings (void **state)
{
  for (unsigned fault = 0; fault < 2; fault++)
    {
      struct session *s = begin (true);
      struct frame f[2] = { hello, { .kind = FRAME_CLOSE, .close = fault } };
      assert_int_equal (give (s, 1, f, 2, NULL, 0), SESSION_CLOSED);
      assert_int_equal (s->down, fault ? LINK_DOWN_FAULT : LINK_DOWN_PEER);
      assert_non_null (s->assembly.ready);
      end (s);
    }
}

static size_t
next (struct session *s, struct frame *frame, unsigned room, unsigned *frames)
{
  static uint8_t datagram[2000];
  size_t n = session_build (s, now, datagram, sizeof datagram);
  *frames = 0;
  if (n == 0)
    return 0;
  uint64_t number = packet_get64 (datagram + DATA_NUMBER);
  n -= DATA_OVERHEAD_BYTES;
  assert_true (link_open (datagram + DATA_FRAMES, n, datagram + DATA_FRAMES + n, datagram,
			  DATA_FRAMES, number, s->current.send));
  struct dr_in in = dr_in (datagram + DATA_FRAMES, n);
  while (*frames < room && link_frame_read (&in, &frame[*frames]))
    ++*frames;
  assert_false (in.bad);
  return n;
}

/* A lone message is acknowledged after the delay, or along with an answer.  */
static void
delayed_acks (void **state)
{
  struct frame f[4];
  unsigned n;
  struct session *s = begin (true);
  assert_int_equal (give (s, 1, &hello, 1, NULL, 0), SESSION_TAKEN);
  assert_int_equal (next (s, f, 4, &n), 0);
  assert_int_equal (session_deadline (s), now + config.ack_delay_us);
  now += config.ack_delay_us;
  session_tick (s, now);
  assert_true (next (s, f, 4, &n) > 0);
  assert_int_equal (n, 1);
  assert_int_equal (f[0].kind, FRAME_ACK);
  assert_int_equal (f[0].delay_us, config.ack_delay_us);
  assert_int_equal (s->recovery.flight, 0);
  assert_int_equal (next (s, f, 4, &n), 0);
  /* Asked for, at once.  */
  struct frame ping = { .kind = FRAME_PING };
  give (s, 2, &ping, 1, NULL, 0);
  assert_true (next (s, f, 4, &n) > 0);
  assert_int_equal (f[0].range[0].last, 2);
  /* A gap: at once.  */
  struct frame second = hello;
  second.number = 2;
  give (s, 5, &second, 1, NULL, 0);
  assert_true (next (s, f, 4, &n) > 0);
  assert_int_equal (f[0].ranges, 2);
  /* With an answer.  */
  second.number = 3;
  give (s, 6, &second, 1, NULL, 0);
  struct dr_buf *buf = dr_buf_new (&account.alloc, 10);
  struct dr_slice slice = { buf, 0, 10 };
  memset (buf->data, 0, 10);
  assert_int_equal (sendqueue_push (&s->queue, 4, &slice, 1), DR_OK);
  dr_buf_drop (buf);
  assert_true (next (s, f, 4, &n) > 0);
  assert_int_equal (n, 2);
  assert_int_equal (f[0].kind, FRAME_ACK);
  assert_int_equal (f[1].kind, FRAME_WHOLE);
  assert_int_equal (next (s, f, 4, &n), 0);
  end (s);
}

/* What could not be kept is not acknowledged.  */
static void
short_of_memory (void **state)
{
  struct session *s = begin (true);
  account.fail_ppm = 1000000;
  assert_int_equal (give (s, 1, &hello, 1, NULL, 0), SESSION_SHORT);
  assert_int_equal (s->acks.count, 0);
  account.fail_ppm = 0;
  assert_int_equal (give (s, 2, &hello, 1, NULL, 0), SESSION_TAKEN);
  assert_int_equal (s->acks.range[0].first, 2);
  end (s);
}

/* FLOOR may say anything; what is acknowledged later is still right.  */
static void
odd_floors (void **state)
{
  struct session *s = begin (true);
  struct frame f[2] = { { .kind = FRAME_FLOOR, .number = LINK_NUMBER_MAX }, hello };
  assert_int_equal (give (s, 5, f, 2, NULL, 0), SESSION_TAKEN);
  assert_int_equal (s->acks.count, 1);
  assert_int_equal (s->acks.range[0].first, 5);
  f[0].number = 0;
  assert_int_equal (give (s, 6, f, 1, NULL, 0), SESSION_TAKEN);
  assert_int_equal (s->acks.range[0].last, 6);
  end (s);
}

/* When keys are renewed: by age and by datagrams, the end that began them
   first; and when it is too late.  */
static void
rekey_boundaries (void **state)
{
  for (unsigned initiator = 0; initiator < 2; initiator++)
    {
      struct session *s = begin (initiator);
      uint64_t age = initiator ? config.rekey_us : config.rekey_us / 4 * 5;
      uint64_t most = initiator ? config.rekey_datagrams : config.rekey_datagrams / 4 * 5;
      assert_int_equal (session_keys_at (s), now + age);
      s->current.sent = most - 1;
      assert_int_equal (session_keys_at (s), now + age);
      s->current.sent = most;
      assert_int_equal (session_keys_at (s), 0);
      s->received_time = now + 4 * config.rekey_us;
      session_tick (s, now + 4 * config.rekey_us - 1);
      assert_int_equal (s->down, 0);
      session_tick (s, now + 4 * config.rekey_us);
      assert_int_equal (s->down, LINK_DOWN_KEYS);
      end (s);
    }
  struct session *s = begin (true);
  s->recovery.base = s->recovery.next = LINK_NUMBER_MAX - 1;
  session_tick (s, now);
  assert_int_equal (s->down, 0);
  s->recovery.base = s->recovery.next = LINK_NUMBER_MAX;
  session_tick (s, now);
  assert_int_equal (s->down, LINK_DOWN_KEYS);
  end (s);
}

/* Random frames from the peer, any mixture: closed or taken, within memory.  */
static void
random_frames (void **state)
{
  uint64_t random = 3;
  for (unsigned round = 0; round < 400; round++)
    {
      struct session *s = begin (true);
      for (unsigned i = 1; i < 200 && !s->down; i++)
	{
	  struct frame f = { .kind = 1 + world_random (&random) % 7 };
	  if (f.kind == FRAME_ACK || f.kind == FRAME_CLOSE)
	    continue;
	  f.number = 1 + world_random (&random) % 30;
	  f.stream = world_random (&random) % 3;
	  f.previous = world_random (&random) % f.number;
	  f.total = (uint32_t) (2 + world_random (&random) % 600);
	  f.bytes = f.kind == FRAME_WHOLE ? f.total : 1 + (uint32_t) (world_random (&random) % (f.total - 1));
	  f.offset = f.kind == FRAME_MORE ? 1 + (uint32_t) (world_random (&random) % (f.total - f.bytes)) : 0;
	  if (f.kind == FRAME_FIRST && f.bytes == f.total)
	    continue;
	  give (s, i, &f, 1, NULL, 0);
	  uint64_t stream;
	  struct dr_buf *buf;
	  while (assembly_take (&s->assembly, &stream, &buf))
	    dr_buf_drop (buf);
	  assert_true (account.bytes < 400000);
	}
      end (s);
    }
}

/* The ACK frame that S says next.  */
static struct frame
next_ack (struct session *s)
{
  static uint8_t datagram[LINK_DATAGRAM_BYTES_MAX];
  struct frame f = { 0 };
  struct keypair ours = s->current;
  s->ack_now = true;
  s->unacked = 1;
  size_t bytes = session_build (s, now, datagram, sizeof datagram);
  assert_true (bytes > DATA_FRAMES);
  assert_true (link_open (datagram + DATA_FRAMES, bytes - DATA_FRAMES - LINK_TAG_BYTES,
			  datagram + bytes - LINK_TAG_BYTES, datagram, DATA_FRAMES,
			  packet_get64 (datagram + DATA_NUMBER), ours.send));
  struct dr_in in = dr_in (datagram + DATA_FRAMES, bytes - DATA_FRAMES - LINK_TAG_BYTES);
  assert_true (link_frame_read (&in, &f));
  assert_int_equal (f.kind, FRAME_ACK);
  return f;
}

/* In a frame the lengths of ranges have 32 bits: what does not fit is not said.  */
static void
acks_of_far_numbers (void **state)
{
  const uint64_t far = UINT64_C (1) << 33;
  struct session *s = begin (true);
  struct frame second = hello, f;
  second.number = 2;
  assert_int_equal (give (s, 1, &hello, 1, NULL, 0), SESSION_TAKEN);
  assert_int_equal (give (s, far, &second, 1, NULL, 0), SESSION_TAKEN);
  assert_int_equal (s->acks.count, 2);
  f = next_ack (s);
  assert_int_equal (f.ranges, 1);
  assert_int_equal (f.range[0].first, far);
  assert_int_equal (f.range[0].last, far);
  /* A range that has become longer than can be said: its newest part.  */
  s->acks.count = 1;
  s->acks.range[0].first = 1;
  f = next_ack (s);
  assert_int_equal (f.ranges, 1);
  assert_int_equal (f.range[0].last, far);
  assert_int_equal (f.range[0].first, far - UINT32_MAX);
  end (s);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (acks_of_far_numbers),
    cmocka_unit_test (all_or_nothing),
    cmocka_unit_test (lying_acks),
    cmocka_unit_test (closings),
    cmocka_unit_test (delayed_acks),
    cmocka_unit_test (short_of_memory),
    cmocka_unit_test (odd_floors),
    cmocka_unit_test (rekey_boundaries),
    cmocka_unit_test (random_frames),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
