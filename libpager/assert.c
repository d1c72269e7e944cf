/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the engine's assertions go.  */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/status.h"

void
dr_assert_failed (const char *what, const char *file, int line)
{
  fprintf (stderr, "libpager: %s:%d: assertion failed: %s\n", file, line, what);
  abort ();
}
