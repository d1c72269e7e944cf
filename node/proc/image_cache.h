/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of programs that were run lately.

   A file is known by its identity port and its times and size.  One that was changed less
   than IMAGE_SETTLED_SECONDS ago is not kept: a further change might not show in its times.
   Safe for several threads. */
#ifndef DROVE_IMAGE_CACHE_H
#define DROVE_IMAGE_CACHE_H

#include "image.h"

#define IMAGES_KEPT 24
#define IMAGES_KEPT_BYTES (UINT64_C(12) << 20)	/* of those that were read, all together */
#define IMAGE_SETTLED_SECONDS 2

/* A source for FILE (the caller's).  *USED, if not NULL, is for image_cache_done, after the
   last use of the source. */
struct kept_image;
struct elf_source image_cache_source(mach_port_t *file, struct kept_image **used);
void image_cache_done(struct kept_image *used);

#endif
