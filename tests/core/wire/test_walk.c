/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/wire.h"

struct body { uint8_t bytes[4096]; size_t size; };

static void
item (struct body *b, unsigned name, unsigned bits, uint32_t number, bool is_inline,
      bool long_form, const void *data, size_t bytes)
{
  uint32_t type = name | bits << 8 | (is_inline ? 1u << 29 : 0) | (long_form ? 1u << 30 : 0);
  memcpy (b->bytes + b->size, &type, 4);
  memcpy (b->bytes + b->size + 4, &number, 4);
  if (bytes)
    memcpy (b->bytes + b->size + 8, data, bytes);
  b->size += 8 + ((bytes + 7) & ~(size_t) 7);
}

static const uint64_t word = 0x1122334455667788;

static void
every_inline_type (void **state)
{
  /* name, bits, number, bytes on the way */
  static const struct { unsigned name, bits; uint32_t number; size_t bytes; } types[] = {
    { 0, 1, 13, 2 }, { 1, 16, 3, 6 }, { 2, 32, 3, 12 }, { 8, 8, 5, 5 }, { 9, 8, 1, 1 },
    { 10, 64, 2, 16 }, { 11, 64, 1, 8 }, { 12, 8, 9, 9 }, { 12, 72, 1, 9 },
    { 15, 32, 1, 4 }, { 2, 32, 0, 0 }, { 9, 0, 7, 0 },
  };
  struct body b = { { 0 }, 0 };
  static uint8_t data[64];
  struct wire_walk walk;
  struct wire_item it;
  struct wire_needs needs;
  size_t n = sizeof types / sizeof *types;

  for (size_t i = 0; i < n; i++)
    item (&b, types[i].name, types[i].bits, types[i].number, true, i & 1, data,
	  types[i].bytes);
  wire_walk (&walk, b.bytes, b.size);
  for (size_t i = 0; i < n; i++)
    {
      assert_true (wire_next (&walk, &it));
      assert_int_equal (it.name, types[i].name);
      assert_int_equal (it.number, types[i].number);
      assert_int_equal (it.bytes, types[i].bytes);
      assert_int_equal (it.long_form, i & 1);
      assert_false (it.ports);
    }
  assert_false (wire_next (&walk, &it));
  assert_false (walk.bad);
  assert_int_equal (wire_measure (b.bytes, b.size, true, &needs), DR_OK);
  assert_int_equal (needs.rights + needs.regions, 0);
}

static void
build_complex (struct body *b)
{
  uint64_t names[3] = { 5, 6, 7 };
  memset (b, 0, sizeof *b);
  item (b, 2, 32, 1, true, false, &word, 4);
  item (b, 19, 64, 3, true, false, names, sizeof names);	/* COPY_SEND */
  item (b, 9, 8, 5000, false, true, &word, 8);
  item (b, 20, 32, 1000, false, false, &word, 8);		/* MAKE_SEND */
  item (b, 16, 64, 1, true, false, names, 8);			/* MOVE_RECEIVE */
  item (b, 21, 64, 0, true, false, NULL, 0);
}

static void
rights_and_regions (void **state)
{
  struct body b;
  struct wire_needs needs;
  build_complex (&b);
  assert_int_equal (wire_measure (b.bytes, b.size, true, &needs), DR_OK);
  assert_int_equal (needs.rights, 3 + 1000 + 1);
  assert_int_equal (needs.regions, 1);
  assert_int_equal (needs.receives, 1);
  assert_int_equal (needs.region_bytes, 5000);
  assert_int_equal (wire_measure (b.bytes, b.size, false, &needs), DR_OK);
  assert_int_equal (needs.rights, 0);
}

static void
cut_anywhere (void **state)
{
  struct body b;
  struct wire_needs needs;
  build_complex (&b);
  for (size_t size = 0; size <= b.size; size++)
    {
      /* In memory of its own, so that a read too far is seen.  */
      uint8_t *copy = malloc (size + !size);
      memcpy (copy, b.bytes, size);
      wire_measure (copy, size, true, &needs);
      free (copy);
    }
}

