/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One program file as the exec server has it: mapped, if its server offers memory
   objects, else read as a whole.

   A task gets virtual copies, so all tasks that run a program share the physical pages of
   its text.  (Under an emulator that also saves translating the code again for each task.)
   Of a mapped file pages come when a task touches them, from wherever the file is.  The
   exec server itself never touches them: their pager may be slow, or fail.  It reads, by
   io_read, the few pieces that loading needs, and keeps these. */
#ifndef DROVE_IMAGE_H
#define DROVE_IMAGE_H

#include <stdbool.h>
#include "elf_load.h"

#define IMAGE_READ_MAX_BYTES (UINT64_C(4) << 20)	/* a larger file is not read as a whole */

struct image;

/* The image of FILE (the caller's), SIZE bytes long.  NULL: out of memory, unreadable, or
   neither to be mapped nor, unless MAY_READ, to be read as a whole. */
struct image *image_make(mach_port_t file, uint64_t size, bool may_read);
/* Nothing of a mapped one has died: its server may end an open and an object, and not the file. */
bool image_is_there(const struct image *image);
void image_free(struct image *image);
/* Several threads may use it at once.  Lives as long as the image. */
struct elf_source image_source(struct image *image);
/* How much of this task's memory it takes, apart from what a pager can have back. */
uint64_t image_bytes(const struct image *image);

#endif
