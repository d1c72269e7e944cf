/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives that no tar made, unpacked into a file system in memory.  The first byte of the
   input says in which pieces they are pushed; how they are cut may not matter.  A header that
   asks for it gets a right checksum, or nothing behind it would ever be reached.  */
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "node/tmpfs/store.h"
#include "node/tmpfs/unpack.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { STORE_BYTES = 4 << 20, CHECKSUM_AT = 148, CHECKSUM_BYTES = 8 };

static void *
take (void *ctx, size_t bytes)
{
  void *memory = aligned_alloc (bytes, bytes);
  dr_assert (memory != NULL);
  memset (memory, 0, bytes);
  return memory;
}

static void
give (void *ctx, void *memory, size_t bytes)
{
  free (memory);
}

static const struct page_source source = { take, give, NULL };

static struct timespec
now (void)
{
  return (struct timespec) { 1000, 0 };
}

static void dying (struct store *store, struct node *node) { }

static void
mend_checksums (uint8_t *archive, size_t size)
{
  for (size_t at = 0; at + TAR_BLOCK_BYTES <= size; at += TAR_BLOCK_BYTES)
    {
      uint8_t *block = archive + at;
      unsigned sum = 0;
      /* Eight dashes, where the corpus has them, ask for it: anything else may be wrong.  */
      if (memcmp (block + CHECKSUM_AT, "--------", CHECKSUM_BYTES) != 0)
	continue;
      memset (block + CHECKSUM_AT, ' ', CHECKSUM_BYTES);
      for (unsigned i = 0; i < TAR_BLOCK_BYTES; i++)
	sum += block[i];
      for (unsigned i = 6; i-- > 0; sum /= 8)
	block[CHECKSUM_AT + i] = (uint8_t) ('0' + sum % 8);
      block[CHECKSUM_AT + 6] = '\0';
    }
}

struct outcome { int error; unsigned long members; bool complete; uint64_t pages; };

static struct outcome
unpack (const uint8_t *archive, size_t size, size_t piece)
{
  struct store store;
  struct unpack state;
  struct tar *tar = malloc (sizeof *tar);
  struct outcome o = { 0 };
  dr_assert (store_init (&store, &source, STORE_BYTES, now, dying) == 0);
  struct tar_sink sink = unpack_start (&state, &store);
  tar_start (tar, &sink);
  for (size_t at = 0; at < size && !o.error; at += piece)
    {
      size_t bytes = size - at < piece ? size - at : piece;
      uint8_t *copy = malloc (bytes);
      memcpy (copy, archive + at, bytes);
      o.error = tar_push (tar, copy, bytes);
      free (copy);
    }
  o.members = state.members;
  o.complete = tar_is_complete (tar);
  o.pages = store.pool.pages_used;
  unpack_end (&state);
  free (tar);
  store_free (&store);
  dr_assert (store.pool.pages_used == 0);
  return o;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  size_t piece = 1 + data[0] * 7u;
  uint8_t *archive = malloc (size);
  memcpy (archive, data + 1, size - 1);
  mend_checksums (archive, size - 1);
  struct outcome whole = unpack (archive, size - 1, size), pieces = unpack (archive, size - 1, piece);
  dr_assert (whole.error == pieces.error && whole.members == pieces.members);
  dr_assert (whole.error || (whole.complete == pieces.complete && whole.pages == pieces.pages));
  free (archive);
  return 0;
}
