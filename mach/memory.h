/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory from the kernel as counted buffers, so that out-of-line data is not copied. */
#ifndef DR_MACH_MEMORY_H
#define DR_MACH_MEMORY_H

#include "core/base/buf.h"

#include <mach.h>

/* From here on a received message's contents are worth pages of their own, which can then be sent
   out of line without a copy. */
#define PAGES_FROM_BYTES 16384

/* What memory_new keeps for reuse: so many buffers, none larger than that. */
#define MEMORY_SPARES_MAX 8
#define MEMORY_SPARE_BYTES_MAX (1048576 + 65536)

/* Takes over BYTES of memory at ADDRESS as it came out of line in a message; the last drop gives it
   back to the kernel.  NULL: out of memory, and the memory is still the caller's. */
struct dr_buf *memory_wrap (vm_address_t address, vm_size_t bytes);

/* Undoes memory_wrap: BUFFER is gone, its memory the caller's again.  Nobody else may have it. */
void memory_unwrap (struct dr_buf *buffer);

/* Pages as a buffer with one reference, or NULL.  Their contents are undefined: what an earlier
   message held may be in them. */
struct dr_buf *memory_new (vm_size_t bytes);

#endif
