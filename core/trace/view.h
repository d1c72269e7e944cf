/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One message as the tracer shows it to core/trace.  Nothing in it is trusted:
   any count may disagree with any other, and what does not fit is shown as far as
   it goes.  All memory is the caller's and only looked at during the call.  */
#ifndef TRACE_VIEW_H
#define TRACE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the tracer names a right: any number that is the same for equal rights while
   they live and different for different ones (the tracer's own name for the real
   right will do).  The two below are what Mach has no right for.  */
typedef uint64_t trace_key;
#define TRACE_KEY_NULL UINT64_C (0)		/* MACH_PORT_NULL */
#define TRACE_KEY_DEAD UINT64_MAX		/* MACH_PORT_DEAD */

/* Contents of an out-of-line item that is not an array of rights.  */
struct trace_region
{
  const uint8_t *data;		/* NULL: not at hand */
  size_t bytes;			/* at hand: may be fewer than the item has */
};

struct trace_view
{
  int32_t id;			/* msgh_id */
  bool complex;			/* MACH_MSGH_BITS_COMPLEX; items of a body that is
				   not are typed all the same, and none is a right */
  const uint8_t *body;		/* behind the header of 32 bytes, as the 64-bit
				   kernel lays it out (core/wire/wire.h) */
  size_t body_bytes;
  const trace_key *rights;	/* one per port slot of the body, in order; those of an
				   out-of-line array where the array stands */
  uint32_t rights_count;
  const struct trace_region *regions;	/* one per out-of-line item of data, in order */
  uint32_t regions_count;
};

#endif
