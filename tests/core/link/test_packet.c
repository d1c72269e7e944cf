/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every frame there and back, cut off at every length, and with wrong fields.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/link/packet.h"

static const struct frame samples[] = {
  { .kind = FRAME_PING },
  { .kind = FRAME_SKIP },
  { .kind = FRAME_FLOOR, .number = 0x123456789abcULL },
  { .kind = FRAME_FLOOR, .number = LINK_NUMBER_MAX },
  { .kind = FRAME_CLOSE, .close = CLOSE_PLAIN },
  { .kind = FRAME_CLOSE, .close = CLOSE_FAULT },
  { .kind = FRAME_WHOLE, .number = 1, .stream = UINT64_MAX, .previous = 0, .total = 0, .bytes = 0 },
  { .kind = FRAME_WHOLE, .number = 9, .stream = 7, .previous = 8, .total = 5, .bytes = 5 },
  { .kind = FRAME_FIRST, .number = UINT64_MAX, .stream = 7, .previous = 8, .total = UINT32_MAX, .bytes = 900 },
  { .kind = FRAME_MORE, .number = 3, .total = 1000, .offset = 999, .bytes = 1 },
  { .kind = FRAME_MORE, .number = 3, .total = UINT32_MAX, .offset = UINT32_MAX - 1, .bytes = 1 },
  { .kind = FRAME_ACK, .delay_us = 77, .ranges = 1, .range = { { 1, 1 } } },
  { .kind = FRAME_ACK, .delay_us = UINT32_MAX, .ranges = 3,
    .range = { { 100, 200 }, { 50, 98 }, { 1, 1 } } },
  { .kind = FRAME_ACK, .ranges = 1, .range = { { LINK_NUMBER_MAX, LINK_NUMBER_MAX } } },
};
enum { SAMPLES = sizeof samples / sizeof samples[0] };

static size_t
encode (const struct frame *f, uint8_t *out, size_t room)
{
  struct dr_out o = dr_out (out, room);
  uint8_t *at = link_frame_write (&o, f);
  if (!at)
    return 0;
  for (uint32_t i = 0; i < f->bytes; i++)
    at[i] = (uint8_t) i;
  return (size_t) (o.at - out);
}

static void
same (const struct frame *a, const struct frame *b)
{
  assert_int_equal (a->kind, b->kind);
  switch (a->kind)
    {
    case FRAME_ACK:
      assert_int_equal (a->delay_us, b->delay_us);
      assert_int_equal (a->ranges, b->ranges);
      assert_memory_equal (a->range, b->range, a->ranges * sizeof a->range[0]);
      break;
    case FRAME_FLOOR:
      assert_int_equal (a->number, b->number);
      break;
    case FRAME_CLOSE:
      assert_int_equal (a->close, b->close);
      break;
    case FRAME_PING:
    case FRAME_SKIP:
      break;
    default:
      assert_int_equal (a->number, b->number);
      assert_int_equal (a->total, b->total);
      assert_int_equal (a->offset, b->offset);
      assert_int_equal (a->bytes, b->bytes);
      if (a->kind != FRAME_MORE)
	{
	  assert_int_equal (a->stream, b->stream);
	  assert_int_equal (a->previous, b->previous);
	}
      for (uint32_t i = 0; i < a->bytes; i++)
	assert_int_equal (b->data[i], (uint8_t) i);
    }
}

static void
there_and_back (void **state)
{
  uint8_t bytes[2048];
  for (unsigned i = 0; i < SAMPLES; i++)
    {
      struct frame f;
      size_t n = encode (&samples[i], bytes, sizeof bytes);
      assert_true (n > 0);
      struct dr_in in = dr_in (bytes, n);
      assert_true (link_frame_read (&in, &f));
      same (&samples[i], &f);
      assert_false (link_frame_read (&in, &f));
      assert_false (in.bad);
    }
}

