/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program file whose server is the client, which lies: the calls of io.defs, by any right that
   the client can receive at, and what the kernel maps of it.  */
#ifndef FUZZ_MACHINE_FILE_H
#define FUZZ_MACHINE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/machine/client.h"

/* The ways of its server that are not what one expects.  */
enum file_way
{
  FILE_READS_LESS = 1, FILE_READS_MORE = 2, FILE_READS_BESIDE = 4, FILE_MAPS = 8, FILE_MAPS_NOTHING = 16,
  FILE_HAS_NO_IDENTITY = 32, FILE_CHANGES = 64, FILE_FAILS = 128,
};

struct machine_file
{
  uint8_t way;
  uint8_t version;	/* what it says of its size, its age, and who it is */
  uint8_t good_calls;	/* with FAILS: until the first that fails */
};

/* From now on.  FAILS says whether the kernel's next call does.  */
void machine_file_begin (const struct machine_file *file, struct client *client, bool (*fails) (void));
/* A program can be had of it.  */
bool machine_file_is_sound (const struct machine_file *file);

#endif
