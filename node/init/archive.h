/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tar archive (ustar) in memory: just enough to find a program.  No calls of the system: it
   is fuzzed on the host. */
#ifndef INIT_ARCHIVE_H
#define INIT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

struct archive { const char *bytes; size_t size; };
/* Finds the file PATH (no leading slash), which *BYTES, inside of the archive, holds; false
   when there is none, or the archive is damaged before it. */
bool archive_find(const struct archive *archive, const char *path, const void **bytes, size_t *size);

#endif