static void
refused (void **state)
{
  static const struct { unsigned name, bits; uint32_t number, extra; bool is_inline; } bad[] = {
    { 17, 32, 1, 0, true },	/* an inline right of 32 bits */
    { 17, 64, 1, 0, false },	/* an array of 64 */
    { 2, 32, 1, 1u << 24, true },	/* an unused bit */
    { 2, 32, 1, 1u << 31, true },	/* deallocate inline */
    { 2, 32, 100, 0, true },	/* longer than the body */
    { 17, 32, WIRE_RIGHTS_MAX + 1, 0, false },
    { 16, 32, WIRE_RECEIVES_MAX + 1, 0, false },
    { 2, 65535, UINT32_MAX, 0, true },
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    {
      struct body b = { { 0 }, 0 };
      struct wire_needs needs;
      item (&b, bad[i].name, bad[i].bits, bad[i].number, bad[i].is_inline, false, &word, 8);
      b.bytes[3] |= (uint8_t) (bad[i].extra >> 24);
      assert_int_equal (wire_measure (b.bytes, b.size, true, &needs), DR_INVALID);
    }
}

static void
neutral (void **state)
{
  struct body b;
  struct wire_walk walk;
  struct wire_item it;
  build_complex (&b);
  b.bytes[12 + 1] = 0xee;	/* in the padding of the first item */
  wire_neutral (b.bytes, b.size, true);
  assert_int_equal (b.bytes[13], 0);
  assert_memory_equal (b.bytes + 8, &word, 4);
  wire_walk (&walk, b.bytes, b.size);
  while (wire_next (&walk, &it))
    {
      if (it.ports)
	assert_int_equal (it.name, it.disposition);
      if (it.ports && it.is_inline)
	for (uint32_t i = 0; i < it.number; i++)
	  assert_int_equal (wire_get_port (b.bytes, &it, i), 0);
      if (!it.is_inline)
	assert_int_equal (wire_get_address (b.bytes, &it), 0);
    }
  assert_false (walk.bad);
}

static void
header (void **state)
{
  uint8_t bytes[WIRE_HEADER_BYTES];
  struct wire_header in = { .complex = true, .remote_disposition = 17,
    .local_disposition = 18, .size = 96, .remote_name = 7, .local_name = UINT32_MAX,
    .id = -303 }, out;
  wire_header_write (bytes, &in);
  wire_header_read (bytes, &out);
  assert_true (out.complex);
  assert_int_equal (out.remote_disposition, in.remote_disposition);
  assert_int_equal (out.local_disposition, in.local_disposition);
  assert_int_equal (out.size, in.size);
  assert_int_equal (out.remote_name, in.remote_name);
  assert_int_equal (out.local_name, in.local_name);
  assert_int_equal (out.id, in.id);
}

static void
random_bodies (void **state)
{
  uint64_t seed = 1;
  struct wire_needs needs;
  unsigned good = 0;
  for (int n = 0; n < 100000; n++)
    {
      struct body b;
      build_complex (&b);
      for (int i = 0; i < 3; i++)
	{
	  seed = seed * 6364136223846793005u + 1442695040888963407u;
	  b.bytes[(seed >> 33) % b.size] = (uint8_t) (seed >> 56);
	}
      if (wire_measure (b.bytes, b.size, true, &needs) == DR_OK)
	{
	  good++;
	  wire_neutral (b.bytes, b.size, true);
	  assert_int_equal (wire_measure (b.bytes, b.size, true, &needs), DR_OK);
	}
    }
  assert_true (good > 1000 && good < 99000);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (every_inline_type),
    cmocka_unit_test (rights_and_regions),
    cmocka_unit_test (cut_anywhere),
    cmocka_unit_test (refused),
    cmocka_unit_test (neutral),
    cmocka_unit_test (header),
    cmocka_unit_test (random_bodies),
  };
  return cmocka_run_group_tests_name ("wire: walk", tests, NULL, NULL);
}