/* Short of room it is not written; cut off it is not read.  The copies are as
   long as they say, so the sanitizer sees any step too far.  */
static void
truncated (void **state)
{
  uint8_t whole[2048];
  for (unsigned i = 0; i < SAMPLES; i++)
    {
      size_t n = encode (&samples[i], whole, sizeof whole);
      for (size_t cut = 0; cut < n; cut++)
	{
	  uint8_t *copy = malloc (cut ? cut : 1);
	  struct frame f;
	  assert_int_equal (encode (&samples[i], copy, cut), 0);
	  memcpy (copy, whole, cut);
	  struct dr_in in = dr_in (copy, cut);
	  assert_false (link_frame_read (&in, &f));
	  assert_int_equal (in.bad, cut != 0);
	  free (copy);
	}
    }
}

static void
wrong (struct frame f)
{
  uint8_t bytes[2048];
  size_t n = encode (&f, bytes, sizeof bytes);
  struct dr_in in = dr_in (bytes, n);
  struct frame out;
  assert_true (n > 0);
  assert_false (link_frame_read (&in, &out));
  assert_true (in.bad);
}

static void
wrong_fields (void **state)
{
  wrong ((struct frame) { .kind = FRAME_WHOLE, .number = 0, .bytes = 1 });
  wrong ((struct frame) { .kind = FRAME_WHOLE, .number = 5, .previous = 5, .bytes = 1 });
  wrong ((struct frame) { .kind = FRAME_WHOLE, .number = 5, .previous = 6, .bytes = 1 });
  wrong ((struct frame) { .kind = FRAME_FIRST, .number = 5, .total = 10, .bytes = 0 });
  wrong ((struct frame) { .kind = FRAME_FIRST, .number = 5, .total = 10, .bytes = 10 });
  wrong ((struct frame) { .kind = FRAME_FIRST, .number = 5, .total = 9, .bytes = 10 });
  wrong ((struct frame) { .kind = FRAME_MORE, .number = 5, .total = 9, .offset = 0, .bytes = 3 });
  wrong ((struct frame) { .kind = FRAME_MORE, .number = 5, .total = 9, .offset = 9, .bytes = 1 });
  wrong ((struct frame) { .kind = FRAME_MORE, .number = 5, .total = 9, .offset = 5, .bytes = 5 });
  wrong ((struct frame) { .kind = FRAME_MORE, .number = 5, .total = 9, .offset = 5, .bytes = 0 });
  wrong ((struct frame) { .kind = FRAME_MORE, .number = 5, .total = UINT32_MAX,
			  .offset = UINT32_MAX - 1, .bytes = 2 });
  wrong ((struct frame) { .kind = FRAME_FLOOR, .number = LINK_NUMBER_MAX + 1 });
  wrong ((struct frame) { .kind = FRAME_CLOSE, .close = 2 });
  /* Ranges that touch, go below 1, or above the last number.  */
  wrong ((struct frame) { .kind = FRAME_ACK, .ranges = 1, .range = { { 0, 3 } } });
  wrong ((struct frame) { .kind = FRAME_ACK, .ranges = 2, .range = { { 5, 9 }, { 3, 4 } } });
  wrong ((struct frame) { .kind = FRAME_ACK, .ranges = 2, .range = { { 5, 9 }, { 0, 3 } } });
  wrong ((struct frame) { .kind = FRAME_ACK, .ranges = 1,
			  .range = { { LINK_NUMBER_MAX, LINK_NUMBER_MAX + 1 } } });
  static const uint8_t unknown[][1] = { { 0 }, { 9 }, { 255 } };
  for (unsigned i = 0; i < 3; i++)
    {
      struct dr_in in = dr_in (unknown[i], 1);
      struct frame f;
      assert_false (link_frame_read (&in, &f));
      assert_true (in.bad);
    }
  /* More ranges than there may be.  */
  uint8_t many[18 + 8 * 40] = { FRAME_ACK, LINK_ACK_RANGES_MAX + 1 };
  memset (many + 6, 0x10, sizeof many - 6);
  struct dr_in in = dr_in (many, sizeof many);
  struct frame f;
  assert_false (link_frame_read (&in, &f));
}

