/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model's messages <-> the engine's.  The body that is built is a well-formed
   Mach body: one inline item per right, or an out-of-line one for an array, then one of
   bytes.  */
#ifndef DR_SIM_TRANSLATE_H
#define DR_SIM_TRANSLATE_H

#include "core/wire/wire.h"
#include "sim/kernel/kernel.h"

/* A wire message with the arrays it points to.  */
enum { TRANSLATE_REGIONS_MAX = 2 };

struct translated
{
  struct wire_message wire;
  struct wire_right rights[MK_MESSAGE_RIGHTS_MAX];
  struct wire_receive receives[MK_MESSAGE_RIGHTS_MAX];
  struct dr_slice regions[TRANSLATE_REGIONS_MAX];
};

/* Builds the body of M in a fresh buffer, sets everything but the rights'
   references (dispositions are set).  REGIONS: the data goes out of line, in so many
   pieces; 0: inline.  Returns false when ALLOC gave nothing.  */
bool translate_body (const struct mk_message *m, unsigned regions, const struct dr_alloc *alloc,
		     struct translated *out);
void translate_drop (struct translated *);		/* its buffers */

/* The other way: id, data bytes; rights are left to the caller.  Of a body that another
   sender built the first bytes of the last data are kept.  Returns false if it has
   more rights than the model's messages hold.  */
bool translate_back (const struct wire_message *wire, struct mk_message *m);

#endif
