/* SPDX-License-Identifier: GPL-2.0-or-later */
/* authorized_peers: whatever stands in the file, it is a list or a complaint that
   names the line.  */
#include <stdint.h>
#include <string.h>

#include "core/base/status.h"
#include "netmsg/peers.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct peers peers;
  struct complaint complaint = { 0 };
  if (peers_parse ("file", (const char *) data, size, &peers, &complaint))
    {
      for (size_t i = 0; i < peers.count; i++)
	dr_assert (peers_find_key (&peers, peers.list[i].key) == &peers.list[i]);
      peers_free (&peers);
    }
  else
    dr_assert (strncmp (complaint.text, "file", 4) == 0);
  return 0;
}