/* No bytes at all make the decoder do anything but say yes or no; what it says
   yes to keeps the promises others rely on.  */
static void
random_bytes (void **state)
{
  uint64_t seed = 1;
  unsigned good = 0;
  for (unsigned i = 0; i < 300000; i++)
    {
      size_t n = 1 + i % 60;
      uint8_t *bytes = malloc (n);
      for (size_t j = 0; j < n; j++)
	{
	  seed = seed * UINT64_C (6364136223846793005) + 1442695040888963407u;
	  bytes[j] = (uint8_t) (i % 3 ? seed >> 56 : (seed >> 56) % 8);
	}
      struct dr_in in = dr_in (bytes, n);
      struct frame f;
      while (link_frame_read (&in, &f))
	{
	  good++;
	  if (f.kind == FRAME_ACK)
	    for (unsigned r = 0; r < f.ranges; r++)
	      {
		assert_true (f.range[r].first >= 1 && f.range[r].first <= f.range[r].last);
		if (r)
		  assert_true (f.range[r].last + 1 < f.range[r - 1].first);
	      }
	  if (f.kind >= FRAME_WHOLE && f.kind <= FRAME_MORE)
	    {
	      assert_true (f.number > f.previous);
	      assert_true ((uint64_t) f.offset + f.bytes <= f.total);
	      assert_true (f.data >= bytes && f.data + f.bytes <= bytes + n);
	    }
	}
      free (bytes);
    }
  assert_true (good > 1000);
}

static void
datagram_forms (void **state)
{
  static const struct
  {
    enum packet_kind kind;
    size_t bytes;
    bool least;			/* or more */
  } form[] = {
    { PACKET_INITIATION, 176, false }, { PACKET_RESPONSE, 108, false },
    { PACKET_COOKIE, 64, false }, { PACKET_DATA, 32, true },
  };
  uint8_t datagram[300];
  for (unsigned i = 0; i < 4; i++)
    for (size_t n = 0; n < sizeof datagram; n++)
      {
	bool right = form[i].least ? n >= form[i].bytes : n == form[i].bytes;
	packet_head (datagram, form[i].kind);
	assert_int_equal (packet_kind (datagram, n), right ? form[i].kind : 0);
	for (unsigned byte = 1; byte < 4; byte++)
	  {
	    datagram[byte] ^= 0x80;
	    assert_int_equal (packet_kind (datagram, n), 0);
	    datagram[byte] ^= 0x80;
	  }
      }
  packet_head (datagram, 5);
  assert_int_equal (packet_kind (datagram, 200), 0);
}

static void
payloads (void **state)
{
  uint8_t bytes[PACKET_INITIATION_PAYLOAD_BYTES];
  struct initiation_payload i = { 1, UINT64_MAX, 3, 4, 5 }, i2;
  struct response_payload r = { 9, 8, 7, UINT64_MAX }, r2;
  initiation_payload_write (&i, bytes);
  initiation_payload_read (&i2, bytes);
  assert_memory_equal (&i, &i2, sizeof i);
  assert_int_equal (bytes[0], 1);
  assert_int_equal (bytes[8], 255);
  assert_int_equal (bytes[16], 3);
  assert_int_equal (bytes[32], 5);
  response_payload_write (&r, bytes);
  response_payload_read (&r2, bytes);
  assert_memory_equal (&r, &r2, sizeof r);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (there_and_back),
    cmocka_unit_test (truncated),
    cmocka_unit_test (wrong_fields),
    cmocka_unit_test (random_bytes),
    cmocka_unit_test (datagram_forms),
    cmocka_unit_test (payloads),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
