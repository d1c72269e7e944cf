/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that were run lately, kept in the exec server's memory.

   A task gets virtual copies of the kept pages, so all tasks that run a program
   share the physical pages of its text, and a program is read once.  (Under an
   emulator that also saves translating the code again for each task.)

   A file is known by its identity port and its times and size.  One that was
   changed less than IMAGE_SETTLED_SECONDS ago is not kept: a further change might
   not show in its times.  Safe for several threads. */
#ifndef DROVE_IMAGE_CACHE_H
#define DROVE_IMAGE_CACHE_H

#include "elf_load.h"

#define IMAGES_KEPT 24
#define IMAGES_KEPT_BYTES (UINT64_C(12) << 20)	/* all together */
#define IMAGE_MAX_BYTES (UINT64_C(4) << 20)	/* larger programs are read each time */
#define IMAGE_SETTLED_SECONDS 2

/* A source for FILE (the caller's): kept pages, or the file itself.  *IMAGE is for
   image_cache_done, after the last use of the source. */
struct image;
struct elf_source image_cache_source(mach_port_t *file, struct image **image);
void image_cache_done(struct image *image);

#endif
