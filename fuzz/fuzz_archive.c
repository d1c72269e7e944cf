/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot archive, from which init takes its first programs: what is found lies in the
   archive, behind a header that has its name and its size, and is found whatever follows it.

   The input: how many bytes are missing at the end (1), then the archive.  */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "node/init/archive.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { BLOCK_BYTES = 512, NAME_BYTES = 100, SIZE_AT = 124, SIZE_BYTES = 12, TYPE_AT = 156 };

static void
check_found (const struct archive *archive, const char *path, const char *at, size_t bytes)
{
  char name[NAME_BYTES + 1] = "", digits[SIZE_BYTES + 1] = "";
  size_t offset = (size_t) (at - archive->bytes);
  dr_assert (offset >= BLOCK_BYTES && offset % BLOCK_BYTES == 0);
  dr_assert (offset <= archive->size && bytes <= archive->size - offset);
  const char *header = at - BLOCK_BYTES;
  memcpy (name, header, NAME_BYTES);
  memcpy (digits, header + SIZE_AT, SIZE_BYTES);
  dr_assert (strcmp (name, path) == 0 || (strncmp (name, "./", 2) == 0 && strcmp (name + 2, path) == 0));
  dr_assert (header[TYPE_AT] == '0' || header[TYPE_AT] == '\0');
  dr_assert (strtoul (digits, NULL, 8) == bytes);
  /* It is read to its end.  */
  volatile char sum = 0;
  for (size_t i = 0; i < bytes; i++)
    sum += at[i];

  /* The same archive, cut behind it.  */
  struct archive cut = { malloc (offset + (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES), 0 };
  const void *again;
  size_t bytes_again;
  cut.size = offset + (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
  memcpy ((char *) cut.bytes, archive->bytes, cut.size);
  dr_assert (archive_find (&cut, path, &again, &bytes_again));
  dr_assert ((const char *) again - cut.bytes == at - archive->bytes && bytes_again == bytes);
  free ((char *) cut.bytes);
}

static void
look_for (const struct archive *archive, const char *path)
{
  const void *bytes;
  size_t size;
  if (archive_find (archive, path, &bytes, &size))
    check_found (archive, path, bytes, size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  size_t bytes = size - 1 > data[0] ? size - 1 - data[0] : 0;
  struct archive archive = { malloc (bytes + !bytes), bytes };
  memcpy ((char *) archive.bytes, data + 1, bytes);
  look_for (&archive, "hurd/tmpfs");
  look_for (&archive, "");
  /* All that could be taken for a name.  */
  for (size_t at = 0; at + NAME_BYTES <= bytes; at += BLOCK_BYTES)
    {
      char name[NAME_BYTES + 1] = "";
      memcpy (name, archive.bytes + at, NAME_BYTES);
      look_for (&archive, name);
      if (strncmp (name, "./", 2) == 0)
	look_for (&archive, name + 2);
    }
  free ((char *) archive.bytes);
  return 0;
}
