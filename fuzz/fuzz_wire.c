/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk over a Mach message's body: what passes wire_measure must survive every
   use that is made of it later, and what is neutral stays so.  */
#include <stdlib.h>
#include <string.h>

#include "core/wire/wire.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct wire_needs needs, again;
  if (wire_measure (data, size, true, &needs) != DR_OK)
    return 0;
  uint8_t *body = malloc (size + 1);
  memcpy (body, data, size);
  wire_neutral (body, size, true);
  dr_assert (wire_measure (body, size, true, &again) == DR_OK);
  dr_assert (memcmp (&needs, &again, sizeof needs) == 0);
  struct wire_walk walk;
  struct wire_item item;
  uint32_t rights = 0;
  wire_walk (&walk, body, size);
  while (wire_next (&walk, &item))
    {
      if (!item.is_inline)
	{
	  dr_assert (wire_get_address (body, &item) == 0);
	  wire_set_address (body, &item, UINT64_MAX);
	}
      if (!item.ports)
	continue;
      wire_set_item (body, &item, 17, true);
      for (uint32_t i = 0; item.is_inline && i < item.number; i++)
	{
	  dr_assert (wire_get_port (body, &item, i) == 0);
	  wire_set_port (body, &item, i, 0x1234);
	}
      rights += item.number;
    }
  dr_assert (!walk.bad && rights == needs.rights);
  free (body);
  return 0;
}
