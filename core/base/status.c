/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/status.h"

const char *
dr_status_text (enum dr_status status)
{
  switch (status)
    {
    case DR_OK: return "success";
    case DR_NO_MEMORY: return "out of memory";
    case DR_LIMIT: return "over a limit";
    case DR_AGAIN: return "try again later";
    case DR_PEER_FAULT: return "the peer broke the protocol";
    case DR_SESSION_OVER: return "the session is over";
    case DR_INVALID: return "invalid argument";
    case DR_STATUS_COUNT: break;
    }
  return "unknown status";
}

__attribute__ ((weak)) void
dr_assert_failed (const char *what, const char *file, int line)
{
  (void) what;
  (void) file;
  (void) line;
  __builtin_trap ();
}
