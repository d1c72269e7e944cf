/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For one benchmark program only: no cipher at all, to show what the real one
   costs.  The tag is zero, so that it never understands a real peer.  */
#include <string.h>

#include "core/link/cipher.h"

void
link_seal (uint8_t *data, size_t bytes, uint8_t tag[LINK_TAG_BYTES], const uint8_t *ad,
	   size_t ad_bytes, uint64_t number, const uint8_t key[LINK_CIPHER_KEY_BYTES])
{
  memset (tag, 0, LINK_TAG_BYTES);
}

bool
link_open (uint8_t *data, size_t bytes, const uint8_t tag[LINK_TAG_BYTES], const uint8_t *ad,
	   size_t ad_bytes, uint64_t number, const uint8_t key[LINK_CIPHER_KEY_BYTES])
{
  return true;
}
